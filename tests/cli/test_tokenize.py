#!/usr/bin/env python3
"""Every file that a tokenizer can be in, and the way back from ids to text."""
import json
import shutil
import unittest

import support

TEXT = "Hello  wörld 1234!"


class Sources(support.Case):
    def ids(self, source, *flags):
        return self.crayon("tokenize", source, "-p", TEXT, "--json", *flags).json["ids"]

    def test_one_tokenizer_gives_the_same_ids_from_all_its_files(self):
        tokenizers = support.ASSETS / "tokenizers"
        vocabularies = tokenizers / "llama_cpp_vocab"
        families = [
            [tokenizers / "gpt2", tokenizers / "gpt2/tokenizer.json",
             tokenizers / "gpt2/vocab.json", vocabularies / "ggml-vocab-gpt-2.gguf"],
            [tokenizers / "llama2/tokenizer.model", tokenizers / "llama2/tokenizer.bin",
             vocabularies / "ggml-vocab-llama-spm.gguf"],
            [tokenizers / "qwen2.5", tokenizers / "qwen2.5/vocab.json"],
            [tokenizers / "llama3_tiktoken/test_tiktoken_tokenizer.model"],
            [tokenizers / "ort_genai_phi3-v", vocabularies / "ggml-vocab-phi-3.gguf"],
        ]
        if not tokenizers.exists():
            self.skipTest("no tokenizers (set CRAYON_ASSETS to have them tested)")
        for family in families:
            with self.subTest(family[0].name):
                expected = self.ids(family[0], "--no-bos")
                self.assertTrue(expected)
                for source in family[1:]:
                    self.assertEqual(self.ids(source, "--no-bos"), expected, source)
                shown = " ".join(map(str, expected))
                self.assertEqual(self.crayon("tokenize", family[0], "--decode", shown).out,
                                 TEXT + "\n")


class Decode(support.Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.folder = cls.dir / "letters"
        cls.folder.mkdir()
        (cls.folder / "vocab.json").write_text(json.dumps(
            {"a": 0, "b": 1, "ab": 2, "\u00c3": 3, "<|endoftext|>": 4}))
        (cls.folder / "merges.txt").write_text("#version: 0.2\na b\n")

    def test_ids_may_be_written_in_many_ways(self):
        for ids in ("2 0", "2,0", "[2, 0]", " 2\n0 "):
            self.assertEqual(self.crayon("tokenize", self.folder, "--decode", ids).out, "aba\n")
        self.assertEqual(self.crayon("tokenize", self.folder, "--decode", "").out, "\n")
        self.assertEqual(self.crayon("tokenize", self.folder, "--decode", "2 4", "--json").json,
                         {"text": "ab"})

    def test_bytes_come_out_as_they_are_and_json_stays_json(self):
        self.assertEqual(self.crayon("tokenize", self.folder, "--decode", "3").raw, b"\xc3\n")
        self.assertEqual(self.crayon("tokenize", self.folder, "--decode", "3", "--json").json,
                         {"text": "\ufffd"})

    def test_what_is_no_id_is_wrong_usage(self):
        for ids in ("x", "1 -1", "5", "99999999999", "1.5", "[1"):
            done = self.crayon("tokenize", self.folder, "--decode", ids, code=support.USAGE)
            self.assertIn("--decode", done.err)
        self.crayon("tokenize", self.folder, "--decode", "1", "-p", "a", code=support.USAGE)

    def test_a_copied_folder_without_merges_has_no_tokenizer(self):
        other = self.dir / "other"
        other.mkdir()
        shutil.copy(self.folder / "vocab.json", other)
        done = self.crayon("tokenize", other, "-p", "a", code=support.SYSTEM)
        for name in ("tokenizer.json", "tokenizer.model", "merges.txt"):
            self.assertIn(name, done.err)


if __name__ == "__main__":
    support.main()
