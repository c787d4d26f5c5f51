#!/usr/bin/env python3
"""Tests of crayon-train as its users meet it: what the verbs that need no libtorch make of files,
and how the program ends when it cannot.

CRAYON_TRAIN_PROGRAM names the program, CRAYON_PROGRAM the runtime's.
"""
import json
import os
import pathlib
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


if __name__ == "__main__":
    support.main()
