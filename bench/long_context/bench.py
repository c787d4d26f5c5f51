"""Measures a cell with the `crayon` program, and nothing else."""
import json
import pathlib
import tempfile

from cells import READ, TAIL

ANSWER_TOKENS = 24
SLACK = 8  # tokens by which a text of the books may miss its length
SEVERAL_ANSWER_TOKENS = 80  # "unit 6 fell over, unit 1 was cleaned, .."


def parts_right(predicted, answer):
    """Of an answer "KEY VALUE, KEY VALUE": (how many parts are said, how many there are)."""
    wanted = [part.strip() for part in answer.split(",")]
    said = {part.strip() for part in predicted.split(",")}
    return sum(part in said for part in wanted), len(wanted)


class Bench:
    def __init__(self, crayon, texts, options, most_positions):
        self.crayon, self.texts = crayon, texts
        self.model, self.pot, self.tail = options.model, options.pot, options.tail
        self.most_positions = most_positions

    def flags(self, how):
        """`none` gets all the positions that the model takes; the others a pot."""
        return ["-c", self.most_positions if how.rule == "none" else self.pot, *how.flags()]

    def measure(self, cell):
        """What there is to say of the cell, with the CPU seconds it took."""
        ask = {TAIL: self.tails, READ: self.read}.get(cell.task, self.questions)
        return ask(cell)

    def questions(self, cell):
        path, tokens = self.texts.items(cell)
        several = cell.task.endswith("_several")
        with tempfile.TemporaryDirectory() as folder:
            answers = pathlib.Path(folder) / "items.jsonl"
            result, seconds, remarks = self.crayon.json(
                "eval", self.model, path, "--by", "text", "-n",
                SEVERAL_ANSWER_TOKENS if several else ANSWER_TOKENS, "--items", answers,
                *self.flags(cell.how))
            lines = [json.loads(line) for line in answers.read_text(encoding="utf-8").splitlines()]
        (task,) = result["tasks"]
        found = {"right": round(task["n"] * task["accuracy"]), "tokens": tokens,
                 "seconds": round(seconds, 3)}
        if several:
            found["parts"] = [parts_right(line["predicted"], line["answer"]) for line in lines]
        return found | ({"remarks": remarks} if remarks else {})

    def tails(self, cell):
        # Cut to within a few tokens: `none` must fit, and something must stand before the tail.
        tokens = max(cell.length * self.pot - SLACK, self.tail + SLACK)
        found = {"perplexities": [], "seconds": 0.0}
        for number in range(cell.n):
            result, seconds, _ = self.crayon.json(
                "perplexity", self.model, "-f", self.texts.place(number, cell.n, tokens), "--tail",
                self.tail, *self.flags(cell.how))
            found["perplexities"].append(round(result["perplexity"], 4))
            found["seconds"] += seconds
        return found | {"seconds": round(found["seconds"], 3)}

    def read(self, cell):
        path = self.texts.place(0, 1, cell.length * self.pot)
        done, seconds, _ = self.crayon.json("read", self.model, "-f", path, *self.flags(cell.how))
        return done | {"wall_seconds": done["seconds"], "seconds": round(seconds, 3)}
