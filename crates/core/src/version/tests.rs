use super::*;
use crate::config::NextVersion;
use crate::time::Timestamp;
use proptest::prelude::*;

mod calendar;
mod laws;
mod next;

const CALVER: Scheme = Scheme::Calver(CalendarFormat::DEFAULT);

/// 2026-11-21
const TODAY: Timestamp = Timestamp(1_795_255_200_123);

fn sem(text: &str) -> Version {
    Version::parse(text, Scheme::Semver).unwrap()
}

fn pep(text: &str) -> Version {
    Version::parse(text, Scheme::Pep440).unwrap()
}

fn cal(text: &str) -> Version {
    Version::parse(text, CALVER).unwrap()
}

fn rises(versions: &[Version]) {
    for (at, low) in versions.iter().enumerate() {
        for high in &versions[at + 1..] {
            assert_eq!(low.precedence(high), Ordering::Less, "{low} < {high}");
            assert!(low < high, "{low} < {high}");
            high.must_follow(low).unwrap();
            assert!(matches!(
                low.must_follow(high),
                Err(VersionError::Backwards { .. })
            ));
        }
        assert!(matches!(
            low.must_follow(low),
            Err(VersionError::Same { .. })
        ));
    }
}

#[test]
fn semver_orders_as_its_section_11_says() {
    rises(
        &[
            "0.0.4",
            "0.9.99",
            "1.0.0-0.3.7",
            "1.0.0-alpha",
            "1.0.0-alpha.1",
            "1.0.0-alpha.beta",
            "1.0.0-beta",
            "1.0.0-beta.2",
            "1.0.0-beta.11",
            "1.0.0-rc.1",
            "1.0.0",
            "1.0.1",
            "1.10.0",
            "2.0.0-x-y-z.--",
            "2.0.0",
            "2.1.0",
            "2.1.1",
            "18446744073709551615.0.0",
        ]
        .map(sem),
    );
    let (a, b) = (sem("1.0.0+a"), sem("1.0.0+b"));
    assert!(a != b && a.precedence(&b) == Ordering::Equal);
    assert!(matches!(b.must_follow(&a), Err(VersionError::Same { .. })));
}

#[test]
fn pep_440_orders_as_its_examples_say() {
    rises(
        &[
            "0.9",
            "1.dev0",
            "1.0.dev456",
            "1.0a1.dev1",
            "1.0a1",
            "1.0a2.dev456",
            "1.0a12.dev456",
            "1.0a12",
            "1.0b1.dev456",
            "1.0b2",
            "1.0b2.post345.dev456",
            "1.0b2.post345",
            "1.0rc1.dev456",
            "1.0rc1",
            "1.0",
            "1.0+abc.5",
            "1.0+abc.7",
            "1.0+5",
            "1.0.post456.dev34",
            "1.0.post456",
            "1.0.15",
            "1.1.dev1",
            "1.1",
            "2013.10",
            "1!0.1",
        ]
        .map(pep),
    );
    assert_eq!(pep("1.0"), pep("1.0.0"));
}

#[test]
fn calendar_versions_order_by_date() {
    rises(
        &[
            "2025.12.9",
            "2026.1.0-rc.1",
            "2026.1.0",
            "2026.9.3",
            "2026.10.0",
            "2026.11.2",
        ]
        .map(cal),
    );
}

#[test]
fn pep_440_is_written_in_its_normal_form() {
    for (text, normal) in [
        ("1.0.0-rc.1", "1.0.0rc1"),
        ("v1.0", "1.0"),
        ("1.1.0-dev", "1.1.0.dev0"),
        ("1.1RC1", "1.1rc1"),
        ("1.1.alpha-1", "1.1a1"),
        ("1.1c3", "1.1rc3"),
        ("1.2a", "1.2a0"),
        ("1.2-post2", "1.2.post2"),
        ("1.0-1", "1.0.post1"),
        ("1.0+ubuntu-1", "1.0+ubuntu.1"),
        ("0!1.0", "1.0"),
        ("00.9000", "0.9000"),
    ] {
        assert_eq!(pep(text).to_string(), normal, "{text}");
    }
}

#[test]
fn both_spellings_agree() {
    for (semver, pep440) in [
        ("1.0.0", "1.0.0"),
        ("1.0.0-alpha.2", "1.0.0a2"),
        ("1.0.0-beta.0", "1.0.0b0"),
        ("1.0.0-rc.1", "1.0.0rc1"),
        ("1.1.0-dev", "1.1.0.dev0"),
        ("1.1.0-dev.7", "1.1.0.dev7"),
    ] {
        assert_eq!(sem(semver).pep440().unwrap(), pep440);
        assert_eq!(pep(pep440).semver().unwrap(), semver);
        assert_eq!(sem(semver).semver().unwrap(), semver);
        assert_eq!(pep(pep440).pep440().unwrap(), pep440);
    }
    assert_eq!(sem("1.0.0-alpha").pep440().unwrap(), "1.0.0a0");
    for text in ["1!1.0", "1.0.post1", "1.0+local", "1.2.3.4", "1.0rc1.dev2"] {
        assert_eq!(pep(text).semver(), None, "{text}");
    }
    // `-1` would be read as a post-release, which comes after 1.0.0 and not before.
    // `-rc1` is a word to SemVer: `rc10` comes before `rc2`. `a` is not `alpha`.
    for text in [
        "1.0.0-next.1",
        "1.0.0-1",
        "1.0.0+build",
        "1.0.0-rc.1.dev.2",
        "1.0.0-rc1",
        "1.0.0-a.1",
        "1.0.0-RC.1",
        "1.0.0-rc.1-1",
        "1.0.0-preview.1",
        "1.0.0-post.1",
        "1.0.0-rc.18446744073709551615",
        "1.0.0-rc.99999999999999999999",
    ] {
        let error = sem(text).to_pep440().unwrap_err();
        assert!(
            error.to_string().contains("has no PEP 440 spelling"),
            "{error}"
        );
        assert!(error.hint().is_some());
    }
}

#[test]
fn impossible_versions_say_why_and_what_would_be_right() {
    use Scheme::{Pep440, Semver};
    for (text, scheme, why, hint) in [
        ("", Semver, "empty", "write it like 1.4.0"),
        ("v1.2.3", Semver, "belongs to the tag", "write 1.2.3"),
        ("1.2", Semver, "three numbers", "write 1.2.0"),
        ("1.2.3.4", Semver, "three numbers", "write it like"),
        ("01.2.3", Semver, "begins with 0", "write 1.2.3"),
        ("1.0.0rc1", Semver, "then `-`", "write 1.0.0-rc.1"),
        ("1.0.0-", Semver, "none empty", "write it like"),
        ("1.0.0-rc.01", Semver, "none empty", "write 1.0.0-rc.1"),
        ("1.0.0-rc_1", Semver, "letters", "write 1.0.0-rc.1"),
        ("1.-2.3", Semver, "numbers and dots", "write it like"),
        (
            "1.0.99999999999999999999",
            Semver,
            "too large",
            "write it like",
        ),
        ("minor", Semver, "numbers and dots", "write it like"),
        (" 1.0", Pep440, "white space", "write 1.0"),
        (
            "1.0.0-next.1",
            Pep440,
            "no pre-releases but",
            "write it like 1.4.0",
        ),
        ("1..0", Pep440, "numbers and dots", "write it like"),
        ("26.11.0", CALVER, "year", "write it like 2026"),
        ("2026.13.0", CALVER, "month", "write it like"),
        ("2026.01.0", CALVER, "begins with 0", "write 2026.1.0"),
        ("2026.1", CALVER, "than the format", "write 2026.1.0"),
    ] {
        let error = Version::parse(text, scheme).unwrap_err();
        assert!(error.to_string().contains(why), "{text}: {error}");
        let given = error.hint().unwrap();
        assert!(given.starts_with(hint), "{text}: {given}");
    }
}

#[test]
fn a_pre_release_begins_goes_on_and_ends() {
    for (current, level, pre, next) in [
        ("1.0.0", Level::Minor, Some(Pre::Rc), "1.1.0rc1"),
        ("1.1.0rc1", Level::Minor, Some(Pre::Rc), "1.1.0rc2"),
        ("1.1.0rc2", Level::Minor, None, "1.1.0"),
        ("1.1.0rc2", Level::Patch, None, "1.1.0"),
        ("1.1.0rc2", Level::Major, None, "2.0.0"),
        ("1.1.0rc2", Level::Major, Some(Pre::Rc), "2.0.0rc1"),
        ("1.1.1a1", Level::Minor, Some(Pre::Alpha), "1.2.0a1"),
        ("1.1.0a3", Level::Minor, Some(Pre::Beta), "1.1.0b1"),
        ("2.0.0rc1", Level::Minor, None, "2.0.0"),
        ("1.0.0", Level::Patch, None, "1.0.1"),
        ("1.0.0", Level::Major, None, "2.0.0"),
        ("0.4.2", Level::Minor, None, "0.5.0"),
        ("1.1.0.dev0", Level::Minor, None, "1.1.0"),
        ("1.1.0.dev0", Level::Minor, Some(Pre::Rc), "1.1.0rc1"),
    ] {
        let next_of = |current: &Version| current.bump(level, pre.as_ref(), TODAY).unwrap();
        assert_eq!(
            next_of(&pep(current)).to_string(),
            next,
            "{current} {level}"
        );
        let semver = next_of(&sem(&pep(current).semver().unwrap()));
        assert_eq!(semver.pep440().unwrap(), next, "{current} {level}");
    }
}

#[test]
fn pep_440_keeps_what_a_project_writes() {
    for (current, level, pre, next) in [
        ("1.0", Level::Minor, None, "1.1"),
        ("1.0", Level::Patch, None, "1.0.1"),
        ("1", Level::Major, None, "2"),
        ("1.2.3.4", Level::Patch, None, "1.2.4"),
        ("1!1.0", Level::Major, None, "1!2.0"),
        ("1.0.post3", Level::Patch, None, "1.0.1"),
        ("1.0.post3.dev1", Level::Patch, None, "1.0.1"),
        ("1.0rc1.post2", Level::Patch, Some(Pre::Rc), "1.0rc2"),
        ("1.0rc2.dev4", Level::Patch, Some(Pre::Rc), "1.0rc2"),
        ("1.0+local.1", Level::Patch, None, "1.0.1"),
    ] {
        let found = pep(current).bump(level, pre.as_ref(), TODAY).unwrap();
        assert_eq!(found.to_string(), next, "{current} {level}");
    }
}

#[test]
fn calendar_versions_take_the_month_of_today() {
    for (current, pre, next) in [
        ("2026.10.3", None, "2026.11.0"),
        ("2026.11.0", None, "2026.11.1"),
        ("2025.12.1", Some(Pre::Beta), "2026.11.0-beta.1"),
        ("2026.11.0-beta.1", Some(Pre::Beta), "2026.11.0-beta.2"),
        ("2026.11.0-beta.2", None, "2026.11.0"),
        ("2026.10.0-rc.1", None, "2026.11.0"),
        // The clock was set back.
        ("2027.1.0", None, "2027.1.1"),
    ] {
        let found = cal(current)
            .bump(Level::Minor, pre.as_ref(), TODAY)
            .unwrap();
        assert_eq!(found.to_string(), next, "{current}");
    }
}

#[test]
fn raising_never_goes_back() {
    let rc = pep("1.1.0rc1");
    let error = rc.bump(Level::Minor, Some(&Pre::Alpha), TODAY).unwrap_err();
    assert_eq!(
        error.to_string(),
        "channel alpha is lower than that of 1.1.0rc1, which exists already: 1.1.0a1 would go back"
    );
    assert_eq!(
        error.hint().unwrap(),
        "go on in the channel of 1.1.0rc1, or end it with a final release"
    );
    let largest = sem("18446744073709551615.0.0");
    let error = largest.bump(Level::Major, None, TODAY).unwrap_err();
    assert!(matches!(error, VersionError::TooLarge { .. }));
    let largest = sem("1.0.0-rc.18446744073709551615");
    assert!(largest.bump(Level::Major, Some(&Pre::Rc), TODAY).is_err());
}

#[test]
fn development_goes_on_with_the_next_release() {
    let next = |version: Version, how| version.next_development(how).map(|v| v.to_string());
    assert_eq!(
        next(pep("1.0.0"), NextVersion::DevMinor).unwrap(),
        "1.1.0.dev0"
    );
    assert_eq!(
        next(pep("1.0"), NextVersion::DevPatch).unwrap(),
        "1.0.1.dev0"
    );
    assert_eq!(
        next(sem("1.0.0"), NextVersion::DevMinor).unwrap(),
        "1.1.0-dev"
    );
    assert_eq!(
        next(cal("2026.11.0"), NextVersion::DevMinor).unwrap(),
        "2026.11.1-dev"
    );
    assert_eq!(next(pep("1.0.0"), NextVersion::None), None);
    assert_eq!(next(pep("1.1.0rc1"), NextVersion::DevMinor), None);
}

#[test]
fn a_version_knows_what_it_is() {
    for (version, pre, dev, line) in [
        (pep("1.1.0.dev0"), true, true, "1.1"),
        (pep("1.1rc1"), true, false, "1.1"),
        (pep("2!3"), false, false, "2!3.0"),
        (pep("1.0.post1"), false, false, "1.0"),
        (sem("1.1.0-dev"), true, true, "1.1"),
        (sem("1.1.0-develop.1"), true, false, "1.1"),
        (cal("2026.11.3"), false, false, "2026.11"),
    ] {
        let found = (
            version.is_prerelease(),
            version.is_development(),
            version.line(),
        );
        assert_eq!(found, (pre, dev, line.to_owned()), "{version}");
    }
    assert_eq!("minor".parse::<Level>().unwrap().to_string(), "minor");
    assert_eq!("a".parse::<Pre>().unwrap(), Pre::Alpha);
    assert!(
        "huge"
            .parse::<Level>()
            .unwrap_err()
            .hint()
            .unwrap()
            .contains("patch, minor or major")
    );
    assert_eq!("gamma".parse::<Pre>().unwrap().to_string(), "gamma");
    for text in [
        "",
        "dev",
        "post",
        "final",
        "RC",
        "1st",
        "a.b",
        "-x",
        "é",
        &"a".repeat(41),
    ] {
        let error = text.parse::<Pre>().unwrap_err();
        assert!(error.hint().unwrap().contains("alpha, beta, rc"), "{text}");
    }
}
