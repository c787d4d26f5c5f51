#!/usr/bin/env python3
"""The manual pages: one for every verb, with every flag, in what man(1) reads without complaint."""
import re
import shutil
import subprocess
import unittest

import declared
import support
from support import USAGE


class Manual(support.Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.verbs = declared.verbs(cls)
        cls.folder = cls.dir / "man"
        cls.folder.mkdir()
        cls.crayon("manual", "-o", "man", "--date", "2026-01-31")

    def lint(self, *command):
        for page in sorted(self.folder.iterdir()):
            done = subprocess.run([*command, page], capture_output=True, text=True, timeout=60)
            self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""), page.name)

    def test_every_verb_has_a_page(self):
        self.assertIn("ask", self.verbs)
        self.assertEqual({page.name for page in self.folder.iterdir()},
                         {"crayon.1", *(f"crayon-{verb}.1" for verb in self.verbs)})

    def test_pages_name_every_flag(self):
        for verb in self.verbs:
            page = (self.folder / f"crayon-{verb}.1").read_text().replace("\\-", "-")
            flags = declared.flags(self, verb)
            self.assertIn("--help", flags)
            for flag in flags:
                self.assertIn(f"\\fB{flag}\\fP", page, verb)

    def test_pages_tell_choices_defaults_and_variables(self):
        page = (self.folder / "crayon-ask.1").read_text().replace("\n", " ")
        for text in ("One of auto, local, remote.", "Default: auto.", "CRAYON_ROUTE",
                     "\\fIQUESTION\\fP", ".SH \"EXIT STATUS\"", "2026-01-31"):
            self.assertIn(text, page)
        self.assertIn(".BR crayon-ask (1)", (self.folder / "crayon.1").read_text())

    def test_a_page_can_be_printed(self):
        self.assertEqual(self.crayon("manual", "ask", "--date", "2026-01-31").out,
                         (self.folder / "crayon-ask.1").read_text())
        self.assertIn("aks", self.crayon("manual", "aks", code=USAGE).err)
        self.crayon("manual", "ask", "-o", "man", code=USAGE)

    def test_groff_has_no_warning(self):
        if not shutil.which("groff"):
            self.skipTest("groff is not installed")
        self.lint("groff", "-man", "-ww", "-z", "-Tutf8")

    def test_mandoc_has_no_warning(self):
        if not shutil.which("mandoc"):
            self.skipTest("mandoc is not installed")
        # STYLE is about other systems' taste, such as "referenced manual not found".
        self.lint("mandoc", "-T", "lint", "-W", "warning")

    def test_man_shows_what_was_declared(self):
        if not shutil.which("man") or not shutil.which("groff"):
            self.skipTest("man is not installed")
        shown = subprocess.run(["man", "-l", "--warnings", self.folder / "crayon-serve.1"],
                               capture_output=True, text=True, timeout=60,
                               env={"PATH": "/usr/bin:/bin", "MANWIDTH": "80", "LC_ALL": "C.UTF-8"})
        self.assertEqual(shown.stderr, "")
        text = re.sub(".\b", "", shown.stdout)
        self.assertIn("--max-connections", text)
        self.assertIn("crayon serve [OPTION]... MODEL", text)


if __name__ == "__main__":
    support.main()
