#!/usr/bin/env python3
"""Compares the time of a blend with the time of decoding a few tokens, on the same model.

Usage: bench/blend_time.py MODEL.crayon POOL.crayon EXAMPLES.jsonl
           [--examples 16] [--tokens 16] [--rules crayon nearest] [--runs 11] [--threads T]
           [--program build/release/cli/crayon]

A blend is what `crayon blend` times: embedding the examples, the rule, and the sum of the factors;
not loading and not writing. Below it stand the same with the bundle written (compressed, hashed and
on the disk), and the whole command from its start to its exit, with the model and the pool loaded.
Decoding is the forward passes for --tokens tokens behind a short prompt, without an adapter: what
the user would wait for anyway. All take turns, so that whatever else the machine does disturbs all;
the first turn is not counted. The numbers are medians, with the 10th and 90th percentile, and the
ratio is that of the medians.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import tempfile
import time


def tell(*command) -> dict:
    """What a command prints as JSON."""
    done = subprocess.run([*map(str, command), "--json"], capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(map(str, command))}\n{done.stderr}")
    return json.loads(done.stdout)


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[round(share * (len(values) - 1))]


def row(name: str, milliseconds: list[float], reference: float | None = None) -> None:
    text = (f"{name:24}{statistics.median(milliseconds):10.2f} ms   "
            f"{percentile(milliseconds, 0.1):8.2f} to {percentile(milliseconds, 0.9):.2f}")
    if reference is not None:
        text += f"   {statistics.median(milliseconds) / reference:8.3f} of decoding"
    print(text)


def governor() -> str:
    path = pathlib.Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
    return path.read_text().strip() if path.exists() else "unknown"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("pool")
    parser.add_argument("questions", metavar="EXAMPLES.jsonl")
    parser.add_argument("--examples", type=int, default=16)
    parser.add_argument("--tokens", type=int, default=16)
    parser.add_argument("--rules", nargs="+", default=["crayon"])
    parser.add_argument("--runs", type=int, default=11)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--program", default="build/release/cli/crayon")
    options = parser.parse_args()

    lines = [line for line in pathlib.Path(options.questions).read_text().splitlines() if line]
    lines = lines[:options.examples]
    with tempfile.TemporaryDirectory() as folder:
        examples = os.path.join(folder, "mine.jsonl")
        pathlib.Path(examples).write_text("\n".join(lines) + "\n")
        decode = [options.program, "run", options.model, "-p", "Question: what", "--ignore-end",
                  # The first token comes out of the prompt's own pass.
                  "-n", options.tokens + 1, "--threads", options.threads]
        decoding: list[float] = []
        blending: dict[str, dict[str, list[float]]] = {
            rule: {f"blend, {rule}": [], "  and written": [], "  whole command": []}
            for rule in options.rules}
        for _ in range(options.runs + 1):
            decoding.append(tell(*decode)["decode_seconds"] * 1e3)
            for rule in options.rules:
                started = time.monotonic()
                told = tell(options.program, "blend", options.pool, "--base", options.model,
                            "--examples", examples, "-o", os.path.join(folder, "mine.crayon"),
                            "--rule", rule, "--threads", options.threads)
                whole = (time.monotonic() - started) * 1e3
                blend = told["milliseconds"]
                measured = (blend, blend + told["write_milliseconds"], whole)
                for values, value in zip(blending[rule].values(), measured, strict=True):
                    values.append(value)

    kernels = tell(options.program, "doctor")["chosen"]
    print(f"{len(lines)} examples, {options.tokens} tokens, {options.threads} threads, kernels "
          f"{kernels}, governor {governor()}, {options.runs} runs after one to warm up")
    row(f"decode {options.tokens} tokens", decoding[1:])
    reference = statistics.median(decoding[1:])
    for rows in blending.values():
        for name, values in rows.items():
            row(name, values[1:], reference)


if __name__ == "__main__":
    main()
