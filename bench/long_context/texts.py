"""Asks the generator for questions whose prompts have a wanted number of tokens, and cuts books."""
import json
import subprocess

from program import write_whole

ROOM = 32  # tokens of a text's last pot that are left for a catalyst and an answer
TRIES = 6


def prompt_of(item):
    """An item in our models' own chat format."""
    return f"Question: {item['context']}\n{item['question']}\nAnswer:"


def next_length(length, most, wanted):
    """The length to ask the generator for, when `length` made a prompt of `most` tokens."""
    return max(20, int(length * wanted / most))


class Texts:
    """The files that the program is given, which stay in a folder for the next run."""

    def __init__(self, folder, crayon, train, options):
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.crayon, self.train = crayon, train
        self.model, self.pot, self.seed = options.model, options.pot, options.seed
        self.filler = options.filler
        self.rates = {}  # of texts of a kind: tokens of a prompt, over the length asked for
        self._book = None

    def tokens(self, text):
        counted, _, _ = self.crayon.json("tokenize", self.model, "-f", self.written("text", text))
        return len(counted["ids"])

    def written(self, name, text):
        path = self.folder / f"{name}.txt"
        write_whole(path, text)
        return path

    def generate(self, cell, length):
        flags = ["--depth", str(cell.depth)] if cell.depth is not None else []
        flags += ["--needles", str(cell.needles)] if cell.needles else []
        flags += ["--filler", str(self.filler)] if self.filler else []
        done = subprocess.run(
            [self.train, "tasks", "--set", "long", "-n", str(cell.n), "--seed", str(self.seed),
             "--length", str(length), *flags, cell.task], capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(f"crayon-train tasks: {done.stderr.strip()}")
        return done.stdout

    def longest(self, text):
        """The tokens of the prompt with the most letters, which is nearly the longest one."""
        prompts = (prompt_of(json.loads(line)) for line in text.splitlines())
        return self.tokens(max(prompts, key=len))

    def items(self, cell):
        """The cell's file of items, and about the tokens of its longest prompt.

        That has `length` pots of tokens, less ROOM, or up to a tenth fewer.
        """
        depth = "any" if cell.depth is None else f"{cell.depth:g}"
        name = f"{cell.task}-{cell.needles}-{cell.length}-{depth}-{cell.n}"
        path, about = self.folder / f"{name}.jsonl", self.folder / f"{name}.json"
        if path.exists() and about.exists():
            return path, json.loads(about.read_text(encoding="utf-8"))["tokens"]
        wanted = cell.length * self.pot - ROOM
        kind = (cell.task, cell.needles, cell.length)
        length = next_length(wanted, self.rates.get(kind, 1) * wanted, 0.97 * wanted)
        for _ in range(TRIES):
            text = self.generate(cell, length)
            most = self.longest(text)
            if 0.9 * wanted <= most <= wanted:
                break
            length = next_length(length, most, 0.97 * wanted)
        if most > wanted:
            raise SystemExit(f"{cell.task}: the shortest prompts have {most} tokens and {wanted} "
                             "are wanted; take a larger --pot")
        self.rates[kind] = most / length
        write_whole(path, text)
        write_whole(about, json.dumps({"length": length, "tokens": most}) + "\n")
        return path, most

    def book(self):
        if self._book is None:
            self._book = self.filler.read_text(encoding="utf-8", errors="replace")
        return self._book

    def before(self, end, tokens):
        """The text of about so many tokens that ends at a character of the books."""
        letters = 4 * tokens
        for _ in range(TRIES):
            begin = max(0, end - letters)
            counted = self.tokens(self.book()[begin:end])
            if begin == 0 or abs(counted - tokens) <= max(1, tokens // 200):
                break
            letters = max(1, letters * tokens // counted)
        return self.book()[begin:end]

    def place(self, number, places, tokens):
        """The text of so many tokens that ends at one of some places, evenly spread."""
        path = self.folder / f"tail-{number}of{places}-{tokens}.txt"
        if not path.exists():
            end = (number + 1) * len(self.book()) // places
            end = max(self.book().rfind(" ", 0, end), 1)
            write_whole(path, self.before(end, tokens))
        return path
