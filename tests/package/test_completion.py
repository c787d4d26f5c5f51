#!/usr/bin/env python3
"""The completions: shells that are here read them without complaint, and complete with them every
verb, every flag, the words that a value must be one of, and files."""
import shlex
import shutil
import subprocess
import unittest

import declared
import support
from support import USAGE


class Completion(support.Case):
    SHELL = None  # set by the classes below

    @classmethod
    def setUpClass(cls):
        if cls.SHELL is None:
            raise unittest.SkipTest("what the cases below share")
        if not shutil.which(cls.SHELL):
            raise unittest.SkipTest(f"{cls.SHELL} is not installed")
        super().setUpClass()
        cls.script = cls.dir / "script"
        cls.script.write_text(cls.crayon("completion", cls.SHELL).out)
        cls.verbs = declared.verbs(cls)
        (cls.dir / "my model.crayon").touch()

    def shell(self, command, *flags):
        """What the shell prints for a command, without a complaint."""
        done = subprocess.run([self.SHELL, *flags, "-c", command], capture_output=True, text=True,
                              cwd=self.dir, timeout=60, stdin=subprocess.DEVNULL,
                              env=support.environment(HOME=str(self.dir), LC_ALL="C.UTF-8"))
        self.assertEqual((done.returncode, done.stderr), (0, ""), command)
        return done.stdout.splitlines()

    def check_verbs_and_flags(self):
        first = self.completed("crayon", "")
        self.assertIn("ask", self.verbs)
        self.assertLessEqual(set(self.verbs), set(first))
        for verb in self.verbs:
            self.assertEqual(set(self.completed("crayon", verb, "-")),
                             declared.flags(self, verb), verb)

    def syntax(self):
        done = subprocess.run([self.SHELL, "-n", self.script], capture_output=True, text=True,
                              timeout=60)
        self.assertEqual((done.returncode, done.stderr), (0, ""))


class Bash(Completion):
    SHELL = "bash"

    def completed(self, *words):
        """What the last of the words may become, as bash sees it when Tab is pressed."""
        line = " ".join(map(shlex.quote, words))
        return self.shell(f". ./script; compopt() {{ asked=\"$*\"; }}; COMP_WORDS=({line}); "
                          f"COMP_CWORD={len(words) - 1}; _crayon; "
                          'printf "%s\\n" "${COMPREPLY[@]}" $asked', "--norc")

    def test_syntax(self):
        self.syntax()

    def test_verbs_and_flags(self):
        self.check_verbs_and_flags()
        self.assertEqual(self.completed("crayon", "calib"), ["calibrate"])

    def test_values(self):
        self.assertEqual(self.completed("crayon", "ask", "--route", ""),
                         ["auto", "local", "remote"])
        self.assertEqual(self.completed("crayon", "ask", "m.crayon", "--route", "lo"), ["local"])
        self.assertEqual(self.completed("crayon", "ask", "--route", "=", "re"), ["remote"])
        self.assertEqual(self.completed("crayon", "ask", "--route", "="),
                         ["auto", "local", "remote"])
        self.assertEqual(self.completed("crayon", "completion", "z"), ["zsh"])

    def test_files_are_left_to_bash_but_not_behind_a_number(self):
        self.assertEqual(self.completed("crayon", "ask", "my"), [""])
        self.assertEqual(self.completed("crayon", "ask", "--adapter", "my"), [""])
        self.assertEqual(self.completed("crayon", "ask", "--threads", ""),
                         ["+o", "default", "+o", "bashdefault"])
        self.assertIn("-o default", self.shell(". ./script; complete -p crayon", "--norc")[0])


class Fish(Completion):
    SHELL = "fish"

    def completed(self, *words):
        """The words that fish offers, which knows how to be asked."""
        line = " ".join(words)
        offers = self.shell(f"source script; complete -C {shlex.quote(line)}", "--no-config")
        return [offer.split("\t")[0] for offer in offers]

    def test_syntax(self):
        self.syntax()

    def test_verbs(self):
        self.assertEqual(self.completed("crayon", "calib"), ["calibrate"])
        self.assertLessEqual(set(self.verbs), set(self.completed("crayon", "")))

    def test_flags(self):
        for verb in self.verbs:
            offered = set(self.completed("crayon", verb, "-"))
            offered |= set(self.completed("crayon", verb, "--"))
            self.assertEqual({flag.removesuffix("=") for flag in offered},
                             declared.flags(self, verb), verb)

    def test_values_and_files(self):
        self.assertEqual(self.completed("crayon", "ask", "--route", "lo"), ["local"])
        self.assertEqual(self.completed("crayon", "completion", ""), ["bash", "fish", "zsh"])
        self.assertEqual(self.completed("crayon", "ask", "my"), ["my model.crayon"])
        self.assertEqual(self.completed("crayon", "ask", "--adapter", "my"), ["my model.crayon"])
        self.assertEqual(self.completed("crayon", "ask", "--threads", ""), [])
        self.assertEqual(self.completed("crayon", "doctor", "my"), [])


class Zsh(Completion):
    SHELL = "zsh"

    def specs(self, verb):
        """What the function tells zsh's _arguments for a verb."""
        return self.shell("compdef() { :; }; _arguments() { print -rl -- \"$@\"; state=rest; "
                          f"words=({verb}) }}; _describe() {{ :; }}; . ./script", "-f")

    def test_syntax(self):
        self.syntax()

    def test_verbs_and_flags(self):
        text = self.script.read_text()
        for verb in self.verbs:
            self.assertIn(f"'{verb}:", text)
            specs = self.specs(verb)
            for flag in declared.flags(self, verb):
                self.assertTrue(any(spec.split("[")[0].endswith((f"{flag}", f"{flag}=", f"{flag}+"))
                                    for spec in specs), f"{verb} {flag}: {specs}")

    def test_values_and_files(self):
        specs = self.specs("ask")
        self.assertTrue(any("--route=" in spec and spec.endswith(":(auto local remote)")
                            for spec in specs), specs)
        self.assertIn("1:MODEL:_files", specs)


class Usage(support.Case):
    def test_other_shells_are_refused(self):
        self.assertIn("tcsh", self.crayon("completion", "tcsh", code=USAGE).err)
        self.assertEqual(self.crayon("completion", "bash", "--json").json["shell"], "bash")



if __name__ == "__main__":
    support.main()
