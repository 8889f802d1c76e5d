//! What core reads: versions, lines, calendar formats, requirements, configurations.

use shipway_core::Config;
use shipway_core::config::{NextVersion, Scheme};
use shipway_core::requirement::{Dialect, Requirement};
use shipway_core::time::Timestamp;
use shipway_core::version::{CalendarFormat, Level, Line, Pre, Version, VersionError};

/// 2026-11-21
const TODAY: Timestamp = Timestamp(1_795_255_200_000);

/// The first line is a version; the second, if any, is a calendar format, a line, a channel.
pub fn version(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (text, other) = text.split_once('\n').unwrap_or((&text, "YYYY.0M.MICRO"));
    let format = CalendarFormat::parse(other);
    if let Ok(format) = format {
        let again = CalendarFormat::parse(&format.to_string());
        assert_eq!(again.as_ref(), Ok(&format));
    }
    let calendars = [CalendarFormat::DEFAULT, format.unwrap_or_default()];
    let schemes = [Scheme::Semver, Scheme::Pep440]
        .into_iter()
        .chain(calendars.map(Scheme::Calver));
    for scheme in schemes {
        match Version::parse(text, scheme) {
            Ok(version) => known(&version, other.parse().ok().as_ref()),
            Err(error) => assert!(error.hint().is_some(), "{error}"),
        }
        match Line::parse(other, scheme) {
            Ok(line) => assert_eq!(Line::parse(&line.to_string(), scheme).as_ref(), Ok(&line)),
            Err(error) => assert!(error.hint().is_some(), "{error}"),
        }
    }
}

fn known(version: &Version, channel: Option<&Pre>) {
    let scheme = version.scheme();
    let again = Version::parse(&version.to_string(), scheme);
    assert_eq!(again.as_ref(), Ok(version));
    assert!(Line::of(version).contains(version));
    if let Some(text) = version.semver() {
        let there = Version::parse(&text, Scheme::Semver);
        assert!(there.is_ok_and(|there| there.semver() == Some(text)));
    }
    if let Some(text) = version.pep440() {
        let there = Version::parse(&text, Scheme::Pep440);
        assert!(there.is_ok_and(|there| there.pep440() == Some(text)));
    }
    for level in [Level::Patch, Level::Minor, Level::Major] {
        for pre in [None, channel] {
            if let Ok(next) = version.bump(level, pre, TODAY) {
                assert!(next > *version, "{version} {next}");
                let read = Version::parse(&next.to_string(), scheme);
                assert_eq!(read.as_ref(), Ok(&next));
            }
        }
    }
    if let Some(next) = version.next_development(NextVersion::DevPatch) {
        assert!(next > *version && next.is_development());
    }
    assert!(matches!(
        version.must_follow(version),
        Err(VersionError::Same { .. })
    ));
}

/// The first line is a version, the rest a requirement.
pub fn requirement(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (version, text) = text.split_once('\n').unwrap_or(("1.2.3", &text));
    for dialect in [
        Dialect::Cargo,
        Dialect::Npm,
        Dialect::Pep440,
        Dialect::Poetry,
    ] {
        let scheme = match dialect {
            Dialect::Cargo | Dialect::Npm => Scheme::Semver,
            Dialect::Pep440 | Dialect::Poetry => Scheme::Pep440,
        };
        let Ok(version) = Version::parse(version, scheme) else {
            continue;
        };
        let requirement = match Requirement::parse(text, dialect) {
            Ok(requirement) => requirement,
            Err(error) => {
                assert!(!error.why.is_empty() && !error.hint().is_empty());
                continue;
            }
        };
        assert_eq!(requirement.to_string(), text);
        let raised = requirement.raised_to(&version);
        let read = Requirement::parse(&raised, dialect);
        assert!(read.is_ok(), "{dialect}: {text:?} to {version}: {raised:?}");
        if !requirement.is_range() {
            assert!(requirement.matches(&version) && raised == text);
        }
        let resolved = requirement.resolved(&version);
        assert!(resolved.dialect() == dialect);
    }
}

pub fn configuration(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    match Config::parse(&text, "shipway.toml") {
        Ok(config) => {
            let again = Config::parse(&text, "shipway.toml");
            assert_eq!(again.ok(), Some(config));
        }
        Err(error) => {
            let shown = error.to_string();
            assert!(!shown.is_empty());
        }
    }
}
