#!/usr/bin/env python3
"""What Crayon's int8 and int4 lose of a model, and what llama.cpp's Q8_0 and Q4_0 lose of it.

    CRAYON_PEER_LLAMA_CPP=/path/of/its/bin bench/peers/quality.py f32.gguf -f TEXT --work FOLDER

Each program is held against itself on the F32 file: perplexity as a ratio, Kullback-Leibler
divergence of the next token's distribution, share of positions with the same most probable token.
Both read windows of 512 tokens that a text-begin token opens; llama.cpp counts the second half of
each, Crayon all of it. Crayon packs the F32 file and the quantised ones, whose numbers it rounds again.
"""
import argparse
import json
import os
import pathlib
import re
import subprocess

import programs

FILES = {"Q8_0": "int8", "Q4_0": "int4"}  # ours that has as many bits
CONTEXT = "512"


def number(pattern, out):
    found = re.search(pattern + r"\s*[:=]?\s*(-?[0-9.]+)", out)
    if found is None:
        raise SystemExit(f"llama-perplexity does not tell {pattern}:\n{out}")
    return float(found.group(1))


class LlamaCpp:
    def __init__(self, folder, arguments):
        self.folder = pathlib.Path(folder)
        self.arguments = arguments
        self.base = arguments.work / "logits.kld"
        self.perplexity(arguments.gguf, "--kl-divergence-base", self.base)
        # The file keeps no probability below e^-16 of the largest, so its own perplexity is too good.
        self.reference = float(re.findall(r"\[\d+\]([0-9.]+)", self.perplexity(arguments.gguf))[-1])

    def perplexity(self, gguf, *more):
        done = subprocess.run(
            [self.folder / "llama-perplexity", "-m", gguf, "-f", self.arguments.file, "-c", CONTEXT,
             "-b", CONTEXT, *more], capture_output=True, text=True, check=True)
        return done.stdout + done.stderr

    def quantised(self, kind):
        # A name that begins with a digit would be taken for a type.
        path = self.arguments.work / f"model-{kind}.gguf"
        programs.run([self.folder / "llama-quantize", self.arguments.gguf, path, kind])
        return path

    def losses(self, gguf):
        out = ""
        for _ in range(20):  # the end of its log is often lost
            out = self.perplexity(gguf, "--kl-divergence-base", self.base, "--kl-divergence")
            if "Same top p:" in out:
                break
        return (number(r"Mean PPL\(Q\)", out) / self.reference, number("Mean    KLD", out),
                number("Same top p:", out))


def packed(source, weights, arguments):
    path = arguments.work / f"{pathlib.Path(source).stem}-{weights}.crayon"
    programs.run([programs.crayon(), "pack", source, "--weights", weights, "-o", path])
    return path


def crayon_losses(reference, model, arguments):
    told = json.loads(programs.run([programs.crayon(), "compare", reference, model, "-f",
                                    arguments.file, "-c", CONTEXT, "--json"]))
    return (told["perplexity"] / told["reference_perplexity"], told["kl_mean"],
            100 * told["same_top"])


def row(name, losses):
    print(f"| {name} | {losses[0]:.5f} | {losses[1]:.5f} | {losses[2]:.2f} % |")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("gguf", help="a model in F32")
    parser.add_argument("-f", "--file", required=True, help="a text")
    parser.add_argument("--work", type=pathlib.Path, required=True, help="a folder for files")
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    peer = LlamaCpp(os.environ["CRAYON_PEER_LLAMA_CPP"], arguments)
    reference = packed(arguments.gguf, "f32", arguments)
    print("| | perplexity / F32 | KL, nats | same top |\n|---|---:|---:|---:|")
    for kind, weights in FILES.items():
        gguf = peer.quantised(kind)
        row(f"llama.cpp {kind}", peer.losses(gguf))
        row(f"Crayon {weights}",
            crayon_losses(reference, packed(arguments.gguf, weights, arguments), arguments))
        row(f"Crayon {weights} of the {kind} file",
            crayon_losses(reference, packed(gguf, weights, arguments), arguments))


if __name__ == "__main__":
    main()
