use super::*;
use crate::digest::Digest;
use crate::plan::{GitTime, Invocation, Person};
use crate::target::{Again, Capability};
use crate::time::Millis;
use proptest::prelude::*;

fn kinds(kind: &str) -> Option<Capability> {
    ["git", "git-local"]
        .into_iter()
        .find(|known| *known == kind)
        .map(|kind| Capability {
            kind,
            reversal: Reversal::Nothing,
            again: Again::Harmless,
            settle: Millis(0),
            pace: None,
            compares: "object id",
            overwrites: false,
        })
}

fn oid(seed: usize) -> Oid {
    Oid::new(format!("{seed:040x}")).unwrap()
}

fn tag(name: &str, seed: usize) -> Tag {
    Tag {
        id: oid(seed + 1000),
        name: RefName::tag(name).unwrap(),
        target: oid(seed),
        tagger: Person {
            name: "Ines".to_owned(),
            email: "ines@example.org".to_owned(),
        },
        at: GitTime {
            seconds: 1_700_000_000,
            offset: 0,
        },
        message: format!("{name}\n"),
    }
}

fn member(number: usize, needs: &[usize]) -> Member {
    let name = |number: &usize| format!("ext{number}");
    Member {
        name: name(&number),
        repository: format!("mirrors/ext{number}"),
        remote: "origin".to_owned(),
        url: format!("https://git.example.org/ext{number}"),
        tag: tag("v1.5.5", number),
        held: Some((RefName::branch("v1.5-variegata").unwrap(), oid(number))),
        needs: needs.iter().map(name).collect(),
        rebuild: Some(Script {
            commands: vec![Invocation {
                argv: vec!["make".to_owned(), name(&number)],
                stdin: None,
                expect: None,
            }],
            ..Script::default()
        }),
    }
}

fn departure(members: Vec<Member>) -> Departure {
    Departure {
        made_by: "0.1.0".to_owned(),
        made_at: Timestamp(1_700_000_000_000),
        train: "goose".to_owned(),
        line: "1.5".to_owned(),
        version: "1.5.5".to_owned(),
        previous: Some("1.5.4".to_owned()),
        because: vec!["a patch of the stable line".to_owned()],
        source: Source {
            branch: RefName::branch("v1.5-variegata").unwrap(),
            head: oid(500),
            remote: "origin".to_owned(),
            url: "https://git.example.org/goose".to_owned(),
            config: Digest::of_json(&"train"),
        },
        commits: Vec::new(),
        tag: tag("v1.5.5", 500),
        members,
        approve: Some(Approve {
            who: "release-manager".to_owned(),
            quorum: 1,
            valid_for: Millis::seconds(3600),
        }),
        notes: String::new(),
        warnings: Vec::new(),
        patience: Patience::default(),
    }
}

#[test]
fn tags_come_after_all_that_can_be_taken_back_and_the_engine_last() {
    let plan = depart(&departure(vec![member(1, &[2]), member(2, &[])]), &kinds).unwrap();
    let ids: Vec<&str> = plan.steps.iter().map(|step| step.id.as_str()).collect();
    assert_eq!(
        ids,
        [
            "prepare/engine",
            "prepare/engine/reserve",
            "prepare/ext2",
            "prepare/ext2/reserve",
            "prepare/ext1",
            "prepare/ext1/reserve",
            "build/ext2",
            "build/ext1",
            "approve/departure",
            "publish/ext2",
            "publish/ext1",
            "publish/engine",
        ]
    );
    let at = plan.point_of_no_return().unwrap();
    assert_eq!(at.id.as_str(), "publish/ext2");
    let engine = plan.steps.last().unwrap();
    for before in ["publish/ext1", "publish/ext2", "approve/departure"] {
        assert!(engine.needs.iter().any(|need| need.as_str() == before));
    }
    // The plan is read back as it was written, and what it shows is what its items do.
    let text = serde_json::to_vec(&plan).unwrap();
    assert_eq!(Plan::from_json(&text).unwrap(), plan);
}

#[test]
fn a_reservation_holds_the_branch_and_the_tag_does_not() {
    let plan = depart(&departure(vec![member(1, &[])]), &kinds).unwrap();
    let refs = |id: &str| {
        let step = plan.step(&StepId::new(id).unwrap()).unwrap();
        let Action::Publish(publish) = &step.action else {
            panic!("{id} publishes nothing");
        };
        let Items::Fixed(items) = &publish.items else {
            panic!("{id} has no fixed items");
        };
        assert_eq!(
            publish.target.settings.get("repository"),
            Some(&json!("mirrors/ext1"))
        );
        items[0].body["refs"].clone()
    };
    assert_eq!(
        refs("prepare/ext1/reserve"),
        json!([
            {"name": "refs/shipway/reserved/v1.5.5", "old": null, "new": oid(1001)},
            {"name": "refs/heads/v1.5-variegata", "old": oid(1), "new": oid(1)},
        ])
    );
    assert_eq!(
        refs("publish/ext1"),
        json!([{"name": "refs/tags/v1.5.5", "old": null, "new": oid(1001)}])
    );
}

#[test]
fn members_that_need_each_other_are_named() {
    let fault = depart(
        &departure(vec![
            member(1, &[2]),
            member(2, &[1]),
            member(3, &[1]),
            member(4, &[]),
        ]),
        &kinds,
    )
    .unwrap_err();
    assert_eq!(
        fault.to_string(),
        "members need each other: ext1, ext2, ext3"
    );
    let twice = depart(&departure(vec![member(1, &[]), member(1, &[])]), &kinds);
    assert!(matches!(twice, Err(PlannerError::Broken(_))));
}

proptest! {
    #[test]
    fn the_order_of_members_makes_no_difference_and_needs_come_first(
        needs in proptest::collection::vec(proptest::collection::vec(0_usize..12, 0..3), 1..12),
        turn in 0_usize..12,
    ) {
        // Only earlier members are needed, so that there is no cycle.
        let mut members: Vec<Member> = needs
            .iter()
            .enumerate()
            .map(|(number, needs)| {
                let earlier: Vec<usize> = needs.iter().copied().filter(|need| *need < number).collect();
                member(number, &earlier)
            })
            .collect();
        let plan = depart(&departure(members.clone()), &kinds).unwrap();
        let turn = turn % members.len();
        members.rotate_left(turn);
        prop_assert_eq!(plan.id(), depart(&departure(members.clone()), &kinds).unwrap().id());
        let position = |id: String| plan.steps.iter().position(|step| step.id.as_str() == id).unwrap();
        for member in &members {
            for need in &member.needs {
                for stage in ["publish", "build"] {
                    let place = |name: &str| position(format!("{stage}/{name}"));
                    prop_assert!(place(need) < place(&member.name));
                }
            }
        }
        let first_tag = plan.steps.iter().position(Step::is_irreversible).unwrap();
        for step in &plan.steps[..first_tag] {
            prop_assert!(step.stage < Stage::Publish);
        }
    }
}
