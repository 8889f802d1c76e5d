//! Looking into wheels and source distributions.

use crate::scene::{Scene, failure, figures, passed};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use shipway_core::event::Outcome;
use shipway_core::plan::{Action, Inspect};
use std::io::{Cursor, Write as _};
use zip::write::{SimpleFileOptions, ZipWriter};

/// Names and contents.
type Files = Vec<(String, Vec<u8>)>;

const WHEEL: &str = "octavia_loxilb_driver-1.1.0-py3-none-any.whl";
const SDIST: &str = "octavia_loxilb_driver-1.1.0.tar.gz";
const INFO: &str = "octavia_loxilb_driver-1.1.0.dist-info";

fn core_metadata(name: &str, version: &str) -> String {
    format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n\nText.\n")
}

fn record_line(name: &str, bytes: &[u8]) -> String {
    let digest = URL_SAFE_NO_PAD.encode(Sha256::digest(bytes));
    format!("{name},sha256={digest},{}\n", bytes.len())
}

/// The files of a sound wheel.
fn wheel_files(name: &str, version: &str) -> Files {
    vec![
        (
            "octavia_loxilb_driver/__init__.py".into(),
            b"x = 1\n".to_vec(),
        ),
        (
            format!("{INFO}/METADATA"),
            core_metadata(name, version).into_bytes(),
        ),
        (format!("{INFO}/WHEEL"), b"Wheel-Version: 1.0\n".to_vec()),
    ]
}

fn record(files: &[(String, Vec<u8>)]) -> (String, Vec<u8>) {
    let mut text: String = files
        .iter()
        .map(|(name, bytes)| record_line(name, bytes))
        .collect();
    text += INFO;
    text += "/RECORD,,\n";
    (format!("{INFO}/RECORD"), text.into_bytes())
}

fn zipped(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        writer
            .start_file(name.as_str(), SimpleFileOptions::default())
            .unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn wheel(name: &str, version: &str) -> Vec<u8> {
    let mut files = wheel_files(name, version);
    files.push(record(&files));
    zipped(&files)
}

/// A tar archive, entry by entry: name as it stands, type, content.
fn tarred(entries: &[(&str, tar::EntryType, &[u8])]) -> Vec<u8> {
    let gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let mut builder = tar::Builder::new(gzip);
    for (name, kind, bytes) in entries {
        let mut header = tar::Header::new_gnu();
        header.as_gnu_mut().unwrap().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_entry_type(*kind);
        header.set_mode(0o644);
        header.set_size(bytes.len() as u64);
        if !matches!(kind, tar::EntryType::Regular | tar::EntryType::Directory) {
            header.set_link_name("target").unwrap();
        }
        header.set_cksum();
        builder.append(&header, *bytes).unwrap();
    }
    builder.into_inner().unwrap().finish().unwrap()
}

fn sdist(name: &str, version: &str) -> Vec<u8> {
    let text = core_metadata(name, version);
    tarred(&[
        (
            "octavia_loxilb_driver-1.1.0/",
            tar::EntryType::Directory,
            b"",
        ),
        (
            "octavia_loxilb_driver-1.1.0/PKG-INFO",
            tar::EntryType::Regular,
            text.as_bytes(),
        ),
        (
            "octavia_loxilb_driver-1.1.0/setup.py",
            tar::EntryType::Regular,
            b"x\n",
        ),
    ])
}

fn inspect(files: &[(&str, &[u8])]) -> Outcome {
    let scene = Scene::new();
    let inspect = Inspect {
        artifacts: vec!["dist/*".into()],
        name: "octavia-loxilb-driver".into(),
        version: "1.1.0".into(),
        kinds: vec!["wheel".into(), "sdist".into()],
    };
    let (run, step) = scene.after(&[("build", files)], Action::Inspect(inspect));
    scene.shop.carry_out(&run, &step)
}

/// Why this wheel is refused, beside a sound source distribution.
fn wheel_fault(bytes: &[u8]) -> String {
    let outcome = inspect(&[
        (WHEEL, bytes),
        (SDIST, &sdist("octavia-loxilb-driver", "1.1.0")),
    ]);
    failure(&outcome).0.message.clone()
}

fn sdist_fault(bytes: &[u8]) -> String {
    let outcome = inspect(&[
        (WHEEL, &wheel("octavia-loxilb-driver", "1.1.0")),
        (SDIST, bytes),
    ]);
    failure(&outcome).0.message.clone()
}

#[test]
fn sound_files_pass() {
    // Names and versions are compared as indexes compare them.
    let outcome = inspect(&[
        (WHEEL, &wheel("Octavia.LoxiLB_driver", "1.1")),
        (SDIST, &sdist("octavia-loxilb-driver", "1.1.0")),
    ]);
    let (evidence, artifacts) = passed(&outcome);
    assert!(artifacts.is_empty());
    assert_eq!(
        figures(evidence),
        [
            "metadata pass: Octavia.LoxiLB_driver 1.1 in octavia_loxilb_driver-1.1.0-py3-none-any.whl, 4 files",
            "metadata pass: octavia-loxilb-driver 1.1.0 in octavia_loxilb_driver-1.1.0.tar.gz, 2 files",
        ]
    );
}

#[test]
fn every_disagreement_names_file_field_and_both_values() {
    let outcome = inspect(&[
        (WHEEL, &wheel("octavia-loxilb-driver", "1.0.0")),
        (SDIST, &sdist("other", "1.1.0")),
    ]);
    let (failure, evidence, tail) = failure(&outcome);
    assert_eq!(
        tail,
        [
            format!("{WHEEL}: its Version is \"1.0.0\", and the plan releases \"1.1.0\""),
            format!("{WHEEL}: its file name says version \"1.1.0\", and its Version is \"1.0.0\""),
            format!(
                "{SDIST}: its Name is \"other\", and the plan releases \"octavia-loxilb-driver\""
            ),
            format!(
                "{SDIST}: its file name says \"octavia_loxilb_driver\", and its Name is \"other\""
            ),
        ]
    );
    assert!(failure.message.contains(&tail[3]));
    assert!(
        figures(evidence)
            .iter()
            .all(|figure| figure.starts_with("metadata fail"))
    );
}

#[test]
fn each_kind_must_be_there_and_no_other() {
    let outcome = inspect(&[(WHEEL, &wheel("octavia-loxilb-driver", "1.1.0"))]);
    assert_eq!(failure(&outcome).0.message, "no sdist was built");
    let outcome = inspect(&[]);
    assert_eq!(
        failure(&outcome).0.message,
        "no wheel was built; no sdist was built"
    );
    let outcome = inspect(&[
        (WHEEL, &wheel("octavia-loxilb-driver", "1.1.0")),
        (SDIST, &sdist("octavia-loxilb-driver", "1.1.0")),
        ("notes.txt", b"x"),
    ]);
    assert!(
        failure(&outcome)
            .0
            .message
            .starts_with("notes.txt: it is neither"),
        "{outcome:?}"
    );
}

#[test]
fn record_is_compared_with_the_files() {
    let sound = wheel_files("octavia-loxilb-driver", "1.1.0");
    let listing = record(&sound);
    let fault = |change: &dyn Fn(&mut Files)| {
        let mut files = sound.clone();
        files.push(listing.clone());
        change(&mut files);
        wheel_fault(&zipped(&files))
    };
    assert!(fault(&|files| files[0].1 = b"y = 2\n".to_vec()).contains("RECORD says that"));
    assert!(fault(&|files| files.push(("evil.py".into(), vec![]))).contains("is not listed"));
    assert!(fault(&|files| drop(files.remove(2))).contains("which is not in it"));
    assert!(fault(&|files| drop(files.remove(3))).contains("has no octavia"));
    assert!(fault(&|files| drop(files.remove(1))).contains("METADATA"));
    let listed = |text: String| fault(&|files| files[3].1 = text.clone().into_bytes());
    let text = String::from_utf8(listing.1.clone()).unwrap();
    assert!(listed(text.replacen("sha256", "md5", 1)).contains("not allowed"));
    assert!(listed(text.replacen(",6\n", ",7\n", 1)).contains("7 bytes"));
    assert!(listed(format!("{text}{text}")).contains("twice"));
    assert!(listed("nonsense\n".into()).contains("no entry"));
}

#[test]
fn wheels_that_parsers_read_differently_are_refused() {
    let mut files = wheel_files("octavia-loxilb-driver", "1.1.0");
    files.push(("octavia_loxilb_driver/a.py".into(), b"1".to_vec()));
    files.push(("octavia_loxilb_driver/b.py".into(), b"2".to_vec()));
    files.push(record(&files));
    let sound = zipped(&files);
    let patch = |which: &[usize]| {
        // Every place of the second name: in front of its data, in RECORD (compressed or not), in the directory.
        let mut bytes = sound.clone();
        let name = b"octavia_loxilb_driver/b.py";
        let places: Vec<usize> = (0..bytes.len() - name.len())
            .filter(|&at| bytes[at..].starts_with(name))
            .collect();
        assert!(places.len() >= 2);
        for index in which {
            let at = if *index == 0 {
                places[0]
            } else {
                places[places.len() - 1]
            };
            bytes[at + name.len() - 4] = b'a';
        }
        wheel_fault(&bytes)
    };
    assert!(patch(&[0, 1]).contains("two entries"), "{}", patch(&[0, 1]));
    assert!(patch(&[0]).contains("no sound ZIP"), "{}", patch(&[0]));
    let mut prefixed = b"#!/bin/sh\n".to_vec();
    prefixed.extend(&sound);
    assert!(!wheel_fault(&prefixed).is_empty());
    assert!(wheel_fault(&sound[..sound.len() / 2]).contains("no sound ZIP"));
    assert!(wheel_fault(b"").contains("no sound ZIP"));
}

#[test]
fn wheels_that_lead_out_are_refused() {
    for name in ["../evil.py", "/etc/evil", "a/../../evil", "a\\b", "C:/x"] {
        let mut files = wheel_files("octavia-loxilb-driver", "1.1.0");
        files.push((name.into(), b"x".to_vec()));
        files.push(record(&files));
        let fault = wheel_fault(&zipped(&files));
        assert!(fault.contains("the entry"), "{name}: {fault}");
    }
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default();
    writer.add_symlink("link", "/etc/passwd", options).unwrap();
    let bytes = writer.finish().unwrap().into_inner();
    assert!(
        wheel_fault(&bytes).contains("is a link"),
        "{}",
        wheel_fault(&bytes)
    );
}

#[test]
fn sdists_that_lead_out_or_lie_are_refused() {
    use tar::EntryType::{Directory, Fifo, Link, Regular, Symlink};
    const TOP: &str = "octavia_loxilb_driver-1.1.0";
    let metadata = core_metadata("octavia-loxilb-driver", "1.1.0");
    let info = format!("{TOP}/PKG-INFO");
    for (name, kind, fault) in [
        (
            "/etc/evil".to_owned(),
            Regular,
            "not below the archive's top",
        ),
        (format!("{TOP}/../../evil"), Regular, "leads out"),
        ("other/file".to_owned(), Regular, "is not below octavia"),
        (format!("{TOP}-2/file"), Regular, "is not below octavia"),
        (format!("{TOP}/link"), Symlink, "a link or a device"),
        (format!("{TOP}/hard"), Link, "a link or a device"),
        (format!("{TOP}/pipe"), Fifo, "a link or a device"),
        (info.clone(), Regular, "two entries"),
        (info.clone(), Directory, "two entries"),
        (format!("./{info}"), Regular, "two entries"),
    ] {
        let bytes = tarred(&[(&info, Regular, metadata.as_bytes()), (&name, kind, b"")]);
        let found = sdist_fault(&bytes);
        assert!(found.contains(fault), "{name} {kind:?}: {found}");
    }
    let without = tarred(&[("octavia_loxilb_driver-1.1.0/setup.py", Regular, b"x")]);
    assert!(sdist_fault(&without).contains("has no octavia_loxilb_driver-1.1.0/PKG-INFO"));
    let whole = sdist("octavia-loxilb-driver", "1.1.0");
    assert!(sdist_fault(&whole[..whole.len() - 20]).contains("no sound tar.gz"));
    assert!(sdist_fault(b"").contains("no sound tar.gz") || sdist_fault(b"").contains("is empty"));
    assert!(sdist_fault(b"not gzip at all").contains("no sound tar.gz"));
}
