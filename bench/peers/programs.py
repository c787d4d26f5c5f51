"""Running other programs, one at a time, and knowing what else the machine did meanwhile."""
import json
import os
import shlex
import statistics
import subprocess
import time

TICKS = os.sysconf("SC_CLK_TCK")
QUIET = 0.05  # share of the processors that others may use while something is measured


class Run:
    """One finished run: what it printed, how long it took, what others used of the machine."""

    def __init__(self, out, seconds, foreign):
        self.out = out
        self.seconds = seconds
        self.foreign = foreign


def busy_and_all_ticks():
    """Ticks that all processors together have been busy, and all that went by."""
    with open("/proc/stat", encoding="ascii") as file:
        ticks = [int(field) for field in file.readline().split()[1:8]]
    return sum(ticks) - ticks[3] - ticks[4], sum(ticks)


def run(command):
    """What a command prints. Raises RuntimeError when it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{shlex.join(map(str, command))}: exit code {done.returncode}\n"
                           f"{done.stderr}")
    return done.stdout


def ticks_of(pids):
    """Ticks that these processes have used."""
    ticks = 0
    for pid in pids:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            fields = file.read().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks


def ticks_of_finished_children():
    times = os.times()
    return (times.children_user + times.children_system) * TICKS


def measured_run(command, neighbours=()):
    """Runs a command, with the load that neither it nor the processes `neighbours` caused."""
    busy, everything = busy_and_all_ticks()
    own = ticks_of_finished_children() + ticks_of(neighbours)
    start = time.monotonic()
    out = run(command)
    seconds = time.monotonic() - start
    own = ticks_of_finished_children() + ticks_of(neighbours) - own
    busy_now, everything_now = busy_and_all_ticks()
    foreign = (busy_now - busy - own) / max(everything_now - everything, 1)
    return Run(out, seconds, max(foreign, 0.0))


def quiet_run(command, neighbours=(), attempts=5):
    """A run on a quiet machine: repeated while others used more than QUIET of it. When that
    never ends, the quietest one, whose `foreign` says how quiet that was."""
    best = None
    for _ in range(attempts):
        done = measured_run(command, neighbours)
        if best is None or done.foreign < best.foreign:
            best = done
        if best.foreign <= QUIET:
            break
    return best


def peers(variable):
    """Programs that an environment variable names: "name=path[,argument...]", with ; between
    several. Returns {name: [path, argument...]}."""
    found = {}
    for entry in filter(None, os.environ.get(variable, "").split(";")):
        name, equals, command = entry.partition("=")
        if not equals or not command:
            raise SystemExit(f"{variable}: {entry!r} is not name=path[,argument...]")
        found[name.strip()] = command.split(",")
    return found


def crayon():
    """The program to measure: CRAYON_PROGRAM, or the release build's."""
    return os.environ.get("CRAYON_PROGRAM", "build/release/cli/crayon")


def llama_bench_speeds(text):
    """{"pp512": tokens a second, ...} of what llama-bench prints with -o json."""
    speeds = {}
    for row in json.loads(text):
        name = f"pp{row['n_prompt']}" if row["n_prompt"] else f"tg{row['n_gen']}"
        speeds[name] = row["avg_ts"]
    return speeds


def median(values):
    return statistics.median(values) if values else float("nan")


def table(header, rows):
    """A Markdown table; numbers to the right."""
    lines = ["| " + " | ".join(header) + " |",
             "|" + "|".join("---" if i == 0 else "---:" for i in range(len(header))) + "|"]
    lines += ["| " + " | ".join(map(str, row)) + " |" for row in rows]
    return "\n".join(lines)
