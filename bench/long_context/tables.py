#!/usr/bin/env python3
"""Turns the results of long_context.py into Markdown tables, for a page.

Usage: bench/long_context/tables.py OUT/results.jsonl > tables.md

Shares come with their 95 % intervals: Wilson's where items of one kind are counted, and that of a
mean of tasks elsewhere. A perplexity is the exponential of the mean loss of all places; what stands
behind it is its ratio to that of `streaming` over the same tails, with the 95 % interval of the
paired places, whose logarithms are taken for normal.
"""
import argparse
import math
import pathlib
import statistics
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "customization"))
import cells  # noqa: E402
import distilling  # noqa: E402
import lines  # noqa: E402
import report  # noqa: E402
import stats  # noqa: E402

MISSING = "–"
QUESTIONS = {"Logs": ["long_log_event", "long_log_unit", "long_log_time"],
             "Manuals": ["long_code_meaning", "long_code_action", "needle_in_manual"]}
SEVERAL = ["long_log_several", "long_code_several", "needle_several"]
NEEDLES = {"needle_in_log": "a log", "needle_in_text": "a book"}


def numbers(count):
    return "one needle" if count == 1 else f"one of {count} needles"


def ratio(logs, z=stats.Z95):
    """The geometric mean of paired ratios, from their logarithms: (mean, low, high)."""
    mean = statistics.fmean(logs)
    half = z * statistics.stdev(logs) / math.sqrt(len(logs)) if len(logs) > 1 else math.inf
    return tuple(map(math.exp, (mean, mean - half, mean + half)))


class Results:
    """Lines, and what they say of some of them taken together."""

    def __init__(self, measured):
        self.lines = measured

    def of(self, **wanted):
        return [line for line in self.lines
                if all(line[name] == value for name, value in wanted.items())]

    def rules(self, part):
        there = {line["rule"] for line in self.of(part=part)}
        return [rule for rule in distilling.RULES if rule in there]

    def lengths(self, part):
        return sorted({line["length"] for line in self.of(part=part)})

    def depths_share(self, **wanted):
        """The share of right answers at all depths, with Wilson's interval."""
        found = self.of(**wanted)
        if not found:
            return MISSING
        right, n = (sum(line[name] for line in found) for name in ("right", "n"))
        return report.with_interval(right / n, *stats.wilson(right, n))

    def tasks_share(self, tasks, **wanted):
        """The mean of tasks; nothing where one of them is missing."""
        found = [line for line in self.of(**wanted) if line["task"] in tasks]
        if len(found) < len(tasks):
            return MISSING
        counts = [(line["right"], line["n"]) for line in found]
        return report.with_interval(*stats.mean_interval(counts))

    def parts_share(self, task, **wanted):
        found = self.of(task=task, **wanted)
        if not found:
            return MISSING
        pairs = [pair for line in found for pair in line["parts"]]
        said = report.percent(statistics.fmean(right / n for right, n in pairs))
        return f"{said}; all: {report.percent(found[0]['right'] / found[0]['n'])}"

    def losses(self, **wanted):
        found = self.of(task=cells.TAIL, **wanted)
        return [math.log(value) for value in found[0]["perplexities"]] if found else None

    def perplexity(self, part, length, how):
        own = self.losses(part=part, length=length, **how)
        if own is None:
            return MISSING
        text = f"{math.exp(statistics.fmean(own)):.2f}"
        base = self.losses(part=part, length=length, **fields(distilling.Distilling("streaming")))
        if base is None or how["rule"] == "streaming" or len(base) != len(own):
            return text
        mean, low, high = ratio([one - other for one, other in zip(own, base)])
        return f"{text} ({mean:.3f}; {low:.3f}–{high:.3f})"


def fields(how):
    return {"rule": how.rule, "keep": how.keep, "share": how.share, "catalyst": how.catalyst}


def by_length(results, part, cell):
    """Rules down, lengths across."""
    lengths = results.lengths(part)
    rows = [[rule] + [cell(rule, length) for length in lengths] for rule in results.rules(part)]
    return report.markdown(["rule"] + [f"{length}×" for length in lengths], rows)


def needle_tables(results):
    kinds = sorted({(line["task"], line["needles"]) for line in results.of(part="needles")})
    for task, needles in kinds:
        yield f"### {numbers(needles).capitalize()} in {NEEDLES[task]}: found at any depth, %"
        yield by_length(results, "needles", lambda rule, length: results.depths_share(
            part="needles", rule=rule, length=length, task=task, needles=needles))


def question_tables(results):
    for name, tasks in QUESTIONS.items():
        yield f"### {name}: mean accuracy of {', '.join(f'`{task}`' for task in tasks)}, %"
        yield by_length(results, "questions", lambda rule, length: results.tasks_share(
            tasks, part="questions", rule=rule, length=length))
    for task in SEVERAL:
        yield f"### `{task}`: parts of the answer that are said, and answers all right, %"
        yield by_length(results, "questions", lambda rule, length: results.parts_share(
            task, part="questions", rule=rule, length=length))


def tail_tables(results):
    yield "### Books: perplexity of the tail (ratio to `streaming`; its interval)"
    yield by_length(results, "tails", lambda rule, length: results.perplexity(
        "tails", length, fields(distilling.Distilling(rule))))


ABLATION = {"needles": ["needle_in_log", "needle_in_text"],
            "questions": ["long_log_event", "long_code_action"]}


def ablation_tables(results):
    lengths = results.lengths("ablation")
    there = {line["task"] for line in results.of(part="ablation")}
    columns = {name: [task for task in tasks if task in there] for name, tasks in ABLATION.items()}
    head = [f"{name}, {length}×" for name in [*columns, "tail's perplexity"] for length in lengths]
    for heading, ways in distilling.ablation().items():
        yield f"### infinipot by {heading}: accuracy in %, perplexity of tails"
        rows = []
        for title, how in ways:
            shares = [results.tasks_share(tasks, part="ablation", length=length, **fields(how))
                      if tasks else MISSING for tasks in columns.values() for length in lengths]
            rows.append([title] + shares + [results.perplexity("ablation", length, fields(how))
                                            for length in lengths])
        yield report.markdown([heading] + head, rows)
    yield catalyst_list()


def catalyst_list():
    return "\n".join(f"* {name}: {'the program’s own' if text is None else f'`{text!r}`'}"
                     for name, text in distilling.CATALYSTS.items()) + "\n"


def speed_table(results):
    yield "### Speed of `crayon read`, and what it takes"
    rows = []
    for rule in results.rules("speed"):
        (line,) = results.of(part="speed", rule=rule)
        wall = line["wall_seconds"]
        speeds = [f"{line['tokens'] / line[clock]:.0f}" for clock in ("wall_seconds", "seconds")]
        rows.append([rule, *speeds, str(line["distillations"]),
                     report.percent(line["distil_seconds"] / wall),
                     report.percent(line["surprise_seconds"] / wall),
                     f"{line.get('rss_growth_bytes', 0) / 1e3:.0f} KB"])
    yield report.markdown(["rule", "tokens/s", "tokens/s of CPU time", "distillations",
                           "distilling, %", "surprise, %", "memory grown"], rows)


def tables(results):
    makers = {"needles": needle_tables, "questions": question_tables, "tails": tail_tables,
              "ablation": ablation_tables, "speed": speed_table}
    return "\n".join(text for part, make in makers.items() if results.of(part=part)
                     for text in make(results))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", type=pathlib.Path)
    options = parser.parse_args()
    print(tables(Results(lines.read_lines(options.results))), end="")


if __name__ == "__main__":
    main()
