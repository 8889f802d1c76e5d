#!/usr/bin/env python3
"""What Shipway adds to 200 steps that do nothing, beside starting `/bin/true` 200 times and what its journal must flush.

One contender is the whole process `shipway release --plan`, from a state directory that does not exist yet, with a plan that was
made before: start, reading the repository, the journal's creation, 200 steps, the report. Making the plan is outside.
"""
import json
import os
import pathlib
import re
import resource
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import figures
import world
from make_plan import no_ops

STEPS = 200
ROUNDS = int(os.environ.get("SHIPWAY_BENCH_ROUNDS", "9"))
# What a small append to SQLite's write-ahead log puts on the disk: one page and its frame's header.
APPEND = 4096 + 24
CONFIG = world.TINY + """
[[check]]
name = "nothing"
run = "true"
"""


def make_plans(binary, repository, home, place):
    variables = world.environment(home, SHIPWAY_STATE=place / "planned")
    subprocess.run([binary, "plan", "minor", "-o", place / "real.json"], cwd=repository, env=variables, check=True, capture_output=True)
    plan = json.loads((place / "real.json").read_text())
    for shape in ("chain", "wide"):
        (place / f"{shape}.json").write_text(json.dumps(no_ops(plan, STEPS, shape)))


def write_peers(place):
    """The same 200 steps for other runners of steps, as a chain and side by side."""
    tasks = [f"t{number:03}" for number in range(STEPS)]
    for shape in ("chain", "wide"):
        needs = [[tasks[number - 1]] if shape == "chain" and number else [] for number in range(STEPS)]
        rules = [f"{task}: {' '.join(need)}\n\t@/bin/true\n" for task, need in zip(tasks, needs)]
        head = f".PHONY: all {' '.join(tasks)}\nall: {' '.join(tasks)}\n"
        (place / f"{shape}.mk").write_text(head + "".join(rules))
    recipes = [f"{task}: {tasks[number - 1] if number else ''}\n    @/bin/true\n" for number, task in enumerate(tasks)]
    (place / "justfile").write_text("".join(recipes))
    sessions = "import nox\n\n\n@nox.session(venv_backend='none')\n@nox.parametrize('n', list(range(%d)))\ndef t(session, n):\n" % STEPS
    (place / "noxfile.py").write_text(sessions + "    session.run('/bin/true', external=True, silent=True)\n")


def count_flushes(argv, variables, repository, place):
    """How often the run asks the disk to flush, by strace."""
    log = place / "strace"
    trace = ["strace", "-f", "-c", "-e", "trace=fsync,fdatasync,sync_file_range,msync", "-o", log, *argv]
    subprocess.run([str(word) for word in trace], cwd=repository, env=variables, check=True, capture_output=True)
    lines = re.findall(r"^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?(\w+)$", log.read_text(), re.M)
    return sum(int(count) for count, name in lines if name in ("fsync", "fdatasync"))


def flush_floor(place, count):
    """Seconds that so many flushes of a small append cost on this file system."""
    path = place / "floor"
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    page = b"x" * APPEND
    started = time.perf_counter()
    for _ in range(count):
        os.write(file, page)
        os.fdatasync(file)
    took = time.perf_counter() - started
    os.close(file)
    path.unlink()
    return took


def with_cpu(contenders):
    """The same contenders, and where each call's processor time is kept: what other work on the machine hardly changes."""
    used = {name: [] for name in contenders}

    def total():
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    def watched(name, run):
        def watch():
            before = total()
            took = run()
            used[name].append(total() - before)
            return took
        return watch

    return {name: watched(name, run) for name, run in contenders.items()}, used


def main():
    binary, peers = world.shipway(), world.peers()
    place = world.fresh(figures.CACHE / "overhead")
    repository, home = world.tiny(place, CONFIG)
    make_plans(binary, repository, home, place)
    write_peers(place)
    state = place / "state"
    variables = world.environment(home, SHIPWAY_STATE=state)

    def release(shape, *options):
        argv = [str(binary), "release", "--yes", "--plan", str(place / f"{shape}.json"), *options]

        def run():
            world.fresh(state).rmdir()
            return figures.seconds(argv, variables, repository)

        return argv, run

    def peer(*argv):
        return lambda: figures.seconds([str(word) for word in argv], variables, place)

    loop = f"i=0; while [ $i -lt {STEPS} ]; do /bin/true; i=$((i+1)); done"
    chain, wide = release("chain"), release("wide")
    world.fresh(state).rmdir()
    flushes = {"chain": count_flushes(chain[0], variables, repository, place)}
    world.fresh(state).rmdir()
    flushes["wide"] = count_flushes(wide[0], variables, repository, place)
    contenders, used = with_cpu(
        {
            "fork floor": peer("/bin/sh", "-c", loop),
            "shipway, chain": chain[1],
            "flush floor, chain": lambda: flush_floor(place, flushes["chain"]),
            "shipway, wide": wide[1],
            "flush floor, wide": lambda: flush_floor(place, flushes["wide"]),
            "make, chain": peer("/usr/bin/make", "-f", place / "chain.mk"),
            "make -j2, wide": peer("/usr/bin/make", "-j2", "-f", place / "wide.mk"),
            "just, chain": peer(peers / "just", "--justfile", place / "justfile", f"t{STEPS - 1:03}"),
            "nox, one by one": peer(peers / "nox", "-f", place / "noxfile.py"),
        }
    )
    taken = figures.alternate(contenders, ROUNDS)
    figures.publish("overhead", rows(taken, used, flushes))


def rows(taken, used, flushes):
    fork = figures.median(taken["fork floor"])
    out = [figures.row(f"{STEPS} x /bin/true from sh", figures.spread(taken["fork floor"]), "1.00", "", None)]
    for shape in ("chain", "wide"):
        flush = figures.median(taken[f"flush floor, {shape}"])
        floor = f"{flushes[shape]} flushes of {APPEND} bytes ({shape})"
        out.append(figures.row(floor, figures.spread(taken[f"flush floor, {shape}"]), f"{flush / fork:.2f}", "", None))
        ours = figures.median(taken[f"shipway, {shape}"])
        most = 1.3 * fork + flush
        what = f"shipway release --plan, {STEPS} steps, {shape}"
        target = f"at most 1.3 x fork + flush = {most / fork:.2f}"
        out.append(figures.row(what, figures.spread(taken[f"shipway, {shape}"]), f"{ours / fork:.2f}", target, ours <= most))
    cpu = figures.median(used["fork floor"])
    for name in ("shipway, chain", "shipway, wide", "make, chain", "just, chain"):
        out.append(figures.row(f"{name}: processor time, against sh", figures.spread(used[name]), f"{figures.median(used[name]) / cpu:.2f}", "", None))
    for name in ("make, chain", "make -j2, wide", "just, chain", "nox, one by one"):
        out.append(figures.row(f"{name}, {STEPS} steps", figures.spread(taken[name]), f"{figures.median(taken[name]) / fork:.2f}", "", None))
    return out


if __name__ == "__main__":
    main()
