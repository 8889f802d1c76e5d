"""What the benchmarks run in: the release build, the peers, real servers on loopback, a small project.

Everything is made below .cache/bench, on the file system of the checkout, and nothing talks beyond loopback but pip, once.
"""
import os
import pathlib
import shutil
import socket
import subprocess
import time

from figures import CACHE, ROOT

TEST_VENV = ROOT / ".cache" / "test-venv" / "bin"
PEERS = ROOT / ".cache" / "bench-venv" / "bin"
PATH = os.environ.get("PATH", "/usr/local/bin:/usr/bin:/bin")
DATE = "2026-02-03T04:05:06+00:00"


def shipway():
    """The release build, made now unless SHIPWAY_BENCH_BINARY names one."""
    named = os.environ.get("SHIPWAY_BENCH_BINARY")
    if named:
        return pathlib.Path(named).resolve()
    subprocess.run(["cargo", "build", "--quiet", "--locked", "--release", "-p", "shipway"], cwd=ROOT, check=True)
    return ROOT / "target" / "release" / "shipway"


def testkit(program):
    """A program of the test kit."""
    subprocess.run(["cargo", "build", "--quiet", "--locked", "-p", "shipway-testkit", "--bin", program], cwd=ROOT, check=True)
    return ROOT / "target" / "debug" / program


def peers():
    """Installs the peers in the versions of requirements.txt, unless they are there."""
    wanted = (ROOT / "bench" / "requirements.txt").read_text()
    stamp = PEERS.parent / "stamp"
    if stamp.exists() and stamp.read_text() == wanted:
        return PEERS
    print("installing the peers into .cache/bench-venv", flush=True)
    subprocess.run(["python3", "-m", "venv", PEERS.parent], check=True)
    pip = [PEERS / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "-r", ROOT / "bench" / "requirements.txt"], check=True)
    stamp.write_text(wanted)
    return PEERS


def fresh(path):
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    return path


def until(what, holds, patience=30):
    """Waits for something that a server does."""
    end = time.monotonic() + patience
    while not holds():
        if time.monotonic() > end:
            raise SystemExit(f"waited {patience} s in vain for {what}")
        time.sleep(0.01)


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def answers(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


class Servers:
    """Child processes that end with the `with` block."""

    def __init__(self):
        self.children = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for child in self.children:
            child.kill()
            child.wait()

    def start(self, argv, log):
        out = open(log, "wb")
        child = subprocess.Popen([str(word) for word in argv], stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        out.close()
        self.children.append(child)
        return child

    def index(self, directory):
        """A real pypiserver; its port."""
        directory.mkdir(parents=True, exist_ok=True)
        port = free_port()
        run = [TEST_VENV / "pypi-server", "run", "-i", "127.0.0.1", "-p", port, "-P", ".", "-a", ".", "--disable-fallback", directory]
        self.start(run, directory.with_suffix(".log"))
        until("pypiserver", lambda: answers(port))
        return port

    def mail(self, directory):
        """An SMTP server that keeps what it gets; its port."""
        port = free_port()
        mailbox = ["-c", "aiosmtpd.handlers.Mailbox", directory]
        self.start([TEST_VENV / "python", "-m", "aiosmtpd", "-n", "-l", f"127.0.0.1:{port}", *mailbox], directory.with_suffix(".log"))
        until("the mail server", lambda: answers(port))
        return port

    def with_port_file(self, argv, directory, name):
        """A program of the test kit that writes its port down; its port."""
        port_file = directory / f"{name}.port"
        port_file.unlink(missing_ok=True)
        self.start([*argv, "--port-file", port_file], directory / f"{name}.log")
        until(name, port_file.exists)
        return int(port_file.read_text())


def environment(home, **more):
    """What a tool sees, and nothing of whoever called."""
    return {
        "PATH": PATH,
        "HOME": str(home),
        "USER": "ines",
        "LANG": "C.UTF-8",
        "GIT_CONFIG_NOSYSTEM": "1",
        **{name: str(value) for name, value in more.items()},
    }


def git(directory, *words, home):
    variables = environment(home, GIT_AUTHOR_DATE=DATE, GIT_COMMITTER_DATE=DATE)
    run = subprocess.run(["git", *map(str, words)], cwd=directory, env=variables, check=True, capture_output=True, text=True)
    return run.stdout.strip()


def tiny(directory, config):
    """The smallest Python project with a history, its bare remote and a home: 1.0.0 was released, and one feature came since."""
    home = fresh(directory / "home")
    (home / ".gitconfig").write_text("[user]\n\tname = Ines Albrecht\n\temail = ines@example.org\n")
    remote, repository = directory / "remote.git", fresh(directory / "repository")
    shutil.rmtree(remote, ignore_errors=True)
    git(directory, "init", "-q", "--bare", "-b", "main", remote, home=home)
    git(repository, "init", "-q", "-b", "main", home=home)
    git(repository, "remote", "add", "origin", remote, home=home)
    package = repository / "tiny"
    package.mkdir()
    (package / "__init__.py").write_text("from tiny.version import __version__\n\n\ndef main():\n    print(__version__)\n")
    (package / "version.py").write_text('__version__ = "1.0.0"\n')
    shutil.copy(ROOT / "crates/shipway/tests/world/make_dist.py", repository)
    (repository / ".gitignore").write_text("/dist/\n")
    (repository / "shipway.toml").write_text(config)
    git(repository, "add", "-A", home=home)
    git(repository, "commit", "-q", "-m", "feat: greet", home=home)
    git(repository, "tag", "-a", "-m", "1.0.0", "v1.0.0", home=home)
    (package / "twice.py").write_text("TIMES = 2\n")
    git(repository, "add", "-A", home=home)
    git(repository, "commit", "-q", "-m", "feat: greet twice", home=home)
    git(repository, "push", "-q", "origin", "main", "v1.0.0", home=home)
    return repository, home


TINY = """\
[project]
name = "tiny"
scheme = "pep440"
branch = "main"
tag = "v{version}"
version-files = ["tiny/version.py"]
"""
