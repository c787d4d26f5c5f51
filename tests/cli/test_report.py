#!/usr/bin/env python3
"""`crayon report`: reading what bench and doctor wrote, comparing two of them, and the page."""
import copy
import html.parser
import json
import re

import support
from support import BAD_FILE, SYSTEM, USAGE

VOID = {"meta", "br", "hr"}
CLOSED_IN_SVG = {"line", "rect", "polyline", "circle"}
HOSTILE = "\"><script>alert('1')</script>&amp;\x1b[2J\u009b"


def bench_row(**changes):
    return {"test": "tg128", "n_prompt": 0, "n_gen": 128, "n_sequences": 1, "n_threads": 4,
            "kernels": "neon", "adapters": "none", "kv": "f16", "avg_ts": 20.0, "stddev_ts": 0.1,
            "median_ts": 20.0, "samples_ts": [19.9, 20.0, 20.1], "read_bytes_per_second": 6e9,
            "bytes_per_token": 1.4e8, "token_ms": {"p50": 50.0, "p95": 51.0, "p99": 55.0},
            "bandwidth_share": 0.47} | changes


def bench_report(**changes):
    """What `bench --json` prints, on a board that there is not."""
    return copy.deepcopy({
        "build": {"version": "0.1.0", "compiler": "GCC 12"},
        "model": {"path": "135m.crayon", "id": "ab" * 32, "weights": "i8",
                  "parameters": 134515008, "file_bytes": 142000000},
        "memory": {"peak_rss_bytes": 180000000, "weight_bytes": 140000000,
                   "kv_bytes": 11000000, "adapter_bytes": 0, "beyond_bytes": 29000000},
        "machine": {"model": "Board One", "governor": "performance", "pinned_to": [0, 1, 2, 3],
                    "why_pinned": "all alike", "degrees_before": 41.0, "degrees_after": 55.0,
                    "throttling": "no", "other_load": 0.01, "emulated": False, "virtual": False},
        "repetitions": 3, "rows": [bench_row()], "kernel_ratios": [], "adapter_ratios": [],
        "speculation": None, "sustained": None}) | changes


def sustained(**changes):
    """The field of that name, of ten minutes at whose middle the clock falls."""
    samples = [{"begin": float(i * 10), "end": float(i * 10 + 10),
                "decode_ts": 20.0 if i < 30 else 15.0, "prefill_ts": None, "degrees": 50.0 + i,
                "khz": 1800000.0 if i < 30 else 1200000.0, "watts": 5.5, "throttled": i >= 30}
               for i in range(60)]
    return {"asked_seconds": 600.0, "seconds": 600.0, "interrupted": False, "n_threads": 4,
            "kernels": "neon", "adapters": "none", "kv": "f16", "window_seconds": 60.0,
            "decode": {"test": "tg128", "tokens": 10500, "avg_ts": 17.5, "first_ts": 20.0,
                       "first_stddev_ts": 0.1, "last_ts": 15.0, "last_stddev_ts": 0.1,
                       "last_to_first": 0.75, "lowest_ts": 14.8, "lowest_at": 400.0,
                       "joules_per_token": 0.31},
            "prefill": None, "bytes_per_token": 140000000,
            "read_bytes_per_second": {"before": 6e9, "after": 5.9e9},
            "bandwidth_share": {"first": 0.47, "last": 0.36}, "hottest_degrees": 109.0,
            "throttling": [{"seconds": 301.0, "what": "throttled now"}],
            "power": {"source": "VDD_IN (the board's input)", "mean_watts": 5.5},
            "samples": samples} | changes


class Page(html.parser.HTMLParser):
    """A page taken apart; what is not closed where it should be is an error."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.open, self.text, self.attributes = set(), [], "", []
        self.feed(text)
        self.close()
        assert not self.open, f"not closed: {self.open}"

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self.attributes += attributes
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        assert tag in CLOSED_IN_SVG, tag
        self.tags.add(tag)
        self.attributes += attributes

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, f"{tag} closes {self.open}"
        self.open.pop()

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.text += data


class Report(support.Case):
    def save(self, name, report):
        return self.write(name, json.dumps(report))

    def page(self, *arguments):
        self.crayon("report", *arguments, "-o", "report.html")
        return Page((self.dir / "report.html").read_text())

    # ---- what it reads ---------------------------------------------------------------------------

    def test_real_reports_are_read(self):
        self.pack_tiny()
        for name, arguments in (("bench", ["bench", "tiny.crayon", "-p", 16, "-n", 8, "-r", 3]),
                                ("long", ["bench", "tiny.crayon", "-p", 16, "-n", 8, "--sustain", "2s"]),
                                ("doctor", ["doctor"])):
            with self.subTest(name):
                self.write(name + ".json", self.crayon(*arguments, "--json").out)
                told = self.crayon("report", name + ".json", "--json").json
                self.assertEqual(told["reports"][0]["kind"], arguments[0])
                self.assertTrue(told["reports"][0]["speeds"])
                self.assertIsNone(told["comparison"])
                page = self.page(name + ".json")
                self.assertEqual("svg" in page.tags, name == "long")
                self.page(name + ".json", name + ".json")

    def test_what_is_no_report_is_refused_by_what_is_wrong(self):
        row = bench_row()
        cases = {
            "no JSON": "{",
            "no JSON: ": '{"rows": 1e999}',
            "neither a report": "{}",
            "is no object": "[]",
            "there is no model": {"rows": []},
            "rows[0]: there is no kernels": bench_report(rows=[{}]),
            "rows[0]: median_ts: is no number": bench_report(rows=[row | {"median_ts": "fast"}]),
            "rows[0]: median_ts: is too large": bench_report(rows=[row | {"median_ts": 1e300}]),
            "rows[0]: n_threads: is below 0": bench_report(rows=[row | {"n_threads": -1}]),
            "rows: is no array": bench_report(rows={}),
            "rows: has 1001 entries": bench_report(rows=[row] * 1001),
            "machine: emulated: is neither": bench_report(
                machine=bench_report()["machine"] | {"emulated": "yes"}),
            "a sample from 5": bench_report(sustained=sustained(
                samples=[sustained()["samples"][0], sustained()["samples"][1] | {"begin": 5.0}])),
            "a command failed": {"error": {"code": 601, "message": "no such file"}},
        }
        for wrong, report in cases.items():
            with self.subTest(wrong):
                text = report if isinstance(report, str) else json.dumps(report)
                self.write("wrong.json", text)
                err = self.crayon("report", "wrong.json", "-o", "no.html", code=BAD_FILE).err
                self.assertIn("wrong.json", err)
                self.assertIn(wrong, err)
                self.assertIn("hint", err)
                self.assertFalse((self.dir / "no.html").exists())

    def test_nesting_without_end_is_refused(self):
        self.write("deep.json", "[" * 200000)
        self.crayon("report", "deep.json", code=BAD_FILE)
        self.write("deep.json", '{"rows":' + "[" * 200000 + "]" * 200000 + "}")
        self.crayon("report", "deep.json", code=BAD_FILE)

    def test_reports_of_older_programs_are_read(self):
        report = bench_report()
        del report["sustained"], report["machine"]["emulated"], report["machine"]["virtual"]
        told = self.crayon("report", self.save("old.json", report), "--json").json
        self.assertFalse(told["reports"][0]["emulated"])

    def test_usage(self):
        self.crayon("report", code=USAGE)
        self.crayon("report", "none.json", code=SYSTEM)

    # ---- what it says ----------------------------------------------------------------------------

    def compare(self, a, b):
        self.save("a.json", a)
        self.save("b.json", b)
        return self.crayon("report", "a.json", "b.json", "--json").json["comparison"]

    def test_a_verdict_needs_more_than_the_noise(self):
        # Each figure deviates by 0.5 %, so their ratio by 0.71 %, and twice that is 1.4 %.
        for median, verdict in ((20.2, "same"), (20.4, "b"), (19.8, "same"), (19.6, "a")):
            with self.subTest(median):
                pair, = self.compare(bench_report(), bench_report(
                    rows=[bench_row(median_ts=median, stddev_ts=median / 200)]))["pairs"]
                self.assertEqual(pair["verdict"], verdict)
                self.assertAlmostEqual(pair["ratio"], median / 20)
                self.assertAlmostEqual(pair["noise"], median / 20 * 0.005 * 2 ** 0.5)

    def test_it_is_the_same_whichever_report_comes_first(self):
        noisy = [bench_report(rows=[bench_row(median_ts=median, stddev_ts=median * 0.3)])
                 for median in (20.0, 9.0)]
        self.assertEqual(self.compare(*noisy)["pairs"][0]["verdict"], "same")
        self.assertEqual(self.compare(*reversed(noisy))["pairs"][0]["verdict"], "same")

    def test_two_repetitions_give_no_verdict(self):
        few = bench_report(rows=[bench_row(samples_ts=[10.0, 10.0], median_ts=10.0, stddev_ts=0.0)])
        pair, = self.compare(bench_report(), few)["pairs"]
        self.assertEqual((pair["ratio"], pair["noise"], pair["verdict"]), (0.5, None, "unknown"))

    def test_rows_are_paired_by_setting_and_then_by_test(self):
        a = bench_report(rows=[bench_row(n_threads=1, median_ts=5.0), bench_row(n_threads=4)])
        b = bench_report(rows=[bench_row(n_threads=4, median_ts=30.0),
                               bench_row(n_threads=2, median_ts=10.0), bench_row(test="pp512")])
        pairs = self.compare(a, b)["pairs"]
        self.assertEqual([(pair["a"], pair["b"]) for pair in pairs], [(5, 10), (20, 30)])

    def test_what_differs_comes_first(self):
        other = bench_report(machine=bench_report()["machine"] | {
            "model": "Board Two", "degrees_after": 80.0}, rows=[bench_row(kernels="dotprod")])
        differences = self.compare(bench_report(), other)["differences"]
        self.assertEqual(differences, [{"what": "machine", "a": "Board One", "b": "Board Two"},
                                       {"what": "kernels", "a": "neon", "b": "dotprod"}])
        out = self.crayon("report", "a.json", "b.json").out
        self.assertLess(out.index("Board Two"), out.index("tg128"))
        self.assertIn("kernels", out[out.index("differs"):out.index("figure")])
        text = self.page("a.json", "b.json").text
        self.assertLess(text.index("What differs"), text.index("B beside A"))

    def test_long_runs_are_compared_at_their_ends(self):
        pairs = self.compare(bench_report(rows=[], sustained=sustained()),
                             bench_report(rows=[], sustained=sustained()))["pairs"]
        self.assertEqual([pair["name"] for pair in pairs],
                         ["tg128 in the first 60 s", "tg128 in the last 60 s",
                          "tg128, last to first", "tg128 energy", "tg128 at its lowest"])
        self.assertEqual({pair["ratio"] for pair in pairs}, {1})

    def test_an_end_without_such_work_has_no_figure(self):
        work = sustained()["decode"] | {"last_ts": None, "last_stddev_ts": None,
                                        "last_to_first": None}
        self.save("a.json", bench_report(rows=[], sustained=sustained(decode=work)))
        told = self.crayon("report", "a.json", "--json").json["reports"][0]
        self.assertEqual([speed["name"] for speed in told["speeds"]],
                         ["tg128 in the first 60 s", "tg128 energy", "tg128 at its lowest"])

    def test_different_kinds_have_their_machines_compared(self):
        self.write("doctor.json", self.crayon("doctor", "--no-bandwidth", "--json").out)
        self.save("a.json", bench_report())
        told = self.crayon("report", "a.json", "doctor.json", "--json").json["comparison"]
        self.assertEqual(told["differences"][0],
                         {"what": "report", "a": "of bench", "b": "of doctor"})
        self.assertEqual(told["pairs"], [])

    def test_doubts_are_said(self):
        machine = bench_report()["machine"] | {"emulated": True, "other_load": 0.2,
                                               "throttling": "throttled before"}
        self.save("a.json", bench_report(machine=machine))
        warnings = self.crayon("report", "a.json", "--json").json["reports"][0]["warnings"]
        self.assertEqual(len(warnings), 3)
        page = self.page("a.json")
        self.assertIn("Board One (emulated)", page.text)
        for warning in warnings:
            self.assertIn(warning, page.text)

    # ---- the page --------------------------------------------------------------------------------

    def test_the_page_needs_nothing_else(self):
        self.save("a.json", bench_report(rows=[], sustained=sustained()))
        page = self.page("a.json")
        self.assertNotIn("script", page.tags)
        self.assertNotIn("link", page.tags)
        self.assertNotIn("img", page.tags)
        for name, value in page.attributes:
            self.assertNotIn(name, ("src", "href", "onload", "onclick"))
            self.assertNotIn("://", value or "")
        text = (self.dir / "report.html").read_text()
        self.assertNotIn("url(", text)
        self.assertIn("default-src 'none'", text)
        self.assertIn("prefers-color-scheme: dark", text)

    def test_every_axis_has_its_unit(self):
        self.save("a.json", bench_report(rows=[], sustained=sustained()))
        page = self.page("a.json")
        for unit in ("tokens/s", "°C", "MHz", "W", "minutes"):
            self.assertIn(unit, page.text)
        self.assertNotIn("Prefill", page.text)  # which this run did not have

    def test_throttled_stretches_are_shaded(self):
        self.save("a.json", bench_report(rows=[], sustained=sustained()))
        self.assertIn(("class", "shade"), self.page("a.json").attributes)
        calm = [sample | {"throttled": False} for sample in sustained()["samples"]]
        self.save("a.json", bench_report(rows=[], sustained=sustained(samples=calm)))
        self.assertNotIn(("class", "shade"), self.page("a.json").attributes)

    def test_texts_of_a_report_stay_texts(self):
        def poisoned(value):
            if isinstance(value, str):
                return HOSTILE
            if isinstance(value, list):
                return [poisoned(element) for element in value]
            if isinstance(value, dict):
                return {name: poisoned(member) for name, member in value.items()}
            return value

        doctor = json.loads(self.crayon("doctor", "--no-bandwidth", "--json").out)
        doctor["temperatures"] = {HOSTILE: 40.0}
        self.save("d.json", poisoned(doctor))
        self.save("b.json", poisoned(bench_report(sustained=sustained())))
        for arguments in (["d.json"], ["b.json"], ["b.json", "b.json"], ["b.json", "d.json"]):
            with self.subTest(arguments):
                page = self.page(*arguments)
                self.assertNotIn("script", page.tags)
                self.assertIn("<script>alert('1')</script>", page.text)
                text = (self.dir / "report.html").read_text()
                out = self.crayon("report", *arguments).out
                for control in ("\x1b", "\u009b"):
                    self.assertNotIn(control, text)
                    self.assertNotIn(control, out)

    def test_odd_numbers_are_drawn(self):
        sample = sustained()["samples"][0]
        cases = {
            "one sample": [sample],
            "no length": [sample | {"end": 0.0}],
            "nothing known": [sample | {"decode_ts": None, "degrees": None, "khz": None,
                                        "watts": None}],
            "huge": [sample | {"decode_ts": 1e18, "degrees": -1e18, "watts": 1e-18}],
            "none": [],
        }
        for name, samples in cases.items():
            with self.subTest(name):
                self.save("a.json", bench_report(rows=[bench_row(median_ts=0.0)],
                                                 sustained=sustained(samples=samples)))
                self.page("a.json")
                self.page("a.json", "a.json")
                text = (self.dir / "report.html").read_text()
                self.assertIsNone(re.search(r"[-\",>](nan|inf)\b", text))

    def test_no_page_without_a_name_for_it(self):
        self.save("a.json", bench_report())
        before = set(self.dir.iterdir())
        self.assertIn("tg128", self.crayon("report", "a.json").out)
        self.assertEqual(set(self.dir.iterdir()), before)


if __name__ == "__main__":
    support.main()
