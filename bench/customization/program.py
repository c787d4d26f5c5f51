"""Runs the `crayon` program for the scripts that measure."""
import hashlib
import json
import pathlib
import subprocess
import time


class Failed(Exception):
    """The program ended with an error."""


class Program:
    def __init__(self, path, threads=1):
        self.path = str(path)
        self.threads = threads

    def json(self, verb, *arguments):
        """What the verb prints as JSON, its wall seconds, and its remarks on standard error."""
        command = [self.path, verb, *map(str, arguments), "--json"]
        if verb != "pack-adapter":
            command += ["--threads", str(self.threads)]
        began = time.perf_counter()
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        seconds = time.perf_counter() - began
        if done.returncode != 0:
            raise Failed(f"{' '.join(command)}\n{done.stderr.strip()}")
        return json.loads(done.stdout), seconds, done.stderr.strip()


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
