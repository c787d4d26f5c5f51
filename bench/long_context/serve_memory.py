#!/usr/bin/env python3
"""The memory of `crayon serve` while it reads more and more through sessions of fixed size.

Usage: bench/long_context/serve_memory.py MODEL.crayon TEXT [--tokens 1000000] [--context 1024]
           [--rule snapkv] [--parallel 2] [--bytes 6000] [--crayon build/native/cli/crayon]

Sends the text piece by piece, from its start again at its end, each piece as a prompt of its own that
is longer than the context, two at a time. Prints tokens, seconds and resident memory at 10,000,
100,000 and so on, and how much that has grown since the first.
"""
import argparse
import concurrent.futures
import json
import pathlib
import subprocess
import threading
import time
import urllib.request


def pieces_of(text, size):
    """Pieces of the text for ever; no two in a row are the same."""
    at = 0
    while True:
        yield text[at:at + size]
        at = (at + size) % max(1, len(text) - size)


def resident(process):
    """Bytes of a process that are in memory."""
    return int(pathlib.Path(f"/proc/{process.pid}/statm").read_text().split()[1]) * 4096


def read(url, prompt):
    """Tokens of the prompt, once the server has read it."""
    body = json.dumps({"prompt": prompt, "max_tokens": 1, "temperature": 0}).encode()
    request = urllib.request.Request(url + "/v1/completions", body,
                                     {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=600) as reply:
        return json.load(reply)["usage"]["prompt_tokens"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("text", type=pathlib.Path)
    parser.add_argument("--tokens", type=int, default=1_000_000)
    parser.add_argument("--context", type=int, default=1024)
    parser.add_argument("--rule", default="snapkv")
    parser.add_argument("--parallel", type=int, default=2)
    parser.add_argument("--bytes", type=int, default=6000)
    parser.add_argument("--crayon", default="build/native/cli/crayon")
    options = parser.parse_args()
    server = subprocess.Popen(
        [options.crayon, "serve", options.model, "--port", "0", "--json", "--parallel",
         str(options.parallel), "-c", str(options.context), "--distill", options.rule],
        stdout=subprocess.PIPE)
    try:
        url = json.loads(server.stdout.readline())["url"]
        pieces = pieces_of(options.text.read_text(encoding="utf-8", errors="replace"), options.bytes)
        lock, began = threading.Lock(), time.monotonic()
        total, milestone, first = 0, 10_000, None

        def next_piece():
            with lock:
                return next(pieces)

        with concurrent.futures.ThreadPoolExecutor(options.parallel) as clients:
            while total < options.tokens:
                total += sum(clients.map(lambda _: read(url, next_piece()),
                                         range(options.parallel)))
                if total >= milestone:
                    memory = resident(server)
                    first = first or memory
                    print(f"{total:9} tokens  {time.monotonic() - began:7.1f} s  "
                          f"{memory / 2**20:7.2f} MiB  {(memory - first) / 1024:+.0f} KiB", flush=True)
                    milestone *= 10
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main()
