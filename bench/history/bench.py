#!/usr/bin/env python3
"""History at the speed of git: changelogs, next versions, versions of many components; beside git itself and the peers.

    bench/history/bench.py [REPOSITORY...]

Without arguments it makes its repositories (make_repository.py): 100,000 commits with 500 tags; workspaces of 100, 1,000 and 5,000
components of which a tenth changed; and for the curve 25,000 and 50,000 commits, and 50 and 5,000 tags. Named repositories (with a
working tree or bare) are measured beside the first one. Nothing is written into a named repository: it is cloned.
"""
import os
import pathlib
import re
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import figures
import peers
import world

HERE = pathlib.Path(__file__).resolve().parent
ROUNDS = int(os.environ.get("SHIPWAY_BENCH_ROUNDS", "7"))
# A peer that takes longer is measured once; past the limit it is stopped, and the table says so.
SLOW = 3.0
LIMIT = float(os.environ.get("SHIPWAY_BENCH_LIMIT", "60"))
PLACE = figures.CACHE / "history"


class Repository:
    """A clone with a working tree that peers may use, and what was found in it."""

    def __init__(self, name, path, home):
        self.name, self.path, self.home = name, path, home
        self.commits = int(self.git("rev-list", "--count", "HEAD"))
        self.tags = len(self.git("tag", "--list").splitlines())
        self.tag = self.git("describe", "--tags", "--abbrev=0")

    def git(self, *words):
        return world.git(self.path, *words, home=self.home)

    def label(self):
        return f"{self.name} ({self.commits:,} commits, {self.tags:,} tags)"


def made(home, kind, *options):
    """A clone of a repository of make_repository.py, kept from one run to the next."""
    name = "-".join(["made", kind, *(option.lstrip("-").replace("=", "-") for option in options)])
    path = PLACE / name
    if not (path / ".git").exists():
        bare = PLACE / f"{name}.git"
        subprocess.run(["rm", "-rf", path, bare], check=True)
        subprocess.run(["python3", HERE / "make_repository.py", kind, bare, *options], check=True)
        world.git(PLACE, "-c", "protocol.file.allow=always", "clone", "-q", bare, path, home=home)
    return Repository(name.removeprefix("made-"), path, home)


def cloned(home, source):
    source = pathlib.Path(source).resolve()
    name = re.sub(r"[^A-Za-z0-9._-]", "-", source.name if source.name not in ("repo", ".git") else source.parent.name)
    path = PLACE / f"clone-{name}"
    if not path.exists():
        world.git(PLACE, "-c", "protocol.file.allow=always", "clone", "-q", "--no-checkout", source, path, home=home)
    return Repository(name, path, home)


def taking(argv, variables, directory):
    """Seconds that one run takes, or None where it is stopped at the limit or fails."""
    started = time.perf_counter()
    child = subprocess.Popen(
        [str(word) for word in argv], cwd=directory, env=variables, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    try:
        _, said = child.communicate(timeout=LIMIT)
    except subprocess.TimeoutExpired:
        child.kill()
        child.communicate()
        return "over", ""
    took = time.perf_counter() - started
    if child.returncode != 0:
        lines = [line for line in said.decode(errors="replace").splitlines() if line.strip()]
        return "failed", lines[-1][:80] if lines else ""
    return took, ""


def measure(what, floor, ours, others, variables, directory, target):
    """Rows of the table: the floor, Shipway, the peers. `floor` is a list of commands whose times add up."""
    def seconds(commands):
        return lambda: sum(figures.seconds(argv, variables, directory) for argv in commands)

    contenders = {"floor": seconds(floor), "ours": seconds([ours])}
    slow = {}
    for name, argv in others.items():
        took, said = taking(argv, variables, directory)
        if isinstance(took, float) and took < SLOW:
            contenders[name] = seconds([argv])
        else:
            slow[name] = (took, said)
    taken = figures.alternate(contenders, ROUNDS)
    base = figures.median(taken["floor"])
    rows = [figures.row(f"{what}: git", figures.spread(taken["floor"]), "1.00", "", None)]
    ratio = figures.median([mine / git for mine, git in zip(taken["ours"], taken["floor"])])
    limit, text = target
    rows.append(figures.row(f"{what}: shipway", figures.spread(taken["ours"]), f"{ratio:.2f}", text, ratio <= limit if limit else None))
    for name in others:
        if name in taken:
            rows.append(figures.row(f"{what}: {name}", figures.spread(taken[name]), f"{figures.median(taken[name]) / base:.2f}", "", None))
        else:
            took, said = slow[name]
            figure = f"over {LIMIT:.0f} s" if took == "over" else f"failed: {said}" if took == "failed" else f"{took:.1f} s (once)"
            times = f"{took / base:.0f}" if isinstance(took, float) else ""
            rows.append(figures.row(f"{what}: {name}", figure, times, "", None))
    return rows


GIT = "/usr/bin/git"


def git_words(*words):
    return [GIT, *words]


def one_history(binary, repository, found, variables):
    """Full changelog, unreleased changelog and next version of one repository."""
    rows = []
    at = repository.path
    tag = repository.tag
    log = git_words("log", "--format=%H%n%an%n%ct%n%B")
    since = [git_words("describe", "--tags", "--abbrev=0"), git_words("log", "--format=%H%n%an%n%ct%n%B", f"{tag}..HEAD")]
    cliff, convco, cog = found.get("git-cliff"), found.get("convco"), found.get("cocogitto")
    changelog, psr = found.get("conventional-changelog"), found.get("python-semantic-release")
    full, unreleased, next_version = {}, {}, {}
    if convco:
        full["convco"] = [convco, "changelog"]
        unreleased["convco"] = [convco, "changelog", "--unreleased", "Unreleased", "--max-versions", "0"]
        next_version["convco"] = [convco, "version", "--bump"]
    if cliff:
        full["git-cliff"] = [cliff]
        unreleased["git-cliff"] = [cliff, "--unreleased"]
        next_version["git-cliff"] = [cliff, "--unreleased", "--bumped-version"]
    if cog:
        full["cocogitto"] = [cog, "changelog"]
        unreleased["cocogitto"] = [cog, "changelog", f"{tag}..HEAD"]
    if changelog:
        full["conventional-changelog"] = [changelog, "-p", "angular", "-r", "0"]
    if psr:
        next_version["python-semantic-release"] = [psr, "version", "--print"]
    for graph in (False, True):
        if graph:
            repository.git("commit-graph", "write", "--reachable")
        with_graph = ", commit-graph" if graph else ""
        label = repository.label() + with_graph
        limit = (0.5, "at most 0.5 x git, with a commit-graph") if graph else (1.0, "at most 1.0 x git")
        # What the floor is measured without: a commit-graph that a round before has written.
        (at / ".git/objects/info/commit-graph").unlink(missing_ok=True) if not graph else None
        ask = [str(binary), "-C", str(at)]
        rows += measure(f"full changelog, {label}", [log], [*ask, "changelog", "--all"], {} if graph else full, variables, at, limit)
        limit = (0.7, "at most 0.7 x git")
        rows += measure(f"unreleased, {label}", since, [*ask, "changelog", "--unreleased"], {} if graph else unreleased, variables, at, limit)
        rows += measure(f"next version, {label}", since, [*ask, "version"], {} if graph else next_version, variables, at, limit)
    return rows


def memory(binary, repository, variables):
    rows = []
    for words, limit in [(["changelog", "--all"], 150), (["changelog", "--unreleased"], 50)]:
        argv = [str(binary), "-C", str(repository.path), *words]
        most = high_water(argv, variables)
        rows.append(figures.row(f"{' '.join(words)}, {repository.label()}: most memory", f"{most:.0f} MB", "", f"under {limit} MB", most < limit))
    return rows


def high_water(argv, variables):
    """The most memory that a process held at once, in megabytes, as the kernel counted it."""
    run = "import os, resource, sys; pid = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ); _, status, used = os.wait4(pid, 0); print(used.ru_maxrss, status, file=sys.stderr)"
    child = subprocess.run(["python3", "-c", run, *argv], env=variables, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=True)
    kilobytes, status = child.stderr.strip().splitlines()[-1].split()
    if status != "0":
        raise SystemExit(f"{' '.join(argv)}: {child.stderr}")
    return int(kilobytes) / 1024


def components(binary, found, home, variables):
    """Versions of all components of a workspace, a tenth of them changed."""
    rows = []
    for count, target in [(100, 25), (1000, 80), (5000, 300)]:
        repository = made(home, "monorepo", f"--components={count}", "--flavour=npm")
        (repository.path / "shipway.toml").write_text('[project]\nname = "all"\nscheme = "semver"\n\n[components]\nprivate = true\n')
        floor = [git_words("log", "--name-only", "--format=%H%n%B", f"{repository.tag}..HEAD")]
        others = {}
        if count == 100 and "knope" in found:
            others["knope"] = [found["knope"], "release", "--dry-run"]
        if count == 100 and "changesets" in found:
            others["changesets"] = [found["changesets"], "status", "--since", repository.tag]
        if count == 100 and "lerna" in found:
            others["lerna"] = [found["lerna"], "changed", "--loglevel=error"]
        ask = [str(binary), "-C", str(repository.path), "version"]
        part = measure(f"{count:,} components", floor, ask, others, variables, repository.path, (None, f"at most {target} ms"))
        took = min(figures.seconds(ask, variables) for _ in range(ROUNDS))
        part[1]["holds"] = took * 1000 <= target
        rows += part
    return rows


def curve(binary, home, variables):
    """Cost against commits and against tags: linear in the first, flat in the second."""
    rows = []
    for commits, tags in [(25_000, 500), (50_000, 500), (100_000, 500), (100_000, 50), (100_000, 5_000)]:
        repository = made(home, "history", f"--commits={commits}", f"--tags={tags}")
        ask = [str(binary), "-C", str(repository.path), "changelog", "--all"]
        git = git_words("log", "--format=%H%n%an%n%ct%n%B")
        taken = figures.alternate(
            {"ours": lambda: figures.seconds(ask, variables), "git": lambda: figures.seconds(git, variables, repository.path)}, max(3, ROUNDS // 2)
        )
        each = 1e6 * figures.median(taken["ours"]) / commits
        ratio = figures.median(taken["ours"]) / figures.median(taken["git"])
        rows.append(figures.row(f"curve: full changelog, {commits:,} commits, {tags:,} tags", figures.spread(taken["ours"]), f"{ratio:.2f}", f"{each:.1f} µs a commit", None))
    return rows


def main():
    binary = world.shipway()
    PLACE.mkdir(parents=True, exist_ok=True)
    home = world.fresh(PLACE / "home")
    (home / ".gitconfig").write_text("[user]\n\tname = Ines Albrecht\n\temail = ines@example.org\n[safe]\n\tdirectory = *\n[gc]\n\tauto = 0\n")
    variables = world.environment(home, SHIPWAY_STATE=PLACE / "state", CI="true")
    found = peers.present()
    print("peers: " + (", ".join(found) or "none") + "; missing: " + (", ".join(peers.missing()) or "none"), flush=True)
    if peers.missing():
        print("bench/history/peers.py installs those that are missing", flush=True)
    histories = [made(home, "history", "--commits=100000", "--tags=500")] + [cloned(home, one) for one in sys.argv[1:]]
    rows = []
    for repository in histories:
        part = one_history(binary, repository, found, variables) + memory(binary, repository, variables)
        print(figures.table(part), flush=True)
        rows += part
    part = components(binary, found, home, variables)
    print(figures.table(part), flush=True)
    rows += part + curve(binary, home, variables)
    print("\nall:", flush=True)
    figures.publish("history", rows)


if __name__ == "__main__":
    main()
