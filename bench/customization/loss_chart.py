#!/usr/bin/env python3
"""Draws the loss of training runs from the loss.csv in their folders, as SVG.

    bench/customization/loss_chart.py [NAME=]FOLDER/loss.csv... [--title TEXT] [--smooth N] > loss.svg
"""
import argparse
import csv
import pathlib
import sys

import svg


def read_run(path):
    """(million tokens, loss) of each line. A resumed run repeats what came after its last
    checkpoint; what it wrote last counts."""
    steps = {}
    with open(path, encoding="utf-8") as log:
        for row in csv.DictReader(log):
            steps[int(row["step"])] = (int(row["tokens"]) / 1e6, float(row["loss"]))
    return [steps[step] for step in sorted(steps)]


def smooth(points, width):
    """Each loss becomes the mean of itself and the `width` - 1 before it."""
    losses = [loss for _, loss in points]
    means = (losses[max(0, i + 1 - width):i + 1] for i in range(len(losses)))
    return [(tokens, sum(some) / len(some)) for (tokens, _), some in zip(points, means)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", nargs="+", metavar="[NAME=]CSV")
    parser.add_argument("--title", default="Training loss")
    parser.add_argument("--smooth", type=int, default=1, help="mean over so many lines (1)")
    options = parser.parse_args()
    lines = []
    for run in options.runs:
        name, _, path = run.rpartition("=")
        points = smooth(read_run(path), max(1, options.smooth))
        if not points:
            sys.exit(f"{path}: no step is logged")
        lines.append(svg.Line(name or pathlib.Path(path).resolve().parent.name, points))
    print(svg.lines(options.title, lines, "million tokens", "loss per token (nats)"), end="")


if __name__ == "__main__":
    main()
