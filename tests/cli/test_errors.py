#!/usr/bin/env python3
"""What goes wrong has a sentence, a hint and the right exit code; nothing crashes."""
import json
import unittest

import support
from support import BAD_FILE, SYSTEM, USAGE

# Every verb that reads a file, with the file's place marked by FILE and good ones by their names.
FILE = object()
READERS = {
    "pack": [FILE, "-o", "x.crayon"],
    "pack-adapter": ["peft", "--base", FILE, "-o", "x.crayon"],
    "pack-pool": ["peft", "--base", FILE, "-o", "x.crayon"],
    "info": [FILE],
    "verify": [FILE],
    "run": [FILE, "-p", "x"],
    "tokenize": [FILE, "-p", "x"],
    "perplexity": [FILE, "-p", "some text"],
    "compare": ["tiny.crayon", FILE, "-p", "some text"],
    "logits": [FILE, "--ids", "ids.json"],
    "blend": ["tiny.crayon", "--base", FILE, "--examples", "mine.jsonl", "-o", "x.crayon"],
    "ask": [FILE, "why?"],
    "serve": [FILE, "--port", "0"],
}


class Errors(support.Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tiny = cls.pack_tiny()
        (cls.dir / "ids.json").write_text("[1, 2, 3]")
        (cls.dir / "mine.jsonl").write_text('{"question": "why?"}\n')
        (cls.dir / "bad.crayon").write_text("this is not a bundle\n" * 20)
        support.write_peft(cls.dir / "peft", support.lora_factors(1, 2), 2, 4)

    def fails(self, code, *arguments, **options):
        """Runs and demands this exit code and one sentence on standard error, nothing beside."""
        result = self.crayon(*arguments, code=code, **options)
        self.assertTrue(result.err.startswith("crayon: "), result.err)
        self.assertLessEqual(result.err.count("\n"), 2, result.err)
        return result

    def test_a_missing_file_is_an_error_of_the_system(self):
        for verb, arguments in READERS.items():
            with self.subTest(verb):
                result = self.fails(SYSTEM, verb,
                                    *["none.crayon" if a is FILE else a for a in arguments])
                self.assertIn("none.crayon", result.err)

    def test_a_file_of_another_kind_is_a_bad_file(self):
        for verb, arguments in READERS.items():
            with self.subTest(verb):
                result = self.fails(BAD_FILE, verb,
                                    *["bad.crayon" if a is FILE else a for a in arguments])
                self.assertIn("bad.crayon", result.err)

    def test_an_unknown_flag_is_wrong_usage(self):
        for verb in [*READERS, "doctor"]:
            with self.subTest(verb):
                self.assertIn("--help", self.fails(USAGE, verb, "--frobnicate").err)

    def test_a_missing_argument_is_wrong_usage(self):
        for verb in READERS:
            with self.subTest(verb):
                self.fails(USAGE, verb)

    def test_a_wrong_command_line_is_wrong_usage(self):
        for arguments in ([], ["frobnicate"], ["pack", "-o", "x.crayon"],
                          ["pack", "a.gguf", "--random", "tiny", "-o", "x.crayon"],
                          ["pack", "--random", "huge", "-o", "x.crayon"],
                          ["pack", "--random", "tiny", "--weights", "int3", "-o", "x.crayon"],
                          ["run", self.tiny], ["run", self.tiny, "-p", "x", "-f", "ids.json"],
                          ["run", self.tiny, "-p", "x", "-n", "many"],
                          ["run", self.tiny, "-p", "x", "--threads", "0"],
                          ["run", self.tiny, "-p", "x", "--temp", "-1"],
                          ["run", self.tiny, "-p", "x", "--top-p", "nan"],
                          ["run", self.tiny, "-p", "x", "--kv", "int1"],
                          ["run", self.tiny, "-p", "x", "--context", "100000"],
                          ["run", self.tiny, "-p", "x", "--adapter", "a.crayon=much"],
                          ["run", self.tiny, "-p", "x", "--adapter", self.tiny],
                          ["run", self.tiny, "-p", "x", "--kernels", "abacus"],
                          ["blend", self.tiny, "--base", self.tiny, "--examples", "mine.jsonl",
                           "-o", "x.crayon"],
                          ["ask", self.tiny, "--route", "remote", "why?"],
                          ["ask", self.tiny, "--route", "there", "why?"],
                          ["ask", self.tiny, "--threshold", "2", "why?"],
                          ["perplexity", self.tiny, "-p", ""]):
            with self.subTest(arguments):
                self.fails(USAGE, *arguments)
        self.assertFalse((self.dir / "x.crayon").exists())

    def test_an_unknown_verb_is_named(self):
        self.assertIn("frobnicate", self.fails(USAGE, "frobnicate").err)
        self.assertIn("no verb", self.fails(USAGE).err)

    def test_json_says_what_went_wrong(self):
        error = self.fails(SYSTEM, "info", "none.crayon", "--json").json["error"]
        self.assertEqual(list(error), ["code", "name", "message", "hint"])
        self.assertEqual((error["code"], error["name"]), (601, "not_found"))
        self.assertEqual(self.fails(USAGE, "info", "--json").json["error"]["code"], 500)
        self.assertEqual(self.fails(USAGE, "--json").json["error"]["name"], "bad_argument")

    def test_an_unknown_kernel_set_is_wrong_usage(self):
        for verb in ("doctor", "info"):
            result = self.fails(USAGE, verb, *[self.tiny] * (verb == "info"),
                                env={"CRAYON_KERNELS": "abacus"})
            self.assertIn("abacus", result.err)
            self.assertIn("scalar", result.err)

    def test_a_kernel_set_that_the_cpu_lacks_is_wrong_usage(self):
        for kernels in self.crayon("doctor", "--json").json["kernels"]:
            if not kernels["runs"]:
                result = self.fails(USAGE, "run", self.tiny, "-p", "x",
                                    env={"CRAYON_KERNELS": kernels["name"]})
                self.assertIn(kernels["name"], result.err)

    def test_a_wrong_variable_matters_to_the_verb_that_has_the_flag_only(self):
        self.fails(USAGE, "run", self.tiny, "-p", "x", env={"CRAYON_MAX_TOKENS": "many"})
        self.crayon("verify", self.tiny, env={"CRAYON_MAX_TOKENS": "many"})

    def test_wrong_ids_are_named(self):
        for text in ("{}", "[]", "[1.5]", "[-1]", "[99999999999]", "nonsense", '["1"]'):
            self.write("wrong.json", text)
            self.assertIn("wrong.json",
                          self.fails(BAD_FILE, "logits", self.tiny, "--ids", "wrong.json").err)
        self.write("wrong.json", "[1000000]")
        self.fails(USAGE, "logits", self.tiny, "--ids", "wrong.json")

    def test_too_many_tokens_do_not_fit(self):
        self.write("long.json", json.dumps([1] * 100))
        self.fails(BAD_FILE, "logits", self.tiny, "--ids", "long.json", "--context", 50)
        self.fails(BAD_FILE, "run", self.tiny, "-p", "a long text " * 20, "--context", 8)

    def test_nothing_is_written_where_nothing_can_be(self):
        self.fails(SYSTEM, "pack", "--random", "tiny", "-o", "no/such/folder/x.crayon")

    def test_a_damaged_bundle_is_a_bad_file(self):
        good = (self.dir / self.tiny).read_bytes()
        places = 32 if support.HEAVY else 6
        # Front, data frames, and, more densely, the index and footer at the end.
        positions = [len(good) * i // places for i in range(places)]
        positions += [len(good) - 1 - 37 * i for i in range(places)]
        for position in positions:
            damaged = bytearray(good)
            damaged[position] ^= 0x10
            (self.dir / "damaged.crayon").write_bytes(damaged)
            with self.subTest(position=position):
                self.assertIn("damaged.crayon", self.fails(BAD_FILE, "verify", "damaged.crayon").err)

    def test_a_truncated_bundle_is_a_bad_file(self):
        good = (self.dir / self.tiny).read_bytes()
        for size in (0, 1, 4, 15, 16, len(good) // 2, len(good) - 100, len(good) - 1):
            (self.dir / "short.crayon").write_bytes(good[:size])
            with self.subTest(size=size):
                self.fails(BAD_FILE, "run", "short.crayon", "-p", "x")


if __name__ == "__main__":
    support.main()
