"""Asks a compiler what the header's structs and constants are, with a program that it writes.

Usage of the program: it prints lines `struct NAME SIZE ALIGNMENT`, `field STRUCT.NAME OFFSET SIZE` and
`constant NAME VALUE`.
"""
import shlex
import subprocess


def program_text(header):
    lines = ["#include <crayon/crayon.h>", "#include <stdio.h>", "int main(void) {"]
    for name, fields in header.structs.items():
        lines.append(f'  printf("struct {name} %zu %zu\\n", sizeof({name}), _Alignof({name}));')
        for field in fields:
            lines.append(f'  printf("field {name}.{field.name} %zu %zu\\n", '
                         f"offsetof({name}, {field.name}), sizeof((({name}*)0)->{field.name}));")
    for name in header.constants:
        lines.append(f'  printf("constant {name} %d\\n", (int){name});')
    return "\n".join([*lines, "  return 0;", "}", ""])


def compiled_layout(header, include, compiler, emulator, folder):
    """The lines that the program prints. `compiler` and `emulator` are command lines."""
    (folder / "layout.c").write_text(program_text(header))
    subprocess.run([*shlex.split(compiler), "-std=c11", "-Wall", "-Werror",
                    f"-I{include}", folder / "layout.c", "-o", folder / "layout"], check=True,
                   timeout=120)
    return subprocess.run([*shlex.split(emulator), folder / "layout"], check=True, text=True,
                          capture_output=True, timeout=120).stdout.splitlines()
