//! One test for each row of the rules' table of contents, G1 to G12, and for each contradiction, A1 to A11.

use super::world::{At, CUR, LTS, Life, LifeMember, NEXT, day, line, member, oid};
use super::*;
use crate::facts::{EnginePoint, Fix, FixMatrix, ForwardMerge, Link, OnLine, Revision};
use crate::lint::lint;
use crate::model::{Ground, LineState};
use crate::pack::{Origin, Severity};
use std::borrow::Cow;
use std::collections::BTreeMap;

fn goose() -> Pack {
    Pack::builtin("goose").unwrap()
}

fn with<T>(life: &Life, ask: impl FnOnce(&Situation<'_>) -> T) -> T {
    let (train, facts, pack) = (life.train(), life.facts(), goose());
    ask(&Situation::new(&train, &pack, &facts))
}

fn release(text: &str) -> ReleaseVersion {
    ReleaseVersion::parse(text).unwrap()
}

fn place(life: &Life, subject: Subject<'_>, change: Change, wanted: &str) -> Place {
    let wanted = ReleaseVersion::parse(wanted)
        .map_or_else(|_| Wanted::Word(wanted.to_owned()), Wanted::Release);
    with(life, |situation| situation.place(subject, change, &wanted)).unwrap()
}

fn lines(situation: &Situation<'_>) -> Vec<LineNow> {
    situation.lines()
}

/// Verdict and branch.
fn short(place: &Place) -> (Severity, Option<&str>) {
    (
        place.verdict,
        place.branch.as_ref().map(|branch| branch.name.as_str()),
    )
}

#[test]
fn g1_lines_have_states_and_dates() {
    let mut life = Life::mid_cycle();
    let states = |life: &Life| -> Vec<(String, LineState)> {
        with(life, |situation| {
            situation
                .lines()
                .into_iter()
                .map(|line| (line.version.to_string(), line.state))
                .collect()
        })
    };
    let expect = |states: &[(&str, LineState)]| -> Vec<(String, LineState)> {
        states
            .iter()
            .map(|(version, state)| ((*version).to_owned(), *state))
            .collect()
    };
    assert_eq!(
        states(&life),
        expect(&[
            ("1.4", LineState::Lts),
            ("1.5", LineState::Active),
            ("2.0", LineState::Development)
        ])
    );
    let now = with(&life, lines);
    assert_eq!(now[0].latest, Some(release("1.4.4")));
    assert_eq!(now[0].days_of_support, Some(321));
    // The end of life that is written down decides; without it a year of support is assumed.
    life.now = 321;
    assert_eq!(states(&life)[0].1, LineState::EndOfLife);
    life.lines[0].end_of_life = None;
    life.now = 160;
    assert_eq!(states(&life)[0].1, LineState::Lts);
    life.now = 165;
    assert_eq!(states(&life)[0].1, LineState::EndOfLife);
    // A line without long support ends with the next one.
    life.lines[2].opened = Some(10);
    life.lines[2].released = vec![40];
    assert_eq!(
        states(&life),
        expect(&[
            ("1.4", LineState::EndOfLife),
            ("1.5", LineState::EndOfLife),
            ("2.0", LineState::Active)
        ])
    );
    assert_eq!(states(&Life::pre_release())[2].1, LineState::PreRelease);
}

#[test]
fn g2_phases_are_declared_or_found_and_events_have_preconditions() {
    let phase = |life: &Life| {
        with(life, |situation| {
            (
                situation.moment.phase.phase.clone(),
                situation.moment.phase.by,
            )
        })
    };
    let mut life = Life::mid_cycle();
    assert_eq!(phase(&life), ("mid-cycle".to_owned(), Ground::Release));
    assert_eq!(
        phase(&Life::pre_release()),
        ("pre-release".to_owned(), Ground::Declared)
    );
    assert_eq!(
        phase(&Life::freeze()),
        ("feature-freeze".to_owned(), Ground::Declared)
    );
    // From git alone: the branch of the next line opens its pre-release, its release ends it.
    life.lines[2].opened = Some(5);
    life.now = 4;
    assert_eq!(phase(&life).0, "mid-cycle");
    life.now = 5;
    assert_eq!(phase(&life), ("pre-release".to_owned(), Ground::Branch));
    life.lines[2].released = vec![30];
    life.lines.push(line("2.1", "after"));
    life.now = 31;
    assert_eq!(phase(&life), ("mid-cycle".to_owned(), Ground::Release));

    let check = |life: &Life, event: &str| {
        with(life, |situation| situation.event(event, None, Some(true))).unwrap()
    };
    assert!(check(&Life::mid_cycle(), "open-pre-release").may_happen());
    let early = check(&Life::mid_cycle(), "declare-freeze");
    assert!(!early.may_happen());
    assert_eq!(
        early.way_out.unwrap().command.unwrap(),
        "shipway train open-pre-release"
    );
    assert!(check(&Life::pre_release(), "declare-freeze").may_happen());
    let again = check(&Life::pre_release(), "open-pre-release");
    assert!(!again.may_happen());
    assert_eq!(
        again.way_out.unwrap().command.unwrap(),
        "shipway train depart v2.0.0"
    );
    // A freeze that was declared too early can be taken back.
    assert!(check(&Life::freeze(), "thaw").may_happen());
    assert!(!check(&Life::pre_release(), "thaw").may_happen());
    let mut thawed = Life::freeze();
    thawed.log.push((18, "thaw"));
    assert_eq!(phase(&thawed), ("pre-release".to_owned(), Ground::Declared));
    assert!(check(&Life::mid_cycle(), "cut-patch").may_happen());
    assert!(check(&Life::freeze(), "cut-major").may_happen());
    let minor = check(&Life::pre_release(), "cut-minor");
    assert_eq!(
        minor.way_out.unwrap().command.unwrap(),
        "shipway train freeze"
    );
    let retag = check(&Life::mid_cycle(), "retag");
    assert_eq!(
        (retag.verdict, retag.rule.source),
        (Severity::Impossible, Origin::Stated)
    );
    // Nobody looked at the checks: unknown is not yes.
    let blind = with(&Life::mid_cycle(), |situation| {
        situation.event("cut-patch", None, None)
    })
    .unwrap();
    assert!(!blind.may_happen() && matches!(blind.conditions[0].held, Held::Unknown { .. }));
    let mut stale = Life::mid_cycle();
    stale
        .member("two")
        .pins
        .insert(CUR.to_owned(), At::Behind(CUR.to_owned(), 3, -8, vec![]));
    let check = check(&stale, "cut-patch");
    assert_eq!(check.conditions[1].held, Held::No);
    assert_eq!(
        check.conditions[1].what,
        "every pin is what the rules say (not: two)"
    );
    assert_eq!(
        check.way_out.unwrap().command.unwrap(),
        "shipway train bump --all"
    );
}

#[test]
fn g3_where_an_engine_change_goes() {
    let engine = |life: &Life, change, wanted| place(life, Subject::Engine, change, wanted);
    let (mid, pre, freeze) = (Life::mid_cycle(), Life::pre_release(), Life::freeze());
    assert_eq!(
        short(&engine(&mid, Change::Bugfix, "1.5.5")),
        (Severity::Allow, Some(CUR))
    );
    assert_eq!(
        short(&engine(&mid, Change::Feature, "2.0.0")),
        (Severity::Allow, Some("main"))
    );
    assert_eq!(
        short(&engine(&pre, Change::Feature, "2.0.0")),
        (Severity::Allow, Some(NEXT))
    );
    assert_eq!(
        short(&engine(&mid, Change::Bugfix, "1.4.5")),
        (Severity::Allow, Some(LTS))
    );
    let late = engine(&freeze, Change::Bugfix, "1.5.5");
    assert_eq!(short(&late), (Severity::Redirect, Some(NEXT)));
    assert_eq!(late.release, Some(release("2.0.0")));
    let feature = engine(&mid, Change::Feature, "1.5.5");
    assert_eq!(short(&feature), (Severity::Deny, None));
    let way = feature.way_out.unwrap();
    assert_eq!(
        (way.effort, way.what.as_str()),
        (Effort::OtherRelease, "ask for 2.0.0: it goes into main")
    );
    assert_eq!(
        way.command.unwrap(),
        "shipway train where --feature --for 2.0.0"
    );
    assert!(engine(&mid, Change::Bugfix, "1.5.5").then[0].contains("forward"));
    // Released tags stand, ended lines end, and first releases come first.
    for (wanted, ask) in [("1.5.4", "1.5.5"), ("1.4.2", "1.4.5"), ("2.0.1", "2.0.0")] {
        let refused = engine(&mid, Change::Bugfix, wanted);
        assert_eq!(short(&refused), (Severity::Impossible, None), "{wanted}");
        assert_eq!(refused.way_out.unwrap().what, format!("ask for {ask}"));
    }
    let mut over = Life::mid_cycle();
    over.now = 330;
    let refused = engine(&over, Change::Bugfix, "1.4.5");
    assert_eq!(refused.rule.id, "goose/support/patch-releases");
    let error = with(&mid, |situation| {
        situation.place(
            Subject::Engine,
            Change::Bugfix,
            &Wanted::Release(release("1.6.0")),
        )
    })
    .unwrap_err();
    assert!(matches!(error, Undecided::Line { .. }) && error.hint().contains("1.4, 1.5, 2.0"));
}

#[test]
fn g3_where_a_member_change_goes() {
    let of = |life: &Life, name, wanted| place(life, Subject::Member(name), Change::Bugfix, wanted);
    let mut mid = Life::mid_cycle();
    let single = of(&mid, "single", "1.5.5");
    assert_eq!(short(&single), (Severity::Allow, Some("main")));
    assert!(
        single.then[0].contains("move the pin of single"),
        "{:?}",
        single.then
    );
    assert_eq!(
        short(&of(&mid, "two", "1.5.5")),
        (Severity::Allow, Some(CUR))
    );
    assert_eq!(
        short(&of(&mid, "tree", "1.5.5")),
        (Severity::Allow, Some(CUR))
    );
    assert_eq!(
        of(&mid, "tree", "1.5.5").branch.unwrap().repository,
        "goose"
    );
    assert_eq!(
        short(&of(&mid, "both", "1.4.5")),
        (Severity::Allow, Some(LTS))
    );
    let stable = of(&mid, "stable", "1.5.5");
    assert_eq!(
        (short(&stable), stable.rule.id.as_str()),
        ((Severity::Allow, Some("main")), "goose/classes/stable-api")
    );
    let old = of(&mid, "two", "1.4.5");
    assert_eq!(short(&old), (Severity::Impossible, None));
    assert!(
        old.way_out
            .unwrap()
            .what
            .starts_with("make the branch v1.4-andium of two at ")
    );
    // Built against the engine's main branch, main can make no patch.
    let main = EnginePoint::Branch("main".to_owned());
    mid.member("single")
        .targets
        .insert("main".to_owned(), (main.clone(), main.clone()));
    let stuck = of(&mid, "single", "1.5.5");
    assert_eq!(short(&stuck), (Severity::Impossible, None));
    let way = stuck.way_out.unwrap();
    assert_eq!(
        (way.effort, way.command.unwrap().as_str()),
        (Effort::Branch, "shipway train switch single two")
    );
    // What is not known is not guessed, unless it makes no difference.
    mid.member("single").targets.insert(
        "main".to_owned(),
        (main, EnginePoint::Tag("v1.5.4".to_owned())),
    );
    let ask = |wanted: &str| {
        with(&mid, |situation| {
            situation.place(
                Subject::Member("single"),
                Change::Bugfix,
                &Wanted::Release(release(wanted)),
            )
        })
    };
    assert!(matches!(ask("1.5.5"), Err(Undecided::Facts(_))));
    assert_eq!(
        short(&ask("2.0.0").unwrap()),
        (Severity::Allow, Some("main"))
    );
    let error = with(&mid, |situation| {
        situation.place(
            Subject::Member("sinlge"),
            Change::Bugfix,
            &Wanted::Word("next.0".to_owned()),
        )
    })
    .unwrap_err();
    assert_eq!(error.hint(), "did you mean single?");
}

#[test]
fn g3_a_branch_that_is_missing_is_to_be_made() {
    let mut life = Life::pre_release();
    life.lines[2].opened = None;
    let answer = place(&life, Subject::Engine, Change::Feature, "2.0.0");
    let branch = answer.branch.unwrap();
    assert_eq!(
        branch.create,
        Some(Creation {
            from: "main".to_owned(),
            commit: oid("goose main tip")
        })
    );
    assert_eq!(
        place(
            &Life::pre_release(),
            Subject::Engine,
            Change::Feature,
            "2.0.0"
        )
        .branch
        .unwrap()
        .create,
        None
    );
}

#[test]
fn g4_classes_and_types_are_found() {
    let mut life = Life::pre_release();
    life.third_branch("both");
    with(&life, |situation| {
        let kind = |name: &str| {
            situation
                .branch_type(situation.member(name).unwrap())
                .known()
                .copied()
        };
        assert_eq!(kind("single"), Some(BranchType::Single));
        assert_eq!(kind("two"), Some(BranchType::Two));
        assert_eq!(kind("both"), Some(BranchType::Three));
        assert_eq!(
            situation.member("tree").unwrap().class,
            crate::model::Class::InTree
        );
    });
    let mut facts = life.facts();
    facts.members.remove("two");
    let (train, pack) = (life.train(), goose());
    let situation = Situation::new(&train, &pack, &facts);
    assert!(
        situation
            .branch_type(situation.member("two").unwrap())
            .why()
            .is_some()
    );
}

#[test]
fn g5_targets_follow_phase_type_and_branch_and_two_facts_must_agree() {
    let fits = |life: &Life, name: &str| -> Vec<(String, Fit)> {
        with(life, |situation| {
            let checks = situation
                .targets_of(situation.member(name).unwrap())
                .unwrap();
            checks
                .into_iter()
                .map(|check| (check.branch, check.fit))
                .collect()
        })
    };
    let mut life = Life::mid_cycle();
    assert_eq!(
        fits(&life, "both"),
        [
            ("main".to_owned(), Fit::Fits),
            (CUR.to_owned(), Fit::Fits),
            (LTS.to_owned(), Fit::Fits)
        ]
    );
    let point = |name: &str| EnginePoint::Branch(name.to_owned());
    for (target, fit) in [
        (point("main"), Fit::Fits),
        (
            EnginePoint::Merged(vec!["main".to_owned(), "x".to_owned()]),
            Fit::Fits,
        ),
        (point(CUR), Fit::Wrong),
        (EnginePoint::Tag("v1.5.3".to_owned()), Fit::Wrong),
        (EnginePoint::Absent, Fit::Wrong),
    ] {
        life.member("two")
            .targets
            .insert("main".to_owned(), (target.clone(), target.clone()));
        assert_eq!(fits(&life, "two")[0].1, fit, "{target:?}");
    }
    life.member("two").targets.insert(
        "main".to_owned(),
        (point("main"), EnginePoint::Tag("v1.5.4".to_owned())),
    );
    assert_eq!(fits(&life, "two")[0].1, Fit::Disagree);
    let check = with(&life, |situation| {
        situation.targets().into_iter().find(TargetCheck::blocks)
    })
    .unwrap();
    assert_eq!(check.allowed, ["v1.5.4", "main"]);
    assert!(
        check
            .way_out
            .unwrap()
            .what
            .contains("the submodule says main, the workflow v1.5.4")
    );
    life.member("two").targets.remove("main");
    assert!(matches!(fits(&life, "two")[0].1, Fit::Unknown { .. }));
    // In pre-release the next line's branch is the only unreleased target.
    let mut pre = Life::pre_release();
    pre.member("single")
        .targets
        .insert("main".to_owned(), (point(NEXT), point(NEXT)));
    assert_eq!(fits(&pre, "single")[0].1, Fit::Fits);
    pre.third_branch("two");
    assert_eq!(
        fits(&pre, "two")
            .iter()
            .map(|(branch, _)| branch.as_str())
            .collect::<Vec<_>>(),
        ["main", CUR, NEXT]
    );
    assert!(fits(&pre, "two").iter().all(|(_, fit)| *fit == Fit::Fits));
    // A waiver on record lifts it.
    life.member("two")
        .targets
        .insert("main".to_owned(), (point(CUR), point(CUR)));
    life.more = "[[waiver]]\nmember = \"two\"\nwaives = \"target\"\nwho = \"ana\"\nwhy = \"moves on Monday\"\n".to_owned();
    let check = with(&life, |situation| {
        situation.targets_of(situation.member("two").unwrap())
    })
    .unwrap()
    .remove(0);
    assert_eq!(
        (check.fit.clone(), check.blocks(), check.waived.as_deref()),
        (Fit::Wrong, false, Some("ana: moves on Monday"))
    );
}

fn shipped(life: &Life, version: &str) -> Shipment {
    with(life, |situation| situation.ship(&release(version))).unwrap()
}

fn ship_of<'s>(shipment: &'s Shipment, name: &str) -> &'s MemberShip {
    shipment
        .members
        .iter()
        .find(|ship| ship.member == name)
        .unwrap()
}

#[test]
fn g6_what_ships_of_each_member_and_why() {
    let life = Life::mid_cycle();
    let patch = shipped(&life, "1.5.5");
    assert_eq!(
        (patch.kind, patch.branch.as_str(), patch.tag.as_str()),
        (ReleaseKind::Patch, CUR, "v1.5.5")
    );
    assert_eq!(patch.last, Some(release("1.5.4")));
    assert!(patch.is_ready());
    let truth = |shipment: &Shipment, name: &str| {
        let ship = ship_of(shipment, name);
        (
            ship.truth,
            ship.branch.clone(),
            ship.commit.known().cloned().unwrap(),
        )
    };
    assert_eq!(
        truth(&patch, "single"),
        (Truth::Pin, None, oid("single main tip"))
    );
    assert_eq!(
        truth(&patch, "two"),
        (
            Truth::Tip,
            Some(CUR.to_owned()),
            oid(&format!("two {CUR} tip"))
        )
    );
    assert_eq!(
        truth(&patch, "tree"),
        (Truth::EngineCommit, None, oid(&format!("goose {CUR} tip")))
    );
    assert_eq!(
        truth(&patch, "stable"),
        (Truth::OwnRelease, None, oid("stable v0.9"))
    );
    // Which engine versions a release of a stable-API member is for is not in git: only a pinned release is known to fit.
    let mut loose = Life::mid_cycle();
    loose
        .member("stable")
        .pins
        .insert(CUR.to_owned(), At::Tip("main".to_owned()));
    let shipment = shipped(&loose, "1.5.5");
    let stable = ship_of(&shipment, "stable");
    assert!(stable.blocks() && stable.commit.why().unwrap().detail.contains("v0.9"));
    let mut freeze = Life::freeze();
    freeze.third_branch("both");
    let major = shipped(&freeze, "2.0.0");
    assert_eq!(
        (major.kind, major.branch.as_str()),
        (ReleaseKind::Major, NEXT)
    );
    assert_eq!(truth(&major, "single").1.as_deref(), Some("main"));
    assert_eq!(truth(&major, "two").1.as_deref(), Some("main"));
    assert_eq!(
        truth(&major, "both"),
        (
            Truth::Tip,
            Some(NEXT.to_owned()),
            oid(&format!("both {NEXT} tip"))
        )
    );
    // What exists cannot leave again, and what is two lines away not yet.
    let error =
        |version: &str| with(&life, |situation| situation.ship(&release(version))).unwrap_err();
    assert!(matches!(error("1.5.4"), Undecided::Released { .. }));
    assert!(matches!(error("9.0.0"), Undecided::Line { .. }));
}

#[test]
fn g6_deviations_and_staleness() {
    let mut life = Life::mid_cycle();
    let mut see = |at: At| {
        life.member("two").pins.insert(CUR.to_owned(), at);
        let shipment = shipped(&life, "1.5.5");
        let ship = ship_of(&shipment, "two").clone();
        assert_eq!(ship.commit.known(), Some(&oid(&format!("two {CUR} tip"))));
        assert!(ship.moves && ship.blocks() && !shipment.is_ready());
        assert_eq!(
            ship.way_out.as_ref().unwrap().command.as_deref(),
            Some("shipway train bump two")
        );
        (ship.deviation, ship.staleness)
    };
    let behind = see(At::Behind(CUR.to_owned(), 3, -8, vec![]));
    assert_eq!(
        behind,
        (
            Some(Deviation::OlderCommit),
            Some(Staleness {
                commits: 3,
                days: 8,
                since: Some(day(-8))
            })
        )
    );
    assert_eq!(
        see(At::Behind("main".to_owned(), 3, -8, vec![])).0,
        Some(Deviation::StillOnMain)
    );
    assert_eq!(
        see(At::Behind("topic".to_owned(), 3, -8, vec![])).0,
        Some(Deviation::OtherBranch {
            branches: vec!["topic".to_owned()]
        })
    );
    assert_eq!(
        see(At::Pull(17)).0,
        Some(Deviation::PullRequest {
            number: 17,
            head: true
        })
    );
    assert_eq!(see(At::Nowhere), (Some(Deviation::NotInRepository), None));
    assert_eq!(
        see(At::Named("main")).0,
        Some(Deviation::NoCommit {
            written: "main".to_owned()
        })
    );
    // A single-branch member ships what is pinned, if anybody can find it.
    life.member("two")
        .pins
        .insert(CUR.to_owned(), At::Tip(CUR.to_owned()));
    life.member("single")
        .pins
        .insert(CUR.to_owned(), At::Nowhere);
    let shipment = shipped(&life, "1.5.5");
    let ship = ship_of(&shipment, "single");
    assert!(!ship.moves && ship.blocks());
    assert_eq!(ship.deviation, Some(Deviation::NotInRepository));
    life.more = "[[waiver]]\nmember = \"single\"\nwaives = \"pin\"\nrelease = \"1.5.5\"\nwho = \"ana\"\nwhy = \"rebuilt by hand\"\n".to_owned();
    assert!(shipped(&life, "1.5.5").is_ready());
}

#[test]
fn g6_every_member_of_the_last_release_is_present_or_waived() {
    let mut life = Life::mid_cycle();
    life.member("two").off = true;
    let shipment = shipped(&life, "1.5.5");
    let absent = &shipment.absent[0];
    assert_eq!(
        (
            absent.member.as_str(),
            absent.state.as_str(),
            absent.blocks()
        ),
        ("two", "switched off (FALSE)", true)
    );
    assert!(absent.way_out.as_ref().unwrap().what.contains("[[waiver]]"));
    let waived = "[[waiver]]\nmember = \"two\"\nwaives = \"absence\"\nrelease = \"1.5.5\"\nwho = \"ana\"\nwhy = \"its server is gone\"\nuntil = 2026-02-01\n";
    life.more = waived.to_owned();
    assert!(shipped(&life, "1.5.5").is_ready());
    assert_eq!(
        shipped(&life, "1.5.5").absent[0].waived.as_deref(),
        Some("ana: its server is gone")
    );
    life.now = 31;
    assert!(
        !shipped(&life, "1.5.5").is_ready(),
        "the waiver has run out"
    );
}

#[test]
fn g7_radar_names_what_has_to_move() {
    let mut life = Life::mid_cycle();
    life.member("two")
        .pins
        .insert(CUR.to_owned(), At::Behind(CUR.to_owned(), 3, -8, vec![]));
    let point = EnginePoint::Branch(CUR.to_owned());
    life.member("single")
        .targets
        .insert("main".to_owned(), (point.clone(), point));
    let radar = with(&life, |situation| {
        situation.radar(&release("1.5.5"), Some(day(21)))
    })
    .unwrap();
    assert_eq!((radar.days_left, radar.members), (Some(21), 5));
    let items: Vec<(&str, &str, bool)> = radar
        .items
        .iter()
        .map(|item| (item.member.as_str(), item.trouble.kind(), item.blocks()))
        .collect();
    assert_eq!(items, [("single", "target", true), ("two", "pin", true)]);
    assert_eq!(
        (radar.items[1].who.clone(), radar.items[1].since),
        (vec!["ana".to_owned()], Some(day(-8)))
    );
    insta::assert_snapshot!(serde_json::to_string_pretty(&radar.items[1]).unwrap(), @r#"
    {
      "member": "two",
      "who": [
        "ana"
      ],
      "severity": "deny",
      "trouble": {
        "is": "pin",
        "branch": "v1.5-variegata",
        "pinned": "6f3fd9ff941a04716f3fd9ff941a047100000027",
        "to": "b9777b00dd8b9b4bb9777b00dd8b9b4b00000016",
        "staleness": {
          "commits": 3,
          "days": 8,
          "since": 1766534400000
        },
        "deviation": {
          "is": "older-commit"
        }
      },
      "since": 1766534400000,
      "rule": {
        "id": "goose/ships/patch/unstable-api/two/*",
        "severity": "allow",
        "source": "stated",
        "note": "A7: the line that is being released"
      },
      "way-out": {
        "what": "move the pin of two to b9777b00dd",
        "command": "shipway train bump two",
        "effort": "edit"
      }
    }
    "#);
}

#[test]
fn g7_a_target_blocks_only_the_release_that_ships_from_its_branch() {
    let mut life = Life::mid_cycle();
    let point = EnginePoint::Tag("v1.4.3".to_owned());
    let wrong = (point.clone(), point);
    life.member("both").targets.insert(LTS.to_owned(), wrong);
    let blocking = |version: &str| {
        let radar = with(&life, |situation| situation.radar(&release(version), None)).unwrap();
        assert_eq!(radar.items.len(), 1, "{radar:?}");
        radar.blocking().count()
    };
    assert_eq!((blocking("1.5.5"), blocking("1.4.5")), (0, 1));
}

#[test]
fn g8_switches_have_reasons_preconditions_and_a_way_back() {
    let switch =
        |life: &Life, name: &str, to| with(life, |situation| situation.switch(name, to)).unwrap();
    let mut life = Life::mid_cycle();
    life.member("single").pins.insert(
        "v1.5.4".to_owned(),
        At::Behind("main".to_owned(), 4, -9, vec![]),
    );
    let plan = switch(&life, "single", BranchType::Two);
    assert_eq!((plan.verdict, plan.reasons.len()), (Severity::Allow, 2));
    let branch = plan.branch.unwrap();
    assert_eq!(branch.name, CUR);
    assert_eq!(
        branch.create,
        Some(Creation {
            from: "main".to_owned(),
            commit: oid("single main tip")
        })
    );
    assert!(plan.not_before.is_some() && plan.back.unwrap().contains("2.0.0"));
    // The pin is not on main: the branch would not contain what was released.
    life.member("single")
        .pins
        .insert("v1.5.4".to_owned(), At::Pull(3));
    let plan = switch(&life, "single", BranchType::Two);
    assert_eq!(plan.verdict, Severity::Impossible);
    assert!(
        plan.way_out
            .unwrap()
            .what
            .contains("merge the pinned commit into main")
    );
    // Three branches only from pre-release on.
    let early = switch(&life, "two", BranchType::Three);
    assert_eq!(
        (early.verdict, early.way_out.unwrap().effort),
        (Severity::Deny, Effort::Wait)
    );
    assert_eq!(
        switch(&Life::pre_release(), "two", BranchType::Three)
            .branch
            .unwrap()
            .name,
        NEXT
    );
    let steps = switch(&Life::pre_release(), "single", BranchType::Three);
    assert_eq!(
        steps.way_out.unwrap().command.unwrap(),
        "shipway train switch single two"
    );
    // The way back comes by itself.
    let back = switch(&Life::freeze(), "two", BranchType::Single);
    assert_eq!(
        (back.verdict, back.way_out.unwrap().effort),
        (Severity::Deny, Effort::Wait)
    );
    with(&life, |situation| {
        assert_eq!(
            situation.after_departure(BranchType::Three),
            BranchType::Two
        );
        assert_eq!(
            situation.after_departure(BranchType::Two),
            BranchType::Single
        );
        assert_eq!(
            situation.after_departure(BranchType::Single),
            BranchType::Single
        );
    });
    assert_eq!(
        switch(&life, "stable", BranchType::Two).rule.id,
        "goose/classes/stable-api"
    );
}

#[test]
fn g8_a_name_that_is_taken_is_not_made_again() {
    let mut life = Life::mid_cycle();
    life.member("single").branches.push(CUR.to_owned());
    let mut facts = life.facts();
    // A branch without a commit of its own does not count, and its name is taken all the same.
    let member = facts.members.get_mut("single").unwrap();
    if let Known::Known(repository) = &mut member.repository {
        let branch = repository
            .branches
            .iter_mut()
            .find(|branch| branch.name == CUR);
        branch.unwrap().own = None;
    }
    let (train, pack) = (life.train(), goose());
    let plan = Situation::new(&train, &pack, &facts)
        .switch("single", BranchType::Two)
        .unwrap();
    assert_eq!(
        (plan.from, plan.verdict),
        (BranchType::Single, Severity::Impossible)
    );
    assert!(
        plan.way_out
            .unwrap()
            .what
            .starts_with("commit to the branch v1.5-variegata")
    );
}

fn matrix() -> FixMatrix {
    let fix = Fix {
        commit: oid("fix"),
        subject: "do not crash".to_owned(),
        author: "ana".to_owned(),
        time: day(-5),
        pull: Some(7),
        severity: Some("high".to_owned()),
        lines: BTreeMap::from([
            (
                CUR.to_owned(),
                OnLine::Fixed {
                    commit: oid("picked"),
                    link: Link::CherryPicked,
                    release: None,
                },
            ),
            (
                LTS.to_owned(),
                OnLine::Missing {
                    since: day(-5),
                    maybe: vec![],
                },
            ),
            (
                "v1.3-gone".to_owned(),
                OnLine::Missing {
                    since: day(-5),
                    maybe: vec![],
                },
            ),
        ]),
    };
    let plain = Fix {
        severity: None,
        commit: oid("plain"),
        ..fix.clone()
    };
    let merge = ForwardMerge {
        line: CUR.to_owned(),
        into: "main".to_owned(),
        owed: vec![oid("a"), oid("b")],
        since: Some(day(-9)),
        merged_until: None,
    };
    let none = ForwardMerge {
        owed: vec![],
        since: None,
        ..merge.clone()
    };
    // Nobody waits for what only a line without support has.
    let gone = ForwardMerge {
        line: "v1.3-gone".to_owned(),
        ..merge.clone()
    };
    FixMatrix {
        repository: "goose".to_owned(),
        as_of: day(0),
        fixes: vec![fix, plain],
        forward_merges: vec![merge, none, gone],
    }
}

#[test]
fn g9_a_severe_fix_is_owed_on_every_supported_line_and_lines_are_merged_forward() {
    let (fixes, merges) = with(&Life::mid_cycle(), |situation| situation.owed(&[matrix()]));
    let owed: Vec<(&str, &str)> = fixes
        .iter()
        .map(|fix| (fix.branch.as_str(), fix.severity.as_deref().unwrap()))
        .collect();
    assert_eq!(owed, [(LTS, "high")]);
    assert!(
        fixes[0]
            .way_out
            .as_ref()
            .unwrap()
            .what
            .starts_with("git cherry-pick -x ")
    );
    assert_eq!(
        (merges.len(), merges[0].commits, merges[0].since),
        (1, 2, Some(day(-9)))
    );
    assert_eq!(merges[0].rule.id, "goose/events/forward-merge");
    let mut over = Life::mid_cycle();
    over.now = 330;
    assert!(
        with(&over, |situation| situation.owed(&[matrix()]))
            .0
            .is_empty(),
        "the line is over"
    );
}

#[test]
fn g10_a_departure_has_an_order_a_commit_for_everybody_and_edits_for_the_pins() {
    let mut life = Life::mid_cycle();
    life.member("two")
        .pins
        .insert(CUR.to_owned(), At::Behind(CUR.to_owned(), 3, -8, vec![]));
    life.member("both").pins.insert(CUR.to_owned(), At::Pull(9));
    let bump = with(&life, |situation| situation.bump(&release("1.5.5"), None)).unwrap();
    assert_eq!(
        (bump.branch.as_str(), bump.paths()),
        (CUR, vec!["config.cmake"])
    );
    let names: Vec<&str> = bump.edits.iter().map(|edit| edit.member.as_str()).collect();
    assert_eq!(names, ["two", "both"]);
    let text = life.config(CUR);
    let edited = bump.apply("config.cmake", &text).unwrap();
    assert!(
        edited.contains(oid(&format!("two {CUR} tip")).as_str())
            && edited.contains(oid(&format!("both {CUR} tip")).as_str())
    );
    assert_eq!(edited.len(), text.len());
    assert_eq!(bump.apply("other", "x").unwrap(), "x");
    let error = bump
        .apply(
            "config.cmake",
            &text
                .replacen('0', "1", 1)
                .replace(&bump.edits[0].from, &"e".repeat(40)),
        )
        .unwrap_err();
    assert_eq!(error.member, "two");
    let one = with(&life, |situation| {
        situation.bump(&release("1.5.5"), Some("two"))
    })
    .unwrap();
    assert_eq!(one.edits.len(), 1);
    let order: Vec<String> = shipped(&life, "1.5.5")
        .members
        .into_iter()
        .map(|ship| ship.member)
        .collect();
    assert_eq!(order, ["both", "single", "stable", "tree", "two"]);
}

#[test]
fn g11_rules_are_data_with_severities_and_a_team_writes_its_own() {
    let life = Life {
        more: "[[override]]\ntable = \"engine-change\"\nwhen = { phase = \"mid-cycle\", change = \"feature\", wanted = \"cur.patch\" }\nseverity = \"warn\"\nanswers = { branch = \"cur\" }\nnote = \"small ones\"\n".to_owned(),
        ..Life::mid_cycle()
    };
    let (train, facts) = (life.train(), life.facts());
    let pack = goose().with(&train.overrides).unwrap();
    let situation = Situation::new(&train, &pack, &facts);
    let answer = situation
        .place(
            Subject::Engine,
            Change::Feature,
            &Wanted::Word("cur.patch".to_owned()),
        )
        .unwrap();
    assert_eq!(
        (short(&answer), answer.rule.source),
        ((Severity::Warn, Some(CUR)), Origin::Team)
    );
    let bad = Life {
        more: life.more.replace("mid-cycle", "midcycle"),
        ..life.clone()
    }
    .train();
    let faults = goose().with(&bad.overrides).unwrap_err();
    assert!(
        faults[0].contains("did you mean `mid-cycle`?"),
        "{faults:?}"
    );
}

#[test]
fn g12_the_past_can_be_asked_day_by_day() {
    let mut life = Life::mid_cycle();
    life.lines[2].opened = Some(5);
    let (train, pack) = (life.train(), goose());
    let days = (0..10).map(|now| {
        life.now = now;
        Cow::Owned(life.facts())
    });
    let said = replay(&train, &pack, days, |situation| {
        let answer = situation.place(
            Subject::Engine,
            Change::Feature,
            &Wanted::Word("next.0".to_owned()),
        );
        answer
            .ok()
            .and_then(|place| place.branch)
            .map(|branch| branch.name)
    });
    assert_eq!(said.days, 10);
    let changes: Vec<(Timestamp, Option<&str>)> = said
        .changes
        .iter()
        .map(|one| (one.at, one.answer.as_deref()))
        .collect();
    assert_eq!(changes, [(day(0), Some("main")), (day(5), Some(NEXT))]);
}

#[test]
fn status_groups_exceptions_by_who_can_act() {
    let mut life = Life::freeze();
    life.member("two").pins.insert(
        NEXT.to_owned(),
        At::Behind("main".to_owned(), 3, 12, vec![]),
    );
    // Who owns the member moves its pin, not whoever may merge into the engine.
    life.member("two").maintainers = vec!["ben"];
    let point = EnginePoint::Branch(LTS.to_owned());
    life.member("single")
        .targets
        .insert("main".to_owned(), (point.clone(), point));
    let status = with(&life, |situation| situation.status(None, &[matrix()]));
    assert_eq!(
        (status.departure.clone(), status.days_left, status.blockers),
        (Some(release("2.0.0")), Some(20), 2)
    );
    let groups: Vec<(Vec<String>, usize)> = status
        .groups
        .iter()
        .map(|group| (group.who.clone(), group.items.len()))
        .collect();
    assert_eq!(
        groups,
        [(vec!["ana".to_owned()], 1), (vec!["ben".to_owned()], 1)]
    );
    assert_eq!(status.quiet, 3);
    assert_eq!(
        status.one_line(),
        "goose: feature-freeze, 2.0.0 leaves in 20 days, 2 things block it, 2 backports and merges are owed"
    );
    let json = serde_json::to_string(&status).unwrap();
    assert_eq!(serde_json::from_str::<Status>(&json).unwrap(), status);
}

#[test]
fn lint_looks_at_the_whole_train() {
    let mut life = Life::mid_cycle();
    life.third_branch("two");
    life.lines[0].end_of_life = None;
    life.log = vec![(-101, "declare-freze"), (-100, "declare-freeze")];
    life.members.push(LifeMember {
        class: "in-tree",
        ..member("moved", &[])
    });
    life.more = "[[waiver]]\nmember = \"two\"\nwaives = \"pin\"\nwho = \"ana\"\nwhy = \"x\"\nuntil = 2025-12-01\n".to_owned();
    let mut facts = life.facts();
    if let Some(Known::Known(pins)) = facts.pins.get_mut(CUR) {
        let mut pin = pins.pins[0].clone();
        pin.name = "ghost".to_owned();
        pin.revision = Some(Known::Known(Revision::Commit(oid("ghost"))));
        pins.pins.push(pin.clone());
        pin.name = "moved".to_owned();
        pins.pins.push(pin);
        pins.pins.sort_by(|a, b| a.name.cmp(&b.name));
    }
    let (train, pack) = (life.train(), goose());
    let findings = lint(&Situation::new(&train, &pack, &facts));
    for (subject, what, rule) in [
        (
            "train.toml",
            "which the pack does not know",
            "shipway/known-events",
        ),
        (
            "train.toml",
            "declare-freeze needs the phase pre-release, and it was mid-cycle",
            "goose/events/declare-freeze",
        ),
        (
            "1.4",
            "has no date for its end of life",
            "goose/support/end-of-life-dates",
        ),
        (
            "two",
            "it has three branches",
            "goose/branch-types/mid-cycle/three",
        ),
        (
            "two",
            "the waiver of ana for two has run out",
            "shipway/waivers-run-out",
        ),
        (
            "ghost",
            "train.toml does not know it",
            "shipway/members-are-declared",
        ),
        (
            "moved",
            "it is in-tree by train.toml",
            "goose/classes/in-tree",
        ),
    ] {
        let found = findings
            .iter()
            .find(|one| one.subject == subject && one.what.contains(what));
        let found = found.unwrap_or_else(|| panic!("{subject}: {what}: {findings:#?}"));
        assert_eq!(found.rule.id, rule);
        assert!(found.way_out.is_some());
    }
    assert!(findings.is_sorted_by(|a, b| a.severity >= b.severity));
    // `phase` of the misspelt event and of the early freeze aside, a sound train is silent.
    let quiet = with(&Life::mid_cycle(), lint);
    assert_eq!(quiet, []);
}

#[test]
fn a1_features_for_the_minor_after_the_next_go_to_main() {
    for life in [Life::pre_release(), Life::freeze()] {
        assert_eq!(
            short(&place(&life, Subject::Engine, Change::Feature, "next2.0")),
            (Severity::Allow, Some("main"))
        );
    }
}

#[test]
fn a2_freeze_redirects_engine_fixes_and_warns_about_those_of_members() {
    let life = Life::freeze();
    assert_eq!(
        place(&life, Subject::Engine, Change::Bugfix, "cur.patch").verdict,
        Severity::Redirect
    );
    assert_eq!(
        short(&place(
            &life,
            Subject::Member("two"),
            Change::Bugfix,
            "cur.patch"
        )),
        (Severity::Warn, Some(CUR))
    );
}

#[test]
fn a3_any_unreleased_target_counts_alike() {
    let mut life = Life::pre_release();
    for target in [
        EnginePoint::Branch("main".to_owned()),
        EnginePoint::Branch(NEXT.to_owned()),
        EnginePoint::Merged(vec![]),
    ] {
        life.member("single")
            .targets
            .insert("main".to_owned(), (target.clone(), target));
        assert_eq!(
            place(
                &life,
                Subject::Member("single"),
                Change::Bugfix,
                "cur.patch"
            )
            .verdict,
            Severity::Impossible
        );
    }
}

#[test]
fn a4_three_branches_mid_cycle_are_routed_and_reported() {
    let mut life = Life::mid_cycle();
    life.third_branch("two");
    for (wanted, branch) in [("cur.patch", CUR), ("next.0", NEXT), ("next2.0", "main")] {
        assert_eq!(
            short(&place(
                &life,
                Subject::Member("two"),
                Change::Bugfix,
                wanted
            )),
            (Severity::Warn, Some(branch))
        );
    }
    assert!(
        with(&life, lint)
            .iter()
            .any(|one| one.rule.id == "goose/branch-types/mid-cycle/three")
    );
}

#[test]
fn a5_freeze_has_the_rows_of_pre_release_for_members() {
    let (mut pre, mut freeze) = (Life::pre_release(), Life::freeze());
    for life in [&mut pre, &mut freeze] {
        life.third_branch("both");
    }
    for name in ["single", "two", "both"] {
        for wanted in ["cur.patch", "next.0", "next2.0", "lts.patch"] {
            let ask = |life: &Life| {
                let answer = place(life, Subject::Member(name), Change::Bugfix, wanted);
                (answer.verdict, answer.branch)
            };
            assert_eq!(ask(&pre), ask(&freeze), "{name} {wanted}");
        }
    }
}

#[test]
fn a6_making_the_next_branch_is_an_event_of_its_own_that_a_policy_binds() {
    let check = |event: &str| {
        with(&Life::mid_cycle(), |situation| {
            situation.event(event, None, None)
        })
        .unwrap()
    };
    assert!(
        check("open-pre-release")
            .effects
            .contains(&"create-branch-next".to_owned())
    );
    assert!(check("create-next-branch").may_happen());
    let again = with(&Life::pre_release(), |situation| {
        situation.event("create-next-branch", None, None)
    })
    .unwrap();
    assert!(!again.may_happen());
    // A team that makes the branch shortly before the release: then the branch opens nothing by itself.
    let files = BTreeMap::from([(
        "pack.toml".to_owned(),
        "name = \"late\"\nextends = \"goose\"\n[[override]]\ntable = \"events\"\nwhen = { event = \"open-pre-release\" }\nanswers = { needs = \"phase=mid-cycle\", effects = \"phase=pre-release\" }\nnote = \"the branch comes later\"\n".to_owned(),
    )]);
    let pack = Pack::read(&files, "late").unwrap();
    let mut life = Life::mid_cycle();
    (life.lines[2].opened, life.now) = (Some(5), 10);
    let (train, facts) = (life.train(), life.facts());
    assert_eq!(
        Situation::new(&train, &pack, &facts).moment.phase.phase,
        "mid-cycle"
    );
    assert_eq!(
        Situation::new(&train, &goose(), &facts).moment.phase.phase,
        "pre-release"
    );
}

#[test]
fn a7_a_supported_line_ships_from_its_own_branch() {
    let life = Life::mid_cycle();
    let shipment = shipped(&life, "1.4.5");
    assert_eq!(
        (shipment.kind, shipment.branch.as_str()),
        (ReleaseKind::LtsPatch, LTS)
    );
    assert_eq!(ship_of(&shipment, "both").branch.as_deref(), Some(LTS));
    assert_eq!(ship_of(&shipment, "two").truth, Truth::Pin);
}

#[test]
fn a8_the_next_line_is_the_next_of_the_list() {
    let life = Life::mid_cycle();
    with(&life, |situation| {
        assert_eq!(
            situation.moment.release("next.0", None),
            Some(release("2.0.0"))
        );
        assert_eq!(situation.moment.release("next2.0", None), None);
    });
    assert_eq!(shipped(&Life::freeze(), "2.0.0").kind, ReleaseKind::Major);
}

#[test]
fn a9_a_switched_off_member_stops_the_release_and_not_the_development() {
    let mut life = Life::mid_cycle();
    life.member("two").off = true;
    let check = with(&life, |situation| {
        situation.event("cut-patch", None, Some(true))
    })
    .unwrap();
    assert!(!check.may_happen());
    assert_eq!(
        place(&life, Subject::Member("two"), Change::Bugfix, "cur.patch").verdict,
        Severity::Allow
    );
}

#[test]
fn a10_what_ships_is_a_commit_and_its_patches() {
    let life = Life::mid_cycle();
    let mut facts = life.facts();
    let patch = crate::facts::Patch {
        path: "patches/two/fix.patch".to_owned(),
        blob: oid("patch"),
    };
    if let Some(Known::Known(pins)) = facts.pins.get_mut(CUR) {
        let pin = pins.pins.iter_mut().find(|pin| pin.name == "two").unwrap();
        (pin.apply_patches, pin.patches) = (true, vec![patch.clone()]);
    }
    let (train, pack) = (life.train(), goose());
    let shipment = Situation::new(&train, &pack, &facts)
        .ship(&release("1.5.5"))
        .unwrap();
    assert_eq!(ship_of(&shipment, "two").patches, [patch]);
    assert!(ship_of(&shipment, "single").patches.is_empty());
}

#[test]
fn a11_after_a_minor_a_two_branch_member_is_single_until_somebody_switches_it() {
    let mut life = Life::freeze();
    life.lines[2].released = vec![40];
    life.lines.push(line("2.1", "after"));
    life.now = 41;
    with(&life, |situation| {
        assert_eq!(situation.moment.phase.phase, "mid-cycle");
        assert_eq!(
            situation.branch_type(situation.member("two").unwrap()),
            Known::Known(BranchType::Single)
        );
    });
}
