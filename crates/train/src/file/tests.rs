use super::*;
use std::fmt::Write;

const WHOLE: &str = r#"
[train]
name = "goose"

[engine]
repository = "../goose"
maintainers = ["core team"]

[[line]]
version = "1.4"
codename = "Andium"
support = "lts"
announced = 2025-09-16
end-of-life = "2026-11-17"

[[line]]
version = "2.0"
branch = "v2.0-next"

[[member]]
name = "httpfs"
repository = "https://example.org/httpfs"
class = "unstable-api"
aliases = ["http_fs"]
maintainers = ["ana"]

[[member]]
name = "iceberg"
repository = "../iceberg"
class = "unstable-api"
needs = ["httpfs"]

[[log]]
date = 2026-07-20
event = "declare-freeze"

[[log]]
date = 2026-07-01T12:00:00Z
event = "open-pre-release"

[[waiver]]
member = "iceberg"
waives = "absence"
release = "v2.0.0"
who = "ana"
why = "moves to the stable API"
until = 2026-12-01

[[override]]
table = "engine-change"
when = { phase = "feature-freeze" }
severity = "deny"
note = "hands off"
"#;

fn faults(text: &str) -> String {
    let error = Train::parse(text, FILE).unwrap_err();
    error
        .faults
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn a_whole_train_is_read() {
    let train = Train::parse(WHOLE, FILE).unwrap();
    assert_eq!(train.lines[0].branch, "v1.4-andium");
    assert_eq!(train.lines[0].end_of_life, Timestamp::parse("2026-11-17"));
    assert_eq!(train.lines[1].branch, "v2.0-next");
    assert_eq!(
        train
            .engine
            .tag_of(&ReleaseVersion::parse("2.0.0").unwrap()),
        "v2.0.0"
    );
    assert_eq!(train.engine.release_of("v2.0.0-rc1"), None);
    assert_eq!(train.member("HTTP_FS").unwrap().name, "httpfs");
    assert_eq!(
        train
            .log
            .iter()
            .map(|entry| entry.event.as_str())
            .collect::<Vec<_>>(),
        ["open-pre-release", "declare-freeze"]
    );
    let names: Vec<&str> = train
        .rebuild_order()
        .unwrap()
        .iter()
        .map(|one| one.name.as_str())
        .collect();
    assert_eq!(names, ["httpfs", "iceberg"]);
    let release = ReleaseVersion::parse("2.0.0").unwrap();
    let at = |date| Timestamp::parse(date).unwrap();
    assert!(
        train
            .waiver("iceberg", Waives::Absence, &release, at("2026-11-30"))
            .is_some()
    );
    assert!(
        train
            .waiver("iceberg", Waives::Absence, &release, at("2026-12-01"))
            .is_none()
    );
    assert!(
        train
            .waiver(
                "iceberg",
                Waives::Absence,
                &release.next_patch(),
                at("2026-11-30")
            )
            .is_none()
    );
    assert!(
        train
            .waiver("iceberg", Waives::Pin, &release, at("2026-11-30"))
            .is_none()
    );
    assert_eq!(train.rules, Rules::Builtin("goose".to_owned()));
}

#[test]
fn faults_stand_in_their_place() {
    let text = WHOLE
        .replace("support = \"lts\"", "suport = \"lts\"")
        .replace(
            "class = \"unstable-api\"\naliases",
            "class = \"unstable\"\naliases",
        );
    insta::assert_snapshot!(faults(&text), @r#"
    line 12, column 1: unknown key `suport` in [[line]]
       |
    12 | suport = "lts"
       | ^^^^^^
       = hint: did you mean `support`?
    line 23, column 9: `class` is unknown: "unstable"
       |
    23 | class = "unstable"
       |         ^^^^^^^^^^
       = hint: write one of in-tree, stable-api, unstable-api
    "#);
}

#[test]
fn a_long_chain_of_members_is_put_in_order() {
    let mut text =
        "[train]\nname = \"x\"\n[engine]\nrepository = \"x\"\n[[line]]\nversion = \"1.0\"\n"
            .to_owned();
    for number in 0..1000 {
        writeln!(
            text,
            "[[member]]\nname = \"m{number}\"\nrepository = \"m\"\nclass = \"unstable-api\""
        )
        .unwrap();
        if number < 999 {
            writeln!(text, "needs = [\"m{}\"]", number + 1).unwrap();
        }
    }
    let train = Train::parse(&text, FILE).unwrap();
    let names: Vec<&str> = train
        .rebuild_order()
        .unwrap()
        .iter()
        .map(|one| one.name.as_str())
        .collect();
    assert_eq!((names.len(), names[0], names[999]), (1000, "m999", "m0"));
}

#[test]
fn everything_that_can_be_wrong_is_said() {
    let replaced = |old: &str, new: &str| {
        assert!(WHOLE.contains(old), "{old}");
        faults(&WHOLE.replacen(old, new, 1))
    };
    for (old, new, message) in [
        ("[engine]", "[engin]", "the table [engine] is missing"),
        (
            "name = \"goose\"\n",
            "name = \"goose\"\nrules = \"gose\"\n",
            "did you mean \"goose\"?",
        ),
        ("version = \"2.0\"", "version = \"1.3\"", "stands after 1.4"),
        ("version = \"2.0\"", "version = \"1.4\"", "written twice"),
        ("version = \"2.0\"", "version = \"2.x\"", "is no line"),
        (
            "branch = \"v2.0-next\"",
            "branch = \"a..b\"",
            "is no name of a branch",
        ),
        (
            "announced = 2025-09-16",
            "announced = 2027-09-16",
            "lies before the line's release",
        ),
        (
            "end-of-life = \"2026-11-17\"",
            "end-of-life = \"2026-13-17\"",
            "no date of the calendar",
        ),
        (
            "needs = [\"httpfs\"]",
            "needs = [\"httpf\"]",
            "did you mean `httpfs`?",
        ),
        (
            "maintainers = [\"ana\"]",
            "needs = [\"iceberg\"]",
            "need each other in a circle: httpfs, iceberg",
        ),
        ("name = \"iceberg\"", "name = \"http_fs\"", "written twice"),
        (
            "name = \"iceberg\"\nrepository = \"../iceberg\"\nclass = \"unstable-api\"",
            "name = \"httpfs\"\nrepository = \"x\"\nclass = \"stable-api\"",
            "is in two classes: unstable-api and stable-api",
        ),
        ("repository = \"../iceberg\"\n", "", "has no `repository`"),
        (
            "member = \"iceberg\"",
            "member = \"icebreg\"",
            "did you mean \"iceberg\"?",
        ),
        (
            "waives = \"absence\"",
            "waives = \"absense\"",
            "did you mean \"absence\"?",
        ),
        ("who = \"ana\"\n", "", "has no `who`"),
        (
            "release = \"v2.0.0\"",
            "release = \"v2.0.0-rc1\"",
            "is no release",
        ),
        (
            "event = \"declare-freeze\"",
            "evnt = \"declare-freeze\"",
            "did you mean `event`?",
        ),
        (
            "repository = \"../goose\"",
            "repository = \"../goose\"\ntag = \"release\"",
            "{version} in it once",
        ),
    ] {
        let shown = replaced(old, new);
        assert!(shown.contains(message), "{message}: {shown}");
    }
    assert!(
        faults("[train]\nname = \"x\"\n[engine]\nrepository = \"x\"\n")
            .contains("the train has no line")
    );
}
