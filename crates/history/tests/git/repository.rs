//! Real repositories, read in process and compared with what git says of them.

use crate::world::{World, latest, tags};
use shipway_core::name::RefName;
use shipway_history::{Convention, HistoryError, Repository, Settings};

#[test]
fn head_branch_and_places_are_found() {
    let world = World::new();
    let repository = world.open();
    assert!(
        matches!(repository.head(), Err(HistoryError::NoCommit { branch }) if branch == "main")
    );
    let first = world.commit("feat: first");
    let repository = world.open();
    assert_eq!(repository.head().unwrap(), first);
    assert_eq!(
        repository.branch().unwrap(),
        RefName::branch("main").unwrap()
    );
    assert_eq!(repository.top().unwrap(), world.repo());
    assert_eq!(repository.git_dir(), world.repo().join(".git"));
    assert!(!repository.is_bare() && !repository.is_shallow().unwrap());

    // From a directory below, too.
    world.write("src/a.txt", b"a");
    let below = Repository::open_with(&world.repo().join("src"), Settings::RepositoryOnly);
    assert_eq!(below.unwrap().head().unwrap(), first);

    world.git(&["checkout", "-q", "--detach"]);
    let error = world.open().branch().unwrap_err();
    assert!(matches!(&error, HistoryError::Detached { commit } if *commit == first));
    assert!(error.hint().unwrap().contains("git switch"));
    assert_eq!(world.open().head().unwrap(), first);

    let nowhere = Repository::open_with(&world.path("."), Settings::RepositoryOnly);
    assert!(matches!(nowhere, Err(HistoryError::Open { .. })));
}

#[test]
fn linked_working_trees_and_bare_repositories_are_read() {
    let world = World::new();
    world.commit("feat: first");
    world.git(&["worktree", "add", "-q", "-b", "other", "../linked"]);
    world.git_in(
        &world.path("linked"),
        &["commit", "-q", "--allow-empty", "-m", "fix: there"],
    );
    let linked = Repository::open_with(&world.path("linked"), Settings::RepositoryOnly).unwrap();
    assert_eq!(linked.branch().unwrap().short(), "other");
    assert_eq!(linked.head().unwrap(), world.id("other"));
    assert_eq!(
        linked.common_dir(),
        world.repo().join(".git").canonicalize().unwrap()
    );
    assert_ne!(linked.git_dir(), linked.common_dir());
    assert_eq!(linked.uncommitted().unwrap(), []);

    world.git(&["clone", "-q", "--bare", ".", "../bare.git"]);
    let bare = Repository::open_with(&world.path("bare.git"), Settings::RepositoryOnly).unwrap();
    assert!(bare.is_bare());
    assert_eq!(bare.head().unwrap(), world.id("main"));
    assert!(matches!(bare.top(), Err(HistoryError::Bare)));
    assert!(matches!(bare.uncommitted(), Err(HistoryError::Bare)));
}

#[test]
fn release_tags_are_peeled_and_sorted() {
    let world = World::new();
    let first = world.commit("feat: first");
    world.git(&["tag", "v0.9.0"]);
    world.git(&["tag", "nightly"]);
    let second = world.commit("fix: second");
    world.git(&["tag", "-a", "-m", "1.0", "v1.0.0rc1"]);
    world.git(&["tag", "-a", "-m", "of a tag", "v1.0.0", "v1.0.0rc1"]);
    world.git(&["tag", "v0.10.0", "HEAD~1"]);
    world.git(&["tag", "vNext"]);
    for packed in [false, true] {
        if packed {
            world.git(&["pack-refs", "--all"]);
        }
        let repository = world.open();
        let found = tags(&repository);
        let names: Vec<_> = found.iter().map(|tag| tag.name.short()).collect();
        assert_eq!(names, ["v0.9.0", "v0.10.0", "v1.0.0rc1", "v1.0.0"]);
        assert_eq!(found[0].commit, first);
        assert_eq!(found[0].object, first);
        assert_eq!(found[3].commit, second);
        assert_eq!(found[3].object, world.id("v1.0.0"));
        let name = RefName::tag("v1.0.0").unwrap();
        assert_eq!(
            repository.reference(&name).unwrap(),
            Some(world.id("v1.0.0"))
        );
        assert_eq!(
            repository.reference(&RefName::tag("v9").unwrap()).unwrap(),
            None
        );
    }
}

/// `git log --format=%H A..B`
fn git_range(world: &World, range: &str) -> Vec<String> {
    let listed = world.git(&["log", "--format=%H", range]);
    let mut ids: Vec<String> = listed.lines().map(str::to_owned).collect();
    ids.sort();
    ids
}

fn our_range(
    repository: &Repository,
    from: &str,
    since: Option<&str>,
    world: &World,
) -> Vec<String> {
    let since = since.map(|name| world.id(&format!("{name}^{{commit}}")));
    let commits = repository
        .commits_since(&world.id(from), since.as_ref())
        .unwrap();
    let mut ids: Vec<String> = commits.iter().map(|commit| commit.id.to_string()).collect();
    ids.sort();
    ids
}

/// main:   a ── b(v1.0.0) ── c ── merge ── e ── merge2
///          └── x ── y(v0.9.1) ──┘               │
///                    └────────── z ─────────────┘
fn branching() -> World {
    let world = World::new();
    world.commit("feat: a");
    world.git(&["branch", "old"]);
    world.commit("feat: b");
    world.git(&["tag", "-a", "-m", "1", "v1.0.0"]);
    world.commit("fix: c");
    world.git(&["checkout", "-q", "old"]);
    world.commit("fix: x");
    world.commit("fix: y");
    world.git(&["tag", "v0.9.1"]);
    world.git(&["checkout", "-q", "main"]);
    world.git(&["merge", "-q", "--no-ff", "-m", "Merge branch 'old'", "old"]);
    world.commit("feat: e");
    world.git(&["checkout", "-q", "old"]);
    world.commit("docs: z");
    world.git(&["checkout", "-q", "main"]);
    world.git(&["merge", "-q", "--no-ff", "-m", "Merge again", "old"]);
    world
}

#[test]
fn ranges_are_those_of_git_whichever_parent_leads_there() {
    let world = branching();
    let repository = world.open();
    for (from, since) in [
        ("main", Some("v1.0.0")),
        ("main", Some("v0.9.1")),
        ("main", Some("main")),
        ("old", Some("v1.0.0")),
        ("v1.0.0^{commit}", Some("main")),
        ("main", None),
    ] {
        let range = since.map_or(from.to_owned(), |since| format!("{since}..{from}"));
        assert_eq!(
            our_range(&repository, from, since, &world),
            git_range(&world, &range),
            "{range}"
        );
    }
    let commits = repository.commits_since(&world.id("main"), None).unwrap();
    assert!(commits.windows(2).all(|pair| pair[0].time >= pair[1].time));
    assert_eq!(commits[0].parents.len(), 2);
}

#[test]
fn the_latest_release_is_the_highest_that_can_be_reached() {
    let world = branching();
    // The maintenance tag is nearer, and lower.
    assert_eq!(latest(&world.open()).as_deref(), Some("v1.0.0"));
    world.git(&["checkout", "-q", "old"]);
    assert_eq!(latest(&world.open()).as_deref(), Some("v0.9.1"));
    // Higher, but on another branch.
    world.git(&["checkout", "-q", "-b", "next", "main~2"]);
    world.commit("feat: next");
    world.git(&["tag", "v2.0.0"]);
    world.git(&["checkout", "-q", "main"]);
    let repository = world.open();
    assert_eq!(latest(&repository).as_deref(), Some("v1.0.0"));
    assert_eq!(tags(&repository).last().unwrap().name.short(), "v2.0.0");
    // A pre-release and a release on one commit.
    world.git(&["tag", "v1.1.0rc1"]);
    world.git(&["tag", "v1.1.0"]);
    assert_eq!(latest(&world.open()).as_deref(), Some("v1.1.0"));
    // A selection of tags: finals of the line 0.9 alone.
    let repository = world.open();
    let mut some = tags(&repository);
    some.retain(|tag| tag.version.line() == "0.9");
    let found = repository
        .latest(&world.id("main"), &some)
        .unwrap()
        .unwrap();
    assert_eq!(found.name.short(), "v0.9.1");
    assert_eq!(repository.latest(&world.id("main"), &[]).unwrap(), None);
}

#[test]
fn a_wrong_clock_hides_nothing() {
    let world = World::new();
    world.commit("feat: a");
    world.commit("feat: b");
    world.git(&["tag", "v1.0.0"]);
    world.at(1_000);
    world.commit("fix: from a machine that thinks it is 1970");
    world.commit("fix: again");
    world.at(1_800_000_000);
    world.commit("fix: right again");
    let repository = world.open();
    assert_eq!(
        our_range(&repository, "main", Some("v1.0.0"), &world),
        git_range(&world, "v1.0.0..main")
    );
    assert_eq!(latest(&repository).as_deref(), Some("v1.0.0"));
}

#[test]
fn a_wrongly_dated_tag_leaves_out_what_lies_behind_it() {
    let world = World::new();
    world.at(2_000_000);
    world.commit("fix: root");
    world.at(95_000_000);
    world.commit("fix: shared");
    world.git(&["branch", "other"]);
    world.at(300_000_000);
    world.commit("feat: new");
    world.git(&["checkout", "-q", "other"]);
    world.at(500_000_000);
    for number in 0..8 {
        world.commit(&format!("fix: {number}"));
    }
    // The clock of the machine that made the release was years behind: when the walk comes to the tag, it has passed the
    // commits behind it already.
    world.at(1_000_000);
    world.commit("fix: released");
    world.git(&["tag", "v1.0.0"]);
    let repository = world.open();
    assert_eq!(git_range(&world, "v1.0.0..main").len(), 1);
    assert_eq!(
        our_range(&repository, "main", Some("v1.0.0"), &world),
        git_range(&world, "v1.0.0..main")
    );
}

#[test]
fn changes_are_read_from_real_commits() {
    let world = World::new();
    world.commit("feat: first");
    world.git(&["tag", "v0.1.0"]);
    world.commit("feat(api)!: break it\n\nBREAKING CHANGE: the old address is gone");
    world.write("fast.txt", b"fast");
    world.git(&["add", "-A"]);
    world.commit("perf: fast");
    world.git(&["revert", "--no-edit", "HEAD"]);
    world.commit("no type");
    let repository = world.open();
    let since = world.id("v0.1.0");
    let changes = repository
        .changes_since(
            &repository.head().unwrap(),
            Some(&since),
            &Convention::default(),
        )
        .unwrap();
    let shown: Vec<String> = changes
        .listed
        .iter()
        .map(|change| change.description.clone())
        .collect();
    assert_eq!(shown, ["no type", "break it"]);
    assert_eq!(changes.cancelled.len(), 2);
    assert_eq!(changes.others().count(), 1);
}

#[test]
fn messages_in_any_encoding_are_read() {
    let world = World::new();
    world.commit("feat: first");
    let tree = world.git(&["rev-parse", "HEAD^{tree}"]);
    let object = |encoding: &str, message: &[u8]| {
        let head = format!(
            "tree {tree}\nauthor A <a@b> 1700000100 +0000\ncommitter A <a@b> 1700000100 +0000\n{encoding}\n"
        );
        let bytes = [head.as_bytes(), message].concat();
        world.with_input(&["hash-object", "-t", "commit", "-w", "--stdin"], &bytes)
    };
    let repository = world.open();
    for (encoding, message, description) in [
        ("encoding ISO-8859-1\n", &b"fix: caf\xe9\n"[..], "café"),
        ("encoding Shift_JIS\n", b"fix: \x83\x65\n", "テ"),
        ("", b"fix: \xff\xfe x", "\u{fffd}\u{fffd} x"),
        ("", "fix: 修复".as_bytes(), "修复"),
    ] {
        let id = shipway_core::Oid::new(object(encoding, message)).unwrap();
        let changes = repository
            .changes_since(&id, None, &Convention::default())
            .unwrap();
        assert_eq!(changes.listed[0].description, description, "{encoding:?}");
    }
}

#[test]
fn a_shallow_clone_answers_what_it_can_and_says_what_to_fetch() {
    let world = World::new();
    for number in 0..6 {
        world.commit(&format!("fix: {number}"));
        if number == 3 {
            world.git(&["tag", "v1.0.0"]);
        }
    }
    let source = format!("file://{}", world.repo().display());
    let clone = |depth: &str, to: &str| {
        world.git(&[
            "clone",
            "-q",
            "--depth",
            depth,
            &source,
            &format!("../{to}"),
        ]);
        Repository::open_with(&world.path(to), Settings::RepositoryOnly).unwrap()
    };
    let enough = clone("4", "enough");
    assert!(enough.is_shallow().unwrap());
    assert_eq!(latest(&enough).as_deref(), Some("v1.0.0"));
    let head = enough.head().unwrap();
    let since = world.id("v1.0.0");
    assert_eq!(enough.commits_since(&head, Some(&since)).unwrap().len(), 2);

    let short = clone("2", "short");
    let error = short.latest(&head, &tags(&short)).unwrap_err();
    assert!(
        matches!(&error, HistoryError::Shallow { boundary } if *boundary == world.id("HEAD~1"))
    );
    assert!(
        error
            .hint()
            .unwrap()
            .contains("git fetch --unshallow --tags")
    );
    assert!(matches!(
        short.commits_since(&head, None),
        Err(HistoryError::Shallow { .. })
    ));
    // The tag's commit itself is not there.
    let missing = short.commits_since(&head, Some(&since)).unwrap_err();
    assert!(
        matches!(missing, HistoryError::Missing { .. }),
        "{missing:?}"
    );
}

#[test]
fn files_come_from_commits_byte_for_byte() {
    let world = World::new();
    world.git(&["config", "core.autocrlf", "false"]);
    world.write("dir/version.py", b"\xef\xbb\xbf__version__ = '1.0'\r\n");
    world.write("run.sh", b"#!/bin/sh\n");
    std::os::unix::fs::symlink("run.sh", world.repo().join("link")).unwrap();
    world.git(&["add", "-A"]);
    let commit = world.commit("feat: files");
    world.git(&["config", "core.autocrlf", "true"]);
    world.write("dir/version.py", b"changed since");
    let repository = world.open();
    let file = repository.file(&commit, "dir/version.py").unwrap().unwrap();
    assert_eq!(file.bytes, b"\xef\xbb\xbf__version__ = '1.0'\r\n");
    assert_eq!(file.id, world.id("HEAD:dir/version.py"));
    assert_eq!(repository.file(&commit, "dir/none.py").unwrap(), None);
    assert_eq!(repository.file(&commit, "run.sh/x").unwrap(), None);
    for (path, is) in [("dir", "a directory"), ("link", "a symbolic link")] {
        let error = repository.file(&commit, path).unwrap_err();
        assert!(
            matches!(error, HistoryError::NotAFile { what, .. } if what == is),
            "{path}"
        );
    }
}

#[test]
fn what_is_uncommitted_is_listed() {
    let world = World::new();
    world.write(".gitignore", b"ignored\n");
    world.write("a.txt", b"a");
    world.git(&["add", "-A"]);
    world.commit("feat: a");
    assert_eq!(world.open().uncommitted().unwrap(), []);
    world.write("ignored", b"x");
    world.write("a.txt", b"b");
    world.write("new name.txt", b"n");
    world.write("staged.txt", b"s");
    world.git(&["add", "staged.txt"]);
    // Settings of the repository change nothing.
    world.git(&["config", "status.showUntrackedFiles", "no"]);
    world.git(&["config", "core.fsmonitor", "false; touch ran"]);
    let found = world.open().uncommitted().unwrap();
    let found: Vec<_> = found
        .iter()
        .map(|one| (one.state.as_str(), one.path.as_str()))
        .collect();
    assert_eq!(
        found,
        [
            (" M", "a.txt"),
            ("A ", "staged.txt"),
            ("??", "new name.txt")
        ]
    );
}

#[test]
fn remotes_show_no_credentials() {
    let world = World::new();
    for (name, url, shown) in [
        (
            "https",
            "https://user:secret@example.org/o/r.git?token=x",
            "https://example.org/o/r.git",
        ),
        (
            "token",
            "https://secret@example.org/o/r",
            "https://example.org/o/r",
        ),
        (
            "ssh",
            "ssh://git:secret@example.org:22/o/r.git",
            "ssh://git@example.org:22/o/r.git",
        ),
        ("scp", "git@example.org:o/r.git", "git@example.org:o/r.git"),
    ] {
        world.git(&["remote", "add", name, url]);
        let found = world.open().remote_url(name).unwrap();
        assert_eq!(found, shown, "{name}");
        assert!(!found.contains("secret"));
    }
    world.git(&[
        "remote",
        "set-url",
        "--push",
        "scp",
        "git@example.org:o/push.git",
    ]);
    assert_eq!(
        world.open().remote_url("scp").unwrap(),
        "git@example.org:o/push.git"
    );
    let error = world.open().remote_url("upstream").unwrap_err();
    assert!(matches!(error, HistoryError::NoRemote(name) if name == "upstream"));
}

#[test]
fn the_author_is_who_git_says() {
    let world = World::new();
    let missing = |what| {
        let error = world.open().author().unwrap_err();
        assert!(
            matches!(error, HistoryError::NoIdentity(found) if found == what),
            "{error}"
        );
        assert!(error.hint().unwrap().contains("git config user.name"));
    };
    missing("user.name");
    world.git(&["config", "user.name", "Ada <Lovelace>"]);
    missing("user.email");
    world.git(&["config", "user.email", "ada@example.org"]);
    let repository = world.open();
    let author = repository.author().unwrap();
    assert_eq!(
        (author.name.as_str(), author.email.as_str()),
        ("Ada Lovelace", "ada@example.org")
    );
    assert_eq!(repository.committer().unwrap(), author);
    world.git(&["config", "committer.name", "Robot"]);
    assert_eq!(world.open().committer().unwrap().name, "Robot");
    world.git(&["config", "user.name", " <> "]);
    missing("user.name");
}

/// A history with many merges, made by a fixed rule: commit n has as parents n-1 or some commit before it, and every third
/// one a second parent; every eleventh is tagged.
fn tangled(world: &World, commits: usize) {
    let mut seed = 12_345_usize;
    let mut pick = |below: usize| {
        seed = seed.wrapping_mul(1_103_515_245).wrapping_add(12_345) % 2_147_483_648;
        (seed / 65_536) % below
    };
    let mut stream = String::new();
    for number in 1..=commits {
        let time = 1_700_000_000 + number * 60;
        let message = format!("fix: number {number}");
        let mut lines = vec![
            format!("commit refs/heads/c{number}\nmark :{number}"),
            format!("committer Ada <ada@example.org> {time} +0000"),
            format!("data {}\n{message}", message.len()),
        ];
        if number > 1 {
            let back = if pick(3) == 0 {
                1 + pick(8.min(number - 1))
            } else {
                1
            };
            lines.push(format!("from :{}", number - back));
            let other = 1 + pick(number - 1);
            if pick(3) == 0 && other != number - back {
                lines.push(format!("merge :{other}"));
            }
        }
        if number % 11 == 0 {
            lines.push(format!("\nreset refs/tags/v{number}.0\nfrom :{number}"));
        }
        stream += &lines.join("\n");
        stream += "\n\n";
    }
    stream += "done\n";
    world.with_input(&["fast-import", "--quiet", "--done"], stream.as_bytes());
}

#[test]
fn ranges_and_releases_of_a_tangled_history_are_those_of_git() {
    let world = World::new();
    let commits = 90;
    tangled(&world, commits);
    let repository = world.open();
    let tags = tags(&repository);
    assert_eq!(tags.len(), commits / 11);
    for number in (1..=commits).rev().step_by(7) {
        let from = format!("c{number}");
        for since in (3..=commits).step_by(13) {
            let since = format!("c{since}");
            let ours = our_range(&repository, &from, Some(&since), &world);
            assert_eq!(
                ours,
                git_range(&world, &format!("{since}..{from}")),
                "{since}..{from}"
            );
        }
        let merged = world.git(&["tag", "--merged", &from, "--sort=-version:refname"]);
        let found = repository.latest(&world.id(&from), &tags).unwrap();
        let found = found.map(|tag| tag.name.short());
        assert_eq!(found, merged.lines().next(), "{from}");
    }
}

#[test]
fn revisions_are_resolved_to_commits() {
    let world = World::new();
    let first = world.commit("feat: first");
    world.git(&["tag", "-a", "-m", "x", "v1.0.0"]);
    let second = world.commit("fix: second");
    let repository = world.open();
    for name in ["v1.0.0", "main~1", &first.as_str()[..9]] {
        assert_eq!(repository.resolve(name).unwrap(), first, "{name}");
    }
    assert_eq!(repository.resolve("HEAD").unwrap(), second);
    assert!(repository.is_ancestor(&first, &second).unwrap());
    assert!(repository.is_ancestor(&first, &first).unwrap());
    assert!(!repository.is_ancestor(&second, &first).unwrap());
    for name in ["nothing", "--output=x", "", "HEAD^{tree}"] {
        let found = repository.resolve(name);
        assert!(
            matches!(found, Err(HistoryError::NoRevision { .. })),
            "{name}: {found:?}"
        );
    }
}
