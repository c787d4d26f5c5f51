#!/usr/bin/env python3
"""Write a GPT-2 in a Hugging Face folder again, with outlier channels and as the same function.

    bench/quantization/plant_outliers.py gpt2 -o gpt2-outliers --channels 4 --factor 30

In every layer the norms in front of attention and MLP blow some channels up, and the maps behind them
shrink the same channels: in exact arithmetic nothing changes. It is what large models of this kind
grow in long training, and small ones do not (Bondarenko et al. 2021; Dettmers et al. 2022), planted by
hand: to see what rounding makes of it, and what smoothing does about it.
"""
import argparse
import array
import json
import pathlib
import random
import shutil
import struct

# Norm and the map behind it, whose weights GPT-2 keeps as [inputs][outputs].
PLACES = {"ln_1": "attn.c_attn", "ln_2": "mlp.c_fc"}


class Weights:
    """A safetensors file in F32, in memory."""

    def __init__(self, path):
        raw = bytearray(path.read_bytes())
        size = struct.unpack_from("<Q", raw)[0]
        self.prefix = raw[:8 + size]
        self.header = json.loads(raw[8:8 + size])
        self.numbers = raw[8 + size:]
        self.prefixed = "transformer." if any(n.startswith("transformer.") for n in self.header) else ""

    def multiply(self, name, row, factor):
        """A row [row] of a matrix, or one number of a vector."""
        entry = self.header[self.prefixed + name]
        if entry["dtype"] != "F32":
            raise SystemExit(f"{name} is {entry['dtype']}, save the model in f32")
        width = entry["shape"][1] if len(entry["shape"]) == 2 else 1
        begin = entry["data_offsets"][0] + 4 * width * row
        values = array.array("f", bytes(self.numbers[begin:begin + 4 * width]))
        self.numbers[begin:begin + 4 * width] = array.array(
            "f", (factor * value for value in values)).tobytes()

    def save(self, path):
        path.write_bytes(bytes(self.prefix + self.numbers))


def plant(weights, config, channels, factor, seed):
    dice = random.Random(seed)
    for layer in range(config["n_layer"]):
        for norm, projection in PLACES.items():
            for channel in dice.sample(range(config["n_embd"]), channels):
                weights.multiply(f"h.{layer}.{norm}.weight", channel, factor)
                weights.multiply(f"h.{layer}.{norm}.bias", channel, factor)
                weights.multiply(f"h.{layer}.{projection}.weight", channel, 1 / factor)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("-o", "--output", type=pathlib.Path, required=True)
    parser.add_argument("--channels", type=int, default=4, help="of each norm")
    parser.add_argument("--factor", type=float, default=30)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    config = json.loads((arguments.folder / "config.json").read_text())
    if config["architectures"] != ["GPT2LMHeadModel"]:
        raise SystemExit(f"{arguments.folder} holds {config['architectures']}, not a GPT-2")
    arguments.output.mkdir(parents=True, exist_ok=True)
    for name in ("config.json", "tokenizer.json", "tokenizer_config.json"):
        if (arguments.folder / name).exists():
            shutil.copy(arguments.folder / name, arguments.output / name)
    weights = Weights(arguments.folder / "model.safetensors")
    plant(weights, config, arguments.channels, arguments.factor, arguments.seed)
    weights.save(arguments.output / "model.safetensors")


if __name__ == "__main__":
    main()
