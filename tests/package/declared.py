"""What the program declares, as its help texts tell it."""
import re

FLAG = re.compile(r"(?<![\w-])(--[a-z][a-z0-9-]*|-[a-zA-Z])(?![\w-])")


def verbs(case):
    """The verbs, in the order of `crayon --help`."""
    listed = case.crayon("--help").out.split("Subcommands:")[1]
    return re.findall(r"^  (\S+)", listed, re.MULTILINE)


def flags(case, verb):
    """The flags of a verb. They stand in the first column, which their explanation is not in."""
    found = set()
    for line in case.crayon(verb, "--help").out.splitlines():
        if re.match(r"  -", line):
            found.update(FLAG.findall(re.split(r"\s{2,}| [A-Z]+[ :=]", line.strip())[0]))
    return found
