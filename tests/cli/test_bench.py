#!/usr/bin/env python3
"""`crayon bench`: the form of its reports. How fast anything is, is never asserted."""
import csv
import io
import json
import os
import pty
import signal
import subprocess
import sys

import support
from support import COMMAND, SOURCE, USAGE


class Bench(support.Case):
    """On the GGUF files of random weights that other programs are compared on."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        script = [sys.executable, SOURCE / "bench/peers/random_gguf.py", "tiny", "-o"]
        subprocess.run([*script, cls.dir / "tiny.gguf"], check=True)
        subprocess.run([*script, cls.dir / "a.gguf", "--lora", "4"], check=True)
        cls.tiny = "tiny.crayon"
        cls.crayon("pack", "tiny.gguf", "-o", cls.tiny)
        cls.crayon("pack-adapter", "a.gguf", "--base", cls.tiny, "-o", "a.crayon")

    def bench(self, *arguments, **options):
        return self.crayon("bench", self.tiny, "-r", 2, *arguments, **options)

    def test_tests_have_llama_benchs_names(self):
        rows = self.bench("-p", "16,32", "-n", 8, "--pg", "16,4", "--json").json["rows"]
        self.assertEqual([row["test"] for row in rows], ["pp16", "pp32", "tg8", "pp16+tg4"])
        self.assertEqual([(row["n_prompt"], row["n_gen"]) for row in rows],
                         [(16, 0), (32, 0), (0, 8), (16, 4)])
        for row in rows:
            self.assertEqual(len(row["samples_ts"]), 2)
            self.assertGreater(min(row["samples_ts"]), 0)
            self.assertLessEqual(min(row["samples_ts"]), row["median_ts"])

    def test_json_has_what_docs_promise(self):
        told = self.bench("-p", 8, "-n", 4, "--json").json
        self.assertEqual(list(told), ["build", "model", "memory", "machine", "repetitions", "rows",
                                      "kernel_ratios", "adapter_ratios", "speculation", "sustained"])
        self.assertIsNone(told["speculation"])
        self.assertIsNone(told["sustained"])
        memory = told["memory"]
        self.assertEqual(memory["peak_rss_bytes"] - memory["weight_bytes"] - memory["kv_bytes"],
                         memory["beyond_bytes"])
        prefill, decode = told["rows"]
        self.assertGreater(prefill["first_token_ms"], 0)
        self.assertNotIn("bytes_per_token", prefill)
        self.assertEqual(list(decode["token_ms"]), ["p50", "p95", "p99"])
        self.assertLessEqual(decode["token_ms"]["p50"], decode["token_ms"]["p99"])
        self.assertAlmostEqual(
            decode["bandwidth_share"],
            decode["bytes_per_token"] * decode["median_ts"] / decode["read_bytes_per_second"])

    def test_several_numbers_of_threads(self):
        rows = self.bench("-p", 0, "-n", 4, "-t", "1,2,3", "--json").json["rows"]
        self.assertEqual([row["n_threads"] for row in rows], [1, 2, 3])

    def test_kernel_sets_side_by_side(self):
        sets = [kernels["name"] for kernels in
                self.crayon("doctor", "--json", "--no-bandwidth").json["kernels"] if kernels["runs"]]
        told = self.bench("-p", 8, "-n", 0, "--kernels", ",".join(sets), "--json").json
        self.assertEqual([row["kernels"] for row in told["rows"]], sets)
        self.assertEqual([ratio["beside"] for ratio in told["kernel_ratios"]], sets[1:])

    def test_adapters_run_beside_the_bare_model(self):
        adapter = "a.crayon"
        told = self.bench("-p", 8, "-n", 4, "--adapter", adapter, "--json").json
        self.assertEqual([(row["test"], row["adapters"]) for row in told["rows"]],
                         [("pp8", "none"), ("pp8", "a"), ("tg4", "none"), ("tg4", "a")])
        self.assertEqual([(ratio["test"], ratio["what"]) for ratio in told["adapter_ratios"]],
                         [("pp8", "a"), ("tg4", "a")])
        bare, adapted = told["rows"][2:]
        read = adapted["bytes_per_token"] - bare["bytes_per_token"]
        self.assertGreater(read, 0)
        self.assertLess(read, told["memory"]["adapter_bytes"])  # which has them in f32, too
        self.assertIn("costs", self.bench("-p", 8, "-n", 0, "--adapter", adapter).out)

    def test_sequences_decode_together(self):
        rows = self.bench("-p", 8, "-n", 4, "--sequences", "1,3", "--adapter", "a.crayon",
                          "--json").json["rows"]
        self.assertEqual([(row["test"], row["n_sequences"]) for row in rows[::2]],
                         [("pp8", 1), ("tg4", 1), ("tg4 x 3", 3)])
        for row in rows[2:]:
            self.assertGreater(row["median_ts"], 0)
        self.assertLess(rows[4]["bytes_per_token"], rows[2]["bytes_per_token"])
        self.assertLess(rows[5]["bytes_per_token"], rows[3]["bytes_per_token"])

    def test_speculation_is_told_apart(self):
        told = self.bench("-p", 0, "-n", 4, "--speculate", 4, "--json").json
        self.assertEqual(len(told["rows"]), 1)
        guessed = told["speculation"]
        self.assertEqual(guessed["steps"] + guessed["guesses_right"], guessed["tokens"] - 1)
        self.assertLessEqual(guessed["guesses_right"], guessed["guesses"])
        self.assertIn("guesses at once", self.bench("-p", 0, "-n", 4, "--speculate", 4).out)

    def test_csv_is_a_line_a_row(self):
        rows = list(csv.DictReader(io.StringIO(self.bench("-p", 8, "-n", 4, "-o", "csv").out)))
        self.assertEqual([row["test"] for row in rows], ["pp8", "tg4"])
        self.assertGreater(float(rows[1]["median_ts"]), 0)
        self.assertEqual(rows[0]["bandwidth_share"], "")

    def test_markdown_is_the_default(self):
        out = self.bench("-p", 8, "-n", 4).out
        header = out.splitlines()[0]
        self.assertTrue(header.startswith("| model |"))
        for line in out.splitlines():
            if line.startswith("| ") and "pp8" in line:
                self.assertEqual(line.count("|"), header.count("|"))
        for word in ("memory", "threads", "machine", "build"):
            self.assertIn(f"\n{word} ", out)

    def sustain(self, *arguments):
        return self.crayon("bench", self.tiny, "--sustain", *arguments)

    def test_a_long_run_is_a_series(self):
        told = self.sustain("3s", "-p", 32, "-n", 16, "--json").json
        self.assertEqual(told["rows"], [])
        long = told["sustained"]
        self.assertEqual(long["asked_seconds"], 3)
        self.assertFalse(long["interrupted"])
        self.assertEqual((long["decode"]["test"], long["prefill"]["test"]), ("tg16", "pp32"))
        for kind in ("decode", "prefill"):
            self.assertGreater(long[kind]["tokens"], 0)
            # A slow machine may have done only one of the kinds in one of the halves.
            first, last = long[kind]["first_ts"], long[kind]["last_ts"]
            if first and last:
                self.assertAlmostEqual(long[kind]["last_to_first"], last / first)
            else:
                self.assertIsNone(long[kind]["last_to_first"])
        self.assertAlmostEqual(  # decoding is what a run begins with
            long["bandwidth_share"]["first"],
            long["bytes_per_token"] * long["decode"]["first_ts"]
            / long["read_bytes_per_second"]["before"])
        samples = long["samples"]
        self.assertEqual(samples[0]["begin"], 0)
        for before, behind in zip(samples, samples[1:]):
            self.assertEqual(before["end"], behind["begin"])
        self.assertEqual(samples[-1]["end"], long["seconds"])
        if long["power"]["mean_watts"] is None:
            self.assertIsNone(long["decode"]["joules_per_token"])

    def test_a_long_run_of_one_kind_leaves_out_the_other(self):
        told = self.sustain("1s", "-p", 0, "-n", 16, "--json").json["sustained"]
        self.assertIsNone(told["prefill"])
        told = self.sustain("1s", "-p", 32, "-n", 0, "--json").json["sustained"]
        self.assertIsNone(told["decode"])
        self.assertIsNone(told["bytes_per_token"])

    def test_a_long_run_as_a_table_and_as_csv(self):
        out = self.sustain("2s", "-p", 16, "-n", 8).out
        for word in ("| tiny.crayon i8 |", "| until |", "\nran       0:0", "\nheat ", "\nclock ",
                     "\npower ", "\nreads ", "\nmachine ", "one long run"):
            self.assertIn(word, out)
        rows = list(csv.DictReader(io.StringIO(self.sustain("2s", "-n", 8, "-o", "csv").out)))
        self.assertEqual(rows[0]["begin"], "0.000")
        self.assertTrue(any(float(row["decode_ts"] or 0) > 0 for row in rows))

    def test_an_interrupted_run_still_reports(self):
        command = [*COMMAND, "bench", self.tiny, "-p", "16", "-n", "8", "--sustain", "1h", "--json"]
        mine, its = pty.openpty()
        with subprocess.Popen(command, cwd=self.dir, stdout=subprocess.PIPE, stderr=its,
                              env=support.environment(TERM="xterm")) as running:
            try:
                os.close(its)
                # The bar is drawn before the first step of the run; again, when one is done.
                shown = b""
                while shown.count(b"sustained [") < 2:
                    shown += os.read(mine, 4096)
                running.send_signal(signal.SIGINT)
                out, _ = running.communicate(timeout=120)
            finally:
                running.kill()
                os.close(mine)
        self.assertEqual(running.returncode, 0)
        told = json.loads(out)["sustained"]
        self.assertTrue(told["interrupted"])
        self.assertLess(told["seconds"], told["asked_seconds"])
        self.assertGreater(told["decode"]["tokens"] + told["prefill"]["tokens"], 0)

    def test_a_long_run_runs_one_thing(self):
        for arguments in (["0s"], ["10"], ["m"], ["10x"], ["-1s"], ["169h"], ["1s", "-p", "8,16"],
                          ["1s", "-n", "8,16"], ["1s", "--pg", "8,8"], ["1s", "--sequences", "2"],
                          ["1s", "-t", "1,2"], ["1s", "--speculate", 2],
                          ["1s", "--kernels", "scalar,scalar"]):
            with self.subTest(arguments):
                self.crayon("bench", self.tiny, "--sustain", *arguments, code=USAGE)

    def test_an_emulator_is_named(self):
        machine = self.bench("-p", 8, "-n", 0, "--json").json["machine"]
        if COMMAND[1:]:  # the emulator that a cross build's tests run in
            self.assertTrue(machine["emulated"])
        doctor = self.crayon("doctor", "--json", "--no-bandwidth").json
        for what in ("emulated", "virtual"):
            self.assertEqual(doctor[what], machine[what])
        self.assertFalse(machine["emulated"] and machine["virtual"])
        for out in (self.bench("-p", 8, "-n", 0).out, self.crayon("doctor", "--no-bandwidth").out):
            self.assertEqual("EMULATED" in out, machine["emulated"])
            self.assertEqual("(virtual machine" in out, machine["virtual"])

    def test_wrong_flags_are_wrong_usage(self):
        for arguments in (["-p", 0, "-n", 0], ["-p", "some"], ["-r", 0], ["-t", "0"],
                          ["--pg", "8"], ["-o", "xml"], ["--kernels", "abacus"],
                          ["--kv", "int1"], ["--sequences", 0], ["-p", 1000000]):
            with self.subTest(arguments):
                self.crayon("bench", self.tiny, *arguments, code=USAGE)

    def test_no_bar_where_there_is_no_terminal(self):
        self.assertEqual(self.bench("-p", 8, "-n", 0).err, "")


if __name__ == "__main__":
    support.main()
