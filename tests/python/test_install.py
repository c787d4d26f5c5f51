#!/usr/bin/env python3
"""pip installs the bindings from the source tree without a network, types and all, and they find the
library by its name."""
import importlib.util
import os
import pathlib
import shutil
import subprocess
import sys
import unittest

import bindings
import support


class Install(support.Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for module in ("pip", "setuptools", "wheel"):
            if importlib.util.find_spec(module) is None:
                raise unittest.SkipTest(f"python3-{module} is not installed")
        # pip builds in the tree that it is given.
        shutil.copytree(support.SOURCE / "bindings/python", cls.dir / "source")
        done = subprocess.run(
            [sys.executable, "-m", "pip", "install", "--no-index", "--no-build-isolation", "--no-deps",
             "--disable-pip-version-check", "--no-cache-dir", "--target", cls.dir / "site",
             cls.dir / "source"],
            text=True, capture_output=True, timeout=300)
        if done.returncode != 0:
            raise AssertionError(done.stdout + done.stderr)

    def python(self, text, **changes):
        return subprocess.run([sys.executable, "-c", text], text=True, capture_output=True, timeout=60,
                              cwd=self.dir, env=support.environment(
                                  PYTHONPATH=str(self.dir / "site"), **changes))

    def test_holds_the_package_and_its_types(self):
        source = support.SOURCE / "bindings/python/crayon"
        for path in [*source.glob("*.py"), source / "py.typed"]:
            installed = self.dir / "site/crayon" / path.name
            self.assertEqual(installed.read_bytes(), path.read_bytes(), path.name)

    def test_finds_the_library_by_its_soname(self):
        folder = pathlib.Path(os.environ["CRAYON_LIBRARY"]).parent
        done = self.python("import crayon; print(crayon.version())", LD_LIBRARY_PATH=str(folder))
        self.assertEqual((done.stdout, done.stderr), ("0.1.0\n", ""))

    def test_says_what_to_do_without_one(self):
        done = self.python("import crayon; crayon.Runtime()", CRAYON_LIBRARY="/missing.so")
        self.assertIn("ImportError", done.stderr)
        self.assertIn("libcrayon0", done.stderr)


if __name__ == "__main__":
    bindings.main()
