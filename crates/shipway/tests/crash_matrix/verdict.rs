//! Whether the world after a scenario is that of an undisturbed run.

use crate::bench::Bench;
use crate::scenario::Scenario;
use crate::world::{Ran, Sight};
use std::collections::{BTreeMap, BTreeSet};

/// Steps that are done at most once: where their answer was lost, that is noted and they are not repeated.
const AT_MOST_ONCE: [&str; 2] = ["announce/list", "announce/chat"];

/// How a scenario went, before anybody looks at the world.
pub struct End {
    pub last: Ran,
    /// Times that it stopped half way by itself.
    pub stops: usize,
    /// Why the scenario did not happen as it was meant to.
    pub odd: Option<String>,
}

impl Default for End {
    fn default() -> Self {
        Self {
            last: Ran {
                code: None,
                signal: None,
                stdout: String::new(),
                stderr: String::new(),
            },
            stops: 0,
            odd: None,
        }
    }
}

#[derive(Clone, Debug, Default)]
pub struct Verdict {
    pub missing: Vec<String>,
    pub duplicates: Vec<String>,
    /// Other bytes, other objects, or something that nobody planned.
    pub wrong: Vec<String>,
    /// The exit code or the state is not that of the course: 0 and "released".
    pub red: bool,
    /// Announcements that are noted instead of sent or sent and noted, as they must be where the answer was lost.
    pub noted: Vec<String>,
    /// Times that a person had to resume although nobody killed anything.
    pub stops: usize,
    /// Faults of the report or of the scenario itself.
    pub odd: Vec<String>,
    /// The last words, where anything is not as it must be.
    pub said: String,
}

impl Verdict {
    pub fn of(bench: &Bench, scenario: &Scenario, end: End) -> Self {
        let course = scenario.course();
        let measure = bench.measured(course);
        let (state, steps) = bench.standing();
        let mut verdict = Self {
            red: end.last.code != Some(course.code()) || state != course.state(),
            stops: end.stops,
            odd: end.odd.into_iter().collect(),
            ..Self::default()
        };
        let sight = bench.world.look();
        verdict.steps(bench, scenario, &steps);
        verdict.compare(&measure.sight, &sight);
        verdict.tidy(bench);
        if end.stops > 0 && matches!(scenario, Scenario::Fault { .. }) {
            verdict
                .odd
                .push("a passing fault stopped the release".to_owned());
        }
        if !verdict.survived() {
            let (stdout, stderr) = (&end.last.stdout, &end.last.stderr);
            verdict.said = format!("exit code {:?}, {state}\n{stdout}{stderr}", end.last.code);
        }
        verdict
    }

    /// For a world that nobody could look at afterwards.
    pub fn unseen() -> Self {
        Self {
            red: true,
            odd: vec!["the world cannot be looked at: see above".to_owned()],
            ..Self::default()
        }
    }

    pub fn survived(&self) -> bool {
        self.missing.is_empty()
            && self.duplicates.is_empty()
            && self.wrong.is_empty()
            && self.odd.is_empty()
            && !self.red
    }

    /// What is noted must be an announcement that was begun and whose answer was lost; all else must stand as it does when
    /// nothing goes wrong.
    fn steps(&mut self, bench: &Bench, scenario: &Scenario, steps: &BTreeMap<String, String>) {
        let mut begun: Option<BTreeSet<String>> = None;
        for (step, wanted) in &bench.measured(scenario.course()).steps {
            let found = steps.get(step).map_or("unknown", String::as_str);
            if found == wanted {
                continue;
            }
            let was_begun = begun
                .get_or_insert_with(|| begun_and_lost(bench))
                .contains(step);
            let may = AT_MOST_ONCE.contains(&step.as_str()) && !matches!(scenario, Scenario::Clean);
            if may && found == "noted" && was_begun {
                self.noted.push(step.clone());
            } else {
                self.odd
                    .push(format!("{step} is {found} instead of {wanted}"));
            }
        }
    }

    fn compare(&mut self, wanted: &Sight, found: &Sight) {
        self.named("index", &wanted.index, &found.index);
        self.named("test index", &wanted.test_index, &found.test_index);
        self.named("remote", &wanted.remote_refs, &found.remote_refs);
        self.named("local", &wanted.local_refs, &found.local_refs);
        self.listed("milestone", &wanted.milestones, &found.milestones);
        let noted = |step: &str| self.noted.iter().any(|one| one == step);
        let (mail, call) = (noted("announce/list"), noted("announce/chat"));
        if !(mail && found.mails.is_empty()) {
            self.listed("mail", &wanted.mails, &found.mails);
        }
        if !(call && found.calls.is_empty()) {
            self.listed("webhook call", &wanted.calls, &found.calls);
        }
        let texts = |sight: &Sight| -> Vec<String> {
            sight
                .releases
                .iter()
                .map(|one| format!("{one:?}"))
                .collect()
        };
        if found.releases.len() > wanted.releases.len() {
            self.duplicates
                .push(format!("releases: {:#?}", found.releases));
        } else if wanted.releases.len() > found.releases.len() {
            self.missing.push("the GitHub release".to_owned());
        } else if texts(wanted) != texts(found) {
            self.wrong
                .push(format!("GitHub release: {:#?}", found.releases));
        }
        if found.head != wanted.head || found.dirty != wanted.dirty {
            self.wrong
                .push(format!("working tree on {}: {:?}", found.head, found.dirty));
        }
    }

    fn named(
        &mut self,
        place: &str,
        wanted: &BTreeMap<String, String>,
        found: &BTreeMap<String, String>,
    ) {
        for (name, what) in wanted {
            match found.get(name) {
                None => self.missing.push(format!("{place}: {name}")),
                Some(there) if there != what => {
                    self.wrong
                        .push(format!("{place}: {name} is {there} and not {what}"));
                }
                Some(_) => {}
            }
        }
        for name in found.keys().filter(|name| !wanted.contains_key(*name)) {
            self.wrong.push(format!("{place}: {name} was not planned"));
        }
    }

    fn listed(&mut self, what: &str, wanted: &[String], found: &[String]) {
        if found.len() > wanted.len() {
            self.duplicates.push(format!("{what}: {found:?}"));
        } else if found.len() < wanted.len() {
            self.missing.push(what.to_owned());
        } else if found != wanted {
            self.wrong.push(format!("{what}: {found:?}"));
        }
    }

    /// Nothing is left behind that stops or misleads the next command, and both repositories are whole.
    fn tidy(&mut self, bench: &Bench) {
        for directory in [bench.world.repository().join(".git"), bench.world.remote()] {
            self.locks(&directory);
        }
        let whole = bench
            .world
            .git_there(&["fsck", "--connectivity-only", "--no-dangling"]);
        if !whole.is_empty() {
            self.wrong.push(format!("the remote is not whole: {whole}"));
        }
        let journal = bench.world.shipway(&["verify", "--journal"]);
        if journal.code != Some(0) {
            self.odd.push(format!("the journal: {}", journal.stderr));
        }
    }

    fn locks(&mut self, directory: &std::path::Path) {
        let Ok(entries) = fs_err::read_dir(directory) else {
            return;
        };
        for path in entries.filter_map(Result::ok).map(|entry| entry.path()) {
            if path.is_dir() && !path.ends_with("objects") {
                self.locks(&path);
            } else if path.extension().is_some_and(|end| end == "lock") {
                self.odd.push(format!("left behind: {}", path.display()));
            }
        }
    }
}

/// Steps of which something was sent, and no answer said that it arrived.
fn begun_and_lost(bench: &Bench) -> BTreeSet<String> {
    let events = bench.events();
    let of = |kind: &str| -> BTreeSet<String> {
        let these = events.iter().filter(|event| event["event"] == kind);
        these
            .filter_map(|event| event["step"].as_str().map(str::to_owned))
            .collect()
    };
    &of("intent") - &of("accepted")
}

/// The oracle itself: each way of being wrong is seen, and seen as what it is.
#[test]
fn a_world_that_is_not_as_it_must_be_is_seen() {
    let named = |what: &str| BTreeMap::from([("name".to_owned(), what.to_owned())]);
    let release = crate::world::sight::ReleaseSeen {
        tag: "v1".to_owned(),
        draft: false,
        prerelease: false,
        name: "one".to_owned(),
        notes: String::new(),
        assets: vec![("file".to_owned(), "uploaded 00".to_owned())],
    };
    let wanted = Sight {
        index: named("00"),
        remote_refs: named("11"),
        releases: vec![release],
        mails: vec!["mail".to_owned()],
        ..Sight::default()
    };
    let seen = |change: &dyn Fn(&mut Sight), noted: &[&str]| {
        let mut found = wanted.clone();
        change(&mut found);
        let mut verdict = Verdict {
            noted: noted.iter().map(|&step| step.to_owned()).collect(),
            ..Verdict::default()
        };
        verdict.compare(&wanted, &found);
        (
            verdict.missing.len(),
            verdict.duplicates.len(),
            verdict.wrong.len(),
        )
    };
    assert_eq!(seen(&|_| {}, &[]), (0, 0, 0));
    assert_eq!(seen(&|sight| sight.index.clear(), &[]), (1, 0, 0));
    assert_eq!(seen(&|sight| sight.index = named("01"), &[]), (0, 0, 1));
    assert_eq!(
        seen(&|sight| sight.remote_refs = named("12"), &[]),
        (0, 0, 1)
    );
    let stray = |sight: &mut Sight| drop(sight.index.insert("stray".to_owned(), String::new()));
    assert_eq!(seen(&stray, &[]), (0, 0, 1));
    let twice = |sight: &mut Sight| sight.releases.push(sight.releases[0].clone());
    assert_eq!(seen(&twice, &[]), (0, 1, 0));
    assert_eq!(
        seen(&|sight| sight.releases[0].draft = true, &[]),
        (0, 0, 1)
    );
    assert_eq!(
        seen(&|sight| sight.releases[0].assets.clear(), &[]),
        (0, 0, 1)
    );
    assert_eq!(seen(&|sight| sight.mails.clear(), &[]), (1, 0, 0));
    assert_eq!(
        seen(&|sight| sight.mails.clear(), &["announce/list"]),
        (0, 0, 0)
    );
    let again = |sight: &mut Sight| sight.mails.push("mail".to_owned());
    assert_eq!(seen(&again, &["announce/list"]), (0, 1, 0));
    assert_eq!(
        seen(&|sight| sight.dirty = " M file".to_owned(), &[]),
        (0, 0, 1)
    );
}
