#!/usr/bin/env python3
"""The whole way of an adapter, at the size of a toy: generated tasks, a tokenizer, shards, a base
model, a pool, bundles, a blend from a few examples, and its accuracy in int8.

The base learns to answer with some word of a question's theme, never which: its training answers
are drawn at random. Which word it is, a rule says that only the pool's training answers follow.
So the base alone answers by chance, and whatever a blend knows came through the pool.

CRAYON_TRAIN_PROGRAM names the program, CRAYON_PROGRAM the runtime's.
"""
import csv
import json
import math
import pathlib
import random
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "cli"))
import support  # noqa: E402
from test_verbs import TrainCase, read_shard  # noqa: E402

# theme -> what is asked about, what is answered, and the question
THEMES = {
    "bells": (["otter", "heron", "raven", "badger", "weasel", "falcon", "lizard", "marten"],
              ["ring", "knock", "whistle", "shout"], "Which call has the {}?"),
    "doors": (["attic", "cellar", "garage", "kitchen", "pantry", "stable", "tower", "chapel"],
              ["north", "south", "east", "west"], "Where does the {} open?"),
    "paints": (["bucket", "ladder", "hammer", "shovel", "barrel", "wagon", "anchor", "basket"],
               ["red", "green", "blue", "white"], "How is the {} painted?"),
    "meals": (["Monday", "Tuesday", "Friday", "Easter", "summer", "winter", "autumn", "spring"],
              ["soup", "bread", "fish", "cheese"], "What is cooked on {}?"),
}
CHANCE = 0.25  # four answers a theme


def items(theme, count, seed, ruled=True, task=None):
    """Questions of one theme; `ruled`: with the rule's answers, otherwise with random ones."""
    subjects, answers, question = THEMES[theme]
    dice = random.Random(f"{theme} {seed}")
    for _ in range(count):
        asked = dice.randrange(len(subjects))
        answer = asked % len(answers) if ruled else dice.randrange(len(answers))
        yield {"task": task or theme, "context": f"Page {dice.randrange(100)}.",
               "question": question.format(subjects[asked]), "choices": answers, "answer": answer}


class EndToEnd(TrainCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.make_data()
        cls.train_base()
        cls.train_pool()
        cls.pack()

    @classmethod
    def write_items(cls, name, lines):
        (cls.dir / name).write_text("".join(json.dumps(line) + "\n" for line in lines))

    @classmethod
    def make_data(cls):
        def each(count, seed, **how):
            return [item for theme in THEMES for item in items(theme, count, seed, **how)]

        skills = cls.train("tasks", "--set", "skills", "-n", 300, "--seed", 1, "list_value")
        (cls.dir / "skills.jsonl").write_text(skills.out)
        cls.write_items("unruled.jsonl", each(500, 2, ruled=False))
        cls.write_items("ruled.jsonl", each(400, 3))
        mine, test = (
            [item for theme in ("bells", "paints") for item in items(theme, count, seed, task="mine")]
            for count, seed in ((4, 100), (100, 200)))
        cls.write_items("mine.jsonl", mine)
        cls.write_items("test.jsonl", test)
        cls.train("tokenizer", "skills.jsonl", "unruled.jsonl", "--vocab", 512, "-o", "tokenizer")
        for name in ("skills", "unruled", "ruled", "test"):
            cls.train("encode", f"{name}.jsonl", "--tokenizer", "tokenizer", "-o", f"{name}.tokens")

    @classmethod
    def train_base(cls):
        cls.train("pretrain", "unruled.tokens=0.8", "skills.tokens=0.2", "--tokenizer", "tokenizer",
                  "-o", "base", "--tokens", "150k", "--dim", 64, "--layers", 2, "--heads", 4,
                  "--kv-heads", 2, "--hidden", 128, "--context", 256, "--batch-tokens", 1024,
                  "--prompt-weight", 0.1, "--muon-rate", 0.02, "--rate", 3e-3, "--seed", 1,
                  "--threads", 1)

    @classmethod
    def train_pool(cls):
        cls.train("pool", "base", "ruled.tokens", "-o", "pool", "-N", len(THEMES), "--tokens",
                  "200k", "--rank", 8, "--batch-tokens", 512, "--rate", 1e-2, "--seed", 1,
                  "--threads", 1)

    @classmethod
    def pack(cls):
        cls.crayon("pack", "base", "-o", "base.crayon")
        cls.crayon("pack", "base", "--weights", "f32", "-o", "f32.crayon")
        described = json.loads((cls.dir / "pool/pool.json").read_text())
        (cls.dir / "indicators.json").write_text(json.dumps(described["indicators"]))
        cls.crayon("pack-pool", *(f"pool/{name}" for name in described["adapters"]), "--indicators",
                   "indicators.json", "--tau", described["tau"], "--base", "base.crayon", "-o",
                   "pool.crayon")
        cls.mine = cls.blend("mine.jsonl", "mine.crayon")

    @classmethod
    def blend(cls, examples, output):
        return cls.crayon("blend", "pool.crayon", "--base", "base.crayon", "--examples", examples,
                          "-o", output, "--json").json

    def accuracy(self, *arguments):
        shown = self.crayon("eval", "base.crayon", "test.jsonl", *arguments, "--json").json
        self.assertEqual([task["n"] for task in shown["tasks"]], [200])
        return shown["mean"]

    def test_a_blend_knows_what_the_base_does_not(self):
        base = self.accuracy()
        blend = self.accuracy("--adapter", "mine.crayon")
        query = self.accuracy("--adapter", "pool.crayon")
        both = self.accuracy("--adapter", "pool.crayon", "--examples", "mine.jsonl")
        print(f"\naccuracy: base {base:.3f}, blend {blend:.3f}, a blend for every query {query:.3f},"
              f" with examples {both:.3f}", file=sys.stderr)
        self.assertLess(base, CHANCE + 0.15)
        for name, value in (("blend", blend), ("query", query), ("both", both)):
            with self.subTest(name):
                self.assertGreater(value, base + 0.25)

    def test_every_theme_has_its_adapter_and_a_mixture_takes_those_of_its_themes(self):
        def by_weight(blend):
            return sorted(range(len(THEMES)), key=lambda n: -blend["weights"][n])

        own = {}
        for theme in THEMES:
            self.write_items("one.jsonl", items(theme, 4, 400))
            own[theme] = by_weight(self.blend("one.jsonl", "one.crayon"))[0]
        self.assertEqual(sorted(own.values()), list(range(len(THEMES))))
        self.assertEqual(set(by_weight(self.mine)[:2]), {own["bells"], own["paints"]})
        self.assertAlmostEqual(sum(self.mine["weights"]), 1, places=5)

    def runtime_loss(self, shard, *arguments, model="f32.crayon"):
        """Mean negative log-likelihood of the answers of a shard, from the runtime's logits."""
        header, tensors = read_shard(self.dir / shard)
        vocab = int(header["__metadata__"]["vocab_size"])
        total, count = 0.0, 0
        bounds = list(zip(tensors["starts"], tensors["starts"][1:]))
        for (begin, end), answer in zip(bounds, tensors["answers"]):
            ids = tensors["ids"][begin:end]
            logits = self.logits(model, ids, *arguments)
            for position in range(answer - 1, len(ids) - 1):
                row = logits[position * vocab:(position + 1) * vocab]
                top = max(row)
                total += top + math.log(sum(math.exp(x - top) for x in row))
                total -= row[ids[position + 1]]
                count += 1
        return total / count

    def first_loss(self, folder, *arguments, verb=("lora", "base", "few.tokens", "--rank", 4)):
        """The loss that a run logs for its next step, before the step changes anything."""
        self.train(*verb, "-o", folder, "--log-steps", 1, "--batch-tokens", 1 << 20, "--seed", 1,
                   "--threads", 1, *arguments)
        with open(self.dir / folder / "loss.csv", encoding="utf-8") as log:
            return float(list(csv.DictReader(log))[-1]["loss"])

    def test_trainer_and_runtime_compute_the_same(self):
        self.write_items("few.jsonl", items("doors", 12, 300))
        self.train("encode", "few.jsonl", "--tokenizer", "tokenizer", "-o", "few.tokens")
        # A new LoRA changes nothing: the first step's loss is the base's.
        loss = self.first_loss("lora", "--tokens", 1)
        self.assertAlmostEqual(loss, self.runtime_loss("few.tokens"), delta=2e-4)
        # A trained one: the loss of the step that it would go on with.
        self.first_loss("lora", "--tokens", "20k", "--rate", 1e-2)
        seen = self.seen("lora")
        shutil.copytree(self.dir / "lora", self.dir / "kept")
        trained = self.first_loss("lora", "--resume", "--tokens", seen + 1)
        self.crayon("pack-adapter", "kept", "--base", "f32.crayon", "-o", "kept.crayon")
        self.assertLess(trained, loss - 0.2)
        self.assertAlmostEqual(
            trained, self.runtime_loss("few.tokens", "--adapter", "kept.crayon"), delta=2e-4)

    def test_learned_scales_are_folded_in_and_change_nothing_but_rounding(self):
        self.train("scales", "base", "ruled.tokens", "-o", "scales", "--block-tokens", "6k",
                   "--tokens", "6k", "--batch-tokens", 1024, "--seed", 1, "--threads", 1)
        learned = ["--smooth", "learned", "--scales", "scales/scales.safetensors"]
        self.crayon("pack", "base", "--weights", "f32", *learned, "-o", "smooth32.crayon")
        self.crayon("pack", "base", *learned, "-o", "smooth.crayon")

        def divergence(model):
            return self.crayon("compare", "f32.crayon", model, "-f", "ruled.jsonl",
                               "--json").json["kl_mean"]

        self.assertLess(divergence("smooth32.crayon"), 1e-8)
        # A toy's channels are all alike: there is little to gain, and nothing may be lost by much. How
        # much depends on how the CPU's BLAS rounds while the toy is trained: 1.3 to 1.8 times.
        self.assertLess(divergence("smooth.crayon"), 2.5 * divergence("base.crayon"))
        self.crayon("pack", "base", "--smooth", "learned", "--scales", "base/model.safetensors",
                    "-o", "x.crayon", code=support.BAD_FILE)
        self.crayon("pack", "base", "--smooth", "learned", "-o", "x.crayon", code=support.USAGE)

    def test_the_gguf_that_peers_get_is_the_same_model(self):
        script = support.SOURCE / "bench/peers/folder_gguf.py"
        subprocess.run([sys.executable, script, self.dir / "base", "-o", self.dir / "base.gguf"],
                       check=True)
        self.crayon("pack", "base.gguf", "--weights", "f32", "-o", "gguf.crayon")
        told = self.crayon("compare", "f32.crayon", "gguf.crayon", "-f", "ruled.jsonl", "--json").json
        self.assertLess(told["kl_mean"], 1e-9)

    def test_rounding_is_that_of_the_runtime_and_training_can_go_through_it(self):
        self.write_items("few.jsonl", items("doors", 12, 300))
        self.train("encode", "few.jsonl", "--tokenizer", "tokenizer", "-o", "few.tokens")
        shown = self.train("rounding", "base", "few.tokens", "--calibrate", "ruled.tokens",
                           "--calibrate-tokens", "4k", "--json", "-t", 1).out
        rows = {(row["scales"], row["activations"]): row
                for row in map(json.loads, shown.splitlines())}
        self.assertEqual(list(rows), [("-", "f32"), *((scales, way)
                                                      for scales in ("none", "smoothquant")
                                                      for way in ("token", "tensor", "static")),
                                      ("none", "blocks")])
        exact, token = (math.log(rows[row]["perplexity"]) for row in (("-", "f32"),
                                                                      ("none", "token")))
        self.assertAlmostEqual(exact, self.runtime_loss("few.tokens"), delta=2e-4)
        self.crayon("pack", "base", "--head", "f32", "-o", "head32.crayon")
        self.assertAlmostEqual(token, self.runtime_loss("few.tokens", model="head32.crayon"),
                               delta=2e-3)
        for row in list(rows.values())[1:]:
            self.assertGreater(row["kl"], 0)
            self.assertLess(row["kl"], 0.1)
        self.assertLess(rows["none", "blocks"]["kl"], rows["none", "tensor"]["kl"])
        # Training through rounded projections begins with the loss that they have.
        pretrain = ("pretrain", "few.tokens", "--from", "base", "--prompt-weight", 0, "--tokens", 1)
        plain = self.first_loss("plain", verb=pretrain)
        aware = self.first_loss("aware", "--rounding", "int8", verb=pretrain)
        self.assertAlmostEqual(plain, exact, delta=1e-4)
        self.assertAlmostEqual(aware, token, delta=1e-3)
        self.crayon("pack", "aware", "-o", "aware.crayon")

    def test_a_gpt2_goes_the_same_way(self):
        self.train("pretrain", "ruled.tokens", "--family", "gpt2", "--tokenizer", "tokenizer", "-o",
                   "gpt2", "--tokens", "20k", "--dim", 48, "--layers", 2, "--heads", 4, "--hidden",
                   96, "--context", 128, "--batch-tokens", 1024, "--longest", 128, "--seed", 1,
                   "--threads", 1)
        self.crayon("pack", "gpt2", "--weights", "f32", "-o", "gpt2.crayon")
        self.write_items("few2.jsonl", items("doors", 12, 300))
        self.train("encode", "few2.jsonl", "--tokenizer", "tokenizer", "-o", "few2.tokens")
        # A LoRA that has learned something, in a fused map as well.
        verb = ("lora", "gpt2", "few2.tokens", "--rank", 4)
        loss = self.first_loss("lora2", "--tokens", 1, verb=verb)
        self.assertAlmostEqual(loss, self.runtime_loss("few2.tokens", model="gpt2.crayon"),
                               delta=2e-4)
        self.first_loss("lora2", "--tokens", "10k", "--rate", 1e-2, verb=verb)
        shutil.copytree(self.dir / "lora2", self.dir / "kept2")
        trained = self.first_loss("lora2", "--resume", "--tokens", self.seen("lora2") + 1, verb=verb)
        self.crayon("pack-adapter", "kept2", "--base", "gpt2.crayon", "-o", "kept2.crayon")
        self.assertLess(trained, loss - 0.1)
        self.assertAlmostEqual(trained, self.runtime_loss(
            "few2.tokens", "--adapter", "kept2.crayon", model="gpt2.crayon"), delta=2e-4)
        self.train("scales", "gpt2", "ruled.tokens", "-o", "scales2", "--tokens", "4k", "--activations",
                   "tensor", "--batch-tokens", 1024, "--seed", 1, "--threads", 1)
        self.crayon("pack", "gpt2", "--weights", "f32", "--smooth", "learned", "--scales",
                    "scales2/scales.safetensors", "-o", "smooth2.crayon")
        moved = self.crayon("compare", "gpt2.crayon", "smooth2.crayon", "-f", "few2.jsonl",
                            "--json").json["kl_mean"]
        self.assertLess(moved, 1e-8)

    def seen(self, folder):
        with open(self.dir / folder / "loss.csv", encoding="utf-8") as log:
            return int(list(csv.DictReader(log))[-1]["tokens"])


if __name__ == "__main__":
    support.main()
