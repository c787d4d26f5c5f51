"""A board that is a folder, and a test that copies to it."""
import os
import shlex
import shutil
import subprocess
import sys

import support

HERE = support.pathlib.Path(__file__).resolve().parent
SCRIPTS = support.SOURCE / "toolchains/board"
NATIVE = len(support.COMMAND) == 1


def write_program(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n" + text + "\n")
    path.chmod(0o755)


class BoardCase(support.Case):
    """Has a signed model, its golden tokens, a key, and for each test a board without anything but
    the program."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.pack_tiny("plain.crayon")
        cls.crayon("keygen", "-o", "publisher")
        cls.crayon("sign", "plain.crayon", "--key", "publisher.sec", "--release", 3,
                   "-o", "model.crayon")
        cls.crayon("golden", "model.crayon", "-n", 4, "-o", "golden.txt")

    def setUp(self):
        self.board = self.dir / "board"
        self.addCleanup(shutil.rmtree, self.board)
        self.root = self.board / "store"
        self.uploads = self.root / "uploads"
        self.program("crayon", "exec " + shlex.join(support.COMMAND) + ' "$@"')

    def program(self, name, text):
        """What the board runs when it is asked for `name`."""
        write_program(self.board / "programs" / name, text)

    def run_script(self, name, *arguments, code=0, **variables):
        env = support.environment(PATH=f"{HERE}:{os.environ['PATH']}", BOARD_BREAK="",
                                  BOARD_DAMAGE="", BOARD_PROGRAMS=str(self.board / "programs"))
        done = subprocess.run([SCRIPTS / name, *map(str, arguments)], capture_output=True,
                              cwd=self.dir, env=env | variables, timeout=300,
                              stdin=subprocess.DEVNULL)
        result = support.Result(done)
        self.assertEqual(result.code, code, f"{result.out}\n{result.err}")
        return result

    def flash(self, *arguments, code=0, program=("--no-program",), **variables):
        return self.run_script("flash.sh", "--root", self.root, "--bin", self.board / "bin",
                               *program, *arguments, code=code, **variables)

    def status(self):
        return self.crayon("status", "--root", self.root, "--json").json


def main():
    if not shutil.which("bash") or not shutil.which("sha256sum"):
        print("skipped: no bash or no sha256sum")
        sys.exit(77)
    support.main()
