#!/usr/bin/env python3
"""The rules of `crayon blend`: what each makes of one pool and the same examples."""
import json
import unittest

import support
from support import ALPHA, BAD_FILE, IDS, OK, RANK, TOLERANCE, USAGE, distance


class Rules(support.PoolCase):
    MINE = [{"question": "9 - 3", "answer": "6"}, {"question": "2 + 2 is", "answer": "4"}]

    def blend(self, rule, *arguments, examples=MINE, code=OK):
        """What `blend --json` says; the adapter is RULE.crayon."""
        if examples:
            self.write("mine.jsonl", "".join(json.dumps(each) + "\n" for each in examples))
            arguments += ("--examples", "mine.jsonl")
        return self.crayon("blend", "pool.crayon", "--base", "base.crayon", "--rule", rule, "-o",
                           f"{rule}.crayon", *arguments, "--json", code=code).json

    def expect_dense_sum(self, weights, adapter, tolerance=TOLERANCE):
        parts = [(weight * ALPHA / RANK, factors)
                 for factors, weight in zip(self.factors.values(), weights, strict=True)]
        name = f"dense-{adapter}-{len(list(self.dir.iterdir()))}"
        support.write_model(self.dir / name, support.merged(self.weights, parts, RANK))
        self.crayon("pack", name, "--weights", "f32", "-o", f"{name}.model")
        got = self.logits("base.crayon", IDS, "--adapter", f"{adapter}.crayon")
        self.assertLess(distance(got, self.logits(f"{name}.model", IDS)), tolerance)

    def test_crayon_is_the_rule_without_a_name(self):
        told = self.blend("crayon")
        self.assertEqual(list(told), ["scores", "weights", "milliseconds",
                                      "write_milliseconds", "rule", "rank"])
        self.assertEqual((told["rule"], told["rank"]), ("crayon", 4 * RANK))
        plain = self.crayon("blend", "pool.crayon", "--base", "base.crayon", "--examples",
                            "mine.jsonl", "-o", "plain.crayon", "--json").json
        self.assertEqual(plain["weights"], told["weights"])

    def test_small_weights_are_dropped(self):
        told = self.blend("crayon", "--drop", 0.9)
        self.assertEqual(sorted(told["weights"]), [0, 0, 0, 1])
        self.assertEqual(told["rank"], RANK)

    def test_nearest_takes_the_best_score(self):
        digits = [{"question": text} for text in self.KINDS["digits"]]
        told = self.blend("nearest", examples=digits)
        self.assertEqual(told["weights"], [0, 0, 1, 0])
        self.assertEqual(max(told["scores"]), told["scores"][2])
        self.expect_dense_sum(told["weights"], "nearest")

    def test_uniform_needs_no_examples(self):
        told = self.blend("uniform", examples=None)
        self.assertEqual(told["weights"], [0.25] * 4)
        self.assertEqual(told["scores"], [])
        self.expect_dense_sum(told["weights"], "uniform")

    def test_logo_shares_the_weight_among_the_best(self):
        told = self.blend("logo", "--top-k", 2)
        self.assertEqual(sorted(told["weights"])[:2], [0, 0])
        self.assertAlmostEqual(sum(told["weights"]), 1, places=5)
        best = sorted(told["scores"])[2:]
        self.assertAlmostEqual(max(told["weights"]), best[1] / sum(best), places=5)
        self.assertEqual(self.blend("logo", "--top-k", 0)["weights"].count(0), 0)
        self.blend("logo", "--top-k", 2)
        self.expect_dense_sum(told["weights"], "logo")

    def test_lorahub_lowers_the_loss_of_the_answers(self):
        told = self.blend("lorahub", "--evaluations", 30)
        self.assertLess(told["loss"], told["base_loss"])
        self.assertLessEqual(told["evaluations"], 30)
        self.assertTrue(all(abs(weight) <= 1.5 for weight in told["weights"]))
        self.expect_dense_sum(told["weights"], "lorahub")
        self.assertEqual(self.blend("lorahub", "--evaluations", 30)["weights"], told["weights"])

    def test_lorahub_that_finds_nothing_changes_nothing(self):
        told = self.blend("lorahub", "--evaluations", 1)
        self.assertEqual(told["weights"], [0] * 4)
        self.assertEqual(self.logits("base.crayon", IDS),
                         self.logits("base.crayon", IDS, "--adapter", "lorahub.crayon"))

    def test_lorahub_needs_answers(self):
        told = self.blend("lorahub", examples=[self.MINE[0], {"question": "2 + 2 is"}],
                          code=BAD_FILE)
        self.assertIn("example 2", told["error"]["message"])

    def test_arrow_is_one_adapter_in_which_tokens_choose(self):
        told = self.blend("arrow", "--top-k", 2, examples=None)
        self.assertEqual((told["weights"], told["rank"]), ([], 4 * RANK))
        self.crayon("verify", "arrow.crayon")
        info = self.crayon("info", "arrow.crayon", "--json").json["adapters"][0]
        self.assertEqual(info["experts"], {"ranks": [RANK] * 4, "top_k": 2, "temperature": 1.0})
        with_arrow = self.logits("base.crayon", IDS, "--adapter", "arrow.crayon")
        self.assertGreater(distance(with_arrow, self.logits("base.crayon", IDS)), 0.1)
        self.blend("uniform", examples=None)
        self.assertGreater(
            distance(with_arrow, self.logits("base.crayon", IDS, "--adapter", "uniform.crayon")),
            0.1)
        self.assertEqual(self.logits("base.crayon", IDS, "--adapter", "arrow.crayon=0"),
                         self.logits("base.crayon", IDS))

    def test_a_lower_rank_costs_what_it_says(self):
        told = self.blend("uniform", "--rank", 4 * RANK, examples=None)
        self.assertEqual((told["rank"], told["error"]), (4 * RANK, 0))
        self.expect_dense_sum([0.25] * 4, "uniform")
        errors = []
        for rank in (1, 6, 11):
            told = self.blend("uniform", "--rank", rank, examples=None)
            self.assertEqual(told["rank"], rank)
            errors.append(told["error"])
        self.assertTrue(1 > errors[0] > errors[1] > errors[2] > 0, errors)

    def test_merged_factors_say_how_wrong_they_are(self):
        told = self.blend("uniform", "--merge-factors", examples=None)
        self.assertEqual(told["rank"], RANK)
        self.assertGreater(told["error"], 0.5)
        self.assertLess(self.blend("nearest", "--merge-factors")["error"], 1e-6)

    def test_contradictions_are_refused(self):
        self.blend("arrow", "--rank", 4, examples=None, code=USAGE)
        self.blend("arrow", "--merge-factors", examples=None, code=USAGE)
        self.blend("uniform", "--rank", 4, "--merge-factors", examples=None, code=USAGE)
        self.blend("best", code=USAGE)
        for rule in ("crayon", "nearest", "logo", "lorahub"):
            self.blend(rule, examples=None, code=USAGE)

    def test_adapters_with_experts_do_not_add_up(self):
        self.blend("arrow", examples=None)
        self.crayon("run", "base.crayon", "-p", "x", "-n", 2, "--adapter", "arrow.crayon",
                    "--adapter", "arrow.crayon", code=USAGE)


if __name__ == "__main__":
    support.main()
