//! Changelogs in the forms that are met in the wild: what is read in them, and what an inserted section leaves as it was.

use super::*;
use shipway_core::config::Scheme;
use shipway_core::version::Version;

struct Fixture {
    name: &'static str,
    expected: Vec<String>,
    text: &'static str,
}

fn fixtures() -> Vec<Fixture> {
    let read = |part: &'static str| {
        let (head, text) = part.split_once('\n').unwrap();
        let (name, expected) = head.split_once('|').unwrap();
        let expected = expected
            .split(';')
            .map(|one| one.trim().trim_start_matches('v').to_owned());
        let expected = expected.filter(|one| !one.is_empty()).collect();
        Fixture {
            name: name.trim(),
            expected,
            text,
        }
    };
    include_str!("fixtures.txt")
        .split("@@@@ ")
        .skip(1)
        .map(read)
        .collect()
}

fn listed(text: &str) -> Vec<String> {
    let read = |section: &Section| {
        let marks = [
            section.version.map(str::to_owned),
            section.unreleased.then(|| "unreleased".to_owned()),
            section.date.clone(),
            section.yanked.then(|| "yanked".to_owned()),
        ];
        marks.into_iter().flatten().collect::<Vec<_>>().join(" ")
    };
    sections(text.as_bytes(), None)
        .unwrap()
        .iter()
        .map(read)
        .collect()
}

#[test]
fn versions_and_dates_are_found_in_every_form() {
    let fixtures = fixtures();
    assert!(fixtures.len() >= 40, "{}", fixtures.len());
    for fixture in fixtures {
        assert_eq!(listed(fixture.text), fixture.expected, "{}", fixture.name);
        let windows = format!("\u{feff}{}", fixture.text.replace('\n', "\r\n"));
        assert_eq!(
            listed(&windows),
            fixture.expected,
            "{} with CRLF",
            fixture.name
        );
    }
}

/// Inserts a version, and returns the text with what was added cut out again.
fn inserted(fixture: &Fixture, text: &str, version: &str) -> String {
    let version = Version::parse(version, Scheme::Pep440).unwrap();
    let new = NewSection {
        version: &version,
        date: "2026-11-21",
        tag: "v9",
        previous: Some("v8"),
        yanked: false,
        link: None,
        body: "- an entry\n",
    };
    let after = set_section(Some(text.as_bytes()), &new, None).unwrap();
    let again = set_section(Some(&after), &new, None).unwrap();
    assert_eq!(
        String::from_utf8(again),
        String::from_utf8(after.clone()),
        "{} is not idempotent",
        fixture.name
    );
    let notes = section(&after, &version).unwrap().unwrap_or_else(|| {
        panic!(
            "{}: {version} is not found in {}",
            fixture.name,
            String::from_utf8_lossy(&after)
        )
    });
    assert!(notes.contains("- an entry"), "{}: {notes}", fixture.name);
    let after = String::from_utf8(after).unwrap();
    assert!(
        sections(after.as_bytes(), None).unwrap().len() > fixture.expected.len(),
        "{}",
        fixture.name
    );
    after
}

/// Whether one text is the other with lines added.
fn is_kept(before: &str, after: &str) -> bool {
    let [before, after] = [before, after].map(|text| text.trim_start_matches('\u{feff}'));
    let mut lines = after.split_inclusive('\n');
    before
        .split_inclusive('\n')
        .all(|line| lines.any(|one| one == line || one.trim_end() == line))
        && after.contains('\r') == before.contains('\r')
}

#[test]
fn an_inserted_release_leaves_every_other_byte() {
    for fixture in fixtures() {
        for text in [
            fixture.text.to_owned(),
            format!("\u{feff}{}", fixture.text.replace('\n', "\r\n")),
            fixture.text.trim_end().to_owned(),
        ] {
            let mut found = listed(&text);
            let top = inserted(&fixture, &text, "99!1.0");
            assert!(is_kept(&text, &top), "{}: {top}", fixture.name);
            let bottom = inserted(&fixture, &text, "0.0.0.dev1");
            assert!(is_kept(&text, &bottom), "{}: {bottom}", fixture.name);
            // Others are read as before, in the same order.
            for after in [top, bottom] {
                let mut rest = listed(&after);
                rest.retain(|one| !one.starts_with("99!1.0") && !one.starts_with("0.0.0.dev1"));
                assert_eq!(rest, found, "{}", fixture.name);
            }
            found.clear();
        }
    }
}

#[test]
fn files_of_another_kind_are_refused_with_a_hint() {
    for (text, form) in [
        (
            "2024-01-05  Some Body  <some@example.org>\n\n\t* file.c: change\n",
            "a GNU ChangeLog",
        ),
        (
            "pkg (1.0-1) unstable; urgency=low\n\n  * First\n\n -- Some Body <some@example.org>  Fri, 05 Jan 2024 10:00:00 +0000\n",
            "a Debian changelog",
        ),
        (
            "%changelog\n* Fri Jan 05 2024 Some Body <some@example.org> - 1.0-1\n- first\n",
            "an RPM changelog",
        ),
    ] {
        let error = sections(text.as_bytes(), None).unwrap_err();
        assert!(
            matches!(&error, ChangelogError::Form { form: found, .. } if *found == form),
            "{error}"
        );
        assert!(error.hint().contains("Markdown"));
        let version = Version::parse("1.1.0", Scheme::Pep440).unwrap();
        let closing = Closing {
            version: &version,
            date: "",
            tag: "v1.1.0",
            unreleased: None,
            changes: &[],
        };
        assert!(close(Some(text.as_bytes()), &closing).is_err());
    }
}
