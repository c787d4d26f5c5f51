#!/usr/bin/env python3
"""Measures what each rule of context distillation costs in quality, in contexts of a small pot.

Usage: bench/long_context/long_context.py --model MODEL.crayon -o OUT [--filler BOOKS.txt]
           [--pot 256] [--items 20] [--questions 50] [--places 16] [--rules infinipot,streaming]
           [--only needles,questions,tails,ablation,speed] [--lengths 1,2,4] [--estimate]
           [--crayon build/native/cli/crayon] [--train build/native/train/crayon-train]

    needles     accuracy by rule, text length (1 to 64 pots) and depth of the needle, one among
                one and among four, in logs and in books: --items each
    questions   accuracy by rule and text length (1 to 16 pots) on the generator's logs and manuals:
                --questions of each task
    tails       perplexity of the last --tail tokens of a text of 1 to 16 pots that ends at one of
                --places places of the books. At one pot the tail is nearly all of it
    ablation    infinipot with other shares of surprise, other catalysts and other shares kept
    speed       `crayon read` of a text of --read-length pots

Everything is asked of the programs: `crayon-train tasks` writes the questions, so long that the
longest prompt has its number of pots less 32 tokens, for the answer; `crayon eval`, `perplexity`
and `read` give the numbers. A rule gets a context of one pot; `none`, the upper line, all of the
positions that the model takes, and texts no longer than these. --filler is a text that the model
has not been trained on; without it nothing is asked about books.

OUT/results.jsonl gets a line for each cell that is measured. A second call measures what is
missing, also after a kill; with other numbers of items, new lines take the place of the old ones. A
folder is for one model, pot, tail, seed and filler. `tables.py` and `heat_map.py` make pages of it.
"""
import argparse
import json
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "customization"))
import bench  # noqa: E402
import cells as cell_lists  # noqa: E402
import distilling  # noqa: E402
import lines  # noqa: E402
import program  # noqa: E402
import texts  # noqa: E402


def some_of(known):
    """A parser of comma-separated names."""
    def parse(text):
        names = text.split(",")
        unknown = set(names) - set(known)
        if unknown:
            raise argparse.ArgumentTypeError(
                f"no {', '.join(sorted(unknown))}: there are {', '.join(known)}")
        return names
    return parse


def numbers(text):
    return [int(each) for each in text.split(",")]


def options_of(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    path = pathlib.Path
    parser.add_argument("--model", type=path, required=True, help="model bundle")
    parser.add_argument("-o", "--out", type=path, required=True, help="folder of the results")
    parser.add_argument("--filler", type=path, help="books, for needles, tails and speed")
    parser.add_argument("--pot", type=int, default=256, help="positions of a context (256)")
    parser.add_argument("--items", type=int, default=20, help="of a cell of the needle grid (20)")
    parser.add_argument("--needles", type=numbers, default=[1, 4], help="in a text (1,4)")
    parser.add_argument("--questions", type=int, default=50, help="of each other task (50)")
    parser.add_argument("--places", type=int, default=16, help="in the books (16)")
    parser.add_argument("--tail", type=int, default=256, help="tokens of a tail (256)")
    parser.add_argument("--read-length", type=int, default=400, help="pots, for speed (400)")
    parser.add_argument("--rules", type=some_of(distilling.RULES), default=distilling.RULES)
    parser.add_argument("--only", type=some_of(cell_lists.PARTS), default=cell_lists.PARTS)
    parser.add_argument("--lengths", type=numbers, help="only those of so many pots")
    parser.add_argument("--seed", type=int, default=200, help="of the generator (200)")
    parser.add_argument("--rate", type=float, default=20000, help="tokens/s, to estimate the time")
    parser.add_argument("--estimate", action="store_true", help="say what there is to do, and end")
    parser.add_argument("--crayon", type=path, default=path("build/native/cli/crayon"))
    parser.add_argument("--train", type=path, default=path("build/native/train/crayon-train"))
    return parser.parse_args(arguments)


def about(options):
    filler = program.hash_of(options.filler) if options.filler else ""
    return {"model": program.hash_of(options.model), "pot": options.pot, "tail": options.tail,
            "seed": options.seed, "filler": filler}


def minutes(seconds):
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def estimate(missing, options):
    """What there is to read, part by part, as text."""
    rows = []
    for part in cell_lists.PARTS + ["all"]:
        tokens = [cell.tokens(options.pot) for cell in missing if part in (cell.part, "all")]
        if tokens:
            rows.append(f"{part:10} {len(tokens):5} cells {sum(tokens) / 1e6:8.1f} M tokens  "
                        f"{minutes(sum(tokens) / options.rate):>8}")
    return "\n".join(rows + [f"at {options.rate:.0f} tokens/s (--rate)"])


def said_of(found):
    if "right" in found:
        return f"{found['right']} right"
    if "perplexities" in found:
        return f"perplexities {min(found['perplexities']):.1f} to {max(found['perplexities']):.1f}"
    return f"{found['tokens'] / found['wall_seconds']:.0f} tokens/s"


def measure_all(missing, measuring, store, pot):
    """Adds a line for each missing cell, and says how it goes."""
    began, read, left = time.monotonic(), 0, sum(cell.tokens(pot) for cell in missing)
    for count, cell in enumerate(missing, 1):
        found = measuring.measure(cell)
        store.add(cell.fields() | found)
        read += cell.tokens(pot)
        left -= cell.tokens(pot)
        rest = (time.monotonic() - began) / read * left
        depth = "" if cell.depth is None else f" at {cell.depth:g}"
        print(f"[{count}/{len(missing)}] {cell.part:9} {cell.how.rule:9} {cell.task} "
              f"{cell.length}x{depth}: {said_of(found)} of {cell.n}, {found['seconds']:.1f} s; "
              f"{minutes(rest)} left", flush=True)
        if "remarks" in found:
            print(f"    {found['remarks']}", flush=True)


def main():
    options = options_of()
    crayon = program.Program(options.crayon)
    model, _, _ = crayon.json("info", options.model)
    most_positions = model["config"]["max_context"]
    done = {cell_lists.cell_of(line) for line in lines.read_lines(options.out / lines.RESULTS)}
    wanted = cell_lists.all_cells(options, most_positions)
    missing = [cell for cell in wanted if cell not in done]
    print(f"{len(wanted)} cells, of which {len(missing)} are to be measured")
    if not options.filler:
        print("without --filler nothing is asked about books")
    print(estimate(missing, options), flush=True)
    if options.estimate:
        return
    store = lines.Lines(options.out, about(options))
    if not options.train.exists():
        raise SystemExit(f"there is no program {options.train}: build it, or name it with --train")
    given = texts.Texts(options.out / "texts", crayon, str(options.train.resolve()), options)
    measuring = bench.Bench(crayon, given, options, most_positions)
    try:
        measure_all(missing, measuring, store, options.pot)
    except program.Failed as failed:
        raise SystemExit(str(failed)) from None


if __name__ == "__main__":
    main()
