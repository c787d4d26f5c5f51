#!/usr/bin/env python3
"""Measures what stressing a sentence of a long context does to a language model's answers.

Usage: bench/emphasis/long_qa.py --model MODEL.crayon -o RESULTS.json [--items 40] [--length 450]
           [--tasks needle_in_log,long_log_event] [--weights 1,1.5,2,3,4] [--layers 0]
           [--crayon build/native/cli/crayon] [--train build/native/train/crayon-train]

`crayon-train tasks --set long` writes the questions, `crayon ask` answers them, greedily. A question has
a relevant sentence, the one with the answer in it that shares the most words with the question, and
others that could be asked for, which have another of the choices in them. Each question is asked

    relevant    with its relevant sentence at each weight
    other       with one of the other sentences at each weight, as if somebody else's question had been
                stressed: what emphasis does to the answers that it was not meant for

and the share of right answers is printed with its 95 % interval (Wilson 1927).
"""
import argparse
import json
import pathlib
import random
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "customization"))
import stats  # noqa: E402

TASKS = ["needle_in_log", "needle_in_manual", "long_log_event", "long_log_unit",
         "long_code_meaning", "long_code_action"]


def words(text):
    return set(re.findall(r"[a-z0-9]+", text.lower()))


def sentences_of(context):
    return [part.strip() for part in re.split(r"(?<=[.!?])\s+", context) if part.strip()]


def has(sentence, choice):
    return re.search(rf"(?<!\w){re.escape(choice)}(?!\w)", sentence) is not None


def nearest(sentences, question):
    asked = words(question)
    return max(sentences, key=lambda sentence: len(words(sentence) & asked), default=None)


def spans_of(item, source):
    """The relevant sentence, and one that another question would be about; None where there is none."""
    sentences = sentences_of(item["context"])
    answer = item["choices"][item["answer"]]
    relevant = nearest([each for each in sentences if has(each, answer)], item["question"])
    others = [each for each in sentences if each != relevant and
              any(has(each, choice) for choice in item["choices"] if choice != answer)]
    return relevant, source.choice(others) if others else None


def normal(text):
    return re.sub(r"\s+", " ", text.strip().lower()).rstrip(".")


class Asker:
    def __init__(self, options):
        self.options = options

    def right(self, item, sentence, weight):
        command = [self.options.crayon, "ask", self.options.model, "-n", "24", "--json", "-t", "1",
                   "--route", "local", item["context"] + "\n" + item["question"]]
        if weight != 1:
            phrase = sentence.rstrip(".!?")[:250]
            command += ["--weight", f"{phrase}={weight}", "--emphasis-layer",
                        str(self.options.layers)]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
        answer = json.loads(done.stdout)["answer"]
        return normal(answer) == normal(item["choices"][item["answer"]])


def items_of(options, task):
    done = subprocess.run([options.train, "tasks", "--set", "long", task, "-n", str(options.items),
                           "--seed", str(options.seed), "--length", str(options.length)],
                          capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def measure(options, task):
    """{"relevant": {weight: (right, n)}, "other": {..}} of one task."""
    asker, source = Asker(options), random.Random(options.seed)
    items = [(item, *spans_of(item, source)) for item in items_of(options, task)]
    items = [each for each in items if each[1] and each[2]]
    plain = [asker.right(item, relevant, 1) for item, relevant, _ in items]
    counts = {}
    for kind, place in (("relevant", 1), ("other", 2)):
        counts[kind] = {}
        for weight in options.weights:
            right = plain if weight == 1 else [asker.right(each[0], each[place], weight)
                                               for each in items]
            counts[kind][weight] = (sum(right), len(right))
    return counts


def print_table(results, weights):
    print("| task | stressed | " + " | ".join(f"{weight:g}" for weight in weights) + " |")
    print("|---|---|" + "---:|" * len(weights))
    for task, kinds in results.items():
        for kind, counts in kinds.items():
            cells = []
            for weight in weights:
                right, n = counts[weight]
                low, high = stats.wilson(right, n)
                cells.append(f"{100 * right / n:.0f} ({100 * low:.0f}–{100 * high:.0f})")
            print(f"| {task} | {kind} | " + " | ".join(cells) + " |", flush=True)


def with_sums(results, weights):
    sums = {kind: {weight: tuple(sum(kinds[kind][weight][i] for kinds in results.values())
                                 for i in (0, 1)) for weight in weights}
            for kind in ("relevant", "other")}
    return {**results, "all": sums}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    path = pathlib.Path
    parser.add_argument("--model", type=path, required=True)
    parser.add_argument("-o", "--out", type=path, required=True)
    parser.add_argument("--items", type=int, default=40, help="of each task (40)")
    parser.add_argument("--length", type=int, default=450, help="of a context, in words (450)")
    parser.add_argument("--tasks", type=lambda text: text.split(","), default=TASKS)
    parser.add_argument("--weights", type=lambda text: [float(each) for each in text.split(",")],
                        default=[1, 1.5, 2, 3, 4])
    parser.add_argument("--layers", type=int, default=0, help="first layer that is stressed (0)")
    parser.add_argument("--seed", type=int, default=200)
    parser.add_argument("--crayon", type=path, default=path("build/native/cli/crayon"))
    parser.add_argument("--train", type=path, default=path("build/native/train/crayon-train"))
    options = parser.parse_args()
    results = {task: measure(options, task) for task in options.tasks}
    results = with_sums(results, options.weights)
    options.out.write_text(json.dumps(results))
    print_table(results, options.weights)


if __name__ == "__main__":
    main()
