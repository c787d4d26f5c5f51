#!/usr/bin/env python3
"""Plots accuracy against the share of questions that a server gets, for each routing signal.

Usage: bench/hybrid/curves.py --device ITEMS.jsonl... --server ITEMS.jsonl... -o OUT
                              [--scores SCORES.jsonl...] [--title TEXT]

Both are what `crayon eval --items` writes, of the same task files in the same order: of the device
model with its adapter, and of the server model without one. Every number of the device's lines is
taken for a signal; --scores adds others, a line an item: what `crayon-train probe --scores`
writes, for one. OUT receives hybrid.json, hybrid.md and hybrid.svg: the curves, the area under the ROC curve
(AUROC) for "the device is right", and RouteLLM's APGR and CPT (see routing.py), with a random choice
below and an oracle above.
"""
import argparse
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "customization"))
import report  # noqa: E402
import routing  # noqa: E402
import svg  # noqa: E402
from program import write_whole  # noqa: E402

# What else stands in a line; `score` repeats one of the signals.
NO_SIGNALS = {"correct", "score", "answer"}
# The higher, the harder; of all others, the lower.
UNCERTAINTIES = {"first_entropy"}
TITLES = {"option": "probability of the choice", "first_entropy": "entropy, first token",
          "first_margin": "margin, first token", "mean_log_probability": "mean log-probability",
          "least_log_probability": "least log-probability", "probe": "linear probe",
          "window_log_probability": "least mean of four log-probabilities",
          "scope": "closeness to the scope"}
SHARES = [0.1, 0.2, 0.3, 0.5]  # of which the table gives the accuracy
DRAWN = 200  # points of a line at most


def read(files):
    return [json.loads(line) for file in files
            for line in file.read_text(encoding="utf-8").splitlines()]


def check_pairs(device, server):
    """Throws unless the lines are about the same questions, as far as lines tell."""
    if len(device) != len(server):
        raise SystemExit(f"the device answered {len(device)} items, the server {len(server)}")
    if not device:
        raise SystemExit("there are no items")
    for number, (one, other) in enumerate(zip(device, server), 1):
        if (one["task"], one["answer"]) != (other["task"], other["answer"]):
            raise SystemExit(f"item {number} is another one on the server: evaluate the same task "
                             "files in the same order")


def with_scores(items, scores):
    """The items with the fields of their lines of scores, where there are any."""
    if scores and len(scores) != len(items):
        raise SystemExit(f"there are {len(scores)} scores for {len(items)} items")
    return [item | score for item, score in zip(items, scores)] if scores else items


def signals_of(items):
    """{name: [items] hardness} of all signals that every item has."""
    def is_signal(name, value):
        return name not in NO_SIGNALS and isinstance(value, (int, float)) \
            and not isinstance(value, bool)

    names = [name for name, value in items[0].items() if is_signal(name, value)
             and all(is_signal(name, item.get(name)) for item in items)]
    return {name: [item[name] * (1 if name in UNCERTAINTIES else -1) for item in items]
            for name in names}


def measures(points):
    return {"apgr": routing.apgr(points), "cpt50": routing.cpt(points, 0.5),
            "cpt80": routing.cpt(points, 0.8),
            "accuracy_at": {f"{share:g}": routing.at(points, share) for share in SHARES}}


def thinned(points):
    """At most DRAWN of the points, the ends among them."""
    if len(points) <= DRAWN:
        return points
    return [points[round(i * (len(points) - 1) / (DRAWN - 1))] for i in range(DRAWN)]


def compare(device_items, server_items):
    """Everything that the table and the chart are made of."""
    check_pairs(device_items, server_items)
    device, server = ([int(item["correct"]) for item in items]
                      for items in (device_items, server_items))
    n = len(device)
    signals = signals_of(device_items)
    curves = {name: routing.curve(hardness, device, server) for name, hardness in signals.items()}
    areas = {name: routing.auroc(hardness, device) for name, hardness in signals.items()}
    areas["random"] = 0.5
    curves["random"] = [(0.0, sum(device) / n), (1.0, sum(server) / n)]
    curves["oracle"] = routing.oracle(device, server)
    return {"items": n, "device": sum(device) / n, "server": sum(server) / n,
            "signals": {name: {"auroc": areas.get(name), **measures(points),
                               "curve": thinned(points)}
                        for name, points in curves.items()}}


def title_of(name):
    return TITLES.get(name, name.replace("_", " "))


def table(result):
    def percent(value):
        return report.shown(value, lambda share: f"{100 * share:.1f}")

    signals = sorted(result["signals"].items(),
                     key=lambda signal: -(signal[1]["apgr"] or 0))
    rows = [[title_of(name), report.shown(one["auroc"], "{:.3f}".format),
             report.shown(one["apgr"], "{:.3f}".format), percent(one["cpt50"]),
             percent(one["cpt80"])] + [percent(value) for value in one["accuracy_at"].values()]
            for name, one in signals]
    head = ["signal", "AUROC", "APGR", "CPT(50 %), %", "CPT(80 %), %"] + \
        [f"at {100 * share:g} %" for share in SHARES]
    return (f"{result['items']} questions; device alone {percent(result['device'])} %, server "
            f"alone {percent(result['server'])} % right. The last columns are accuracy, in %, at "
            f"that server share.\n\n{report.markdown(head, rows)}")


def chart(result, title):
    series = [svg.Line(title_of(name), one["curve"]) for name, one in result["signals"].items()]
    return svg.lines(title, series, "share of questions sent to the server",
                     "share of right answers", x_range=(0, 1))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    path = pathlib.Path
    parser.add_argument("--device", type=path, nargs="+", required=True)
    parser.add_argument("--server", type=path, nargs="+", required=True)
    parser.add_argument("-o", "--out", type=path, required=True)
    parser.add_argument("--title", default="Accuracy against server share")
    parser.add_argument("--scores", type=path, nargs="+", default=[])
    options = parser.parse_args()

    device = with_scores(read(options.device), read(options.scores))
    result = compare(device, read(options.server))
    options.out.mkdir(parents=True, exist_ok=True)
    write_whole(options.out / "hybrid.json", json.dumps(result, indent=1) + "\n")
    write_whole(options.out / "hybrid.svg", chart(result, options.title))
    text = table(result)
    write_whole(options.out / "hybrid.md", text)
    print(text)


if __name__ == "__main__":
    main()
