//! Lines, and the next version of a repository.

use super::*;

struct Repository {
    scheme: Scheme,
    own: Vec<Version>,
    all: Vec<Version>,
    lines: Vec<Line>,
}

/// `own` are the tags that the commit contains, `elsewhere` those of other branches.
fn repository(scheme: Scheme, own: &str, elsewhere: &str, lines: &str) -> Repository {
    let versions = |text: &str| -> Vec<Version> {
        let read = |word| Version::parse(word, scheme).unwrap();
        text.split_whitespace().map(read).collect()
    };
    Repository {
        scheme,
        own: versions(own),
        all: versions(&format!("{own} {elsewhere}")),
        lines: lines
            .split_whitespace()
            .map(|text| Line::parse(text, scheme).unwrap())
            .collect(),
    }
}

impl Repository {
    fn next(&self, line: &str, level: Level, channel: &str) -> Result<Next, VersionError> {
        self.ask(line, Goal::Level(level), channel, TODAY)
    }

    fn ask(
        &self,
        line: &str,
        goal: Goal<'_>,
        channel: &str,
        today: Timestamp,
    ) -> Result<Next, VersionError> {
        let line = (!line.is_empty()).then(|| Line::parse(line, self.scheme).unwrap());
        let channel: Option<Pre> = (!channel.is_empty()).then(|| channel.parse().unwrap());
        next(&Request {
            scheme: self.scheme,
            own: &self.own,
            all: &self.all,
            line: line.as_ref(),
            lines: &self.lines,
            goal,
            channel: channel.as_ref(),
            initial: None,
            today,
        })
    }
}

use Level::{Major, Minor, Patch};

#[test]
fn lines_are_read_in_every_form() {
    for (text, scheme, written) in [
        ("1.4", Scheme::Semver, "1.4"),
        ("1.4.x", Scheme::Semver, "1.4"),
        ("1.4.X", Scheme::Semver, "1.4"),
        ("1.4.*", Scheme::Semver, "1.4"),
        ("1.x", Scheme::Semver, "1"),
        ("1.x.x", Scheme::Semver, "1"),
        ("1", Scheme::Semver, "1"),
        ("0", Scheme::Semver, "0"),
        ("1!1.4", Scheme::Pep440, "1!1.4"),
        ("0!1.4.x", Scheme::Pep440, "1.4"),
        ("1.4.2.x", Scheme::Pep440, "1.4.2"),
        ("2026.11", CALVER, "2026.11"),
        ("2026.x", CALVER, "2026"),
        (
            "26.04.x",
            Scheme::Calver(CalendarFormat::parse("YY.0M.MICRO").unwrap()),
            "26.04",
        ),
    ] {
        let line = Line::parse(text, scheme).unwrap();
        assert_eq!(line.to_string(), written);
        assert_eq!(Line::parse(written, scheme).unwrap(), line);
    }
    for (text, scheme, why) in [
        ("", Scheme::Semver, "numbers with dots"),
        ("x", Scheme::Semver, "no number"),
        ("1.4.2", Scheme::Semver, "that is a version"),
        ("1.4.2.x", Scheme::Semver, "that is a version"),
        ("v1.4", Scheme::Semver, "numbers with dots"),
        ("1.x.4", Scheme::Semver, "that is a version"),
        ("x.4", Scheme::Semver, "numbers with dots"),
        ("1.04", Scheme::Semver, "begins with 0"),
        ("1!1.4", Scheme::Semver, "epochs"),
        ("!1.4", Scheme::Pep440, "numbers with dots"),
        ("2026.13", CALVER, "1 to 12"),
        ("2026.11.0", CALVER, "that is a version"),
        ("99999999999999999999", Scheme::Semver, "too large"),
    ] {
        let error = Line::parse(text, scheme).unwrap_err();
        assert!(error.to_string().contains(why), "{text}: {error}");
        assert!(error.hint().unwrap().contains("1.4.x"));
    }
}

#[test]
fn a_line_contains_its_releases_and_their_pre_releases() {
    let line = |text| Line::parse(text, Scheme::Pep440).unwrap();
    for (text, inside, outside) in [
        (
            "1.4",
            "1.4 1.4.0 1.4.9 1.4rc1 1.4.0.dev0 1.4.1.post2 1.4+local",
            "1.3.9 1.5.0.dev0 1.40 2.4 1!1.4",
        ),
        ("1", "1 1.0 1.99 1.0a1", "0.9 2.0.dev0 10.0"),
        ("1!1.4", "1!1.4.2", "1.4.2"),
        ("1.0", "1 1.0 1.0.5", "1.1"),
    ] {
        let line = line(text);
        assert!(
            inside
                .split(' ')
                .all(|version| line.contains(&pep(version))),
            "{text}"
        );
        assert!(
            !outside
                .split(' ')
                .any(|version| line.contains(&pep(version))),
            "{text}"
        );
    }
    assert!(!line("1.4").contains(&sem("1.4.0")));
    assert!(line("1.4").is_within(&line("1.x")) && !line("1").is_within(&line("1.4")));
    assert_eq!(Line::of(&pep("1.4.2rc1")), line("1.4"));
}

#[test]
fn the_first_release() {
    for (scheme, level, channel, version) in [
        (Scheme::Semver, Minor, "", "0.1.0"),
        (Scheme::Semver, Patch, "", "0.0.1"),
        (Scheme::Semver, Major, "", "1.0.0"),
        (Scheme::Semver, Minor, "canary", "0.1.0-canary.1"),
        (Scheme::Pep440, Minor, "", "0.1.0"),
        (Scheme::Pep440, Minor, "rc", "0.1.0rc1"),
        (CALVER, Patch, "", "2026.11.0"),
        (CALVER, Patch, "beta", "2026.11.0-beta.1"),
    ] {
        let empty = repository(scheme, "", "", "");
        let found = empty.next("", level, channel).unwrap();
        assert_eq!(found.version.to_string(), version);
        assert_eq!((found.current, found.final_before), (None, None));
    }
    let initial = sem("1.0.0");
    let empty = repository(Scheme::Semver, "", "", "");
    let mut request = Request {
        scheme: Scheme::Semver,
        own: &empty.own,
        all: &empty.all,
        line: None,
        lines: &[],
        goal: Goal::Level(Patch),
        channel: None,
        initial: Some(&initial),
        today: TODAY,
    };
    let found = next(&request).unwrap();
    assert_eq!(found.version, initial);
    assert_eq!(
        found.why,
        "the first release is 1.0.0, as initial-version says"
    );
    request.channel = Some(&Pre::Rc);
    assert_eq!(next(&request).unwrap().version, sem("1.0.0-rc.1"));
}

#[test]
fn a_series_of_pre_releases_goes_on_rises_and_ends() {
    for (own, level, channel, version) in [
        ("1.0.0", Minor, "alpha", "1.1.0-alpha.1"),
        ("1.0.0 1.1.0-alpha.1", Minor, "alpha", "1.1.0-alpha.2"),
        ("1.0.0 1.1.0-alpha.2", Minor, "beta", "1.1.0-beta.1"),
        (
            "1.0.0 1.1.0-alpha.2 1.1.0-beta.1",
            Minor,
            "rc",
            "1.1.0-rc.1",
        ),
        ("1.0.0 1.1.0-rc.1", Minor, "", "1.1.0"),
        ("1.0.0 1.1.0-rc.1", Patch, "", "1.1.0"),
        // The level rises during the series; or not.
        ("1.0.0 1.1.0-rc.1", Major, "rc", "2.0.0-rc.1"),
        ("1.0.0 1.1.0-rc.1", Major, "alpha", "2.0.0-alpha.1"),
        ("1.0.0 1.1.0-rc.1", Minor, "rc", "1.1.0-rc.2"),
        ("1.0.0 1.1.0-rc.1", Patch, "rc", "1.1.0-rc.2"),
        ("1.0.0 1.1.0-rc.1", Major, "", "2.0.0"),
        ("1.0.0 1.0.1-rc.1", Minor, "rc", "1.1.0-rc.1"),
        // A breaking change that was taken back: what users were promised stays.
        ("1.0.0 2.0.0-rc.1", Minor, "", "2.0.0"),
        // The next series begins at 1.
        ("1.0.0 1.1.0-rc.2 1.1.0", Minor, "rc", "1.2.0-rc.1"),
        ("1.0.0 1.1.0-next.9", Minor, "rc", "1.1.0-rc.1"),
        // A series that somebody named by hand.
        ("1.0.0 1.5.3-rc.1", Minor, "rc", "1.5.3-rc.2"),
        ("1.0.0 1.1.0-rc", Minor, "rc", "1.1.0-rc.1"),
        ("1.1.0-rc.1", Patch, "rc", "1.1.0-rc.2"),
        ("1.1.0-rc.1", Patch, "", "1.1.0"),
        ("0.1.0-rc.1", Major, "", "1.0.0"),
    ] {
        let found = repository(Scheme::Semver, own, "", "").next("", level, channel);
        assert_eq!(
            found.unwrap().version.to_string(),
            version,
            "{own} {level} {channel}"
        );
    }
    // A number that another branch took is not given again.
    let taken = repository(
        Scheme::Semver,
        "1.0.0 1.1.0-rc.1",
        "1.1.0-rc.2 1.1.0-rc.7",
        "",
    );
    assert_eq!(
        taken.next("", Minor, "rc").unwrap().version,
        sem("1.1.0-rc.8")
    );
    assert_eq!(taken.next("", Minor, "").unwrap().version, sem("1.1.0"));
}

#[test]
fn the_reason_is_told() {
    let why = |own, level, channel| {
        repository(Scheme::Semver, own, "", "")
            .next("", level, channel)
            .unwrap()
            .why
    };
    assert_eq!(why("1.0.0", Minor, ""), "a minor change raises 1.0.0");
    assert_eq!(why("", Minor, ""), "a minor change makes the first release");
    assert_eq!(
        why("1.0.0 1.1.0-rc.1", Minor, ""),
        "1.1.0-rc.1 leads to 1.1.0, which ends its series"
    );
    assert_eq!(
        why("1.0.0 1.1.0-rc.1", Minor, "rc"),
        "a minor change raises 1.0.0, no further than the series of 1.1.0-rc.1, which goes on"
    );
    assert_eq!(
        why("1.0.0 1.1.0-rc.1", Major, "rc"),
        "a major change raises 1.0.0, further than 1.1.0-rc.1, whose series ends without a final release"
    );
}

#[test]
fn channels_do_not_go_back() {
    for (scheme, own, channel, message) in [
        (
            Scheme::Semver,
            "1.0.0 1.1.0-rc.1",
            "alpha",
            "channel alpha is lower than that of 1.1.0-rc.1",
        ),
        (
            Scheme::Semver,
            "1.0.0 1.1.0-beta.3",
            "alpha",
            "channel alpha is lower",
        ),
        (
            Scheme::Semver,
            "1.0.0 1.1.0-next.3",
            "canary",
            "channel canary is lower",
        ),
        (
            Scheme::Pep440,
            "1.0.0 1.1.0rc1",
            "b",
            "channel beta is lower",
        ),
        (
            Scheme::Pep440,
            "1.0.0",
            "next",
            "PEP 440 versions have no channel next",
        ),
    ] {
        let error = repository(scheme, own, "", "")
            .next("", Minor, channel)
            .unwrap_err();
        assert!(error.to_string().starts_with(message), "{error}");
        assert!(error.hint().is_some());
    }
    let full = repository(
        Scheme::Semver,
        "1.0.0 1.1.0-rc.99999999999999999999",
        "",
        "",
    );
    assert!(matches!(
        full.next("", Minor, "rc"),
        Err(VersionError::TooLarge { .. })
    ));
}

#[test]
fn a_line_stays_within_its_range() {
    for (own, elsewhere, lines, line, level, version) in [
        ("1.4.2", "1.5.0 2.0.0", "", "1.4", Patch, "1.4.3"),
        (
            "1.4.2",
            "2.0.0",
            "1.4",
            "1.x",
            Patch,
            "refused: line 1.4 begins below it",
        ),
        ("1.4.2", "2.0.0", "", "1.x", Minor, "1.5.0"),
        ("1.4.2", "2.0.0", "", "1", Patch, "1.4.3"),
        (
            "1.4.2",
            "",
            "",
            "1.4",
            Minor,
            "refused: is where it belongs",
        ),
        (
            "1.4.2",
            "",
            "",
            "1.x",
            Major,
            "refused: is where it belongs",
        ),
        // What another branch has taken is no more the line's.
        (
            "1.4.2",
            "1.5.0",
            "",
            "1.x",
            Minor,
            "refused: 1.5.0 is released already",
        ),
        (
            "1.4.2",
            "1.5.0-rc.1 2.0.0",
            "",
            "1.x",
            Minor,
            "refused: 1.5.0-rc.1 is released already",
        ),
        ("1.4.2", "1.4.9", "", "1.4", Patch, "1.4.3"),
        ("1.4.8", "1.4.9", "", "1.4", Patch, "refused: 1.4.9"),
        ("1.4.2", "1.5.0", "1.5", "1.x", Patch, "1.4.3"),
        ("1.6.0", "1.5.4", "1.5", "1.x", Patch, "1.6.1"),
        ("1.4.2", "1.4.3-rc.1", "", "1.4", Patch, "1.4.3"),
        // A line that begins.
        ("1.3.9", "", "", "1.4", Minor, "1.4.0"),
        (
            "1.3.9",
            "",
            "",
            "1.4",
            Patch,
            "refused: is where it belongs",
        ),
    ] {
        let found = repository(Scheme::Semver, own, elsewhere, lines).next(line, level, "");
        let context = format!("{own} | {elsewhere} | {lines} | {line} {level}");
        match version.strip_prefix("refused: ") {
            None => assert_eq!(found.unwrap().version.to_string(), version, "{context}"),
            Some(why) => {
                let error = found.unwrap_err();
                let text = error.to_string();
                assert!(text.contains(why), "{context}: {text}");
                assert!(matches!(
                    error,
                    VersionError::LeavesLine { .. } | VersionError::Same { .. }
                ));
            }
        }
    }
}

#[test]
fn a_refusal_names_line_version_and_level() {
    let error = repository(Scheme::Semver, "1.4.2", "1.5.3", "1.5")
        .next("1.4", Minor, "")
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "line 1.4 cannot release 1.5.0, which a minor change asks for: line 1.5 is where it belongs"
    );
    assert_eq!(
        error.hint().unwrap(),
        "release it there, or ask for a lower level"
    );
    // The branch that goes on leaves to a line what is the line's.
    let error = repository(Scheme::Semver, "1.4.2", "", "1.4")
        .next("", Patch, "")
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "version 1.4.3, which a patch change asks for, belongs to line 1.4"
    );
    assert!(error.hint().unwrap().contains("branch of line 1.4"));
    let going_on = repository(Scheme::Semver, "1.4.2", "1.4.7", "1.4");
    assert_eq!(going_on.next("", Minor, "").unwrap().version, sem("1.5.0"));
}

#[test]
fn lines_of_epochs_and_dates() {
    let epochs = repository(Scheme::Pep440, "1!1.4.2", "1.9 2!0.1", "");
    assert_eq!(
        epochs.next("1!1.4", Patch, "").unwrap().version,
        pep("1!1.4.3")
    );
    assert!(epochs.next("1!1.4", Minor, "").is_err());
    // November, and a repair of October's release: its date stays.
    let dates = repository(CALVER, "2026.10.3", "2026.11.0", "");
    assert_eq!(
        dates.next("2026.10", Patch, "").unwrap().version,
        cal("2026.10.4")
    );
    assert_eq!(
        dates.next("2026.10", Patch, "rc").unwrap().version,
        cal("2026.10.4-rc.1")
    );
    let year = repository(CALVER, "2025.12.3", "2026.11.0", "");
    assert_eq!(
        year.next("2025", Patch, "").unwrap().version,
        cal("2025.12.4")
    );
    let year = repository(CALVER, "2026.9.3", "", "");
    assert_eq!(
        year.next("2026", Patch, "").unwrap().version,
        cal("2026.11.0")
    );
}

#[test]
fn versions_by_name_follow_what_their_line_has() {
    let exact = |own, elsewhere, lines, line, version| {
        let version = sem(version);
        let repository = repository(Scheme::Semver, own, elsewhere, lines);
        repository.ask(line, Goal::Exact(&version), "", TODAY)
    };
    assert_eq!(
        exact("1.4.2", "", "", "", "1.7.0").unwrap().version,
        sem("1.7.0")
    );
    assert!(matches!(
        exact("1.4.2", "", "", "", "1.4.1"),
        Err(VersionError::Backwards { .. })
    ));
    assert!(matches!(
        exact("1.4.2", "", "", "", "1.4.2"),
        Err(VersionError::Same { .. })
    ));
    assert!(matches!(
        exact("1.4.2", "2.0.0", "", "", "1.5.0"),
        Err(VersionError::Backwards { .. })
    ));
    assert_eq!(
        exact("1.4.2", "2.0.0-rc.1", "", "", "1.5.0")
            .unwrap()
            .version,
        sem("1.5.0")
    );
    assert_eq!(
        exact("1.4.2", "2.0.0", "2.0", "", "1.5.0").unwrap().version,
        sem("1.5.0")
    );
    // The head of main is given to line 1.4: what is in the line counts.
    assert_eq!(
        exact("1.4.2 2.0.0", "", "", "1.4", "1.4.5")
            .unwrap()
            .version,
        sem("1.4.5")
    );
    assert!(matches!(
        exact("1.4.2", "", "", "1.4", "1.4.1"),
        Err(VersionError::Backwards { .. })
    ));
    assert!(matches!(
        exact("1.4.2", "", "", "1.4", "1.5.0"),
        Err(VersionError::LeavesLine { .. })
    ));
    assert!(matches!(
        exact("1.4.2", "", "1.5", "1.x", "1.6.0"),
        Err(VersionError::LeavesLine { .. })
    ));
    let why = exact("1.4.2", "", "", "", "1.7.0").unwrap().why;
    assert_eq!(why, "1.7.0 is asked for by name");
}

proptest! {
    /// Whatever the tags: what a line releases is in the line, is new, and is higher than what it had; nothing that another
    /// line owns.
    #[test]
    fn what_a_line_releases_is_its_own(
        own in proptest::collection::vec((0_u64..3, 0_u64..3, 0_u64..3, super::laws::any_pre()), 0..5),
        elsewhere in proptest::collection::vec((0_u64..3, 0_u64..4, 0_u64..3, super::laws::any_pre()), 0..5),
        line in proptest::option::of("[0-2](\\.[0-2])?"),
        lines in proptest::collection::vec("[0-2](\\.[0-3])?", 0..3),
        level in super::laws::any_level(),
        channel in super::laws::any_pre(),
    ) {
        let versions = |numbers: &[(u64, u64, u64, Option<Pre>)]| -> Vec<String> {
            numbers.iter().map(|(a, b, c, pre)| match pre {
                Some(pre) => format!("{a}.{b}.{c}-{pre}.1"),
                None => format!("{a}.{b}.{c}"),
            }).collect()
        };
        let line = line.unwrap_or_default();
        let lines: Vec<String> = lines.into_iter().filter(|other| *other != line).collect();
        let repository = repository(Scheme::Semver, &versions(&own).join(" "), &versions(&elsewhere).join(" "), &lines.join(" "));
        let channel = channel.map(|pre| pre.to_string()).unwrap_or_default();
        if let Ok(found) = repository.next(&line, level, &channel) {
            let version = &found.version;
            prop_assert!(repository.own.iter().all(|other| version > other));
            prop_assert!(!repository.all.contains(version));
            prop_assert_eq!(version.is_prerelease(), !channel.is_empty());
            let line = Line::parse(&line, Scheme::Semver).ok();
            if let Some(line) = &line {
                prop_assert!(line.contains(version));
            }
            for other in &repository.lines {
                let inner = line.as_ref().is_none_or(|line| other.is_within(line));
                prop_assert!(!(inner && other.contains(version)), "{version} is of {other}");
            }
        }
    }
}
