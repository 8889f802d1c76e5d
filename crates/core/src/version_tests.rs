use super::*;
use proptest::prelude::*;

/// 2026-11-21
const TODAY: Timestamp = Timestamp(1_795_255_200_123);

fn sem(text: &str) -> Version {
    Version::parse(text, Scheme::Semver).unwrap()
}

fn pep(text: &str) -> Version {
    Version::parse(text, Scheme::Pep440).unwrap()
}

fn cal(text: &str) -> Version {
    Version::parse(text, Scheme::Calver).unwrap()
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
    for text in ["1.0.0-next.1", "1.0.0-1", "1.0.0+build", "1.0.0-rc.1.dev.2"] {
        assert_eq!(sem(text).pep440(), None, "{text}");
    }
}

#[test]
fn impossible_versions_say_why_and_what_would_be_right() {
    use Scheme::{Calver, Pep440, Semver};
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
        ("26.11.0", Calver, "year", "write it like 2026"),
        ("2026.13.0", Calver, "month", "write it like"),
        ("2026.01.0", Calver, "begins with 0", "write 2026.1.0"),
        ("2026.1", Calver, "three numbers", "write 2026.1.0"),
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
        let next_of = |current: &Version| current.bump(level, pre, TODAY).unwrap();
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
        let found = pep(current).bump(level, pre, TODAY).unwrap();
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
        let found = cal(current).bump(Level::Minor, pre, TODAY).unwrap();
        assert_eq!(found.to_string(), next, "{current}");
    }
}

#[test]
fn raising_never_goes_back() {
    let rc = pep("1.1.0rc1");
    let error = rc.bump(Level::Minor, Some(Pre::Alpha), TODAY).unwrap_err();
    assert_eq!(
        error.to_string(),
        "version 1.1.0a1 is lower than 1.1.0rc1, which exists already"
    );
    assert_eq!(
        error.hint().unwrap(),
        "choose a version higher than 1.1.0rc1"
    );
    let largest = sem("18446744073709551615.0.0");
    let error = largest.bump(Level::Major, None, TODAY).unwrap_err();
    assert!(matches!(error, VersionError::TooLarge { .. }));
    let largest = sem("1.0.0-rc.18446744073709551615");
    assert!(largest.bump(Level::Major, Some(Pre::Rc), TODAY).is_err());
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
    assert!("gamma".parse::<Pre>().is_err());
}

fn any_pep() -> impl Strategy<Value = Version> {
    let optional = |form: &'static str| {
        proptest::option::of((0_u64..4).prop_map(move |n| format!("{form}{n}")))
    };
    let pre = prop_oneof![Just("a"), Just("b"), Just("rc")];
    let pre = proptest::option::of((pre, 0_u64..4).prop_map(|(kind, n)| format!("{kind}{n}")));
    let release = proptest::collection::vec(0_u64..3, 1..5);
    (
        0_u64..2,
        release,
        pre,
        optional(".post"),
        optional(".dev"),
        optional("+x."),
    )
        .prop_map(|(epoch, release, pre, post, dev, local)| {
            let release: Vec<String> = release.iter().map(u64::to_string).collect();
            let tail = [pre, post, dev, local]
                .map(Option::unwrap_or_default)
                .concat();
            pep(&format!("{epoch}!{}{tail}", release.join(".")))
        })
}

fn any_sem() -> impl Strategy<Value = Version> {
    let pre = prop_oneof![
        3 => Just(String::new()),
        3 => "-(alpha|beta|rc|dev)(\\.[0-9])?",
        1 => "-[a-z0-9]*[a-z]\\.[1-9][0-9]?(\\+[a-z0-9]{1,3})?",
    ];
    ((0_u64..3, 0_u64..3, 0_u64..3), pre)
        .prop_map(|((major, minor, patch), pre)| sem(&format!("{major}.{minor}.{patch}{pre}")))
}

fn any_cal() -> impl Strategy<Value = Version> {
    (2025_u64..2028, 1_u64..13, 0_u64..3, "(-(beta|rc)\\.[0-9])?")
        .prop_map(|(year, month, patch, pre)| cal(&format!("{year}.{month}.{patch}{pre}")))
}

fn any_version() -> impl Strategy<Value = Version> {
    prop_oneof![any_pep(), any_sem(), any_cal()]
}

fn any_level() -> impl Strategy<Value = Level> {
    prop_oneof![Just(Level::Patch), Just(Level::Minor), Just(Level::Major)]
}

fn any_pre() -> impl Strategy<Value = Option<Pre>> {
    prop_oneof![
        Just(None),
        Just(Some(Pre::Alpha)),
        Just(Some(Pre::Beta)),
        Just(Some(Pre::Rc))
    ]
}

proptest! {
    #[test]
    fn writing_and_reading_are_inverse(version in any_version()) {
        let read = Version::parse(&version.to_string(), version.scheme()).unwrap();
        prop_assert_eq!(&read, &version);
        prop_assert_eq!(read.to_string(), version.to_string());
    }

    #[test]
    fn the_other_spelling_leads_back(version in any_version()) {
        if let Some(pep440) = version.pep440() {
            let other = pep(&pep440);
            let there = other.semver().map(|text| sem(&text));
            if let Some(there) = there {
                prop_assert_eq!(pep(&there.pep440().unwrap()), other);
            } else {
                prop_assert_eq!(version.semver(), None);
            }
        }
    }

    #[test]
    fn finals_and_one_kind_of_pre_release_order_alike_in_both(a in any_pep(), b in any_pep()) {
        prop_assume!(!a.is_development() && !b.is_development());
        if let (Some(x), Some(y)) = (a.semver(), b.semver()) {
            prop_assert_eq!(a.cmp(&b), sem(&x).cmp(&sem(&y)));
        }
    }

    #[test]
    fn order_is_total(a in any_version(), b in any_version(), c in any_version()) {
        prop_assert_eq!(a.cmp(&b), b.cmp(&a).reverse());
        prop_assert_eq!(a.cmp(&b) == Ordering::Equal, a == b);
        if a <= b && b <= c {
            prop_assert!(a <= c);
        }
    }

    #[test]
    fn raising_rises(version in any_version(), level in any_level(), pre in any_pre()) {
        match version.bump(level, pre, TODAY) {
            Ok(next) => {
                prop_assert!(next > version);
                prop_assert_eq!(next.is_prerelease(), pre.is_some());
                prop_assert!(next.precedence(&version) == Ordering::Greater);
            }
            // Only a lower kind of pre-release can go back.
            Err(error) => {
                prop_assert!(pre.is_some() && version.is_prerelease(), "{version} {level}: {error}");
            }
        }
    }

    #[test]
    fn development_comes_after_the_release_and_before_the_next(version in any_version()) {
        if let Some(next) = version.next_development(NextVersion::DevMinor) {
            prop_assert!(next > version && next.is_development());
            prop_assert!(next.bump(Level::Minor, None, Timestamp(0)).unwrap() > next);
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in "(?s)[0-9a-z.!+ -]{0,12}|.{0,8}") {
        for scheme in [Scheme::Semver, Scheme::Pep440, Scheme::Calver] {
            match Version::parse(&text, scheme) {
                Ok(version) => prop_assert!(Version::parse(&version.to_string(), scheme).is_ok()),
                Err(error) => prop_assert!(error.hint().is_some()),
            }
        }
    }
}
