#!/usr/bin/env python3
"""Measure how much slower decoding gets when another program wants every core as well.

    bench/peers/busy_neighbour.py 135m.crayon [--gguf 135m-q8_0.gguf] -t 2

One endless loop a core, kept to it, runs beside the measurement; runs with and without them take
turns. With --gguf the programs of CRAYON_PEER_LLAMA_BENCH are measured, too. Half of the speed is
what sharing a core costs anyone.
"""
import argparse
import json
import os
import subprocess
import sys

import programs


class Neighbours:
    """A busy process on each processor, while it is entered."""

    def __enter__(self):
        self.loops = []
        for cpu in sorted(os.sched_getaffinity(0)):
            loop = subprocess.Popen([sys.executable, "-c", "while True: pass"])
            os.sched_setaffinity(loop.pid, {cpu})
            self.loops.append(loop)
        return [loop.pid for loop in self.loops]

    def __exit__(self, *_):
        for loop in self.loops:
            loop.kill()
            loop.wait()


def commands(arguments):
    """{program: (command, function that reads the speed from what it prints)}"""
    test = f"tg{arguments.decode}"
    made = {"crayon": (
        [programs.crayon(), "bench", arguments.bundle, "--json", "-r", "1", "-p", "0", "-n",
         str(arguments.decode), "-t", str(arguments.threads)],
        lambda out: json.loads(out)["rows"][0]["median_ts"])}
    if arguments.gguf:
        for name, command in programs.peers("CRAYON_PEER_LLAMA_BENCH").items():
            made[name] = (
                [*command, "-m", arguments.gguf, "-p", "0", "-n", str(arguments.decode), "-r", "1",
                 "-t", str(arguments.threads), "-o", "json"],
                lambda out: programs.llama_bench_speeds(out)[test])
    return made


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("bundle")
    parser.add_argument("--gguf")
    parser.add_argument("-t", "--threads", type=int, default=2)
    parser.add_argument("-n", "--decode", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    made = commands(arguments)
    quiet = {name: [] for name in made}
    busy = {name: [] for name in made}
    foreign = []
    for _ in range(arguments.rounds):
        for name, (command, speed) in made.items():
            done = programs.quiet_run(command)
            quiet[name].append(speed(done.out))
            foreign.append(done.foreign)
            with Neighbours() as loops:
                busy[name].append(speed(programs.measured_run(command, loops).out))
    rows = [[name, f"{programs.median(quiet[name]):.2f}", f"{programs.median(busy[name]):.2f}",
             f"{programs.median([a / b for a, b in zip(quiet[name], busy[name])]):.2f}"]
            for name in made]
    print(programs.table(["program", "t/s alone", "t/s with neighbours", "times slower"], rows))
    print(f"others used {100 * max(foreign):.1f} % of the machine at most in the runs alone")


if __name__ == "__main__":
    main()
