//! Laws that hold at every moment of a random life of a train.

use super::world::{At, Life, LifeLine, day, line, member};
use super::*;
use crate::facts::EnginePoint;
use crate::pack::Severity;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// What can happen to a train.
#[derive(Clone, Copy, Debug)]
enum Step {
    Wait(u8),
    /// With the branch of the next line, or without: somebody forgot it.
    OpenPreRelease(bool),
    MakeBranch,
    Freeze,
    CutPatch,
    CutLtsPatch,
    CutNext,
    /// A member asks for one branch more.
    Switch(u8),
    /// A member's main branch targets the release, or the engine's main branch.
    Retarget(u8, bool),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        (1..40_u8).prop_map(Step::Wait),
        any::<bool>().prop_map(Step::OpenPreRelease),
        Just(Step::MakeBranch),
        Just(Step::Freeze),
        Just(Step::CutPatch),
        Just(Step::CutLtsPatch),
        Just(Step::CutNext),
        (0..4_u8).prop_map(Step::Switch),
        (0..4_u8, any::<bool>()).prop_map(|(member, released)| Step::Retarget(member, released)),
    ];
    proptest::collection::vec(step, 1..30)
}

const VERSIONS: &[&str] = &[
    "1.4", "1.5", "2.0", "2.1", "3.0", "3.1", "3.2", "4.0", "5.0", "5.1", "6.0", "6.1",
];

fn birth() -> Life {
    let lines: Vec<LifeLine> = VERSIONS
        .iter()
        .enumerate()
        .map(|(number, version)| LifeLine {
            lts: number % 2 == 0,
            ..line(version, "name")
        })
        .collect();
    let mut life = Life {
        now: 0,
        lines,
        log: Vec::new(),
        members: Vec::new(),
        more: String::new(),
    };
    (life.lines[0].opened, life.lines[0].released) = (Some(-20), vec![-10]);
    for name in ["a", "b", "c", "d"] {
        let mut one = member(name, &[]);
        let released = EnginePoint::Tag("v1.4.0".to_owned());
        one.targets
            .insert("main".to_owned(), (released.clone(), released));
        life.members.push(one);
    }
    life
}

struct World {
    life: Life,
    pack: Pack,
}

impl World {
    fn ask<T>(&self, ask: impl FnOnce(&Situation<'_>) -> T) -> T {
        let (train, facts) = (self.life.train(), self.life.facts());
        ask(&Situation::new(&train, &self.pack, &facts))
    }

    fn current(&self) -> usize {
        self.life
            .lines
            .iter()
            .rposition(|line| !line.released.is_empty())
            .unwrap()
    }

    /// Pins follow the tips, as they would after a bump.
    fn pins(&mut self) {
        let references: Vec<String> = self.life.facts().pins.keys().cloned().collect();
        for member in &mut self.life.members {
            for reference in &references {
                let tip = if member.branches.contains(reference) {
                    reference.clone()
                } else {
                    "main".to_owned()
                };
                member.pins.insert(reference.clone(), At::Tip(tip));
            }
        }
    }

    /// Does what the rules allow; says whether they did.
    fn take(&mut self, step: Step) -> bool {
        // A day goes by first, so that no two things happen at once.
        self.life.now += 1;
        self.pins();
        let current = self.current();
        let may = |world: &Self, event: &str| {
            world.ask(|situation| {
                situation
                    .event(event, None, Some(true))
                    .is_ok_and(|check| check.may_happen())
            })
        };
        match step {
            Step::Wait(days) => self.life.now += i64::from(days),
            Step::OpenPreRelease(made) if may(self, "open-pre-release") => {
                self.life.lines[current + 1].opened = made.then_some(self.life.now);
                self.life.log.push((self.life.now, "open-pre-release"));
            }
            Step::MakeBranch if may(self, "create-next-branch") => {
                self.life.lines[current + 1].opened = Some(self.life.now);
            }
            Step::Freeze if may(self, "declare-freeze") => {
                self.life.log.push((self.life.now, "declare-freeze"));
            }
            Step::CutPatch if may(self, "cut-patch") => {
                self.life.lines[current].released.push(self.life.now);
            }
            Step::CutLtsPatch => {
                let lts = self.ask(|situation| {
                    situation
                        .moment
                        .supported()
                        .next()
                        .map(|line| line.branch.clone())
                });
                let Some(lts) = lts else { return false };
                let now = self.life.now;
                self.life
                    .lines
                    .iter_mut()
                    .find(|line| line.branch == lts)
                    .unwrap()
                    .released
                    .push(now);
            }
            Step::CutNext => {
                let major = VERSIONS[current].split('.').next()
                    != VERSIONS
                        .get(current + 1)
                        .and_then(|one| one.split('.').next());
                if !may(self, if major { "cut-major" } else { "cut-minor" }) {
                    return false;
                }
                self.life.lines[current + 1].released.push(self.life.now);
            }
            Step::Switch(which) => return self.switch(usize::from(which)),
            Step::Retarget(which, released) => {
                let tag = self.ask(|situation| {
                    situation
                        .moment
                        .release("cur.z", None)
                        .map(|one| format!("v{one}"))
                });
                let point = match tag {
                    Some(tag) if released => EnginePoint::Tag(tag),
                    _ => EnginePoint::Branch("main".to_owned()),
                };
                self.life.members[usize::from(which)]
                    .targets
                    .insert("main".to_owned(), (point.clone(), point));
            }
            _ => return false,
        }
        true
    }

    fn switch(&mut self, which: usize) -> bool {
        let name = self.life.members[which].name;
        let has = self.ask(|situation| {
            situation
                .branch_type(situation.member(name).unwrap())
                .known()
                .copied()
        });
        let to = match has {
            Some(BranchType::Single) => BranchType::Two,
            Some(BranchType::Two) => BranchType::Three,
            _ => return false,
        };
        let plan = self.ask(|situation| situation.switch(name, to)).unwrap();
        if !plan.verdict.passes() {
            assert!(plan.way_out.is_some(), "{plan:?}");
            return false;
        }
        let branch = plan.branch.unwrap();
        assert!(
            !self.life.members[which].branches.contains(&branch.name),
            "{branch:?}"
        );
        self.life.members[which].branches.push(branch.name);
        true
    }

    /// Every question has one answer, and every branch that an answer names is there or to be made.
    fn every_change_has_one_answer(&self) -> Result<(), TestCaseError> {
        let facts = self.life.facts();
        let has = |repository: &str, branch: &str| {
            let found = if repository == "goose" {
                &facts.engine
            } else {
                &facts.members[repository].repository
            };
            found
                .known()
                .is_some_and(|found| found.branch(branch).is_some())
        };
        let mut wanted: Vec<Wanted> = ["cur.patch", "next.0", "next2.0"]
            .map(|word| Wanted::Word(word.to_owned()))
            .to_vec();
        if self.ask(|situation| situation.moment.supported().next().is_some()) {
            wanted.push(Wanted::Word("lts.patch".to_owned()));
        }
        let train = self.life.train();
        let situation = Situation::new(&train, &self.pack, &facts);
        let lines = train.lines.iter().flat_map(|line| {
            let first = line.version.first_release();
            [
                first.clone(),
                first.next_patch(),
                situation.moment.upcoming(line),
            ]
        });
        wanted.extend(lines.map(Wanted::Release));
        let subjects = std::iter::once(Subject::Engine).chain(
            self.life
                .members
                .iter()
                .map(|one| Subject::Member(one.name)),
        );
        for subject in subjects {
            for (change, wanted) in wanted
                .iter()
                .flat_map(|wanted| [(Change::Bugfix, wanted), (Change::Feature, wanted)])
            {
                let last = situation.moment.next().is_none();
                let place = match situation.place(subject, change, wanted) {
                    Ok(place) => place,
                    // Where the list ends there is no next line to want something in.
                    Err(Undecided::Word { .. }) if last => continue,
                    Err(error) => {
                        return Err(TestCaseError::fail(format!(
                            "{subject:?} {change:?} {wanted:?}: {error}"
                        )));
                    }
                };
                prop_assert_eq!(
                    place.branch.is_some(),
                    place.verdict.passes(),
                    "{:?}",
                    place
                );
                prop_assert_eq!(
                    place.way_out.is_some(),
                    place.verdict > Severity::Warn,
                    "{:?}",
                    place
                );
                if let Some(branch) = &place.branch {
                    let there = has(&branch.repository, &branch.name);
                    prop_assert_eq!(there, branch.create.is_none(), "{:?}", place);
                }
                if let Wanted::Release(release) = wanted {
                    let exists = situation
                        .moment
                        .line_of(release)
                        .and_then(|line| situation.moment.latest(line))
                        .is_some_and(|latest| latest >= release);
                    prop_assert!(
                        !(exists && place.verdict.passes()),
                        "released already: {:?}",
                        place
                    );
                }
            }
        }
        Ok(())
    }

    /// The type of every member is one that the phase allows, and the answers fit the phase.
    fn types_fit_the_phase(&self) -> Result<(), TestCaseError> {
        self.ask(|situation| {
            for member in &situation.train.members {
                let kind = situation.branch_type(member);
                let Known::Known(kind) = kind else {
                    return Err(TestCaseError::fail(format!("{kind:?}")));
                };
                let question = [
                    ("phase", situation.moment.phase.phase.as_str()),
                    ("type", kind.as_str()),
                ];
                let row = situation.pack.ask("branch-types", &question).unwrap();
                prop_assert!(
                    row.severity.passes(),
                    "{} has {kind:?} in {}",
                    member.name,
                    situation.moment.phase.phase
                );
            }
            Ok(())
        })
    }

    fn tags(&self) -> BTreeMap<String, String> {
        let engine = self.life.facts().engine;
        engine
            .known()
            .unwrap()
            .tags
            .iter()
            .map(|tag| (tag.name.clone(), tag.commit.to_string()))
            .collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    #[test]
    fn at_every_moment_every_change_has_exactly_one_answer(steps in steps()) {
        let mut world = World { life: birth(), pack: Pack::builtin("goose").unwrap() };
        let mut seen: BTreeMap<String, String> = world.tags();
        for step in steps {
            let before: BTreeMap<&str, Option<BranchType>> = world.life.members.iter().map(|one| {
                (one.name, world.ask(|situation| situation.branch_type(situation.member(one.name).unwrap()).known().copied()))
            }).collect();
            // What the rules call the next releases must not exist, so that no tag is made twice.
            let coming: BTreeSet<String> = world.ask(|situation| {
                ["cur.patch", "next.0", "lts.patch"].iter().filter_map(|word| situation.moment.release(word, None)).map(|one| format!("v{one}")).collect()
            });
            prop_assert!(coming.iter().all(|tag| !seen.contains_key(tag)), "{coming:?}");
            let done = world.take(step);
            world.pins();
            if done && matches!(step, Step::CutNext) {
                let after = world.ask(|situation| {
                    situation.train.members.iter().map(|one| situation.branch_type(one).known().copied()).collect::<Vec<_>>()
                });
                for (member, after) in world.life.members.iter().zip(after) {
                    let expected = world.ask(|situation| before[member.name].map(|kind| situation.after_departure(kind)));
                    prop_assert_eq!(after, expected, "{} was {:?}", member.name, before[member.name]);
                }
            }
            let tags = world.tags();
            for (tag, commit) in &seen {
                prop_assert_eq!(tags.get(tag), Some(commit), "{} moved", tag);
            }
            let new: Vec<&String> = tags.keys().filter(|tag| !seen.contains_key(*tag)).collect();
            prop_assert!(new.iter().all(|tag| coming.contains(*tag)), "{new:?} of {coming:?}");
            seen = tags;
            world.every_change_has_one_answer()?;
            world.types_fit_the_phase()?;
        }
    }

    /// A decision about a day does not change because later days happened.
    #[test]
    fn the_past_stays_as_it_was(steps in steps()) {
        let mut world = World { life: birth(), pack: Pack::builtin("goose").unwrap() };
        let mut said = Vec::new();
        let ask = |world: &World| world.ask(|situation| (situation.moment.phase.phase.clone(), situation.lines()));
        for step in steps {
            world.take(step);
            said.push((world.life.now, ask(&world)));
        }
        for (now, answer) in said {
            world.life.now = now;
            prop_assert_eq!(&ask(&world), &answer, "{}", day(now));
        }
    }
}

/// The laws above mean something only if lives get somewhere.
#[test]
fn a_life_reaches_every_phase_and_type() {
    let mut world = World {
        life: birth(),
        pack: Pack::builtin("goose").unwrap(),
    };
    for (step, works) in [
        (Step::Freeze, false),
        (Step::Switch(0), true),
        (Step::Switch(0), false),
        (Step::CutNext, false),
        (Step::OpenPreRelease(true), true),
        (Step::Switch(0), true),
        (Step::CutPatch, true),
        (Step::Freeze, true),
        (Step::CutNext, true),
        (Step::CutLtsPatch, true),
        (Step::OpenPreRelease(false), true),
        (Step::Freeze, false),
        (Step::MakeBranch, true),
        (Step::Switch(1), true),
    ] {
        assert_eq!(
            world.take(step),
            works,
            "{step:?} on {}",
            day(world.life.now)
        );
    }
    world.every_change_has_one_answer().unwrap();
}
