//! Every row of the tables that the goose pack was made from, against the pack.
//!
//! `tests/goose` holds the tables as they were handed over. Where `SHIPWAY_GOOSE_RULES` names a directory with them, the
//! copies are compared with it.

use super::*;

macro_rules! tables {
    ($($name:literal)*) => {
        &[$(($name, include_str!(concat!("../../tests/goose/", $name, ".csv")))),*]
    };
}

const TABLES: &[(&str, &str)] = tables!("core_phase" "core_pr" "events" "ext_branch" "ext_class" "ext_pr" "ext_target"
    "lts" "ship" "switch");

fn goose() -> Pack {
    Pack::builtin("goose").unwrap()
}

/// The rows of a table, by column.
fn rows(name: &str) -> Vec<BTreeMap<String, String>> {
    let text = TABLES.iter().find(|(table, _)| *table == name).unwrap().1;
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .from_reader(text.as_bytes());
    let head = reader.headers().unwrap().clone();
    let row = |record: Result<csv::StringRecord, csv::Error>| {
        let record = record.unwrap();
        let mut cells: Vec<String> = record.iter().map(str::to_owned).collect();
        // One row has a comma in its last cell without quotes around it.
        let last = cells.split_off(head.len() - 1).join(",");
        cells.push(last);
        head.iter().map(str::to_owned).zip(cells).collect()
    };
    let rows: Vec<_> = reader.records().map(row).collect();
    assert!(!rows.is_empty(), "{name}");
    rows
}

fn origin(text: &str) -> Origin {
    match text.chars().next().unwrap() {
        // "S + I" is not wholly stated, and must never be presented as such.
        'S' if text.contains('I') => Origin::Inferred,
        'S' => Origin::Stated,
        'O' | 'o' => Origin::Original,
        'I' => Origin::Inferred,
        other => panic!("{other}"),
    }
}

fn phases(text: &str) -> Vec<&str> {
    match text {
        "any" => vec!["mid-cycle", "pre-release", "feature-freeze"],
        one => vec![one],
    }
}

#[test]
fn the_copies_equal_what_was_handed_over() {
    let Some(directory) = option_env!("SHIPWAY_GOOSE_RULES") else {
        eprintln!("SKIPPED: SHIPWAY_GOOSE_RULES names no directory with the tables");
        return;
    };
    for (name, text) in TABLES {
        let given = fs_err::read_to_string(format!("{directory}/{name}.csv")).unwrap();
        assert_eq!(&given, text, "{name}");
    }
}

#[test]
fn core_phase_rows() {
    let pack = goose();
    for row in rows("core_phase") {
        let found = pack.ask("phases", &[("phase", &row["phase"])]).unwrap();
        assert_eq!(found.answer("order"), Some(row["order"].as_str()));
        assert_eq!(
            found.answer("active"),
            Some(row["active_branches"].as_str())
        );
        assert_eq!(found.origin, origin(&row["src"]));
    }
    assert_eq!(pack.words("phase").len(), rows("core_phase").len());
}

#[test]
fn core_pr_rows() {
    let pack = goose();
    for row in rows("core_pr") {
        for phase in phases(&row["phase"]) {
            let question = [
                ("phase", phase),
                ("change", &row["change"]),
                ("wanted", &row["wanted_release"]),
            ];
            let found = pack.ask("engine-change", &question).unwrap();
            assert_eq!(found.severity.to_string(), row["verdict"], "{row:?}");
            assert_eq!(
                found.answer("branch").unwrap_or_default(),
                row["merge_into"],
                "{row:?}"
            );
            if !row["redirect_release"].is_empty() {
                assert_eq!(
                    found.answer("instead"),
                    Some(row["redirect_release"].as_str()),
                    "{row:?}"
                );
            }
            assert_eq!(found.origin, origin(&row["src"]), "{row:?}");
        }
    }
}

#[test]
fn ext_class_rows() {
    let pack = goose();
    for row in rows("ext_class") {
        let found = pack.ask("classes", &[("class", &row["class"])]).unwrap();
        assert_eq!(found.origin, origin(&row["src"]));
        let own = found.answer("code-lives") == Some("own repository");
        assert_eq!(own, row["code_lives"] == "own repository", "{row:?}");
    }
}

#[test]
fn ext_branch_rows() {
    let pack = goose();
    for row in rows("ext_branch") {
        for phase in ["mid-cycle", "pre-release", "feature-freeze"] {
            let found = pack
                .ask("branch-types", &[("phase", phase), ("type", &row["type"])])
                .unwrap();
            let expected = match row[phase].as_str() {
                "allowed" => Severity::Allow,
                "must-not-exist" => Severity::Deny,
                other => panic!("{other}"),
            };
            assert_eq!(found.severity, expected, "{row:?} {phase}");
            assert_eq!(
                found.answer("active"),
                Some(row["active_branches"].as_str())
            );
            assert_eq!(found.origin, origin(&row["src"]));
        }
    }
}

fn member_change(pack: &Pack, phase: &str, row: &BTreeMap<String, String>) {
    let mains = match row["if_main_targets"].as_str() {
        "*" => vec!["release", "unreleased"],
        "unreleased" => vec!["unreleased"],
        "tag(cur.z)" => vec!["release"],
        other => panic!("{other}"),
    };
    for main in mains {
        for change in ["bugfix", "feature"] {
            let question = [
                ("phase", phase),
                ("type", row["type"].as_str()),
                ("main-targets", main),
                ("lts-branch", "no"),
                ("change", change),
                ("wanted", row["pr_for"].as_str()),
            ];
            let found = pack.ask("member-change", &question).unwrap();
            let expected = match row["verdict"].as_str() {
                "allow" => Severity::Allow,
                // A lint is shown to everybody who asks.
                "allow+warn" | "allow+lint" => Severity::Warn,
                "impossible" => Severity::Impossible,
                other => panic!("{other}"),
            };
            assert_eq!(found.severity, expected, "{row:?}");
            assert_eq!(
                found.answer("branch").unwrap_or_default(),
                row["merge_into"],
                "{row:?}"
            );
            for footnote in ["n1", "n2"]
                .into_iter()
                .filter(|note| row["note"].contains(note))
            {
                assert!(found.note.contains(footnote), "{row:?}: {}", found.note);
            }
            let switch = match row["note"].as_str() {
                note if note.contains("three") => Some("three"),
                note if note.contains("two first") => Some("two"),
                _ => None,
            };
            assert_eq!(
                found.answer("switch"),
                switch.filter(|_| row["verdict"] == "impossible"),
                "{row:?}"
            );
            if phase == row["phase"] {
                assert_eq!(found.origin, origin(&row["src"]), "{row:?}");
            }
        }
    }
}

#[test]
fn ext_pr_rows() {
    let pack = goose();
    let rows = rows("ext_pr");
    for row in rows.iter().filter(|row| row["phase"] != "feature-freeze") {
        member_change(&pack, &row["phase"], row);
        // The last row: freeze is a copy of pre-release.
        if row["phase"] == "pre-release" {
            member_change(&pack, "feature-freeze", row);
        }
    }
    assert!(rows.last().unwrap()["type"].contains("copy of pre-release"));
}

#[test]
fn ext_target_rows() {
    let pack = goose();
    for row in rows("ext_target") {
        let branches = match row["ext_branch"].as_str() {
            "*" => vec!["main", "cur", "next"],
            one => vec![one],
        };
        for branch in branches {
            let question = [
                ("phase", row["phase"].as_str()),
                ("type", &row["type"]),
                ("branch", branch),
            ];
            let found = pack.ask("targets", &question).unwrap();
            if row["allowed_goose_targets"].starts_with("ERROR") {
                assert_eq!(
                    (found.severity, found.answer("targets")),
                    (Severity::Deny, None)
                );
            } else {
                assert_eq!(
                    found.answer("targets"),
                    Some(row["allowed_goose_targets"].as_str()),
                    "{row:?}"
                );
                assert_eq!(found.severity, Severity::Allow);
            }
            assert_eq!(found.origin, origin(&row["src"]), "{row:?}");
        }
    }
}

#[test]
fn ship_rows() {
    let pack = goose();
    let all = |text: &str, words: &[&'static str]| -> Vec<&'static str> {
        words
            .iter()
            .copied()
            .filter(|word| text == "*" || text == *word)
            .collect()
    };
    for row in rows("ship") {
        let (types, lts) = match row["ext_type"].as_str() {
            "has lts branch" => (vec!["single", "two", "three"], vec!["yes"]),
            "no lts branch" => (vec!["single", "two", "three"], vec!["no"]),
            text => (all(text, &["single", "two", "three"]), vec!["yes", "no"]),
        };
        for release in all(
            &row["release_type"],
            &["patch", "minor", "major", "lts-patch"],
        ) {
            for (kind, lts) in types
                .iter()
                .flat_map(|kind| lts.iter().map(move |lts| (*kind, *lts)))
            {
                let ask = |release| {
                    let class = row["ext_class"].as_str();
                    let question = [
                        ("release", release),
                        ("class", class),
                        ("type", kind),
                        ("lts-branch", lts),
                    ];
                    pack.ask("ships", &question).unwrap()
                };
                let found = ask(release);
                let truth = (
                    found.answer("truth").unwrap(),
                    found.answer("branch").unwrap_or_default(),
                );
                let expected = match row["source_of_truth"].as_str() {
                    "pin already in the config file of branch cur" => ("pin", "cur"),
                    text if text.starts_with("pin already in the config file of branch lts") => {
                        ("pin", "lts")
                    }
                    "tip of extension branch cur" => ("tip", "cur"),
                    "tip of extension branch next" => ("tip", "next"),
                    "tip of extension branch lts" => ("tip", "lts"),
                    "tip of extension main" => ("tip", "main"),
                    "the Goose commit itself" => ("engine-commit", ""),
                    text if text.starts_with("own latest release") => ("own-release", ""),
                    "as minor" => {
                        let minor = ask("minor");
                        (
                            minor.answer("truth").unwrap(),
                            minor.answer("branch").unwrap_or_default(),
                        )
                    }
                    other => panic!("{other}"),
                };
                assert_eq!(truth, expected, "{row:?}");
                assert_eq!(found.origin, origin(&row["src"]), "{row:?}");
            }
        }
    }
}

#[test]
fn switch_rows() {
    let pack = goose();
    for row in rows("switch") {
        let whens = match row["allowed_phases"].as_str() {
            "any" => vec!["mid-cycle", "pre-release", "feature-freeze"],
            "feature-freeze->mid-cycle" => vec!["departure"],
            list => list.split('|').collect(),
        };
        for when in ["mid-cycle", "pre-release", "feature-freeze", "departure"] {
            let question = [
                ("from", row["from"].as_str()),
                ("to", &row["to"]),
                ("when", when),
            ];
            let found = pack.ask("switches", &question).unwrap();
            assert_eq!(
                found.severity == Severity::Allow,
                whens.contains(&when),
                "{row:?} {when}"
            );
            if whens.contains(&when) {
                let action = if row["action"].starts_with("automatic") {
                    "automatic"
                } else {
                    "create-branch"
                };
                assert_eq!(found.answer("action"), Some(action), "{row:?}");
                let reasons = row["reasons"]
                    .split('|')
                    .filter(|text| !text.is_empty())
                    .count();
                assert_eq!(found.list("reasons").count(), reasons, "{row:?}");
                assert_eq!(found.origin, origin(&row["src"]));
            }
        }
    }
}

#[test]
fn lts_rows() {
    let pack = goose();
    let rows = rows("lts");
    let expected = [
        ("which lines are LTS", "lts-lines", "every other"),
        ("support of an LTS line", "lts-support", "1 year"),
        ("support of a non-LTS line", "other-support", "next line"),
        (
            "patch releases exist for",
            "patch-releases",
            "latest stable line",
        ),
        ("after community support", "after-support", "paid support"),
        ("LTS cycle", "lts-cycle", "separate"),
        ("EOL dates are data", "end-of-life-dates", "data"),
    ];
    assert_eq!(rows.len(), expected.len());
    for (row, (text, rule, value)) in rows.iter().zip(expected) {
        assert_eq!(row["rule"], text);
        let found = pack.ask("support", &[("rule", rule)]).unwrap();
        assert!(found.answer("value").unwrap().contains(value), "{row:?}");
        assert_eq!(found.origin, origin(&row["src"]), "{row:?}");
    }
}

#[test]
fn event_rows() {
    let pack = goose();
    for row in rows("events") {
        let found = pack.ask("events", &[("event", &row["event"])]).unwrap();
        assert_eq!(found.origin, origin(&row["src"]), "{row:?}");
        let needs: Vec<&str> = found.list("needs").collect();
        for text in [
            "phase=mid-cycle",
            "phase=pre-release",
            "phase=feature-freeze",
            "never",
        ] {
            assert_eq!(
                needs.contains(&text),
                row["preconditions"].contains(text),
                "{row:?}: {text}"
            );
        }
        let effects: Vec<&str> = found.list("effects").collect();
        for (text, effect) in [
            ("create branch next", "create-branch-next"),
            ("phase=pre-release", "phase=pre-release"),
            ("phase=feature-freeze", "phase=feature-freeze"),
            ("phase=mid-cycle", "phase=mid-cycle"),
            ("deny features on next", "features-leave-next"),
            ("tag cur.z+1", "tag-cur-patch"),
            ("tag next.0", "tag-next-0"),
            ("rebuild all", "rebuild-members"),
            ("cur:=next", "cur-becomes-next"),
            ("old cur becomes lts", "old-cur-becomes-lts-or-end-of-life"),
            (
                "three->two and two->single happen",
                "branch-types-step-back",
            ),
            ("merge cur into main", "merge-cur-into-main"),
        ] {
            assert_eq!(
                effects.contains(&effect),
                row["effects"].contains(text),
                "{row:?}: {effect}"
            );
        }
        assert_eq!(
            found.severity == Severity::Impossible,
            row["event"] == "retag"
        );
    }
}
