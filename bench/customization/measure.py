"""Measures a method on a task with the `crayon` program, and keeps what was measured.

A *job* says what is run and how; its key is a hash over all of that, the files' bytes included.
What stands under the key already is not measured again.
"""
import concurrent.futures
import dataclasses
import hashlib
import json
import pathlib

import program

# No answer is longer, and a model that does not come to an end should not take all day.
ANSWER_TOKENS = 24


@dataclasses.dataclass(frozen=True)
class Task:
    name: str
    test: pathlib.Path  # items with answers
    examples: pathlib.Path  # what the user gives
    kind: str = ""  # what makes it a custom task, where the folder tells


@dataclasses.dataclass(frozen=True)
class Job:
    row: str  # the method, or the point of a sweep
    task: Task
    model: pathlib.Path
    adapter: pathlib.Path | None = None  # an adapter, or a pool that each question blends anew
    pool: pathlib.Path | None = None  # to make the adapter of, by `crayon blend`
    rule: tuple = ()  # arguments of `crayon blend`, or of `crayon eval` with a pool as adapter
    uses_examples: bool = False
    prior: float | None = None  # how much the examples count beside each question
    shots: int = 0  # examples that stand in the prompt
    by: str = "text"
    limit: int = 0  # items; 0: all

    def key(self):
        files = {name: program.hash_of(path)
                 for name, path in (("model", self.model), ("adapter", self.adapter),
                                    ("pool", self.pool), ("test", self.task.test)) if path}
        if self.uses_examples or self.shots:
            files["examples"] = program.hash_of(self.task.examples)
        how = [files, list(self.rule), self.prior, self.shots, self.by, self.limit]
        return hashlib.sha256(json.dumps(how, sort_keys=True).encode()).hexdigest()[:16]


class Store:
    """The cells measured so far, in a JSON file: {"about": .., "cells": [..], ..}."""

    def __init__(self, path, *, reuse=()):
        self.path = path
        self.record = {"about": {}, "cells": []}
        if path.exists():
            self.record = json.loads(path.read_text(encoding="utf-8"))
        self.known = {cell["key"]: cell for other in reuse
                      for cell in json.loads(other.read_text(encoding="utf-8"))["cells"]}
        self.known |= {cell["key"]: cell for cell in self.record["cells"]}

    def find(self, job):
        """The cell of this job under the name of its row; None if it is to be measured."""
        cell = self.known.get(job.key())
        return {**cell, "row": job.row, "task": job.task.name} if cell else None

    def put(self, cell, save=True):
        """One cell a row and task: what was measured of other files goes."""
        place = (cell["row"], cell["task"])
        self.record["cells"] = [other for other in self.record["cells"]
                                if (other["row"], other["task"]) != place] + [cell]
        self.known[cell["key"]] = cell
        if save:
            self.save()

    def save(self):
        program.write_whole(self.path, json.dumps(self.record, indent=1) + "\n")


class Bench:
    def __init__(self, crayon, folder):
        self.crayon = crayon
        self.folder = folder / "adapters"
        self.folder.mkdir(parents=True, exist_ok=True)

    def blend(self, job):
        """Makes the job's adapter; returns its path and what there is to say about it."""
        path = self.folder / f"{job.task.name}-{job.key()}.crayon"
        examples = ["--examples", job.task.examples] if job.uses_examples else []
        made, _, _ = self.crayon.json("blend", job.pool, "--base", job.model, *examples, *job.rule,
                                      "-o", path)
        said = {"blend_ms": made["milliseconds"], "rank": made["rank"],
                "weights": made["weights"]}
        return path, said | {name: made[name] for name in ("error", "loss", "base_loss")
                             if name in made}

    def adapter_flags(self, job, path):
        flags = ["--adapter", path] if path else []
        if job.adapter:
            flags += job.rule
        if job.prior is not None:
            flags += ["--examples", job.task.examples, "--prior", job.prior]
        return flags

    def adapter_of(self, job):
        """As blend(); for jobs that blend nothing, what they are given."""
        if job.pool:
            return self.blend(job)
        return job.adapter, {}

    def measure(self, job):
        """The job's cell: n, right, CPU seconds, and what came of the blend."""
        path, said = self.adapter_of(job)
        flags = self.adapter_flags(job, path)
        if job.shots:
            flags += ["--shots", f"{job.task.examples}:{job.shots}"]
        result, seconds, remarks = self.crayon.json(
            "eval", job.model, job.task.test, "--by", job.by, "--limit", job.limit, "-n",
            ANSWER_TOKENS, *flags)
        n = sum(task["n"] for task in result["tasks"])
        right = sum(round(task["n"] * task["accuracy"]) for task in result["tasks"])
        cell = {"row": job.row, "task": job.task.name, "key": job.key(), "n": n, "right": right,
                "seconds": round(seconds, 3), **said}
        if path:
            cell["bytes"] = path.stat().st_size
        if remarks:
            cell["remarks"] = remarks
        return cell

    def decode_ms(self, job, prompt, tokens, runs):
        """Milliseconds a token takes after the prompt: the best of some runs, against noise."""
        path, _ = self.adapter_of(job)
        flags = self.adapter_flags(job, path)
        best = None
        for _ in range(runs):
            done, _, _ = self.crayon.json("run", job.model, "-p", prompt, "-n", tokens,
                                          "--ignore-end", *flags)
            # The first token's logits come out of the prefill.
            each = 1e3 * done["decode_seconds"] / max(1, len(done["ids"]) - 1)
            best = each if best is None else min(best, each)
        return best


def run(jobs, bench, store, parallel):
    """Measures what is missing, `parallel` jobs at a time, with a line for each.

    Jobs of the same key are one measurement.
    """
    missing = list({job.key(): job for job in jobs if not store.find(job)}.values())
    print(f"{len(missing)} measurements to make for {len(jobs)} cells", flush=True)
    with concurrent.futures.ThreadPoolExecutor(parallel) as pool:
        futures = [pool.submit(bench.measure, job) for job in missing]
        try:
            for count, future in enumerate(concurrent.futures.as_completed(futures), 1):
                cell = future.result()
                store.put(cell)
                blended = f", blend {cell['blend_ms']:.1f} ms" if "blend_ms" in cell else ""
                print(f"[{count}/{len(missing)}] {cell['row']:18} {cell['task']:20} "
                      f"{cell['right'] / max(1, cell['n']):.3f} of {cell['n']}, "
                      f"{cell['seconds']:.1f} s{blended}", flush=True)
                if "remarks" in cell:
                    print(f"    {cell['remarks']}", flush=True)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    for job in jobs:
        store.put(store.find(job), save=False)
    store.save()


def read_kinds(path):
    """The kind of each task, from lines `task TAB kind`; none where there is no such file."""
    if not path.exists():
        return {}
    return dict(line.split("\t") for line in path.read_text(encoding="utf-8").splitlines())


def find_tasks(tests, examples):
    """The custom tasks of a folder: NAME.test.jsonl, with NAME[.examples].jsonl of the examples."""
    kinds = read_kinds(tests / "kinds.tsv")
    found = []
    for test in sorted(tests.glob("*.test.jsonl")):
        name = test.name.removesuffix(".test.jsonl")
        choices = [examples / f"{name}.examples.jsonl", examples / f"{name}.jsonl"]
        given = next((path for path in choices if path.exists()), None)
        if given is None:
            raise SystemExit(f"{examples} has neither {name}.examples.jsonl nor {name}.jsonl")
        found.append(Task(name, test, given, kinds.get(name, "")))
    if not found:
        raise SystemExit(f"{tests} has no NAME.test.jsonl")
    return found
