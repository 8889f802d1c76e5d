#!/usr/bin/env python3
"""How long it takes to know what is true in a train, and how that grows with members and days.

The program is the example `facts` of the crate: it does what `radar` and `replay` do before anything is judged. Growth is that of
the time of the processors, which what else the machine does hardly changes.
"""
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from figures import CACHE, ROOT, median, publish, row  # noqa: E402

LAST = 1782000000  # 2026-06-21, in pre-release
FIRST = 1751400000  # 2025-07-02
SETTLED = 1772960400  # 2026-03-08: from here on no line begins and the references stay as many
ROUNDS = int(os.environ.get("SHIPWAY_BENCH_ROUNDS", "5"))


def program():
    build = ["cargo", "build", "--quiet", "--locked", "--release", "-p", "shipway-train", "--example", "facts"]
    subprocess.run(build, cwd=ROOT, check=True)
    return ROOT / "target" / "release" / "examples" / "facts"


def train(members):
    """The repositories of a train, made once."""
    directory = CACHE / f"train-{members}"
    if not (directory / "goose.git" / "packed-refs").exists():
        make = [sys.executable, HERE / "make_train.py", directory, "--members", str(members)]
        subprocess.run(make, check=True, stdout=subprocess.DEVNULL)
    repositories = sorted(it for it in directory.iterdir() if it.name.endswith(".git"))
    engine = directory / "goose.git"
    return [engine, *(it for it in repositories if it != engine)]


def measure(argv):
    """Wall seconds, seconds of the processors, and the most memory in MB, of one process."""
    argv = [str(word) for word in argv]
    before = os.times().elapsed
    null = os.open(os.devnull, os.O_RDWR)
    child = os.posix_spawn(argv[0], argv, {}, file_actions=[(os.POSIX_SPAWN_DUP2, null, 1)])
    _, status, usage = os.wait4(child, 0)
    os.close(null)
    if status:
        raise SystemExit(f"{argv[0]}: status {status}")
    return os.times().elapsed - before, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def rounds(argv):
    taken = [measure(argv) for _ in range(ROUNDS + 1)][1:]
    return median([it[0] for it in taken]), median([it[1] for it in taken]), max(it[2] for it in taken)


def main():
    facts, rows = program(), []
    cache = CACHE / "train-cache"
    work = {}
    for members in (250, 500, 1000):
        command = [facts, "goose", cache / str(members), "radar", LAST, *train(members)]
        wall, work[members], memory = rounds(command)
    rows.append(row("radar, 1,000 members, warm", f"{wall:.2f} s", "", "under 5 s", wall < 5))
    rows.append(row("the same, memory", f"{memory:.0f} MB", "", "under 500 MB", memory < 500))
    for members in (500, 1000):
        growth = work[members] / work[members // 2]
        rows.append(row(f"radar, {members} members to {members // 2}", f"{work[members]:.2f} s of work", f"{growth:.2f}", "at most 2.5", growth <= 2.5))
    replay = [facts, "goose", cache / "100", "replay"]
    wall, _, memory = rounds([*replay, FIRST, 365, *train(100)])
    rows.append(row("replay, 365 days, 100 members", f"{wall:.2f} s", "", "under 30 s", wall < 30))
    rows.append(row("the same, memory", f"{memory:.0f} MB", "", "under 500 MB", memory < 500))
    for days in (25, 50, 100):
        _, work[days], _ = rounds([*replay, SETTLED, days, *train(100)])
    for days in (50, 100):
        growth = work[days] / work[days // 2]
        rows.append(row(f"replay, {days} days to {days // 2}", f"{work[days]:.2f} s of work", f"{growth:.2f}", "at most 2.5", growth <= 2.5))
    publish("trains", rows)


if __name__ == "__main__":
    main()
