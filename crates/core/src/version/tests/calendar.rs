//! Formats of calver.org's tokens, and how their versions are read, raised and spelled.

use super::*;

fn format(text: &str) -> CalendarFormat {
    CalendarFormat::parse(text).unwrap_or_else(|error| panic!("{error}"))
}

fn read(text: &str, format: &str) -> Version {
    let scheme = Scheme::Calver(self::format(format));
    Version::parse(text, scheme).unwrap_or_else(|error| panic!("{error}"))
}

fn day(text: &str) -> Timestamp {
    let time: jiff::Timestamp = format!("{text}T12:00:00Z").parse().unwrap();
    Timestamp(time.as_millisecond())
}

#[test]
fn formats_are_read_and_written() {
    for text in [
        "YYYY.MM.MICRO",
        "YYYY.0M.MICRO",
        "YY.MM.MICRO",
        "YY.0M",
        "0Y.0M.0D",
        "YYYY.MM.DD",
        "YYYY.0M.0D.MICRO",
        "YYYY.MINOR.MICRO",
        "YY.MINOR",
        "YYYY.WW.MICRO",
        "YYYY.0W",
        "MAJOR.YYYY.MM",
        "MAJOR.YY.MINOR.MICRO",
        "YYYY",
    ] {
        assert_eq!(format(text).to_string(), text);
    }
    assert_eq!(format("YYYY.MM.PATCH"), CalendarFormat::DEFAULT);
    assert_eq!(CalendarFormat::default().to_string(), "YYYY.MM.MICRO");
}

#[test]
fn formats_whose_versions_would_not_rise_are_refused() {
    for (text, why) in [
        ("", "calver.org"),
        ("YYYY.M.MICRO", "calver.org"),
        ("yyyy.mm", "calver.org"),
        ("YYYY-MM", "calver.org"),
        ("MM.YYYY", "begins with a year"),
        ("MAJOR.MINOR.MICRO", "begins with a year"),
        ("YYYY.DD.MM", "from year to day"),
        ("YYYY.YY", "from year to day"),
        ("YYYY.MM.WW", "from year to day"),
        ("YYYY.DD", "behind a month"),
        ("YYYY.WW.DD", "behind a month"),
        ("YYYY.MICRO.MINOR", "from MAJOR to MICRO"),
        ("YYYY.MICRO.PATCH", "from MAJOR to MICRO"),
        ("YYYY.MINOR.MM", "not within"),
        ("YYYY.MM.DD.MAJOR.MINOR.MICRO", "more than five"),
    ] {
        let error = CalendarFormat::parse(text).unwrap_err();
        assert!(error.to_string().contains(why), "{text}: {error}");
        assert!(error.hint().unwrap().contains("YYYY.0M.MICRO"));
    }
}

#[test]
fn texts_that_the_format_does_not_write_are_refused() {
    for (text, form, why, hint) in [
        ("2026.9.0", "YYYY.0M.MICRO", "two digits", "write 2026.09.0"),
        (
            "2026.09.0",
            "YYYY.MM.MICRO",
            "begins with 0",
            "write 2026.9.0",
        ),
        (
            "2026.009.0",
            "YYYY.0M.MICRO",
            "begins with 0",
            "write 2026.09.0",
        ),
        ("26.4", "YY.0M", "two digits", "write 26.04"),
        ("6.4", "0Y.MM", "two digits", "write 06.4"),
        (
            "2026.2.30",
            "YYYY.MM.DD",
            "no such date",
            "write it like 2026.11.21",
        ),
        (
            "2025.53",
            "YYYY.WW",
            "no such date",
            "write it like 2026.47",
        ),
        ("2026.54", "YYYY.WW", "1 to 53", "write it like"),
        (
            "2026.0.0",
            "YYYY.MM.MICRO",
            "1 to 12",
            "write it like 2026.11.0 or 2026.11.0-rc.1",
        ),
        (
            "2026.11.0.1",
            "YYYY.MM.MICRO",
            "more or fewer",
            "write it like",
        ),
        (
            "2026.11.0rc1.dev2",
            "YYYY.MM.MICRO",
            "none empty",
            "write it like",
        ),
        (
            "2026.11.0.post1",
            "YYYY.MM.MICRO",
            "none empty",
            "write it like",
        ),
        ("2026.11.0-", "YYYY.MM.MICRO", "none empty", "write it like"),
        ("2026.11.0+", "YYYY.MM.MICRO", "none empty", "write it like"),
        (
            "2026..0",
            "YYYY.MM.MICRO",
            "numbers and dots",
            "write it like",
        ),
        ("v2026.11.0", "YYYY.MM.MICRO", "the tag", "write 2026.11.0"),
        ("", "YYYY.MM.MICRO", "empty", "write it like"),
        (
            "2026.11.99999999999999999999",
            "YYYY.MM.MICRO",
            "too large",
            "write it like",
        ),
    ] {
        let error = Version::parse(text, Scheme::Calver(format(form))).unwrap_err();
        assert!(error.to_string().contains(why), "{text}: {error}");
        assert!(error.to_string().contains(form), "{text}: {error}");
        let given = error.hint().unwrap();
        assert!(given.starts_with(hint), "{text}: {given}");
    }
}

#[test]
fn the_date_moves_and_counters_start_again() {
    use Level::{Major, Minor, Patch};
    for (form, current, level, today, next) in [
        (
            "YYYY.0M.MICRO",
            "2026.09.3",
            Minor,
            "2026-10-01",
            "2026.10.0",
        ),
        (
            "YYYY.0M.MICRO",
            "2026.10.0",
            Patch,
            "2027-01-31",
            "2027.01.0",
        ),
        (
            "YYYY.0M.MICRO",
            "2027.01.0",
            Patch,
            "2027-01-31",
            "2027.01.1",
        ),
        ("YY.MM.MICRO", "26.9.9", Major, "2026-09-30", "26.9.10"),
        ("YY.MM.MICRO", "99.12.9", Major, "2100-01-01", "100.1.0"),
        ("0Y.0M.MICRO", "08.04.2", Patch, "2008-05-01", "08.05.0"),
        ("YY.0M", "25.10", Minor, "2026-04-23", "26.04"),
        (
            "YYYY.MM.DD",
            "2026.11.21",
            Minor,
            "2026-11-22",
            "2026.11.22",
        ),
        (
            "YYYY.0M.0D.MICRO",
            "2026.11.05.2",
            Minor,
            "2026-11-05",
            "2026.11.05.3",
        ),
        (
            "YYYY.0M.0D.MICRO",
            "2026.11.05.2",
            Minor,
            "2026-11-06",
            "2026.11.06.0",
        ),
        // One counter for each level.
        (
            "YYYY.MINOR.MICRO",
            "2026.3.2",
            Minor,
            "2026-12-31",
            "2026.4.0",
        ),
        (
            "YYYY.MINOR.MICRO",
            "2026.3.2",
            Major,
            "2026-12-31",
            "2026.4.0",
        ),
        (
            "YYYY.MINOR.MICRO",
            "2026.3.2",
            Patch,
            "2026-12-31",
            "2026.3.3",
        ),
        (
            "YYYY.MINOR.MICRO",
            "2026.3.2",
            Patch,
            "2027-01-01",
            "2027.0.0",
        ),
        ("YY.MINOR", "26.3", Patch, "2026-12-31", "26.4"),
        // A counter before the date.
        (
            "MAJOR.YYYY.MM.MICRO",
            "3.2026.10.4",
            Minor,
            "2026-11-01",
            "3.2026.11.0",
        ),
        (
            "MAJOR.YYYY.MM.MICRO",
            "3.2026.11.4",
            Minor,
            "2026-11-01",
            "3.2026.11.5",
        ),
        (
            "MAJOR.YYYY.MM.MICRO",
            "3.2026.11.4",
            Major,
            "2026-11-01",
            "4.2026.11.0",
        ),
        (
            "MAJOR.YYYY.MM",
            "3.2026.11",
            Major,
            "2026-11-01",
            "4.2026.11",
        ),
        // Weeks, and the year that a week belongs to.
        (
            "YYYY.WW.MICRO",
            "2026.52.1",
            Minor,
            "2027-01-01",
            "2026.53.0",
        ),
        (
            "YYYY.WW.MICRO",
            "2026.53.0",
            Minor,
            "2027-01-03",
            "2026.53.1",
        ),
        (
            "YYYY.WW.MICRO",
            "2026.53.0",
            Minor,
            "2027-01-04",
            "2027.1.0",
        ),
        ("YYYY.0W", "2026.53", Minor, "2027-01-04", "2027.01"),
        // A clock that is behind.
        ("YYYY.MM.MICRO", "2027.1.0", Minor, "2026-11-21", "2027.1.1"),
        (
            "YYYY.MINOR.MICRO",
            "2027.1.4",
            Minor,
            "2026-11-21",
            "2027.2.0",
        ),
    ] {
        let current = read(current, form);
        let found = current.bump(level, None, day(today)).unwrap();
        assert_eq!(
            found.to_string(),
            next,
            "{form}: {current} {level} on {today}"
        );
        assert_eq!(found, read(next, form));
    }
}

#[test]
fn a_second_release_needs_a_counter() {
    let current = read("2026.11.21", "YYYY.MM.DD");
    for today in ["2026-11-21", "2026-11-20"] {
        let error = current.bump(Level::Minor, None, day(today)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "2026.11.21 exists already, and YYYY.MM.DD has no counter for another release on that date"
        );
        assert_eq!(
            error.hint().unwrap(),
            "add a counter to the format: YYYY.MM.DD.MICRO"
        );
    }
    let rc = current
        .bump(Level::Minor, Some(&Pre::Rc), day("2026-11-22"))
        .unwrap();
    assert_eq!(rc.to_string(), "2026.11.22-rc.1");
    let last = rc.bump(Level::Minor, None, day("2026-11-22")).unwrap();
    assert_eq!(last.to_string(), "2026.11.22");
}

#[test]
fn pre_releases_of_a_calendar_version() {
    use Level::{Minor, Patch};
    for (form, current, level, pre, today, next) in [
        (
            "YYYY.0M.MICRO",
            "2026.09.1",
            Minor,
            "next",
            "2026-10-01",
            "2026.10.0-next.1",
        ),
        (
            "YYYY.0M.MICRO",
            "2026.10.0-next.1",
            Minor,
            "next",
            "2026-10-09",
            "2026.10.0-next.2",
        ),
        (
            "YYYY.0M.MICRO",
            "2026.10.0-next.2",
            Minor,
            "rc",
            "2026-10-09",
            "2026.10.0-rc.1",
        ),
        (
            "YYYY.0M.MICRO",
            "2026.10.0-rc.1",
            Minor,
            "rc",
            "2026-11-01",
            "2026.11.0-rc.1",
        ),
        (
            "YYYY.MINOR.MICRO",
            "2026.3.1-rc.1",
            Patch,
            "rc",
            "2026-11-01",
            "2026.3.1-rc.2",
        ),
        (
            "YYYY.MINOR.MICRO",
            "2026.3.1-rc.1",
            Minor,
            "rc",
            "2026-11-01",
            "2026.4.0-rc.1",
        ),
        (
            "YYYY.MINOR.MICRO",
            "2026.4.0-rc.1",
            Patch,
            "rc",
            "2026-11-01",
            "2026.4.0-rc.2",
        ),
    ] {
        let pre: Pre = pre.parse().unwrap();
        let found = read(current, form)
            .bump(level, Some(&pre), day(today))
            .unwrap();
        assert_eq!(found.to_string(), next, "{form}: {current}");
    }
}

#[test]
fn other_spellings_of_calendar_versions() {
    for (form, text, semver, pep440) in [
        (
            "YYYY.MM.MICRO",
            "2026.9.0",
            Ok("2026.9.0"),
            Some("2026.9.0"),
        ),
        (
            "YYYY.MM.MICRO",
            "2026.9.0-rc.1",
            Ok("2026.9.0-rc.1"),
            Some("2026.9.0rc1"),
        ),
        (
            "YYYY.MM.MICRO",
            "2026.9.0-next.1",
            Ok("2026.9.0-next.1"),
            None,
        ),
        (
            "YYYY.0M.MICRO",
            "2026.10.0",
            Ok("2026.10.0"),
            Some("2026.10.0"),
        ),
        (
            "YYYY.0M.MICRO",
            "2026.09.0",
            Err("no number begins with 0"),
            Some("2026.9.0"),
        ),
        (
            "YY.0M",
            "26.04-beta.2",
            Err("exactly three numbers"),
            Some("26.4b2"),
        ),
        (
            "YYYY.MM.DD.MICRO",
            "2026.9.1.0",
            Err("exactly three numbers"),
            Some("2026.9.1.0"),
        ),
        ("YYYY.MM.MICRO", "2026.9.0+b", Ok("2026.9.0+b"), None),
    ] {
        let version = read(text, form);
        match (version.to_semver(), semver) {
            (Ok(found), Ok(expected)) => assert_eq!(found, expected),
            (Err(error), Err(why)) => {
                assert!(error.to_string().contains(why), "{error}");
                assert!(error.hint().unwrap().contains("SemVer"));
            }
            (found, _) => panic!("{text}: {found:?}"),
        }
        assert_eq!(version.pep440().as_deref(), pep440, "{text}");
    }
    // Both spellings of a pre-release are read.
    assert_eq!(
        read("2026.09.0rc1", "YYYY.0M.MICRO"),
        read("2026.09.0-rc.1", "YYYY.0M.MICRO")
    );
    assert_eq!(read("26.04.dev0", "YY.0M"), read("26.04-dev", "YY.0M"));
}

#[test]
fn lines_and_development_of_calendar_versions() {
    for (form, text, line, dev) in [
        (
            "YYYY.0M.MICRO",
            "2026.09.4",
            "2026.09",
            Some("2026.09.5-dev"),
        ),
        (
            "YYYY.MINOR.MICRO",
            "2026.3.4",
            "2026.3",
            Some("2026.4.0-dev"),
        ),
        (
            "YYYY.MM.DD.MICRO",
            "2026.3.4.5",
            "2026.3.4",
            Some("2026.3.4.6-dev"),
        ),
        ("YY.0M", "26.04", "26", None),
        ("YYYY", "2026", "2026", None),
    ] {
        let version = read(text, form);
        assert_eq!(version.line(), line);
        let next = version.next_development(NextVersion::DevMinor);
        assert_eq!(next.map(|next| next.to_string()).as_deref(), dev, "{text}");
    }
}

pub fn any_format() -> impl Strategy<Value = CalendarFormat> {
    proptest::sample::select(vec![
        "YYYY.MM.MICRO",
        "YYYY.0M.MICRO",
        "YY.MM.MICRO",
        "0Y.0M.0D",
        "YYYY.MM.DD.MICRO",
        "YYYY.MINOR.MICRO",
        "YYYY.WW.MICRO",
        "YY.0W.MINOR.MICRO",
        "MAJOR.YYYY.MM.MICRO",
        "YYYY.MINOR",
    ])
    .prop_map(format)
}

proptest! {
    /// Releases made on days in any order rise, and each is read back as what it is.
    #[test]
    fn releases_rise_with_the_days(
        format in any_format(),
        days in proptest::collection::vec((-20_000_i64..40_000, super::laws::any_level(), super::laws::any_pre()), 1..8),
    ) {
        let at = |day: i64| Timestamp(day * 86_400_000 + 946_684_800_000);
        let mut current = Version::first(Scheme::Calver(format), Level::Minor, None, at(days[0].0)).unwrap();
        for (day, level, pre) in &days {
            match current.bump(*level, pre.as_ref(), at(*day)) {
                Ok(next) => {
                    prop_assert!(next > current && next.precedence(&current) == Ordering::Greater);
                    let read = Version::parse(&next.to_string(), Scheme::Calver(format));
                    prop_assert_eq!(read.as_ref(), Ok(&next));
                    prop_assert_eq!(next.is_prerelease(), pre.is_some());
                    current = next;
                }
                Err(VersionError::NoCounter { .. }) => prop_assert!(!format.to_string().contains('I')),
                Err(VersionError::ChannelBack { .. }) => prop_assert!(current.is_prerelease()),
                Err(error) => prop_assert!(false, "{error}"),
            }
        }
    }
}
