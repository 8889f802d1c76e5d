"""Makes a train: bare repositories of an engine, goose, and of its extensions, with a year of history. The same every time.

    make_train.py DIRECTORY [--members 24] [--rate 0.4] [--seed 7]

What happens in the year (2025-07-01 to 2026-07-01): line 1.4 (`v1.4-andium`, LTS) and line 1.5 (`v1.5-variegata`) are cut and
released, patches follow, and ten days before the end the next line, `v2.0-harlequin`, is cut: pre-release. By their place in
the list the extensions are of the kinds of KINDS. Pins move every week and before every release; targets move with releases.

What went wrong, on purpose, in the first extensions:

    httpfs     a critical fix reached main and v1.5-variegata, and never v1.4-andium
    iceberg    v1.5-variegata has not been merged into main since May
    spatial    is pinned at the head of a pull request
    sqlite     says one engine version in its submodule and another in its workflow
    postgres   is pinned at a commit that its repository does not have
    excel      is commented out on goose's main
"""
import argparse
import datetime
import hashlib
import pathlib
import random
import shutil
import struct
import subprocess
import zlib

NAMES = """httpfs iceberg spatial sqlite postgres excel aws azure delta ducks fts inet mysql vss avro encodings lance quack
sqlsmith unity vortex odbc substrait arrow""".split()
# two: main and line branches; single-tag: main, built for the last release; single-main: main, built for goose's main;
# three: as two, and the next line's branch; stable: the stable API, with releases of its own, of which the newest is pinned.
KINDS = ["two", "two", "single-tag", "three", "single-main", "stable"]
IN_TREE = ["json", "parquet", "icu", "tpch"]
START = datetime.datetime(2025, 7, 1, 8, tzinfo=datetime.timezone.utc)
DAYS = 365
LTS, LINE, NEXT = "v1.4-andium", "v1.5-variegata", "v2.0-harlequin"
CUTS = {60: LTS, 228: LINE, 355: NEXT}
RELEASES = {
    76: (LTS, "v1.4.0"), 94: (LTS, "v1.4.1"), 133: (LTS, "v1.4.2"), 160: (LTS, "v1.4.3"), 205: (LTS, "v1.4.4"),
    248: (LINE, "v1.5.0"), 261: (LINE, "v1.5.1"), 283: (LINE, "v1.5.2"), 322: (LINE, "v1.5.3"),
    348: (LTS, "v1.4.5"), 350: (LINE, "v1.5.4"),
}
PEOPLE = ["Ines Albrecht", "Tomas Berg", "Aiko Chiba", "Dara Doyle"]


class Repo:
    """A bare repository that is put together in memory and written as one pack."""

    def __init__(self, name):
        self.name = name
        self.objects, self.files, self.refs, self.tags = {}, {}, {}, []
        self.number = 0

    def put(self, kind, data):
        name = hashlib.sha1(b"%s %d\0" % (kind.encode(), len(data)) + data).hexdigest()
        self.objects.setdefault(name, (kind, data))
        return name

    def blob(self, text):
        return "100644", self.put("blob", text.encode())

    def tree(self, files):
        here, below = {}, {}
        for path, entry in files.items():
            head, slash, tail = path.partition("/")
            if slash:
                below.setdefault(head, {})[tail] = entry
            else:
                here[head] = entry
        for name, inner in below.items():
            here[name] = ("40000", self.tree(inner))
        order = sorted(here.items(), key=lambda it: it[0] + "/" if it[1][0] == "40000" else it[0])
        return self.put("tree", b"".join(b"%s %s\0" % (mode.encode(), name.encode()) + bytes.fromhex(id) for name, (mode, id) in order))

    def commit(self, branch, when, message, changes=None, parents=None, author=None):
        """Commits to a branch; `changes`: path to text, None to remove, or (mode, id)."""
        files = self.files.setdefault(branch, {})
        for path, text in (changes or {}).items():
            if text is None:
                files.pop(path, None)
            else:
                files[path] = text if isinstance(text, tuple) else self.blob(text)
        if parents is None:
            parents = [self.refs[branch]] if branch in self.refs else []
        self.number += 1
        author = author or PEOPLE[self.number % len(PEOPLE)]
        who = f"{author} <{author.split()[0].lower()}@example.org> {int(when.timestamp())} +0000"
        lines = [f"tree {self.tree(files)}", *(f"parent {it}" for it in parents), f"author {who}", f"committer {who}", "", message, ""]
        self.refs[branch] = self.put("commit", "\n".join(lines).encode())
        return self.refs[branch]

    def branch(self, new, old):
        self.refs[new], self.files[new] = self.refs[old], dict(self.files[old])

    def tag(self, name, branch, when):
        who = f"Ines Albrecht <ines@example.org> {int(when.timestamp())} +0000"
        text = f"object {self.refs[branch]}\ntype commit\ntag {name}\ntagger {who}\n\n{name}\n"
        self.tags.append((name, self.put("tag", text.encode())))

    def write(self, directory):
        path = directory / f"{self.name}.git"
        subprocess.run(["git", "init", "-q", "--bare", "-b", "main", path], check=True)
        kinds = {"commit": 1, "tree": 2, "blob": 3, "tag": 4}
        pack = bytearray(struct.pack(">4sII", b"PACK", 2, len(self.objects)))
        for kind, data in self.objects.values():
            size, first = len(data), True
            byte = kinds[kind] << 4 | size & 15
            size >>= 4
            while size:
                pack.append(byte | 128)
                byte, size = size & 127, size >> 7
            pack.append(byte)
            pack += zlib.compress(data, 1)
        pack += hashlib.sha1(pack).digest()
        subprocess.run(["git", "index-pack", "--stdin"], cwd=path, input=bytes(pack), check=True, stdout=subprocess.DEVNULL)
        refs = [(f"refs/pull/{it[5:]}/head" if it.startswith("pull/") else f"refs/heads/{it}", id) for it, id in self.refs.items()]
        refs += [(f"refs/tags/{name}", id) for name, id in self.tags]
        peeled = {name: self.objects[id][1].decode().split()[1] for name, id in self.tags}
        text = "# pack-refs with: peeled fully-peeled sorted \n"
        for name, id in sorted(refs):
            text += f"{id} {name}\n"
            if name.startswith("refs/tags/"):
                text += f"^{peeled[name[10:]]}\n"
        (path / "packed-refs").write_text(text)


def workflow(name, version, tools):
    return f"""name: Main Extension Distribution Pipeline
on: [push, pull_request]
env:
  GOOSE: &version {version}
jobs:
  build:
    uses: goose/extension-ci-tools/.github/workflows/_extension_distribution.yml@{tools}
    with:
      extension_name: {name}
      goose_version: *version
      ci_tools_version: {tools}
  deploy:
    needs: build
    uses: goose/extension-ci-tools/.github/workflows/_extension_deploy.yml@{tools}
    with:
      extension_name: {name}
      goose_version: *version
      ci_tools_version: {tools}
"""


class Member(Repo):
    def __init__(self, name, kind, dice):
        super().__init__(name)
        self.kind, self.dice = kind, dice
        self.waiting, self.pull = [], 0

    def line(self, branch):
        """The branch that is built for a line of goose."""
        return branch if branch in self.refs else "main"

    def target(self, branch, when, version, engine_commit, tools="main"):
        self.commit(branch, when, f"Build for goose {version}", {
            ".github/workflows/MainDistributionPipeline.yml": workflow(self.name, version, tools),
            "goose": ("160000", engine_commit),
        })

    def work(self, day, when):
        """A day's commits: features on main, fixes on the youngest line, and from there by cherry-pick and merge."""
        dice, lines = self.dice, [it for it in (LTS, LINE) if it in self.refs]
        number = self.number + 1
        kind = "feature" if dice.random() < 0.6 or not lines else "fix"
        text = f"// {self.name} {number}\n" * 3
        if kind == "feature":
            path = f"src/part{dice.randrange(8)}.cpp"
            self.commit("main", when, f"Add feature {number} (#{number})", {path: text})
            return
        subject = f"Fix crash {number} (#{number})"
        trailer = "\n\nSeverity: critical" if number % 9 == 0 else ""
        path, youngest = f"src/fix{number}.cpp", lines[-1]
        commit = self.commit(youngest, when, subject + trailer, {path: text})
        self.waiting.append((path, text))
        missed = self.name == "httpfs" and day > 250
        if len(lines) > 1 and not missed:
            later = when + datetime.timedelta(hours=2)
            message = f"{subject}{trailer}\n\n(cherry picked from commit {commit})"
            self.commit(lines[0], later, message, {path: text})

    def forward_merge(self, day, when):
        line = next((it for it in (LINE, LTS) if it in self.refs), None)
        if line is None or not self.waiting or (self.name == "iceberg" and day > 310):
            return
        self.commit("main", when, f"Merge branch '{line}' into main", dict(self.waiting), [self.refs["main"], self.refs[line]])
        self.waiting = []


class Train:
    def __init__(self, count, rate, seed):
        self.rate, self.dice = rate, random.Random(seed)
        names = [NAMES[it] if it < len(NAMES) else f"ext{it:04}" for it in range(count)]
        kinds = {"spatial": "two", "sqlite": "two", "postgres": "two"}
        self.members = [
            Member(name, kinds.get(name, KINDS[it % len(KINDS)]), random.Random(f"{seed} {name}")) for it, name in enumerate(names)
        ]
        self.engine = Repo("goose")
        self.released = None

    def run(self):
        engine = self.engine
        engine.commit("main", START, "Start", {
            "src/goose.cpp": "int main() { return 0; }\n",
            ".github/config/in_tree_extensions.cmake": "".join(f"goose_extension_load({it})\n" for it in IN_TREE),
            ".github/config/out_of_tree_extensions.cmake": "# Extensions in repositories of their own\n"
            + "".join(f'include("${{EXTENSION_CONFIG_BASE_DIR}}/{it.name}.cmake")\n' for it in self.members),
        })
        for member in self.members:
            member.commit("main", START, "Start", {"README.md": f"{member.name}\n"})
            member.target("main", START, "main", engine.refs["main"])
        for day in range(DAYS + 1):
            self.day(day, START + datetime.timedelta(days=day))

    def day(self, day, morning):
        engine, dice = self.engine, self.dice
        at = lambda hour, minute=0: morning + datetime.timedelta(hours=hour, minutes=minute)
        for hour in range(dice.randrange(1, 4)):
            number = engine.number + 1
            engine.commit("main", at(hour), f"Improve planner {number} (#{number})", {f"src/plan{number % 30}.cpp": f"// {number}\n"})
        line = next((it for it in (LINE, LTS) if it in engine.refs), None)
        if line and dice.random() < 0.3:
            number = engine.number + 1
            engine.commit(line, at(4), f"Fix result {number} (#{number})", {f"src/fix{number}.cpp": f"// {number}\n"})
        if day in CUTS:
            self.cut(CUTS[day], at(5))
        for member in self.members:
            if member.dice.random() < self.rate:
                member.work(day, at(1, member.dice.randrange(240)))
            if day % 7 == 3:
                member.forward_merge(day, at(6))
        if day % 7 == 4:
            self.pins(day, [it for it in ("main", LINE, LTS, NEXT) if it in engine.refs], at(7))
            if line:
                fixes = {it: id for it, id in engine.files[line].items() if it.startswith("src/fix")}
                engine.commit("main", at(8), f"Merge branch '{line}' into main", fixes, [engine.refs["main"], engine.refs[line]])
        if day in RELEASES:
            self.release(*RELEASES[day], day, at)

    def cut(self, line, when):
        self.engine.branch(line, "main")
        self.engine.commit(line, when, f"Begin line {line}", {"VERSION": line[1:4] + "\n"})
        for member in self.members:
            wanted = {LTS: ("two", "three"), LINE: ("two", "three"), NEXT: ("three",)}[line]
            if member.kind in wanted:
                member.branch(line, "main")
                member.target(line, when, line, self.engine.refs[line], line)

    def pin(self, member, branch, day):
        """What goose's configuration says about an extension on one of its branches."""
        tip = member.refs[member.line(branch)]
        if member.kind == "stable" and member.tags:
            tip = member.objects[member.tags[-1][1]][1].decode().split()[1]
        if member.name == "spatial" and branch == LINE and day > 300:
            if not member.pull:
                member.pull = 812
                member.branch("pull/812", LINE)
                member.commit("pull/812", START + datetime.timedelta(days=day), "Try a faster index", {"src/index.cpp": "// index\n"})
            tip = member.refs["pull/812"]
        if member.name == "postgres" and branch == "main" and day > 300:
            tip = hashlib.sha1(b"pushed over").hexdigest()
        url = f"https://{'GitHub.com' if len(member.name) % 3 else 'github.com'}/goose/goose-{member.name}{'.git' if len(member.name) % 2 else ''}"
        body = f"goose_extension_load({member.name}\n    LOAD_TESTS\n    GIT_URL {url}\n    GIT_TAG {tip}\n"
        patched = branch == "main" and len(member.name) % 4 == 0
        body += "    APPLY_PATCHES\n)\n" if patched else ")\n"
        if len(member.name) % 5 == 0:
            body = f"if (NOT MINGW)\n{body}endif()\n"
        if member.name == "excel" and branch == "main" and day > 200:
            body = "".join(f"# {line}\n" for line in body.splitlines())
        changes = {f".github/config/extensions/{member.name}.cmake": body}
        if patched:
            changes[f".github/patches/extensions/{member.name}/0001-api.patch"] = f"--- a/x\n+++ b/x\n@@ -1 +1 @@\n-{day // 60}\n+{day // 60 + 1}\n"
        return changes

    def pins(self, day, branches, when):
        for branch in branches:
            changes = {}
            for member in self.members:
                # Some pins wait a while.
                if self.dice.random() < 0.7 or day < 8:
                    changes.update(self.pin(member, branch, day))
            self.engine.commit(branch, when, "Move extensions", changes)

    def release(self, line, version, day, at):
        engine = self.engine
        changes = {}
        for member in self.members:
            changes.update(self.pin(member, line, day))
        engine.commit(line, at(9), f"Move extensions for {version}", changes)
        engine.tag(version, line, at(10))
        commit = engine.refs[line]
        for member in self.members:
            branch = member.line(line)
            if branch == "main" and member.kind not in ("single-tag", "single-main"):
                if member.kind == "stable":
                    member.tag(f"v0.{day // 30}.{day % 30}", "main", at(11))
                continue
            if member.kind == "single-main":
                member.target("main", at(11), "main", engine.refs["main"])
                continue
            engine_commit = commit
            if member.name == "sqlite" and version == "v1.5.4":
                engine_commit = next(id for name, id in engine.tags if name == "v1.5.3")
                engine_commit = engine.objects[engine_commit][1].decode().split()[1]
            member.target(branch, at(11), version, engine_commit, line)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("directory", type=pathlib.Path)
    parser.add_argument("--members", type=int, default=24)
    parser.add_argument("--rate", type=float, default=0.4, help="commits of a member a day")
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    shutil.rmtree(options.directory, ignore_errors=True)
    options.directory.mkdir(parents=True)
    train = Train(options.members, options.rate, options.seed)
    train.run()
    for repo in [train.engine, *train.members]:
        repo.write(options.directory)


if __name__ == "__main__":
    main()
