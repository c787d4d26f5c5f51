#!/usr/bin/env python3
"""What a core's scheduling model says of the multiplying loops in an aarch64 binary.

Takes every innermost loop with multiplications of bytes out of the functions whose name matches,
lets llvm-mca run it, and prints instructions, multiplications, cycles per turn and the share of
the multiplier's peak in that model. With --listing it prints the loop itself too.

Usage: bench/instructions/loops.py BINARY REGEX [--cpu cortex-a55,neoverse-n1] [--listing]
Needs llvm-mca 19 (older ones have no model of Neoverse N1) and an aarch64 objdump; the environment
variables LLVM_MCA and OBJDUMP name others.
"""
import argparse
import os
import re
import subprocess
import sys

MULTIPLY = ("sdot", "smmla", "smull", "smull2", "smlal", "smlal2")
TURNS = 200


def disassembly(binary: str) -> dict[str, list[tuple[int, str]]]:
    """The instructions of each function: (address, text)."""
    tool = os.environ.get("OBJDUMP", "aarch64-linux-gnu-objdump")
    text = subprocess.run([tool, "-dC", "--no-show-raw-insn", binary], check=True,
                          capture_output=True, text=True).stdout
    functions: dict[str, list[tuple[int, str]]] = {}
    code: list[tuple[int, str]] = []
    for line in text.splitlines():
        if header := re.match(r"[0-9a-f]+ <(.*)>:$", line):
            code = functions.setdefault(header[1], [])
        elif instruction := re.match(r"\s*([0-9a-f]+):\t(.*)", line):
            code.append((int(instruction[1], 16), instruction[2].split("//")[0].strip()))
    return functions


def loops(code: list[tuple[int, str]]) -> list[list[str]]:
    """The innermost loops: from the target of a backward branch to the branch."""
    place = {address: i for i, (address, _) in enumerate(code)}
    spans = []
    for i, (_, text) in enumerate(code):
        branch = re.match(r"(?:b\.\w+|b|cbn?z [wx]\d+,|tbn?z [wx]\d+, #\d+,)\s+([0-9a-f]+)\b",
                          text.replace("\t", " "))
        if branch and place.get(int(branch[1], 16), i + 1) <= i:
            spans.append((place[int(branch[1], 16)], i))
    inner = [a for a in spans if not any(b != a and a[0] <= b[0] and b[1] <= a[1] for b in spans)]
    return [[text for _, text in code[first:last + 1]] for first, last in inner]


def simulate(lines: list[str], cpu: str) -> tuple[float, float]:
    """Cycles per turn: with all dependences, and by the units' throughput alone."""
    local = [re.sub(r"^(b\.\w+|b|cbn?z\s+[wx]\d+,|tbn?z\s+[wx]\d+, #\d+,)\s+[0-9a-f]+ <.*", r"\1 .Lloop",
                    line) for line in lines]
    run = subprocess.run([os.environ.get("LLVM_MCA", "llvm-mca-19"), "-mtriple=aarch64",
                          f"-mcpu={cpu}", "-mattr=+dotprod,+i8mm", f"-iterations={TURNS}", "-"],
                         input=".Lloop:\n" + "\n".join(local) + "\n", capture_output=True,
                         text=True)
    cycles = re.search(r"Total Cycles:\s+(\d+)", run.stdout)
    bound = re.search(r"Block RThroughput:\s+([\d.]+)", run.stdout)
    if run.returncode != 0 or cycles is None or bound is None:
        sys.exit(f"llvm-mca does not take this loop for {cpu}: {run.stderr[:500]}")
    return int(cycles[1]) / TURNS, float(bound[1])


def of_kind(lines: list[str], kinds: tuple[str, ...]) -> list[str]:
    return [line for line in lines if line.split()[0] in kinds]


def least_cycles(lines: list[str], cpu: str) -> float:
    """The time of the loop's arithmetic alone, as the units' throughput bounds it."""
    return simulate(of_kind(lines, MULTIPLY + ("sadalp",)), cpu)[1]


def short(name: str) -> str:
    """A function's name without its namespaces and arguments."""
    return re.sub(r".*::(\w+(<[^()]*>)?)\(.*", r"\1", name)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("binary")
    parser.add_argument("functions", help="a regular expression")
    parser.add_argument("--cpu", default="cortex-a55,neoverse-n1")
    parser.add_argument("--listing", action="store_true")
    parser.add_argument("--least", type=int, default=16, help="multiplications that a loop must have")
    options = parser.parse_args()
    found = 0
    for name, code in disassembly(options.binary).items():
        if not re.search(options.functions, name):
            continue
        for lines in loops(code):
            count = len(of_kind(lines, MULTIPLY))
            if count < options.least:
                continue
            found += 1
            print(f"{short(name)}: {len(lines)} instructions, {count} multiplications")
            for cpu in options.cpu.split(","):
                cycles, bound = simulate(lines, cpu)
                share = least_cycles(lines, cpu) / cycles
                print(f"  {cpu:12} {cycles:7.1f} cycles, {bound:6.1f} by throughput, "
                      f"{100 * share:3.0f} % of peak")
            if options.listing:
                print("\n".join("    " + line.replace("\t", " ") for line in lines))
    if found == 0:
        sys.exit(f"no function that matches {options.functions} has such a loop")
    return 0


if __name__ == "__main__":
    sys.exit(main())
