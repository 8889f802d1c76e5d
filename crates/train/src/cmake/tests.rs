use super::evaluate::{Evaluation, Problem};
use super::*;
use crate::facts::Reason;
use std::collections::BTreeMap;

fn read(files: &[(&str, &str)]) -> Evaluation {
    let files: BTreeMap<&str, &str> = files.iter().copied().collect();
    let paths: Vec<String> = files.keys().map(|&path| path.to_owned()).collect();
    let settings = Settings {
        functions: vec!["goose_extension_load".to_owned()],
        variables: BTreeMap::from([("BASE".to_owned(), "/config/extensions/".to_owned())]),
    };
    evaluate(&paths, &settings, &mut |path| {
        Ok(files.get(path).map(|text| text.as_bytes().to_vec()))
    })
}

fn one(source: &str) -> Load {
    let found = read(&[("config/a.cmake", source)]);
    assert_eq!(found.problems, []);
    assert_eq!(found.loads.len(), 1, "{:?}", found.loads);
    found.loads[0].clone()
}

fn states(files: &[(&str, &str)]) -> Vec<(String, State)> {
    let found = read(files);
    assert_eq!(found.problems, []);
    let name = |load: &Load| load.name.single().unwrap().text.clone();
    found
        .loads
        .iter()
        .map(|it| (name(it), it.state.clone()))
        .collect()
}

fn problems(files: &[(&str, &str)]) -> Vec<(String, u32, Reason)> {
    let of = |it: Problem| (it.path, it.line, it.reason);
    read(files).problems.into_iter().map(of).collect()
}

#[test]
fn an_entry_is_taken_apart_by_its_keywords() {
    let load = one(
        "Goose_Extension_Load(spatial\n  DONT_LINK LOAD_TESTS # why\n  GIT_URL \"https://x.org/a\"\n  GIT_TAG abc\n  INCLUDE_DIR src\n  APPLY_PATCHES\n  APPLY_PATCHES)",
    );
    assert_eq!(load.name.single().unwrap().text, "spatial");
    assert_eq!(
        load.fields["GIT_URL"].single().unwrap().text,
        "https://x.org/a"
    );
    assert_eq!(load.fields["GIT_TAG"].single().unwrap().text, "abc");
    assert_eq!(load.options, ["DONT_LINK", "LOAD_TESTS"]);
    assert!(load.apply_patches);
    assert_eq!(load.state, State::Enabled);
}

#[test]
fn the_revision_remembers_where_it_is_written_even_through_a_variable() {
    let source = "set(TAG_OF_A 0123)\ngoose_extension_load(a GIT_TAG ${TAG_OF_A})";
    let written = one(source).fields["GIT_TAG"]
        .single()
        .unwrap()
        .written
        .clone()
        .unwrap();
    assert_eq!(&source[written.span.start..written.span.end], "0123");
    assert_eq!(written.line, 1);
    let source = "set(T 0123)\ngoose_extension_load(a GIT_TAG v${T})";
    assert_eq!(
        one(source).fields["GIT_TAG"].single().unwrap().written,
        None
    );
}

#[test]
fn conditions_decide_whether_an_entry_counts() {
    let conditional = |text: &str| State::Conditional(text.to_owned());
    let off = |text: &str| State::SwitchedOff(text.to_owned());
    let found = states(&[(
        "a.cmake",
        "if (NOT MINGW)\n if (A OR B)\n goose_extension_load(a)\n else()\n goose_extension_load(b)\n endif()\nendif()
         if (NOT DEFINED X_ON)\n set(X_ON OFF)\nendif()\nif (X_ON AND NOT WIN32)\n goose_extension_load(c)\nendif()
         if(FALSE)\n goose_extension_load(d)\nelse()\n goose_extension_load(e)\nendif()",
    )]);
    let expected = [
        ("a", conditional("NOT MINGW AND (A OR B)")),
        ("b", conditional("NOT MINGW AND NOT (A OR B)")),
        ("c", off("X_ON AND NOT WIN32")),
        ("d", off("FALSE")),
        ("e", State::Enabled),
    ];
    assert_eq!(
        found,
        expected.map(|(name, state)| (name.to_owned(), state))
    );
}

#[test]
fn what_a_condition_sets_is_open_afterwards() {
    let load = one(
        "if(WIN32)\n set(T 1)\nelse()\n set(T 2)\nendif()\ngoose_extension_load(a GIT_TAG ${T})",
    );
    assert_eq!(load.fields["GIT_TAG"].texts(), Some(vec!["1", "2"]));
    let load = one(
        "if(WIN32)\n set(L \"DONT_LINK\")\nelse()\n set(L \"\")\nendif()\ngoose_extension_load(a ${L} GIT_TAG 1)",
    );
    assert_eq!(load.options, ["${L}"]);
    let load = one("set(T 1)\nstring(TOUPPER ${T} T)\ngoose_extension_load(a GIT_TAG ${T})");
    assert_eq!(
        load.fields["GIT_TAG"],
        Value::Open("T is computed by string()".to_owned())
    );
    let load = one("if(OFF)\nset(T 1)\nendif()\ngoose_extension_load(a GIT_TAG ${T})");
    assert_eq!(
        load.fields["GIT_TAG"],
        Value::Open("T is not set in these files".to_owned())
    );
}

#[test]
fn an_included_file_counts_where_it_is_included() {
    let found = states(&[
        (
            "config/all.cmake",
            "set(KIND \"OUT\")\ninclude(\"${CMAKE_CURRENT_LIST_DIR}/core.cmake\")\nunset(KIND)",
        ),
        ("config/tree.cmake", "set(KIND \"IN\")\ninclude(core.cmake)"),
        (
            "config/core.cmake",
            "if(NOT DEFINED KIND OR KIND STREQUAL \"IN\")\n goose_extension_load(json)\nendif()\nif(NOT DEFINED KIND OR KIND STREQUAL \"OUT\")\n include(\"${BASE}/b.cmake\")\nendif()\ninclude(ExternalProject)",
        ),
        (
            "config/extensions/b.cmake",
            "if(NOT MINGW)\n goose_extension_load(b GIT_TAG 1)\nendif()\ninclude(${BASE}/../extensions/none.cmake OPTIONAL)",
        ),
    ]);
    let condition = State::Conditional("NOT MINGW".to_owned());
    assert_eq!(
        found,
        [
            ("json".to_owned(), State::Enabled),
            ("b".to_owned(), condition)
        ]
    );
}

#[test]
fn entries_in_comments_are_found_with_their_place() {
    let source = "# see goose_extension_load(NAME ...) for how\n\n#if (NOT MINGW)\n#    goose_extension_load(lance\n#        GIT_TAG 4d9e # old\n#        ## LOAD_TESTS\n#    )\n#endif()\n#[[goose_extension_load(b GIT_TAG 2)]]\n";
    let found = read(&[("a.cmake", source)]);
    assert_eq!(found.problems, []);
    let names: Vec<_> = found
        .loads
        .iter()
        .map(|it| &*it.name.single().unwrap().text)
        .collect();
    assert_eq!(names, ["lance", "b"]);
    assert!(found.loads.iter().all(|it| it.state == State::CommentedOut));
    let written = found.loads[0].fields["GIT_TAG"]
        .single()
        .unwrap()
        .written
        .clone()
        .unwrap();
    assert_eq!(
        (&source[written.span.start..written.span.end], written.line),
        ("4d9e", 5)
    );
    assert_eq!(found.loads[0].line, 4);
}

#[test]
fn loops_over_plain_lists_are_followed() {
    let found = states(&[(
        "a.cmake",
        "set(ALL a b)\nforeach(x IN LISTS ALL)\n goose_extension_load(${x})\nendforeach()\nforeach(y c \"d\")\n goose_extension_load(${y})\nendforeach()",
    )]);
    let names: Vec<_> = found.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["a", "b", "c", "d"]);
}

#[test]
fn what_follows_a_return_depends_on_it() {
    let found = states(&[(
        "a.cmake",
        "if(WIN32)\n return()\nendif()\ngoose_extension_load(a)\nreturn()\ngoose_extension_load(b)",
    )]);
    assert_eq!(found[0].1, State::Conditional("NOT (WIN32)".to_owned()));
    assert_eq!(found[1].1, State::SwitchedOff("after return()".to_owned()));
}

#[test]
fn what_is_not_understood_is_said_with_its_place() {
    use Reason::{Expression, NotWritten, Syntax};
    let at = |path: &str, line, reason| (path.to_owned(), line, reason);
    let source =
        "goose_extension_load(a)\ngoose_extension_load(b\nset(x y\n\ngoose_extension_load(c)";
    assert_eq!(
        problems(&[("a.cmake", source)]),
        [at("a.cmake", 2, Syntax), at("a.cmake", 3, Syntax)]
    );
    assert_eq!(read(&[("a.cmake", source)]).loads.len(), 2);
    assert_eq!(
        problems(&[("a.cmake", "\ninclude(gone.cmake)")]),
        [at("a.cmake", 2, NotWritten)]
    );
    assert_eq!(
        problems(&[("a.cmake", "include(../../x.cmake)")]),
        [at("a.cmake", 1, NotWritten)]
    );
    assert_eq!(
        problems(&[("a.cmake", "include(${X}/x.cmake)")]),
        [at("a.cmake", 1, Expression)]
    );
    assert_eq!(
        problems(&[(
            "a.cmake",
            "macro(m x)\n goose_extension_load(${x})\nendmacro()"
        )]),
        [at("a.cmake", 2, Expression)]
    );
}

#[test]
fn a_cycle_of_includes_is_said_and_every_entry_is_found() {
    let files = [
        ("a.cmake", "goose_extension_load(a)\ninclude(b.cmake)"),
        ("b.cmake", "goose_extension_load(b)\ninclude(a.cmake)"),
        ("c.cmake", "include(c.cmake)\ngoose_extension_load(c)"),
    ];
    let found = read(&files);
    assert_eq!(found.loads.len(), 3);
    let reasons: Vec<_> = found
        .problems
        .iter()
        .map(|it| (it.path.as_str(), it.reason))
        .collect();
    let syntax = Reason::Syntax;
    assert_eq!(
        reasons,
        [
            ("a.cmake", syntax),
            ("b.cmake", syntax),
            ("c.cmake", syntax)
        ]
    );
}

#[test]
fn work_is_bounded() {
    let list = (0..900)
        .map(|it| it.to_string())
        .collect::<Vec<_>>()
        .join(" ");
    let source = format!(
        "foreach(a {list})\nforeach(b {list})\nforeach(c {list})\ngoose_extension_load(x)\nendforeach()\nendforeach()\nendforeach()"
    );
    let found = read(&[("a.cmake", &source)]);
    assert!(
        found
            .problems
            .iter()
            .any(|it| it.reason == Reason::TooLarge)
    );
}
