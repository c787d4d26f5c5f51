#!/usr/bin/env python3
"""Load crayon serve and other servers of the same model in turns, and print the ratios.

    CRAYON_PEER_LLAMA_SERVER="llama-server=/path/llama-server,--no-ui" \\
    bench/peers/serve_load.py 135m.crayon 135m-q8_0.gguf -c 1,4,16 -t 2 --rounds 5

Each round starts one server after the other, in changing order, with as many places as there are
clients at most, and puts each load on it: so many clients, each with a connection of its own, send
completions one behind the other, all with different prompts, the same ones to each server. Random
weights will do; a model that ends its answers early makes less than it is asked for, and the
column "tokens" shows it.
"""
import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

import load_client
import programs

START = 120  # seconds that a server may take until it is healthy


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def commands(arguments, peers):
    """{name: port -> command}. Each server's places hold a prompt and an answer, with room."""
    places = str(max(arguments.clients))
    threads = str(arguments.threads)
    context = 2 * (arguments.characters + arguments.max_tokens) + 64
    found = {"crayon": lambda port: [
        programs.crayon(), "serve", arguments.bundle, "--port", str(port), "--parallel", places,
        "-c", str(context), "-t", threads, *arguments.crayon_args]}
    for name, command in peers.items():
        found[name] = lambda port, command=command: [
            *command, "-m", arguments.gguf, "--host", "127.0.0.1", "--port", str(port), "-np",
            places, "-c", str(context * int(places)), "-t", threads, "-tb", threads]
    return found


def healthy(port):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as reply:
            return reply.status == 200
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


class Running:
    """A server while it runs. What it says goes to a file that is shown when it fails."""

    def __init__(self, command):
        self.port = free_port()
        self.log = tempfile.TemporaryFile(mode="w+")
        self.process = subprocess.Popen(command(self.port), stdout=self.log, stderr=self.log,
                                        stdin=subprocess.DEVNULL)

    def __enter__(self):
        end = time.monotonic() + START
        while not healthy(self.port):
            if self.process.poll() is not None or time.monotonic() > end:
                self.__exit__()
                self.log.seek(0)
                raise RuntimeError(f"{self.process.args[0]} does not serve:\n{self.log.read()}")
            time.sleep(0.05)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def peak_memory(self):
        """The largest resident set so far, in bytes."""
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as file:
            line = next(line for line in file if line.startswith("VmHWM:"))
        return 1024 * int(line.split()[1])


def own_ticks(pids):
    """Ticks of this process, its clients included, and of those."""
    times = os.times()
    return (times.user + times.system) * programs.TICKS + programs.ticks_of(pids)


def measure_load(server, clients, texts, arguments):
    """The figures of one load, with the share of the machine that others used meanwhile."""
    pids = [server.process.pid]
    busy, everything = programs.busy_and_all_ticks()
    own = own_ticks(pids)
    load = load_client.load(server.port, clients, texts, arguments.max_tokens, arguments.stream)
    own = own_ticks(pids) - own
    busy_now, everything_now = programs.busy_and_all_ticks()
    foreign = (busy_now - busy - own) / max(everything_now - everything, 1)
    return load.figures() | {"foreign": max(foreign, 0.0), "peak_memory": server.peak_memory()}


def texts_for(turn, clients, arguments):
    """Prompts of a load: the same for each server, other ones in every load and round."""
    return [load_client.prompt(f"{turn}/{clients}/{number}", arguments.characters)
            for number in range(clients * arguments.requests)]


def measure(arguments, servers):
    """{(server, clients): [figures of a round]}"""
    found = {}
    for turn in range(arguments.rounds):
        for name in list(servers) if turn % 2 == 0 else reversed(list(servers)):
            with Running(servers[name]) as server:
                most = max(arguments.clients)
                load_client.load(server.port, most, texts_for("warm-up", most, arguments)[:most],
                                 arguments.max_tokens, arguments.stream)
                for clients in arguments.clients:
                    print(f"round {turn + 1}, {name}, {clients} clients", file=sys.stderr)
                    found.setdefault((name, clients), []).append(measure_load(
                        server, clients, texts_for(turn, clients, arguments), arguments))
    return found


def ratios(found, peer, clients):
    """Crayon's tokens a second by the peer's, round for round."""
    return [ours["tokens_per_second"] / theirs["tokens_per_second"]
            for ours, theirs in zip(found["crayon", clients], found[peer, clients])]


def spread(values, digits, scale=1):
    """The median, and the smallest and largest of several."""
    known = [scale * value for value in values if value is not None]
    if not known:
        return "-"
    middle = f"{programs.median(known):.{digits}f}"
    if len(known) == 1:
        return middle
    return f"{middle} ({min(known):.{digits}f} to {max(known):.{digits}f})"


def report(arguments, servers, found):
    rows = []
    for clients in arguments.clients:
        for name in servers:
            rounds = found[name, clients]

            def middle(figure, digits, scale=1, rounds=rounds):
                known = [each[figure] for each in rounds if each[figure] is not None]
                return f"{scale * programs.median(known):.{digits}f}" if known else "-"

            rows.append([
                name, clients, spread([each["tokens_per_second"] for each in rounds], 1),
                "" if name == "crayon" else spread(ratios(found, name, clients), 2),
                middle("requests_per_second", 2), middle("first_p50", 0, 1000),
                middle("first_p95", 0, 1000), middle("latency_p50", 0, 1000),
                middle("latency_p95", 0, 1000), middle("tokens", 1), middle("prompt_tokens", 1),
                middle("peak_memory", 0, 1 / (1 << 20)), middle("foreign", 1, 100)])
    print(programs.table(
        ["server", "clients", "tokens/s", "crayon / this", "requests/s", "first text p50, ms",
         "p95", "whole answer p50, ms", "p95", "tokens", "of the prompt", "peak MiB",
         "others, %"], rows))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("bundle")
    parser.add_argument("gguf")
    parser.add_argument("-c", "--clients", default="1,4,16")
    parser.add_argument("-t", "--threads", type=int, default=2)
    parser.add_argument("-n", "--max-tokens", type=int, default=64)
    parser.add_argument("--characters", type=int, default=96, help="of each prompt")
    parser.add_argument("--requests", type=int, default=4, help="of each client in a load")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--stream", action="store_true", help="answers come as streams")
    parser.add_argument("--json", metavar="FILE", help="write the figures of every round there")
    parser.add_argument("crayon_args", nargs="*", help="more arguments of crayon serve, behind --")
    arguments = parser.parse_args()
    arguments.clients = [int(number) for number in arguments.clients.split(",")]
    servers = commands(arguments, programs.peers("CRAYON_PEER_LLAMA_SERVER"))
    found = measure(arguments, servers)
    report(arguments, servers, found)
    if arguments.json:
        rows = [{"server": name, "clients": clients, "rounds": rounds}
                for (name, clients), rounds in found.items()]
        with open(arguments.json, "w", encoding="utf-8") as file:
            json.dump({"arguments": vars(arguments), "rows": rows}, file, indent=1)


if __name__ == "__main__":
    main()
