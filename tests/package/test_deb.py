#!/usr/bin/env python3
"""The Debian package of this build: what is in it, for which machines, on which packages it stands,
and that making it twice gives the same bytes."""
import gzip
import os
import pathlib
import re
import shutil
import stat
import subprocess
import sys
import tarfile
import io

import declared
import support

BUILD = pathlib.Path(os.environ.get("CRAYON_BUILD", support.SOURCE / "build/native"))
TOOLS = ("dpkg-deb", "dpkg-shlibdeps", "cmake", "readelf")

# Debian's names for what readelf calls machines.
MACHINES = {"AArch64": "arm64", "Advanced Micro Devices X86-64": "amd64"}
LIBRARIES = ("libc6", "libstdc++6", "libgcc-s1", "libuv1", "libzstd1", "libsodium23", "libpcre2-8-0",
             "libutf8proc2", "libfmt9", "libhttp-parser2.9", "libpng16-16", "libjpeg62-turbo")
GENERATED = {"./usr/share/bash-completion/completions/crayon",
             "./usr/share/zsh/vendor-completions/_crayon",
             "./usr/share/fish/vendor_completions.d/crayon.fish"}


def make():
    """Makes the package and returns its bytes."""
    for old in BUILD.glob("crayon_*.deb"):
        old.unlink()
    done = subprocess.run(["cmake", "--build", BUILD, "--target", "package_deb"],
                          capture_output=True, text=True, timeout=600)
    if done.returncode != 0:
        raise AssertionError(done.stdout + done.stderr)
    [package] = BUILD.glob("crayon_*.deb")
    return package


class Deb(support.Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.package = make()
        tar = subprocess.run(["dpkg-deb", "--fsys-tarfile", cls.package], check=True,
                             capture_output=True, timeout=60).stdout
        cls.tar = tarfile.open(fileobj=io.BytesIO(tar))
        cls.files = {member.name: member for member in cls.tar.getmembers()}

    def field(self, name):
        return subprocess.run(["dpkg-deb", "--field", self.package, name], check=True, text=True,
                              capture_output=True, timeout=60).stdout.strip()

    def bytes_of(self, name):
        return self.tar.extractfile(self.files[name]).read()

    def test_contents(self):
        files = {name for name, member in self.files.items() if not member.isdir()}
        pages = {"./usr/share/man/man1/crayon.1.gz",
                 *(f"./usr/share/man/man1/crayon-{verb}.1.gz" for verb in declared.verbs(self))}
        self.assertEqual(files, pages | GENERATED | {
            "./usr/bin/crayon", "./lib/systemd/system/crayon.service", "./etc/default/crayon",
            "./usr/share/doc/crayon/changelog.gz", "./usr/share/doc/crayon/copyright"})
        self.assertTrue(self.files["./var/lib/crayon"].isdir())

    def test_owners_and_modes(self):
        for name, member in self.files.items():
            self.assertEqual((member.uid, member.gid), (0, 0), name)
            wanted = 0o755 if member.isdir() or name == "./usr/bin/crayon" else 0o644
            if name == "./etc/default/crayon":
                wanted = 0o600  # it may hold keys
            self.assertEqual(stat.S_IMODE(member.mode), wanted, name)

    def test_generated_files_hold_what_the_program_writes(self):
        page = gzip.decompress(self.bytes_of("./usr/share/man/man1/crayon-ask.1.gz")).decode()
        date = re.search(r'"(\d{4}-\d\d-\d\d)"', page).group(1)
        self.assertEqual(page, self.crayon("manual", "ask", "--date", date).out)
        for shell, name in zip(("bash", "zsh", "fish"), sorted(
                GENERATED, key=lambda path: ("bash" not in path, "zsh" not in path))):
            self.assertEqual(self.bytes_of(name).decode(),
                             self.crayon("completion", shell).out, shell)

    def test_control(self):
        (self.dir / "crayon").write_bytes(self.bytes_of("./usr/bin/crayon"))
        header = subprocess.run(["readelf", "-hd", self.dir / "crayon"], check=True, text=True,
                                capture_output=True, timeout=60).stdout
        machine = re.search(r"Machine:\s+(.+)", header).group(1)
        self.assertEqual(self.field("Architecture"), MACHINES[machine])
        self.assertEqual(self.field("Package"), "crayon")
        depends = {each.split()[0] for each in self.field("Depends").split(", ")}
        self.assertLessEqual(set(LIBRARIES), depends)
        self.assertNotRegex(header, r"RPATH|RUNPATH")

    def test_the_program_is_stripped(self):
        (self.dir / "crayon").write_bytes(self.bytes_of("./usr/bin/crayon"))
        sections = subprocess.run(["readelf", "-S", "-W", self.dir / "crayon"], check=True,
                                  text=True, capture_output=True, timeout=60).stdout
        self.assertNotRegex(sections, r"\.symtab|\.debug_info")

    def test_scripts_and_conffiles(self):
        control = self.dir / "control"
        subprocess.run(["dpkg-deb", "--control", self.package, control], check=True, timeout=60)
        self.assertEqual((control / "conffiles").read_text().split(), ["/etc/default/crayon"])
        for script in ("postinst", "prerm", "postrm"):
            self.assertEqual(stat.S_IMODE((control / script).stat().st_mode), 0o755, script)

    def test_another_run_gives_the_same_bytes(self):
        first = self.package.read_bytes()
        # Written anew, too, and not only packed again.
        shutil.rmtree(BUILD / "package")
        self.assertEqual(make().read_bytes(), first)


if __name__ == "__main__":
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        print("skipped: not installed:", *missing)
        sys.exit(77)
    support.main()
