//! Files that nobody should write: each is read or refused, in time that grows with its length.

use super::*;
use proptest::prelude::*;

const NEW: &str = "7.7.7";

/// What has been set is read again, and setting it again changes nothing.
fn holds(spec: &Spec<'_>, bytes: &[u8]) {
    let new = pep(NEW);
    if let Ok(after) = set(spec, bytes, &new) {
        assert_eq!(read_version(spec, &after).as_deref(), Ok(NEW));
        assert_eq!(set(spec, &after, &new).unwrap(), after);
    }
}

fn of_kind(row: &'static Row) -> Spec<'static> {
    Spec {
        kind: Some(Kind::named(row.name).unwrap()),
        ..Spec::of("file")
    }
}

#[test]
fn the_same_sign_over_and_over_is_read_or_refused() {
    const LENGTH: usize = 1 << 13;
    let mut pieces = vec![
        "[",
        "{",
        "(",
        "<a>",
        "{\"a\":",
        "[[a]]\n",
        "- ",
        "a: ",
        "? ",
        "&a ",
        "*a ",
        "'",
        "\"",
        "\"\"\"",
        "/*",
        "<!--",
        "{%",
        "version",
        "version=",
        "version = (",
        "VERSION = [",
        "1",
        "1.",
        "\\",
        "\0",
        "\r",
        "\n",
        "#",
        " ",
        "é",
        "LABEL version=",
        "LABEL version=1 \\\n",
        "set(",
        "project(",
        "#define A_VERSION_MAJOR 1\n",
        "AC_INIT(",
        "{% set version = '",
        "<!-- x-shipway-version -->",
        "shipway:version 1.0\n",
        "Version: ",
        "PATH\n    a (1.0)\n",
        "{\nversion\n",
        "const VERSION = ",
    ];
    let long = format!("version: {}\n", "1".repeat(300));
    pieces.push(&long);
    for piece in pieces {
        let text = piece.repeat(LENGTH / piece.len());
        for row in KINDS {
            holds(&of_kind(row), text.as_bytes());
        }
    }
}

#[test]
fn a_line_of_ten_megabytes_is_shown_clipped() {
    let text = format!("version 1.0 {}\nversion 2.0", "x".repeat(10 << 20));
    let error = read_version(
        &spec("README.md", Some("version {version}")),
        text.as_bytes(),
    )
    .unwrap_err();
    assert!(
        matches!(&error, VersionFileError::Ambiguous { candidates, .. } if candidates.len() == 2)
    );
    assert!(error.to_string().len() < 600);
    let digits = "1".repeat(10 << 20);
    let error = read_version(&spec("a", Some("{version}")), digits.as_bytes()).unwrap_err();
    assert!(matches!(error, VersionFileError::Missing { .. }));
}

#[test]
fn what_stands_twice_is_ambiguous() {
    for (path, text) in [
        (
            "package.json",
            "{\"version\": \"1.0.0\",\n \"version\": \"1.0.0\"}",
        ),
        (
            "package.json",
            "{\"version\": \"1.0.0\",\n \"\\u0076ersion\": \"2.0.0\"}",
        ),
        ("Chart.yaml", "version: 1.0.0\nversion: 1.0.0\n"),
        (
            "setup.cfg",
            "[metadata]\nversion = 1.0\nname = x\nversion = 1.0\n",
        ),
        (
            "x.h",
            "#define V_VERSION_MAJOR 1\n#define V_VERSION_MINOR 1\n#define V_VERSION_MAJOR 1\n",
        ),
        (
            "Info.plist",
            "<plist><dict><key>CFBundleShortVersionString</key><string>1.0</string>\n<key>CFBundleShortVersionString</key><string>1.0</string></dict></plist>",
        ),
        ("Dockerfile", "ARG VERSION=1.0\nFROM x\nARG VERSION=2.0\n"),
        ("a.yaml", "version: 1.0.0\n---\nversion: 2.0.0\n"),
        (
            "default.nix",
            "{ a = { version = \"1.0\"; };\n b = { version = \"2.0\"; }; }",
        ),
        (
            "Cargo.lock",
            "[[package]]\nname = \"a\"\nversion = \"1.0.0\"\n[[package]]\nname = \"b\"\nversion = \"1.0.0\"\n",
        ),
    ] {
        let error = read_version(&Spec::of(path), text.as_bytes()).unwrap_err();
        let VersionFileError::Ambiguous { candidates, .. } = &error else {
            panic!("{text}: {error}");
        };
        assert!(
            candidates.len() == 2
                && candidates
                    .iter()
                    .all(|one| one.text.to_lowercase().contains("ersion")),
            "{error}"
        );
    }
    let error = read_version(
        &Spec::of("Cargo.toml"),
        b"[package]\nversion = '1'\nversion = '1'\n",
    )
    .unwrap_err();
    assert!(
        matches!(error, VersionFileError::Syntax { line: 3, .. }),
        "{error}"
    );
}

#[test]
fn what_cannot_be_changed_alone_is_refused_with_its_place() {
    for (path, text, line) in [
        ("Chart.yaml", "a: &v 1.0.0\nversion: *v\n", 2),
        ("values.yaml", "x: &i {tag: 1.0}\nimage: *i\n", 2),
        ("a.yml", "x: 1\nversion: |\n  1.0\n", 3),
        ("a.yml", "version: \"1\\x2e0\"\n", 1),
        ("a.yml", "# é\n\nversion: [\n", 4),
        ("README.md", "\nx <!-- x-shipway-version -->1.0", 2),
        ("README.md", "x\nsee shipway:version\n", 2),
        ("a.json", "{\n\"version\": \"1.0\" \"x\"}", 2),
        ("a.json", "{\"version\": \"1.0\"}\n\n}", 3),
        ("a.json", "\n/* version", 2),
        ("pom.xml", "<project>\n<version>1.0</project>", 2),
    ] {
        let error = read_version(&Spec::of(path), text.as_bytes()).unwrap_err();
        assert!(
            matches!(error, VersionFileError::Syntax { line: found, .. } if found == line),
            "{text}: {error}"
        );
    }
    let many = "&a;".repeat(50);
    let entities: Vec<_> = (0..10)
        .map(|at| format!("<!ENTITY z{at} \"{many}\">"))
        .collect();
    let bomb = format!(
        "<!DOCTYPE x [<!ENTITY a \"1.0\">{}]><project><version>&z9;</version></project>",
        entities.concat()
    );
    assert!(read_version(&Spec::of("pom.xml"), bomb.as_bytes()).is_err());
    let aliases: Vec<_> = (1..40)
        .map(|at| format!("a{at}: &a{at} [*a{0}, *a{0}]\n", at - 1))
        .collect();
    let aliases = aliases.concat();
    let text = format!("a0: &a0 [x]\n{aliases}version: 1.0.0\n");
    assert_eq!(
        read_version(&Spec::of("Chart.yaml"), text.as_bytes()).as_deref(),
        Ok("1.0.0")
    );
}

#[test]
fn numbers_get_quotes_in_yaml() {
    let set_to = |text: &str, new: &str| {
        String::from_utf8(set(&Spec::of("a.yaml"), text.as_bytes(), &pep(new)).unwrap()).unwrap()
    };
    assert_eq!(
        set_to("version: 1.9.0 # x\n", "1.10"),
        "version: \"1.10\" # x\n"
    );
    assert_eq!(set_to("version: 1.9\n", "1.9.1"), "version: 1.9.1\n");
    assert_eq!(set_to("version: '1.9'\n", "1.10"), "version: '1.10'\n");
    assert_eq!(set_to("{version: 1.9}", "2"), "{version: \"2\"}");
    assert_eq!(
        set_to("version: !!str 1.9\n", "1.10"),
        "version: !!str 1.10\n"
    );
    for (text, is_none) in [
        ("1.10", true),
        ("1e3", true),
        ("2026", true),
        ("1_0", true),
        ("0x1f", true),
        ("2026-11-01", true),
        ("1.2.3", false),
        ("1.0rc1", false),
        ("1.0.0-rc.1", false),
        ("1!2", false),
    ] {
        assert_eq!(yaml::is_no_text(text), is_none, "{text}");
    }
}

proptest! {
    #[test]
    fn pieces_of_files_are_read_or_refused(row in 0..KINDS.len(), parts in proptest::collection::vec(0_usize..42, 0..24)) {
        let pieces = [
            "version", "VERSION", " = ", "=", ":", ": ", "'", "\"", "1.0.0", "1.0", "\n", "\r\n", "#", "//", "/*", "*/", "{", "}", "[", "]", "(", ")", ",", "é", "\0",
            "<version>", "</version>", "<project>", "</project>", "- ", "  ", "&a ", "*a", "[package]\n", "[metadata]\n", "project", "LABEL ", "{% set ", " %}", "pkgver=", "Version:", "\\",
        ];
        let text: String = parts.iter().map(|part| pieces[*part]).collect();
        holds(&of_kind(&KINDS[row]), text.as_bytes());
    }

    #[test]
    fn damaged_examples_are_read_or_refused(row in 0..KINDS.len(), at in 0.0..1.0_f64, with in "[\\PC\\n\"']{0,3}", cut in 0_usize..4) {
        let example = KINDS[row].example;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a place in a short text")]
        let start = (at * example.len() as f64) as usize;
        let start = (0..=start).rev().find(|at| example.is_char_boundary(*at)).unwrap();
        let end = (start + cut).min(example.len());
        let end = (end..=example.len()).find(|at| example.is_char_boundary(*at)).unwrap();
        let text = format!("{}{with}{}", &example[..start], &example[end..]);
        holds(&of_kind(&KINDS[row]), text.as_bytes());
    }
}
