#!/usr/bin/env python3
"""Measures what weights on words do for a small CLIP that was trained on generated scenes.

Usage: bench/emphasis/scenes.py --model FOLDER -o OUT [--scenes 1000] [--only zero-shot,retrieval,few-shot]
           [--shots 1,2,4,8,16] [--draws 5] [--crayon build/native/cli/crayon]
           [--train build/native/train/crayon-train]

FOLDER is what `crayon-train clip` made. Held-out scenes have other seeds than those that it learned from.

    zero-shot   accuracy by the nearest of "a photo of a SHAPE", or of "a photo of a COLOR shape"
    retrieval   of the ten pictures that `crayon search` finds for "a COLOR SHAPE", the share that has the
                colour and the share that has the shape, as the weight of either word goes from 0.2 to 4;
                in the whole gallery, and torn between the two where those with both are left out
    few-shot    classes are shapes, and their prompts say more than that, of which much is wrong for most
                pictures ("a small red circle on a gray background"): accuracy with the prompts as they
                are, and with weights of their words learned from some pictures a class
                (`crayon-train token-weights`), over --draws draws of pictures

OUT gets the scenes, the encoder, results.json and retrieval.svg; tables go to standard output.
"""
import argparse
import json
import pathlib
import random
import statistics
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "customization"))
import stats  # noqa: E402
import svg  # noqa: E402

SHAPES = ("circle", "square", "triangle", "star", "cross", "ring")
COLOURS = ("red", "green", "blue", "yellow", "orange", "purple", "pink", "cyan")
PARTS = ("zero-shot", "retrieval", "few-shot")
WEIGHTS = (0.2, 0.5, 1, 2, 4)
# What is said besides the shape is true of few pictures of the class.
NOISY = {"circle": "a small red circle on the left of a gray background",
         "square": "a large blue square on a brown background",
         "triangle": "a green triangle at the top on a white background",
         "star": "a small purple star on a black background",
         "cross": "a large pink cross on the right of a blue background",
         "ring": "a cyan ring at the bottom on a green background"}


class Bench:
    def __init__(self, options):
        self.options = options
        self.out = options.out.resolve()
        self.out.mkdir(parents=True, exist_ok=True)

    def run(self, program, *arguments):
        done = subprocess.run([program.resolve(), *map(str, arguments)], capture_output=True,
                              text=True, cwd=self.out, timeout=3600)
        if done.returncode != 0:
            raise SystemExit(f"{program} {' '.join(map(str, arguments))}:\n{done.stderr}")
        return done.stdout

    def crayon(self, *arguments):
        return json.loads(self.run(self.options.crayon, *arguments, "--json"))

    def scenes(self, name, seed):
        """Scenes of one shape each, with their labels."""
        captions = self.out / name / "captions.jsonl"
        if not captions.exists():
            self.run(self.options.train, "scenes", "-o", name, "-n", self.options.scenes,
                     "-s", seed, "--size", self.options.size, "--things", 1)
        return [json.loads(line) for line in captions.read_text().splitlines()]

    def prepare(self):
        self.crayon("pack", self.options.model.resolve(), "-o", "clip.crayon")
        self.held = self.scenes("held", 9001)

    def embed(self, texts=(), images=()):
        parts = [each for text in texts for each in ("-p", text)]
        parts += [each for image in images for each in ("--image", image)]
        return [row["vector"] for row in
                self.crayon("embed", "clip.crayon", *parts)["embeddings"]]


def cosine(x, y):
    return sum(a * b for a, b in zip(x, y))


def zero_shot(bench):
    images = bench.embed(images=[f"held/{scene['image']}" for scene in bench.held])
    result = {}
    for field, classes, prompt in (("shape", SHAPES, "a photo of a {}"),
                                   ("color", COLOURS, "a photo of a {} shape")):
        texts = bench.embed([prompt.format(each) for each in classes])
        right = sum(classes[max(range(len(classes)), key=lambda c: cosine(image, texts[c]))] ==
                    scene[field] for image, scene in zip(images, bench.held))
        low, high = stats.wilson(right, len(images))
        result[field] = {"accuracy": right / len(images), "low": low, "high": high,
                         "n": len(images), "chance": 1 / len(classes)}
        print(f"zero-shot {field}: {100 * right / len(images):.1f} % "
              f"({100 * low:.1f}–{100 * high:.1f}) of {len(images)}, chance "
              f"{100 / len(classes):.1f} %", flush=True)
    return result


def share_with(hits, labels, field, wanted):
    return statistics.fmean(labels[hit["image"]][field] == wanted for hit in hits)


def retrieval(bench, most=10):
    """{"whole" or "torn": {weighed word: {field: [precision by weight]}}}"""
    labels = {scene["image"]: scene for scene in bench.held}
    bench.crayon("index", "clip.crayon", "held", "-o", "held.crayon")
    fields = ("color", "shape")
    shares = {kind: {word: {field: [[] for _ in WEIGHTS] for field in fields} for word in fields}
              for kind in ("whole", "torn")}
    for colour in COLOURS:
        for shape in SHAPES:
            wanted = {"color": colour, "shape": shape}
            for word in fields:
                found = bench.crayon("search", "held.crayon", f"a {colour} {shape}", "-k",
                                     len(labels), "--sweep", wanted[word])["sweep"]
                for place, step in enumerate(found):
                    torn = [hit for hit in step["hits"] if any(
                        labels[hit["image"]][field] != wanted[field] for field in fields)]
                    for kind, hits in (("whole", step["hits"]), ("torn", torn)):
                        for field in fields:
                            shares[kind][word][field][place].append(
                                share_with(hits[:most], labels, field, wanted[field]))
    result = {kind: {word: {field: [statistics.fmean(values) for values in by_weight]
                            for field, by_weight in by_field.items()}
                     for word, by_field in words.items()} for kind, words in shares.items()}
    print("| gallery | weighed | precision of | " +
          " | ".join(f"{weight:g}" for weight in WEIGHTS) + " |")
    print("|---|---|---|" + "---:|" * len(WEIGHTS))
    for kind, words in result.items():
        for word, by_field in words.items():
            for field, values in by_field.items():
                print(f"| {kind} | {word} | {field} | " +
                      " | ".join(f"{100 * value:.1f}" for value in values) + " |", flush=True)
    series = [svg.Line(f"{field}, as the {word} weighs more", list(zip(WEIGHTS, values)), True)
              for word, by_field in result["torn"].items() for field, values in by_field.items()]
    (bench.out / "retrieval.svg").write_text(
        svg.lines("Found for \"a COLOR SHAPE\" where no picture has both", series,
                  "weight of the word", "share of the ten nearest that has it"))
    return result


def learn(bench, scenes, shots, draw):
    """Weights learned from `shots` pictures a class: the verb's result."""
    source = random.Random(1000 * shots + draw)
    chosen = []
    for shape in SHAPES:
        chosen += source.sample([scene for scene in scenes if scene["shape"] == shape], shots)
    lines = [json.dumps({"image": scene["image"], "label": scene["shape"]}) for scene in chosen]
    (bench.out / "few/labelled.jsonl").write_text("\n".join(lines) + "\n")
    bench.run(bench.options.train, "token-weights", bench.options.model.resolve(), "--labelled",
              "few/labelled.jsonl", "--held-out", "held/shapes.jsonl", "--classes", "classes.json",
              "-o", "weights.json", "--steps", bench.options.steps, "-t", 1)
    return json.loads((bench.out / "weights.json").read_text())


def few_shot(bench):
    few = bench.scenes("few", 9002)
    (bench.out / "classes.json").write_text(json.dumps(NOISY))
    (bench.out / "held/shapes.jsonl").write_text("".join(
        json.dumps({"image": scene["image"], "label": scene["shape"]}) + "\n"
        for scene in bench.held))
    result = {"shots": {}}
    print("| shots | before | after, mean of draws | least | most |\n|---:|---:|---:|---:|---:|")
    for shots in bench.options.shots:
        learned = [learn(bench, few, shots, draw) for draw in range(bench.options.draws)]
        before = learned[0]["held_out"]["before"]["accuracy"]
        after = [each["held_out"]["after"]["accuracy"] for each in learned]
        result["shots"][shots] = {"before": before, "after": after}
        print(f"| {shots} | {100 * before:.1f} | {100 * statistics.fmean(after):.1f} | "
              f"{100 * min(after):.1f} | {100 * max(after):.1f} |", flush=True)
    result["weights"] = {name: each["emphasised"] for name, each in learned[0]["classes"].items()}
    result["ratio"] = shape_to_others(learned)
    print("with the most shots, first draw:")
    for emphasised in result["weights"].values():
        print("    " + emphasised)
    print(f"the shape's word weighs {result['ratio']:.2f} times as much as the mean of the others "
          "(geometric means over classes and draws)")
    return result


def shape_to_others(learned):
    ratios = []
    for each in learned:
        for name, described in each["classes"].items():
            weights = {word["word"]: word["weight"] for word in described["words"]}
            others = [weight for word, weight in weights.items() if word != name]
            ratios.append(weights[name] / statistics.geometric_mean(others))
    return statistics.geometric_mean(ratios)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    path = pathlib.Path
    parser.add_argument("--model", type=path, required=True)
    parser.add_argument("-o", "--out", type=path, required=True)
    parser.add_argument("--scenes", type=int, default=1000, help="held out, and to draw from (1000)")
    parser.add_argument("--size", type=int, default=48, help="pixels of a side (48)")
    parser.add_argument("--only", type=lambda text: text.split(","), default=PARTS)
    parser.add_argument("--shots", type=lambda text: [int(each) for each in text.split(",")],
                        default=[1, 2, 4, 8, 16])
    parser.add_argument("--draws", type=int, default=5, help="of the pictures to learn from (5)")
    parser.add_argument("--steps", type=int, default=200, help="of Adam (200)")
    parser.add_argument("--crayon", type=path, default=path("build/native/cli/crayon"))
    parser.add_argument("--train", type=path, default=path("build/native/train/crayon-train"))
    options = parser.parse_args()
    bench = Bench(options)
    bench.prepare()
    results_file = bench.out / "results.json"
    results = json.loads(results_file.read_text()) if results_file.exists() else {}
    for part, measure in (("zero-shot", zero_shot), ("retrieval", retrieval),
                          ("few-shot", few_shot)):
        if part in options.only:
            results[part] = measure(bench)
            results_file.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
