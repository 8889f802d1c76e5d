use super::*;

fn faults(files: &Files) -> String {
    let error = Pack::read(files, "rules").unwrap_err();
    let shown = |file: &ConfigError| -> Vec<String> {
        file.faults
            .iter()
            .map(|fault| format!("{}: {fault}", file.file))
            .collect()
    };
    error
        .files
        .iter()
        .flat_map(shown)
        .collect::<Vec<_>>()
        .join("\n")
}

fn small(tables: &[(&str, &str)]) -> Files {
    let about = "name = \"small\"\n[words]\nphase = [\"open\", \"frozen\"]\n";
    let mut files = Files::from([("pack.toml".to_owned(), about.to_owned())]);
    files.extend(
        tables
            .iter()
            .map(|(name, text)| ((*name).to_owned(), (*text).to_owned())),
    );
    files
}

#[test]
fn builtin_packs_have_no_holes() {
    for name in BUILTIN {
        let pack = Pack::builtin(name)
            .map_err(|error| format!("{error:?}"))
            .unwrap();
        assert_eq!(pack.name, *name);
        let mut asked = 0;
        for grid in pack.tables() {
            for question in grid.questions() {
                let row = pack.ask(grid.name, &question).unwrap();
                assert!(row.id.starts_with(name), "{}", row.id);
                asked += 1;
            }
        }
        assert!(asked > 200, "{name}: {asked}");
    }
}

/// The completeness check would be worth nothing if a pack passed it with a row less.
#[test]
fn a_builtin_pack_without_any_one_of_its_rows_is_refused() {
    for name in BUILTIN {
        let whole = builtin::files(name).unwrap();
        let mut removed = 0;
        for (file, text) in whole
            .iter()
            .filter(|(file, _)| file.as_str() != "pack.toml")
        {
            let lines: Vec<&str> = text.lines().collect();
            for number in (1..lines.len()).filter(|number| !lines[*number].starts_with('#')) {
                let mut left = lines.clone();
                left.remove(number);
                let mut files = whole.clone();
                files.insert(file.clone(), left.join("\n"));
                let error = faults(&files);
                assert!(
                    error.contains(file) && error.contains("no row applies"),
                    "{file}:{}: {error}",
                    number + 1
                );
                removed += 1;
            }
        }
        assert!(removed > 60, "{name}: {removed}");
    }
}

#[test]
fn a_row_that_stands_twice_is_refused_with_both_lines() {
    for name in BUILTIN {
        let whole = builtin::files(name).unwrap();
        for (file, text) in whole
            .iter()
            .filter(|(file, _)| file.as_str() != "pack.toml")
        {
            let last = text.lines().last().unwrap();
            let mut files = whole.clone();
            files.insert(file.clone(), format!("{text}{last}\n"));
            let error = faults(&files);
            let line = text.lines().count();
            assert!(
                error.contains(&format!("the row in line {line} both apply")),
                "{file}: {error}"
            );
        }
    }
}

#[test]
fn a_hole_is_named() {
    let table = "phase,change,wanted,severity,branch,source\nopen,*,*,allow,main,T\nfrozen,bugfix,*,allow,main,T\nfrozen,feature,cur.patch|next.0|next2.0,deny,,T\n";
    insta::assert_snapshot!(faults(&small(&[("engine-change.csv", table)])), @r"
    rules/engine-change.csv: line 1, column 1: no row applies: phase = frozen, change = feature, wanted = lts.patch
      |
    1 | phase,change,wanted,severity,branch,source
      | ^
      = hint: add a row for it; `*` stands for every word of an axis
    ");
}

#[test]
fn an_overlap_names_both_rows() {
    let table = "phase,order,active,severity,source\n*,1,main,allow,T\nfrozen,2,main,allow,T\n";
    insta::assert_snapshot!(faults(&small(&[("phases.csv", table)])), @r"
    rules/phases.csv: line 3, column 1: this row and the row in line 2 both apply: phase = frozen
      |
    3 | frozen,2,main,allow,T
      | ^^^^^^^^^^^^^^^^^^^^^
      = hint: write narrower words in one of the two: exactly one row may apply
    ");
}

#[test]
fn a_typo_is_shown_where_it_stands_with_what_was_meant() {
    let table = "phase,order,actve,severity,source\nopen,1,main,allow,T\n";
    let cells = "phase,order,active,severity,source\nopne|frozen,one,mian,alow,Z\n";
    insta::assert_snapshot!(faults(&small(&[("phases.csv", table)])), @r"
    rules/phases.csv: line 1, column 1: the table has no column `active`
      |
    1 | phase,order,actve,severity,source
      | ^
      = hint: add `active` to the first line
    rules/phases.csv: line 1, column 13: unknown column `actve`
      |
    1 | phase,order,actve,severity,source
      |             ^^^^^
      = hint: did you mean `active`?
    ");
    let shown = faults(&small(&[("phases.csv", cells)]));
    for hint in [
        "did you mean `open`?",
        "did you mean `main`?",
        "did you mean `allow`?",
        "unknown source `Z`",
    ] {
        assert!(shown.contains(hint), "{hint}: {shown}");
    }
    assert!(
        shown.contains("line 2, column 1: unknown phase `opne`"),
        "{shown}"
    );
}

#[test]
fn broken_tables_are_refused_not_guessed() {
    let head = "phase,order,active,severity,source\n";
    for (file, text, message) in [
        ("phases.csv", String::new(), "the table is empty"),
        (
            "phases.csv",
            format!("{head}open,1\n"),
            "the row has 2 cells, and the table 5 columns",
        ),
        (
            "phases.csv",
            format!("{head},1,main,allow,T\n"),
            "unknown phase ``",
        ),
        (
            "phases.csv",
            format!("{head}open|open,1,main,allow,T\n"),
            "stands twice in the cell",
        ),
        (
            "phases.csv",
            format!("{head}*,one,main,allow,T\n"),
            "must be a whole number",
        ),
        (
            "phases.csv",
            format!("{head}*,1,,allow,T\n"),
            "the cell of `active` is empty",
        ),
        (
            "phases.csv",
            "phase,phase,order,active,severity,source\n*,*,1,main,allow,T\n".to_owned(),
            "written twice",
        ),
        (
            "phases.csv",
            "order,active,severity,source\n1,main,allow,T\n".to_owned(),
            "decides by nothing",
        ),
        ("phase.csv", head.to_owned(), "did you mean phases.csv?"),
        (
            "models.csv",
            "model,severity,source\n*,allow,T\n".to_owned(),
            "lists no words",
        ),
        (
            "engine-change.csv",
            "change,severity,branch,source\n*,allow,,T\n".to_owned(),
            "names no branch",
        ),
        (
            "engine-change.csv",
            "change,severity,branch,source\n*,redirect,main,T\n".to_owned(),
            "another release",
        ),
        (
            "engine-change.csv",
            "change,severity,branch,source\n*,deny,main,T\n".to_owned(),
            "names a branch for it",
        ),
        ("phases.toml", "row = 1\n".to_owned(), "list of tables"),
        (
            "phases.toml",
            "[[row]]\nphse = \"open\"\n".to_owned(),
            "did you mean `phase`?",
        ),
    ] {
        let shown = faults(&small(&[(file, &text)]));
        assert!(shown.contains(message), "{message}: {shown}");
    }
    assert!(faults(&Files::new()).contains("a pack begins with pack.toml"));
}

#[test]
fn toml_tables_say_the_same_as_csv() {
    let csv = small(&[(
        "phases.csv",
        "phase,order,active,severity,source\nopen,1,main|cur,allow,T\nfrozen,2,main,warn,I\n",
    )]);
    let toml = "[[row]]\nphase = \"open\"\norder = 1\nactive = [\"main\", \"cur\"]\nseverity = \"allow\"\nsource = \"T\"\n\n[[row]]\nphase = \"frozen\"\norder = 2\nactive = \"main\"\nseverity = \"warn\"\nsource = \"I\"\n";
    let toml = small(&[("phases.toml", toml)]);
    let (csv, toml) = (
        Pack::read(&csv, "a").unwrap(),
        Pack::read(&toml, "b").unwrap(),
    );
    for phase in ["open", "frozen"] {
        let (one, two) = (
            csv.ask("phases", &[("phase", phase)]),
            toml.ask("phases", &[("phase", phase)]),
        );
        let (one, two) = (one.unwrap(), two.unwrap());
        assert_eq!(
            (
                &one.id,
                one.severity,
                one.answer("active"),
                one.answer("order")
            ),
            (
                &two.id,
                two.severity,
                two.answer("active"),
                two.answer("order")
            )
        );
    }
}

fn extending(rest: &str) -> Files {
    Files::from([(
        "pack.toml".to_owned(),
        format!("name = \"ours\"\nextends = \"goose\"\n{rest}"),
    )])
}

#[test]
fn a_pack_extends_another_and_changes_single_answers() {
    // A2: whether freeze takes engine fixes for the patch is the team's to say.
    let pack = Pack::read(
        &extending("[[override]]\ntable = \"engine-change\"\nwhen = { phase = \"feature-freeze\", change = \"bugfix\", wanted = \"cur.patch\" }\nseverity = \"warn\"\nanswers = { branch = \"cur\" }\nnote = \"we patch until the day before\"\n"),
        "ours",
    )
    .unwrap();
    let question = |phase| {
        [
            ("phase", phase),
            ("change", "bugfix"),
            ("wanted", "cur.patch"),
        ]
    };
    let row = pack
        .ask("engine-change", &question("feature-freeze"))
        .unwrap();
    assert_eq!(
        (row.severity, row.answer("branch"), row.origin),
        (Severity::Warn, Some("cur"), Origin::Team)
    );
    assert_eq!(row.id, "ours/engine-change/feature-freeze/bugfix/cur.patch");
    let other = pack.ask("engine-change", &question("pre-release")).unwrap();
    assert_eq!(
        (other.severity, other.origin),
        (Severity::Allow, Origin::Stated)
    );
    assert!(other.id.starts_with("goose/"));
}

#[test]
fn an_override_that_reaches_part_of_a_row_leaves_the_rest() {
    let files = extending(
        "[[override]]\ntable = \"engine-change\"\nwhen = { phase = \"feature-freeze\", wanted = \"lts.patch\" }\nseverity = \"deny\"\nnote = \"hands off\"\n",
    );
    let pack = Pack::read(&files, "ours").unwrap();
    let ask = |phase| {
        pack.ask(
            "engine-change",
            &[
                ("phase", phase),
                ("change", "bugfix"),
                ("wanted", "lts.patch"),
            ],
        )
        .unwrap()
    };
    assert_eq!(
        (
            ask("feature-freeze").severity,
            ask("feature-freeze").answer("branch")
        ),
        (Severity::Deny, None)
    );
    assert_eq!(
        (ask("mid-cycle").severity, ask("mid-cycle").answer("branch")),
        (Severity::Allow, Some("lts"))
    );
}

#[test]
fn overrides_that_reach_nothing_or_send_people_nowhere_are_refused() {
    for (rest, message) in [
        (
            "table = \"engine-chang\"\nseverity = \"warn\"\n",
            "did you mean `engine-change`?",
        ),
        (
            "table = \"engine-change\"\nseverity = \"warm\"\n",
            "did you mean \"warn\"?",
        ),
        (
            "table = \"engine-change\"\nwhen = { fase = \"x\" }\nseverity = \"warn\"\n",
            "does not decide by `fase`",
        ),
        (
            "table = \"engine-change\"\nwhen = { phase = \"freeze\" }\nseverity = \"deny\"\n",
            "is no phase",
        ),
        (
            "table = \"engine-change\"\nwhen = { change = \"feature\" }\nseverity = \"allow\"\n",
            "names no branch",
        ),
        (
            "table = \"engine-change\"\nseverity = \"deny\"\nanswers = { brunch = \"x\" }\n",
            "no answer `brunch`",
        ),
        (
            "table = \"engine-change\"\nseverity = \"allow\"\nanswers = { branch = \"mian\" }\n",
            "`mian` is no branch",
        ),
        ("table = \"engine-change\"\n", "has no `severity`"),
    ] {
        let shown = faults(&extending(&format!("[[override]]\nnote = \"n\"\n{rest}")));
        assert!(shown.contains(message), "{message}: {shown}");
    }
    assert!(
        faults(&extending(
            "[[override]]\ntable = \"events\"\nseverity = \"warn\"\n"
        ))
        .contains("has no `note`")
    );
}

#[test]
fn new_words_need_new_tables() {
    let shown = faults(&extending("[words]\nphase = [\"open\"]\n"));
    assert!(
        shown.contains("by which the inherited table `engine-change` decides"),
        "{shown}"
    );
    let shown = faults(&Files::from([(
        "pack.toml".to_owned(),
        "name = \"x\"\nextends = \"gose\"\n[words]\nphse = [\"a\"]\nchange = [\"b\"]\n".to_owned(),
    )]));
    assert!(
        shown.contains("did you mean `goose`?") && shown.contains("did you mean `phase`?"),
        "{shown}"
    );
}

#[test]
fn a_question_with_an_unknown_word_is_answered_with_what_is_known() {
    let pack = Pack::builtin("goose").unwrap();
    let error = pack.ask("phases", &[("phase", "freeze")]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "\"freeze\" is no phase of the table \"phases\""
    );
    assert_eq!(
        error.hint(),
        "known here: mid-cycle, pre-release, feature-freeze"
    );
    assert!(matches!(
        pack.ask("phases", &[]),
        Err(NoAnswer::Axis { .. })
    ));
    assert!(matches!(
        pack.ask("models", &[]),
        Err(NoAnswer::Table { .. })
    ));
    assert!(Pack::builtin("gose").is_err());
}
