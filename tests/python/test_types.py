#!/usr/bin/env python3
"""The type hints of the bindings agree with themselves, as mypy judges."""
import subprocess
import sys
import tempfile
import unittest

import support


class Types(unittest.TestCase):
    def test_strict(self):
        with tempfile.TemporaryDirectory(prefix="crayon-mypy-") as cache:
            done = subprocess.run(
                [sys.executable, "-m", "mypy", "--strict", "--enable-incomplete-feature=Unpack",
                 "--cache-dir", cache, "crayon", "examples/answer.py"],
                cwd=support.SOURCE / "bindings/python", text=True, capture_output=True, timeout=300)
        if "No module named mypy" in done.stderr:
            self.skipTest("mypy is not installed")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


if __name__ == "__main__":
    support.main()
