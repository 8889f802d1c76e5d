//! Repositories of every kind: other hashes, other places for objects, parts left out, parents that are not what they were.

use crate::world::{World, latest, tags};
use shipway_core::name::Oid;
use shipway_history::{CommitId, Enter, HistoryError, Repository, Settings};
use std::collections::BTreeSet;

/// Ten commits with a file each, `v1.0.0` on the fifth.
fn ten(world: &World) -> Vec<Oid> {
    (0..10)
        .map(|number| {
            world.write(&format!("d/{number}.txt"), format!("{number}").as_bytes());
            world.git(&["add", "-A"]);
            let commit = world.commit(&format!("fix: {number}"));
            if number == 4 {
                world.git(&["tag", "-a", "-m", "one", "v1.0.0"]);
            }
            commit
        })
        .collect()
}

fn open(world: &World, name: &str) -> Repository {
    Repository::open_with(&world.path(name), Settings::RepositoryOnly).unwrap()
}

fn reachable(repository: &Repository) -> BTreeSet<String> {
    let head = repository.head().unwrap();
    let commits = repository.range(&head, None).unwrap();
    commits.iter().map(ToString::to_string).collect()
}

fn git_reachable(world: &World) -> BTreeSet<String> {
    let listed = world.git(&["rev-list", "HEAD"]);
    listed.lines().map(str::to_owned).collect()
}

fn id(oid: &Oid) -> CommitId {
    CommitId::try_from(oid).unwrap()
}

#[test]
fn sha256_repositories_are_read_in_full() {
    let world = World::with(&["--object-format=sha256"]);
    let commits = ten(&world);
    world.git(&["gc", "-q"]);
    for with_graph in [false, true] {
        if with_graph {
            world.git(&["commit-graph", "write", "--reachable"]);
        }
        let repository = world.open();
        assert_eq!(repository.head().unwrap(), commits[9]);
        assert_eq!(commits[9].as_str().len(), 64);
        assert_eq!(latest(&repository).as_deref(), Some("v1.0.0"));
        let since = repository
            .commits_since(&commits[9], Some(&commits[4]))
            .unwrap();
        assert_eq!(since.len(), 5);
        assert_eq!(since[0].id, commits[9]);
        assert_eq!(since[0].parents, [commits[8].clone()]);
        assert_eq!(since[0].message, "fix: 9\n");
        let found = repository
            .releases(&commits[9], &tags(&repository))
            .unwrap();
        assert_eq!(
            (found.releases[0].commits.len(), found.unreleased.len()),
            (5, 5)
        );
        let paths = repository.changed_paths(&found.unreleased, |_| Enter::Into, |_, paths| paths);
        assert_eq!(paths.unwrap()[0], ["d/9.txt"]);
        let file = repository.file(&commits[9], "d/3.txt").unwrap().unwrap();
        assert_eq!(
            (file.bytes.as_slice(), file.id),
            (&b"3"[..], world.id("HEAD:d/3.txt"))
        );
    }
}

#[test]
fn replaced_commits_and_grafts_count_as_in_git() {
    let world = World::new();
    let commits = ten(&world);
    world.git(&["commit-graph", "write", "--reachable"]);
    // Another message, and no parents any more.
    let made = world.git(&["commit-tree", "-m", "feat: replaced", "HEAD^{tree}"]);
    world.git(&["replace", commits[7].as_str(), &made]);
    let repository = world.open();
    assert_eq!(reachable(&repository), git_reachable(&world));
    assert_eq!(reachable(&repository).len(), 3);
    let read = repository
        .read_commits(&[id(&commits[7])], |commit| commit)
        .unwrap();
    assert_eq!(read[0].message, "feat: replaced\n");
    assert_eq!(read[0].parents, []);
    world.git(&["replace", "-d", commits[7].as_str()]);
    assert_eq!(reachable(&world.open()).len(), 10);

    let graft = format!(
        "# cut and joined\n{} {} {}\n",
        commits[8], commits[2], commits[0]
    );
    world.write(".git/info/grafts", graft.as_bytes());
    let repository = world.open();
    assert_eq!(reachable(&repository), git_reachable(&world));
    assert_eq!(reachable(&repository).len(), 5);
    let read = repository
        .read_commits(&[id(&commits[8])], |commit| commit.parents)
        .unwrap();
    assert_eq!(read[0], [commits[2].clone(), commits[0].clone()]);

    world.write(".git/info/grafts", b"nonsense\n");
    let error = Repository::open_with(&world.repo(), Settings::RepositoryOnly)
        .err()
        .unwrap();
    assert!(error.to_string().contains("info/grafts, line 1"), "{error}");
}

#[test]
fn a_commit_graph_that_is_behind_split_or_damaged_changes_no_answer() {
    let world = World::new();
    ten(&world);
    world.git(&["commit-graph", "write", "--reachable", "--split"]);
    world.commit("fix: later");
    world.git(&["commit-graph", "write", "--reachable", "--split=no-merge"]);
    for number in 0..100 {
        world.git(&["branch", &format!("b{number}"), "HEAD"]);
    }
    let parents: Vec<String> = (0..100)
        .map(|number| {
            world.git(&[
                "commit-tree",
                "-p",
                "HEAD",
                "-m",
                &format!("fix: {number}"),
                "HEAD^{tree}",
            ])
        })
        .collect();
    let mut arguments = vec!["commit-tree", "-m", "Merge of a hundred", "HEAD^{tree}"];
    for parent in &parents {
        arguments.extend(["-p", parent]);
    }
    let octopus = world.git(&arguments);
    world.git(&["reset", "-q", "--hard", &octopus]);
    assert_eq!(reachable(&world.open()), git_reachable(&world));
    assert_eq!(reachable(&world.open()).len(), 112);
    let read = world
        .open()
        .commits_since(&world.id("HEAD"), Some(&world.id("b0")))
        .unwrap();
    assert_eq!(
        read.iter().map(|commit| commit.parents.len()).max(),
        Some(100)
    );

    world.git(&["commit-graph", "write", "--reachable"]);
    let truth = git_reachable(&world);
    assert_eq!(reachable(&world.open()), truth);
    let file = world.repo().join(".git/objects/info/commit-graph");
    let whole = fs_err::read(&file).unwrap();
    fs_err::remove_file(&file).unwrap();
    for end in [0, 7, 100, whole.len() / 2, whole.len() - 1] {
        fs_err::write(&file, &whole[..end]).unwrap();
        assert_eq!(reachable(&world.open()), truth, "cut to {end}");
    }
}

#[test]
fn objects_of_another_repository_are_found() {
    let world = World::new();
    ten(&world);
    world.git(&["clone", "-q", "--shared", ".", "../borrows"]);
    let borrows = open(&world, "borrows");
    assert_eq!(reachable(&borrows).len(), 10);
    assert_eq!(latest(&borrows).as_deref(), Some("v1.0.0"));
}

#[test]
fn partial_clones_answer_what_they_can_and_say_what_to_fetch() {
    let world = World::new();
    let commits = ten(&world);
    world.git(&["config", "uploadpack.allowFilter", "true"]);
    let source = format!("file://{}", world.repo().display());
    let clone = |filter: &str, to: &str| {
        let to = format!("../{to}");
        world.git(&["clone", "-q", "--bare", "--filter", filter, &source, &to]);
    };
    clone("blob:none", "no-blobs");
    let repository = open(&world, "no-blobs");
    assert_eq!(reachable(&repository).len(), 10);
    let paths = repository.changed_paths(&[id(&commits[9])], |_| Enter::Into, |_, paths| paths);
    assert_eq!(paths.unwrap()[0], ["d/9.txt"]);
    let files = repository
        .files(&commits[9], |_| Enter::Into, |_| true)
        .unwrap();
    assert_eq!(files.len(), 10);
    let not_fetched = |error: &HistoryError, hint: &str| {
        assert!(
            matches!(error, HistoryError::NotFetched { .. }),
            "{error:?}"
        );
        assert!(error.hint().unwrap().contains(hint), "{error:?}");
    };
    let error = repository.read_files(&files, |_, _| ()).unwrap_err();
    not_fetched(&error, "git fetch --refetch --no-filter");
    let error = repository.file(&commits[9], "d/9.txt").unwrap_err();
    not_fetched(&error, "git fetch --refetch --no-filter");

    clone("tree:0", "no-trees");
    let repository = open(&world, "no-trees");
    assert_eq!(latest(&repository).as_deref(), Some("v1.0.0"));
    assert_eq!(
        repository.commits_since(&commits[9], None).unwrap().len(),
        10
    );
    let error = repository
        .changed_paths(&[id(&commits[9])], |_| Enter::Into, |_, paths| paths)
        .unwrap_err();
    not_fetched(&error, "--filter=blob:none");
    not_fetched(
        &repository
            .files(&commits[9], |_| Enter::Into, |_| true)
            .unwrap_err(),
        "--filter=blob:none",
    );
    not_fetched(
        &repository.file(&commits[9], "d/9.txt").unwrap_err(),
        "--filter=blob:none",
    );
}

#[test]
fn a_shallow_clone_answers_about_many_bases_what_it_can() {
    let world = World::new();
    let commits = ten(&world);
    let source = format!("file://{}", world.repo().display());
    world.git(&["clone", "-q", "--depth", "4", &source, "../shallow"]);
    let repository = open(&world, "shallow");
    let since = repository
        .since_each(&commits[9], &[Some(&commits[7]), Some(&commits[8])])
        .unwrap();
    assert_eq!(since.commits, [id(&commits[9]), id(&commits[8])]);
    assert!(since.is_in(1, 1) && !since.is_in(1, 0));
    let boundary = |error: HistoryError| {
        assert!(
            matches!(&error, HistoryError::Shallow { boundary } if *boundary == commits[6]),
            "{error:?}"
        );
    };
    boundary(repository.since_each(&commits[9], &[None]).unwrap_err());
    boundary(repository.releases(&commits[9], &[]).unwrap_err());
    boundary(
        repository
            .changed_paths(&[id(&commits[6])], |_| Enter::Into, |_, _| ())
            .unwrap_err(),
    );
}

#[test]
fn a_missing_object_is_named() {
    let world = World::new();
    let commits = ten(&world);
    let gone = commits[3].as_str();
    fs_err::remove_file(
        world
            .repo()
            .join(format!(".git/objects/{}/{}", &gone[..2], &gone[2..])),
    )
    .unwrap();
    let repository = world.open();
    let error = repository.range(&commits[9], None).unwrap_err();
    assert!(
        matches!(&error, HistoryError::Missing { what } if what.contains(gone)),
        "{error:?}"
    );
    assert!(error.hint().unwrap().contains("git fsck"));
}

#[test]
fn references_kept_in_tables_are_refused_with_a_hint() {
    let world = World::with(&["--ref-format=reftable"]);
    world.commit("feat: first");
    let error = Repository::open_with(&world.repo(), Settings::RepositoryOnly)
        .err()
        .unwrap();
    assert!(matches!(error, HistoryError::Reftable { .. }), "{error:?}");
    assert!(
        error
            .hint()
            .unwrap()
            .contains("git refs migrate --ref-format=files")
    );
}

#[test]
fn a_message_of_fifty_megabytes_is_cut_and_bytes_of_any_kind_are_read() {
    let world = World::new();
    world.commit("feat: first");
    let tree = world.git(&["rev-parse", "HEAD^{tree}"]);
    let object = |message: &[u8]| {
        let head = format!(
            "tree {tree}\nauthor A <a@b> 1700000100 +0000\ncommitter A <a@b> 1700000100 +0000\n\n"
        );
        let bytes = [head.as_bytes(), message].concat();
        let made = world.with_input(
            &[
                "hash-object",
                "-t",
                "commit",
                "-w",
                "--literally",
                "--stdin",
            ],
            &bytes,
        );
        Oid::new(made).unwrap()
    };
    let long = [&b"feat: long\n\n"[..], &b"x".repeat(50 << 20)].concat();
    let (long, strange) = (
        object(&long),
        object(b"fix: \0 and \x1b[31m \xe2\x80\xae \xff"),
    );
    let repository = world.open();
    let read = repository
        .read_commits(&[id(&long), id(&strange)], |commit| commit.message)
        .unwrap();
    assert_eq!(read[0].len(), shipway_history::commit::MESSAGE_LIMIT);
    assert!(read[0].starts_with("feat: long\n\nxxx"));
    assert_eq!(read[1], "fix: \0 and \u{1b}[31m \u{202e} \u{fffd}");
}
