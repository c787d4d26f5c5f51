#!/usr/bin/env python3
"""Tests bench/hybrid: the curves' measures by hand, and the script on a few items."""
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

import support

sys.path.insert(0, str(support.SOURCE / "bench/hybrid"))
import routing

# Four questions: the device knows the last two, the server all.
DEVICE = [0, 0, 1, 1]
SERVER = [1, 1, 1, 1]


class Curves(unittest.TestCase):
    def test_a_perfect_signal_sends_what_the_device_cannot_do(self):
        points = routing.curve([4, 3, 2, 1], DEVICE, SERVER)
        self.assertEqual(points, [(0, 0.5), (0.25, 0.75), (0.5, 1), (0.75, 1), (1, 1)])
        self.assertEqual(routing.apgr(points), 0.75)  # a triangle of 0.25 and a square of 0.5
        self.assertEqual(routing.cpt(points, 0.5), 0.25)
        self.assertAlmostEqual(routing.cpt(points, 0.8), 0.4)
        self.assertEqual(routing.at(points, 0.125), 0.625)

    def test_the_worst_signal_sends_it_last(self):
        points = routing.curve([1, 2, 3, 4], DEVICE, SERVER)
        self.assertEqual(routing.apgr(points), 0.25)
        self.assertEqual(routing.cpt(points, 0.5), 0.75)

    def test_a_signal_that_says_nothing_is_a_random_choice(self):
        points = routing.curve([7, 7, 7, 7], DEVICE, SERVER)
        self.assertEqual(points, [(0, 0.5), (1, 1)])
        self.assertEqual(routing.apgr(points), 0.5)
        self.assertEqual(routing.cpt(points, 0.5), 0.5)
        self.assertEqual(routing.cpt(points, 0.8), 0.8)

    def test_the_oracle_beats_the_server_where_only_the_device_is_right(self):
        points = routing.oracle([1, 0, 0, 1], [0, 1, 1, 1])
        self.assertEqual(points, [(0, 0.5), (0.5, 1), (0.75, 1), (1, 0.75)])

    def test_the_area_is_the_share_of_pairs_in_the_right_order(self):
        self.assertEqual(routing.auroc([4, 3, 2, 1], DEVICE), 1)
        self.assertEqual(routing.auroc([1, 2, 3, 4], DEVICE), 0)
        self.assertEqual(routing.auroc([7, 7, 7, 7], DEVICE), 0.5)
        self.assertEqual(routing.auroc([3, 1, 2, 1], DEVICE), (1 + 1 + 0 + 0.5) / 4)
        self.assertIsNone(routing.auroc([1, 2], [1, 1]))

    def test_without_a_gap_there_is_nothing_to_recover(self):
        points = routing.curve([1, 2], [1, 1], [1, 0])
        self.assertIsNone(routing.apgr(points))
        self.assertIsNone(routing.cpt(points, 0.5))


def items(answers, signal):
    return "".join(json.dumps({"task": "t", "answer": "a", "correct": bool(right),
                               "predicted": "", "route": "local", "score": value,
                               "first_entropy": -value, "option": value, "scope": -value,
                               "blend": [0.5, 0.5]})
                   + "\n" for right, value in zip(answers, signal))


class Script(unittest.TestCase):
    def run_on(self, device, server, scores=""):
        with tempfile.TemporaryDirectory() as folder:
            out = pathlib.Path(folder)
            (out / "device.jsonl").write_text(device)
            (out / "server.jsonl").write_text(server)
            (out / "scores.jsonl").write_text(scores)
            arguments = ["--scores", str(out / "scores.jsonl")] if scores else []
            done = subprocess.run(
                [sys.executable, str(support.SOURCE / "bench/hybrid/curves.py"), "--device",
                 str(out / "device.jsonl"), "--server", str(out / "server.jsonl"), "-o", folder,
                 *arguments],
                capture_output=True, text=True, check=False)
            files = {path.name: path.read_text() for path in out.iterdir()}
            return done, files

    def test_finds_the_signals_and_says_how_good_they_are(self):
        done, files = self.run_on(items(DEVICE, [0.1, 0.2, 0.8, 0.9]), items(SERVER, [1] * 4))
        self.assertEqual(done.returncode, 0, done.stderr)
        result = json.loads(files["hybrid.json"])
        self.assertEqual(set(result["signals"]), {"first_entropy", "option", "scope", "random", "oracle"})
        self.assertEqual(result["signals"]["option"]["apgr"], 0.75)
        self.assertEqual(result["signals"]["first_entropy"]["apgr"], 0.75)
        self.assertIn("| random | 0.500 | 0.500 | 50.0 | 80.0 |", files["hybrid.md"])
        self.assertEqual(result["signals"]["option"]["auroc"], 1)
        self.assertEqual(result["signals"]["scope"]["auroc"], 0)
        self.assertIsNone(result["signals"]["oracle"]["auroc"])
        self.assertEqual(result["signals"]["scope"]["apgr"], 0.25)  # far questions are hard ones
        for title in ("entropy, first token", "closeness to the scope"):
            self.assertIn(title, files["hybrid.svg"])

    def test_takes_further_scores(self):
        scores = "".join(json.dumps({"probe": value}) + "\n" for value in (0.9, 0.8, 0.2, 0.1))
        done, files = self.run_on(items(DEVICE, [1] * 4), items(SERVER, [1] * 4), scores)
        self.assertEqual(done.returncode, 0, done.stderr)
        signals = json.loads(files["hybrid.json"])["signals"]
        self.assertEqual(signals["probe"]["apgr"], 0.25)  # the wrong way round
        self.assertEqual(signals["option"]["apgr"], 0.5)

    def test_refuses_other_questions(self):
        done, _ = self.run_on(items(DEVICE, [1] * 4), items(SERVER[:3], [1] * 3))
        self.assertIn("the device answered 4 items, the server 3", done.stderr)


if __name__ == "__main__":
    support.main()
