//! Laws of histories: on graphs of any form and with any dates, the answers are those of git.

use crate::world::{World, tags};
use proptest::prelude::*;
use shipway_core::name::Oid;
use shipway_history::{CommitId, Repository};
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// One commit: how far back its parents are, its date, and whether it is a release.
#[derive(Clone, Debug)]
struct Made {
    back: Vec<usize>,
    time: u32,
    tags: usize,
}

fn history() -> impl Strategy<Value = Vec<Made>> {
    let back = prop_oneof![
        6 => Just(vec![1]),
        3 => prop::collection::vec(1_usize..8, 2),
        1 => prop::collection::vec(1_usize..12, 1..5),
        1 => Just(vec![]),
    ];
    // Dates that say nothing, or nearly the truth.
    let time = prop_oneof![0_u32..1000, 500_u32..510];
    let tags = prop_oneof![5 => Just(0_usize), 2 => Just(1_usize), 1 => Just(2_usize)];
    let made = (back, time, tags).prop_map(|(back, time, tags)| Made { back, time, tags });
    prop::collection::vec(made, 1..32)
}

/// The graph in a repository, every commit as a branch `c0`, `c1`, …, and releases tagged by rising versions.
struct Laid {
    world: World,
    parents: Vec<Vec<usize>>,
    ids: Vec<String>,
    /// By commit.
    tags: Vec<Vec<String>>,
}

fn lay(history: &[Made]) -> Laid {
    let world = World::new();
    let mut stream = String::new();
    let (mut all_parents, mut all_tags) = (Vec::new(), Vec::new());
    for (number, made) in history.iter().enumerate() {
        let mut parents: Vec<usize> = made
            .back
            .iter()
            .filter_map(|back| number.checked_sub(*back))
            .collect();
        let mut seen = BTreeSet::new();
        parents.retain(|parent| seen.insert(*parent));
        // Marks of fast-import begin with 1.
        write!(
            stream,
            "reset refs/heads/c{number}\ncommit refs/heads/c{number}\nmark :{}\n\
             committer Ada <ada@example.org> {} +0000\ndata 4\n{number:04}\n",
            number + 1,
            made.time,
        )
        .unwrap();
        for (nth, parent) in parents.iter().enumerate() {
            let joins = if nth == 0 { "from" } else { "merge" };
            writeln!(stream, "{joins} :{}", parent + 1).unwrap();
        }
        let tags: Vec<String> = (0..made.tags)
            .map(|nth| format!("v{number}.{nth}"))
            .collect();
        for tag in &tags {
            write!(stream, "reset refs/tags/{tag}\nfrom :{}\n\n", number + 1).unwrap();
        }
        all_parents.push(parents);
        all_tags.push(tags);
    }
    stream += "done\n";
    world.with_input(&["fast-import", "--quiet", "--done"], stream.as_bytes());
    let listed = world.git(&[
        "for-each-ref",
        "--format=%(refname:short) %(objectname)",
        "refs/heads",
    ]);
    let mut ids = vec![String::new(); history.len()];
    for line in listed.lines() {
        let (name, id) = line.split_once(' ').unwrap();
        id.clone_into(&mut ids[name[1..].parse::<usize>().unwrap()]);
    }
    Laid {
        world,
        parents: all_parents,
        ids,
        tags: all_tags,
    }
}

impl Laid {
    /// Itself and all behind it, by the definition.
    fn behind(&self, commit: usize) -> BTreeSet<usize> {
        let mut found = BTreeSet::new();
        let mut open = vec![commit];
        while let Some(commit) = open.pop() {
            if found.insert(commit) {
                open.extend(&self.parents[commit]);
            }
        }
        found
    }

    fn oid(&self, commit: usize) -> Oid {
        Oid::new(self.ids[commit].clone()).unwrap()
    }

    fn numbers(&self, commits: &[CommitId]) -> BTreeSet<usize> {
        let number = |id: &CommitId| {
            let id = id.to_string();
            self.ids.iter().position(|one| *one == id).unwrap()
        };
        commits.iter().map(number).collect()
    }

    /// What git lists.
    fn git(&self, arguments: &[&str]) -> BTreeSet<usize> {
        let listed = self.world.git(&[&["rev-list"], arguments].concat());
        let number = |line: &str| self.ids.iter().position(|one| one == line).unwrap();
        listed.lines().map(number).collect()
    }

    fn releases(&self) -> Vec<usize> {
        let all = 0..self.ids.len();
        all.filter(|commit| !self.tags[*commit].is_empty())
            .collect()
    }
}

fn check(laid: &Laid, repository: &Repository) -> Result<(), TestCaseError> {
    let head = laid.ids.len() - 1;
    let all_tags = tags(repository);
    let name = |at: usize| all_tags[at].name.short().to_owned();
    let behind: Vec<BTreeSet<usize>> = (0..=head).map(|commit| laid.behind(commit)).collect();

    // Ranges.
    for since in (0..=head).step_by(3) {
        let ours = repository
            .range(&laid.oid(head), Some(&laid.oid(since)))
            .unwrap();
        let truth: BTreeSet<usize> = behind[head].difference(&behind[since]).copied().collect();
        prop_assert_eq!(laid.numbers(&ours), truth, "c{}..c{}", since, head);
    }

    // The latest release: the highest among those that no other release of the history contains.
    let reached: Vec<usize> = laid
        .releases()
        .into_iter()
        .filter(|at| behind[head].contains(at))
        .collect();
    let outermost = reached.iter().filter(|one| {
        !reached
            .iter()
            .any(|other| other != *one && behind[*other].contains(one))
    });
    let latest = repository.latest(&laid.oid(head), &all_tags).unwrap();
    let expected = outermost
        .max()
        .map(|at| laid.tags[*at].last().unwrap().clone());
    prop_assert_eq!(latest.map(|tag| tag.name.short().to_owned()), expected);

    // What each release brought.
    let found = repository.releases(&laid.oid(head), &all_tags).unwrap();
    prop_assert_eq!(found.releases.len(), reached.len());
    let place =
        |release: &shipway_history::Release| *laid.numbers(&[release.commit]).first().unwrap();
    let mut accounted = laid.numbers(&found.unreleased);
    let released: BTreeSet<usize> = reached.iter().flat_map(|at| behind[*at].clone()).collect();
    prop_assert_eq!(
        &accounted,
        &behind[head].difference(&released).copied().collect()
    );
    for release in &found.releases {
        let at = place(release);
        let names: Vec<String> = release.tags.iter().map(|tag| name(*tag)).collect();
        prop_assert_eq!(&names, &laid.tags[at]);
        let inner: Vec<usize> = reached
            .iter()
            .copied()
            .filter(|other| *other != at && behind[at].contains(other))
            .collect();
        let earlier: BTreeSet<usize> = inner
            .iter()
            .flat_map(|other| behind[*other].clone())
            .collect();
        let truth: BTreeSet<usize> = behind[at].difference(&earlier).copied().collect();
        let ours = laid.numbers(&release.commits);
        prop_assert_eq!(&ours, &truth, "release c{}", at);
        prop_assert_eq!(ours.len(), release.commits.len());
        accounted.extend(ours);
        let nearest: BTreeSet<usize> = inner
            .iter()
            .copied()
            .filter(|one| {
                !inner
                    .iter()
                    .any(|other| other != one && behind[*other].contains(one))
            })
            .collect();
        let previous = release
            .previous
            .iter()
            .map(|at| place(&found.releases[*at]))
            .collect();
        prop_assert_eq!(nearest, previous, "before c{}", at);
    }
    prop_assert_eq!(&accounted, &behind[head]);

    // The first releases with a commit, on all branches.
    for commit in (0..=head).step_by(4) {
        let with: Vec<usize> = laid
            .releases()
            .into_iter()
            .filter(|at| behind[*at].contains(&commit))
            .collect();
        let first = with.iter().filter(|one| {
            !with
                .iter()
                .any(|other| other != *one && behind[**one].contains(other))
        });
        let truth: BTreeSet<String> = first.map(|at| laid.tags[*at][0].clone()).collect();
        let ours = repository.first_with(&laid.oid(commit), &all_tags).unwrap();
        let ours = ours.iter().map(|tag| tag.name.short().to_owned()).collect();
        prop_assert_eq!(truth, ours, "first with c{}", commit);
    }

    // Many bases at once.
    for with_none in [false, true] {
        let chosen: Vec<usize> = (0..=head).rev().step_by(5).collect();
        let ids: Vec<Oid> = chosen.iter().map(|at| laid.oid(*at)).collect();
        let mut bases: Vec<Option<&Oid>> = ids.iter().map(Some).collect();
        bases.extend(ids.first().map(Some));
        if with_none {
            bases.push(None);
        }
        let since = repository.since_each(&laid.oid(head), &bases).unwrap();
        for (at, base) in chosen.iter().chain(chosen.first()).enumerate() {
            let ours: Vec<CommitId> = since
                .commits
                .iter()
                .enumerate()
                .filter(|(nth, _)| !since.is_in(*nth, at))
                .map(|(_, id)| *id)
                .collect();
            let truth: BTreeSet<usize> = behind[head].difference(&behind[*base]).copied().collect();
            prop_assert_eq!(laid.numbers(&ours), truth, "since c{}", base);
        }
        if with_none {
            prop_assert_eq!(laid.numbers(&since.commits), behind[head].clone());
            prop_assert!(!(0..since.commits.len()).any(|nth| since.is_in(nth, bases.len() - 1)));
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, max_shrink_iters: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_history_is_read_as_git_reads_it(history in history()) {
        let laid = lay(&history);
        check(&laid, &laid.world.open())?;
        // With a commit-graph git knows the graph, and not only the dates.
        laid.world.git(&["commit-graph", "write", "--reachable"]);
        check(&laid, &laid.world.open())?;
        let head = format!("c{}", history.len() - 1);
        for since in (0..history.len()).step_by(4) {
            let truth: BTreeSet<usize> = laid.behind(history.len() - 1).difference(&laid.behind(since)).copied().collect();
            prop_assert_eq!(laid.git(&["--topo-order", &head, &format!("^c{since}")]), truth);
        }
    }
}

#[test]
fn ranges_come_in_the_order_of_git_log() {
    let world = World::new();
    for number in 0..4 {
        world.commit(&format!("feat: {number}"));
    }
    world.git(&["branch", "side", "HEAD~2"]);
    world.git(&["checkout", "-q", "side"]);
    world.commit("fix: side");
    world.commit("fix: side again");
    world.git(&["checkout", "-q", "main"]);
    world.commit("feat: after");
    world.git(&["merge", "-q", "--no-ff", "-m", "Merge", "side"]);
    let repository = world.open();
    let ours = repository
        .range(&world.id("main"), Some(&world.id("main~3")))
        .unwrap();
    let ours: Vec<String> = ours.iter().map(ToString::to_string).collect();
    let listed = world.git(&["log", "--format=%H", "main~3..main"]);
    assert_eq!(ours, listed.lines().collect::<Vec<_>>());
}
