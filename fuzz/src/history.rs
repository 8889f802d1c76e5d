//! What history reads: commit messages, change files, changelogs, version files.

use shipway_core::config::{Preset, Scheme};
use shipway_core::name::Oid;
use shipway_core::version::Version;
use shipway_history::changelog::{Closing, NewSection, Present, close, set_sections};
use shipway_history::version_file::{KINDS, Spec, read_version, set};
use shipway_history::{Author, ChangeFile, Changes, Commit, Convention};

fn oid(digit: u8) -> Option<Oid> {
    Oid::new(char::from(b'0' + digit % 10).to_string().repeat(40)).ok()
}

/// Messages with `\x1e` between them: the newest first, each the child of the next.
fn commits(data: &[u8]) -> Vec<Commit> {
    let messages = data.split(|byte| *byte == 0x1e).take(9);
    let commits = (0_u8..).zip(messages).filter_map(|(at, message)| {
        Some(Commit {
            id: oid(at)?,
            parents: vec![oid(at + 1)?],
            time: 1_795_255_200,
            author: Author::default(),
            message: String::from_utf8_lossy(message).into_owned(),
        })
    });
    commits.collect()
}

pub fn message(data: &[u8]) {
    let commits = commits(data);
    for preset in [Preset::Conventional, Preset::Angular, Preset::Gitmoji] {
        let changes = Changes::of(&commits, &Convention::preset(preset));
        for change in &changes.listed {
            let shown = change.to_string();
            assert!(!shown.contains(char::is_control), "{shown:?}");
        }
    }
}

pub fn change_file(data: &[u8]) {
    const PATH: &str = ".changeset/brave-cats-sing.md";
    match ChangeFile::read(PATH, data) {
        Ok(file) => {
            let again = ChangeFile::read(PATH, file.write().as_bytes());
            assert_eq!(again.as_ref(), Ok(&file));
            for change in file.changes(PATH) {
                let shown = change.to_string();
                assert!(!shown.contains(char::is_control), "{shown:?}");
            }
        }
        Err(error) => assert!(!error.to_string().is_empty() && !error.hint().is_empty()),
    }
}

/// A changelog, in which a release is closed; then an older one is inserted.
pub fn changelog(data: &[u8]) {
    let Ok(version) = Version::parse("1.4.0", Scheme::Semver) else {
        return;
    };
    let closing = Closing {
        version: &version,
        date: "2026-11-21",
        tag: "v1.4.0",
        unreleased: None,
        changes: &[],
    };
    if let Ok(closed) = close(Some(data), &closing) {
        kept(data, &closed.text);
        // A version that is there is not closed again.
        assert!(close(Some(&closed.text), &closing).is_err());
    }
    let section = NewSection {
        version: &version,
        date: "2026-11-21",
        tag: "v1.4.0",
        previous: None,
        yanked: false,
        link: None,
        body: "### Fixed\n\n- It works\n",
    };
    let sections = std::slice::from_ref(&section);
    if let Ok(text) = set_sections(Some(data), sections, Present::Keep, None) {
        kept(data, &text);
        let again = set_sections(Some(&text), sections, Present::Keep, None);
        assert_eq!(again.ok().as_deref(), Some(text.as_slice()), "repeated");
    }
}

/// Every line of the old text stands in the new one, in the same order, but for link definitions, which follow releases.
fn kept(old: &[u8], new: &[u8]) {
    let lines = |text: &[u8]| -> Vec<Vec<u8>> {
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        let lines = text.split(|byte| *byte == b'\n');
        // A line that ended the file with `\r` gets a line end of its own.
        let lines = lines.map(|line| {
            let end = line.iter().rposition(|byte| *byte != b'\r');
            line[..end.map_or(0, |end| end + 1)].to_vec()
        });
        let definition = |line: &Vec<u8>| {
            let start = line.iter().position(|byte| *byte != b' ').unwrap_or(0);
            line[start..].starts_with(b"[") && line.windows(2).any(|two| two == b"]:")
        };
        lines.filter(|line| !definition(line)).collect()
    };
    let new = lines(new);
    let mut rest = new.iter();
    for line in lines(old).iter().filter(|line| !line.is_empty()) {
        let found = rest.any(|other| other == line);
        assert!(found, "lost: {:?}", String::from_utf8_lossy(line));
    }
}

/// The first byte chooses the kind of the file.
pub fn version_file(data: &[u8]) {
    let Some((first, bytes)) = data.split_first() else {
        return;
    };
    let row = &KINDS[usize::from(*first) % KINDS.len()];
    let Some(path) = row.files.first() else {
        return;
    };
    let path = path.replace('*', "x");
    let spec = Spec::of(&path);
    let (Ok(old), Ok(new)) = (
        read_version(&spec, bytes),
        Version::parse("7.6.5", Scheme::Semver),
    ) else {
        return;
    };
    let Ok(edited) = set(&spec, bytes, &new) else {
        return;
    };
    let read = read_version(&spec, &edited);
    assert_eq!(read.ok().as_deref(), Some("7.6.5"), "{path}: was {old:?}");
    let again = set(&spec, &edited, &new);
    assert_eq!(again.ok().as_deref(), Some(edited.as_slice()), "{path}");
    // No version has a line end in it: every line that does not say it stays as it is.
    let lines = |bytes: &[u8]| -> Vec<Vec<u8>> {
        let lines = bytes.split(|byte| *byte == b'\n');
        lines.map(<[u8]>::to_vec).collect()
    };
    let (before, after) = (lines(bytes), lines(&edited));
    assert_eq!(before.len(), after.len(), "{path}: was {old:?}");
    for (before, after) in before.iter().zip(&after) {
        let says = after.iter().any(|byte| b"765".contains(byte));
        assert!(before == after || says, "{path}: was {old:?}");
    }
}
