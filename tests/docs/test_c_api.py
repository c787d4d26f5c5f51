#!/usr/bin/env python3
"""docs/c-api.md: its programs compile without a warning, and the first one prints what is shown.

A block of C that includes something is a program. The others are pieces, one behind the other, of a
function that has a runtime, a model and an error.

The environment names CRAYON_LIBRARY, CRAYON_C_COMPILER and CRAYON_EMULATOR."""
import os
import pathlib
import re
import shlex
import subprocess
import tempfile
import unittest

SOURCE = pathlib.Path(__file__).resolve().parents[2]
PAGE = (SOURCE / "docs/c-api.md").read_text()
LIBRARY = pathlib.Path(os.environ["CRAYON_LIBRARY"])

FUNCTION = """#include <crayon/crayon.h>
#include <stdio.h>
void pieces(crayon_runtime* runtime, crayon_model* model);
void pieces(crayon_runtime* runtime, crayon_model* model) {
crayon_error error = {.size = sizeof error};
%s
}
"""


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


class Page(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="crayon-docs-")
        self.addCleanup(folder.cleanup)
        self.dir = pathlib.Path(folder.name)

    def compile(self, text, *flags):
        (self.dir / "page.c").write_text(text)
        done = subprocess.run(
            [*shlex.split(os.environ["CRAYON_C_COMPILER"]), "-std=c11", "-Wall", "-Wextra",
             "-Wpedantic", "-Werror", f"-I{SOURCE / 'include'}", "page.c", *flags],
            cwd=self.dir, text=True, capture_output=True, timeout=120)
        self.assertEqual((done.returncode, done.stderr), (0, ""), text)

    def run_program(self, model):
        emulator = shlex.split(os.environ["CRAYON_EMULATOR"].replace(";", " "))
        return subprocess.run([*emulator, self.dir / "program", model], cwd=self.dir, text=True,
                              capture_output=True, timeout=300)

    def test_the_first_program_prints_what_is_shown(self):
        [program] = [block for block in blocks("c") if "#include" in block]
        printed, complained = blocks("text")
        self.compile(program, "-o", "program", LIBRARY, f"-Wl,-rpath,{LIBRARY.parent}")
        done = self.run_program(SOURCE / "examples/models/device.crayon")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, printed, ""))
        done = self.run_program("missing.crayon")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (1, "", complained))

    def test_pieces_compile(self):
        pieces = [block for block in blocks("c") if "#include" not in block]
        self.assertGreater(len(pieces), 3)
        self.compile(FUNCTION % "".join(pieces), "-c")

    def test_functions_that_are_named_exist(self):
        header = (SOURCE / "include/crayon/crayon.h").read_text()
        names = set(re.findall(r"\bcrayon_\w+?(?=\b|_\.\.\.)", PAGE))
        self.assertIn("crayon_assistant_ask", names)
        for name in names:
            self.assertIn(name.rstrip("_"), header)


if __name__ == "__main__":
    unittest.main(verbosity=2)
