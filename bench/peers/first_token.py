#!/usr/bin/env python3
"""Measure the time from the start of a program to its first token, page cache warm.

    CRAYON_PEER_LLAMA_CLI="llama.cpp=/path/llama-completion,-no-cnv" \\
    bench/peers/first_token.py 1b.crayon 1b-q8_0.gguf -t 2

Programs take turns; each loads its model (llama.cpp by mmap, its default), reads a short prompt,
prints one token and ends. The first run of each is not counted.
"""
import argparse
import sys

import programs

PROMPT = "Hello"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("bundle")
    parser.add_argument("gguf")
    parser.add_argument("-t", "--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    threads = str(arguments.threads)
    commands = {"crayon": [programs.crayon(), "run", arguments.bundle, "-p", PROMPT, "-n", "1",
                           "--ignore-end", "-t", threads]}
    for name, command in programs.peers("CRAYON_PEER_LLAMA_CLI").items():
        commands[name] = [*command, "-m", arguments.gguf, "-p", PROMPT, "-n", "1", "-t", threads]
    seconds = {name: [] for name in commands}
    foreign = []
    for turn in range(arguments.rounds + 1):
        for name, command in commands.items():
            print(f"round {turn}, {name}", file=sys.stderr)
            done = programs.quiet_run(command)
            if turn > 0:
                seconds[name].append(done.seconds)
                foreign.append(done.foreign)
    ours = programs.median(seconds["crayon"])
    print(programs.table(
        ["program", "ms to the first token", "crayon / this"],
        [[name, f"{1000 * programs.median(times):.1f}", f"{ours / programs.median(times):.3f}"]
         for name, times in seconds.items()]))
    print(f"others used {100 * max(foreign):.1f} % of the machine at most")


if __name__ == "__main__":
    main()
