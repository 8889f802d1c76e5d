#!/usr/bin/env python3
"""The peers of the history benchmark: where they are, how each is asked, and how to install them.

`bench/history/peers.py` installs all of them below .cache/bench, from the package registries alone; those written in Rust are
compiled, which takes a quarter of an hour on two cores. The benchmark runs with those that are there and names the others.
"""
import json
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from figures import CACHE

RUST = CACHE / "peers"
PYTHON = CACHE / "peers-python"
NODE = CACHE / "peers-node"

CRATES = ["convco", "cocogitto", "knope"]
WHEELS = ["git-cliff==2.14.2", "python-semantic-release==10.7.0"]
PACKAGES = [
    "conventional-changelog@8",
    "conventional-changelog-angular@9",
    "semantic-release@25",
    "@changesets/cli@3",
    "lerna@9",
]

PLACES = {
    "convco": RUST / "bin" / "convco",
    "cocogitto": RUST / "bin" / "cog",
    "knope": RUST / "bin" / "knope",
    "git-cliff": PYTHON / "bin" / "git-cliff",
    "python-semantic-release": PYTHON / "bin" / "semantic-release",
    "conventional-changelog": NODE / "node_modules" / ".bin" / "conventional-changelog",
    "semantic-release": NODE / "node_modules" / ".bin" / "semantic-release",
    "changesets": NODE / "node_modules" / ".bin" / "changeset",
    "lerna": NODE / "node_modules" / ".bin" / "lerna",
}


def present():
    return {name: place for name, place in PLACES.items() if place.exists()}


def missing():
    return sorted(name for name, place in PLACES.items() if not place.exists())


def install():
    python = PYTHON / "bin" / "python"
    subprocess.run(["python3", "-m", "venv", PYTHON], check=True)
    subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *WHEELS], check=True)
    NODE.mkdir(parents=True, exist_ok=True)
    (NODE / "package.json").write_text(json.dumps({"private": True}))
    subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", *PACKAGES], cwd=NODE, check=True)
    subprocess.run(["cargo", "install", "--quiet", "--root", RUST, *CRATES], check=True)


if __name__ == "__main__":
    install()
    print("missing: " + (", ".join(missing()) or "none"))
