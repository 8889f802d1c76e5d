#!/usr/bin/env python3
"""How long the train commands take over many repositories, and how that grows with members and days.

Measured is the real binary, from its start to its end: reading git, judging, printing. *Cold* is without the cache that an earlier
command left, *warm* with it. Growth is that of the time of the processors, which what else the machine does hardly changes.
"""
import os
import pathlib
import shutil
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from figures import CACHE, ROOT, median, publish, row  # noqa: E402

LAST = "2026-06-26"  # in pre-release
SETTLED = "2026-03-08"  # from here on no line begins and the references stay as many
ROUNDS = int(os.environ.get("SHIPWAY_BENCH_ROUNDS", "5"))


def program():
    binary = os.environ.get("SHIPWAY_BENCH_BINARY")
    if binary:
        return pathlib.Path(binary).resolve()
    subprocess.run(["cargo", "build", "--quiet", "--locked", "--release", "-p", "shipway"], cwd=ROOT, check=True)
    return ROOT / "target" / "release" / "shipway"


def train(members):
    """The directory of a train, made once."""
    directory = CACHE / f"goose-{members}"
    if not (directory / "train.toml").exists():
        shutil.rmtree(directory, ignore_errors=True)
        make = [sys.executable, ROOT / "examples" / "goose" / "make-train", directory, "--members", str(members)]
        subprocess.run(make, check=True, stdout=subprocess.DEVNULL)
    return directory


def measure(argv, state, expect=(0,)):
    """Wall seconds, seconds of the processors, and the most memory in MB, of one process."""
    argv = [str(word) for word in argv]
    environment = {"PATH": os.environ["PATH"], "HOME": str(CACHE), "SHIPWAY_STATE": str(state)}
    null = os.open(os.devnull, os.O_RDWR)
    before = time.perf_counter()
    child = os.posix_spawn(argv[0], argv, environment, file_actions=[(os.POSIX_SPAWN_DUP2, null, 1)])
    _, status, usage = os.wait4(child, 0)
    wall = time.perf_counter() - before
    os.close(null)
    if os.waitstatus_to_exitcode(status) not in expect:
        raise SystemExit(f"{' '.join(argv)}: status {status}")
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


class Bench:
    def __init__(self, binary):
        self.binary, self.rows = binary, []

    def command(self, members, *words):
        return [self.binary, "train", "--train", train(members) / "train.toml", *words]

    def rounds(self, members, *words, cold=False):
        """Medians of wall and work, and the most memory."""
        state = CACHE / f"goose-{members}-state"
        taken = []
        for _ in range(ROUNDS + 1):
            if cold:
                shutil.rmtree(state, ignore_errors=True)
            taken.append(measure(self.command(members, *words), state))
        taken = taken[1:]
        return median([it[0] for it in taken]), median([it[1] for it in taken]), max(it[2] for it in taken)

    def held(self, what, seconds, memory, most):
        self.rows.append(row(what, f"{seconds:.2f} s", "", f"under {most} s" if most else "", seconds < most if most else None))
        self.rows.append(row("the same, memory", f"{memory:.0f} MB", "", "under 500 MB", memory < 500))

    def growth(self, what, work):
        sizes = sorted(work)
        for small, big in zip(sizes, sizes[1:]):
            times = work[big] / work[small]
            self.rows.append(row(f"{what}, {big} to {small}", f"{work[big]:.2f} s of work", f"{times:.2f}", "at most 2.5", times <= 2.5))


def main():
    bench, work = Bench(program()), {}
    radar = ("--at", LAST, "radar")
    cold, _, memory = bench.rounds(1000, *radar, cold=True)
    bench.held("radar, 1,000 members, cold", cold, memory, None)
    for members in (250, 500, 1000):
        wall, work[members], memory = bench.rounds(members, *radar)
    bench.held("radar, 1,000 members, warm", wall, memory, 5)
    bench.growth("radar, members", work)
    nothing = median([measure([bench.binary, "--version"], CACHE)[0] for _ in range(ROUNDS)])
    where, _, _ = bench.rounds(1000, "--at", LAST, "where", "--fix", "--for", "1.5.5", "--member", "httpfs")
    took = 1000 * (where - nothing)
    bench.rows.append(row("where, 1,000 members, without start and end", f"{took:.0f} ms", "", "under 20 ms", took < 20))
    year = ("replay", "--from", "2025-07-02", "--to", "2026-07-01")
    wall, _, memory = bench.rounds(100, *year)
    bench.held("replay, 365 days, 100 members", wall, memory, 30)
    ends = {25: "2026-04-01", 50: "2026-04-26", 100: "2026-06-15"}
    work = {days: bench.rounds(100, "replay", "--from", SETTLED, "--to", end)[1] for days, end in ends.items()}
    bench.growth("replay, days", work)
    publish("trains", bench.rows)


if __name__ == "__main__":
    main()
