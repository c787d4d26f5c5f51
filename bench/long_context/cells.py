"""What is measured: each cell is one way of distilling on one kind of text of one length."""
from dataclasses import asdict, dataclass

from distilling import RULES, Distilling, ablation

PARTS = ["needles", "questions", "tails", "ablation", "speed"]

DEPTHS = [0.0, 0.25, 0.5, 0.75, 1.0]
NEEDLE_LENGTHS = [1, 2, 4, 8, 16, 32, 64]
TEXT_LENGTHS = [1, 2, 4, 8, 16]  # of questions and tails
ABLATION_LENGTHS = [4, 16]

IN_TEXT = "needle_in_text"  # the only task that hides its facts in a book
NEEDLE_TASKS = ["needle_in_log", IN_TEXT]
LOG_TASKS = ["long_log_event", "long_log_unit", "long_log_time", "long_log_several"]
MANUAL_TASKS = ["long_code_meaning", "long_code_action", "long_code_several"]
OTHER_TASKS = ["needle_in_manual", "needle_several"]
ABLATION_TASKS = ["needle_in_log", IN_TEXT, "long_log_event", "long_code_action"]

TAIL = "tail"  # the perplexity of a book's next tokens, in the place of a task
READ = "read"  # speed and memory, in the place of a task


@dataclass(frozen=True)
class Cell:
    part: str
    how: Distilling
    task: str  # the generator's, TAIL or READ
    length: int  # of the text, in pots
    n: int  # items, or places in the books
    needles: int = 0  # 0: by chance
    depth: float | None = None  # None: by chance

    def fields(self):
        """The cell as the beginning of a line of results."""
        own = asdict(self)
        return {"part": self.part, **own.pop("how"), **own}

    def tokens(self, pot):
        """About how many are read."""
        return self.length * pot * self.n


def cell_of(line):
    """The cell that a line of results is about."""
    how = {name: line[name] for name in ("rule", "keep", "share", "catalyst")}
    own = ("part", "task", "length", "n", "needles", "depth")
    return Cell(how=Distilling(**how), **{name: line[name] for name in own})


def needle_cells(rules, items, needle_counts):
    return [Cell("needles", Distilling(rule), task, length, items, needles, depth)
            for length in NEEDLE_LENGTHS for task in NEEDLE_TASKS for needles in needle_counts
            for depth in DEPTHS for rule in rules]


def question_cells(rules, questions):
    return [Cell("questions", Distilling(rule), task, length, questions)
            for length in TEXT_LENGTHS for task in LOG_TASKS + MANUAL_TASKS + OTHER_TASKS
            for rule in rules]


def tail_cells(rules, places):
    return [Cell("tails", Distilling(rule), TAIL, length, places)
            for length in TEXT_LENGTHS for rule in rules]


def ablation_cells(questions, places):
    ways = {how: None for group in ablation().values() for _, how in group}  # each once, in order
    return [Cell("ablation", how, task, length, places if task == TAIL else questions)
            for length in ABLATION_LENGTHS for task in ABLATION_TASKS + [TAIL] for how in ways]


def speed_cells(rules, length):
    return [Cell("speed", Distilling(rule), READ, length, 1) for rule in rules if rule != "none"]


def all_cells(options, most_positions):
    """Those of the options' parts, rules and books that the model can be asked, in their order.

    most_positions: the most that the model takes, within which `none` has to stay.
    """
    rules = [rule for rule in RULES if rule in options.rules]
    cells = {
        "needles": lambda: needle_cells(rules, options.items, options.needles),
        "questions": lambda: question_cells(rules, options.questions),
        "tails": lambda: tail_cells(rules, options.places),
        "ablation": lambda: ablation_cells(options.questions, options.places),
        "speed": lambda: speed_cells(rules, options.read_length)}
    return [cell for part in PARTS if part in options.only for cell in cells[part]()
            if (cell.how.rule != "none" or cell.length * options.pot <= most_positions)
            and (options.filler or cell.task not in (IN_TEXT, TAIL, READ))
            and (not options.lengths or cell.task == READ or cell.length in options.lengths)]
