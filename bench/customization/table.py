#!/usr/bin/env python3
"""Measures what adapters for a user's task are worth on the int8 runtime, and prints the table.

Usage: bench/customization/table.py --model MODEL.crayon --pool SOFT.crayon [--hard HARD.crayon]
           --oracles DIR --tasks DIR --examples DIR -o OUT [--limit N] [--by text|choices]
           [--methods NAME,...] [--jobs 2] [--crayon build/native/cli/crayon]

The custom tasks are those with DIR/NAME.test.jsonl, their kinds, if any, in DIR/kinds.tsv; what
the user gives is NAME.jsonl or NAME.examples.jsonl of --examples; the upper bound is
DIR/NAME.crayon or the PEFT folder DIR/NAME of --oracles. OUT receives

    table.json                everything that was measured, and the inputs' hashes
    table.md                  the tables, to be pasted into a page
    customization.svg         accuracy of some methods, task by task
    customization-mean.svg    mean accuracy of all methods
    adapters/                 the adapters that were blended or packed

A second call measures what is missing: an interrupted one goes on, and one with other files
measures anew what depends on those. --redraw writes the tables and charts from table.json alone.
"""
import argparse
import json
import pathlib

import measure
import methods
import program
import report


def options_of():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    path = pathlib.Path
    parser.add_argument("-o", "--out", type=path, required=True, help="folder of the results")
    parser.add_argument("--model", type=path, help="model bundle")
    parser.add_argument("--pool", type=path, help="pool bundle, trained softly")
    parser.add_argument("--hard", type=path, help="pool bundle, trained with hard assignment")
    parser.add_argument("--oracles", type=path, help="folder with a LoRA for each custom task")
    parser.add_argument("--tasks", type=path, help="folder with NAME.test.jsonl")
    parser.add_argument("--examples", type=path, default=path("examples/pool"))
    parser.add_argument("--limit", type=int, default=0, help="items of each task; 0: all")
    parser.add_argument("--by", choices=["text", "choices"], default="text",
                        help="the model's own text must be the answer, or the likeliest choice")
    parser.add_argument("--shots", type=int, default=4, help="examples in the prompt")
    parser.add_argument("--prior", type=float, default=1.0,
                        help="how much the examples count beside a question, per query")
    parser.add_argument("--methods", default=",".join(methods.BY_NAME),
                        help="which to measure; default: all that there are files for")
    parser.add_argument("--jobs", type=int, default=2, help="measured at a time, a thread each")
    parser.add_argument("--runs", type=int, default=3, help="runs of a decode timing; 0: none")
    parser.add_argument("--crayon", type=path, default=path("build/native/cli/crayon"))
    parser.add_argument("--redraw", action="store_true", help="measure nothing")
    options = parser.parse_args()
    if not options.redraw and not (options.model and options.tasks):
        parser.error("--model and --tasks are needed to measure")
    unknown = set(options.methods.split(",")) - set(methods.BY_NAME)
    if unknown:
        parser.error(f"no method {', '.join(sorted(unknown))}: there are {list(methods.BY_NAME)}")
    return options


def chosen_methods(options):
    """Those asked for that there are files for."""
    there = {"": True, "soft": options.pool, "hard": options.hard}
    return [method for method in methods.METHODS
            if method.name in options.methods.split(",") and there[method.pool]
            and (options.oracles or not method.oracle)]


def packed_oracle(options, crayon, task):
    """DIR/NAME.crayon; a PEFT folder is packed into OUT/adapters first, anew when it is newer."""
    packed = options.oracles / f"{task.name}.crayon"
    if packed.exists():
        return packed
    weights = options.oracles / task.name / "adapter_model.safetensors"
    if not weights.exists():
        raise SystemExit(f"{options.oracles} has neither {task.name}.crayon nor {weights}")
    made = options.out / "adapters" / f"oracle-{task.name}.crayon"
    sources = (weights, options.model)
    if not made.exists() or any(made.stat().st_mtime < s.stat().st_mtime for s in sources):
        crayon.json("pack-adapter", weights.parent, "--base", options.model, "-o", made)
    return made


def job_of(method, task, options, crayon):
    pool = {"soft": options.pool, "hard": options.hard}.get(method.pool)
    per_query = bool(method.pool) and not method.blended
    adapter = pool if per_query else packed_oracle(options, crayon, task) if method.oracle else None
    prior = options.prior if per_query and method.examples else None
    return measure.Job(
        row=method.name, task=task, model=options.model, adapter=adapter,
        pool=pool if method.pool and method.blended else None, rule=method.rule,
        uses_examples=method.examples, prior=prior,
        shots=options.shots if method.shots else 0, by=options.by, limit=options.limit)


PROMPT_TOKENS = 64  # to decode when the time of a token is measured


def first_prompt(task):
    """The task's first question in our models' own format; the time is that of any text."""
    item = json.loads(task.test.read_text(encoding="utf-8").splitlines()[0])
    return f"Question: {item.get('context', '')}\n{item['question']}\nAnswer:"


def time_decoding(jobs, bench, store, runs):
    """Adds the time of a token to each cell that lacks it, one process at a time."""
    missing = [job for job in jobs if not job.shots and "decode_ms" not in store.find(job)]
    tasks = {job.task.name for job in missing}
    # A ratio needs both its times from the same minutes: the base is timed again with the others.
    again = [job for job in jobs if job in missing or job.row == "base" and job.task.name in tasks]
    for count, job in enumerate(sorted(again, key=lambda job: job.task.name), 1):
        each = bench.decode_ms(job, first_prompt(job.task), PROMPT_TOKENS, runs)
        store.put({**store.find(job), "decode_ms": round(each, 4)})
        print(f"[{count}/{len(again)}] {job.row:18} {job.task.name:20} {each:.3f} ms a token",
              flush=True)


def measure_all(options, store):
    tasks = measure.find_tasks(options.tasks, options.examples)
    crayon = program.Program(options.crayon)
    bench = measure.Bench(crayon, options.out)
    chosen = chosen_methods(options)
    jobs = [job_of(method, task, options, crayon) for method in chosen for task in tasks]
    files = {"model": options.model, "pool": options.pool, "hard pool": options.hard}
    store.record["about"] = {
        "files": {name: {"name": path.name, "sha256": program.hash_of(path),
                         "bytes": path.stat().st_size} for name, path in files.items() if path},
        "by": options.by, "limit": options.limit, "shots": options.shots, "prior": options.prior}
    store.record["methods"] = [[method.name, method.title] for method in chosen]
    store.record["tasks"] = [task.name for task in tasks]
    store.record["kinds"] = {task.name: task.kind for task in tasks if task.kind}
    measure.run(jobs, bench, store, options.jobs)
    if options.runs > 0:
        time_decoding(jobs, bench, store, options.runs)


def main():
    options = options_of()
    options.out.mkdir(parents=True, exist_ok=True)
    store = measure.Store(options.out / "table.json")
    if not options.redraw:
        try:
            measure_all(options, store)
        except program.Failed as failed:
            raise SystemExit(str(failed)) from None
    text = report.tables(store.record)
    program.write_whole(options.out / "table.md", text)
    program.write_whole(options.out / "customization.svg", report.task_chart(store.record))
    program.write_whole(options.out / "customization-mean.svg", report.mean_chart(store.record))
    print(text)


if __name__ == "__main__":
    main()
