#!/usr/bin/env python3
"""Tests the scripts that compare programs, with made-up programs."""
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

import support

PEERS = support.SOURCE / "bench/peers"
sys.path.insert(0, str(PEERS))
import programs  # noqa: E402

# Twice as fast as the peer below, and quick about it.
CRAYON = """#!/bin/bash
echo "$*" >> "${0%/*}/calls"
echo '{"rows": [{"test": "pp512", "median_ts": 200.0, "read_bytes_per_second": 4e10},
  {"test": "tg128", "median_ts": 20.0, "read_bytes_per_second": 4e10, "bandwidth_share": 0.9}]}'
"""
LLAMA_BENCH = """#!/bin/bash
echo "$*" >> "${0%/*}/peer_calls"
echo '[{"n_prompt": 512, "n_gen": 0, "avg_ts": 100.0}, {"n_prompt": 0, "n_gen": 128, "avg_ts": 10.0}]'
"""


class Peers(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.dir = pathlib.Path(folder.name)
        for name, text in (("crayon", CRAYON), ("llama-bench", LLAMA_BENCH)):
            (self.dir / name).write_text(text)
            (self.dir / name).chmod(0o755)

    def script(self, name, *arguments, **variables):
        environment = os.environ | {"CRAYON_PROGRAM": str(self.dir / "crayon")} | variables
        return subprocess.run([sys.executable, PEERS / name, *arguments], check=True, text=True,
                              capture_output=True, env=environment).stdout

    def test_ratios_of_programs_that_take_turns(self):
        out = self.script("compare.py", "b.crayon", "g.gguf", "-t", "1,2", "--rounds", "2",
                          CRAYON_PEER_LLAMA_BENCH=f"llama={self.dir}/llama-bench,-rtr,1")
        self.assertIn("| test | threads | crayon t/s | llama t/s | crayon / llama |", out)
        self.assertIn("| pp512 | 1 | 200.00 | 100.00 | 2.000 |", out)
        self.assertIn("| tg128 | 2 | 20.00 | 10.00 | 2.000 |", out)
        self.assertIn("reads 40.0 GB/s, of which crayon's decoding reached 90.0 %", out)
        calls = (self.dir / "peer_calls").read_text()
        self.assertIn("-rtr 1 -m g.gguf -p 512 -n 128 -r 1 -t 2 -o json", calls)

    def test_without_peers_crayon_stands_alone(self):
        out = self.script("compare.py", "b.crayon", "g.gguf", "-t", "1", "--rounds", "1")
        self.assertIn("| tg128 | 1 | 20.00 |", out)

    def test_neighbours_are_gone_afterwards(self):
        out = self.script("busy_neighbour.py", "b.crayon", "--rounds", "1")
        self.assertIn("| crayon | 200.00 | 200.00 | 1.00 |", out)

    def test_time_to_the_first_token(self):
        out = self.script("first_token.py", "b.crayon", "g.gguf", "--rounds", "1",
                          CRAYON_PEER_LLAMA_CLI=f"llama={self.dir}/llama-bench")
        self.assertIn("| program | ms to the first token | crayon / this |", out)
        self.assertIn("| llama | ", out)

    def test_a_variable_without_a_path_is_refused(self):
        os.environ["CRAYON_PEER_TEST"] = "llama"
        self.addCleanup(os.environ.pop, "CRAYON_PEER_TEST")
        with self.assertRaises(SystemExit):
            programs.peers("CRAYON_PEER_TEST")

    def test_several_peers(self):
        os.environ["CRAYON_PEER_TEST"] = "a=/x;b=/y,-k,1"
        self.addCleanup(os.environ.pop, "CRAYON_PEER_TEST")
        self.assertEqual(programs.peers("CRAYON_PEER_TEST"), {"a": ["/x"], "b": ["/y", "-k", "1"]})

    def test_the_load_of_others_is_a_share(self):
        done = programs.measured_run([sys.executable, "-c", "print(json := 3)"])
        self.assertEqual(done.out, "3\n")
        self.assertTrue(0 <= done.foreign <= 1)

    def test_a_program_that_fails_is_told(self):
        with self.assertRaisesRegex(RuntimeError, "exit code 3"):
            programs.run([sys.executable, "-c", "raise SystemExit(3)"])


class RandomGguf(unittest.TestCase):
    def test_the_same_seed_gives_the_same_file(self):
        with tempfile.TemporaryDirectory() as folder:
            made = []
            for number, seed in enumerate((1, 1, 2)):
                path = pathlib.Path(folder) / f"{number}.gguf"
                subprocess.run([sys.executable, PEERS / "random_gguf.py", "tiny", "-o", path,
                                "--seed", str(seed)], check=True)
                made.append(path.read_bytes())
        self.assertEqual(made[0], made[1])
        self.assertNotEqual(made[0], made[2])
        self.assertEqual(made[0][:4], b"GGUF")


if __name__ == "__main__":
    support.main()
