use super::*;
use crate::name::{Oid, RefName};
use crate::plan::Source;
use crate::target::{Again, Capability, Reversal};
use std::collections::BTreeMap;

const REASON: &str = "it loses data";

fn kinds(kind: &str) -> Option<Capability> {
    let known = [
        "pypi",
        "github-draft",
        "github-release",
        "github-withdrawn",
        "mail",
        "webhook",
    ];
    known
        .iter()
        .find(|known| **known == kind)
        .map(|kind| Capability {
            kind,
            reversal: Reversal::Deletes,
            again: Again::Harmless,
            settle: Millis::seconds(1),
            pace: None,
            compares: "everything",
            overwrites: false,
        })
}

fn outward(id: &str, stage: Stage, kind: &str, name: &str, items: Items) -> Step {
    let settings = BTreeMap::from([
        ("index".to_owned(), json!("https://index.example/simple/")),
        ("project".to_owned(), json!("octavia-driver")),
    ]);
    Step {
        id: StepId::new(id).unwrap(),
        stage,
        title: id.to_owned(),
        why: String::new(),
        needs: Vec::new(),
        weight: Weight::Required,
        skip: None,
        action: Action::Publish(Publish {
            target: TargetSpec {
                name: name.to_owned(),
                kind: kind.to_owned(),
                place: format!("https://{name}.example/"),
                settings,
                secret: None,
            },
            items,
            reversal: Reversal::Nothing,
            again: Again::Harmless,
            settle: Millis::seconds(1),
            rehearsal: stage == Stage::Rehearse,
            patience: Patience::default(),
        }),
    }
}

/// A release that went to a test index, an index, GitHub, a mailing list and a chat.
fn released() -> Plan {
    let files = || Items::Sealed {
        patterns: vec!["*".to_owned()],
        expected: Vec::new(),
        body: json!({"version": "1.1.0rc1"}),
    };
    let fixed = |name: &str, body| Items::Fixed(vec![Item::of_body(name, body)]);
    let mail = json!({"from": "R <r@example.org>", "to": ["users@example.org"], "subject": "s", "text": "t", "message_id": "<1@example.org>"});
    let chat = json!({"payload": {"project": "octavia-driver", "version": "1.1.0-rc.1", "tag": "v1", "subject": "s", "text": "t"}});
    Plan {
        format: crate::plan::FORMAT,
        made_by: "0.1.0".to_owned(),
        made_at: Timestamp(1),
        flow: "release".to_owned(),
        project: "octavia-driver".to_owned(),
        line: "1.1".to_owned(),
        version: "1.1.0-rc.1".to_owned(),
        previous: Some("1.0.2".to_owned()),
        because: Vec::new(),
        source: Source {
            branch: RefName::branch("main").unwrap(),
            head: Oid::new("0123456789abcdef0123456789abcdef01234567").unwrap(),
            remote: "origin".to_owned(),
            url: "https://git.example/x".to_owned(),
            config: Digest::of(b""),
        },
        commits: Vec::new(),
        tag: None,
        notes: String::new(),
        steps: vec![
            outward("rehearse/test", Stage::Rehearse, "pypi", "test", files()),
            outward(
                "publish/github/draft",
                Stage::Publish,
                "github-draft",
                "github",
                fixed("v1", json!({})),
            ),
            outward("publish/index", Stage::Publish, "pypi", "index", files()),
            outward(
                "publish/github/release",
                Stage::Publish,
                "github-release",
                "github",
                fixed("v1", json!({})),
            ),
            outward(
                "announce/list",
                Stage::Announce,
                "mail",
                "list",
                fixed("list", mail),
            ),
            outward(
                "announce/chat",
                Stage::Announce,
                "webhook",
                "chat",
                fixed("chat", chat),
            ),
        ],
        destinations: Vec::new(),
        limits: Vec::new(),
        warnings: Vec::new(),
    }
}

/// What stands: the steps of these names, with this certainty.
fn left(steps: &[&str], certainty: &'static str) -> Vec<Public> {
    let one = |step: &&str| Public {
        step: StepId::new(*step).unwrap(),
        item: "item".to_owned(),
        target: String::new(),
        place: String::new(),
        certainty,
        rehearsal: false,
        reversal: Reversal::Nothing,
        ours: true,
        receipt: None,
    };
    steps.iter().map(one).collect()
}

fn plan(released: &Plan, public: &[Public]) -> Plan {
    let withdrawal = Withdrawal {
        made_by: "0.2.0",
        made_at: Timestamp(2),
        released,
        run: &released.id(),
        public,
        reason: REASON,
        instead: Some("1.0.2"),
        program: "/usr/bin/shipway",
        patience: Patience::default(),
    };
    withdraw(&withdrawal, &kinds).unwrap()
}

fn ids(plan: &Plan) -> Vec<&str> {
    plan.steps.iter().map(|step| step.id.as_str()).collect()
}

const ALL: [&str; 4] = [
    "rehearse/test",
    "publish/github/draft",
    "publish/index",
    "publish/github/release",
];

#[test]
fn every_place_is_told_and_the_announcements_come_last() {
    let released = released();
    let plan = plan(&released, &left(&ALL, "verified"));
    assert_eq!(
        ids(&plan),
        [
            "withdraw/index",
            "withdraw/github",
            "announce/list",
            "announce/chat"
        ]
    );
    assert!(plan.is_withdrawal() && !released.is_withdrawal());
    assert_eq!(
        (&plan.version, &plan.line),
        (&released.version, &released.line)
    );
    assert!(plan.warnings.is_empty() && plan.tag.is_none() && plan.commits.is_empty());
    for step in &plan.steps[2..] {
        assert_eq!(step.needs.len(), 2, "{}", step.id);
        assert_eq!(step.weight, Weight::BestEffort);
    }
    assert!(
        plan.steps[..2]
            .iter()
            .all(|step| step.needs.is_empty() && step.weight == Weight::Required)
    );
    assert!(Plan::from_json(&serde_json::to_vec(&plan).unwrap()).is_ok());
}

#[test]
fn a_person_is_told_where_to_click_and_a_probe_notices() {
    let plan = plan(&released(), &left(&ALL, "verified"));
    let Action::Task(task) = &plan.steps[0].action else {
        panic!("{:?}", plan.steps[0])
    };
    for part in [
        "octavia-driver",
        "1.1.0rc1",
        "at index",
        "https://index.example as",
        "Yank",
        REASON,
    ] {
        assert!(task.text.contains(part), "{part}: {}", task.text);
    }
    let probe = task.probe.as_ref().unwrap();
    let wanted = "/usr/bin/shipway probe yanked --index https://index.example/simple/ --project octavia-driver --version 1.1.0rc1";
    assert_eq!(probe.commands[0].argv.join(" "), wanted);
}

#[test]
fn the_mark_names_tag_and_reason_at_the_same_place() {
    let plan = plan(&released(), &left(&ALL, "verified"));
    let Action::Publish(mark) = &plan.steps[1].action else {
        panic!("{:?}", plan.steps[1])
    };
    assert_eq!(
        (mark.target.kind.as_str(), mark.target.name.as_str()),
        ("github-withdrawn", "github")
    );
    assert_eq!(mark.reversal, Reversal::Nothing);
    let Items::Fixed(items) = &mark.items else {
        panic!("{mark:?}")
    };
    assert_eq!(items[0].body, json!({"tag": "v1", "reason": REASON}));
}

#[test]
fn the_announcements_say_what_to_install_instead() {
    let plan = plan(&released(), &left(&ALL, "verified"));
    let bodies: Vec<&Value> = plan.steps[2..]
        .iter()
        .map(|step| match &step.action {
            Action::Publish(Publish {
                items: Items::Fixed(items),
                ..
            }) => &items[0].body,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(bodies[0]["to"], json!(["users@example.org"]));
    assert_ne!(
        bodies[0]["message_id"],
        json!("<1@example.org>"),
        "another mail has another id"
    );
    assert!(
        bodies[0]["message_id"]
            .as_str()
            .unwrap()
            .ends_with("@example.org>")
    );
    for told in [bodies[0], &bodies[1]["payload"]] {
        assert_eq!(
            told["subject"],
            json!("octavia-driver 1.1.0-rc.1 is withdrawn: it loses data")
        );
        assert!(
            told["text"].as_str().unwrap().contains("install 1.0.2"),
            "{told}"
        );
    }
    assert_eq!(bodies[1]["payload"]["tag"], json!("v1"));
}

#[test]
fn only_what_is_there_is_taken_down() {
    let half = plan(&released(), &left(&ALL[..3], "verified"));
    assert_eq!(
        ids(&half),
        ["withdraw/index", "announce/list", "announce/chat"]
    );
    assert!(half.warnings[0].contains("draft"), "{:?}", half.warnings);
    let nothing = plan(&released(), &left(&ALL[..1], "verified"));
    assert_eq!(ids(&nothing), ["announce/list", "announce/chat"]);
}

#[test]
fn what_may_not_be_there_is_asked_of_a_person_or_only_noted() {
    let plan = plan(&released(), &left(&ALL, "unsure"));
    let Action::Task(task) = &plan.steps[0].action else {
        panic!("{:?}", plan.steps[0])
    };
    assert_eq!(task.probe, None);
    assert_eq!(plan.steps[1].weight, Weight::BestEffort);
}
