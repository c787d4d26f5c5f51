#!/usr/bin/env python3
"""Adapters of known numbers: what they do to the logits, pools, and the Crayon blend."""
import json
import math
import unittest
import urllib.request

import support
from support import ALPHA, BAD_FILE, IDS, OK, RANK, TOLERANCE, USAGE, distance
from test_hybrid import Server


class Adapters(support.BaseCase):
    def add_adapter(self, name, seed, **options):
        """A PEFT folder NAME and its bundle NAME.crayon; returns the factors."""
        factors = support.lora_factors(seed, RANK, options.pop("targets", None))
        support.write_peft(self.dir / name, factors, RANK, ALPHA, **options)
        self.crayon("pack-adapter", name, "--base", "base.crayon", "-o", f"{name}.crayon")
        return factors

    def merged_logits(self, name, parts):
        """Logits of a model whose weights contain the adapters already."""
        support.write_model(self.dir / name, support.merged(self.weights, parts, RANK))
        self.crayon("pack", name, "--weights", "f32", "-o", f"{name}.merged.crayon")
        return self.logits(f"{name}.merged.crayon", IDS)

    def test_an_adapter_does_what_a_dense_merge_does(self):
        factors = self.add_adapter("all", seed=1)
        expected = self.merged_logits("all-dense", [(ALPHA / RANK, factors)])
        got = self.logits("base.crayon", IDS, "--adapter", "all.crayon")
        self.assertLess(distance(got, expected), TOLERANCE)
        self.assertGreater(distance(self.logits("base.crayon", IDS), expected), 0.1)

    def test_rank_stabilised_adapters_scale_with_the_root_of_the_rank(self):
        factors = self.add_adapter("rs", seed=2, rslora=True, targets=["mlp.down_proj"])
        expected = self.merged_logits("rs-dense", [(ALPHA / math.sqrt(RANK), factors)])
        got = self.logits("base.crayon", IDS, "--adapter", "rs.crayon")
        self.assertLess(distance(got, expected), TOLERANCE)

    def test_scales_and_several_adapters_add_up(self):
        first = self.add_adapter("first", seed=3)
        second = self.add_adapter("second", seed=4, targets=["self_attn.q_proj", "mlp.up_proj"])
        expected = self.merged_logits("sum-dense",
                                      [(0.5 * ALPHA / RANK, first), (-0.25 * ALPHA / RANK, second)])
        got = self.logits("base.crayon", IDS, "--adapter", "first.crayon=0.5",
                          "--adapter", "second.crayon=-0.25")
        self.assertLess(distance(got, expected), TOLERANCE)

    def test_an_adapter_of_scale_0_changes_nothing(self):
        self.add_adapter("zero", seed=5)
        self.assertEqual(self.logits("base.crayon", IDS),
                         self.logits("base.crayon", IDS, "--adapter", "zero.crayon=0"))

    def test_a_tensor_that_matches_nothing_is_named(self):
        factors = support.lora_factors(6, RANK)
        factors[9, "self_attn.q_proj"] = factors.pop((0, "self_attn.q_proj"))
        support.write_peft(self.dir / "unmatched", factors, RANK, ALPHA)
        failed = self.crayon("pack-adapter", "unmatched", "--base", "base.crayon", "-o", "u.crayon",
                             code=BAD_FILE)
        self.assertIn("layers.9", failed.err)
        self.assertFalse((self.dir / "u.crayon").exists())

    def test_an_adapter_is_refused_by_another_model(self):
        self.add_adapter("mine", seed=8)
        self.crayon("pack", "base", "--weights", "int8", "-o", "other.crayon")
        failed = self.crayon("run", "other.crayon", "-p", "x", "--adapter", "mine.crayon", "--json",
                             code=BAD_FILE)
        self.assertEqual(failed.json["error"]["name"], "wrong_base")


class Pools(support.PoolCase):
    """A pool of four, and the adapter that a few examples blend from it."""

    def blend(self, texts, output, *arguments, code=OK):
        self.write("mine.jsonl", "".join(json.dumps({"text": text}) + "\n" for text in texts))
        return self.crayon("blend", "pool.crayon", "--base", "base.crayon", "--examples",
                           "mine.jsonl", "-o", output, *arguments, code=code)

    def test_the_pool_knows_its_members(self):
        info = self.crayon("info", "pool.crayon", "--json").json
        self.assertEqual(info["kind"], "pool")
        self.assertEqual([adapter["name"] for adapter in info["adapters"]], list(self.KINDS))
        self.assertEqual(info["base"], self.crayon("info", "base.crayon", "--json").json["id"])
        self.assertAlmostEqual(info["tau"], 0.05, places=6)
        self.crayon("verify", "pool.crayon")

    def test_the_rule_gives_softmax_weights_and_the_blend_is_the_dense_sum(self):
        told = self.blend(["9 - 3", "2 + 2 is 4"], "blended.crayon", "--json").json
        self.assertEqual(list(told), ["scores", "weights", "milliseconds",
                                      "write_milliseconds", "rule", "rank"])
        exponents = [math.exp((score - max(told["scores"])) / 0.05) for score in told["scores"]]
        for weight, exponent in zip(told["weights"], exponents, strict=True):
            self.assertAlmostEqual(weight, exponent / sum(exponents), delta=2e-3)
        self.assertAlmostEqual(sum(told["weights"]), 1, places=5)
        self.assertGreater(told["milliseconds"], 0)

        parts = [(weight * ALPHA / RANK, self.factors[kind])
                 for kind, weight in zip(self.KINDS, told["weights"])]
        support.write_model(self.dir / "dense", support.merged(self.weights, parts, RANK))
        self.crayon("pack", "dense", "--weights", "f32", "-o", "dense.crayon")
        expected = self.logits("dense.crayon", IDS)
        got = self.logits("base.crayon", IDS, "--adapter", "blended.crayon")
        self.assertLess(distance(got, expected), TOLERANCE)
        self.assertGreater(distance(self.logits("base.crayon", IDS), expected), 0.1)

    def test_an_adapters_own_examples_choose_it(self):
        for index, (kind, texts) in enumerate(self.KINDS.items()):
            told = self.blend(texts, "own.crayon", "--json").json
            self.assertAlmostEqual(told["scores"][index], 1, places=5, msg=kind)
            self.assertEqual(max(told["weights"]), told["weights"][index], kind)

    def test_a_small_tau_takes_the_nearest_adapter(self):
        told = self.blend(self.KINDS["digits"], "nearest.crayon", "--tau", 0.001, "--json").json
        self.assertEqual([round(weight, 6) for weight in told["weights"]], [0, 0, 1, 0])

    def test_indicators_may_be_given_as_numbers(self):
        dim = support.Shape.dim
        self.write("indicators.json", json.dumps(
            [[float(row == column) for column in range(dim)] for row in range(4)]))
        self.crayon("pack-pool", *self.KINDS, "--base", "base.crayon", "--indicators",
                    "indicators.json", "-o", "numbers.crayon")
        self.write("indicators.json", json.dumps([[1.0] * dim] * 3))
        self.crayon("pack-pool", *self.KINDS, "--base", "base.crayon", "--indicators",
                    "indicators.json", "-o", "numbers.crayon", code=BAD_FILE)

    def test_examples_may_lie_elsewhere(self):
        self.write("elsewhere.jsonl", '{"context": "Here.", "question": "Where?"}\n\n')
        self.crayon("pack-pool", "counting=elsewhere.jsonl", "digits", "--base", "base.crayon",
                    "-o", "two.crayon")
        self.assertEqual(len(self.crayon("info", "two.crayon", "--json").json["adapters"]), 2)

    def test_a_wrong_example_is_named_by_its_line(self):
        for line in ("[1, 2]", '{"question": 5}', '{"answer": "x"}', "not json"):
            self.write("mine.jsonl", '{"question": "fine"}\n' + line + "\n")
            failed = self.crayon("blend", "pool.crayon", "--base", "base.crayon", "--examples",
                                 "mine.jsonl", "-o", "x.crayon", code=BAD_FILE)
            self.assertIn("line 2", failed.err)

    def weights_for(self, text, tau=0.05, prior=0.0, examples=()):
        """The blend of one query by the rule, from the scores that `blend` tells."""
        def scores(texts):
            return self.blend(texts, "scores.crayon", "--json").json["scores"]
        total = scores([text])
        if prior:
            total = [(own + prior * theirs) / (1 + prior)
                     for own, theirs in zip(total, scores(list(examples)))]
        exponents = [math.exp((score - max(total)) / tau) for score in total]
        return [exponent / sum(exponents) for exponent in exponents]

    def assert_weights(self, told, expected):
        for weight, other in zip(told, expected, strict=True):
            self.assertAlmostEqual(weight, other, delta=2e-3)

    def eval_blend(self, text, *arguments):
        self.write("asked.jsonl", json.dumps({"question": text, "answer": "x"}) + "\n")
        self.crayon("eval", "base.crayon", "asked.jsonl", "-n", 1, "--adapter", "pool.crayon",
                    "--items", "asked.items", *arguments)
        return json.loads((self.dir / "asked.items").read_text())["blend"]

    def write_pool_folder(self, name, **changes):
        """A folder as `crayon-train pool` writes it: the adapters and pool.json."""
        for kind in self.KINDS:
            support.write_peft(self.dir / name / kind, self.factors[kind], RANK, ALPHA)
        indicators = [[float(row == column) for column in range(support.Shape.dim)]
                      for row in range(len(self.KINDS))]
        self.write(f"{name}/pool.json", json.dumps(
            {"tau": 0.25, "embedding": "hidden-2-last", "adapters": list(self.KINDS),
             "indicators": indicators} | changes))

    def test_a_pool_folder_says_what_the_pool_is(self):
        self.write_pool_folder("trained")
        told = self.crayon("pack-pool", "trained", "--base", "base.crayon", "-o", "trained.crayon",
                           "--json").json
        self.assertEqual((told["adapters"], told["tau"], told["embedding"]),
                         (list(self.KINDS), 0.25, "hidden-2-last"))
        info = self.crayon("info", "trained.crayon", "--json").json
        self.assertEqual(info["embedding"], "hidden-2-last")
        self.crayon("verify", "trained.crayon")
        for arguments in (("--tau", 0.5),):
            told = self.crayon("pack-pool", "trained", "--base", "base.crayon", "-o",
                               "other.crayon", "--json", *arguments).json
            self.assertEqual(told["tau"], 0.5)
        # It is blended by its kind of embedding, and so is what is blended of it.
        self.write("one.jsonl", '{"question": "9 - 3", "answer": "x"}\n')
        told = self.crayon("blend", "trained.crayon", "--base", "base.crayon", "--examples",
                           "one.jsonl", "-o", "one.crayon", "--json").json
        self.crayon("eval", "base.crayon", "one.jsonl", "-n", 1, "--adapter", "trained.crayon",
                    "--items", "one.items")
        line = json.loads((self.dir / "one.items").read_text())
        self.assert_weights(line["blend"], told["weights"])
        self.assertEqual(self.crayon("info", "one.crayon", "--json").json["scope"],
                         "hidden-2-last")

    def test_a_wrong_pool_folder_is_refused(self):
        dim = support.Shape.dim
        for number, changes in enumerate((
                {"tau": "warm"}, {"embedding": "hidden-3-mean"}, {"embedding": "bag-of-words"},
                {"adapters": "all"}, {"indicators": [[1.0] * dim] * 3},
                {"indicators": [[1.0] * (dim - 1)] * 4}, {"indicators": [[0.0] * dim] * 4},
                {"indicators": [["x"] * dim] * 4})):
            self.write_pool_folder(f"wrong{number}", **changes)
            self.crayon("pack-pool", f"wrong{number}", "--base", "base.crayon", "-o", "w.crayon",
                        code=BAD_FILE)
        self.write_pool_folder("right")
        self.crayon("pack-pool", "right", "--base", "base.crayon", "-o", "w.crayon", "--embedding",
                    "query-mean", code=USAGE)

    def test_indicators_may_be_made_of_hidden_states(self):
        self.crayon("pack-pool", *self.KINDS, "--base", "base.crayon", "-o", "hidden.crayon",
                    "--embedding", "hidden-1-mean")
        for index, texts in enumerate(self.KINDS.values()):
            self.write("mine.jsonl", "".join(json.dumps({"text": text}) + "\n" for text in texts))
            told = self.crayon("blend", "hidden.crayon", "--base", "base.crayon", "--examples",
                               "mine.jsonl", "-o", "own.crayon", "--json").json
            self.assertAlmostEqual(told["scores"][index], 1, places=5)

    def scopes(self, items):
        return [json.loads(line).get("scope")
                for line in (self.dir / items).read_text().splitlines()]

    def test_a_blend_knows_what_it_is_for(self):
        self.blend(self.KINDS["digits"], "digits.blend")
        self.write("both.jsonl", "".join(
            json.dumps({"question": text, "answer": "x"}) + "\n"
            for text in (self.KINDS["digits"][0], self.KINDS["shouting"][0])))
        self.crayon("eval", "base.crayon", "both.jsonl", "-n", 1, "--adapter", "digits.blend",
                    "--items", "both.items")
        digits, shouting = self.scopes("both.items")
        self.assertGreater(digits, shouting)
        self.assertEqual(self.crayon("info", "digits.blend", "--json").json["scope"], "query-mean")

    def test_a_pool_is_for_what_its_adapters_are_or_for_the_examples(self):
        text = "where is it?"
        scores = self.blend([text], "asked.crayon", "--json").json["scores"]
        self.eval_blend(text)
        self.assertAlmostEqual(self.scopes("asked.items")[0], max(scores), places=5)
        self.write("prior.jsonl", json.dumps({"question": text}) + "\n")
        self.eval_blend(text, "--examples", "prior.jsonl", "--prior", 0.5)
        self.assertAlmostEqual(self.scopes("asked.items")[0], 1, places=5)

    def test_an_adapter_that_was_not_blended_knows_no_scope(self):
        self.crayon("pack-adapter", "digits", "--base", "base.crayon", "-o", "digits.crayon")
        self.write("one.jsonl", '{"question": "9 - 3", "answer": "x"}\n')
        for adapters in ((), ("--adapter", "digits.crayon")):
            self.crayon("eval", "base.crayon", "one.jsonl", "-n", 1, *adapters, "--items",
                        "plain.items")
            self.assertEqual(self.scopes("plain.items"), [None])

    def test_a_pool_is_blended_for_each_question(self):
        for texts in self.KINDS.values():
            self.assert_weights(self.eval_blend(texts[0]), self.weights_for(texts[0]))

    def test_tau_can_be_set_in_the_place_of_the_pools(self):
        self.assert_weights(self.eval_blend("where is it?", "--tau", 0.4),
                            self.weights_for("where is it?", tau=0.4))
        self.crayon("run", "base.crayon", "-p", "x", "--tau", 0.4, code=USAGE)

    def test_examples_count_besides_the_question(self):
        mine = self.KINDS["digits"]
        self.write("prior.jsonl", "".join(json.dumps({"question": text}) + "\n" for text in mine))
        for prior, arguments in ((1, ()), (3, ("--prior", 3))):
            self.assert_weights(
                self.eval_blend("where is it?", "--examples", "prior.jsonl", *arguments),
                self.weights_for("where is it?", prior=prior, examples=mine))

    def test_what_a_pool_does_to_a_query_is_the_dense_sum(self):
        # `logits` takes the ids for the query: that of a rendered question.
        prompt = "Question: 9 - 3\nAnswer:"
        ids = self.crayon("tokenize", "base.crayon", "-p", prompt, "--json").json["ids"]
        parts = [(weight * ALPHA / RANK, self.factors[kind])
                 for kind, weight in zip(self.KINDS, self.weights_for("9 - 3"))]
        support.write_model(self.dir / "query-dense", support.merged(self.weights, parts, RANK))
        self.crayon("pack", "query-dense", "--weights", "f32", "-o", "query-dense.crayon")
        expected = self.logits("query-dense.crayon", ids)
        got = self.logits("base.crayon", ids, "--adapter", "pool.crayon")
        self.assertLess(distance(got, expected), 10 * TOLERANCE)  # the scores have 7 digits, too

    def test_a_server_tells_the_blend_of_each_answer(self):
        with Server(self.dir, "base.crayon", "--adapter", "pool.crayon") as server:
            for text in ("9 - 3", "where is it?"):
                body = {"messages": [{"role": "user", "content": "HEY YOU!"},
                                     {"role": "assistant", "content": "x"},
                                     {"role": "user", "content": text}], "max_tokens": 2}
                request = urllib.request.Request(
                    server.url + "/v1/chat/completions", json.dumps(body).encode(),
                    {"Content-Type": "application/json"})
                with urllib.request.urlopen(request, timeout=120) as reply:
                    told = json.load(reply)
                self.assert_weights(told["x_crayon"]["blend"], self.weights_for(text))

    def test_one_pool_is_the_most_and_examples_need_one(self):
        self.crayon("run", "base.crayon", "-p", "x", "--adapter", "pool.crayon", "--adapter",
                    "pool.crayon", code=USAGE)
        self.write("prior.jsonl", '{"question": "x"}\n')
        self.crayon("run", "base.crayon", "-p", "x", "--examples", "prior.jsonl", code=USAGE)
        self.crayon("run", "base.crayon", "-p", "x", "--adapter", "pool.crayon", "--prior", 2,
                    code=USAGE)

    def test_an_adapter_is_not_a_pool(self):
        self.blend(["a"], "adapter.crayon")
        self.crayon("blend", "adapter.crayon", "--base", "base.crayon", "--examples", "mine.jsonl",
                    "-o", "x.crayon", code=USAGE)


if __name__ == "__main__":
    support.main()
