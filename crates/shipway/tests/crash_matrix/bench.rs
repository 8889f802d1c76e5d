//! One world with one plan, in which scenarios are carried out one after the other.

use crate::fault::Place;
use crate::scenario::Scenario;
use crate::verdict::{End, Verdict};
use crate::world::{Ran, Sight, World};
use fs_err as fs;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Turns of `resume` that a person is patient for.
const TURNS: usize = 8;
/// One step at a time, so that the points of two runs are the same.
const IN_LINE: &str = "--jobs=1";

/// Where a release goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Course {
    Released,
    /// Rejected where people are asked, and taken back.
    TakenBack,
}

impl Course {
    pub const ALL: [Self; 2] = [Self::Released, Self::TakenBack];

    /// Its commands, in order.
    fn phases(self) -> [Phase; 3] {
        match self {
            Self::Released => [Phase::Release, Phase::Approve, Phase::Resume],
            Self::TakenBack => [Phase::Release, Phase::Reject, Phase::TakeBack],
        }
    }

    /// The run's state in the end.
    pub fn state(self) -> &'static str {
        match self {
            Self::Released => "released",
            Self::TakenBack => "rolled-back",
        }
    }

    /// The exit code in the end.
    pub fn code(self) -> i32 {
        self.phases()[2].code()
    }
}

/// One command of a course.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    Release,
    Approve,
    Resume,
    Reject,
    /// `resume` after a rejection.
    TakeBack,
}

impl Phase {
    pub const ALL: [Self; 5] = [
        Self::Release,
        Self::Approve,
        Self::Resume,
        Self::Reject,
        Self::TakeBack,
    ];

    pub fn word(self) -> &'static str {
        match self {
            Self::Release => "release",
            Self::Approve => "approve",
            Self::Resume => "resume",
            Self::Reject => "reject",
            Self::TakeBack => "resume after reject",
        }
    }

    pub fn course(self) -> Course {
        match self {
            Self::Release | Self::Approve | Self::Resume => Course::Released,
            Self::Reject | Self::TakeBack => Course::TakenBack,
        }
    }

    /// Its exit code where nothing goes wrong.
    fn code(self) -> i32 {
        match self {
            Self::Release => 5,
            Self::Approve | Self::Resume | Self::Reject => 0,
            Self::TakeBack => 4,
        }
    }
}

/// What an undisturbed run leaves.
#[derive(Default)]
pub struct Measure {
    pub sight: Sight,
    /// Step -> how it stands.
    pub steps: BTreeMap<String, String>,
}

/// How many points of each name a phase passes.
type Points = BTreeMap<Phase, Vec<(String, usize)>>;

pub struct Bench {
    pub world: World,
    plan: PathBuf,
    points: Points,
    /// How long an undisturbed phase takes here.
    took: BTreeMap<Phase, Duration>,
    /// Step of each effect of a phase, in order.
    effects: BTreeMap<Phase, Vec<String>>,
    measures: BTreeMap<Course, Measure>,
}

impl Bench {
    pub fn new() -> Self {
        let world = World::new();
        let plan = world.scratch().join("plan.json");
        let mut bench = Self {
            world,
            plan,
            points: Points::new(),
            took: BTreeMap::new(),
            effects: BTreeMap::new(),
            measures: BTreeMap::new(),
        };
        bench.make_plan();
        let before = bench.world.look();
        for course in Course::ALL {
            bench.world.reset();
            bench.measure(course);
        }
        bench.judge_the_release();
        bench.judge_what_was_taken_back(before);
        bench
    }

    /// The plan, with waits that fit a test: what is waited for is the same, only shorter.
    fn make_plan(&self) {
        let path = self.plan.to_str().unwrap();
        self.world.shipway(&["plan", "minor", "-o", path]).must(0);
        let mut plan: Value = serde_json::from_slice(&fs::read(&self.plan).unwrap()).unwrap();
        for step in plan["steps"].as_array_mut().unwrap() {
            let Some(publish) = step["action"].get_mut("publish") else {
                continue;
            };
            publish["patience"]["first_wait"] = json!(20);
            if publish["target"]["kind"]
                .as_str()
                .unwrap()
                .starts_with("github")
            {
                publish["settle"] = json!(250);
            }
        }
        fs::write(&self.plan, serde_json::to_vec(&plan).unwrap()).unwrap();
    }

    /// An undisturbed run: its points, its effects, and what it leaves.
    fn measure(&mut self, course: Course) {
        let counts = self.world.scratch().join("points");
        for phase in course.phases() {
            let _ = fs::remove_file(&counts);
            let count = format!("count:{}", counts.display());
            let began = Instant::now();
            self.phase(phase, Some(&count)).must(phase.code());
            self.took.insert(phase, began.elapsed());
            let text = fs::read_to_string(&counts).unwrap();
            let points = text.lines().filter_map(|line| line.split_once(' '));
            let points = points.map(|(name, count)| (name.to_owned(), count.parse().unwrap()));
            self.points.insert(phase, points.collect());
        }
        let mut intents: Vec<String> = self
            .events()
            .iter()
            .filter(|event| event["event"] == "intent" || event["event"] == "retract-intent")
            .map(|event| event["step"].as_str().unwrap().to_owned())
            .collect();
        for phase in course.phases().into_iter().rev() {
            let count = self.count(phase, "before-effect");
            let effects = intents.split_off(intents.len() - count);
            self.effects.insert(phase, effects);
        }
        assert!(
            intents.is_empty(),
            "effects that no point was passed for: {intents:?}"
        );
        let measure = Measure {
            sight: self.world.look(),
            steps: self.standing().1,
        };
        self.measures.insert(course, measure);
    }

    pub fn measured(&self, course: Course) -> &Measure {
        &self.measures[&course]
    }

    /// Nothing of the release is left, but for what the test index keeps.
    fn judge_what_was_taken_back(&self, before: Sight) {
        let sight = &self.measured(Course::TakenBack).sight;
        assert_eq!(sight.test_index.len(), 2);
        let expected = Sight {
            test_index: sight.test_index.clone(),
            tracking: sight.tracking.clone(),
            ..before
        };
        assert_eq!(*sight, expected);
    }

    /// What everything else is compared with must itself be what the plan says.
    fn judge_the_release(&self) {
        let Measure { sight, steps } = self.measured(Course::Released);
        assert!(
            steps.len() > 15 && steps.values().all(|state| state == "stands"),
            "{steps:?}"
        );
        let plan: Value = serde_json::from_slice(&fs::read(&self.plan).unwrap()).unwrap();
        let commit = |role: &str| {
            let mut commits = plan["commits"].as_array().unwrap().iter();
            let found = commits.find(|commit| commit["role"] == role).unwrap();
            found["id"].as_str().unwrap().to_owned()
        };
        for refs in [&sight.remote_refs, &sight.local_refs] {
            assert_eq!(refs["refs/heads/main"], commit("next-version"));
            assert_eq!(refs["refs/heads/release/v1.1.0"], commit("release"));
            assert_eq!(
                refs["refs/tags/v1.1.0"],
                plan["tag"]["id"].as_str().unwrap()
            );
        }
        assert_eq!(sight.index.len(), 2);
        assert_eq!(sight.index, sight.test_index);
        let releases: Vec<_> = sight
            .releases
            .iter()
            .map(|one| (one.draft, one.assets.len()))
            .collect();
        assert_eq!(releases, [(false, 2)]);
        let lists = [&sight.milestones, &sight.mails, &sight.calls];
        assert!(lists.iter().all(|list| list.len() == 1), "{sight:?}");
    }

    pub fn points(&self, phase: Phase) -> &[(String, usize)] {
        &self.points[&phase]
    }

    fn count(&self, phase: Phase, name: &str) -> usize {
        let found = self.points[&phase].iter().find(|(known, _)| known == name);
        found.map_or(0, |(_, count)| *count)
    }

    /// What must be the same on every bench: addresses and commits differ.
    pub fn shape(&self) -> (&Points, &BTreeMap<Phase, Vec<String>>) {
        (&self.points, &self.effects)
    }

    /// The size of the run, for the report.
    pub fn figures(&self) -> String {
        let sum = |names: [&str; 2]| -> usize {
            let of = |phase| names.iter().map(move |name| self.count(phase, name));
            Phase::ALL.into_iter().flat_map(of).sum()
        };
        format!(
            "one release and one that is taken back: {} steps, {} journal points, {} effect points",
            self.measured(Course::Released).steps.len(),
            sum(["append", "after-append"]),
            sum(["before-effect", "after-effect"]),
        )
    }

    /// The events of the run, without numbers and times.
    pub fn events(&self) -> Vec<Value> {
        let ran = self.world.shipway(&["log", "--json"]);
        let lines = ran.stdout.lines();
        lines
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .map(|mut line| line["event"]["kind"].take())
            .collect()
    }

    /// The run in one word, and each step's.
    pub fn standing(&self) -> (String, BTreeMap<String, String>) {
        let ran = self.world.shipway(&["status", "--json"]);
        let status: Value = serde_json::from_str(&ran.stdout).unwrap_or_default();
        let report = &status["report"];
        let text = |value: &Value| value.as_str().unwrap_or("unreadable").to_owned();
        let steps = report["steps"].as_array().into_iter().flatten();
        let steps = steps.map(|step| (text(&step["id"]), text(&step["view"]["state"])));
        (text(&report["state"]), steps.collect())
    }

    fn phase(&self, phase: Phase, crash: Option<&str>) -> Ran {
        let variables: Vec<_> = crash
            .map(|at| ("SHIPWAY_CRASH_AT", at))
            .into_iter()
            .collect();
        self.world
            .shipway_with(&variables, &self.arguments(phase, &[IN_LINE]))
    }

    fn arguments<'a>(&'a self, phase: Phase, order: &[&'a str]) -> Vec<&'a str> {
        let plan = self.plan.to_str().unwrap();
        let (words, order): (&[&str], &[&str]) = match phase {
            Phase::Release => (&["release", "--yes", "--plan", plan], order),
            Phase::Approve => (&["approve", "--as", "Ines Albrecht"], &[]),
            Phase::Reject => (
                &["reject", "--as", "Ines Albrecht", "--note", "not yet"],
                &[],
            ),
            Phase::Resume | Phase::TakeBack => (&["resume"], order),
        };
        [words, order].concat()
    }

    pub fn run(&self, scenario: &Scenario) -> Verdict {
        self.world.reset();
        let (crash, place) = match scenario {
            Scenario::Clean => (None, None),
            Scenario::Death { phase, point } => (Some((*phase, point.clone())), None),
            Scenario::Fault { place, trouble } => (None, Some((*place, *trouble))),
            Scenario::FaultAndDeath { place, trouble } => {
                (Some(self.end_of(*place)), Some((*place, *trouble)))
            }
            Scenario::Kills { seed } => {
                let end = self.be_killed(*seed);
                return Verdict::of(self, scenario, end);
            }
        };
        let course = scenario.course();
        let mut end = End::default();
        for phase in course.phases() {
            if let Some((place, trouble)) = place.filter(|(place, _)| place.phase() == phase) {
                place.disturb(&self.world.servers, trouble);
            }
            let here = crash.as_ref().filter(|(dies, _)| *dies == phase);
            let ran = self.phase(phase, here.map(|(_, point)| point.as_str()));
            end.last.clone_from(&ran);
            if here.is_some() {
                if ran.signal != Some(9) {
                    end.odd = Some("the point was not passed".to_owned());
                }
                self.recover(course, &mut end);
                break;
            }
            if ran.code != Some(phase.code()) {
                end.stops += 1;
                self.recover(course, &mut end);
                break;
            }
        }
        if let Some((place, _)) = place
            && !place.is_quiet(&self.world.servers)
        {
            end.odd = Some("the fault was not met".to_owned());
        }
        Verdict::of(self, scenario, end)
    }

    /// The point after the first write of a place.
    fn end_of(&self, place: Place) -> (Phase, String) {
        let effects = &self.effects[&place.phase()];
        let number = effects.iter().position(|step| step == place.step());
        let number = number.unwrap_or_else(|| panic!("no effect of {}", place.step()));
        (place.phase(), format!("after-effect:{}", number + 1))
    }

    /// What a person does: resume until it is over, approve where asked, start again where there is nothing yet.
    fn recover(&self, course: Course, end: &mut End) {
        let [_, decide, _] = course.phases();
        for turn in 0..TURNS {
            let mut ran = self.phase(Phase::Resume, None);
            if turn == 0 && ran.code == Some(2) {
                ran = self.phase(Phase::Release, None);
            }
            match ran.code {
                Some(5) => {
                    let decided = self.phase(decide, None);
                    if decided.code != Some(0) {
                        end.last = decided;
                        return;
                    }
                }
                Some(6) => end.stops += 1,
                _ => {
                    end.last = ran;
                    return;
                }
            }
            end.last = ran;
        }
    }

    /// Two to six commands are killed at any moment of theirs, and then nobody disturbs any more.
    fn be_killed(&self, seed: u64) -> End {
        let mut random = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        let mut below = |limit: u64| {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            random % limit
        };
        let mut end = End::default();
        let mut next = Phase::Release;
        for _ in 0..2 + below(5) {
            let mut running = self.world.spawn(&[], &self.arguments(next, &["--jobs=3"]));
            let moment = u32::try_from(below(1000)).unwrap();
            std::thread::sleep(self.took[&next] * moment / 1000);
            running.kill();
            let ran = running.wait();
            next = match (ran.code, next) {
                (Some(5), _) => Phase::Approve,
                (Some(2), Phase::Resume) => Phase::Release,
                _ => Phase::Resume,
            };
        }
        self.recover(Course::Released, &mut end);
        end
    }
}
