#!/usr/bin/env python3
"""A real model, stories260K, against transcripts that others made of it. Skipped without assets."""
import array
import json
import unittest

import support

STORIES = support.ASSETS / "models/stories260K"
TEXT = support.ASSETS / "text/tinystories_val"


def tinystories(tokens):
    """The first `tokens` tokens of the validation text, decoded: they are ids of a byte-level BPE."""
    model = json.loads((TEXT / "bpe32768.json").read_text())["model"]
    byte_of = {spelling: byte for byte, spelling in support.byte_alphabet().items()}
    pieces = {index: bytes(byte_of[letter] for letter in piece)
              for piece, index in model["vocab"].items() if piece != "<|endoftext|>"}
    ids = array.array("H")
    ids.frombytes((TEXT / "val_tokens_u16.bin").read_bytes()[:2 * tokens])
    return b"".join(pieces.get(index, b"\n") for index in ids).decode("utf-8", "ignore")


@unittest.skipUnless(STORIES.exists(), "no models/stories260K (set CRAYON_ASSETS)")
class Golden(support.Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.golden = json.loads((STORIES / "golden_greedy.json").read_text())
        cls.crayon("pack", STORIES / "stories260K.gguf", "--weights", "f32", "-o", "gguf.crayon")

    def transcript(self, model, prompt, steps, *arguments):
        """`steps` counts the tokens of the prompt too, but not BOS, as llama2.c does."""
        ids = self.crayon("tokenize", model, "-p", prompt, "--json").json["ids"]
        return self.crayon("run", model, "-p", prompt, "-n", steps - (len(ids) - 1),
                           *arguments).out

    def check_transcripts(self, model):
        for golden in self.golden:
            self.assertEqual(self.transcript(model, golden["prompt"], golden["steps"]),
                             golden["greedy_text"])

    def test_gguf_gives_the_transcripts(self):
        self.check_transcripts("gguf.crayon")

    def test_llama2c_files_of_both_versions_give_the_transcripts(self):
        for name in ("stories260K.bin", "stories260K_v1.bin"):
            with self.subTest(name):
                self.crayon("pack", STORIES / name, "--tokenizer", STORIES / "tok512.bin",
                            "--weights", "f32", "-o", "bin.crayon")
                self.check_transcripts("bin.crayon")

    def test_int8_gives_the_same_story_for_every_number_of_threads(self):
        self.crayon("pack", STORIES / "stories260K.gguf", "-o", "int8.crayon")
        stories = {self.transcript("int8.crayon", "Once upon a time", 60, "--threads", threads)
                   for threads in (1, 2, 3)}
        self.assertEqual(len(stories), 1, stories)

    def test_speculation_tells_the_same_stories_in_fewer_steps(self):
        self.crayon("pack", STORIES / "stories260K.gguf", "-o", "int8.crayon")
        prompt = "Tim and Tom had a big red ball. Tim and Tom had a"
        for model in ("gguf.crayon", "int8.crayon"):
            plain, *others = [
                self.crayon("run", model, "-p", prompt, "-n", 150, "--speculate", guesses,
                            "--json").json for guesses in (0, 1, 5, 40)]
            for guessed in others:
                self.assertEqual(guessed["ids"], plain["ids"])
                self.assertLess(guessed["decode_steps"], plain["decode_steps"])

    @unittest.skipUnless(support.HEAVY and TEXT.exists(), "takes long, or no text")
    def test_int8_costs_less_than_one_percent_of_perplexity(self):
        self.write("stories.txt", tinystories(12000))
        measured = {}
        for weights in ("f32", "int8"):
            self.crayon("pack", STORIES / "stories260K.gguf", "--weights", weights, "-o",
                        "measured.crayon")
            told = self.crayon("perplexity", "measured.crayon", "-f", "stories.txt", "--json").json
            self.assertGreater(told["tokens"], 15000)
            measured[weights] = told["perplexity"]
        print(f"perplexity: {measured}")
        self.assertLess(measured["f32"], 10)  # a model of stories reads stories
        self.assertLess(abs(measured["int8"] / measured["f32"] - 1), 0.01)


if __name__ == "__main__":
    support.main()
