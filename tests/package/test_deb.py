#!/usr/bin/env python3
"""The Debian packages of this build: what is in them, for which machines, on which packages they stand,
and that making them twice gives the same bytes."""
import gzip
import os
import pathlib
import re
import shutil
import stat
import subprocess
import sys
import unittest

import declared
import support
from debian_package import DebianPackage, elf_header

BUILD = pathlib.Path(os.environ.get("CRAYON_BUILD", support.SOURCE / "build/native"))
TOOLS = ("dpkg-deb", "dpkg-shlibdeps", "cmake", "readelf")
EXAMPLES = support.SOURCE / "examples"

# Debian's names for what readelf calls machines.
MACHINES = {"AArch64": "arm64", "Advanced Micro Devices X86-64": "amd64"}
LIBRARIES = ("libc6", "libstdc++6", "libgcc-s1", "libuv1", "libzstd1", "libsodium23", "libpcre2-8-0",
             "libutf8proc2", "libfmt9", "libhttp-parser2.9", "libpng16-16", "libjpeg62-turbo")
GENERATED = {"./usr/share/bash-completion/completions/crayon",
             "./usr/share/zsh/vendor-completions/_crayon",
             "./usr/share/fish/vendor_completions.d/crayon.fish"}


def make():
    """Makes the packages anew. Returns {name: path}."""
    for old in BUILD.glob("*.deb"):
        old.unlink()
    done = subprocess.run(["cmake", "--build", BUILD, "--target", "package_deb"],
                          capture_output=True, text=True, timeout=600)
    if done.returncode != 0:
        raise AssertionError(done.stdout + done.stderr)
    return {path.name.split("_")[0]: path for path in BUILD.glob("*.deb")}


class PackageCase(support.Case):
    NAME = "crayon"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.package = DebianPackage(PACKAGES[cls.NAME])

    def unpack(self, name):
        """Returns the path of a file of the package."""
        path = self.dir / name.rsplit("/", 1)[1]
        path.write_bytes(self.package.bytes_of(name))
        return path

    def check_control(self, name):
        """Of a package with a program or library `name`."""
        header = elf_header(self.unpack(name))
        machine = re.search(r"Machine:\s+(.+)", header).group(1)
        self.assertEqual(self.package.field("Architecture"), MACHINES[machine])
        self.assertEqual(self.package.field("Package"), self.NAME)
        self.assertLessEqual(set(LIBRARIES), self.package.depends)
        self.assertNotRegex(header, r"RPATH|RUNPATH|\.symtab|\.debug_info")

    def check_owners_and_modes(self, unusual):
        for name, member in self.package.members.items():
            self.assertEqual((member.uid, member.gid), (0, 0), name)
            wanted = unusual.get(name, 0o755 if member.isdir() else 0o644)
            if not member.issym():
                self.assertEqual(stat.S_IMODE(member.mode), wanted, name)

    def doc(self):
        return {f"./usr/share/doc/{self.NAME}/{name}" for name in ("changelog.gz", "copyright")}


class Program(PackageCase):
    def test_contents(self):
        pages = {"./usr/share/man/man1/crayon.1.gz",
                 *(f"./usr/share/man/man1/crayon-{verb}.1.gz" for verb in declared.verbs(self))}
        self.assertEqual(self.package.files, pages | GENERATED | self.doc() | {
            "./usr/bin/crayon", "./lib/systemd/system/crayon.service", "./etc/default/crayon"})
        self.assertTrue(self.package.members["./var/lib/crayon"].isdir())

    def test_owners_and_modes(self):
        self.check_owners_and_modes({"./usr/bin/crayon": 0o755,
                                     "./etc/default/crayon": 0o600})  # it may hold keys

    def test_generated_files_hold_what_the_program_writes(self):
        page = gzip.decompress(self.package.bytes_of("./usr/share/man/man1/crayon-ask.1.gz")).decode()
        date = re.search(r'"(\d{4}-\d\d-\d\d)"', page).group(1)
        self.assertEqual(page, self.crayon("manual", "ask", "--date", date).out)
        for shell, name in zip(("bash", "zsh", "fish"), sorted(
                GENERATED, key=lambda path: ("bash" not in path, "zsh" not in path))):
            self.assertEqual(self.package.bytes_of(name).decode(),
                             self.crayon("completion", shell).out, shell)

    def test_control(self):
        self.check_control("./usr/bin/crayon")

    def test_scripts_and_conffiles(self):
        control = self.package.unpack_control(self.dir / "control")
        self.assertEqual((control / "conffiles").read_text().split(), ["/etc/default/crayon"])
        for script in ("postinst", "prerm", "postrm"):
            self.assertEqual(stat.S_IMODE((control / script).stat().st_mode), 0o755, script)


class Library(PackageCase):
    NAME = "libcrayon0"

    def test_contents(self):
        [real, link] = sorted(self.package.files - self.doc(), key=len, reverse=True)
        self.assertRegex(real, r"^\./usr/lib/(x86_64|aarch64)-linux-gnu/libcrayon\.so\.0\.\d+\.\d+$")
        self.assertEqual(link, real.rsplit(".", 2)[0])
        self.assertEqual(self.package.members[link].linkname, real.rsplit("/", 1)[1])
        self.check_owners_and_modes({})

    def test_control(self):
        self.check_control(max(self.package.files - self.doc(), key=len))
        self.assertEqual(self.package.field("Multi-Arch"), "same")

    def test_programs_depend_on_it_by_its_soname(self):
        control = self.package.unpack_control(self.dir / "control")
        version = self.package.field("Version")
        self.assertEqual((control / "shlibs").read_text().strip(),
                         f"libcrayon 0 libcrayon0 (>= {version})")
        self.assertEqual((control / "triggers").read_text(), "activate-noawait ldconfig\n")


class Development(PackageCase):
    NAME = "libcrayon-dev"

    def test_contents(self):
        names = {re.sub(r"/(x86_64|aarch64)-linux-gnu/", "/TRIPLET/", name)
                 for name in self.package.files}
        examples = {f"./usr/share/doc/libcrayon-dev/examples/{path.relative_to(EXAMPLES)}"
                    for folder in ("c", "cpp", "daemon") for path in (EXAMPLES / folder).iterdir()}
        [build_type] = {name for name in names if re.search(r"crayon-config-(?!version)", name)}
        self.assertEqual(names - {build_type}, examples | self.doc() | {
            "./usr/include/crayon/crayon.h", "./usr/lib/TRIPLET/libcrayon.so",
            "./usr/lib/TRIPLET/pkgconfig/crayon.pc",
            "./usr/lib/TRIPLET/cmake/crayon/crayon-config.cmake",
            "./usr/lib/TRIPLET/cmake/crayon/crayon-config-version.cmake",
            "./usr/share/doc/libcrayon-dev/examples/README.md"})
        self.check_owners_and_modes({})

    def test_names_no_folder_of_the_build(self):
        for name in self.package.files:
            if not self.package.members[name].issym():
                self.assertNotIn(str(support.SOURCE).encode(), self.package.bytes_of(name), name)

    def test_control(self):
        self.assertEqual(self.package.field("Depends"),
                         f"libcrayon0 (= {self.package.field('Version')})")
        self.assertEqual(self.package.field("Multi-Arch"), "same")


class Reproducible(unittest.TestCase):
    def test_another_run_gives_the_same_bytes(self):
        first = {name: path.read_bytes() for name, path in PACKAGES.items()}
        self.assertEqual(first.keys(), {"crayon", "libcrayon0", "libcrayon-dev"})
        # Written anew, too, and not only packed again.
        shutil.rmtree(BUILD / "package")
        again = {name: path.read_bytes() for name, path in make().items()}
        self.assertEqual([name for name in first if first[name] != again[name]], [])


if __name__ == "__main__":
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        print("skipped: not installed:", *missing)
        sys.exit(77)
    PACKAGES = make()
    support.main()
