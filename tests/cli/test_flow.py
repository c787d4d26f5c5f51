#!/usr/bin/env python3
"""The main flow on a tiny random model: pack, info, verify, run, tokenize, perplexity, logits."""
import json
import math
import os
import pathlib
import pty
import subprocess
import unittest

import support
from support import OK, SYSTEM


class Flow(support.Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tiny = cls.pack_tiny()

    def test_the_same_seed_packs_the_same_bundle(self):
        ids = {seed: self.crayon("pack", "--random", "tiny", "--seed", seed, "-o", "again.crayon",
                                 "--json").json["id"] for seed in (1, 2)}
        self.assertEqual(ids[1], self.crayon("info", self.tiny, "--json").json["id"])
        self.assertNotEqual(ids[1], ids[2])

    def test_weights_may_be_stored_in_three_types(self):
        sizes = []
        for weights in ("int8", "f16", "f32"):
            self.pack_tiny("sized.crayon", weights)
            info = self.crayon("info", "sized.crayon", "--json").json
            dtypes = {tensor["name"]: tensor["dtype"] for tensor in info["tensors"]}
            self.assertEqual(dtypes["layers.0.q"], dtypes["token_embedding"], weights)
            sizes.append(info["bytes"])
        self.assertEqual(sizes, sorted(sizes))

    def test_the_head_may_have_a_type_of_its_own(self):
        self.crayon("pack", "--random", "tiny", "--head", "f32", "-o", "head.crayon")
        tensors = self.crayon("info", "head.crayon", "--json").json["tensors"]
        dtypes = {tensor["name"]: tensor["dtype"] for tensor in tensors}
        self.assertEqual(dtypes["token_embedding"], "f32")
        self.assertNotEqual(dtypes["layers.0.q"], "f32")

    def test_info_tells_the_configuration_and_the_memory(self):
        info = self.crayon("info", self.tiny, "--json").json
        self.assertEqual(info["kind"], "model")
        self.assertEqual(info["bytes"], (self.dir / self.tiny).stat().st_size)
        self.assertGreater(info["config"]["layers"], 0)
        memory = info["memory"]
        self.assertEqual(memory["total_bytes"], memory["weights_bytes"] + memory["kv_cache_bytes"] +
                         memory["scratch_bytes"])
        config = info["config"]
        # Keys and values of all layers, two bytes a number; values end at a multiple of 16 numbers.
        numbers = config["head_dim"] + (config["head_dim"] + 15) // 16 * 16
        self.assertEqual(memory["context"] % 32, 0)
        self.assertEqual(memory["kv_cache_bytes"], 2 * numbers * config["layers"] *
                         memory["context"] * config["kv_heads"])
        self.assertNotIn("layers.0.q", self.crayon("info", self.tiny).out)
        self.assertIn("layers.0.q", self.crayon("info", self.tiny, "--tensors").out)

    def test_verify_finds_a_good_bundle_good(self):
        self.assertTrue(self.crayon("verify", self.tiny, "--json").json["ok"])
        self.assertIn("ok", self.crayon("verify", self.tiny).out)

    def test_run_prints_prompt_and_continuation_only(self):
        shown = self.crayon("run", self.tiny, "-p", "Hello", "-n", 12, "--ignore-end")
        told = self.crayon("run", self.tiny, "-p", "Hello", "-n", 12, "--ignore-end", "--json").json
        self.assertEqual(shown.out, "Hello" + told["text"])
        self.assertEqual(shown.err, "")
        self.assertEqual(len(told["ids"]), 12)
        self.assertEqual(told["finish"], "length")

    def test_the_number_of_threads_does_not_change_the_tokens(self):
        ids = [self.crayon("run", self.tiny, "-p", "One, two", "-n", 24, "--ignore-end", "--json",
                           "--threads", threads).json["ids"] for threads in (1, 2, 3)]
        self.assertEqual(ids[0], ids[1])
        self.assertEqual(ids[0], ids[2])

    def test_sampling_follows_the_seed(self):
        def sample(seed):
            return self.crayon("run", self.tiny, "-p", "x", "-n", 16, "--temp", 1, "--seed", seed,
                               "--ignore-end", "--json").json["ids"]
        self.assertEqual(sample(5), sample(5))
        self.assertNotEqual(sample(5), sample(6))

    def test_the_environment_mirrors_flags_and_flags_win(self):
        count = {"CRAYON_MAX_TOKENS": "3", "CRAYON_IGNORE_END": "1"}
        self.assertEqual(
            len(self.crayon("run", self.tiny, "-p", "x", "--json", env=count).json["ids"]), 3)
        self.assertEqual(
            len(self.crayon("run", self.tiny, "-p", "x", "--json", "-n", 5, env=count).json["ids"]),
            5)

    def test_a_text_comes_from_the_command_line_a_file_or_standard_input(self):
        self.write("text.txt", "Grüße, 世界!\n")
        given = self.crayon("tokenize", self.tiny, "-p", "Grüße, 世界!\n", "--json").json
        self.assertEqual(list(given), ["ids"])
        self.assertEqual(given, self.crayon("tokenize", self.tiny, "-f", "text.txt", "--json").json)
        self.assertEqual(given, self.crayon("tokenize", self.tiny, "-f", "-", "--json",
                                            input="Grüße, 世界!\n".encode()).json)

    def test_an_empty_text_is_a_text(self):
        self.assertEqual(self.crayon("tokenize", self.tiny, "-p", "", "--no-bos", "--json").json,
                         {"ids": []})

    def test_no_bos_leaves_out_the_first_token_only(self):
        text = ("-p", "some words", "--json")
        bare = self.crayon("tokenize", self.tiny, "--no-bos", *text).json["ids"]
        full = self.crayon("tokenize", self.tiny, *text).json["ids"]
        self.assertEqual(full[-len(bare):], bare)
        self.assertLessEqual(len(full) - len(bare), 1)
        plain = self.crayon("tokenize", self.tiny, "-p", "some words").out
        self.assertEqual([int(word) for word in plain.split()], full)

    def test_logits_agree_with_run_and_with_the_top_list(self):
        ids = self.crayon("tokenize", self.tiny, "-p", "Hello there", "--json").json["ids"]
        values = self.logits(self.tiny, ids)
        vocabulary = self.crayon("info", self.tiny, "--json").json["config"]["vocab_size"]
        self.assertEqual(len(values), len(ids) * vocabulary)
        told = self.crayon("logits", self.tiny, "--ids", "ids.json", "--json", "--top", 3).json
        self.assertEqual(list(told), ["ids", "top"])
        self.assertEqual(told["ids"], ids)
        for position, best in enumerate(told["top"]):
            row = values[position * vocabulary:(position + 1) * vocabulary]
            order = sorted(range(vocabulary), key=lambda token: (-row[token], token))[:3]
            self.assertEqual(best, [[token, row[token]] for token in order])
        first = self.crayon("run", self.tiny, "-p", "Hello there", "-n", 1, "--ignore-end",
                            "--json").json["ids"][0]
        self.assertEqual(first, told["top"][-1][0][0])

    def test_logits_take_what_tokenize_prints(self):
        told = self.crayon("tokenize", self.tiny, "-p", "abc", "--json")
        self.write("told.json", told.out)
        self.assertEqual(self.crayon("logits", self.tiny, "--ids", "told.json", "--json").json["ids"],
                         told.json["ids"])

    def test_logits_of_many_positions_do_not_depend_on_how_they_are_cut(self):
        ids = [(7 * index) % 200 for index in range(70)]
        everything = self.logits(self.tiny, ids)
        beginning = self.logits(self.tiny, ids[:33])
        self.assertEqual(everything[:len(beginning)], beginning)

    def test_perplexity_is_that_of_the_logits(self):
        self.write("story.txt", "It was a dark and stormy night; the rain fell in torrents.")
        told = self.crayon("perplexity", self.tiny, "-f", "story.txt", "--json").json
        self.assertEqual(list(told), ["perplexity", "tokens"])
        ids = self.crayon("tokenize", self.tiny, "-f", "story.txt", "--json").json["ids"]
        values = self.logits(self.tiny, ids)
        vocabulary = len(values) // len(ids)
        loss = 0
        for position, token in enumerate(ids[1:]):
            row = values[position * vocabulary:(position + 1) * vocabulary]
            top = max(row)
            loss += top + math.log(sum(math.exp(value - top) for value in row)) - row[token]
        self.assertEqual(told["tokens"], len(ids) - 1)
        self.assertAlmostEqual(told["perplexity"] / math.exp(loss / (len(ids) - 1)), 1, places=5)

    def test_compare_is_the_perplexity_of_both(self):
        self.write("story.txt", "It was a dark and stormy night; the rain fell in torrents.")
        told = self.crayon("compare", self.tiny, self.tiny, "-f", "story.txt", "--json").json
        self.assertEqual(list(told), ["tokens", "reference_perplexity", "perplexity", "kl_mean",
                                      "kl_median", "kl_p99", "kl_largest", "same_top", "layers"])
        alone = self.crayon("perplexity", self.tiny, "-f", "story.txt", "--json").json
        self.assertEqual((told["perplexity"], told["tokens"]),
                         (alone["perplexity"], alone["tokens"]))
        self.assertEqual((told["kl_largest"], told["same_top"]), (0, 1))
        self.assertIn("| 0 | 0.00000 |",
                      self.crayon("compare", self.tiny, self.tiny, "-f", "story.txt").out)

    def test_doctor_knows_the_kernel_sets(self):
        told = self.crayon("doctor", "--json").json
        names = [kernels["name"] for kernels in told["kernels"]]
        self.assertEqual(names[-1], "scalar")
        chosen = next(k for k in told["kernels"] if k["name"] == told["chosen"])
        self.assertTrue(chosen["runs"])
        self.assertIn(told["version"], self.crayon("--version").out)
        self.assertIn("chosen", self.crayon("doctor").out)

    def test_doctor_says_where_threads_run_and_why(self):
        told = self.crayon("doctor", "--json", "--no-bandwidth").json
        self.assertEqual(len(told["pinned_to"]), told["threads"])
        self.assertLessEqual(set(told["pinned_to"]), {cpu["id"] for cpu in told["cpus"]})
        self.assertIn(told["why_pinned"], self.crayon("doctor", "--no-bandwidth").out)
        self.assertIsNone(told["read_bytes_per_second"])
        for flags, env in ((["--no-pin"], {}), ([], {"CRAYON_PIN": "0"})):
            free = self.crayon("doctor", "--json", "--no-bandwidth", *flags, env=env).json
            self.assertEqual(free["pinned_to"], [])
            self.assertIn("--no-pin", free["why_pinned"])

    def test_doctor_measures_memory(self):
        speeds = self.crayon("doctor", "--json").json["read_bytes_per_second"]
        self.assertEqual(list(speeds), ["one_thread", "all_threads"])
        self.assertGreater(min(speeds.values()), 0)

    def test_every_kernel_set_that_runs_here_gives_the_same_tokens(self):
        ids = {}
        for kernels in self.crayon("doctor", "--json").json["kernels"]:
            if kernels["runs"]:
                ids[kernels["name"]] = self.crayon(
                    "run", self.tiny, "-p", "One, two", "-n", 16, "--ignore-end", "--json",
                    env={"CRAYON_KERNELS": kernels["name"]}).json["ids"]
        self.assertEqual(len({tuple(tokens) for tokens in ids.values()}), 1, ids)

    def test_help_is_on_standard_output(self):
        self.assertIn("pack-adapter", self.crayon("--help").out)
        self.assertIn("CRAYON_MAX_TOKENS", self.crayon("run", "--help").out)


class Output(support.Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tiny = cls.pack_tiny()

    def test_a_reader_that_leaves_early_is_no_error(self):
        program = subprocess.Popen(
            [*support.COMMAND, "run", self.tiny, "-p", "Hello", "-n", "100", "--ignore-end"],
            cwd=self.dir, env=support.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        program.stdout.close()
        error = program.stderr.read()
        program.stderr.close()
        self.assertEqual(program.wait(60), OK)
        self.assertEqual(error, b"")

    @unittest.skipUnless(pathlib.Path("/dev/full").is_char_device(), "no /dev/full")
    def test_a_full_disk_is_an_error_of_the_system(self):
        with open("/dev/full", "wb") as full:
            done = subprocess.run([*support.COMMAND, "info", self.tiny], cwd=self.dir, stdout=full,
                                  env=support.environment(), stderr=subprocess.PIPE, timeout=60)
        self.assertEqual(done.returncode, SYSTEM)
        self.assertIn(b"standard output", done.stderr)

    def on_terminal(self, *arguments, **env):
        """What the program writes when both its outputs are a terminal."""
        mine, its = pty.openpty()
        try:
            done = subprocess.Popen([*support.COMMAND, *arguments], cwd=self.dir, stdout=its,
                                    stderr=its, env=support.environment(TERM="xterm", **env))
            os.close(its)
            shown = b""
            try:
                while piece := os.read(mine, 4096):
                    shown += piece
            except OSError:  # what Linux says when the other side has gone
                pass
            self.assertEqual(done.wait(60), OK)
        finally:
            os.close(mine)
        return shown.decode("utf-8", "replace").replace("\r\n", "\n")

    def test_a_bar_is_drawn_on_a_terminal_and_wiped(self):
        shown = self.on_terminal("verify", self.tiny)
        self.assertRegex(shown, r"verifying " + self.tiny + r" \[.*\] +[0-9]+ %  .*B/s")
        self.assertIn("\x1b[32m", shown)
        self.assertRegex(shown, r"\r\x1b\[K" + self.tiny + ": ok")
        self.assertNotIn("\x1b[32m", self.on_terminal("verify", self.tiny, NO_COLOR="1"))

    def test_an_answer_is_shown_on_a_terminal_as_it_comes(self):
        arguments = ("ask", self.tiny, "-n", "8", "Why?")
        answer = self.crayon(*arguments, "--json").json["answer"]
        shown = self.on_terminal(*arguments)
        self.assertTrue(shown.startswith(answer.replace("\r\n", "\n") + "\nlocal: "), shown)

    def test_no_bar_is_drawn_where_there_is_no_terminal(self):
        self.assertEqual(self.crayon("verify", self.tiny).err, "")
        self.assertEqual(self.crayon("pack", "--random", "tiny", "-o", "x.crayon").err, "")


if __name__ == "__main__":
    support.main()
