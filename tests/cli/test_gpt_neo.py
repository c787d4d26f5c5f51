#!/usr/bin/env python3
"""A real GPT-Neo that chats, tinytalk, against what another program made of it. Skipped without
assets."""
import json
import unittest

import support

TINYTALK = support.ASSETS / "models/tinytalk"


@unittest.skipUnless(TINYTALK.exists(), "no models/tinytalk (set CRAYON_ASSETS)")
class GptNeo(support.Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        folder = cls.dir / "tinytalk"
        folder.mkdir()
        for name, source in (("config.json", "config_pruned.json"),
                             ("tokenizer.json", "tokenizer_pruned.json"),
                             ("model.safetensors", "model_f32.safetensors")):
            (folder / name).symlink_to(TINYTALK / source)
        cls.golden = json.loads((TINYTALK / "golden_own.json").read_text())
        cls.crayon("pack", folder, "--weights", "f32", "--head", "f32", "-o", "f32.crayon")

    def test_prompts_become_the_known_ids(self):
        for golden in self.golden:
            ids = self.crayon("tokenize", "f32.crayon", "--special", "-p", golden["prompt"],
                              "--json").json["ids"]
            self.assertEqual(ids, golden["ids"])

    def test_logits_are_the_known_ones(self):
        for golden in self.golden:
            (self.dir / "ids.json").write_text(json.dumps(golden["ids"]))
            last = self.crayon("logits", "f32.crayon", "--ids", "ids.json", "--json",
                               "--top", "8").json["top"][-1]
            self.assertEqual([token for token, _ in last], [token for token, _ in golden["top8"]])
            for (_, logit), (_, known) in zip(last, golden["top8"]):
                self.assertAlmostEqual(logit, known, delta=2e-4)

    def test_it_says_what_is_known(self):
        for golden in self.golden:
            ids = self.crayon("run", "f32.crayon", "--special", "-p", golden["prompt"],
                              "-n", len(golden["greedy"]), "--json").json["ids"]
            # What ends the text is known as its last id, and does not belong to an answer.
            self.assertIn(golden["greedy"], (ids, ids + golden["greedy"][-1:]))

    def perplexity_of_replies(self, model, chats):
        measured = self.crayon("perplexity", model, "-f", chats, "--separator", "\n\n",
                               "--score-after", "Bot:", "--score-until", "<|endoftext|>",
                               "--special", "--json").json
        self.assertEqual(measured["tokens"], 19010)
        return measured["perplexity"]

    @unittest.skipUnless(support.HEAVY, "takes long in an emulator")
    def test_replies_have_the_known_perplexity(self):
        chats = (TINYTALK / "chat_val.txt").read_text()
        # Each exchange on its own, as its makers measured it.
        (self.dir / "exchanges.txt").write_text(chats.replace("<|endoftext|>\n",
                                                              "<|endoftext|>\n\n"))
        f32 = self.perplexity_of_replies("f32.crayon", "exchanges.txt")
        self.assertAlmostEqual(f32, 6.64, delta=0.01)
        self.crayon("pack", self.dir / "tinytalk", "-o", "int8.crayon")
        int8 = self.perplexity_of_replies("int8.crayon", "exchanges.txt")
        self.assertLess(abs(int8 / f32 - 1), 0.01)

    @unittest.skipUnless(support.HEAVY, "takes long in an emulator")
    def test_replies_are_easier_within_their_conversation(self):
        # What a float32 forward pass in numpy gives. 31 stories are longer than a window; none
        # of them replies.
        whole = self.perplexity_of_replies("f32.crayon", TINYTALK / "chat_val.txt")
        self.assertAlmostEqual(whole, 6.1819, delta=1e-3)


if __name__ == "__main__":
    support.main()
