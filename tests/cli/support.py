"""What the tests of the program share: running it, and making small models and adapters.

The environment names what is tested:
  CRAYON_PROGRAM   the program
  CRAYON_EMULATOR  what runs it in a cross build, or nothing
  CRAYON_HEAVY     1: run the cases that take long, too
  CRAYON_ASSETS    real models and texts; default: ../shared/assets beside the source tree
"""
import array
import json
import os
import pathlib
import random
import shlex
import struct
import subprocess
import sys
import tempfile
import unittest

SOURCE = pathlib.Path(__file__).resolve().parent.parent.parent
COMMAND = [*shlex.split(os.environ.get("CRAYON_EMULATOR", "").replace(";", " ")),
           os.environ.get("CRAYON_PROGRAM", str(SOURCE / "build/native/cli/crayon"))]
HEAVY = os.environ.get("CRAYON_HEAVY", "1") == "1"
ASSETS = pathlib.Path(os.environ.get("CRAYON_ASSETS", SOURCE.parent / "shared/assets"))

OK, FAILED_CHECK, USAGE, BAD_FILE, SYSTEM, NETWORK = range(6)


def environment(**changes):
    """This process's environment without any CRAYON_ variable but those in `changes`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CRAYON_")}
    return kept | changes


class Result:
    """What one run of the program returned: code, out and err as text."""

    def __init__(self, done):
        self.code = done.returncode
        self.raw = done.stdout
        self.out = done.stdout.decode("utf-8", "replace")
        self.err = done.stderr.decode("utf-8", "replace")

    @property
    def json(self):
        return json.loads(self.out)


class Case(unittest.TestCase):
    """A test with a folder of its own class, `self.dir`, removed afterwards."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="crayon-cli-")
        cls.addClassCleanup(folder.cleanup)
        cls.dir = pathlib.Path(folder.name)

    @classmethod
    def crayon(cls, *arguments, code=OK, env=None, **options):
        """Runs the program in `self.dir` and demands an exit code."""
        done = subprocess.run([*COMMAND, *map(str, arguments)], capture_output=True, cwd=cls.dir,
                              env=environment(**(env or {})), timeout=600, **options)
        result = Result(done)
        if result.code != code:
            raise AssertionError(f"crayon {' '.join(map(str, arguments))}\nreturned {result.code} "
                                 f"instead of {code}\nstdout: {result.out}\nstderr: {result.err}")
        return result

    @classmethod
    def pack_tiny(cls, name="tiny.crayon", weights="int8", seed=1):
        cls.crayon("pack", "--random", "tiny", "--seed", seed, "--weights", weights, "-o", name)
        return name

    def write(self, name, text):
        path = self.dir / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return name

    def logits(self, model, ids, *arguments):
        """Logits as one flat array of floats, [positions][vocabulary]."""
        self.write("ids.json", json.dumps(ids))
        self.crayon("logits", model, "--ids", "ids.json", "--raw", "logits.f32", *arguments)
        values = array.array("f")
        values.frombytes((self.dir / "logits.f32").read_bytes())
        return values


# ---- models and adapters of known numbers -------------------------------------------------------

def numbers(seed, count, deviation):
    """Normal numbers, rounded to float32; `seed` may be anything that prints the same."""
    source = random.Random(repr(seed))
    return array.array("f", (source.gauss(0, deviation) for _ in range(count)))


def write_safetensors(path, tensors):
    """tensors: name -> (shape, flat numbers). F32; the format is 8 bytes of header size, the
    header in JSON, and the numbers."""
    header, data = {}, bytearray()
    for name, (shape, values) in tensors.items():
        begin = len(data)
        data += array.array("f", values).tobytes()
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [begin, len(data)]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


class Shape:
    """The model that write_model() makes: small, with grouped heads and odd sizes."""
    vocab, dim, layers, heads, kv_heads, hidden = 257, 24, 2, 4, 2, 40
    head_dim = dim // heads

    @classmethod
    def projections(cls):
        """Hugging Face's name of each linear map of a layer -> (outputs, inputs)."""
        kv = cls.kv_heads * cls.head_dim
        return {"self_attn.q_proj": (cls.dim, cls.dim), "self_attn.k_proj": (kv, cls.dim),
                "self_attn.v_proj": (kv, cls.dim), "self_attn.o_proj": (cls.dim, cls.dim),
                "mlp.gate_proj": (cls.hidden, cls.dim), "mlp.up_proj": (cls.hidden, cls.dim),
                "mlp.down_proj": (cls.dim, cls.hidden)}


def byte_alphabet():
    """GPT-2's spelling of the 256 bytes as printable characters."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in plain]
    return {byte: chr(byte) for byte in plain} | {
        byte: chr(256 + index) for index, byte in enumerate(others)}


def model_weights(seed=7):
    """name -> (shape, numbers) of a Llama with the sizes of Shape."""
    tensors = {"model.embed_tokens.weight": ([Shape.vocab, Shape.dim],
                                             numbers((seed, "e"), Shape.vocab * Shape.dim, 1)),
               "lm_head.weight": ([Shape.vocab, Shape.dim],
                                  numbers((seed, "h"), Shape.vocab * Shape.dim, 0.3)),
               "model.norm.weight": ([Shape.dim], [1.0] * Shape.dim)}
    for layer in range(Shape.layers):
        prefix = f"model.layers.{layer}."
        for norm in ("input_layernorm", "post_attention_layernorm"):
            tensors[f"{prefix}{norm}.weight"] = ([Shape.dim], [1.0] * Shape.dim)
        for name, (outputs, inputs) in Shape.projections().items():
            tensors[f"{prefix}{name}.weight"] = (
                [outputs, inputs], numbers((seed, layer, name), outputs * inputs, inputs ** -0.5))
    return tensors


def write_model(folder, tensors):
    """A Hugging Face folder with a tokenizer that knows the bytes and nothing more."""
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps({
        "architectures": ["LlamaForCausalLM"], "model_type": "llama",
        "vocab_size": Shape.vocab, "hidden_size": Shape.dim,
        "num_hidden_layers": Shape.layers, "num_attention_heads": Shape.heads,
        "num_key_value_heads": Shape.kv_heads, "intermediate_size": Shape.hidden,
        "max_position_embeddings": 128, "rms_norm_eps": 1e-5, "rope_theta": 10000.0,
        "hidden_act": "silu", "tie_word_embeddings": False,
        "bos_token_id": 256, "eos_token_id": 256, "torch_dtype": "float32"}))
    vocabulary = {spelling: byte for byte, spelling in byte_alphabet().items()}
    (folder / "tokenizer.json").write_text(json.dumps({
        "version": "1.0", "truncation": None, "padding": None,
        "added_tokens": [{"id": 256, "content": "<|end|>", "single_word": False, "lstrip": False,
                          "rstrip": False, "normalized": False, "special": True}],
        "normalizer": None,
        "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True,
                          "use_regex": True},
        "post_processor": None,
        "decoder": {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True,
                    "use_regex": True},
        "model": {"type": "BPE", "dropout": None, "unk_token": None,
                  "continuing_subword_prefix": None, "end_of_word_suffix": None,
                  "fuse_unk": False, "byte_fallback": False, "vocab": vocabulary, "merges": []}}))
    write_safetensors(folder / "model.safetensors", tensors)


def lora_factors(seed, rank, targets=None, deviation=0.2):
    """(layer, projection) -> (A [rank][inputs], B [outputs][rank]), flat."""
    factors = {}
    for layer in range(Shape.layers):
        for name, (outputs, inputs) in Shape.projections().items():
            if targets is None or name in targets:
                factors[layer, name] = (numbers((seed, layer, name, "A"), rank * inputs, deviation),
                                        numbers((seed, layer, name, "B"), outputs * rank, deviation))
    return factors


def write_peft(folder, factors, rank, alpha, rslora=False, **config):
    """An adapter folder as PEFT saves it."""
    folder.mkdir(parents=True)
    targets = sorted({name.split(".")[-1] for _, name in factors})
    (folder / "adapter_config.json").write_text(json.dumps({
        "peft_type": "LORA", "task_type": "CAUSAL_LM", "r": rank, "lora_alpha": alpha,
        "lora_dropout": 0.0, "bias": "none", "fan_in_fan_out": False, "use_rslora": rslora,
        "use_dora": False, "rank_pattern": {}, "alpha_pattern": {}, "modules_to_save": None,
        "target_modules": targets} | config))
    tensors = {}
    for (layer, name), (a, b) in factors.items():
        prefix = f"base_model.model.model.layers.{layer}.{name}"
        tensors[f"{prefix}.lora_A.weight"] = ([rank, len(a) // rank], a)
        tensors[f"{prefix}.lora_B.weight"] = ([len(b) // rank, rank], b)
    write_safetensors(folder / "adapter_model.safetensors", tensors)


def merged(weights, parts, rank):
    """weights + sum of scale * B A over parts [(scale, factors)], in double precision."""
    result = dict(weights)
    for scale, factors in parts:
        for (layer, name), (a, b) in factors.items():
            key = f"model.layers.{layer}.{name}.weight"
            shape, values = result[key]
            inputs = shape[1]
            total = list(values)
            for row in range(shape[0]):
                for j in range(rank):
                    factor = scale * b[row * rank + j]
                    for column in range(inputs):
                        total[row * inputs + column] += factor * a[j * inputs + column]
            result[key] = (shape, total)
    return result


# ---- adapters and a pool on that model ----------------------------------------------------------

IDS = [256, 72, 101, 108, 108, 111, 32, 119, 111, 114, 108, 100]
RANK, ALPHA = 3, 6
# float32 arithmetic in another order than the merged model's: the logits are of size 1, and
# differ by some units of 2^-24 times the number of additions.
TOLERANCE = 2e-4


def distance(left, right):
    return max(abs(a - b) for a, b in zip(left, right, strict=True))


class BaseCase(Case):
    """A test that has base.crayon, of the numbers `self.weights`."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.weights = model_weights()
        write_model(cls.dir / "base", cls.weights)
        cls.crayon("pack", "base", "--weights", "f32", "-o", "base.crayon")


class PoolCase(BaseCase):
    """A test that has pool.crayon, too: an adapter for each of KINDS, of the numbers
    `self.factors[kind]` and with these texts as its examples, packed from the folder `kind`."""
    KINDS = {"counting": ["one two three", "four five six seven", "eight nine"],
             "shouting": ["HEY YOU!", "STOP THAT NOW!", "WHAT A DAY!"],
             "digits": ["12 + 30 = 42", "7 * 8 = 56", "100 - 1"],
             "question": ["where is it?", "who was there?", "is it so?"]}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.factors = {}
        for seed, (kind, texts) in enumerate(cls.KINDS.items()):
            cls.factors[kind] = lora_factors(seed, RANK)
            write_peft(cls.dir / kind, cls.factors[kind], RANK, ALPHA)
            (cls.dir / kind / "examples.jsonl").write_text(
                "".join(json.dumps({"question": text}) + "\n" for text in texts))
        cls.crayon("pack-pool", *cls.KINDS, "--base", "base.crayon", "-o", "pool.crayon",
                   "--tau", 0.05)


def main():
    """Runs the module's tests; exits with 77 when all of them were skipped."""
    program = unittest.main(exit=False, verbosity=2)
    result = program.result
    if result.wasSuccessful() and result.skipped and len(result.skipped) >= result.testsRun:
        sys.exit(77)
    sys.exit(0 if result.wasSuccessful() else 1)
