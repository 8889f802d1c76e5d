#!/usr/bin/env python3
"""Makes repositories to measure on: the same bytes, and so the same commit ids, on every machine.

    make_repository.py history DIR [--commits 100000] [--tags 500]
    make_repository.py monorepo DIR --components 1000 [--flavour npm|cargo] [--changed 0.1]

`history` is one package with a long past: Conventional Commits of all kinds, two commits in ten on branches that are merged,
release tags `v1.2.3` spread evenly, every other one annotated, the last one some commits before the head.

`monorepo` is a workspace of many components: each has a manifest, a source file and a release tag of its own (`name@1.0.0` for npm,
`name-v1.0.0` for cargo), all on the second commit; every fifth component requires the one before it. After the tags a share
of the components gets one commit each: a fix, a feature or a breaking change in turn. Two components in a hundred have never been released.

Needs git. Writes a bare repository with packed references and objects and no commit-graph; make one with `git commit-graph write
--reachable`. Nothing is read from the environment or the clock.
"""

import argparse
import pathlib
import subprocess
import sys

START = 1_500_000_000
TYPES = ["fix", "fix", "feat", "docs", "chore", "fix", "refactor", "test", "perf", "ci"]
PEOPLE = [("Ada", "ada"), ("Grace", "grace"), ("Barbara", "barbara"), ("Radia", "radia"), ("Frances", "frances")]
WORDS = (
    "reader writer cache index parser token stream buffer header footer range branch merge window clock signal thread socket"
    " bridge ledger planner journal target label pattern"
).split()


class Chance:
    """A generator of its own, so that no version of Python changes what comes out (Knuth's MMIX constants)."""

    def __init__(self, seed):
        self.state = seed

    def below(self, limit):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (self.state >> 33) % limit

    def pick(self, items):
        return items[self.below(len(items))]


class Import:
    """A stream for `git fast-import`."""

    def __init__(self, directory):
        self.directory = directory
        self.mark = 0
        self.time = START
        init = ["git", "init", "-q", "--bare", "-b", "main", directory]
        subprocess.run(init, check=True)
        self.process = subprocess.Popen(
            ["git", "-C", directory, "fast-import", "--quiet", "--done", "--force"], stdin=subprocess.PIPE
        )
        self.out = self.process.stdin

    def data(self, text):
        raw = text.encode()
        self.out.write(b"data %d\n%s\n" % (len(raw), raw))

    def line(self, text):
        self.out.write(text.encode() + b"\n")

    def commit(self, branch, message, parents, files, person=PEOPLE[0]):
        """`files`: path and content; gives the mark."""
        self.mark += 1
        self.time += 613
        name, address = person
        self.line(f"commit {branch}")
        self.line(f"mark :{self.mark}")
        for role in ("author", "committer"):
            self.line(f"{role} {name} <{address}@example.org> {self.time} +0000")
        self.data(message)
        for nth, parent in enumerate(parents):
            self.line(f"{'merge' if nth else 'from'} :{parent}")
        for path, content in files:
            self.line(f"M 100644 inline {path}")
            self.data(content)
        self.line("")
        return self.mark

    def tag(self, name, mark, annotated):
        if annotated:
            self.line(f"tag {name}")
            self.line(f"from :{mark}")
            self.line(f"tagger Ada <ada@example.org> {self.time} +0000")
            self.data(f"Release {name}\n")
        else:
            self.line(f"reset refs/tags/{name}")
            self.line(f"from :{mark}")
            self.line("")

    def finish(self):
        self.line("done")
        self.out.close()
        if self.process.wait() != 0:
            sys.exit("git fast-import failed")
        git = ["git", "-C", self.directory, "-c", "pack.threads=1"]
        subprocess.run([*git, "repack", "-adfq"], check=True)
        subprocess.run([*git, "pack-refs", "--all"], check=True)


def sentence(chance, words):
    return " ".join(chance.pick(WORDS) for _ in range(words))


def message(chance, number):
    kind = chance.pick(TYPES)
    scope = f"({chance.pick(WORDS)})" if chance.below(2) else ""
    breaks = chance.below(200) == 0
    text = f"{kind}{scope}{'!' if breaks else ''}: {sentence(chance, 3 + chance.below(5))}"
    if chance.below(3) == 0:
        text += f" (#{number})"
    if chance.below(2):
        text += "\n\n" + ".\n".join(sentence(chance, 12) for _ in range(1 + chance.below(4))) + "."
    if breaks:
        text += f"\n\nBREAKING CHANGE: {sentence(chance, 9)}"
    elif chance.below(5) == 0:
        text += f"\n\nCloses: #{number // 2}\nSigned-off-by: Ada <ada@example.org>"
    return text + "\n"


def history(arguments):
    chance = Chance(1)
    stream = Import(arguments.directory)
    every = max(1, arguments.commits // max(1, arguments.tags))
    # Some commits stay unreleased.
    release_at = {arguments.commits - 1 - every // 2 - nth * every for nth in range(arguments.tags)}
    version = [0, 0, 0]
    tip = stream.commit("refs/heads/main", "feat: begin\n", [], [("src/0.txt", "0\n"), ("package.json", "{}\n")])
    made, side = 1, None
    while made < arguments.commits:
        person = PEOPLE[chance.below(len(PEOPLE))]
        file = (f"src/{chance.below(50)}/{chance.below(40)}.txt", f"{made}\n")
        if side is None and chance.below(20) == 0:
            side, left = tip, 1 + chance.below(4)
        if side is not None and left > 0:
            branch = "refs/heads/topic"
            if side == tip:
                stream.line(f"reset {branch}")
                stream.line(f"from :{tip}")
                stream.line("")
            side = stream.commit(branch, message(chance, made), [side], [file], person)
            left -= 1
        elif side is not None and chance.below(3) == 0:
            text = f"Merge pull request #{made} from topic/{chance.pick(WORDS)}\n"
            tip, side = stream.commit("refs/heads/main", text, [tip, side], [file], person), None
        else:
            tip = stream.commit("refs/heads/main", message(chance, made), [tip], [file], person)
        made += 1
        if made in release_at:
            at = 0 if chance.below(40) == 0 else 1 if chance.below(3) == 0 else 2
            version[at:] = [version[at] + 1] + [0] * (2 - at)
            stream.tag("v" + ".".join(map(str, version)), tip, made % 2 == 0)
    stream.finish()


def manifest(flavour, number, version):
    name, before = f"component-{number}", f"component-{number - 1}"
    requires = number % 5 == 0 and number > 0
    if flavour == "npm":
        extra = f',\n  "dependencies": {{ "{before}": "^1.0.0" }}' if requires else ""
        return "package.json", f'{{\n  "name": "{name}",\n  "version": "{version}"{extra}\n}}\n'
    extra = f'\n[dependencies]\n{before} = {{ version = "1.0.0", path = "../{before}" }}\n' if requires else ""
    return "Cargo.toml", f'[package]\nname = "{name}"\nversion = "{version}"\nedition = "2021"\n{extra}'


def monorepo(arguments):
    flavour, count = arguments.flavour, arguments.components
    npm = flavour == "npm"
    stream = Import(arguments.directory)
    folder = "packages" if npm else "crates"
    top = (
        ("package.json", '{\n  "name": "root",\n  "private": true,\n  "workspaces": ["packages/*"]\n}\n')
        if npm
        else ("Cargo.toml", '[workspace]\nresolver = "2"\nmembers = ["crates/*"]\n')
    )
    source = "index.js" if npm else "src/lib.rs"
    files = [top]
    for number in range(count):
        at = f"{folder}/component-{number}"
        name, text = manifest(flavour, number, "1.0.0")
        files += [(f"{at}/{name}", text), (f"{at}/{source}", "// 0\n"), (f"{at}/README.md", f"# {number}\n")]
    tip = stream.commit("refs/heads/main", "feat: begin\n", [], files)
    tip = stream.commit("refs/heads/main", "chore: release\n", [tip], [])
    for number in range(count):
        if number % 50 != 49:
            name = f"component-{number}@1.0.0" if npm else f"component-{number}-v1.0.0"
            stream.tag(name, tip, number % 2 == 0)
    changed = int(count * arguments.changed)
    for nth in range(changed):
        number = nth * count // changed
        text = [
            f"fix: {WORDS[nth % len(WORDS)]} of {number}\n",
            f"feat(component-{number}): more\n",
            f"feat!: less\n\nBREAKING CHANGE: {number} does less\n",
        ][nth % 3]
        file = (f"{folder}/component-{number}/{source}", f"// {nth + 1}\n")
        tip = stream.commit("refs/heads/main", text, [tip], [file], PEOPLE[nth % len(PEOPLE)])
    stream.finish()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    kinds = parser.add_subparsers(required=True)
    one = kinds.add_parser("history")
    one.add_argument("directory")
    one.add_argument("--commits", type=int, default=100_000)
    one.add_argument("--tags", type=int, default=500)
    one.set_defaults(make=history)
    many = kinds.add_parser("monorepo")
    many.add_argument("directory")
    many.add_argument("--components", type=int, required=True)
    many.add_argument("--flavour", choices=["npm", "cargo"], default="npm")
    many.add_argument("--changed", type=float, default=0.1)
    many.set_defaults(make=monorepo)
    arguments = parser.parse_args()
    if pathlib.Path(arguments.directory).exists():
        sys.exit(f"{arguments.directory} exists already")
    arguments.make(arguments)


if __name__ == "__main__":
    main()
