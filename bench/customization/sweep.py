#!/usr/bin/env python3
"""Sweeps what a blend depends on: the pool's size, the number of examples, and tau.

Usage: bench/customization/sweep.py --model MODEL.crayon --pool N=POOL.crayon [--pool ...]
           --tasks DIR --examples DIR -o OUT [--limit N] [--size 8] [--reuse OUT/table.json]
           [--counts 1,4,16,64] [--taus 0.003,0.005,0.01,0.02,0.05] [--only sizes,examples,taus]

Each point is the mean accuracy over the custom tasks, of the blend that `crayon blend` makes
beforehand, of a blend for each question, and of one that weighs the examples besides. Tau is given
when blending, on pools as they were trained. --examples needs NAME.examples.jsonl of as many items
as the largest count; `tasks.sh` writes 64, of which the first 16 are those of examples/pool. Sizes
and taus are swept with 16 examples, examples and taus on the pool of --size. OUT receives
sweep.json, sweep.md and a chart a sweep. A second call measures what is missing; --reuse takes
what table.py measured of the same files.
"""
import argparse
import dataclasses
import math
import pathlib

import measure
import program
import report
import stats
import svg

KINDS = {"static": "Crayon", "query": "per query", "query-prior": "per query, examples"}
USUAL_COUNT = 16  # examples, where their number is not swept


def options_of():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    path = pathlib.Path
    parser.add_argument("-o", "--out", type=path, required=True, help="folder of the results")
    parser.add_argument("--model", type=path, required=True, help="model bundle")
    parser.add_argument("--pool", action="append", required=True, metavar="N=FILE",
                        help="a pool of N adapters; one for each size")
    parser.add_argument("--size", type=int, default=8, help="the pool that the others sweep on")
    parser.add_argument("--tasks", type=path, required=True, help="folder with NAME.test.jsonl")
    parser.add_argument("--examples", type=path, required=True)
    parser.add_argument("--counts", default="1,4,16,64", help="numbers of examples")
    parser.add_argument("--taus", default="0.003,0.005,0.01,0.02,0.05")
    parser.add_argument("--only", default="sizes,examples,taus")
    parser.add_argument("--prior", type=float, default=1.0)
    parser.add_argument("--limit", type=int, default=200, help="items of each task; 0: all")
    parser.add_argument("--by", choices=["text", "choices"], default="text")
    parser.add_argument("--jobs", type=int, default=2, help="measured at a time, a thread each")
    parser.add_argument("--reuse", type=path, action="append", default=[], metavar="table.json")
    parser.add_argument("--crayon", type=path, default=path("build/native/cli/crayon"))
    options = parser.parse_args()
    options.pools = {int(size): pathlib.Path(file) for size, file in
                     (argument.split("=", 1) for argument in options.pool)}
    if options.size not in options.pools:
        parser.error(f"no --pool {options.size}=FILE; give one, or another --size")
    return options


@dataclasses.dataclass(frozen=True)
class Point:
    sweep: str  # "sizes", "examples", "taus"
    kind: str  # one of KINDS
    x: float
    size: int
    count: int = USUAL_COUNT
    tau: float | None = None  # None: the pool's own

    @property
    def row(self):
        return f"{self.sweep} {self.kind} {self.x:g}"


def points_of(options, own_tau):
    """All points asked for. At the pool's own tau no flag is needed: it is the same cell."""
    points = []
    for kind in KINDS:
        points += [Point("sizes", kind, size, size) for size in sorted(options.pools)]
        if kind != "query":  # looks at no examples
            points += [Point("examples", kind, count, options.size, count=count)
                       for count in map(int, options.counts.split(","))]
        points += [Point("taus", kind, tau, options.size,
                         tau=None if math.isclose(tau, own_tau, rel_tol=1e-6) else tau)
                   for tau in map(float, options.taus.split(","))]
    return [point for point in points if point.sweep in options.only.split(",")]


def first_examples(task, count, folder):
    """The task with the first `count` of its examples only, in a file of their own."""
    lines = task.examples.read_text(encoding="utf-8").splitlines(keepends=True)
    if len(lines) < count:
        raise SystemExit(f"{task.examples} has {len(lines)} examples, not {count}: "
                         "write them with bench/customization/tasks.sh, or set --counts")
    path = folder / f"{task.name}-{count}.jsonl"
    path.write_text("".join(lines[:count]), encoding="utf-8")
    return dataclasses.replace(task, examples=path)


def job_of(point, task, options, folder):
    pool = options.pools[point.size]
    static = point.kind == "static"
    return measure.Job(
        row=point.row, task=first_examples(task, point.count, folder), model=options.model,
        adapter=None if static else pool, pool=pool if static else None,
        rule=() if point.tau is None else ("--tau", f"{point.tau:g}"),
        uses_examples=point.kind != "query",
        prior=options.prior if point.kind == "query-prior" else None,
        by=options.by, limit=options.limit)


SWEEPS = {"sizes": ("adapters in the pool", "Accuracy against the pool's size"),
          "examples": ("examples given", "Accuracy against the user's examples"),
          "taus": ("tau", "Accuracy against the blend's temperature")}


def means_of(points, record):
    """(mean, low, high) of every point that was measured."""
    counts = {}
    for cell in record["cells"]:
        counts.setdefault(cell["row"], []).append((cell["right"], cell["n"]))
    return {point: stats.mean_interval(counts[point.row]) for point in points
            if point.row in counts}


def table(sweep, means):
    """Points down, kinds across."""
    values = {(point.kind, point.x): mean for point, mean in means.items() if point.sweep == sweep}
    kinds = [kind for kind in KINDS if any(k == kind for k, _ in values)]
    rows = [[f"{x:g}"] + [report.with_interval(*values[kind, x]) for kind in kinds]
            for x in sorted({x for _, x in values})]
    return report.markdown([SWEEPS[sweep][0]] + [KINDS[kind] for kind in kinds], rows)


def chart(sweep, means):
    """One line a kind. Points stand evenly: each is about twice the one before."""
    xs = sorted({point.x for point in means if point.sweep == sweep})
    series = []
    for kind, title in KINDS.items():
        line = sorted((xs.index(point.x), mean[0]) for point, mean in means.items()
                      if point.sweep == sweep and point.kind == kind)
        if line:
            series.append(svg.Line(title, line, marks=True))
    label, title = SWEEPS[sweep]
    return svg.lines(title, series, label, "mean share of right answers",
                     x_names=[f"{x:g}" for x in xs])


def main():
    options = options_of()
    work = options.out / "adapters"
    work.mkdir(parents=True, exist_ok=True)
    tasks = measure.find_tasks(options.tasks, options.examples)
    crayon = program.Program(options.crayon)
    info, _, _ = crayon.json("info", options.pools[options.size])
    points = points_of(options, info["tau"])
    store = measure.Store(options.out / "sweep.json", reuse=options.reuse)
    store.record["about"] = {"limit": options.limit, "by": options.by, "prior": options.prior,
                             "pools": {str(size): program.hash_of(path)
                                       for size, path in sorted(options.pools.items())}}
    store.record["tasks"] = [task.name for task in tasks]
    bench = measure.Bench(crayon, options.out)
    try:
        measure.run([job_of(point, task, options, work) for point in points for task in tasks],
                    bench, store, options.jobs)
    except program.Failed as failed:
        raise SystemExit(str(failed)) from None
    means = means_of(points, store.record)
    swept = [sweep for sweep in SWEEPS if any(point.sweep == sweep for point in means)]
    text = "\n".join(table(sweep, means) for sweep in swept)
    program.write_whole(options.out / "sweep.md", text)
    for sweep in swept:
        program.write_whole(options.out / f"sweep-{sweep}.svg", chart(sweep, means))
    print(text)


if __name__ == "__main__":
    main()
