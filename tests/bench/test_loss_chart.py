#!/usr/bin/env python3
"""Tests bench/customization/loss_chart.py on logs as crayon-train writes them."""
import pathlib
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree

import support
import loss_chart

LOG = """step,tokens,loss,seconds
20,1000000,4.00000,10
40,2000000,3.00000,20
60,3000000,9.00000,30
60,3000000,2.00000,40
"""


class LossChart(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.log = pathlib.Path(folder.name) / "loss.csv"
        self.log.write_text(LOG)

    def test_what_a_resumed_run_wrote_last_counts(self):
        self.assertEqual(loss_chart.read_run(self.log), [(1, 4), (2, 3), (3, 2)])

    def test_a_smooth_line_is_the_mean_of_the_last_points(self):
        self.assertEqual(loss_chart.smooth([(1, 4), (2, 3), (3, 2)], 2), [(1, 4), (2, 3.5), (3, 2.5)])

    def test_it_draws_the_runs_that_it_is_given(self):
        drawn = subprocess.run([sys.executable, support.CUSTOMIZATION / "loss_chart.py",
                                f"device={self.log}", self.log], capture_output=True, text=True,
                               check=True).stdout
        root = xml.etree.ElementTree.fromstring(drawn)
        texts = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
        self.assertIn("device", texts)
        self.assertIn(self.log.parent.name, texts)


if __name__ == "__main__":
    support.main()
