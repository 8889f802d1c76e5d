use super::*;

fn id(digit: char) -> Oid {
    Oid::new(digit.to_string().repeat(40)).unwrap()
}

fn branch(name: &str, own: bool) -> Branch {
    Branch {
        name: name.to_owned(),
        tip: id('a'),
        time: Timestamp(0),
        own: own.then(|| Own {
            since: Timestamp(0),
            first: id('a'),
            commits: 1,
            from: None,
        }),
    }
}

fn repository(branches: &[(&str, bool)]) -> RepositoryFacts {
    let mut branches: Vec<_> = branches.iter().map(|(n, own)| branch(n, *own)).collect();
    branches.sort_by(|a, b| a.name.cmp(&b.name));
    RepositoryFacts {
        name: "httpfs".to_owned(),
        as_of: Timestamp(0),
        default_branch: Known::Known("main".to_owned()),
        branches,
        tags: Vec::new(),
        problems: Vec::new(),
    }
}

fn kind(branches: &[(&str, bool)]) -> Known<BranchType> {
    repository(branches).branch_type("v1.5-variegata", Some("v2.0-next"))
}

#[test]
fn the_branch_type_counts_branches_with_a_commit_of_their_own() {
    let main = ("main", true);
    assert_eq!(kind(&[main]), Known::Known(BranchType::Single));
    assert_eq!(
        kind(&[main, ("v1.4-andium", true), ("feature", true)]),
        Known::Known(BranchType::Single)
    );
    assert_eq!(
        kind(&[main, ("v1.5-variegata", false)]),
        Known::Known(BranchType::Single)
    );
    assert_eq!(
        kind(&[main, ("v1.5-variegata", true)]),
        Known::Known(BranchType::Two)
    );
    assert_eq!(
        kind(&[main, ("v1.5-variegata", true), ("v2.0-next", true)]),
        Known::Known(BranchType::Three)
    );
}

#[test]
fn what_the_rules_do_not_provide_for_is_unknown() {
    let why = |found: Known<BranchType>| found.why().map(|why| why.reason);
    let main = ("main", true);
    assert_eq!(
        why(kind(&[main, ("v2.0-next", true)])),
        Some(Reason::Ambiguous)
    );
    let two = kind(&[main, ("v1.5-variegata", true), ("v1.5-Variegata", true)]);
    assert_eq!(why(two), Some(Reason::CaseConflict));
    let other = kind(&[main, ("V1.5-Variegata", true)]);
    assert_eq!(why(other), Some(Reason::CaseConflict));
}

#[test]
fn facts_are_the_same_after_writing_and_reading() {
    let mut facts = repository(&[("main", true)]);
    facts.default_branch = Known::unknown(
        Reason::NotWritten,
        "neither main nor master",
        Place::repository("httpfs"),
    );
    let text = serde_json::to_string(&facts).unwrap();
    assert!(
        text.contains(r#""default_branch":{"unknown":{"reason":"not-written""#),
        "{text}"
    );
    assert_eq!(
        serde_json::from_str::<RepositoryFacts>(&text).unwrap(),
        facts
    );
    let state = PinState::Conditional {
        condition: "NOT MINGW".to_owned(),
    };
    let text = serde_json::to_string(&state).unwrap();
    assert_eq!(text, r#"{"is":"conditional","condition":"NOT MINGW"}"#);
}

#[test]
fn a_place_is_printed_for_people() {
    let place = Place {
        repository: "goose".to_owned(),
        commit: Some(id('1')),
        path: "config/a.cmake".to_owned(),
        line: 3,
    };
    assert_eq!(place.to_string(), "goose:config/a.cmake:3 (at 1111111111)");
    let why = Unknown::new(Reason::Syntax, "no closing parenthesis", place);
    assert_eq!(
        why.to_string(),
        "no closing parenthesis, in goose:config/a.cmake:3 (at 1111111111)"
    );
}
