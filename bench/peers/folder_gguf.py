#!/usr/bin/env python3
"""Write a Llama in a Hugging Face folder, as crayon-train saves them, as a GGUF file in F32.

    bench/peers/folder_gguf.py FOLDER -o model-f32.gguf

llama.cpp's llama-quantize makes its other types of it: so both programs can be judged on one model.
"""
import argparse
import json
import pathlib
import struct

from gguf_writer import BOOL, F32, FLOAT32, INT32, STRING, UINT32, Writer

# Hugging Face's names within a layer, and GGUF's.
LAYER = {"input_layernorm": "attn_norm", "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k",
         "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output",
         "post_attention_layernorm": "ffn_norm", "mlp.gate_proj": "ffn_gate",
         "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down"}
NORMAL, UNKNOWN, CONTROL, BYTE = 1, 2, 3, 6  # GGUF's types of tokens


class Folder:
    def __init__(self, path):
        path = pathlib.Path(path)
        self.config = json.loads((path / "config.json").read_text())
        self.tokenizer = json.loads((path / "tokenizer.json").read_text())
        self.weights = path / "model.safetensors"
        with open(self.weights, "rb") as file:
            size = struct.unpack("<Q", file.read(8))[0]
            self.header = json.loads(file.read(size))
        self.begin = 8 + size

    def rows(self, name):
        """The tensor's shape, and its rows as bytes. Raises SystemExit for others than F32."""
        entry = self.header[name]
        if entry["dtype"] != "F32":
            raise SystemExit(f"{self.weights}: {name} is {entry['dtype']}, save the model in f32")
        first, last = entry["data_offsets"]
        with open(self.weights, "rb") as file:
            file.seek(self.begin + first)
            numbers = file.read(last - first)
        size = 4 * entry["shape"][-1]
        return entry["shape"], [numbers[at:at + size] for at in range(0, len(numbers), size)]


def interleaved(rows, heads):
    """Rows of q or k in the order of GGUF's llama, whose RoPE turns neighbours: halves of a head
    become pairs."""
    size = len(rows) // heads
    return [rows[head * size + half * size // 2 + i]
            for head in range(heads) for i in range(size // 2) for half in range(2)]


def add_tensor(writer, folder, source, name, heads=None):
    shape, rows = folder.rows(source + ".weight")
    if heads:
        rows = interleaved(rows, heads)
    writer.tensor(name + ".weight", shape, F32, lambda out: out.write(b"".join(rows)))


def add_config(writer, config):
    width, heads = config["hidden_size"], config["num_attention_heads"]
    writer.field("general.architecture", STRING, "llama")
    for key, value in (("context_length", config["max_position_embeddings"]),
                       ("embedding_length", width), ("block_count", config["num_hidden_layers"]),
                       ("feed_forward_length", config["intermediate_size"]),
                       ("attention.head_count", heads),
                       ("attention.head_count_kv", config["num_key_value_heads"]),
                       ("rope.dimension_count", config.get("head_dim", width // heads)),
                       ("vocab_size", config["vocab_size"])):
        writer.field("llama." + key, UINT32, value)
    writer.field("llama.rope.freq_base", FLOAT32, config["rope_theta"])
    writer.field("llama.attention.layer_norm_rms_epsilon", FLOAT32, config["rms_norm_eps"])
    writer.field("general.file_type", UINT32, F32)


def add_tokenizer(writer, tokenizer):
    """SentencePiece's BPE merges what has the highest score: the order of the merges as scores."""
    vocabulary = tokenizer["model"]["vocab"]
    pieces = sorted(vocabulary, key=vocabulary.get)
    scores = {piece: -1e6 for piece in pieces}
    for rank, merge in reversed(list(enumerate(tokenizer["model"]["merges"]))):
        scores[merge.replace(" ", "")] = -float(rank)
    added = {token["content"] for token in tokenizer["added_tokens"]}

    def kind(piece):
        if piece == "<unk>":
            return UNKNOWN
        if piece in added:
            return CONTROL
        return BYTE if len(piece) == 6 and piece.startswith("<0x") else NORMAL

    writer.field("tokenizer.ggml.model", STRING, "llama")
    writer.field("tokenizer.ggml.pre", STRING, "default")
    writer.array("tokenizer.ggml.tokens", STRING, pieces)
    writer.array("tokenizer.ggml.scores", FLOAT32, [scores[piece] for piece in pieces])
    writer.array("tokenizer.ggml.token_type", INT32, [kind(piece) for piece in pieces])
    for name, piece in (("bos", "<s>"), ("eos", "</s>"), ("unknown", "<unk>")):
        writer.field(f"tokenizer.ggml.{name}_token_id", UINT32, vocabulary[piece])
    writer.field("tokenizer.ggml.add_bos_token", BOOL, True)


def model(folder):
    config = folder.config
    writer = Writer()
    add_config(writer, config)
    add_tokenizer(writer, folder.tokenizer)
    add_tensor(writer, folder, "model.embed_tokens", "token_embd")
    add_tensor(writer, folder, "model.norm", "output_norm")
    if not config["tie_word_embeddings"]:
        add_tensor(writer, folder, "lm_head", "output")
    heads = {"self_attn.q_proj": config["num_attention_heads"],
             "self_attn.k_proj": config["num_key_value_heads"]}
    for layer in range(config["num_hidden_layers"]):
        for source, name in LAYER.items():
            add_tensor(writer, folder, f"model.layers.{layer}.{source}", f"blk.{layer}.{name}",
                       heads.get(source))
    return writer


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder")
    parser.add_argument("-o", "--output", required=True)
    arguments = parser.parse_args()
    model(Folder(arguments.folder)).write(arguments.output)


if __name__ == "__main__":
    main()
