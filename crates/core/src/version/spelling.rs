//! The two spellings of one release: SemVer's and PEP 440's.
//!
//! Invariants: both directions are inverse on what has both spellings, but for SemVer's bare labels (`-rc` is read as `rc0`,
//! as PEP 440 says of implicit numbers, and written as `-rc.0`). Two releases of which neither is a development version
//! have the same order in both; `dev` comes before `alpha` in PEP 440 and between `beta` and `rc` in SemVer.
//!
//! What has no counterpart: epochs, post-releases, local versions, a fourth number, a pre-release's own development versions;
//! build metadata; every other pre-release of SemVer, also `-rc1`, which SemVer orders as a word (`rc10` before `rc2`).

use super::Pre;
use pep440_rs::{Prerelease as PepPre, Version as Pep};
use semver::Version as Sem;

/// The SemVer text that stands for the same release, or why there is none.
pub(super) fn semver_of(version: &Pep) -> Result<String, &'static str> {
    if version.epoch() > 0 {
        return Err("SemVer has no epoch");
    }
    if version.is_post() {
        return Err("SemVer has no post-releases");
    }
    if version.is_local() {
        return Err("SemVer has no local versions");
    }
    if version.release().len() > 3 {
        return Err("SemVer has exactly three numbers");
    }
    let part = |at| version.release().get(at).copied().unwrap_or(0);
    let numbers = format!("{}.{}.{}", part(0), part(1), part(2));
    Ok(match pre_of(version)? {
        Some(pre) => format!("{numbers}-{pre}"),
        None => numbers,
    })
}

/// SemVer's pre-release text for that of PEP 440.
pub(super) fn pre_of(version: &Pep) -> Result<Option<String>, &'static str> {
    Ok(match (version.pre(), version.dev()) {
        (Some(_), Some(_)) => {
            return Err("SemVer has no development versions of a pre-release");
        }
        (Some(PepPre { kind, number }), None) => {
            Some(format!("{}.{number}", Pre::of_kind(kind).label()))
        }
        (None, Some(0)) => Some("dev".to_owned()),
        (None, Some(number)) => Some(format!("dev.{number}")),
        (None, None) => None,
    })
}

/// The PEP 440 version that is the same release, or why there is none.
pub(super) fn pep440_of(version: &Sem) -> Result<Pep, &'static str> {
    if !version.build.is_empty() {
        return Err("PEP 440 has no build metadata");
    }
    with_pre(
        Pep::new([version.major, version.minor, version.patch]),
        &version.pre,
    )
}

/// A final release with SemVer's pre-release in PEP 440's way.
pub(super) fn with_pre(release: Pep, pre: &semver::Prerelease) -> Result<Pep, &'static str> {
    if pre.is_empty() {
        return Ok(release);
    }
    let (label, number) = match pre.split_once('.') {
        Some((label, number)) => (label, number),
        None => (pre.as_str(), "0"),
    };
    if !number.bytes().all(|b| b.is_ascii_digit()) {
        return Err("PEP 440 knows one number behind a, b, rc and dev, and nothing else");
    }
    // The greatest is out of reach of `pep440_rs`, which needs room for a successor.
    let number = number.parse().ok().filter(|number| *number < u64::MAX);
    let number = number.ok_or("a number is too large")?;
    let kind = match label {
        "dev" => return Ok(release.with_dev(Some(number))),
        "alpha" => Pre::Alpha,
        "beta" => Pre::Beta,
        "rc" => Pre::Rc,
        _ => return Err("PEP 440 knows no pre-releases but a, b, rc and dev"),
    }
    .kind();
    Ok(release.with_pre(kind.map(|kind| PepPre { kind, number })))
}
