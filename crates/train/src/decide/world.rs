//! A train in memory, for tests: what was done to it gives its file and its facts.

use crate::facts::*;
use crate::model::Train;
use shipway_core::name::Oid;
use shipway_core::time::Timestamp;
use std::collections::BTreeMap;
use std::fmt::Write;

pub(super) const DAY: i64 = 86_400_000;

/// 2026-01-01.
const START: i64 = 20_454;

pub(super) fn day(day: i64) -> Timestamp {
    Timestamp((START + day) * DAY)
}

/// An id that is the same for the same words.
pub(super) fn oid(words: &str) -> Oid {
    let hash = words.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    Oid::new(format!("{hash:016x}{hash:016x}{:08x}", words.len())).unwrap()
}

#[derive(Clone, Debug)]
pub(super) struct LifeLine {
    pub version: &'static str,
    pub branch: String,
    pub lts: bool,
    pub announced: Option<i64>,
    pub end_of_life: Option<i64>,
    /// Day of each release: `.0`, `.1`, ….
    pub released: Vec<i64>,
    /// When the engine got its branch.
    pub opened: Option<i64>,
}

/// Where a pin stands in its member's repository.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum At {
    /// The tip of a branch.
    Tip(String),
    /// That many commits before the tip of a branch, since a day; the other branches that have it as well.
    Behind(String, u32, i64, Vec<String>),
    Pull(u64),
    /// A tag of the member.
    Tag(&'static str),
    Nowhere,
    Named(&'static str),
}

#[derive(Clone, Debug)]
pub(super) struct LifeMember {
    pub name: &'static str,
    pub class: &'static str,
    /// Beside main.
    pub branches: Vec<String>,
    /// By branch: what submodule and workflow say.
    pub targets: BTreeMap<String, (EnginePoint, EnginePoint)>,
    /// By the engine's reference.
    pub pins: BTreeMap<String, At>,
    pub off: bool,
    pub maintainers: Vec<&'static str>,
}

#[derive(Clone, Debug)]
pub(super) struct Life {
    pub now: i64,
    pub lines: Vec<LifeLine>,
    pub log: Vec<(i64, &'static str)>,
    pub members: Vec<LifeMember>,
    /// What stands at the end of the file.
    pub more: String,
}

pub(super) fn line(version: &'static str, codename: &str) -> LifeLine {
    LifeLine {
        version,
        branch: format!("v{version}-{codename}"),
        lts: false,
        announced: None,
        end_of_life: None,
        released: Vec::new(),
        opened: None,
    }
}

pub(super) fn member(name: &'static str, branches: &[&str]) -> LifeMember {
    LifeMember {
        name,
        class: "unstable-api",
        branches: branches.iter().map(|branch| (*branch).to_owned()).collect(),
        targets: BTreeMap::new(),
        pins: BTreeMap::new(),
        off: false,
        maintainers: vec!["ana"],
    }
}

pub(super) const LTS: &str = "v1.4-andium";
pub(super) const CUR: &str = "v1.5-variegata";
pub(super) const NEXT: &str = "v2.0-next";

impl Life {
    /// Mid-cycle: 1.4 is supported, 1.5.4 the newest release, and 2.0, a new major, comes next.
    pub fn mid_cycle() -> Self {
        let mut old = line("1.4", "andium");
        (old.lts, old.released, old.opened, old.end_of_life) = (
            true,
            vec![-200, -150, -100, -50, -20],
            Some(-210),
            Some(321),
        );
        let mut current = line("1.5", "variegata");
        (current.released, current.opened) = (vec![-90, -70, -50, -30, -10], Some(-110));
        let mut next = line("2.0", "next");
        next.announced = Some(40);
        let mut life = Self {
            now: 0,
            lines: vec![old, current, next],
            log: Vec::new(),
            members: vec![
                member("single", &[]),
                member("two", &[CUR]),
                member("both", &[CUR, LTS]),
            ],
            more: String::new(),
        };
        life.members.push(LifeMember {
            class: "in-tree",
            ..member("tree", &[])
        });
        life.members.push(LifeMember {
            class: "stable-api",
            ..member("stable", &[])
        });
        for one in &mut life.members {
            let tip = if one.branches.is_empty() { "main" } else { CUR };
            for reference in [CUR, "v1.5.4", "main"] {
                let at = match one.class {
                    "stable-api" => At::Tag("v0.9"),
                    _ => At::Tip(tip.to_owned()),
                };
                one.pins.insert(reference.to_owned(), at);
            }
            let lts = if one.branches.iter().any(|branch| branch == LTS) {
                LTS
            } else {
                "main"
            };
            for reference in [LTS, "v1.4.4"] {
                let at = match one.class {
                    "stable-api" => At::Tag("v0.9"),
                    _ => At::Tip(lts.to_owned()),
                };
                one.pins.insert(reference.to_owned(), at);
            }
            let release = EnginePoint::Tag("v1.5.4".to_owned());
            one.targets
                .insert("main".to_owned(), (release.clone(), release.clone()));
            one.targets
                .insert(CUR.to_owned(), (release.clone(), release));
            let old = EnginePoint::Tag("v1.4.4".to_owned());
            one.targets.insert(LTS.to_owned(), (old.clone(), old));
        }
        life
    }

    pub fn pre_release() -> Self {
        let mut life = Self::mid_cycle();
        life.lines[2].opened = Some(5);
        life.log.push((5, "open-pre-release"));
        life.now = 10;
        for one in &mut life.members {
            let tip = match one.class {
                "stable-api" => At::Tag("v0.9"),
                _ => At::Tip("main".to_owned()),
            };
            one.pins.insert(NEXT.to_owned(), tip);
        }
        life
    }

    pub fn freeze() -> Self {
        let mut life = Self::pre_release();
        life.log.push((15, "declare-freeze"));
        life.now = 20;
        life
    }

    pub fn member(&mut self, name: &str) -> &mut LifeMember {
        self.members
            .iter_mut()
            .find(|member| member.name == name)
            .unwrap()
    }

    /// Gives a member the branch of the next line.
    pub fn third_branch(&mut self, name: &str) {
        let point = EnginePoint::Branch(NEXT.to_owned());
        let main = EnginePoint::Branch("main".to_owned());
        let member = self.member(name);
        member.branches.push(NEXT.to_owned());
        member
            .targets
            .insert(NEXT.to_owned(), (point.clone(), point));
        member
            .targets
            .insert("main".to_owned(), (main.clone(), main));
        member
            .pins
            .insert(NEXT.to_owned(), At::Tip(NEXT.to_owned()));
    }

    pub fn train(&self) -> Train {
        Train::parse(&self.file(), "train.toml")
            .map_err(|error| format!("{:?}", error.faults))
            .unwrap()
    }

    pub fn file(&self) -> String {
        let mut text = String::from(
            "[train]\nname = \"goose\"\n[engine]\nname = \"goose\"\nrepository = \"../goose\"\nmaintainers = [\"core\"]\n",
        );
        for line in &self.lines {
            write!(
                text,
                "[[line]]\nversion = \"{}\"\nbranch = \"{}\"\n",
                line.version, line.branch
            )
            .unwrap();
            if line.lts {
                text += "support = \"lts\"\n";
            }
            for (key, date) in [
                ("announced", line.announced),
                ("end-of-life", line.end_of_life),
            ] {
                if let Some(date) = date {
                    writeln!(text, "{key} = {}", day(date).date()).unwrap();
                }
            }
        }
        for member in &self.members {
            write!(
                text,
                "[[member]]\nname = \"{}\"\nrepository = \"../{}\"\nclass = \"{}\"\n",
                member.name, member.name, member.class
            )
            .unwrap();
            if !member.maintainers.is_empty() {
                writeln!(text, "maintainers = {:?}", member.maintainers).unwrap();
            }
        }
        for (date, event) in &self.log {
            write!(
                text,
                "[[log]]\ndate = {}\nevent = \"{event}\"\n",
                day(*date).date()
            )
            .unwrap();
        }
        text + &self.more
    }

    fn repository(
        &self,
        name: &str,
        mut branches: Vec<(String, i64)>,
        tags: Vec<(String, i64)>,
    ) -> RepositoryFacts {
        branches.push(("main".to_owned(), -1000));
        branches.sort();
        let branch = |(branch, since): &(String, i64)| Branch {
            name: branch.clone(),
            tip: oid(&format!("{name} {branch} tip")),
            time: day(self.now),
            own: Some(Own {
                since: day(*since),
                first: oid(&format!("{name} {branch} first")),
                commits: 3,
                from: None,
            }),
        };
        let mut tags: Vec<Tag> = tags
            .into_iter()
            .map(|(tag, date)| Tag {
                commit: oid(&format!("{name} {tag}")),
                name: tag,
                time: day(date),
                annotated: true,
            })
            .collect();
        tags.sort_by(|a, b| a.name.cmp(&b.name));
        RepositoryFacts {
            name: name.to_owned(),
            as_of: day(self.now),
            default_branch: Known::Known("main".to_owned()),
            branches: branches
                .iter()
                .filter(|(_, since)| *since <= self.now)
                .map(branch)
                .collect(),
            tags,
            problems: Vec::new(),
        }
    }

    pub fn facts(&self) -> TrainFacts {
        let opened = self
            .lines
            .iter()
            .filter_map(|line| Some((line.branch.clone(), line.opened?)));
        let tags = self.lines.iter().flat_map(|line| {
            let released = line.released.iter().enumerate();
            released.map(|(patch, date)| (format!("v{}.{patch}", line.version), *date))
        });
        let tags = tags.filter(|(_, date)| *date <= self.now).collect();
        let engine = self.repository("goose", opened.collect(), tags);
        let mut references: Vec<String> = engine
            .branches
            .iter()
            .map(|branch| branch.name.clone())
            .collect();
        references.extend(engine.tags.iter().map(|tag| tag.name.clone()));
        let pins = references
            .iter()
            .map(|reference| (reference.clone(), Known::Known(self.pins(reference))));
        TrainFacts {
            as_of: day(self.now),
            pins: pins.collect(),
            engine: Known::Known(engine),
            members: self
                .members
                .iter()
                .map(|member| (member.name.to_owned(), self.member_facts(member)))
                .collect(),
        }
    }

    fn pins(&self, reference: &str) -> Pins {
        let place = Place {
            path: "config.cmake".to_owned(),
            line: 1,
            ..Place::repository("goose")
        };
        let pin = |(number, member): (usize, &LifeMember)| {
            let at = member.pins.get(reference)?;
            let external = member.class != "in-tree";
            let written = match at {
                At::Named(name) => Revision::Named((*name).to_owned()),
                other => Revision::Commit(commit(member, other)),
            };
            let off = member.off && !reference.starts_with("v1.5.");
            Some(Pin {
                name: member.name.to_owned(),
                url: external.then(|| Known::Known(format!("https://example.org/{}", member.name))),
                repository: external.then(|| Known::Known(format!("example.org/{}", member.name))),
                revision: external.then_some(Known::Known(written)),
                state: if off {
                    PinState::SwitchedOff {
                        condition: "FALSE".to_owned(),
                    }
                } else {
                    PinState::Enabled
                },
                apply_patches: false,
                patches: Vec::new(),
                options: Vec::new(),
                place: place.clone(),
                span: Some(Span {
                    path: "config.cmake".to_owned(),
                    line: 1,
                    start: number * 41,
                    end: number * 41 + 40,
                }),
            })
        };
        let mut pins: Vec<Pin> = self.members.iter().enumerate().filter_map(pin).collect();
        pins.sort_by(|a, b| a.name.cmp(&b.name));
        Pins {
            commit: oid(&format!("goose {reference} tip")),
            pins,
            problems: Vec::new(),
        }
    }

    /// The configuration file that the pins' places are in.
    pub fn config(&self, reference: &str) -> String {
        let revision = |member: &LifeMember| match member.pins.get(reference) {
            Some(At::Named(name)) => format!("{name:40}"),
            Some(at) => commit(member, at).to_string(),
            None => " ".repeat(40),
        };
        self.members
            .iter()
            .map(|member| revision(member) + "\n")
            .collect()
    }

    fn member_facts(&self, member: &LifeMember) -> MemberFacts {
        let branches = member
            .branches
            .iter()
            .map(|branch| (branch.clone(), -500))
            .collect();
        let repository = self.repository(member.name, branches, vec![("v0.9".to_owned(), -300)]);
        let version = |point: &EnginePoint| {
            let written = match point {
                EnginePoint::Tag(name) | EnginePoint::Branch(name) => name.clone(),
                other => format!("{other:?}"),
            };
            Known::Known(EngineVersion {
                written,
                commit: None,
                point: point.clone(),
            })
        };
        let target = |(branch, (submodule, workflow)): (&String, &(EnginePoint, EnginePoint))| {
            let target = Target {
                commit: oid(&format!("{} {branch} tip", member.name)),
                submodule: version(submodule),
                workflow: version(workflow),
                ci_tools: Known::Known("main".to_owned()),
                agreement: if submodule == workflow {
                    Agreement::Agree
                } else {
                    Agreement::Disagree
                },
            };
            (branch.clone(), target)
        };
        let has =
            |branch: &str| branch == "main" || member.branches.iter().any(|one| one == branch);
        let standing = member.pins.iter().map(|(reference, at)| {
            let mut distances = BTreeMap::new();
            for branch in std::iter::once("main").chain(member.branches.iter().map(String::as_str))
            {
                let (behind, ahead, since) = match at {
                    At::Tip(tip) if tip == branch => (0, 0, None),
                    At::Behind(of, by, since, others)
                        if of == branch || others.iter().any(|one| one == branch) =>
                    {
                        (*by, 0, Some(day(*since)))
                    }
                    At::Nowhere | At::Named(_) => continue,
                    _ => (2, 1, Some(day(-3))),
                };
                let seconds = since.map_or(0, |since| day(self.now).0 / 1000 - since.0 / 1000);
                let base = (ahead == 0).then(|| commit(member, at));
                distances.insert(
                    branch.to_owned(),
                    Distance {
                        to: oid(&format!("{} {branch} tip", member.name)),
                        behind,
                        ahead,
                        base,
                        seconds,
                        since,
                    },
                );
            }
            let position = match at {
                At::Tip(branch) => Position::OnBranch {
                    branches: vec![branch.clone()],
                    owner: Some(branch.clone()),
                },
                At::Behind(branch, _, _, others) => {
                    let mut branches = others.clone();
                    branches.push(branch.clone());
                    branches.sort();
                    Position::OnBranch {
                        branches,
                        owner: Some(branch.clone()),
                    }
                }
                At::Pull(number) => Position::PullRequest {
                    number: *number,
                    head: true,
                },
                At::Tag(tag) => Position::TagOnly {
                    tags: vec![(*tag).to_owned()],
                },
                At::Nowhere => Position::Absent,
                At::Named(_) => Position::Absent,
            };
            let revision = match at {
                At::Named(name) => Revision::Named((*name).to_owned()),
                other => Revision::Commit(commit(member, other)),
            };
            (
                reference.clone(),
                Standing {
                    revision: Known::Known(revision),
                    position: Known::Known(position),
                    distances,
                },
            )
        });
        MemberFacts {
            targets: member
                .targets
                .iter()
                .filter(|(branch, _)| has(branch))
                .map(target)
                .collect(),
            standing: standing.collect(),
            repository: Known::Known(repository),
        }
    }
}

fn commit(member: &LifeMember, at: &At) -> Oid {
    match at {
        At::Tip(branch) => oid(&format!("{} {branch} tip", member.name)),
        At::Tag(tag) => oid(&format!("{} {tag}", member.name)),
        other => oid(&format!("{} {other:?}", member.name)),
    }
}
