#!/usr/bin/env python3
"""Fails when a file includes upward, or sideways past a layer that it must not know.

Usage: tests/check_layers.py [ROOT]
"""
import pathlib
import re
import sys

# Each folder with the folders it may include from, besides itself. See docs/design.md.
ALLOWED = {
    "base": [],
    "kernels": ["base"],
    "transport": ["base"],
    "formats": ["base", "kernels"],
    "formats/importers": ["base", "formats"],
    "formats/pictures": ["base", "formats"],
    "runtime/tokenizer": ["base", "formats"],
    "runtime/emphasis": ["base", "formats", "runtime/tokenizer"],
    "runtime/model": ["base", "kernels", "formats"],
    "runtime/encoder": ["base", "kernels", "formats", "runtime/model"],
    "runtime/context": ["base", "kernels", "formats", "runtime/model"],
    "runtime/bench": ["base", "kernels", "formats", "runtime/model"],
    "runtime/generation": ["base", "formats", "runtime/tokenizer", "runtime/emphasis",
                           "runtime/model", "runtime/context"],
    "runtime/adapters": ["base", "formats", "runtime/tokenizer", "runtime/model",
                         "runtime/generation"],
    "runtime/eval": ["base", "formats", "runtime/tokenizer", "runtime/model", "runtime/context",
                     "runtime/adapters", "runtime/generation"],
    "runtime/engine": ["base", "kernels", "formats", "formats/pictures", "runtime/tokenizer",
                       "runtime/emphasis", "runtime/model", "runtime/encoder", "runtime/context",
                       "runtime/generation", "runtime/adapters", "runtime/eval"],
    "runtime/smoothing": ["base", "formats", "runtime/model"],
    "runtime/hybrid": ["base", "formats", "transport", "runtime/tokenizer", "runtime/emphasis",
                       "runtime/model", "runtime/context", "runtime/adapters", "runtime/generation"],
}
RUNTIME = [room for room in ALLOWED if room.startswith("runtime/")]
# The workstation's side: what is below may be used, and train/verbs stands above its neighbours.
WORKSHOP = ["base", "formats", "formats/importers", "formats/pictures", *RUNTIME]
ALLOWED["train/tasks"] = ["base"]
ALLOWED["train/scenes"] = ["base"]
ALLOWED["train/tokens"] = ["base", "formats", "formats/importers", "runtime/tokenizer",
                           "runtime/generation", "runtime/eval"]
ALLOWED["train/model"] = ["base", "formats/importers"]  # safetensors headers and JSON objects
ALLOWED["train/optim"] = ["base", "train/model"]
ALLOWED["train/dual"] = ["base", "formats/importers", "train/model", "train/optim", "train/scenes"]
ALLOWED["train/learn"] = ["base", "train/tokens", "train/model", "train/optim"]
ALLOWED["train/pool"] = [*ALLOWED["train/learn"], "train/learn"]
ALLOWED["train/probe"] = ["base"]
ALLOWED["train/scales"] = [*ALLOWED["train/learn"], "train/learn"]
ALLOWED["train/verbs"] = [*WORKSHOP, *(room for room in ALLOWED if room.startswith("train/"))]
ALLOWED["train"] = ["base", "train/verbs"]
ALLOWED["arguments"] = ["base"]
ALLOWED["store"] = ["base", "formats"]
ALLOWED["serving"] = ["base", "formats", "transport", *RUNTIME]
ALLOWED["c_api"] = ["base", "kernels", "formats", "formats/pictures", "transport", *RUNTIME]
ALLOWED["cli"] = ["base", "arguments", "kernels", "formats", "formats/importers",
                  "formats/pictures", "transport", "store", "serving", *RUNTIME]

INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"')


def room_of(path: str) -> str | None:
    """The deepest known folder that `path` lies in."""
    rooms = [room for room in ALLOWED if path.startswith(room + "/")]
    return max(rooms, key=len, default=None)


def main() -> int:
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent.parent)
    wrong = []
    count = 0
    for top in sorted({room.split("/")[0] for room in ALLOWED}):
        for file in sorted((root / top).rglob("*")):
            if file.suffix not in (".h", ".cpp", ".inl"):
                continue
            count += 1
            here = str(file.relative_to(root))
            room = room_of(here)
            if room is None:
                wrong.append(f"{here}: lies in no known folder")
                continue
            for number, line in enumerate(file.read_text().splitlines(), 1):
                found = INCLUDE.match(line)
                if not found:
                    continue
                target = room_of(found.group(1))
                if target is not None and target != room and target not in ALLOWED[room]:
                    wrong.append(f"{here}:{number}: {room} must not include {found.group(1)}")
    for line in wrong:
        print(line)
    print(f"layers: {count} files, {len(wrong)} wrong includes")
    return 1 if wrong or count == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
