#!/usr/bin/env python3
"""Tests the customisation table and the sweep: on recorded cells, and with a made-up program."""
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree

import support
import report

# A program that answers like `crayon`, quickly: adapters raise accuracy from 0.2 to 0.6, a pool
# as adapter to 0.8. It writes down how it was called.
PROGRAM = r"""#!/bin/bash
verb=$1
echo "$*" >> "${0%/*}/calls"
accuracy=0.2 seconds=0.004
while [ $# -gt 0 ]; do
  case $1 in
    -o) echo adapter > "$2" ;;
    --adapter) [[ $2 == *pool* ]] && accuracy=0.8 || accuracy=0.6; seconds=0.006 ;;
  esac
  shift
done
case $verb in
  eval) echo "{\"tasks\": [{\"task\": \"t\", \"n\": 10, \"accuracy\": $accuracy}]}" ;;
  blend) echo '{"weights": [0.5, 0.5], "milliseconds": 1.5, "rank": 16}' ;;
  info) echo '{"tau": 0.1}' ;;
  run) echo "{\"ids\": [1, 2, 3], \"decode_seconds\": $seconds}" ;;
esac
"""


def cell(row, task, right, **more):
    return {"row": row, "task": task, "key": row + task, "n": 100, "right": right, "seconds": 2.0,
            **more}


RECORD = {
    "about": {"by": "text", "files": {"model": {"name": "m", "sha256": "0", "bytes": 3500000}}},
    "methods": [["base", "no adapter"], ["crayon", "Crayon"], ["logo", "LoGo"],
                ["oracle", "LoRA of the task"]],
    "tasks": ["one", "two"],
    "kinds": {"one": "variant", "two": "mixture"},
    "cells": [
        cell("base", "one", 20, decode_ms=1.0), cell("base", "two", 10, decode_ms=2.0),
        cell("crayon", "one", 50, blend_ms=3.25, rank=32, bytes=40000, decode_ms=1.5),
        cell("crayon", "two", 60, blend_ms=3.35, rank=64, bytes=80000, decode_ms=3.0),
        cell("logo", "one", 40),  # interrupted before the second task
        cell("oracle", "one", 90), cell("oracle", "two", 100)]}


class Tables(unittest.TestCase):
    def setUp(self):
        # What the text says, the tables by kind and of all: {first cell of a line: the others}
        self.tables = [
            {line.split("|")[1].strip(): [part.strip() for part in line.split("|")[2:-1]]
             for line in table.splitlines() if line.startswith("|")}
            for table in report.tables(RECORD).split("\n\n")]
        self.summary, self.by_kind, self.rows = self.tables[1:]

    def test_tasks_stand_below_each_other_with_intervals(self):
        self.assertEqual(self.rows["`one`"][0], "20.0 (13.3–28.9)")
        self.assertEqual(self.rows["`one`"][1], "**50.0 (40.4–59.6)**")  # the best but the oracle
        self.assertEqual(self.rows["`two`"][2], "100.0 (96.3–100.0)")
        self.assertEqual(self.rows["task"], ["no adapter", "Crayon", "LoRA of the task"])
        self.assertTrue(self.rows["mean"][1].startswith("55.0 ("))

    def test_the_summary_has_gain_and_costs(self):
        crayon = self.summary["Crayon"]
        self.assertTrue(crayon[0].startswith("55.0 ("))
        self.assertEqual(crayon[1:], ["50 %", "3.3 ms", "48", "60 KB", "20.0 ms", "1.50×"])
        self.assertEqual(self.summary["no adapter"][1:], ["0 %", "–", "–", "–", "20.0 ms", "–"])

    def test_kinds_of_tasks_have_their_own_means(self):
        self.assertEqual(self.by_kind["method"], ["mixture (1)", "variant (1)"])
        self.assertTrue(self.by_kind["Crayon"][0].startswith("60.0 ("))
        self.assertTrue(self.by_kind["Crayon"][0].endswith("), 56 %"))  # (60 - 10) / (100 - 10)
        self.assertTrue(self.by_kind["no adapter"][1].endswith("), 0 %"))

    def test_what_is_incomplete_is_left_out(self):
        for table in self.tables:
            self.assertNotIn("LoGo", table)

    def test_charts_are_well_formed_and_name_all(self):
        for chart in (report.task_chart(RECORD), report.mean_chart(RECORD)):
            xml.etree.ElementTree.fromstring(chart)  # or throws
            self.assertIn("LoRA of the task", chart)
        self.assertIn(">two<", report.task_chart(RECORD))


class Measuring(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        (self.folder / "crayon").write_text(PROGRAM)
        (self.folder / "crayon").chmod(0o755)
        for name in ("model", "soft-pool", "hard-pool"):
            (self.folder / f"{name}.crayon").write_text(name)
        for name in ("tasks", "oracles"):
            (self.folder / name).mkdir()
        for task in ("one", "two"):
            item = json.dumps({"question": f"Which {task}?", "answer": "this"}) + "\n"
            (self.folder / f"tasks/{task}.test.jsonl").write_text(item * 10)
            (self.folder / f"tasks/{task}.examples.jsonl").write_text(item * 16)
            (self.folder / f"oracles/{task}.crayon").write_text("oracle")

    def script(self, name, *arguments):
        subprocess.run([sys.executable, str(support.CUSTOMIZATION / name), "--crayon",
                        str(self.folder / "crayon"), "--model", str(self.folder / "model.crayon"),
                        "--tasks", str(self.folder / "tasks"), "--examples",
                        str(self.folder / "tasks"), "-o", str(self.folder / "out"), *arguments],
                       check=True, capture_output=True, text=True)

    def table(self, *arguments):
        pools = [self.folder / f"{kind}-pool.crayon" for kind in ("soft", "hard")]
        self.script("table.py", *arguments, "--pool", str(pools[0]), "--hard", str(pools[1]),
                    "--oracles", str(self.folder / "oracles"), "--runs", "1")
        return (self.folder / "out/table.md").read_text()

    def calls(self, verb):
        lines = (self.folder / "calls").read_text().splitlines()
        return [line for line in lines if line.startswith(verb)]

    def test_every_method_is_measured_once(self):
        text = self.table()
        methods = 14
        self.assertEqual(len(self.calls("eval")), 2 * methods)
        self.assertTrue(any("--shots" in call for call in self.calls("eval")))
        self.assertTrue(any("--prior 1.0" in call for call in self.calls("eval")))
        self.assertIn("| Crayon | 60.0", text)
        self.assertIn("1.50×", text)
        self.assertTrue((self.folder / "out/customization.svg").exists())

        calls = len(self.calls(""))
        self.assertEqual(self.table(), text)
        self.assertEqual(len(self.calls("")), calls)  # all was there

    def test_another_pool_is_measured_anew_and_nothing_else(self):
        self.table("--methods", "base,crayon,crayon-hard,query,query-hard")
        before = len(self.calls("eval"))
        (self.folder / "hard-pool.crayon").write_text("another")
        self.table("--methods", "base,crayon,crayon-hard,query,query-hard")
        self.assertEqual(len(self.calls("eval")) - before, 2 * 2)  # two methods, two tasks

    def test_a_sweep_has_a_table_and_a_chart(self):
        pool = f"2={self.folder / 'soft-pool.crayon'}"
        self.script("sweep.py", "--pool", pool, "--size", "2", "--counts", "1,16", "--taus",
                    "0.1,0.5", "--limit", "5")
        text = (self.folder / "out/sweep.md").read_text()
        self.assertIn("| 16 | 60.0", text)
        self.assertIn("| 0.1 | 60.0", text)
        for sweep in ("sizes", "examples", "taus"):
            self.assertTrue((self.folder / f"out/sweep-{sweep}.svg").exists())
        # The size, 16 examples and the pool's own tau are one point of each kind.
        self.assertEqual(len(self.calls("eval")), 2 * (3 + 2 + 3))
        self.assertTrue(any("--tau 0.5" in call for call in self.calls("blend")))


if __name__ == "__main__":
    support.main()
