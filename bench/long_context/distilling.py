"""The ways of distilling a full context that are compared: rules and their settings."""
from dataclasses import dataclass

# `none` drops nothing: what the model does with all of the text before it.
RULES = ["none", "infinipot", "cap", "nuc", "keydiff", "snapkv", "tova", "streaming", "truncate"]
SHARES = [0.0, 0.25, 0.5, 0.75, 1.0]
KEEPS = [0.25, 0.5, 0.75]

# Prompts whose attention says what matters. The first is the program's own.
CATALYSTS = {
    "default": None,
    "to keep": "\nWhat must be remembered of the text above:",
    "what is unusual": "\nAll that is unusual above is this:",
    "a question": "\nQuestion: What is the code of it?\nAnswer:",
    "one line": "\n",
    "neutral": "\nThe weather was fine that day, and the road was long.",
}


@dataclass(frozen=True)
class Distilling:
    rule: str
    keep: float = 0.5
    share: float = 0.5  # of infinipot: chosen by surprise
    catalyst: str = "default"  # of CATALYSTS

    def flags(self):
        """Arguments for the verbs of `crayon`."""
        if self.rule == "none":
            return []
        given = ["--distill", self.rule, "--keep", self.keep]
        if self.rule == "infinipot":
            given += ["--surprise-share", self.share]
        wording = CATALYSTS[self.catalyst]
        return given + ([] if wording is None else ["--catalyst", wording])


def ablation():
    """{heading: [(title, Distilling)]}: infinipot, with one thing changed at a time."""
    def infinipot(**changed):
        return Distilling("infinipot", **changed)

    ends = {0.0: ", the catalyst's attention alone", 1.0: ", surprise alone"}
    return {
        "surprise share": [(f"{share:g}{ends.get(share, '')}", infinipot(share=share))
                           for share in SHARES] + [("neither: streaming", Distilling("streaming"))],
        "catalyst": [(name, infinipot(catalyst=name)) for name in CATALYSTS],
        "keep": [(f"{rule}, {keep:g}", Distilling(rule, keep=keep))
                 for rule in ("infinipot", "streaming") for keep in KEEPS]}
