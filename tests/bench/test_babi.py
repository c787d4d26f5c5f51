#!/usr/bin/env python3
"""Tests bench/customization/babi.py: on a story of our own, and on the real set where it is."""
import json
import pathlib
import random
import subprocess
import sys
import tempfile
import unittest

import support
import babi

STORIES = """1 Mary went to the hall.
2 Where is Mary? \thall\t1
3 Tom took the cup.
4 What is Tom carrying? \tcup,map\t3
1 Tom is in the yard.
2 Where is Tom?\tyard\t1
"""


class Reading(unittest.TestCase):
    def test_a_question_has_the_story_before_it(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "qa1_train.txt"
            path.write_text(STORIES)
            self.assertEqual(babi.read_stories(path), [
                [("Mary went to the hall.", "Where is Mary?", "hall"),
                 ("Mary went to the hall. Tom took the cup.", "What is Tom carrying?", "cup,map")],
                [("Tom is in the yard.", "Where is Tom?", "yard")]])

    def test_a_mixture_takes_as_many_of_each(self):
        class Part:
            def __init__(self, name, count):
                self.splits = {"test": [{"task": name, "family": name, "n": n}
                                        for n in range(count)]}

        items = babi.mixed("both", [Part("qa1", 5), Part("qa2", 3)], "test", random.Random(1))
        self.assertEqual({item["task"] for item in items}, {"both"})
        self.assertEqual(sorted(item["family"] for item in items), ["qa1"] * 3 + ["qa2"] * 3)

    def test_no_custom_task_is_a_base_task(self):
        for name, parts in babi.CUSTOM.items():
            self.assertEqual(len(parts) == 1, parts[0] not in babi.BASE, name)


@unittest.skipUnless((support.ASSETS / "qa/babi/en-10k").is_dir(), "no qa/babi among the assets")
class TheRealSet(unittest.TestCase):
    def test_becomes_items(self):
        with tempfile.TemporaryDirectory() as folder:
            out = pathlib.Path(folder)
            subprocess.run([sys.executable, str(support.CUSTOMIZATION / "babi.py"),
                            str(support.ASSETS / "qa/babi/en-10k"), folder],
                           check=True, capture_output=True)

            def read(name):
                return [json.loads(line) for line in (out / name).read_text().splitlines()]

            self.assertEqual(len(list((out / "base").iterdir())), 2 * len(babi.BASE))
            self.assertEqual(len(list((out / "custom").glob("*.jsonl"))), 3 * len(babi.CUSTOM))
            kinds = (out / "custom" / "kinds.tsv").read_text().splitlines()
            self.assertEqual({line.split("\t")[0] for line in kinds}, set(babi.CUSTOM))
            test = read("base/qa1.test.jsonl")
            self.assertEqual(len(test), 1000)
            self.assertEqual(len(test[0]["choices"]), 6)
            lists = read("base/qa8.test.jsonl")
            self.assertTrue(any("," in item["choices"][item["answer"]] for item in lists))
            examples = read("custom/carrying.examples.jsonl")
            self.assertEqual(len(examples), babi.EXAMPLES)
            train = {item["context"] + item["question"] for item in read("base/qa5.train.jsonl")}
            for item in examples:
                self.assertLessEqual(len(item["context"].split()), 120)
                self.assertNotIn(item["context"] + item["question"], train)


if __name__ == "__main__":
    support.main()
