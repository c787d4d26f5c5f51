#!/usr/bin/env python3
"""Tests of crayon-train as its users meet it: what the verbs that need no libtorch make of files,
and how the program ends when it cannot.

CRAYON_TRAIN_PROGRAM names the program, CRAYON_PROGRAM the runtime's.
"""
import json
import os
import pathlib
import re
import struct
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "cli"))
import support  # noqa: E402
from support import BAD_FILE, OK, SYSTEM, USAGE  # noqa: E402

PROGRAM = os.environ.get("CRAYON_TRAIN_PROGRAM",
                         str(support.SOURCE / "build/native/train/crayon-train"))


def read_shard(path):
    """The header and the tensors of a token shard."""
    data = path.read_bytes()
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + size])
    tensors = {}
    for name, tensor in header.items():
        if name != "__metadata__":
            begin, end = tensor["data_offsets"]
            kind = {"I32": "i", "I64": "q"}[tensor["dtype"]]
            tensors[name] = struct.unpack(f"<{tensor['shape'][0]}{kind}",
                                          data[8 + size + begin:8 + size + end])
    return header, tensors


class TrainCase(support.Case):
    @classmethod
    def train(cls, *arguments, code=OK):
        done = subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, cwd=cls.dir,
                              env=support.environment(), timeout=600, stdin=subprocess.DEVNULL)
        result = support.Result(done)
        if result.code != code:
            raise AssertionError(f"crayon-train {' '.join(map(str, arguments))}\nreturned "
                                 f"{result.code} instead of {code}\nstdout: {result.out}\n"
                                 f"stderr: {result.err}")
        return result

    @classmethod
    def make_tokenizer(cls):
        """A vocabulary of 600 from generated questions, in the folder `own`."""
        items = cls.train("tasks", "--set", "base", "-n", 20).out
        (cls.dir / "tasks.jsonl").write_text(items)
        return cls.train("tokenizer", "tasks.jsonl", "--vocab", 600, "-o", "own")


class Errors(TrainCase):
    def test_the_family_of_an_error_is_the_exit_code(self):
        self.write("bad.jsonl", "not json\n")
        self.write("good.jsonl", '{"question": "Q", "answer": "a"}\n')
        for arguments, code, words in [
            ([], USAGE, "there is no verb"),
            (["dance"], USAGE, "dance"),
            (["tasks", "--items", "many"], USAGE, "many"),
            (["tasks", "no-such-task"], USAGE, "no-such-task"),
            (["pretrain", "a.tokens=2x", "-o", "x", "--tokens", "1k"], USAGE, "a.tokens=2x"),
            (["pretrain", "a.tokens=-1", "-o", "x", "--tokens", "1k"], USAGE, "a.tokens=-1"),
            (["pretrain", "a.tokens", "--family", "bert", "-o", "x", "--tokens", "1k"], USAGE, "bert"),
            (["rounding", "absent", "a.tokens"], SYSTEM, "absent"),
            (["rounding", "absent", "a.tokens", "--weights", "int3"], USAGE, "int3"),
            (["scales", "absent", "a.tokens", "-o", "x", "--tokens", "1k", "--activations",
              "blocks"], USAGE, "blocks"),
            (["encode", "good.jsonl", "--tokenizer", "absent", "-o", "x"], SYSTEM, "absent"),
            (["tokenizer", "bad.jsonl", "-o", "x"], BAD_FILE, "bad.jsonl, line 1"),
            (["tokenizer", "good.pdf", "-o", "x"], USAGE, "good.pdf"),
            (["tokenizer", "good.jsonl", "-o", "x"], USAGE, "SentencePiece"),
        ]:
            with self.subTest(arguments):
                failed = self.train(*arguments, code=code)
                self.assertIn("crayon-train: ", failed.err)
                self.assertIn(words, failed.err)
                self.assertFalse((self.dir / "x").exists())

    def test_help_names_the_verbs(self):
        shown = self.train("--help").out
        for verb in ("tasks", "tokenizer", "encode"):
            self.assertIn(verb, shown)


class Tokens(TrainCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.make_tokenizer()

    def ids(self, text):
        return self.crayon("tokenize", "own", "-p", text, "--json").json["ids"]

    def test_the_same_text_gives_the_same_tokenizer(self):
        self.train("tokenizer", "tasks.jsonl", "--vocab", 600, "-o", "again")
        for name in ("tokenizer.json", "tokenizer_config.json", "tokenizer.model"):
            self.assertEqual((self.dir / "own" / name).read_bytes(),
                             (self.dir / "again" / name).read_bytes())

    def test_items_become_prompts_with_answers(self):
        self.write("mine.jsonl", '{"task": "t", "context": "C.", "question": "Q?", '
                                 '"choices": ["a", "b"], "answer": 1}\n')
        self.train("encode", "mine.jsonl", "--tokenizer", "own", "-o", "mine.tokens")
        header, tensors = read_shard(self.dir / "mine.tokens")
        self.assertEqual(header["__metadata__"]["vocab_size"], "600")
        self.assertEqual(json.loads(header["__metadata__"]["task_names"]), ["t"])
        prompt = self.ids("Question: C.\nQ?\nAnswer:")
        self.assertEqual(list(tensors["ids"]), self.ids("Question: C.\nQ?\nAnswer: b") + [2])
        self.assertEqual(tensors["ids"][:len(prompt)], tuple(prompt))
        self.assertEqual(tensors["answers"], (len(prompt),))
        self.assertEqual(tensors["starts"], (0, len(tensors["ids"])))
        self.assertEqual(tensors["tasks"], (0,))

    def test_texts_become_chunks(self):
        self.write("tale.txt", "Once there was a unit. " * 100)
        self.train("encode", "tale.txt", "--tokenizer", "own", "--chunk", "16,64", "-o", "t.tokens")
        header, tensors = read_shard(self.dir / "t.tokens")
        starts = tensors["starts"]
        lengths = [end - begin for begin, end in zip(starts, starts[1:])]
        self.assertEqual(lengths[:6], [16, 64, 16, 16, 16, 16])
        self.assertEqual({tensors["ids"][start] for start in starts[:-1]}, {1})
        self.assertEqual(set(tensors["answers"]), {0})
        text = [token for token in tensors["ids"] if token != 1]
        self.assertEqual(text, self.ids("Once there was a unit. " * 100)[1:] + [2])

        self.train("encode", "tale.txt", "--tokenizer", "own", "--chunk", 16, "--limit-tokens", 50,
                   "-o", "t.tokens")
        self.assertEqual(read_shard(self.dir / "t.tokens")[1]["starts"], (0, 16, 32, 48))


class Scenes(TrainCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.train("scenes", "-o", "one", "-n", 40, "--size", 24, "--seed", 3)
        cls.lines = [json.loads(line)
                     for line in (cls.dir / "one/captions.jsonl").read_text().splitlines()]

    def test_the_seed_decides_alone(self):
        self.train("scenes", "-o", "again", "-n", 40, "--size", 24, "--seed", 3)
        self.train("scenes", "-o", "other", "-n", 40, "--size", 24, "--seed", 4)
        names = sorted(path.name for path in (self.dir / "one").iterdir())
        self.assertEqual(len(names), 41)
        for name in names:
            same = (self.dir / "one" / name).read_bytes()
            self.assertEqual(same, (self.dir / "again" / name).read_bytes(), name)
            self.assertNotEqual(same, (self.dir / "other" / name).read_bytes(), name)

    def test_each_picture_has_a_line(self):
        self.assertEqual([line["image"] for line in self.lines],
                         [f"{i:05}.ppm" for i in range(1, 41)])
        for line in self.lines:
            data = (self.dir / "one" / line["image"]).read_bytes()
            self.assertEqual(data[:13], b"P6\n24 24\n255\n")
            self.assertEqual(len(data), 13 + 3 * 24 * 24)
            self.assertTrue({"caption", "shape", "color", "size", "place", "background"}
                            <= line.keys())
        self.assertTrue(any("second" in line for line in self.lines))

    def test_captions_name_no_colour_that_is_not_there(self):
        colours = {"red", "yellow", "orange", "purple", "pink", "cyan"}  # of things alone
        for line in self.lines:
            shown = {line["color"], line.get("second", {}).get("color")}
            self.assertLessEqual(colours & set(line["caption"].split()), shown, line)

    def test_a_run_that_breaks_leaves_no_captions(self):
        self.train("scenes", "-o", "broken", "-n", 3, "--size", 24)
        (self.dir / "broken/00002.ppm").unlink()
        (self.dir / "broken/00002.ppm").mkdir()
        self.train("scenes", "-o", "broken", "-n", 3, "--size", 24, code=SYSTEM)
        self.assertFalse((self.dir / "broken/captions.jsonl").exists())


class Clip(TrainCase):
    """A folder of a CLIP model from a run of moments, and weights of words in it."""
    SHAPE = ("--dim", 32, "--layers", 2, "--heads", 2, "--size", 16, "--output-dim", 16,
             "--batch", 8, "--pictures", 30, "-t", 1)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.made = cls.train("clip", "-o", "model", "--steps", 6, *cls.SHAPE)
        cls.train("scenes", "-o", "few", "-n", 24, "--size", 16, "--things", 1)
        colours = ("red", "green", "blue", "yellow", "orange", "purple", "pink", "cyan")
        (cls.dir / "classes.json").write_text(
            json.dumps({colour: f"a photo of a {colour} shape" for colour in colours}))

    def weights(self, *more, code=OK):
        return self.train("token-weights", "model", "--labelled", "few/captions.jsonl",
                          "--classes", "classes.json", "--label-field", "color",
                          "-o", "weights.json", "-t", 1, *more, code=code)

    def test_it_says_what_the_model_can(self):
        self.assertRegex(self.made.out, r"zero-shot accuracy on 30 held-out pictures: "
                                        r"shape [\d.]+ %, color [\d.]+ %, both [\d.]+ %")

    def test_the_folder_is_hugging_faces(self):
        names = {path.name for path in (self.dir / "model").iterdir()}
        self.assertLessEqual({"config.json", "model.safetensors", "preprocessor_config.json",
                              "vocab.json", "merges.txt", "tokenizer_config.json"}, names)
        config = json.loads((self.dir / "model/config.json").read_text())
        ids = json.loads((self.dir / "model/vocab.json").read_text())
        self.assertEqual(config["text_config"]["vocab_size"], len(ids))
        self.assertEqual(config["text_config"]["eos_token_id"], ids["<|endoftext|>"])
        tokens = self.crayon("tokenize", "model", "-p", "a red circle", "--json").json["ids"]
        self.assertEqual(tokens[:4], [ids[piece] for piece in ("<|startoftext|>", "a</w>",
                                                               "red</w>", "circle</w>")])

    def test_a_resumed_run_is_the_whole_run(self):
        self.train("clip", "-o", "parts", "--steps", 3, "--warmup", 0, "--decay", 0, *self.SHAPE)
        self.train("clip", "-o", "parts", "--steps", 6, "--warmup", 0, "--decay", 0, "--resume",
                   *self.SHAPE)
        self.train("clip", "-o", "whole", "--steps", 6, "--warmup", 0, "--decay", 0, *self.SHAPE)
        self.assertEqual((self.dir / "parts/model.safetensors").read_bytes(),
                         (self.dir / "whole/model.safetensors").read_bytes())

    def test_weights_of_words_are_learned_and_written(self):
        shown = self.weights("--held-out", "few/captions.jsonl", "--steps", 20)
        self.assertIn("labelled: 24 pictures, accuracy", shown.out)
        self.assertIn("held_out: 24 pictures, accuracy", shown.out)
        result = json.loads((self.dir / "weights.json").read_text())
        self.assertLess(result["labelled"]["after"]["loss"], result["labelled"]["before"]["loss"])
        self.assertEqual(result["labelled"], result["held_out"])
        red = result["classes"]["red"]
        self.assertEqual(red["prompt"], "a photo of a red shape")
        self.assertEqual([word["word"] for word in red["words"]], red["prompt"].split())
        self.assertIn(red["emphasised"], shown.out)
        self.assertEqual(re.sub(r"\((\w+):[\d.]+\)", r"\1", red["emphasised"]), red["prompt"])
        for word in red["words"]:
            if abs(word["weight"] - 1) > 0.01:
                self.assertIn(f"({word['word']}:{word['weight']:.3g})", red["emphasised"])

    def test_shared_words_have_one_weight(self):
        self.weights("--shared", "--steps", 5)
        classes = json.loads((self.dir / "weights.json").read_text())["classes"]
        weights = {label: [word["weight"] for word in given["words"]]
                   for label, given in classes.items()}
        for label in weights:
            for place in (0, 1, 2, 3, 5):
                self.assertEqual(weights[label][place], weights["red"][place])
        self.assertNotEqual(weights["blue"][4], weights["red"][4])

    def test_embeddings_do_as_well_as_pictures(self):
        self.write("embedded.jsonl", "".join(
            json.dumps({"embedding": [1.0 if i == place else 0.0 for i in range(16)],
                        "label": label}) + "\n"
            for place, label in enumerate(("red", "blue"))))
        self.train("token-weights", "model", "--labelled", "embedded.jsonl", "--classes",
                   "classes.json", "-o", "embedded.json", "--steps", 2, "-t", 1)
        self.assertEqual(json.loads((self.dir / "embedded.json").read_text())["labelled"]["n"], 2)

    def test_what_is_wrong_is_named(self):
        self.assertIn("no layer 2", self.weights("--first-layer", 2, code=USAGE).err)
        for line, words in [
            ('{"label": "red"}', "image"),
            ('{"image": "few/00001.ppm"}', "label"),
            ('{"image": "few/00001.ppm", "label": "mauve"}', "mauve"),
            ('{"embedding": [1, 2], "label": "red"}', "embedding"),
            ('{"embedding": "x", "label": "red"}', "embedding"),
            ("[]", "line 1"),
        ]:
            with self.subTest(line):
                self.write("bad.jsonl", line + "\n")
                failed = self.train("token-weights", "model", "--labelled", "bad.jsonl",
                                    "--classes", "classes.json", "-o", "x", code=BAD_FILE)
                self.assertIn("bad.jsonl, line 1", failed.err)
                self.assertIn(words, failed.err)
        self.write("one.json", '{"red": "a red shape"}')
        failed = self.train("token-weights", "model", "--labelled", "few/captions.jsonl", "--classes",
                            "one.json", "-o", "x", code=USAGE)
        self.assertIn("two classes", failed.err)


if __name__ == "__main__":
    support.main()
