#!/usr/bin/env python3
"""How long `shipway --version` and `shipway plan` take, and how much memory a plan and a whole release need.

The plan and the release are those of the example project, against real servers on loopback, as in bin/demo. Memory is the
process's own high-water mark, read while it lives, and not that of the programs which it runs.
"""
import os
import pathlib
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import figures
import world

ROUNDS = int(os.environ.get("SHIPWAY_BENCH_ROUNDS", "15"))
EXAMPLE = figures.ROOT / "examples" / "octavia-loxilb-driver"
SLUG = "loxilb-io/octavia-loxilb-driver"


def example(servers, place, fake_github):
    """The example's repository with its destinations. Repository, environment."""
    index, test_index = servers.index(place / "index"), servers.index(place / "test-index")
    mail = servers.mail(place / "mail")
    home, remote, repository = world.fresh(place / "home"), place / "remote.git", place / "repository"
    world.git(place, "init", "-q", "--bare", "-b", "main", remote, home=home)
    call = [fake_github, "--repository", SLUG, "--token", "github-token", "--git", remote]
    github = servers.with_port_file(call, place, "github")
    addresses = {
        "WHEELHOUSE": figures.ROOT / ".cache" / "wheelhouse",
        "PYTHON": world.TEST_VENV / "python",
        "INDEX": f"http://127.0.0.1:{index}",
        "TEST_INDEX": f"http://127.0.0.1:{test_index}",
        "GITHUB_API": f"http://127.0.0.1:{github}",
        "MAIL_SERVER": f"smtp://127.0.0.1:{mail}",
    }
    settings = [f"{name}={value}" for name, value in addresses.items()]
    subprocess.run(["python3", EXAMPLE / "make-repository", repository, *settings], check=True, capture_output=True)
    (home / ".gitconfig").write_text("[user]\n\tname = Release Manager\n\temail = releases@example.org\n")
    pypirc = (EXAMPLE / "pypirc").read_text()
    for name in ("INDEX", "TEST_INDEX"):
        pypirc = pypirc.replace(f"@{name}@", addresses[name])
    (home / ".pypirc").write_text(pypirc)
    (home / ".pypirc").chmod(0o600)
    world.git(repository, "remote", "add", "origin", remote, home=home)
    world.git(repository, "push", "-q", "--all", "origin", home=home)
    world.git(repository, "push", "-q", "--tags", "origin", home=home)
    pyenv = os.environ.get("PYENV_ROOT", str(pathlib.Path.home() / ".pyenv"))
    tokens = {"PYPI_TOKEN": "index-token", "GITHUB_TOKEN": "github-token"}
    return repository, world.environment(home, PYENV_ROOT=pyenv, SHIPWAY_STATE=place / "state", **tokens)


def high_water(argv, variables, directory, code):
    """The most memory that the process itself held at once, in megabytes."""
    child = subprocess.Popen(
        [str(word) for word in argv], cwd=directory, env=variables, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    os.set_blocking(child.stderr.fileno(), False)
    most, said, status = 0, b"", pathlib.Path(f"/proc/{child.pid}/status")
    while child.poll() is None:
        said += child.stderr.read() or b""
        # Gone from the status file once it has ended and was not waited for.
        marks = [line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmHWM:")]
        most = max([most, *map(int, marks)])
        time.sleep(0.002)
    if child.returncode != code:
        raise SystemExit(f"{' '.join(map(str, argv))}: exit code {child.returncode}\n{said.decode()}")
    return most / 1024


def release_memory(binary, variables, repository):
    """Over the whole release of the example, its people included."""
    marks = []

    def run(code, *words):
        marks.append(high_water([binary, *words], variables, repository, code))

    run(5, "release", "minor", "--yes")
    run(0, "done", "task/requirements")
    run(5, "resume")
    run(0, "done", "task/documentation")
    run(0, "approve", "--as", "Ines Albrecht")
    run(0, "resume")
    return max(marks)


def main():
    binary, fake_github = world.shipway(), world.testkit("fake-github")
    place = world.fresh(figures.CACHE / "startup")
    which = lambda name: subprocess.run(["sh", "-c", f"command -v {name}"], capture_output=True, text=True).stdout.strip()
    with world.Servers() as servers:
        repository, variables = example(servers, place, fake_github)

        def call(*argv):
            return lambda: figures.seconds([str(word) for word in argv], variables, repository)

        contenders = {
            "true": call("/bin/true"),
            "git --version": call(which("git"), "--version"),
            "node --version": call(which("node"), "--version"),
            "node -e 0": call(which("node"), "-e", "0"),
            "shipway --version": call(binary, "--version"),
            "git log --oneline": call(which("git"), "log", "--oneline"),
            "shipway plan minor --brief": call(binary, "plan", "minor", "--brief"),
        }
        taken = figures.alternate(contenders, ROUNDS)
        memory = {
            "shipway plan minor": high_water([binary, "plan", "minor"], variables, repository, 0),
            "node -e 0": high_water([which("node"), "-e", "setTimeout(() => 0, 50)"], variables, repository, 0),
            "shipway release minor": release_memory(binary, variables, repository),
        }
    figures.publish("startup", rows(taken, memory))


def rows(taken, memory):
    true = figures.median(taken["true"])
    limits = {"shipway --version": 10, "shipway plan minor --brief": 150}
    out = []
    for name, values in taken.items():
        limit = limits.get(name)
        target = f"under {limit} ms" if limit else ""
        holds = figures.median(values) * 1000 < limit if limit else None
        out.append(figures.row(f"{name}, start to end", figures.spread(values), f"{figures.median(values) / true:.1f}", target, holds))
    for name, megabytes in memory.items():
        ours = name.startswith("shipway")
        ratio = f"{megabytes / memory['node -e 0']:.2f}"
        out.append(figures.row(f"{name}, most memory", f"{megabytes:.0f} MB", ratio, "under 60 MB" if ours else "", megabytes < 60 if ours else None))
    return out


if __name__ == "__main__":
    main()
