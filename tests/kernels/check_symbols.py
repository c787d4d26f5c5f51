#!/usr/bin/env python3
"""Fails when a path's object file offers the linker a function that others could end up with.

The path files are compiled for CPUs that not every board has. An inline function of a header that
such a file emits is a weak symbol, and the linker may take that copy for the whole program: it
would then die of SIGILL on a lesser CPU, far away from any kernel.

Usage: tests/kernels/check_symbols.py NM ARCHIVE
"""
import re
import subprocess
import sys

PATHS = {f"{name}.cpp.o"
         for name in ("avx512vnni", "avxvnni", "avx2", "i8mm", "dotprod", "neon", "scalar")}

# Sanitizers add their own.
IGNORED = re.compile(r"^(__asan|__odr_asan|__tsan|__ubsan|DW\.ref\.)")


def main() -> int:
    nm, archive = sys.argv[1:]
    listing = subprocess.run([nm, "--defined-only", "--extern-only", "--format=posix",
                              "--print-file-name", archive],
                             check=True, capture_output=True, text=True).stdout
    found = 0
    wrong = []
    for line in listing.splitlines():
        member, symbol, kind = re.match(r".*\[(.*)\]: (\S+) (\S)", line).groups()
        if member not in PATHS:
            continue
        if IGNORED.match(symbol):
            continue
        if re.fullmatch(r"_ZN6crayon7kernels\d+\w+_setE", symbol):
            found += 1
        elif member != "scalar.cpp.o":  # compiled as the rest of the program is
            wrong.append(f"{member}: {symbol} ({kind})")
    for line in wrong:
        print(line)
    print(f"symbols: {found} kernel sets, {len(wrong)} symbols that must not be there")
    return 1 if wrong or found < 2 else 0


if __name__ == "__main__":
    sys.exit(main())
