#!/usr/bin/env python3
"""Runs the examples of documents and compares what they show.

Usage: test_docs.py FILE.md...

A block that begins with ```console is run; other blocks are not. All blocks of a file run one
after the other in one shell, in one folder that holds but `examples`, the project's, with `crayon`
on the path, and `crayon-train` where CRAYON_TRAIN_PROGRAM names it:

  * a line "$ COMMAND" is a command; a backslash at its end continues it on the next line
  * the lines that follow are what it prints, on both outputs; "..." matches anything, on a line
    of its own any number of lines
  * a command must succeed, unless the next one is "echo $?"
"""
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile
import unittest

import support


class Example:
    def __init__(self, line, command):
        self.line = line
        self.command = command
        self.expected = []
        self.may_fail = False


def read_examples(path):
    examples, inside = [], False
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if line.startswith("```"):
            inside = line == "```console"
        elif inside and line.startswith("$ "):
            if examples and line == "$ echo $?":
                examples[-1].may_fail = True
            examples.append(Example(number, line[2:]))
        elif inside and examples[-1].command.endswith("\\") and not examples[-1].expected:
            examples[-1].command += "\n" + line
        elif inside:
            examples[-1].expected.append(line)
    return examples


def pattern(expected):
    """A regular expression for the lines that a document shows."""
    parts = []
    for line in expected:
        if line == "...":
            parts.append(r"(?:.*\n)*?")
        else:
            parts.append(".*".join(re.escape(part) for part in line.split("...")) + r"\n")
    return re.compile("".join(parts))


def script_of(examples, results):
    """One script for all, so that variables, folders and background jobs carry over. Example I
    leaves out.I and status.I in the folder `results`, and its status for the next one's $?."""
    lines = ["status=0"]
    for index, example in enumerate(examples):
        lines += ["(exit $status)", "{ " + example.command, f"}} > {results}/out.{index} 2>&1",
                  "status=$?", f"echo $status > {results}/status.{index}"]
    return "\n".join(lines) + "\n"


class Documents(unittest.TestCase):
    files = []

    def check(self, path):
        examples = read_examples(path)
        self.assertTrue(examples, f"{path} shows no example")
        with tempfile.TemporaryDirectory(prefix="crayon-docs-") as temporary:
            folder = pathlib.Path(temporary)
            (folder / "bin").mkdir()
            programs = {"crayon": support.COMMAND}
            if "CRAYON_TRAIN_PROGRAM" in os.environ:
                programs["crayon-train"] = [os.environ["CRAYON_TRAIN_PROGRAM"]]
            for name, command in programs.items():
                program = folder / "bin" / name
                program.write_text(f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n')
                program.chmod(0o755)
            (folder / "work").mkdir()
            (folder / "work/examples").symlink_to(support.SOURCE / "examples")
            path_variable = f"{folder / 'bin'}:{os.environ['PATH']}"
            subprocess.run(["bash", "-c", script_of(examples, folder)], cwd=folder / "work", timeout=600,
                           env=support.environment(PATH=path_variable), stdin=subprocess.DEVNULL)
            for index, example in enumerate(examples):
                where = f"{path}:{example.line}: {example.command}"
                status = (folder / f"status.{index}").read_text().strip()
                shown = (folder / f"out.{index}").read_text()
                if shown and not shown.endswith("\n"):
                    shown += "\n"
                with self.subTest(where):
                    if not example.may_fail:
                        self.assertEqual(status, "0", f"{where}\nprinted: {shown}")
                    self.assertTrue(pattern(example.expected).fullmatch(shown),
                                    f"{where}\nprinted:\n{shown}instead of:\n" +
                                    "\n".join(example.expected))

    def test_examples(self):
        for file in self.files:
            self.check(pathlib.Path(file))


if __name__ == "__main__":
    Documents.files = sys.argv[1:]
    if not Documents.files:
        sys.exit(__doc__)
    del sys.argv[1:]
    support.main()
