#!/usr/bin/env python3
"""Fails when library code prints, reads standard input, ends the process or reads the environment.

Usage: tests/check_calls.py [ROOT]

All of that is the programs' business; see docs/design.md.
"""
import pathlib
import re
import sys

# Programs, and what else stands beside the library.
OTHERS = {"cli", "train", "tests", "bench", "examples", "build", "out"}

FORBIDDEN = {
    "prints": r"std::(cout|cerr|clog)\b|(?<![\w.>])(std::)?(v?f?printf|f?puts|putchar|perror)\s*\(|"
              r"\bfmt::print\b",
    "reads standard input": r"std::cin\b|\bstdin\b|\bSTDIN_FILENO\b",
    "ends the process": r"std::(abort|terminate|_Exit)\s*\(|(?<![\w.>:])(std::)?(_?exit|quick_exit)\s*\(",
    "reads the environment": r"\b(secure_)?getenv\b|\benviron\b|\bkernels::select\(|(?<=::)from_environment\(",
}
# What programs, and nobody else, call to choose by the environment.
ALLOWED = {
    ("kernels/registry.cpp", "reads the environment"),  # select(): CRAYON_KERNELS
    ("transport/proxy.cpp", "reads the environment"),   # from_environment(): http_proxy and the like
}

COMMENT = re.compile(r"(?<!:)//.*")


def sources(root: pathlib.Path) -> list[pathlib.Path]:
    folders = [folder for folder in root.iterdir()
               if folder.is_dir() and folder.name not in OTHERS and not folder.name.startswith(".")]
    return sorted(path for folder in folders for path in folder.rglob("*")
                  if path.suffix in (".h", ".cpp", ".inl", ".c"))


def faults(root: pathlib.Path) -> list[str]:
    found = []
    for path in sources(root):
        name = path.relative_to(root).as_posix()
        for number, line in enumerate(path.read_text().splitlines(), 1):
            code = COMMENT.sub("", line)
            for what, call in FORBIDDEN.items():
                if re.search(call, code) and (name, what) not in ALLOWED:
                    found.append(f"{name}:{number}: {what}: {line.strip()}")
    return found


def main() -> int:
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else
                        pathlib.Path(__file__).parent.parent).resolve()
    found = faults(root)
    for fault in found:
        print(fault)
    print(f"calls: {len(found)} that library code must not make")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
