"""Turns table.json into tables and charts."""
import stats
import svg

# What the chart of all tasks shows, so that it can be read.
CHARTED = ["base", "shots", "nearest", "lorahub", "crayon", "query-prior", "oracle"]


class Results:
    """The cells of a record, by row and task."""

    def __init__(self, record):
        kinds = record.get("kinds", {})
        self.tasks = sorted(record["tasks"], key=lambda task: (kinds.get(task, ""), task))
        self.kinds = {}  # the tasks of each kind
        for task in self.tasks:
            self.kinds.setdefault(kinds.get(task, ""), []).append(task)
        self.titles = dict(record["methods"])
        self.cells = {(cell["row"], cell["task"]): cell for cell in record["cells"]}
        self.rows = [row for row in self.titles if self.complete(row)]

    def complete(self, row):
        return all((row, task) in self.cells for task in self.tasks)

    def counts(self, row, tasks=None):
        """(right, n) of every task, or of those named."""
        cells = (self.cells[row, task] for task in tasks or self.tasks)
        return [(cell["right"], cell["n"]) for cell in cells]

    def mean(self, row, tasks=None):
        return stats.mean_interval(self.counts(row, tasks))

    def gain(self, row, tasks=None):
        """Share of the oracle's gain, of the means; None where there is no oracle or no base."""
        if not {"base", "oracle"} <= set(self.rows):
            return None
        value, base, oracle = (self.mean(each, tasks)[0] for each in (row, "base", "oracle"))
        return stats.share_of_gain(value, base, oracle)

    def median(self, row, quantity):
        return stats.median([quantity(self.cells[row, task]) for task in self.tasks])

    def slow_down(self, row):
        """A token's time over its time without an adapter, in the middle of the tasks."""
        if "base" not in self.rows or row == "base":
            return None
        ratios = []
        for task in self.tasks:
            own, base = (self.cells[each, task].get("decode_ms") for each in (row, "base"))
            if own and base:
                ratios.append(own / base)
        return stats.median(ratios)


def percent(share):
    return f"{100 * share:.1f}"


def with_interval(value, low, high):
    return f"{percent(value)} ({percent(low)}–{percent(high)})"


def shown(value, form):
    return "–" if value is None else form(value)


def milliseconds(value):
    return f"{value:.1f} ms" if value < 100 else f"{value / 1e3:.2f} s"


def kilobytes(value):
    return f"{value / 1e3:.0f} KB"


def markdown(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" + "---:|" * (len(head) - 1)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


def whole_percent(share):
    return f"{100 * share:.0f} %"


def by_kind(results):
    """Methods down, kinds of task across: the mean accuracy, and how much of the oracle's gain."""
    rows = []
    for row in results.rows:
        cells = [f"{with_interval(*results.mean(row, tasks))}, "
                 f"{shown(results.gain(row, tasks), whole_percent)}"
                 for tasks in results.kinds.values()]
        rows.append([results.titles[row]] + cells)
    return markdown(["method"] + [f"{kind} ({len(tasks)})"
                                  for kind, tasks in results.kinds.items()], rows)


def summary(results):
    """Methods down: what each reaches, and what it costs."""
    rows = []
    for row in results.rows:
        mean, low, high = results.mean(row)
        rows.append([
            results.titles[row], with_interval(mean, low, high),
            shown(results.gain(row), whole_percent),
            shown(results.median(row, lambda cell: cell.get("blend_ms")), milliseconds),
            shown(results.median(row, lambda cell: cell.get("rank")), "{:.0f}".format),
            shown(results.median(row, lambda cell: cell.get("bytes")), kilobytes),
            shown(results.median(row, lambda cell: 1e3 * cell["seconds"] / max(1, cell["n"])),
                  milliseconds),
            shown(results.slow_down(row), "{:.2f}×".format)])
    return markdown(["method", "mean accuracy, %", "of the oracle's gain", "blend", "rank",
                     "adapter", "a question", "decode"], rows)


def by_task(results):
    """Tasks down, methods across; the best of each task but for the oracle stands out."""
    rivals = [row for row in results.rows if row != "oracle"]
    lines = []
    for index, task in enumerate(results.tasks):
        right = {row: results.counts(row)[index] for row in results.rows}
        best = max((r / n for row, (r, n) in right.items() if row in rivals), default=None)
        line = [f"`{task}`"]
        for row, (r, n) in right.items():
            text = with_interval(r / n, *stats.wilson(r, n))
            line.append(f"**{text}**" if row in rivals and r / n == best else text)
        lines.append(line)
    lines.append(["mean"] + [with_interval(*results.mean(row)) for row in results.rows])
    lines.append(["of the oracle's gain"] +
                 [shown(results.gain(row), whole_percent) for row in results.rows])
    return markdown(["task"] + [results.titles[row] for row in results.rows], lines)


def tables(record):
    results = Results(record)
    about = record["about"]
    n = max((n for row in results.rows for _, n in results.counts(row)), default=0)
    how = {"text": "the greedy text must be the answer",
           "choices": "the likeliest choice must be the answer"}[about["by"]]
    sizes = ", ".join(f"{name} {kilobytes(file['bytes'])}"
                      for name, file in about["files"].items())
    return "\n".join([
        f"{len(results.tasks)} tasks, up to {n} questions each; {how}; 95 % intervals. {sizes}.\n",
        summary(results), *([by_kind(results)] if len(results.kinds) > 1 else []),
        by_task(results)])


def task_chart(record):
    results = Results(record)
    series = []
    for row in [row for row in results.rows if row in CHARTED]:
        counts = results.counts(row)
        mean, low, high = results.mean(row)
        series.append(svg.Bars(results.titles[row], [r / n for r, n in counts] + [mean],
                               [stats.wilson(r, n) for r, n in counts] + [(low, high)]))
    return svg.bars("Accuracy on custom tasks", results.tasks + ["mean"], series,
                    y_label="share of right answers", y_top=1.0, width=1120)


def mean_chart(record):
    results = Results(record)
    means = [results.mean(row) for row in results.rows]
    return svg.bars("Mean accuracy over the custom tasks",
                    [results.titles[row] for row in results.rows],
                    [svg.Bars("int8 runtime", [mean for mean, _, _ in means],
                              [(low, high) for _, low, high in means])],
                    y_label="share of right answers", y_top=1.0, width=960)
