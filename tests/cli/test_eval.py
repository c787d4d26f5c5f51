#!/usr/bin/env python3
"""`eval`: accuracy over task files, against scores put together from logits."""
import json
import math
import unittest

import support
from support import BAD_FILE, USAGE
from test_hybrid import Server

ITEMS = [
    {"task": "pumps", "context": "The pump is on.", "question": "Which one is on?",
     "choices": ["the pump", "the fan", "none"], "answer": 0},
    {"task": "pumps", "context": "The pump is on.", "question": "Which one is off?",
     "choices": ["the pump", "the fan"], "answer": "the fan"},
    {"task": "sums", "question": "2 + 2", "choices": ["3", "4", "44", "5"], "answer": 1},
    {"task": "pumps", "question": "Is it?", "choices": ["yes", "no"], "answer": 0},
]


class Eval(support.Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tiny = cls.pack_tiny()
        cls.vocabulary = cls.crayon("info", cls.tiny, "--json").json["config"]["vocab_size"]
        (cls.dir / "tasks.jsonl").write_text("".join(json.dumps(item) + "\n" for item in ITEMS))

    def eval(self, *arguments, file="tasks.jsonl", **options):
        return self.crayon("eval", self.tiny, file, "--json", *arguments, **options).json

    def lines(self, name):
        return [json.loads(line) for line in (self.dir / name).read_text().splitlines()]

    def encode(self, text):
        self.write("text.txt", text)
        return self.crayon("tokenize", self.tiny, "-f", "text.txt", "--json").json["ids"]

    def score(self, item, choice):
        """Sum of the log-probabilities of a choice behind the question, without its end."""
        content = item.get("context", "") + "\n" * ("context" in item) + item["question"]
        prompt = self.encode(f"Question: {content}\nAnswer:")
        ids = self.encode(f"Question: {content}\nAnswer: {choice}")
        self.assertEqual(ids[:len(prompt)], prompt)
        values = self.logits(self.tiny, ids)
        total = 0
        for position in range(len(prompt), len(ids)):
            row = values[(position - 1) * self.vocabulary:position * self.vocabulary]
            total += row[ids[position]] - math.log(sum(map(math.exp, row)))
        return total

    def test_it_prints_one_line_a_task_and_the_mean(self):
        told = self.eval()
        self.assertEqual(list(told), ["tasks", "mean"])
        self.assertEqual([(task["task"], task["n"]) for task in told["tasks"]],
                         [("pumps", 3), ("sums", 1)])
        for task in told["tasks"]:
            self.assertEqual(list(task), ["task", "n", "accuracy", "stderr"])
        self.assertAlmostEqual(told["mean"],
                               sum(task["accuracy"] for task in told["tasks"]) / 2)
        shown = self.crayon("eval", self.tiny, "tasks.jsonl").out.splitlines()
        self.assertEqual([line.split()[0] for line in shown], ["pumps", "sums", "mean"])

    def test_the_items_tell_what_a_router_could_go_by(self):
        told = self.eval("--items", "items.jsonl")
        lines = self.lines("items.jsonl")
        self.assertEqual([line["task"] for line in lines], [item["task"] for item in ITEMS])
        right = sum(line["correct"] for line in lines if line["task"] == "pumps")
        self.assertAlmostEqual(told["tasks"][0]["accuracy"], right / 3)
        for item, line in zip(ITEMS, lines, strict=True):
            self.assertIn(line["predicted"], item["choices"])
            self.assertEqual(line["correct"], line["predicted"] == line["answer"])
            self.assertEqual(line["score"], line["option"])
            self.assertTrue(1 / len(item["choices"]) <= line["option"] <= 1, line)
            self.assertTrue(0 <= line["first_margin"] <= 1, line)
            self.assertTrue(0 <= line["first_entropy"] <= math.log(self.vocabulary), line)
            self.assertLessEqual(line["least_log_probability"], line["mean_log_probability"])
            self.assertLessEqual(line["least_log_probability"], line["window_log_probability"])
            self.assertNotIn("probe", line)

    def test_the_choice_is_that_of_the_logits(self):
        # Of two choices of the same end, the end adds about the same: told apart without it where
        # they are far apart.
        self.eval("--items", "scored.jsonl")
        checked = 0
        for item, line in zip(ITEMS, self.lines("scored.jsonl"), strict=True):
            scores = sorted(((self.score(item, choice), choice) for choice in item["choices"]),
                            reverse=True)
            if scores[0][0] - scores[1][0] > 3:
                self.assertEqual(line["predicted"], scores[0][1])
                checked += 1
        self.assertGreater(checked, 0)

    def test_limit_is_for_each_task(self):
        self.assertEqual([task["n"] for task in self.eval("--limit", 1)["tasks"]], [1, 1])

    def test_shots_change_what_the_model_reads(self):
        self.eval("--items", "none.jsonl")
        self.eval("--items", "one.jsonl", "--shots", "tasks.jsonl:1")
        self.eval("--items", "all.jsonl", "--shots", "tasks.jsonl")
        options = [[line["option"] for line in self.lines(name)]
                   for name in ("none.jsonl", "one.jsonl", "all.jsonl")]
        self.assertNotEqual(options[0], options[1])
        self.assertNotEqual(options[1], options[2])

    def test_by_text_is_what_ask_says(self):
        self.eval("--by", "text", "-n", 8, "--items", "said.jsonl")
        for item, line in zip(ITEMS, self.lines("said.jsonl"), strict=True):
            content = item.get("context", "") + "\n" * ("context" in item) + item["question"]
            said = self.crayon("ask", self.tiny, "-n", 8, "--stop", "\n", "--json",
                               content).json["answer"]
            self.assertEqual(line["predicted"], said)
            self.assertNotIn("option", line)

    def test_items_without_a_task_have_their_files_name(self):
        self.write("mine.jsonl", '{"question": "1 + 1", "answer": "2"}\n')
        self.assertEqual(self.eval(file="mine.jsonl")["tasks"][0]["task"], "mine")

    def test_items_that_are_too_long_count_as_wrong(self):
        self.write("long.jsonl", json.dumps({"question": "x" * 400, "choices": ["x"],
                                             "answer": 0}) + "\n")
        done = self.crayon("eval", self.tiny, "long.jsonl", "--json")
        self.assertEqual(done.json["mean"], 0)
        self.assertIn("1 of 1", done.err)

    def test_the_remote_answers_what_is_below_the_threshold(self):
        large = self.pack_tiny("large.crayon", seed=2)
        with Server(self.dir, large) as server:
            remote = ("--remote", server.url, "-n", 8)
            self.eval(*remote, "--threshold", 0, "--items", "kept.jsonl")
            self.eval(*remote, "--route", "remote", "--items", "sent.jsonl")
        self.assertEqual({line["route"] for line in self.lines("kept.jsonl")}, {"local"})
        for item, line in zip(ITEMS, self.lines("sent.jsonl"), strict=True):
            content = item.get("context", "") + "\n" * ("context" in item) + item["question"]
            self.assertEqual(line["route"], "remote")
            self.assertEqual(line["predicted"],
                             self.crayon("ask", large, "-n", 8, "--stop", "\n", "--json",
                                         content).json["answer"])

    def test_wrong_usage_and_wrong_files_are_told_apart(self):
        self.crayon("eval", self.tiny, "tasks.jsonl", "--by", "guess", code=USAGE)
        self.write("wrong.jsonl", '{"question": "x", "choices": ["a"], "answer": "b"}\n')
        self.crayon("eval", self.tiny, "wrong.jsonl", code=BAD_FILE)
        self.write("unanswered.jsonl", '{"question": "x", "choices": ["a"]}\n')
        self.crayon("eval", self.tiny, "unanswered.jsonl", code=USAGE)


if __name__ == "__main__":
    support.main()
