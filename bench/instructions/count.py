#!/usr/bin/env python3
"""Executed instructions of an aarch64 crayon per decoded and per prefilled token, under QEMU.

The difference of two runs that differ by some tokens is the cost of those tokens, whatever loading,
tokenising and printing cost: counts do not depend on the machine or on what else runs there. Loading
alone differs by a few million from run to run, so that tokens should be many.
It says nothing of caches or of instructions a cycle: bench/instructions/loops.py asks a model of
the core about those.

Usage: bench/instructions/count.py CRAYON MODEL [--cpu max,cortex-a76,cortex-a53]
           [--kernels i8mm,dotprod,neon] [--decode 4,36] [--prefill 32,96] [--functions N]

Runs each kernel set on the first of the CPUs that has it. Needs qemu-aarch64 with plugins (Debian's
is), a C compiler for the plugin, and a crayon with symbols for --functions.
"""
import argparse
import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
NEEDS = {"i8mm": ("max",), "dotprod": ("cortex-a76", "neoverse-n1", "max"),
         "neon": ("cortex-a53", "cortex-a72", "cortex-a76", "max")}

Counts = dict[str, float]


def build_plugin(folder: str) -> str:
    plugin = os.path.join(folder, "count.so")
    subprocess.run([os.environ.get("CC", "cc"), "-O2", "-shared", "-fPIC", HERE / "count.c",
                    "-o", plugin], check=True)
    return plugin


class Counter:
    def __init__(self, crayon: str, folder: str):
        self.crayon = crayon
        self.folder = folder
        self.plugin = build_plugin(folder)

    def run(self, cpu: str, kernels: str, arguments: list[str]) -> Counts:
        """Instructions of each function in one run. The environment is emptied: its size shows."""
        out = os.path.join(self.folder, "counts")
        run = subprocess.run(["qemu-aarch64", "-cpu", cpu, "-plugin", f"{self.plugin},out={out}",
                              self.crayon, *arguments, "--kernels", kernels],
                             capture_output=True, text=True, env={"PATH": os.environ["PATH"]})
        if run.returncode != 0:
            sys.exit(f"{' '.join(arguments)} failed under {cpu}: {run.stderr[-500:]}")
        counts = {}
        for line in pathlib.Path(out).read_text().splitlines():
            count, symbol = line.split(" ", 1)
            if "ReadBandwidth" not in symbol:  # what the memory gives, for some time
                counts[symbol] = float(count)
        return counts

    def per_token(self, cpu: str, kernels: str, few: int, many: int, arguments) -> Counts:
        less = self.run(cpu, kernels, arguments(few))
        more = self.run(cpu, kernels, arguments(many))
        return {symbol: (more.get(symbol, 0) - less.get(symbol, 0)) / (many - few)
                for symbol in more.keys() | less.keys()}


def demangled(symbols: list[str]) -> list[str]:
    run = subprocess.run(["c++filt"], input="\n".join(symbols), capture_output=True, text=True)
    return [line.replace("crayon::", "").replace("(anonymous namespace)::", "")
            for line in run.stdout.splitlines()]


def show(what: str, cpu: str, kernels: str, counts: Counts, functions: int) -> None:
    print(f"{kernels:8} {cpu:12} {what:8} {sum(counts.values()) / 1e6:8.3f} M", flush=True)
    top = sorted(counts, key=lambda symbol: -counts[symbol])[:functions]
    for symbol, name in zip(top, demangled(top)):
        print(f"    {counts[symbol] / 1e6:8.3f} M  {name[:100]}")


def two_numbers(text: str) -> tuple[int, int]:
    few, many = (int(part) for part in text.split(","))
    return few, many


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("crayon")
    parser.add_argument("model")
    parser.add_argument("--cpu", default="max,cortex-a76,cortex-a53")
    parser.add_argument("--kernels", default="i8mm,dotprod,neon")
    parser.add_argument("--decode", type=two_numbers, default=(4, 36))
    parser.add_argument("--prefill", type=two_numbers, default=(32, 96))
    parser.add_argument("--functions", type=int, default=0, help="print the most expensive ones")
    options = parser.parse_args()
    bench = ["bench", options.model, "-t", "1", "-r", "1", "--no-warm-up", "--no-pin"]
    with tempfile.TemporaryDirectory() as folder:
        counter = Counter(options.crayon, folder)
        for kernels in options.kernels.split(","):
            cpu = next((c for c in options.cpu.split(",") if c in NEEDS[kernels]), None)
            if cpu is None:
                sys.exit(f"none of {options.cpu} has what {kernels} needs")
            for what, (few, many), arguments in (
                    ("decode", options.decode, lambda n: [*bench, "-p", "0", "-n", str(n)]),
                    ("prefill", options.prefill, lambda n: [*bench, "-p", str(n), "-n", "0"])):
                counts = counter.per_token(cpu, kernels, few, many, arguments)
                show(what, cpu, kernels, counts, options.functions)
    return 0


if __name__ == "__main__":
    sys.exit(main())
