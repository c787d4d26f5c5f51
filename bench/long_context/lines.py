"""Results as JSON lines, one for each cell that has been measured, so that a killed run goes on."""
import json

from program import write_whole


RESULTS = "results.jsonl"


class Lines:
    """OUT/results.jsonl, and OUT/about.json, which says of what model and pot they are."""

    def __init__(self, folder, about):
        """Throws SystemExit when the folder has results of something else."""
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / RESULTS
        known = folder / "about.json"
        before = json.loads(known.read_text(encoding="utf-8")) if known.exists() else about
        differs = [name for name in about if before.get(name) != about[name]]
        if differs:
            raise SystemExit(f"{folder} has results of another {', '.join(differs)}: begin with an "
                             "empty folder")
        write_whole(known, json.dumps(about, indent=1) + "\n")
        if self.path.exists():
            # A run that was killed may have left half a line.
            whole = self.path.read_text(encoding="utf-8").rpartition("\n")
            write_whole(self.path, whole[0] + whole[1])

    def add(self, line):
        with open(self.path, "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


# What a line is about; n is not among it, so that more items take the place of fewer.
PLACE = ("part", "rule", "keep", "share", "catalyst", "task", "length", "needles", "depth")


def read_lines(path):
    """The lines of a file, the last of each place; half a line at its end is left out."""
    if not path.exists():
        return []
    text = path.read_text(encoding="utf-8")
    lines = (json.loads(each) for each in text.split("\n")[:-1])
    return list({tuple(line[name] for name in PLACE): line for line in lines}.values())
