//! Looking into what was built before anybody can publish it: wheels and source distributions.
//!
//! Invariants: archives are read from the store and never unpacked to disk; sizes and numbers of entries are capped; every
//! fault of every file is named at once, with the file, the field and both values.

mod sdist;
mod wheel;

use super::{Made, Unmade, Workshop, store_failed};
use pep440_rs::Version;
use shipway_core::event::{Artifact, Evidence, Verdict};
use shipway_core::plan::Inspect;
use shipway_core::run::{Run, matches_any};
use shipway_core::target::Failure;
use std::collections::BTreeSet;
use std::io::{self, Read};
use std::str::FromStr as _;

/// Entries of an archive.
const MOST_ENTRIES: usize = 200_000;
/// Bytes of all its files, unpacked.
const LARGEST: u64 = 2 * 1024 * 1024 * 1024;
/// Bytes of a file that is read as text.
const LARGEST_TEXT: u64 = 64 * 1024 * 1024;

/// The two fields of core metadata that decide what a file is taken for.
#[derive(Debug, PartialEq, Eq)]
struct Metadata {
    name: String,
    version: String,
}

/// What an archive says about itself.
struct Contents {
    metadata: Metadata,
    files: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Wheel,
    Sdist,
}

impl Kind {
    fn of(file: &str) -> Option<Self> {
        if file.strip_suffix(".whl").is_some() {
            Some(Self::Wheel)
        } else if file.strip_suffix(".tar.gz").is_some() {
            Some(Self::Sdist)
        } else {
            None
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Wheel => "wheel",
            Self::Sdist => "sdist",
        }
    }
}

pub fn carry_out(shop: &Workshop, run: &Run, inspect: &Inspect) -> Result<Made, Unmade> {
    let mut evidence = Vec::new();
    let mut faults = Vec::new();
    let mut kinds = BTreeSet::new();
    for artifact in run.artifacts() {
        if !matches_any(&inspect.artifacts, &artifact.name) {
            continue;
        }
        if shop.is_killed() {
            return Err(Failure::transient("stopped on request").into());
        }
        let (kind, found, figure) = look_into(shop, inspect, &artifact)?;
        kinds.extend(kind.map(Kind::as_str));
        evidence.push(Evidence {
            name: "metadata".to_owned(),
            verdict: if found.is_empty() {
                Verdict::Pass
            } else {
                Verdict::Fail
            },
            figure,
            digest: Some(artifact.digest.clone()),
        });
        faults.extend(
            found
                .iter()
                .map(|fault| format!("{}: {fault}", artifact.name)),
        );
    }
    for kind in &inspect.kinds {
        if !kinds.contains(kind.as_str()) {
            faults.push(format!("no {kind} was built"));
        }
    }
    if faults.is_empty() {
        return Ok(Made {
            evidence,
            artifacts: Vec::new(),
        });
    }
    Err(Unmade {
        failure: Failure::permanent(faults.join("; ")),
        evidence,
        tail: faults,
    })
}

/// One file: its kind, its faults, and what it is for people.
fn look_into(
    shop: &Workshop,
    inspect: &Inspect,
    artifact: &Artifact,
) -> Result<(Option<Kind>, Vec<String>, String), Failure> {
    let file = &artifact.name;
    let Some(kind) = Kind::of(file) else {
        let fault = "it is neither a wheel (.whl) nor a source distribution (.tar.gz)";
        return Ok((None, vec![fault.to_owned()], file.clone()));
    };
    shop.store
        .verify(&artifact.digest)
        .map_err(|error| store_failed(&error))?;
    let path = shop.store.path(&artifact.digest);
    let read = match kind {
        Kind::Wheel => wheel::read(&path, file),
        Kind::Sdist => sdist::read(&path, file),
    };
    Ok(match read {
        Err(fault) => (Some(kind), vec![fault], format!("{file}: unreadable")),
        Ok(contents) => {
            let figure = format!(
                "{} {} in {file}, {} files",
                contents.metadata.name, contents.metadata.version, contents.files
            );
            (
                Some(kind),
                compare(inspect, kind, file, &contents.metadata),
                figure,
            )
        }
    })
}

/// Metadata against the plan, and the file's name against its metadata.
fn compare(inspect: &Inspect, kind: Kind, file: &str, metadata: &Metadata) -> Vec<String> {
    let mut faults = Vec::new();
    let Metadata { name, version } = metadata;
    if normalised(name) != normalised(&inspect.name) {
        faults.push(format!(
            "its Name is {name:?}, and the plan releases {:?}",
            inspect.name
        ));
    }
    if !same_version(version, &inspect.version) {
        faults.push(format!(
            "its Version is {version:?}, and the plan releases {:?}",
            inspect.version
        ));
    }
    let stated = match kind {
        Kind::Wheel => wheel::stated(file),
        Kind::Sdist => sdist::stated(file),
    };
    match stated {
        None => faults
            .push("its file name does not say name and version as the standard asks".to_owned()),
        Some((named, _)) if normalised(named) != normalised(name) => {
            faults.push(format!(
                "its file name says {named:?}, and its Name is {name:?}"
            ));
        }
        Some((_, numbered)) if !same_version(numbered, version) => {
            faults.push(format!(
                "its file name says version {numbered:?}, and its Version is {version:?}"
            ));
        }
        Some(_) => {}
    }
    faults
}

/// A project's name as indexes compare it (PEP 503).
fn normalised(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for c in name.chars() {
        match c {
            '-' | '_' | '.' if out.ends_with('-') => {}
            '-' | '_' | '.' => out.push('-'),
            c => out.extend(c.to_lowercase()),
        }
    }
    out
}

/// Whether both are one version (PEP 440). A text that is no version equals nothing.
fn same_version(one: &str, other: &str) -> bool {
    match (Version::from_str(one), Version::from_str(other)) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    }
}

/// Name and Version of core metadata: the header fields before the first empty line.
fn metadata(text: &[u8], place: &str) -> Result<Metadata, String> {
    let text = std::str::from_utf8(text).map_err(|_| format!("{place} is not encoded in UTF-8"))?;
    let field = |name: &str| {
        let mut values = text
            .lines()
            .take_while(|line| !line.trim().is_empty())
            .filter_map(|line| line.split_once(':'))
            .filter(|(field, _)| field.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim().to_owned());
        match (values.next(), values.next()) {
            (Some(value), None) if !value.is_empty() => Ok(value),
            (Some(_), Some(_)) => Err(format!("{place} has the field {name} twice")),
            _ => Err(format!("{place} has no field {name}")),
        }
    };
    Ok(Metadata {
        name: field("Name")?,
        version: field("Version")?,
    })
}

/// Whether an entry may be unpacked by anybody, anywhere.
fn entry_name(raw: &[u8]) -> Result<String, String> {
    let shown = || format!("{:?}", String::from_utf8_lossy(raw));
    let name = std::str::from_utf8(raw)
        .map_err(|_| format!("the name of the entry {} is not encoded in UTF-8", shown()))?;
    let drive = name.as_bytes().get(1) == Some(&b':');
    if name.is_empty() || name.starts_with('/') || drive {
        return Err(format!(
            "the entry {} is not below the archive's top",
            shown()
        ));
    }
    if name.split('/').any(|part| part == "..") {
        return Err(format!("the entry {} leads out of the archive", shown()));
    }
    if name.contains('\\') || name.chars().any(char::is_control) {
        return Err(format!(
            "the entry {} holds a backslash or a control character",
            shown()
        ));
    }
    Ok(name
        .strip_prefix("./")
        .unwrap_or(name)
        .trim_end_matches('/')
        .to_owned())
}

/// All of a small file.
fn text(reader: &mut dyn Read, place: &str) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let unreadable = |error: io::Error| format!("{place} cannot be read: {error}");
    let read = reader
        .take(LARGEST_TEXT + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if read as u64 > LARGEST_TEXT {
        return Err(format!("{place} is too large"));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_versions_are_compared_as_indexes_do() {
        assert_eq!(
            normalised("Octavia__Loxilb.-Driver"),
            "octavia-loxilb-driver"
        );
        assert!(same_version("1.1.0", "1.1"));
        assert!(same_version("1.0.0-RC.1", "1.0rc1"));
        assert!(!same_version("1.1.0", "1.1.0.post1"));
        assert!(!same_version("1.1.0+local", "1.1.0"));
        assert!(!same_version("one", "one"));
    }

    #[test]
    fn metadata_is_read_from_the_header_alone() {
        let text =
            b"Metadata-Version: 2.1\nNAME: a\nVersion:  1.0 \nSummary: x\n\nName: b\nVersion: 2\n";
        let read = metadata(text, "METADATA").unwrap();
        assert_eq!((read.name.as_str(), read.version.as_str()), ("a", "1.0"));
        for bad in [
            "Name: a\n",
            "Version: 1\n",
            "Name: a\nName: b\nVersion: 1\n",
            "Name:\nVersion: 1\n",
            "",
        ] {
            assert!(metadata(bad.as_bytes(), "METADATA").is_err(), "{bad}");
        }
        assert!(metadata(b"Name: \xff\nVersion: 1\n", "METADATA").is_err());
    }

    #[test]
    fn entries_that_lead_out_are_refused() {
        for bad in [
            "/etc/passwd",
            "../x",
            "a/../../x",
            "a/..",
            "C:/x",
            "a\\b",
            "a\0b",
            "a\nb",
            "",
        ] {
            assert!(entry_name(bad.as_bytes()).is_err(), "{bad:?}");
        }
        assert!(entry_name(b"\xff").is_err());
        assert_eq!(entry_name(b"./a/b/").unwrap(), "a/b");
        assert_eq!(entry_name(b"a/..b/c..").unwrap(), "a/..b/c..");
    }
}
