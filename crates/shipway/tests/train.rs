//! `shipway train …`: what each command says about a train with a year of history, what it refuses, and what it changes.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops where its world is not as expected"
)]

mod train_world;

use fs_err as fs;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::LazyLock;
use train_world::Yard;

/// For tests that change nothing but files of their own.
static READ: LazyLock<Yard> = LazyLock::new(Yard::whole);

const LINE: &str = "v1.5-variegata";

#[test]
fn status_shows_lines_exceptions_by_who_can_act_and_debts() {
    READ.at_the_end(&["status"]).must(0).says(&[
        "goose  as of 2026-07-01",
        "phase pre-release since 2026-06-21",
        "1.4    lts          1.4.5      v1.4-andium            supported until 2026-11-17 (139 days)",
        "2.0    pre release  no release v2.0-harlequin         announced for 2026-07-22",
        "\nstorage  ",
        "\nformats  ",
        "lacks 2026-04-10",
        "[critical] since 2026-04-10: Fix crash 153 (#153)",
        "iceberg: 10 commits of v1.5-variegata not in main since 2026-05-06",
    ]);
    let line = READ.at_the_end(&["status", "--line"]).must(0).stdout;
    assert_eq!(line.lines().count(), 1);
    assert!(
        line.starts_with("goose: pre-release, 2.0.0 leaves in 21 days, "),
        "{line}"
    );
    let value = READ
        .at_the_end(&["status", "--json"])
        .must(0)
        .value("status");
    assert_eq!(value["departure"], "2.0.0");
    assert_eq!(value["days-left"], 21);
    assert_eq!(value["members"], 28);
}

#[test]
fn the_page_escapes_what_others_wrote_and_needs_nothing_else() {
    let azure = "mirrors/azure.git\"\nclass       = \"unstable-api\"\nmaintainers = [";
    let hostile = READ.variant(
        "hostile.toml",
        &format!("{azure}\"storage\"]"),
        &format!("{azure}\"<script>alert(1)</script>\", \"a&b\"]"),
    );
    let arguments = ["--train", &hostile, "status", "--html", "page.html"];
    READ.at_the_end(&arguments).must(0).says(&["page.html"]);
    let page = fs::read_to_string(READ.train().join("page.html")).unwrap();
    assert!(page.starts_with("<!doctype html>") && page.trim_end().ends_with("</html>"));
    assert!(
        !page.contains("<script") && !page.contains("a&b"),
        "foreign text is not escaped"
    );
    assert!(page.contains("&lt;script&gt;alert(1)") && page.contains("default-src 'none'"));
    assert!(
        !page.contains("src=") && !page.contains("href=\"http"),
        "the page needs another file"
    );
    for text in ["2.0.0", "variegata", "httpfs", "Fix crash 153"] {
        assert!(page.contains(text), "{text}");
    }
    let json = [&arguments[..], &["--json"]].concat();
    let ran = READ.at_the_end(&json).must(0);
    let document: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert!(document["path"].as_str().unwrap().ends_with("page.html"));
}

#[test]
fn a_change_has_a_branch_or_a_reason_why_not() {
    READ.at_the_end(&["where", "--fix", "--for", "v1.5.5"])
        .must(0)
        .says(&[
            "allow: a bugfix for 1.5.5 of the engine",
            "merge into v1.5-variegata of goose",
            "rule goose/engine-change/pre-release/bugfix/cur.patch (stated)",
            "then: merge v1.5-variegata forward into the main branch",
        ]);
    READ.at_the_end(&["where", "--fix", "--for", "1.4.6", "--member", "httpfs"])
        .must(0)
        .says(&["merge into v1.4-andium of httpfs"]);
    READ.at_the_end(&["where", "--feature", "--for", "1.5.5"])
        .must(4)
        .says(&[
            "deny: a feature for 1.5.5 of the engine",
            "(inferred): a patch release holds fixes only",
            "way out: ask for 2.0.0: it goes into v2.0-harlequin",
            "error: the rules refuse it",
        ]);
    let value = READ
        .at_the_end(&["where", "--feature", "--for", "1.5.5", "--json"])
        .must(4)
        .value("place");
    assert_eq!(value["place"]["verdict"], "deny");
    assert_eq!(value["place"]["branch"], serde_json::Value::Null);
}

#[test]
fn a_commit_that_is_asked_about_is_found_on_the_lines_that_have_it() {
    let commit = READ.git(
        "mirrors/httpfs",
        &["log", LINE, "--grep=Fix crash 153 ", "--format=%H", "-1"],
    );
    let asked = [
        "where", "--fix", "--for", "1.4.6", "--member", "httpfs", "--commit",
    ];
    let with = |commit: &str| READ.at_the_end(&[&asked[..], &[commit]].concat());
    with(&commit[..12]).must(0).says(&[
        "Fix crash 153",
        "v1.4-andium          lacks it since 2026-04-10",
        "v1.5-variegata       has it as ",
    ]);
    with("0123456789").must(2).says(&["0123456789"]);
    with("--evil").must(2);
}

#[test]
fn what_ships_is_named_with_its_reason() {
    READ.at_the_end(&["ship", "v1.5.5"]).must(4).says(&[
        "v1.5.5  patch release of v1.5-variegata at ",
        ", after 1.5.4",
        "✓ avro  ",
        "  own release",
        "  engine commit",
        "✗ spatial  ",
        ", stale by 13 commits and 52 days; the head of pull request 812",
        "way out: merge pull request 812 of spatial",
        "shipway train bump --all",
    ]);
    let value = READ
        .at_the_end(&["ship", "1.5.5", "--json"])
        .must(4)
        .value("shipment");
    assert_eq!(value["members"].as_array().unwrap().len(), 28);
    READ.at_the_end(&["ship", "v1.5.4"])
        .must(7)
        .says(&["1.5.4 exists already"]);
    READ.at_the_end(&["ship", "v9.9.9"])
        .must(2)
        .says(&["no line for 9.9.9", "lines are 1.4, 1.5, 2.0"]);
    READ.at_the_end(&["ship", "banana"])
        .must(2)
        .says(&["\"banana\" is no release"]);
    // On the day of a release, what it shipped.
    let before = ["train", "--at", "2026-06-16T17:30:00Z", "ship", "v1.5.4"];
    READ.shipway(&before)
        .must(4)
        .says(&["v1.5.4  patch release of v1.5-variegata"]);
}

#[test]
fn the_radar_names_pins_targets_and_days() {
    READ.at_the_end(&["radar"]).must(0).says(&[
        "2.0.0 departs 2026-07-22, in 21 days",
        " of 28 members, ",
        "deny httpfs: the pin is at ",
        " of main, stale by 1 commit and 1 day",
        "shipway train bump httpfs",
        "allowed: v1.5.4, v2.0-harlequin",
    ]);
    READ.at_the_end(&["radar", "--departs", "2026-07-10"])
        .must(0)
        .says(&["2.0.0 departs 2026-07-10, in 9 days"]);
    READ.at_the_end(&["radar", "--departs", "July"])
        .must(2)
        .says(&["\"July\" is no date"]);
}

#[test]
fn missing_backports_and_owed_merges_are_shown() {
    let ran = READ
        .at_the_end(&["backports", "--member", "httpfs", "--missing"])
        .must(0);
    let ran = ran.says(&[
        "fixes of httpfs",
        "lacks 2026-04-10",
        "way out: git cherry-pick -x ",
        " on v1.4-andium of httpfs",
    ]);
    assert!(!ran.stdout.contains("iceberg"), "{}", ran.stdout);
    READ.at_the_end(&["backports", "--member", "htpfs"])
        .must(2)
        .says(&["no member \"htpfs\"", "did you mean httpfs?"]);
}

#[test]
fn a_bump_is_a_diff_or_one_commit_on_a_new_branch() {
    let yard = Yard::whole();
    let before = yard.references();
    let aws = yard.git(
        "mirrors/aws",
        &["rev-list", "-1", "--before=2026-07-01T00:00:00Z", LINE],
    );
    yard.at_the_end(&["bump", "aws", "--for", "1.5.5"])
        .must(0)
        .says(&[
            "1 pin moves on v1.5-variegata at ",
            "--- a/.github/config/extensions/aws.cmake\n",
            "\n-    GIT_TAG ",
            &format!("\n+    GIT_TAG {aws}\n"),
        ]);
    assert_eq!(before, yard.references(), "a diff changes nothing");
    let all = ["bump", "--all", "--for", "1.5.5", "--branch", "pins/1.5.5"];
    yard.at_the_end(&all).must(0).says(&["6 pins move"]);
    let mut after = yard.references();
    let made = after.remove("mirrors/goose refs/heads/pins/1.5.5").unwrap();
    assert_eq!(before, after, "a bump moves no branch");
    let parent = yard.git("mirrors/goose", &["rev-parse", &format!("{made}^")]);
    let tip = ["rev-list", "-1", "--before=2026-07-01T00:00:00Z", LINE];
    assert_eq!(parent, yard.git("mirrors/goose", &tip));
    let files = yard.git("mirrors/goose", &["diff", "--name-only", &parent, &made]);
    assert!(
        files
            .lines()
            .all(|path| path.starts_with(".github/config/extensions/")),
        "{files}"
    );
    assert_eq!(files.lines().count(), 6);
    assert_eq!(
        yard.git("mirrors/goose", &["log", "-1", "--format=%an", &made]),
        "Ines Albrecht"
    );
    let again = ["bump", "aws", "--for", "1.5.5", "--branch", "pins/1.5.5"];
    yard.at_the_end(&again).must(7).says(&[
        "refs/heads/pins/1.5.5 is at ",
        "a name that no branch has yet",
    ]);
    yard.at_the_end(&["bump", "aws", "--branch", "a..b"])
        .must(2)
        .says(&["a..b"]);
    yard.at_the_end(&["bump"]).must(2);
    yard.at_the_end(&["bump", "aws", "nosuch"])
        .must(2)
        .says(&["no member \"nosuch\""]);
    fs::remove_file(yard.home().join(".gitconfig")).unwrap();
    yard.at_the_end(&["bump", "aws", "--for", "1.5.5", "--branch", "pins/more"])
        .must(2)
        .says(&["user.name is not set", "git config --global user.name"]);
}

#[test]
fn a_switch_makes_its_branch_only_where_the_rules_allow() {
    let yard = Yard::whole();
    yard.at_the_end(&["switch", "httpfs", "single"])
        .must(4)
        .says(&["deny: httpfs from two to single", "it happens by itself"]);
    let ran = yard.at_the_end(&["switch", "fts", "two", "--json"]).must(0);
    let plan = ran.value("switch")["switch"].clone();
    let oldest = plan["not-before"].as_str().unwrap().to_owned();
    let newest = plan["branch"]["create"]["commit"]
        .as_str()
        .unwrap()
        .to_owned();
    let is_between = ["merge-base", "--is-ancestor", &oldest, &newest];
    yard.git("mirrors/fts", &is_between);
    yard.git(
        "mirrors/fts",
        &["merge-base", "--is-ancestor", &newest, "main"],
    );
    let before = yard.references();
    let early = format!("{oldest}^");
    let early = yard.git("mirrors/fts", &["rev-parse", &early]);
    yard.at_the_end(&["switch", "fts", "two", "--create", &early])
        .must(4)
        .says(&["is outside of the commits that the branch may start at"]);
    yard.at_the_end(&["switch", "fts", "two", "--create", "nowhere"])
        .must(2);
    assert_eq!(before, yard.references());
    yard.at_the_end(&["switch", "fts", "two", "--create", &oldest])
        .must(0)
        .says(&["made at "]);
    let mut after = yard.references();
    let made = after.remove(&format!("mirrors/fts refs/heads/{LINE}"));
    assert_eq!(
        (made, after),
        (Some(oldest), before),
        "one branch, and nothing else"
    );
    yard.at_the_end(&["switch", "nosuch", "two"])
        .must(2)
        .says(&["no member \"nosuch\""]);
    yard.at_the_end(&["switch", "fts", "four"]).must(2);
}

#[test]
fn transitions_are_noted_once_they_may_happen() {
    let yard = Yard::whole();
    let file = || fs::read_to_string(yard.train().join("train.toml")).unwrap();
    let before = file();
    yard.at_the_end(&["thaw", "--write"])
        .must(4)
        .says(&["✗ the phase is feature-freeze"]);
    yard.at_the_end(&["open-pre-release", "--write"])
        .must(4)
        .says(&[
            "✗ the phase is mid-cycle",
            "error: open-pre-release may not happen now",
        ]);
    yard.at_the_end(&["freeze"])
        .must(0)
        .says(&["--write notes it in the train's file"]);
    assert_eq!(before, file(), "nothing was to be written");
    yard.at_the_end(&["freeze", "--write"])
        .must(0)
        .says(&["noted in the train's file"]);
    assert_eq!(
        file().strip_prefix(&before).unwrap(),
        "\n[[log]]\ndate = 2026-07-01T00:00:00Z\nevent = \"declare-freeze\"\n"
    );
    let phase = |day: &str| {
        let ran = yard
            .shipway(&["train", "--at", day, "status", "--json"])
            .must(0);
        ran.value("status")["phase"]["phase"].clone()
    };
    assert_eq!(
        (phase("2026-06-30"), phase("2026-07-02")),
        ("pre-release".into(), "feature-freeze".into())
    );
    yard.shipway(&[
        "train",
        "--at",
        "2026-07-03",
        "where",
        "--fix",
        "--for",
        "1.5.5",
    ])
    .must(0)
    .says(&[
        "redirect: a bugfix for 1.5.5",
        "merge into v2.0-harlequin of goose",
    ]);
    let thaw = ["train", "--at", "2026-07-03", "thaw", "--write", "--json"];
    let value = yard.shipway(&thaw).must(0).value("event");
    assert_eq!(
        (&value["may-happen"], &value["written"]),
        (&true.into(), &true.into())
    );
    assert_eq!(phase("2026-07-04"), "pre-release");
}

#[test]
fn the_past_is_replayed_from_git_alone() {
    let span = ["replay", "--from", "2026-03-01", "--to", "2026-03-20"];
    READ.at_the_end(&span).must(0).says(&[
        "20 days",
        "2026-03-07  mid-cycle, 1.5.1 next",
        "1.5: 1.5.0 is out",
        "feature for cur.patch: deny",
    ]);
    let value = READ
        .at_the_end(&[&span[..], &["--json"]].concat())
        .must(0)
        .value("replay");
    assert_eq!(value["days"], 20);
    READ.at_the_end(&["replay", "--from", "2026-03-20", "--to", "2026-03-01"])
        .must(2)
        .says(&["is no span of days"]);
    READ.at_the_end(&["replay", "--from", "1900-01-01", "--to", "2026-03-01"])
        .must(2);
}

#[test]
fn the_same_dice_give_the_same_forecast() {
    let throw = |seed: &str| {
        let ran = READ.at_the_end(&["simulate", "--runs", "200", "--seed", seed, "--json"]);
        ran.must(0).value("forecast")
    };
    let first = throw("1");
    assert_eq!(first, throw("1"));
    assert_eq!(first["forecast"]["trials"], 200);
    assert!(
        first["forecast"]["observations"].as_u64().unwrap() > 100,
        "{first}"
    );
    READ.at_the_end(&["simulate", "--runs", "200"])
        .must(0)
        .says(&["chance to leave on time: ", "of 200 trials", "seed 1"]);
    READ.at_the_end(&["simulate", "--runs", "0"]).must(2);
}

#[test]
fn lint_holds_the_train_against_its_rules() {
    READ.at_the_end(&["lint"]).must(4).says(&[
        "deny sqlite: its branch v1.5-variegata",
        "findings are against the rules",
    ]);
    let waived = READ.variant(
        "odd.toml",
        "[[line]]",
        "[[log]]\ndate = 2026-06-25\nevent = \"declare-freze\"\n\n[[line]]",
    );
    READ.at_the_end(&["--train", &waived, "lint"])
        .must(4)
        .says(&["declare-freze"]);
}

#[test]
fn a_file_that_cannot_be_right_is_refused_with_line_and_hint() {
    let refused = |name: &str, from: &str, to: &str, says: &[&str]| {
        let file = READ.variant(name, from, to);
        READ.at_the_end(&["--train", &file, "status"])
            .must(2)
            .says(says);
    };
    refused(
        "key.toml",
        "maintainers",
        "maintaners",
        &["key.toml: line 9", "did you mean `maintainers`?"],
    );
    refused(
        "pack.toml.toml",
        "rules = \"goose\"",
        "rules = \"gose\"",
        &["line 4", "did you mean \"goose\"?"],
    );
    refused(
        "class.toml",
        "\"unstable-api\"",
        "\"unstabel-api\"",
        &["did you mean"],
    );
    refused(
        "needs.toml",
        "needs       = [\"avro\"]",
        "needs = [\"avor\"]",
        &["no member `avor`", "did you mean `avro`?"],
    );
    refused(
        "order.toml",
        "version   = \"2.0\"",
        "version   = \"0.9\"",
        &["the line 0.9 stands after 1.5"],
    );
    refused(
        "date.toml",
        "2026-07-22",
        "2026-07-32",
        &["date.toml: line "],
    );
    refused(
        "override.toml",
        "[[line]]",
        "[[override]]\ntable = \"engine-change\"\nwhen = { phase = \"freez\" }\nseverity = \"warn\"\nnote = \"x\"\n\n[[line]]",
        &["freez"],
    );
    refused(
        "rules.toml",
        "rules = \"goose\"",
        "rules = \"./nowhere/\"",
        &["nowhere"],
    );
}

#[test]
fn a_place_or_a_date_that_is_none_is_refused() {
    let empty = tempfile::tempdir().unwrap();
    READ.shipway(&["-C", empty.path().to_str().unwrap(), "train", "status"])
        .must(2)
        .says(&["there is no train.toml in ", "--train FILE"]);
    READ.shipway(&["train", "--train", "nowhere.toml", "status"])
        .must(2)
        .says(&["nowhere.toml"]);
    for date in [
        "tomorrow",
        "2026-13-01",
        "2026-02-30",
        "2026-07-01T25:00:00Z",
    ] {
        READ.shipway(&["train", "--at", date, "status"])
            .must(2)
            .says(&[&format!("{date:?} is no date"), "2026-07-22T18:00:00Z"]);
    }
    // Before the first commit nothing is released, and that is an answer.
    READ.shipway(&["train", "--at", "1999-01-01", "status"])
        .must(0)
        .says(&["no release"]);
}

#[test]
fn a_mirror_that_cannot_be_read_is_unknown_with_the_reason() {
    let yard = Yard::whole();
    fs::remove_dir_all(yard.repository("mirrors/fts")).unwrap();
    let httpfs = yard.repository("mirrors/httpfs");
    fs::remove_file(httpfs.join("packed-refs")).unwrap();
    fs::write(yard.repository("mirrors/aws").join("HEAD"), "nonsense").unwrap();
    let radar = yard.at_the_end(&["radar"]).must(0).says(&[
        "fts: unknown: there is no git repository at ",
        "httpfs: unknown: the repository has no branch with a commit",
        "aws: unknown: ",
        "way out: make a mirror of the repository",
    ]);
    assert!(
        radar.stdout.contains("must go to"),
        "the others are judged all the same"
    );
    yard.shipway(&["train", "depart", "v1.5.5", "--yes"])
        .must(4)
        .says(&["v1.5.5 cannot leave yet", "fts"]);
    fs::remove_dir_all(yard.repository("mirrors/goose")).unwrap();
    yard.at_the_end(&["status"]).must(0).says(&[
        "nothing can be said about the departure",
        "no git repository at ",
    ]);
    yard.at_the_end(&["ship", "v1.5.5"])
        .must(2)
        .says(&["it is not known: there is no git repository"]);
}

#[test]
fn a_departure_is_planned_without_a_trace_and_carried_out_once() {
    let yard = Yard::small();
    let before = yard.references();
    yard.at_the_end(&["depart", "v1.5.5"])
        .must(2)
        .says(&["a train departs now"]);
    yard.shipway(&["train", "depart", "v1.5.5", "--plan-only"]).must(0).says(&[
        "goose 1.5.4 → 1.5.5",
        "reserve v1.5.5 of httpfs, while v1.5-variegata is at ",
        "point of no return",
        "advance v1.5-variegata to the new pins and tag the engine as v1.5.5, in one atomic push",
    ]);
    assert_eq!(before, yard.references(), "a plan leaves no trace");
    yard.shipway(&["train", "depart", "v1.5.5", "--yes"])
        .must(0)
        .says(&["goose 1.5.5 is released"]);
    for name in ["goose", "httpfs", "iceberg"] {
        let place = format!("upstream/{name}");
        assert_eq!(
            yard.git(&place, &["tag", "-l", "v1.5.5"]),
            "v1.5.5",
            "{name}"
        );
        assert_eq!(yard.git(&place, &["cat-file", "-t", "v1.5.5"]), "tag");
    }
    let engine = yard.git("upstream/goose", &["rev-parse", "v1.5.5^{commit}"]);
    assert_eq!(engine, yard.git("upstream/goose", &["rev-parse", LINE]));
    for member in ["httpfs", "iceberg"] {
        let place = format!("upstream/{member}");
        let tagged = yard.git(&place, &["rev-parse", "v1.5.5^{commit}"]);
        assert_eq!(
            tagged,
            before[&format!("{place} refs/heads/{LINE}")],
            "{member}"
        );
        let pins = format!("v1.5.5:.github/config/extensions/{member}.cmake");
        assert!(
            yard.git("upstream/goose", &["show", &pins])
                .contains(&tagged),
            "{member}"
        );
    }
    yard.shipway(&["verify"]).must(0);
    let after = yard.references();
    // The mirrors do not know of it yet, and nothing is done twice for that.
    yard.shipway(&["train", "depart", "v1.5.5", "--yes"])
        .must(7);
    assert_eq!(after, yard.references());
    yard.git("mirrors/goose", &["fetch", "-q"]);
    yard.shipway(&["train", "depart", "v1.5.5", "--yes"])
        .must(7)
        .says(&["1.5.5 exists already"]);
}

#[test]
fn people_approve_a_departure_and_a_rejected_one_leaves_nothing() {
    let yard = Yard::small();
    yard.edit(
        "[departure]\n",
        "[departure]\napprove = \"release-manager\"\n",
    );
    let before = yard.references();
    yard.shipway(&["train", "depart", "v1.5.5", "--yes"])
        .must(5);
    for name in ["goose", "httpfs", "iceberg"] {
        assert_eq!(
            yard.git(&format!("upstream/{name}"), &["tag", "-l", "v1.5.5"]),
            "",
            "{name}"
        );
    }
    assert!(
        yard.references()
            .contains_key("upstream/httpfs refs/shipway/reserved/v1.5.5")
    );
    yard.shipway(&["reject", "--as", "Ines", "--note", "not today"])
        .must(0);
    yard.shipway(&["resume"]);
    assert_eq!(
        before,
        yard.references(),
        "a rejected departure leaves nothing"
    );
}

#[test]
fn a_member_that_moved_stops_the_train_before_any_tag() {
    let yard = Yard::small();
    let before = yard.references();
    // While the engine's reservation is taken, somebody merges into httpfs.
    let older = yard.git("upstream/httpfs", &["rev-parse", &format!("{LINE}~1")]);
    let hook = yard.repository("upstream/goose").join("hooks/pre-receive");
    fs::create_dir_all(hook.parent().unwrap()).unwrap();
    let script = format!(
        "#!/bin/sh\nunset GIT_DIR GIT_QUARANTINE_PATH GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES\ngit -C '{}' update-ref refs/heads/{LINE} {older}\n",
        yard.repository("upstream/httpfs").display()
    );
    fs::write(&hook, script).unwrap();
    fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755)).unwrap();
    let ran = yard.shipway(&["train", "depart", "v1.5.5", "--yes", "--jobs", "1"]);
    assert_ne!(ran.code, Some(0), "{ran:?}");
    let ran = ran.says(&[
        "prepare/httpfs/reserve",
        "refs/heads/v1.5-variegata",
        &older[..10],
    ]);
    fs::remove_file(&hook).unwrap();
    assert!(!ran.stderr.contains("is released"), "{ran:?}");
    let mut expected = before;
    expected.insert(format!("upstream/httpfs refs/heads/{LINE}"), older);
    assert!(
        yard.references()
            .keys()
            .all(|name| !name.contains("refs/tags/v1.5.5"))
    );
    yard.shipway(&["rollback"]);
    assert_eq!(
        expected,
        yard.references(),
        "nothing of the departure is left"
    );
    // Seen at the next plan, too: the mirror is behind.
    yard.shipway(&["train", "depart", "v1.5.5", "--yes"])
        .must(7)
        .says(&["refs/heads/v1.5-variegata"]);
    assert_eq!(expected, yard.references());
}
