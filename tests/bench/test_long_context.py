#!/usr/bin/env python3
"""Tests bench/long_context on lines as they are written, and on programs that are put in place."""
import json
import math
import pathlib
import sys
import tempfile
import types
import unittest
import xml.etree.ElementTree

import support

sys.path.insert(0, str(support.SOURCE / "bench/long_context"))
import bench  # noqa: E402
import cells  # noqa: E402
import distilling  # noqa: E402
import heat_map  # noqa: E402
import lines  # noqa: E402
import long_context  # noqa: E402
import stats  # noqa: E402
import tables  # noqa: E402
import texts  # noqa: E402

NAMESPACE = "{http://www.w3.org/2000/svg}"
Cell, Distilling = cells.Cell, distilling.Distilling


def needle(rule, length, depth, right, n=20, task="needle_in_log", needles=1):
    return Cell("needles", Distilling(rule), task, length, n, needles,
                depth).fields() | {"right": right}


def tail(rule, perplexities, length=4):
    return Cell("tails", Distilling(rule), cells.TAIL, length,
                len(perplexities)).fields() | {"perplexities": perplexities}


class Folder(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)


class Flags(unittest.TestCase):
    def test_none_distils_nothing(self):
        self.assertEqual(Distilling("none").flags(), [])

    def test_settings_are_given_to_the_rule_that_has_them(self):
        self.assertEqual(Distilling("streaming", keep=0.25).flags(),
                         ["--distill", "streaming", "--keep", 0.25])
        flags = Distilling("infinipot", share=0.75, catalyst="one line").flags()
        self.assertEqual(flags[4:], ["--surprise-share", 0.75, "--catalyst", "\n"])

    def test_the_ablation_changes_one_thing_at_a_time(self):
        base = Distilling("infinipot")
        for group in distilling.ablation().values():
            self.assertIn(base, [how for _, how in group])
            for _, how in group:
                changed = sum((how.keep != base.keep, how.share != base.share,
                               how.catalyst != base.catalyst))
                self.assertLessEqual(changed, 1)


class Cells(unittest.TestCase):
    def all_of(self, *arguments, most=1024):
        options = long_context.options_of(["--model", "m", "-o", "o", *arguments])
        return cells.all_cells(options, most)

    def test_a_line_tells_its_cell(self):
        for cell in self.all_of("--filler", "books.txt"):
            line = json.loads(json.dumps(cell.fields() | {"right": 1}))
            self.assertEqual(cells.cell_of(line), cell)

    def test_none_stays_within_the_model(self):
        lengths = {cell.length for cell in self.all_of() if cell.how.rule == "none"}
        self.assertEqual(lengths, {1, 2, 4})

    def test_no_two_are_at_one_place(self):
        all_cells = self.all_of("--filler", "books.txt")
        places = {tuple(cell.fields()[name] for name in lines.PLACE) for cell in all_cells}
        self.assertEqual(len(places), len(all_cells))

    def test_without_books_nothing_is_asked_about_them(self):
        self.assertFalse({cells.TAIL, cells.READ, cells.IN_TEXT} &
                         {cell.task for cell in self.all_of()})

    def test_parts_rules_and_lengths_are_chosen(self):
        some = self.all_of("--only", "questions", "--rules", "tova,nuc", "--lengths", "2,16")
        self.assertEqual({cell.part for cell in some}, {"questions"})
        self.assertEqual({cell.how.rule for cell in some}, {"tova", "nuc"})
        self.assertEqual({cell.length for cell in some}, {2, 16})

    def test_the_estimate_adds_up_what_is_read(self):
        options = long_context.options_of(["--model", "m", "-o", "o", "--rate", "1000"])
        text = long_context.estimate([Cell("needles", Distilling("nuc"), "t", 4, 500)], options)
        self.assertRegex(text, r"needles +1 cells +0.5 M tokens +9 min")
        self.assertRegex(text, r"all +1 cells +0.5 M tokens")


class Lines(Folder):
    def test_a_killed_run_goes_on(self):
        store = lines.Lines(self.folder, {"model": "a"})
        store.add(needle("nuc", 1, 0.5, 7))
        with open(store.path, "a", encoding="utf-8") as file:
            file.write('{"part": "need')
        self.assertEqual(len(lines.read_lines(store.path)), 1)
        again = lines.Lines(self.folder, {"model": "a"})
        again.add(needle("nuc", 2, 0.5, 8))
        self.assertEqual([line["right"] for line in lines.read_lines(store.path)], [7, 8])

    def test_more_items_take_the_place_of_fewer(self):
        store = lines.Lines(self.folder, {})
        store.add(needle("nuc", 1, 0.5, 7, n=10))
        store.add(needle("nuc", 1, 0.5, 31, n=40))
        self.assertEqual([line["n"] for line in lines.read_lines(store.path)], [40])

    def test_a_folder_is_for_one_model(self):
        lines.Lines(self.folder, {"model": "a", "pot": 256})
        with self.assertRaisesRegex(SystemExit, "another model"):
            lines.Lines(self.folder, {"model": "b", "pot": 256})


class Crayon:
    """Counts a token a word."""

    def json(self, verb, model, flag, path):
        assert (verb, flag) == ("tokenize", "-f")
        return {"ids": path.read_text(encoding="utf-8").split()}, 0, ""


# A generator whose contexts have five words for each four of the length that is asked for.
GENERATOR = """#!/usr/bin/env python3
import json, sys
length = int(sys.argv[sys.argv.index("--length") + 1])
for _ in range(int(sys.argv[sys.argv.index("-n") + 1])):
    print(json.dumps({"context": "word " * (length * 5 // 4), "question": "What is it?"}))
"""


class Texts(Folder):
    def texts(self, pot=256):
        generator = self.folder / "generator"
        generator.write_text(GENERATOR)
        generator.chmod(0o755)
        books = self.folder / "books.txt"
        books.write_text("some words of a book. " * 4000)
        options = types.SimpleNamespace(model="m", pot=pot, seed=1, filler=books)
        return texts.Texts(self.folder / "texts", Crayon(), str(generator), options)

    def test_prompts_fill_their_pots_but_for_the_room(self):
        for length in (1, 2, 16):
            cell = Cell("needles", Distilling("nuc"), "needle_in_log", length, 3, 1, 0.5)
            path, tokens = self.texts().items(cell)
            wanted = 256 * length - texts.ROOM
            items = [json.loads(line) for line in path.read_text().splitlines()]
            self.assertEqual(len(items), 3)
            longest = max(len(texts.prompt_of(item).split()) for item in items)
            self.assertLessEqual(longest, wanted)
            self.assertGreater(longest, 0.9 * wanted)
            self.assertEqual(tokens, longest)

    def test_what_cannot_be_so_short_is_said(self):
        with self.assertRaisesRegex(SystemExit, "larger --pot"):
            self.texts(pot=40).items(Cell("needles", Distilling("nuc"), "t", 1, 3))

    def test_texts_of_a_place_end_alike_whatever_their_length(self):
        given = self.texts()
        short, long = (given.place(1, 4, tokens).read_text() for tokens in (100, 1000))
        self.assertTrue(long.endswith(short))
        self.assertAlmostEqual(len(long.split()), 1000, delta=10)


class Answers(unittest.TestCase):
    def test_parts_are_counted_wherever_they_are_said(self):
        self.assertEqual(bench.parts_right("b 2, a 1", "a 1, b 2, c 3"), (2, 3))
        self.assertEqual(bench.parts_right("", "a 1, b 2"), (0, 2))
        self.assertEqual(bench.parts_right("a 1, a 1, a 1", "a 1, b 2"), (1, 2))


class HeatMap(unittest.TestCase):
    def test_items_of_several_tasks_are_taken_together(self):
        measured = [needle("nuc", 1, 0.5, 20), needle("nuc", 1, 0.5, 5, task="needle_in_text"),
                    needle("cap", 1, 0.5, 1), tail("nuc", [2.0])]
        grids = heat_map.gather(measured)
        self.assertEqual(list(grids), ["cap", "nuc"])  # in the order of the rules
        self.assertEqual(grids["nuc"], {(1, 0.5): (25, 40)})
        self.assertEqual(heat_map.gather(measured, ["needle_in_text"])["nuc"], {(1, 0.5): (5, 20)})
        self.assertEqual(heat_map.gather(measured, needles=[4]), {})

    def test_it_has_a_grid_for_each_rule_and_leaves_gaps_open(self):
        grids = {"none": {(1, 0.0): (20, 20)}, "cap": {(1, 0.0): (1, 4), (2, 1.0): (0, 4)}}
        root = xml.etree.ElementTree.fromstring(heat_map.heat_maps("A < B", grids))
        said = [part.text for part in root.iter(NAMESPACE + "text")]
        for text in ("A < B", "none", "cap", "100", "25", "0", "1×", "2×"):
            self.assertIn(text, said)
        rects = list(root.iter(NAMESPACE + "rect"))
        self.assertEqual(sum(rect.get("class") == "grid" for rect in rects), 3 + 2)
        width, height = float(root.get("width")), float(root.get("height"))
        for rect in rects:
            self.assertLessEqual(float(rect.get("x")) + float(rect.get("width")), width)
            self.assertLessEqual(float(rect.get("y")) + float(rect.get("height")), height)

    def test_numbers_differ_from_their_cells(self):
        def luminance(colour):
            parts = [int(colour[at:at + 2], 16) / 255 for at in (1, 3, 5)]
            linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
                      for part in parts]
            return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear))

        for percent in range(101):  # WCAG's contrast of readable text
            one, other = sorted(map(luminance, heat_map.colour(percent / 100)))
            self.assertGreater((other + 0.05) / (one + 0.05), 4.5, percent)


class Tables(unittest.TestCase):
    def test_depths_are_taken_together(self):
        text = tables.tables(tables.Results([needle("nuc", 1, depth, 10) for depth in (0.0, 1.0)]))
        low, high = (f"{100 * end:.1f}" for end in stats.wilson(20, 40))
        self.assertIn(f"| nuc | 50.0 ({low}–{high}) |", text)
        self.assertIn("One needle in a log", text)

    def test_a_mean_of_tasks_needs_all_of_them(self):
        measured = [Cell("questions", Distilling("nuc"), task, 1, 10).fields() | {"right": 5}
                    for task in ("long_log_event", "long_log_unit")]
        self.assertIn("| nuc | – |", tables.tables(tables.Results(measured)))

    def test_parts_of_several_answers(self):
        measured = [Cell("questions", Distilling("nuc"), "needle_several", 1, 2).fields() |
                    {"right": 1, "parts": [(2, 2), (1, 2)]}]
        self.assertIn("| nuc | 75.0; all: 50.0 |", tables.tables(tables.Results(measured)))

    def test_perplexities_are_held_against_streaming_pair_by_pair(self):
        text = tables.tables(tables.Results([tail("nuc", [8.0, 32.0]),
                                             tail("streaming", [10.0, 40.0])]))
        self.assertIn("| nuc | 16.00 (0.800; 0.800–0.800) |", text)
        self.assertIn("| streaming | 20.00 |", text)

    def test_the_ratios_interval_is_that_of_the_mean_of_logarithms(self):
        mean, low, high = tables.ratio([0.0, 2.0])
        self.assertAlmostEqual(mean, math.e)
        self.assertAlmostEqual(math.log(high) - math.log(mean), 1.96, places=2)
        self.assertAlmostEqual(math.log(mean) - math.log(low), 1.96, places=2)

    def test_the_ablation_says_what_each_change_does(self):
        measured = [Cell("ablation", how, "needle_in_log", 4, 10).fields() | {"right": 3}
                    for group in distilling.ablation().values() for _, how in group]
        text = tables.tables(tables.Results(measured))
        for title in ("0.25", "neither: streaming", "neutral", "infinipot, 0.75"):
            self.assertRegex(text, rf"\| {title} \| 30.0 ")


if __name__ == "__main__":
    support.main()
