#!/usr/bin/env python3
"""Write a GGUF file of random weights in the shape of a known model, or random LoRAs for it.

    bench/peers/random_gguf.py smollm2-135m -o 135m-f16.gguf
    bench/peers/random_gguf.py smollm2-135m --lora 8 --seed 1 -o lora.gguf

Speed does not depend on what the weights are, so this is what programs can be compared on without
any download: `crayon pack` takes it, and so does llama.cpp, whose llama-quantize makes other types
of it. Weights are f16, norms f32. The tokenizer is a stub that takes any text byte by byte.
"""
import argparse
import random
import struct

from gguf_writer import BOOL, F16, F32, FLOAT32, INT32, STRING, UINT32, Writer, count

# layers, width, heads, key-value heads, MLP width, vocabulary, RoPE base: facts of the
# published config.json files, all with tied heads.
SHAPES = {
    "tiny": (2, 64, 4, 2, 128, 512, 10000.0),
    "smollm2-135m": (30, 576, 9, 3, 1536, 49152, 100000.0),
    "smollm2-360m": (32, 960, 15, 5, 2560, 49152, 100000.0),
    "llama-3.2-1b": (16, 2048, 32, 8, 8192, 128256, 500000.0),
}
CONTEXT = 8192
PIECE = 1 << 22  # weights that are made at once

# High bytes of f16 numbers with magnitudes from 2^-7 to 2^-5 and either sign, repeated to 256:
# about what trained weights have, and never NaN or infinite.
HIGH_BYTES = bytes((sign | exponent << 2 | mantissa)
                   for _ in range(16) for sign in (0, 128) for exponent in (8, 9)
                   for mantissa in range(4))


class RandomWriter(Writer):
    """Random f16 weights, and f32 ones in norms."""

    def __init__(self, seed):
        super().__init__()
        self.numbers = random.Random(seed)

    def weights(self, name, shape):
        self.tensor(name, shape, F16, lambda out: write_weights(out, count(shape), self.numbers))

    def norm(self, name, width):
        self.tensor(name, (width,), F32, lambda out: out.write(struct.pack("<f", 1.0) * width))


def write_weights(out, weights, numbers):
    """That many random f16 numbers."""
    while weights > 0:
        here = min(weights, PIECE)
        piece = bytearray(2 * here)
        piece[0::2] = numbers.randbytes(here)
        piece[1::2] = numbers.randbytes(here).translate(HIGH_BYTES)
        out.write(piece)
        weights -= here


def projections(shape):
    """GGUF's names of a layer's matrices with (outputs, inputs)."""
    _, width, heads, kv_heads, hidden, _, _ = shape
    kv_width = width // heads * kv_heads
    return {"attn_q": (width, width), "attn_k": (kv_width, width), "attn_v": (kv_width, width),
            "attn_output": (width, width), "ffn_gate": (hidden, width), "ffn_up": (hidden, width),
            "ffn_down": (width, hidden)}


def add_tokenizer(writer, vocabulary):
    pieces = ["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)]
    kinds = [2, 3, 3] + [6] * 256  # unknown, control, control, bytes
    fillers = vocabulary - len(pieces)
    pieces += [f"\u2581w{i}" for i in range(fillers)]
    kinds += [1] * fillers
    writer.field("tokenizer.ggml.model", STRING, "llama")
    writer.field("tokenizer.ggml.pre", STRING, "default")
    writer.array("tokenizer.ggml.tokens", STRING, pieces)
    writer.array("tokenizer.ggml.scores", FLOAT32, [-1000.0] * vocabulary)
    writer.array("tokenizer.ggml.token_type", INT32, kinds)
    for name, number in (("bos", 1), ("eos", 2), ("unknown", 0)):
        writer.field(f"tokenizer.ggml.{name}_token_id", UINT32, number)
    writer.field("tokenizer.ggml.add_bos_token", BOOL, True)


def model(name, seed):
    shape = SHAPES[name]
    layers, width, heads, kv_heads, hidden, vocabulary, base = shape
    writer = RandomWriter(seed)
    writer.field("general.architecture", STRING, "llama")
    writer.field("general.name", STRING, f"random {name}")
    for key, value in (("context_length", CONTEXT), ("embedding_length", width),
                       ("block_count", layers), ("feed_forward_length", hidden),
                       ("attention.head_count", heads), ("attention.head_count_kv", kv_heads),
                       ("rope.dimension_count", width // heads), ("vocab_size", vocabulary)):
        writer.field("llama." + key, UINT32, value)
    writer.field("llama.rope.freq_base", FLOAT32, base)
    writer.field("llama.attention.layer_norm_rms_epsilon", FLOAT32, 1e-5)
    writer.field("general.file_type", UINT32, F16)
    writer.field("general.quantization_version", UINT32, 2)
    add_tokenizer(writer, vocabulary)
    writer.weights("token_embd.weight", (vocabulary, width))
    writer.norm("output_norm.weight", width)
    for layer in range(layers):
        writer.norm(f"blk.{layer}.attn_norm.weight", width)
        writer.norm(f"blk.{layer}.ffn_norm.weight", width)
        for projection, size in projections(shape).items():
            writer.weights(f"blk.{layer}.{projection}.weight", size)
    return writer


def lora(name, rank, seed):
    writer = RandomWriter(seed)
    writer.field("general.architecture", STRING, "llama")
    writer.field("general.name", STRING, f"random LoRA for {name}")
    writer.field("general.type", STRING, "adapter")
    writer.field("adapter.type", STRING, "lora")
    writer.field("adapter.lora.alpha", FLOAT32, 2.0 * rank)
    for layer in range(SHAPES[name][0]):
        for projection, (outputs, inputs) in projections(SHAPES[name]).items():
            writer.weights(f"blk.{layer}.{projection}.weight.lora_a", (rank, inputs))
            writer.weights(f"blk.{layer}.{projection}.weight.lora_b", (outputs, rank))
    return writer


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("shape", choices=SHAPES)
    parser.add_argument("-o", "--output", required=True)
    parser.add_argument("--lora", type=int, metavar="RANK", help="LoRAs on all seven projections")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    made = (lora(arguments.shape, arguments.lora, arguments.seed) if arguments.lora
            else model(arguments.shape, arguments.seed))
    made.write(arguments.output)


if __name__ == "__main__":
    main()
