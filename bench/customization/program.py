"""Runs the `crayon` program for the scripts that measure."""
import hashlib
import json
import os
import pathlib
import subprocess
import tempfile


class Failed(Exception):
    """The program ended with an error."""


class Program:
    def __init__(self, path, threads=1):
        self.path = str(pathlib.Path(path).resolve())
        if not pathlib.Path(self.path).exists():
            raise SystemExit(f"there is no program {path}: build it, or name it with --crayon")
        self.threads = threads

    def json(self, verb, *arguments):
        """What the verb prints as JSON, its CPU seconds, and its remarks on standard error.

        CPU seconds of one thread are those of a clock, whatever else the machine does.
        """
        command = [self.path, verb, *map(str, arguments), "--json"]
        if verb not in ("pack-adapter", "info", "tokenize"):
            command += ["--threads", str(self.threads)]
        with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as remarks:
            process = subprocess.Popen(command, stdout=out, stderr=remarks)
            _, status, usage = os.wait4(process.pid, 0)  # of this process, not of all children
            process.returncode = os.waitstatus_to_exitcode(status)
            out.seek(0)
            remarks.seek(0)
            said = remarks.read().strip()
            if process.returncode != 0:
                raise Failed(f"{' '.join(command)}\n{said}")
            return json.load(out), usage.ru_utime + usage.ru_stime, said


_hashes = {}


def hash_of(path):
    """Sixteen hex digits of the file's SHA-256."""
    path = pathlib.Path(path).resolve()
    if path not in _hashes:
        _hashes[path] = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    return _hashes[path]


def write_whole(path, text):
    """Writes a file so that a reader, or the next run, finds the old one or the new one."""
    part = path.with_name(path.name + ".part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)
