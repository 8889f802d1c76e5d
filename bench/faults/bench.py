#!/usr/bin/env python3
"""Transient faults of an upload: does the publisher end with the right files on the index and the right exit code?

Each cell is one run: a fresh real pypiserver, the fault proxy before it with one fault on the first upload, and a tool that
publishes the same wheel and sdist. Afterwards the index's directory is compared with the files, digest by digest.
"""
import hashlib
import pathlib
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import figures
import world

FAULTS = {
    "500-after": "500 after the effect",
    "504-after": "504 after the effect",
    "504-before": "504 before it",
    "reset-after": "reset after the effect",
    "429": "429 with Retry-After",
    "reset-before": "reset before it",
}
PATIENCE = 180
CONFIG = world.TINY + """
[[build]]
name = "package"
run = ["{python}", "-I", "-S", "make_dist.py"]
artifacts = ["dist/*.whl", "dist/*.tar.gz"]

[[publish]]
to = "pypi"
repository = "http://127.0.0.1:{port}/"
index = "http://127.0.0.1:{port}/simple/"
secret = "PYPI_TOKEN"
"""


def digests(directory):
    files = [path for path in directory.iterdir() if not path.name.startswith(".")]
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def run(argv, directory, variables):
    """Exit code and what was said; None where it did not come to an end."""
    call = [str(word) for word in argv]
    try:
        done = subprocess.run(call, cwd=directory, env=variables, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        return None, f"no end after {PATIENCE} s"
    return done.returncode, done.stdout + done.stderr


def publish_by_shipway(binary, place, _files, port):
    text = CONFIG.replace("{python}", str(world.TEST_VENV / "python")).replace("{port}", str(port))
    repository, home = world.tiny(place, text)
    variables = world.environment(home, PYPI_TOKEN="token", SHIPWAY_STATE=place / "state")
    return run([binary, "release", "minor", "--yes"], repository, variables)


def publish_by_twine(peers, place, files, port):
    call = [peers / "twine", "upload", "--non-interactive", "--disable-progress-bar"]
    call += ["--repository-url", f"http://127.0.0.1:{port}/", "-u", "__token__", "-p", "token", *files]
    return run(call, place, world.environment(place))


def publish_by_uv(checks):
    def publish(peers, place, files, port):
        address = f"http://127.0.0.1:{port}"
        call = [peers / "uv", "publish", "--no-cache", "--publish-url", f"{address}/", "--token", "token"]
        call += ["--check-url", f"{address}/simple/"] if checks else []
        return run([*call, *files], place, world.environment(place))
    return publish


def judge(code, there, wanted):
    """One word for what the outcome is worth."""
    if code is None:
        return "no end"
    whole = there == wanted
    other = [name for name in there if there[name] != wanted.get(name)]
    if other:
        return "wrong bytes"
    if whole:
        return "right" if code == 0 else "red though published"
    if code == 0:
        return "green though missing"
    return f"red, {len(there)} of {len(wanted)} published"


def files_to_publish(place):
    """What Shipway's build step makes of 1.1.0: the same bytes every time."""
    repository, _ = world.tiny(place, world.TINY)
    (repository / "tiny" / "version.py").write_text('__version__ = "1.1.0"\n')
    subprocess.run([world.TEST_VENV / "python", "-I", "-S", "make_dist.py"], cwd=repository, check=True)
    return sorted((repository / "dist").iterdir())


def main():
    binary, peers, proxy = world.shipway(), world.peers(), world.testkit("fault-proxy")
    place = world.fresh(figures.CACHE / "faults")
    files = files_to_publish(world.fresh(place / "files"))
    wanted = digests(files[0].parent)
    tools = {
        "shipway": (binary, publish_by_shipway),
        # Its --skip-existing is refused for every address that is not one of the few that it knows.
        "twine": (peers, publish_by_twine),
        "uv publish": (peers, publish_by_uv(checks=False)),
        "uv publish --check-url": (peers, publish_by_uv(checks=True)),
    }
    outcomes = {}
    for fault in [None, *FAULTS]:
        for tool, (program, publish) in tools.items():
            here = world.fresh(place / f"{fault}-{tool.replace(' ', '-')}")
            with world.Servers() as servers:
                call = [proxy, "--to", servers.index(here / "index")]
                met = here / "met"
                if fault:
                    call += ["--fault", fault, "--on", "POST", "/", "--met-file", met]
                port = servers.with_port_file(call, here, "proxy")
                started = time.monotonic()
                code, said = publish(program, here, files, port)
                took = time.monotonic() - started
                if fault and not met.exists():
                    raise SystemExit(f"{tool} never met {fault}:\n{said}")
                outcome = judge(code, digests(here / "index"), wanted)
            (here / "said").write_text(said)
            outcomes[fault, tool] = f"{outcome} ({took:.0f} s)"
            if not fault and outcome != "right":
                raise SystemExit(f"{tool} cannot publish without any fault:\n{said}")
    show(tools, outcomes)


def show(tools, outcomes):
    print("| fault of the first upload | " + " | ".join(tools) + " |")
    print("|" + "---|" * (len(tools) + 1))
    for fault, title in FAULTS.items():
        print(f"| {title} | " + " | ".join(outcomes[fault, tool] for tool in tools) + " |")
    print()
    right = {tool: sum(outcomes[fault, tool].startswith("right") for fault in FAULTS) for tool in tools}
    total = len(FAULTS)
    rows = [
        figures.row(
            f"upload faults: {tool}",
            f"right {count} of {total}",
            f"{count}/{total}",
            f"{total}/{total}" if tool == "shipway" else "",
            count == total if tool == "shipway" else None,
        )
        for tool, count in right.items()
    ]
    figures.publish("faults", rows)


if __name__ == "__main__":
    main()
