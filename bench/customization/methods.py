"""The methods that table.py compares: the columns of its table, in this order."""
from dataclasses import dataclass


@dataclass(frozen=True)
class Method:
    name: str  # in table.json and for --methods
    title: str
    pool: str = ""  # "soft" or "hard": how the pool's adapters were trained
    blended: bool = True  # beforehand, by `crayon blend`; else anew for every question
    rule: tuple = ()  # arguments of `crayon blend`
    examples: bool = True  # whether the user's examples are looked at
    shots: bool = False  # the examples stand in the prompt
    oracle: bool = False


METHODS = [
    Method("base", "no adapter", examples=False),
    Method("shots", "examples in the prompt", shots=True),
    Method("nearest", "nearest", "soft", rule=("--rule", "nearest")),
    Method("uniform", "uniform", "soft", rule=("--rule", "uniform"), examples=False),
    Method("arrow", "Arrow", "soft", rule=("--rule", "arrow"), examples=False),
    Method("lorahub", "LoraHub", "soft", rule=("--rule", "lorahub")),
    Method("logo", "LoGo", "soft", rule=("--rule", "logo")),
    Method("crayon", "Crayon", "soft"),
    Method("crayon-hard", "Crayon, hard pool", "hard"),
    Method("crayon-rank", "Crayon, rank 8", "soft", rule=("--rank", "8")),
    Method("query", "per query", "soft", blended=False, examples=False),
    Method("query-prior", "per query, examples", "soft", blended=False),
    Method("query-hard", "per query, hard pool", "hard", blended=False, examples=False),
    Method("oracle", "LoRA of the task", examples=False, oracle=True),
]

BY_NAME = {method.name: method for method in METHODS}
