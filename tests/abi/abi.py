#!/usr/bin/env python3
"""Compares what programs have been linked with, c_api/abi/crayon.abi, with what the library and its
header are now: symbols with their versions, functions, layouts of structs, values of constants.

Usage: tests/abi/abi.py check|update|break [--reference FILE] LIBRARY COMPILER [EMULATOR]
  check   fails unless both are the same
  update  writes down what is new; refuses where a program that was built before would notice
  break   writes down everything: with a new soname, or for what was never released

`cmake --build --preset native --target abi_update` does the second.
"""
import argparse
import pathlib
import re
import subprocess
import sys
import tempfile

import header as headers
from layout import compiled_layout

SOURCE = headers.SOURCE
REFERENCE = SOURCE / "c_api/abi/crayon.abi"


def exported(library):
    """Names with their versions, "crayon_version@@CRAYON_0"; those of versions themselves left out."""
    listed = subprocess.run(["nm", "-D", "--defined-only", library], check=True, text=True,
                            capture_output=True, timeout=60).stdout
    names = [line.split()[-1] for line in listed.splitlines()]
    return sorted(name for name in names if not re.fullmatch(r"CRAYON_\d+(@@?CRAYON_\d+)?", name))


def soname(library):
    listed = subprocess.run(["readelf", "-d", "-W", library], check=True, text=True,
                            capture_output=True, timeout=60).stdout
    return re.search(r"SONAME.*\[(.+)\]", listed).group(1)


def without_names(signature):
    """`int (const char* text, size_t length)` -> `int (const char*, size_t)`."""
    returned, taken = signature.split(" (", 1)
    types = [re.sub(r"(?<=[\w*]) ?\b\w+$", "", each.strip()) if each.strip() != "void" else "void"
             for each in taken.removesuffix(")").split(",")]
    return f"{returned} ({', '.join(types)})"


def describe(library, compiler, emulator):
    """Lines of two words that name something, and what it is: {key: value}."""
    header = headers.read_header()
    lines = {("soname", soname(library)): ""}
    for name in exported(library):
        lines["symbol", name] = ""
    for kind, declared in (("function", header.functions), ("callback", header.callbacks)):
        for name, signature in declared.items():
            lines[kind, name] = without_names(signature)
    types = {f"{struct}.{field.name}": field.type
             for struct, fields in header.structs.items() for field in fields}
    with tempfile.TemporaryDirectory(prefix="crayon-abi-") as folder:
        for line in compiled_layout(header, SOURCE / "include", compiler, emulator,
                                    pathlib.Path(folder)):
            kind, name, value = line.split(maxsplit=2)
            lines[kind, name] = f"{value} {types[name]}" if kind == "field" else value
    return lines


def read(path):
    lines = {}
    for line in path.read_text().splitlines():
        if line and not line.startswith("#"):
            kind, name, *value = line.split(maxsplit=2)
            lines[kind, name] = value[0] if value else ""
    return lines


def text_of(lines):
    intro = ("# What programs are linked with. Written by tests/abi/abi.py; see docs/c-api.md.\n"
             "# field: offset, size, type. struct: size, alignment.\n")
    return intro + "".join(f"{kind} {name} {value}".strip() + "\n"
                           for (kind, name), value in sorted(lines.items()))


def knows_its_size(lines, struct):
    return lines.get(("field", f"{struct}.size"), "").startswith("0 ")


def grown(new, struct, old_size, new_size):
    """Whether a struct that knows its size has only become longer."""
    (old_bytes, old_alignment), (new_bytes, new_alignment) = old_size.split(), new_size.split()
    return (knows_its_size(new, struct) and int(new_bytes) > int(old_bytes) and
            old_alignment == new_alignment)


def is_safe(key, old, new):
    """Whether something new is no matter for old programs. They leave what lies between fields as it
    happens to be, so a field of a struct that they know must lie behind its old end."""
    kind, name = key
    struct = name.split(".")[0]
    if kind != "field" or ("struct", struct) not in old:
        return True
    offset, end = new[key].split()[0], old["struct", struct].split()[0]
    return knows_its_size(new, struct) and int(offset) >= int(end)


def compare(old, new):
    """What old programs would notice, and what is new."""
    broken, added = [], []
    for key, value in old.items():
        if key not in new:
            broken.append(f"{' '.join(key)} is gone")
        elif new[key] != value:
            what = f"{' '.join(key)} was {value} and is {new[key]}"
            grows = key[0] == "struct" and grown(new, key[1], value, new[key])
            (added if grows else broken).append(what)
    for key in new.keys() - old.keys():
        (added if is_safe(key, old, new) else broken).append(f"{' '.join(key)} is new")
    return sorted(broken), sorted(added)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("verb", choices=("check", "update", "break"))
    parser.add_argument("--reference", type=pathlib.Path, default=REFERENCE)
    parser.add_argument("library")
    parser.add_argument("compiler")
    parser.add_argument("emulator", nargs="?", default="")
    arguments = parser.parse_args()
    now = describe(arguments.library, arguments.compiler, arguments.emulator)
    before = read(arguments.reference) if arguments.reference.exists() else {}
    broken, added = compare(before, now)
    for line in broken:
        print(f"breaks programs: {line}")
    for line in added:
        print(f"new: {line}")
    if arguments.verb == "check":
        if added and not broken:
            print("if that is meant: cmake --build --preset native --target abi_update")
        return 1 if broken or added else 0
    if broken and arguments.verb == "update":
        print("nothing written; see `break` in tests/abi/abi.py")
        return 1
    arguments.reference.parent.mkdir(parents=True, exist_ok=True)
    arguments.reference.write_text(text_of(now))
    return 0


if __name__ == "__main__":
    sys.exit(main())
