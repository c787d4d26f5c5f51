#!/usr/bin/env python3
"""Measures what the program weighs: stripped size, start-up time and peak memory.

Usage: bench/footprint.py MODEL.crayon [--program build/release/cli/crayon]
                          [--aarch64 build/aarch64/cli/crayon] [--runs 11]

The size is that of the program without symbols, which links Debian's libraries dynamically.
Start-up is the wall time of `--version` (the program alone) and of `run -n 1` (load the bundle,
prefill two tokens, decode one), native, median of the runs after one warm-up. Peak memory is the
largest resident set of that second command.
"""
import argparse
import os
import shutil
import statistics
import subprocess
import tempfile
import time


def stripped_bytes(program: str, tool: str) -> int:
    with tempfile.TemporaryDirectory() as folder:
        copy = os.path.join(folder, "stripped")
        subprocess.run([tool, "-o", copy, program], check=True)
        return os.path.getsize(copy)


def run(command: list[str]) -> tuple[float, int]:
    """Wall seconds and peak resident KiB of one process."""
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    if status != 0:
        raise SystemExit(f"{' '.join(command)} ended with status {status}")
    return seconds, usage.ru_maxrss


def measure(command: list[str], runs: int) -> tuple[float, int]:
    results = [run(command) for _ in range(runs + 1)][1:]
    return statistics.median(r[0] for r in results), max(r[1] for r in results)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("--program", default="build/release/cli/crayon")
    parser.add_argument("--aarch64", default="build/aarch64/cli/crayon")
    parser.add_argument("--runs", type=int, default=11)
    options = parser.parse_args()

    print(f"{'size, stripped, native':32} {stripped_bytes(options.program, 'strip') / 1e6:8.2f} MB")
    if os.path.exists(options.aarch64) and shutil.which("aarch64-linux-gnu-strip"):
        size = stripped_bytes(options.aarch64, "aarch64-linux-gnu-strip")
        print(f"{'size, stripped, aarch64':32} {size / 1e6:8.2f} MB")
    seconds, _ = measure([options.program, "--version"], options.runs)
    print(f"{'start-up, program alone':32} {seconds * 1e3:8.2f} ms")
    first = [options.program, "run", options.model, "-p", "Once", "-n", "1", "--threads", "1"]
    seconds, peak = measure(first, options.runs)
    print(f"{'start-up to the first token':32} {seconds * 1e3:8.2f} ms")
    print(f"{'peak resident memory':32} {peak / 1024:8.2f} MiB")


if __name__ == "__main__":
    main()
