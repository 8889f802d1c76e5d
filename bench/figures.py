"""Measuring child processes and printing what came of it.

A figure is the median of several rounds; in each round every contender runs once, one after the other, so that what else the
machine does falls on all of them alike. What is compared is always a ratio of two figures of the same rounds.
"""
import json
import os
import pathlib
import statistics
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
CACHE = ROOT / ".cache" / "bench"


def seconds(argv, environment, directory=None, expect=(0,)):
    """Wall time of one process from before its start to after its end. Its output is dropped."""
    null = os.open(os.devnull, os.O_RDWR)
    files = [(os.POSIX_SPAWN_DUP2, null, descriptor) for descriptor in (0, 1, 2)]
    before = os.getcwd()
    if directory:
        os.chdir(directory)
    try:
        started = time.perf_counter()
        child = os.posix_spawn(argv[0], [str(word) for word in argv], environment, file_actions=files)
        _, status, _ = os.wait4(child, 0)
        took = time.perf_counter() - started
    finally:
        os.chdir(before)
        os.close(null)
    code = os.waitstatus_to_exitcode(status)
    if code not in expect:
        raise SystemExit(f"{' '.join(map(str, argv))}: exit code {code}")
    return took


def alternate(contenders, rounds):
    """Runs every contender once a round, after a round that does not count. Name -> list of seconds."""
    taken = {name: [] for name in contenders}
    for number in range(rounds + 1):
        for name, run in contenders.items():
            took = run()
            if number > 0:
                taken[name].append(took)
    return taken


def median(values):
    return statistics.median(values)


def spread(values):
    """Median, and in brackets the fastest and the slowest, in milliseconds."""
    low, middle, high = (1000 * figure for figure in (min(values), median(values), max(values)))
    digits = 1 if middle < 100 else 0
    return f"{middle:.{digits}f} ms ({low:.{digits}f} to {high:.{digits}f})"


def row(what, figure, ratio, target, holds):
    """One line of the table: `holds` is True, False or None (there is no target)."""
    return {"what": what, "figure": figure, "ratio": ratio, "target": target, "holds": holds}


def publish(name, rows):
    """Prints the table and keeps it for bin/bench."""
    CACHE.mkdir(parents=True, exist_ok=True)
    (CACHE / f"{name}.json").write_text(json.dumps(rows, indent=1))
    print(table(rows), flush=True)


def table(rows):
    verdict = {True: "yes", False: "NO", None: ""}
    cells = [["what", "figure", "ratio", "target", "holds"]]
    cells += [[one["what"], one["figure"], one["ratio"], one["target"], verdict[one["holds"]]] for one in rows]
    widths = [max(len(line[column]) for line in cells) for column in range(5)]
    lines = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths)) + " |" for line in cells]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)
