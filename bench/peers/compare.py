#!/usr/bin/env python3
"""Measure Crayon and other programs side by side, in turns, and print the ratios.

    CRAYON_PEER_LLAMA_BENCH="llama.cpp=/path/llama-bench;ik=/other/llama-bench,-rtr,1" \\
    bench/peers/compare.py 135m.crayon 135m-q8_0.gguf -t 1,2 --rounds 5

The bundle and the GGUF file should be the same model, or random weights of one shape
(random_gguf.py). Every round runs every program once with each number of threads, in changing
order. A run during which others used more than 5 % of the machine is repeated.
"""
import argparse
import json
import sys

import programs


def crayon_run(arguments, threads):
    """Speeds by test, the bandwidth of reads, and the load of others."""
    done = programs.quiet_run(
        [programs.crayon(), "bench", arguments.bundle, "--json", "-r", "1",
         "-p", str(arguments.prompt), "-n", str(arguments.decode), "-t", str(threads),
         *arguments.crayon_args])
    rows = json.loads(done.out)["rows"]
    share = [row["bandwidth_share"] for row in rows if row.get("bandwidth_share") is not None]
    return ({row["test"]: row["median_ts"] for row in rows}, rows[0]["read_bytes_per_second"],
            share[0] if share else None, done.foreign)


def peer_run(command, arguments, threads):
    done = programs.quiet_run(
        [*command, "-m", arguments.gguf, "-p", str(arguments.prompt), "-n", str(arguments.decode),
         "-r", "1", "-t", str(threads), "-o", "json"])
    return programs.llama_bench_speeds(done.out), done.foreign


class Results:
    """Everything that was measured, by program, threads and test."""

    def __init__(self):
        self.speeds = {}     # (program, threads, test): [a second a round]
        self.foreign = {}    # (program, threads): [share a round]
        self.bandwidth = {}  # threads: [bytes a second]
        self.shares = {}     # threads: [share of it that decoding reached]

    def add(self, program, threads, speeds, foreign):
        for test, speed in speeds.items():
            self.speeds.setdefault((program, threads, test), []).append(speed)
        self.foreign.setdefault((program, threads), []).append(foreign)


def measure(arguments, peers):
    results = Results()
    for turn in range(arguments.rounds):
        for threads in arguments.threads:
            order = ["crayon", *peers]
            for program in order if turn % 2 == 0 else reversed(order):
                print(f"round {turn + 1}, {threads} threads, {program}", file=sys.stderr)
                if program == "crayon":
                    speeds, bandwidth, share, foreign = crayon_run(arguments, threads)
                    results.bandwidth.setdefault(threads, []).append(bandwidth)
                    if share is not None:
                        results.shares.setdefault(threads, []).append(share)
                else:
                    speeds, foreign = peer_run(peers[program], arguments, threads)
                results.add(program, threads, speeds, foreign)
    return results


def ratio(results, peer, threads, test):
    """Median over rounds of Crayon's speed by the peer's."""
    ours = results.speeds.get(("crayon", threads, test), [])
    theirs = results.speeds.get((peer, threads, test), [])
    return programs.median([a / b for a, b in zip(ours, theirs) if b > 0])


def report(arguments, peers, results):
    rows = []
    for threads in arguments.threads:
        for test in (f"pp{arguments.prompt}", f"tg{arguments.decode}"):
            row = [test, threads,
                   f"{programs.median(results.speeds.get(('crayon', threads, test), [])):.2f}"]
            for peer in peers:
                speed = programs.median(results.speeds.get((peer, threads, test), []))
                row += [f"{speed:.2f}", f"{ratio(results, peer, threads, test):.3f}"]
            rows.append(row)
    header = ["test", "threads", "crayon t/s"]
    for peer in peers:
        header += [f"{peer} t/s", f"crayon / {peer}"]
    print(programs.table(header, rows))
    for threads in arguments.threads:
        loads = [load for (_, count), found in results.foreign.items() if count == threads
                 for load in found]
        share = programs.median(results.shares.get(threads, []))
        print(f"{threads} threads: reads {programs.median(results.bandwidth[threads]) / 1e9:.1f} "
              f"GB/s, of which crayon's decoding reached {100 * share:.1f} %; "
              f"others used {100 * programs.median(loads):.1f} % of the machine, "
              f"{100 * max(loads):.1f} % at most")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("bundle")
    parser.add_argument("gguf")
    parser.add_argument("-t", "--threads", default="1,2")
    parser.add_argument("-p", "--prompt", type=int, default=512)
    parser.add_argument("-n", "--decode", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("crayon_args", nargs="*", help="more arguments of crayon bench, behind --")
    arguments = parser.parse_args()
    arguments.threads = [int(number) for number in arguments.threads.split(",")]
    peers = programs.peers("CRAYON_PEER_LLAMA_BENCH")
    report(arguments, peers, measure(arguments, peers))


if __name__ == "__main__":
    main()
