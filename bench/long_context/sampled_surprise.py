#!/usr/bin/env python3
"""How well surprise with a sampled normaliser puts tokens into the order of the full one.

Usage: bench/long_context/sampled_surprise.py MODEL.crayon TEXT [--tokens 1000]
           [--crayon build/native/cli/crayon]

Computes both from all logits of the text's first tokens. The sample has the shares that
runtime/model/token_surprise.cpp takes of a large vocabulary, in smaller pieces, so that a model with
a small one can say something. Prints the rank correlation, and how many of the most surprising
quarter and half are the same.
"""
import argparse
import array
import json
import math
import pathlib
import subprocess
import tempfile

SHARE = 16  # one piece in so many
SAMPLE = 16  # pieces that are taken together


def sample_of(vocabulary):
    """The ids that are summed, and what each behind the first sixteenth counts."""
    whole = vocabulary // SHARE
    rest = [id for start in range(whole, vocabulary, SHARE * SAMPLE)
            for id in range(start, min(start + SAMPLE, vocabulary))]
    return whole, rest, (vocabulary - whole) / len(rest)


def surprises(row, target, sample):
    """(full, sampled) of one position's logits."""
    whole, rest, weight = sample
    best = max(row)
    full = sum(math.exp(x - best) for x in row)
    some = sum(math.exp(row[id] - best) for id in range(whole))
    some += weight * sum(math.exp(row[id] - best) for id in rest)
    return (best + math.log(full) - row[target], max(best + math.log(some) - row[target], 0.0))


def ranks(values):
    order = sorted(range(len(values)), key=values.__getitem__)
    result = [0] * len(values)
    for rank, index in enumerate(order):
        result[index] = rank
    return result


def correlation(left, right):
    """Spearman's, of values without ties."""
    mean = (len(left) - 1) / 2
    pairs = list(zip(ranks(left), ranks(right)))
    return sum((a - mean) * (b - mean) for a, b in pairs) / sum((a - mean) ** 2 for a, _ in pairs)


def agreement(left, right, share):
    """Of the largest `share`, those that both have."""
    count = int(len(left) * share)
    top = [set(sorted(range(len(values)), key=values.__getitem__)[-count:])
           for values in (left, right)]
    return len(top[0] & top[1]) / count


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("text", type=pathlib.Path)
    parser.add_argument("--tokens", type=int, default=1000)
    parser.add_argument("--crayon", default="build/native/cli/crayon")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        ids_file, raw = pathlib.Path(folder) / "ids.json", pathlib.Path(folder) / "logits.f32"
        done = subprocess.run([options.crayon, "tokenize", options.model, "-f", options.text, "--json"],
                              check=True, capture_output=True)
        ids = json.loads(done.stdout)["ids"][:options.tokens]
        ids_file.write_text(json.dumps(ids))
        subprocess.run([options.crayon, "logits", options.model, "--ids", ids_file, "--raw", raw],
                       check=True)
        logits = array.array("f", raw.read_bytes())
    vocabulary = len(logits) // len(ids)
    sample = sample_of(vocabulary)
    pairs = [surprises(logits[t * vocabulary:(t + 1) * vocabulary], ids[t + 1], sample)
             for t in range(len(ids) - 1)]
    full, some = map(list, zip(*pairs))
    print(f"{len(pairs)} tokens, vocabulary of {vocabulary}")
    print(f"rank correlation {correlation(full, some):.3f}")
    for share in (0.25, 0.5):
        print(f"the most surprising {100 * share:.0f} %: {100 * agreement(full, some, share):.1f} % "
              "the same")


if __name__ == "__main__":
    main()
