#!/usr/bin/env python3
"""The program for boards without packages: it needs the C library alone, starts on the oldest core
that there is, and answers."""
import os
import re
import shutil
import subprocess
import sys

import support

PROGRAM = os.environ["CRAYON_PROGRAM"]
MODEL = support.SOURCE / "examples/models/device.crayon"
C_LIBRARY = {"libc.so.6", "libm.so.6", "ld-linux-aarch64.so.1", "ld-linux-x86-64.so.2"}

# Atomics that the baseline lacks; what a program holds for later cores chooses them at run time.
LATER_ATOMICS = re.compile(r"\t(cas|casp|ldadd|ldclr|ldset|ldeor|swp|stadd|stset)[abhlp]*\t")


class BoardProgram(support.Case):
    def readelf(self, *flags):
        return subprocess.run(["readelf", "-W", *flags, PROGRAM], check=True, text=True,
                              capture_output=True, timeout=60).stdout

    def test_needs_the_c_library_alone(self):
        needed = set(re.findall(r"NEEDED.*\[(.+)\]", self.readelf("-d")))
        self.assertIn("libc.so.6", needed)
        self.assertLessEqual(needed, C_LIBRARY)

    def test_needs_no_later_c_library_than_debian_12_has(self):
        versions = {tuple(map(int, version.split(".")))
                    for version in re.findall(r"GLIBC_([\d.]+)", self.readelf("-V"))}
        self.assertTrue(versions)
        self.assertLessEqual(max(versions), (2, 36))

    def test_is_stripped(self):
        self.assertNotIn(".symtab", self.readelf("-S"))

    def test_has_no_atomics_that_an_old_core_lacks(self):
        objdump = shutil.which("aarch64-linux-gnu-objdump")
        if "AArch64" not in self.readelf("-h") or not objdump:
            self.skipTest("not an ARM program, or no objdump for one")
        listing = subprocess.run([objdump, "-d", "--no-show-raw-insn", PROGRAM], check=True,
                                 text=True, capture_output=True, timeout=300).stdout
        self.assertIn("\tldaxr\t", listing)
        self.assertEqual([line for line in listing.splitlines() if LATER_ATOMICS.search(line)], [])

    def test_answers_on_the_oldest_core(self):
        oldest = {"QEMU_CPU": "cortex-a53"}
        self.assertIn("neon", self.crayon("doctor", "--no-bandwidth", env=oldest).out)
        answer = self.crayon("ask", MODEL, "What is a pump?", "-n", 8, "--json", env=oldest).json
        self.assertEqual(answer["route"], "local")
        self.assertTrue(answer["answer"])


if __name__ == "__main__":
    if shutil.which("readelf") is None:
        print("skipped: readelf is not installed")
        sys.exit(77)
    support.main()
