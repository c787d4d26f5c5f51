#!/usr/bin/env python3
"""Writes four LoRA adapters of seeded random numbers as PEFT folders, to show the commands with.

They have the form of trained adapters and teach the model nothing.

Usage: crayon info MODEL.crayon --json | make_adapters.py OUT_FOLDER
"""
import array
import json
import pathlib
import random
import struct
import sys

RANK = 4
NAMES = ("sensors", "schedules", "parts", "places")


def write_safetensors(path: pathlib.Path, tensors: dict[str, tuple[list[int], array.array]]) -> None:
    """The safetensors format: u64 header size, JSON header, then the tensors' bytes."""
    header, offset = {}, 0
    for name, (shape, values) in tensors.items():
        size = len(values) * 4
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [offset, offset + size]}
        offset += size
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for _, values in tensors.values():
            file.write(values.tobytes())


def write_adapter(folder: pathlib.Path, seed: int, dim: int, query_dim: int, layers: int) -> None:
    generator = random.Random(seed)

    def normal(count: int, deviation: float) -> array.array:
        return array.array("f", (generator.gauss(0, deviation) for _ in range(count)))

    tensors = {}
    for layer in range(layers):
        name = f"base_model.model.model.layers.{layer}.self_attn.q_proj"
        tensors[f"{name}.lora_A.weight"] = ([RANK, dim], normal(RANK * dim, dim**-0.5))
        tensors[f"{name}.lora_B.weight"] = ([query_dim, RANK], normal(query_dim * RANK, 0.1))
    folder.mkdir(parents=True, exist_ok=True)
    write_safetensors(folder / "adapter_model.safetensors", tensors)
    config = {"peft_type": "LORA", "r": RANK, "lora_alpha": 2 * RANK, "target_modules": ["q_proj"],
              "bias": "none", "task_type": "CAUSAL_LM"}
    (folder / "adapter_config.json").write_text(json.dumps(config, indent=2) + "\n")


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    out = pathlib.Path(sys.argv[1])
    config = json.load(sys.stdin)["config"]
    query_dim = config["heads"] * config["head_dim"]
    for seed, name in enumerate(NAMES):
        write_adapter(out / name, seed, config["dim"], query_dim, config["layers"])
        print(f"wrote {out / name}")


if __name__ == "__main__":
    main()
