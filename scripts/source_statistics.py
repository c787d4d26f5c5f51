#!/usr/bin/env python3
"""Prints what the project's own sources are like: how long files are, how much of them are comments,
and which are the longest.

Usage: scripts/source_statistics.py [ROOT]
"""
import pathlib
import statistics
import subprocess
import sys

SUFFIXES = ("h", "cpp", "inl", "c", "py", "sh")
LARGEST = 10


def sources(root: pathlib.Path) -> list[pathlib.Path]:
    """What git knows, or would add, under `root`."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--",
         *(f"*.{suffix}" for suffix in SUFFIXES)],
        cwd=root, check=True, capture_output=True, text=True).stdout
    return sorted(path for name in listed.split("\0") if name and (path := root / name).is_file())


def comment_lines(path: pathlib.Path, lines: list[str]) -> int:
    """Lines that hold a comment, or a docstring, alone."""
    script = path.suffix in (".py", ".sh")
    mark, opening, closing = ("#", '"""', '"""') if script else ("//", "/*", "*/")
    count = 0
    inside = False
    for line in (line.strip() for line in lines):
        if inside:
            count += 1
            inside = closing not in line
        elif line.startswith(opening):
            count += 1
            inside = closing not in line[len(opening):]
        elif line.startswith(mark) and not line.startswith("#!"):
            count += 1
    return count


def main() -> int:
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent.parent)
    lengths = {}
    per_suffix = {suffix: [0, 0, 0] for suffix in SUFFIXES}  # files, lines that are not empty, comments
    for path in sources(root):
        lines = path.read_text(errors="replace").splitlines()
        lengths[path.relative_to(root)] = len(lines)
        row = per_suffix[path.suffix[1:]]
        row[0] += 1
        row[1] += sum(1 for line in lines if line.strip())
        row[2] += comment_lines(path, lines)
    if len(lengths) < 2:
        print("there are no sources")
        return 1
    deciles = statistics.quantiles(lengths.values(), n=10, method="inclusive")
    print(f"{len(lengths)} files, {sum(lengths.values())} lines: median "
          f"{statistics.median(lengths.values()):g}, 90 % have at most {deciles[8]:g}")
    for suffix, (files, filled, comments) in per_suffix.items():
        if filled:
            print(f"  .{suffix:<4} {files:5} files, {100 * comments / filled:4.1f} % comments")
    filled, comments = (sum(row[i] for row in per_suffix.values()) for i in (1, 2))
    print(f"  all   {len(lengths):5} files, {100 * comments / filled:4.1f} % comments")
    print("the longest:")
    for path in sorted(lengths, key=lengths.get, reverse=True)[:LARGEST]:
        print(f"  {lengths[path]:5} {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
