"""What the tests of examples share: packages that are unpacked, and programs built against them.

The environment names, besides what tests/cli/support.py reads:
  CRAYON_BUILD           where the packages lie
  CRAYON_TOOLCHAIN       the toolchain file of a cross build, or nothing
  CRAYON_C_COMPILER      the compiler for C
  CRAYON_LIBRARY_FOLDER  where libraries lie below /usr, as lib/aarch64-linux-gnu
"""
import os
import pathlib
import subprocess
import sys

import support

BUILD = pathlib.Path(os.environ.get("CRAYON_BUILD", support.SOURCE / "build/native"))
TOOLCHAIN = os.environ.get("CRAYON_TOOLCHAIN", "")
EMULATOR = support.COMMAND[:-1]
MODEL = support.SOURCE / "examples/models/device.crayon"
POOL = support.SOURCE / "examples/pool/pool.crayon"
PACKAGES = ("libcrayon0", "libcrayon-dev")


def checked(*command, **options):
    """Runs a command that must succeed."""
    done = subprocess.run(list(map(str, command)), text=True, capture_output=True, timeout=600,
                          **options)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, command))}\nreturned {done.returncode}\n"
                             f"{done.stdout}{done.stderr}")
    return done.stdout


class ExampleCase(support.Case):
    """A test with the packages unpacked below `self.prefix`."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for name in PACKAGES:
            [package] = BUILD.glob(f"{name}_*.deb")
            checked("dpkg-deb", "-x", package, cls.dir / "root")
        cls.prefix = cls.dir / "root/usr"
        cls.sources = cls.prefix / "share/doc/libcrayon-dev/examples"
        cls.libraries = cls.prefix / os.environ["CRAYON_LIBRARY_FOLDER"]

    @classmethod
    def build_example(cls, folder, prefix=None):
        """Builds an example of the package with CMake. Returns where its program lies."""
        prefix = prefix or cls.prefix
        build = cls.dir / f"build-{folder}-{prefix.parent.name}"
        toolchain = ["--toolchain", TOOLCHAIN] if TOOLCHAIN else []
        checked("cmake", "-G", "Ninja", "-S", cls.sources / folder, "-B", build,
                f"-DCMAKE_PREFIX_PATH={prefix}", "-DCMAKE_C_FLAGS=-Werror",
                "-DCMAKE_CXX_FLAGS=-Werror", *toolchain)
        checked("cmake", "--build", build)
        return build

    @classmethod
    def start(cls, program, *arguments, **options):
        return subprocess.Popen([*EMULATOR, *map(str, [program, *arguments])], text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                env=support.environment(), **options)

    @classmethod
    def run_example(cls, program, *arguments, stdin="", code=0, env=None):
        """Returns what it printed on both outputs."""
        done = subprocess.run([*EMULATOR, *map(str, [program, *arguments])], text=True, input=stdin,
                              capture_output=True, timeout=600,
                              env=support.environment(**(env or {})))
        if done.returncode != code:
            raise AssertionError(f"{program} returned {done.returncode} instead of {code}\n"
                                 f"{done.stdout}{done.stderr}")
        return done.stdout, done.stderr


def main():
    missing = [name for name in PACKAGES if not list(BUILD.glob(f"{name}_*.deb"))]
    if missing:
        print("skipped: no package", *missing, "; ctest -R package_deb makes them")
        sys.exit(77)
    support.main()
