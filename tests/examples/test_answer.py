#!/usr/bin/env python3
"""examples/c/answer.c: found by CMake and by pkg-config, in unpacked packages and where `cmake --install`
puts it, it answers as `crayon ask` does."""
import os
import pathlib
import re
import shlex

import example
import support
from example import MODEL, checked

QUESTION = "tank reads 38. motor reads 83. outlet reads 28. gate reads 40.\nWhat does motor read?"


class Answer(example.ExampleCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.program = cls.build_example("c") / "answer"
        asked = cls.crayon("ask", MODEL, QUESTION)
        cls.expected = asked.out + asked.err

    def test_answers_as_the_program_does(self):
        out, err = self.run_example(self.program, MODEL, QUESTION)
        self.assertEqual((out, err), (self.expected, ""))
        self.assertRegex(out, r"^\S.*\nlocal: no remote \(score 0\.\d{3}, threshold 0\.500\)\n$")

    def test_says_what_is_wrong(self):
        out, err = self.run_example(self.program, "missing.crayon", QUESTION, code=1)
        self.assertEqual(out, "")
        self.assertRegex(err, r"^answer: not_found: .*missing\.crayon.*\n  hint: .+\n$")
        adapter = support.SOURCE / "examples/oracles/levels.crayon"
        self.assertIn("levels.crayon", self.run_example(self.program, adapter, QUESTION, code=1)[1])
        self.assertIn("usage", self.run_example(self.program, MODEL, code=2)[1])

    def test_a_remote_that_is_not_there_leaves_the_local_answer(self):
        # Nothing listens at port 1. The answer is the local one, and the reason says so.
        out, _ = self.run_example(self.program, MODEL, "Which one is it?", "http://127.0.0.1:1")
        self.assertRegex(out, r"\nlocal: .*\(score")

    def test_found_by_pkg_config(self):
        environment = os.environ | {"PKG_CONFIG_PATH": str(self.libraries / "pkgconfig")}
        flags = checked("pkg-config", "--cflags", "--libs", "crayon", env=environment)
        self.assertIn(str(self.dir), str(pathlib.Path(flags.split()[0][2:]).resolve()))
        program = self.dir / "by-pkg-config"
        checked(*shlex.split(os.environ["CRAYON_C_COMPILER"]), "-std=c11", self.sources / "c/answer.c",
                "-o", program, *flags.split(), f"-Wl,-rpath,{self.libraries}")
        self.assertEqual(self.run_example(program, MODEL, QUESTION)[0], self.expected)
        self.assertEqual(checked("pkg-config", "--modversion", "crayon", env=environment).strip(),
                         self.crayon("--version").out.split()[-1])

    def test_found_where_cmake_installs(self):
        prefix = self.dir / "installed/usr"
        for component in ("library", "development"):
            checked("cmake", "--install", example.BUILD, "--prefix", prefix, "--component", component)
        program = self.build_example("c", prefix) / "answer"
        self.assertEqual(self.run_example(program, MODEL, QUESTION)[0], self.expected)

    def test_another_version_is_refused(self):
        folder = self.dir / "later"
        folder.mkdir()
        text = (self.sources / "c/CMakeLists.txt").read_text()
        later = re.sub(r"find_package\(crayon 0\.1", "find_package(crayon 0.2", text)
        self.assertNotEqual(later, text)
        (folder / "CMakeLists.txt").write_text(later)
        (folder / "answer.c").write_bytes((self.sources / "c/answer.c").read_bytes())
        with self.assertRaisesRegex(AssertionError, r"compatible\s+with requested version"):
            checked("cmake", "-S", folder, "-B", folder / "build",
                    f"-DCMAKE_PREFIX_PATH={self.prefix}")


if __name__ == "__main__":
    example.main()
