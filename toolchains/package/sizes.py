#!/usr/bin/env python3
"""Says what a program's bytes are for: reads the linker's map, adds up what was kept of each archive
and of each folder of Crayon, and prints the largest, in KB of the loaded file.

Usage: toolchains/package/sizes.py MAP [--symbols N]
  MAP          what `-Wl,-Map=FILE` left, as the board presets do beside the program
  --symbols N  the N largest sections as well (0)
"""
import argparse
import collections
import pathlib
import re

# " .text.name   0xaddress   0xsize   file" where the name may stand on a line of its own.
PIECE = re.compile(r"^ (\.[^\s]+)\s+0x([0-9a-f]+)\s+0x([0-9a-f]+)\s+(\S+)$")
NAME_ALONE = re.compile(r"^ (\.[^\s]+)$")
REST = re.compile(r"^\s+0x([0-9a-f]+)\s+0x([0-9a-f]+)\s+(\S+)$")
# What is in no file: memory set aside at the start, and what stripping takes away.
NOT_STORED = re.compile(r"^\.(bss|tbss|comment|debug|note\.GNU-stack|symtab|strtab)")


def pieces(text):
    """(section, bytes, file) of what the program keeps."""
    kept = text.split("Linker script and memory map", 1)[1]
    name = None
    for line in kept.splitlines():
        found = PIECE.match(line)
        if found:
            name, address, size, file = found.groups()
        elif NAME_ALONE.match(line):
            name = NAME_ALONE.match(line).group(1)
            continue
        elif name and REST.match(line):
            address, size, file = REST.match(line).groups()
        else:
            name = None
            continue
        if int(address, 16) and int(size, 16) and not NOT_STORED.match(name):
            yield name, int(size, 16), file
        name = None


def owner(file):
    """"libcrypto.a(x.o)" is libcrypto.a's; of Crayon's own archives, the name says the folder."""
    return pathlib.PurePath(re.sub(r"\(.*", "", file)).name if "(" in file else "cli and start"


def print_largest(title, sizes, count):
    print(f"{title:60} {sum(sizes.values()) / 1e3:9.1f} KB")
    for name, size in sizes.most_common(count):
        print(f"  {name:58} {size / 1e3:9.1f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("map", type=pathlib.Path)
    parser.add_argument("--symbols", type=int, default=0)
    arguments = parser.parse_args()
    owners, kinds, symbols = collections.Counter(), collections.Counter(), collections.Counter()
    for section, size, file in pieces(arguments.map.read_text()):
        owners[owner(file)] += size
        kinds["." + section.split(".")[1]] += size
        symbols[f"{section} {owner(file)}"] += size
    print_largest("by archive", owners, 40)
    print_largest("by section", kinds, 12)
    if arguments.symbols:
        print_largest("by name", symbols, arguments.symbols)


if __name__ == "__main__":
    main()
