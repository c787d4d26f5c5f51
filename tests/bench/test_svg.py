#!/usr/bin/env python3
"""Tests bench/customization/svg.py: that its charts are well-formed and hold what they should."""
import unittest
import xml.etree.ElementTree

import support
import svg

NAMESPACE = "{http://www.w3.org/2000/svg}"


def parts(text, tag):
    return list(xml.etree.ElementTree.fromstring(text).iter(NAMESPACE + tag))


def texts(text):
    return [part.text for part in parts(text, "text")]


class Ticks(unittest.TestCase):
    def test_are_round(self):
        self.assertEqual(svg.ticks(0, 1), [0, 0.2, 0.4, 0.6, 0.8, 1])
        self.assertEqual(svg.ticks(0, 100), [0, 20, 40, 60, 80, 100])
        self.assertEqual(svg.ticks(0.4, 0.9), [0.4, 0.5, 0.6, 0.7, 0.8, 0.9])
        self.assertEqual(svg.ticks(-3, 40), [0, 10, 20, 30, 40])


class Bars(unittest.TestCase):
    def test_stand_in_proportion_and_carry_whiskers(self):
        chart = svg.bars("A < B & C", ["one", "two"],
                         [svg.Bars("ours", [0.5, 1.0], [(0.4, 0.6), None]),
                          svg.Bars("theirs", [0.25, None])], y_label="accuracy", y_top=1.0)
        bars = [part for part in parts(chart, "rect") if part.find(NAMESPACE + "title") is not None]
        self.assertEqual(len(bars), 3)  # one has no value
        half, quarter, whole = (float(bar.get("height")) for bar in bars)
        self.assertAlmostEqual(half / whole, 0.5, places=2)
        self.assertAlmostEqual(quarter / whole, 0.25, places=2)
        whiskers = [part for part in parts(chart, "path") if part.get("class") == "whisker"]
        self.assertEqual(len(whiskers), 3)  # a stem and two caps
        for text in ("A < B & C", "one", "two", "ours", "theirs", "accuracy"):
            self.assertIn(text, texts(chart))

    def test_long_names_are_slanted_and_stay_inside(self):
        names = [f"a_rather_long_task_name_{n}" for n in range(12)]
        chart = svg.bars("t", names, [svg.Bars("s", [0.5] * 12)], y_label="y")
        slanted = [part for part in parts(chart, "text") if part.text in names]
        self.assertTrue(all("rotate(-30" in part.get("transform") for part in slanted))
        self.assertLess(max(float(part.get("y")) for part in slanted), 400)


class Lines(unittest.TestCase):
    def test_are_drawn_over_one_axis_and_differ_in_dashes(self):
        chart = svg.lines("t", [svg.Line("up", [(0, 0), (1, 1)]),
                                svg.Line("flat", [(0, 0.5), (1, 0.5)], marks=True)],
                          x_label="share", y_label="accuracy")
        self.assertEqual(len(parts(chart, "circle")), 2)
        strokes = [part for part in parts(chart, "path") if part.get("stroke")]
        self.assertEqual(len({part.get("stroke-dasharray") for part in strokes}), 2)
        for text in ("up", "flat", "share", "accuracy", "0.4"):
            self.assertIn(text, texts(chart))

    def test_points_may_have_names(self):
        chart = svg.lines("t", [svg.Line("a", [(0, 1), (1, 2), (2, 4)])], "x", "y",
                          x_names=["4", "16", "64"])
        self.assertIn("64", texts(chart))
        self.assertNotIn("0.5", texts(chart))

    def test_a_level_line_has_room(self):
        self.assertIn("<path", svg.lines("t", [svg.Line("level", [(0, 1), (2, 1)])], "x", "y"))

    def test_both_themes_are_there(self):
        chart = svg.lines("t", [svg.Line("a", [(0, 0), (1, 1)])], "x", "y")
        self.assertIn("prefers-color-scheme: dark", chart)


if __name__ == "__main__":
    support.main()
