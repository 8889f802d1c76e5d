mod edits;
mod forms;
mod hostile;

use super::*;
use forms::FILES;

fn spec<'a>(path: &'a str, pattern: Option<&'a str>) -> Spec<'a> {
    Spec {
        pattern,
        ..Spec::of(path)
    }
}
use proptest::prelude::*;

fn pep(text: &str) -> Version {
    Version::parse(text, Scheme::Pep440).unwrap()
}

/// Files that hold numbers in several places: (path, before, after 1.4.0, after 2.0.1).
#[test]
fn numbers_in_several_places_are_one_version() {
    for (path, form) in [
        (
            "x.h",
            "#define X_VERSION_MAJOR {0}\n#define X_VERSION_MINOR ({1}) /* 7 */\n\n#define X_VERSION_PATCH {2}\n#define X_VERSION \"{0}.{1}.{2}\"\n",
        ),
        (
            "x.hpp",
            "# define MAJOR_VERSION {0}\r\n# define MINOR_VERSION {1}\r\n# define MICRO_VERSION\t{2}\r\n",
        ),
        (
            "a.py",
            "VERSION = ({0},{1} , {2},)  # 7\n__version__ = '.'.join(map(str, VERSION))\n",
        ),
        (
            "a.py",
            "__version__ = '{0}.{1}.{2}'\nversion_info: tuple = [{0}, {1}, {2}]\n",
        ),
        ("a.py", "VERSION = ({0}, {1}, {2}, \"final\", 0)\n"),
    ] {
        let filled = |numbers: [&str; 3]| {
            let number = |text: String, at: usize| text.replace(&format!("{{{at}}}"), numbers[at]);
            (0..3).fold(form.to_owned(), number).into_bytes()
        };
        let before = filled(["1", "4", "0"]);
        let spec = Spec::of(path);
        assert_eq!(
            read_version(&spec, &before).as_deref(),
            Ok("1.4.0"),
            "{form}"
        );
        let after = set(&spec, &before, &pep("2.0.11")).unwrap();
        assert_eq!(after, filled(["2", "0", "11"]), "{form}");
        assert_eq!(set(&spec, &after, &pep("1.4.0")).unwrap(), before, "{form}");
    }
    let rc = pep("2.0.0rc3");
    let django = Spec::of("a.py");
    let set_to =
        |text: &str| set(&django, text.as_bytes(), &rc).map(|b| String::from_utf8(b).unwrap());
    assert_eq!(
        set_to("VERSION = (1, 9, 0, 'beta', 1)\n").unwrap(),
        "VERSION = (2, 0, 0, 'rc', 3)\n"
    );
    assert_eq!(
        set_to("version_info = (1, 9, 0, 'final', 0)\n__version__ = '1.9.0'").unwrap(),
        "version_info = (2, 0, 0, 'candidate', 3)\n__version__ = '2.0.0rc3'"
    );
    for numbers_only in ["VERSION = (1, 9, 0)\n", "VERSION = (1, 9)\n"] {
        let error = set_to(numbers_only).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("a.py needs a version of numbers, and 2.0.0rc3"),
            "{error}"
        );
    }
    // The text says all of it, the numbers what they can.
    let header =
        "#define V_VERSION \"1.9.0\"\n#define V_VERSION_MAJOR 1\n#define V_VERSION_MINOR 9\n";
    let after = set(&Spec::of("v.h"), header.as_bytes(), &rc);
    assert!(
        matches!(after, Err(VersionFileError::Spelling { .. })),
        "2.0.0 has three numbers"
    );
    let wider = format!("{header}#define V_VERSION_PATCH 0\n");
    let after = String::from_utf8(set(&Spec::of("v.h"), wider.as_bytes(), &rc).unwrap()).unwrap();
    assert!(
        after.contains("\"2.0.0rc3\"") && after.contains("MAJOR 2") && after.contains("MINOR 0")
    );
}

#[test]
fn a_key_says_which_of_several_it_is() {
    for (path, key, text) in [
        (
            "pyproject.toml",
            "tool.commitizen.version",
            "[project]\nversion = '0.1'\n[tool.commitizen]\nversion = '@'\n",
        ),
        (
            "Cargo.toml",
            "workspace.metadata.\"a.b\".1",
            "[package]\nversion='0.1'\n[workspace.metadata]\n\"a.b\" = ['0.2', '@']\n",
        ),
        (
            "a.json",
            "x.\"@y/z\".1.v",
            "{\"x\": {\"\\u0040y/z\": [0, {\"v\": \"@\", \"w\": \"0.1\"}]}}",
        ),
        (
            "setup.cfg",
            "\"tool:x\".release",
            "[metadata]\nversion = 0.1\n[tool:x]\nrelease : @\n",
        ),
        (
            "x.h",
            "API_VERSION",
            "#define X_VERSION \"0.1\"\n#define API_VERSION \"@\"\n",
        ),
        ("a.py", "RELEASE", "version = '0.1'\nRELEASE = '@'\n"),
    ] {
        let spec = Spec {
            key: Some(key),
            ..Spec::of(path)
        };
        let before = filled(text, "1.0.0");
        assert_eq!(
            read_version(&spec, &before).as_deref(),
            Ok("1.0.0"),
            "{text}"
        );
        assert_eq!(
            set(&spec, &before, &pep("1.10.0")).unwrap(),
            filled(text, "1.10.0")
        );
        let nowhere = Spec {
            key: Some("no.where"),
            ..spec
        };
        assert!(
            matches!(
                read_version(&nowhere, &before),
                Err(VersionFileError::Missing { .. })
            ),
            "{path}"
        );
        let broken = Spec {
            key: Some("\"a"),
            ..spec
        };
        let error = read_version(&broken, &before).unwrap_err();
        assert!(
            matches!(
                error,
                VersionFileError::Key { .. } | VersionFileError::Missing { .. }
            ),
            "{error}"
        );
    }
    let said = Spec {
        kind: Some(Kind::named("python").unwrap()),
        ..Spec::of("bin/tool")
    };
    assert_eq!(
        read_version(&said, b"version = '1.0'").as_deref(),
        Ok("1.0")
    );
    let error = Kind::named("pyproject.toml").unwrap_err();
    assert_eq!(error.hint().unwrap(), "did you mean pyproject?");
    let error = read_version(
        &Spec::of("debian/changelog"),
        b"x (1.0-1) unstable; urgency=low\n",
    )
    .unwrap_err();
    assert!(error.hint().unwrap().contains("dch"), "{error}");
}

fn filled(text: &str, version: &str) -> Vec<u8> {
    text.replace('@', version).into_bytes()
}

#[test]
fn the_version_is_read_and_set_and_nothing_else_changes() {
    for (path, pattern, text) in FILES.iter().filter(|file| file.0 != "x.toml") {
        let before = filled(text, "1.0.0");
        let shown = String::from_utf8_lossy(&before).into_owned();
        assert_eq!(
            read_version(&spec(path, *pattern), &before).as_deref(),
            Ok("1.0.0"),
            "{path}:\n{shown}"
        );
        let after = set(&spec(path, *pattern), &before, &pep("1.10.0")).unwrap();
        assert_eq!(after, filled(text, "1.10.0"), "{path}:\n{shown}");
    }
}

#[test]
fn the_table_tells_the_truth_of_each_kind() {
    for row in KINDS {
        let kind = Kind::named(row.name).unwrap();
        for glob in row.files {
            assert_eq!(
                Kind::of_path(&format!("a/{}", glob.replace('*', "x"))),
                Some(kind),
                "{glob}"
            );
        }
        if row.example.is_empty() {
            continue;
        }
        let spec = Spec {
            kind: Some(kind),
            ..Spec::of("some")
        };
        let spec = if row.name == "ini" {
            Spec {
                key: Some("version"),
                ..spec
            }
        } else {
            spec
        };
        let read = read_version(&spec, row.example.as_bytes());
        assert_eq!(read.as_deref(), Ok("1.4.0"), "{}", row.name);
        let after = set(&spec, row.example.as_bytes(), &pep("2.1.3")).unwrap();
        assert_eq!(
            read_version(&spec, &after).as_deref(),
            Ok("2.1.3"),
            "{}",
            row.name
        );
        let (_, pre) = row.spelling.described();
        let rc = Version::parse("1.4.0-rc.1", Scheme::Semver).unwrap();
        match set(&spec, row.example.as_bytes(), &rc) {
            Ok(after) if row.spelling != Spelling::Scheme => {
                let says = read_version(&spec, &after).unwrap();
                assert_eq!(
                    parse("some", &says, Scheme::Semver).as_ref(),
                    Ok(&rc),
                    "{}",
                    row.name
                );
                assert!(
                    String::from_utf8(after).unwrap().contains(pre),
                    "{}",
                    row.name
                );
            }
            Ok(_) => {}
            Err(error) => assert!(
                row.spelling == Spelling::Numbers || row.name == "c-header",
                "{error}"
            ),
        }
    }
    let names = Kind::names();
    assert!(
        names
            .iter()
            .enumerate()
            .all(|(at, name)| !names[..at].contains(name))
    );
}

#[test]
fn each_file_gets_the_spelling_that_it_needs() {
    let rc = pep("1.1.0rc1");
    let write = |path, text: &str| {
        String::from_utf8(set(&Spec::of(path), text.as_bytes(), &rc).unwrap()).unwrap()
    };
    assert_eq!(
        write("package.json", "{\"version\":\"1.0.0\"}"),
        "{\"version\":\"1.1.0-rc.1\"}"
    );
    assert_eq!(write("a.py", "version = '1.0.0'"), "version = '1.1.0rc1'");
    let post = set(
        &Spec::of("package.json"),
        b"{\"version\":\"1.0.0\"}",
        &pep("1.0.post1"),
    )
    .unwrap_err();
    assert!(matches!(post, VersionFileError::Spelling { .. }));
}

#[test]
fn no_version_says_why_and_what_is_near() {
    for (path, pattern, text, why) in [
        (
            "a.py",
            None,
            "x = 1\n",
            "a.py holds no version: no string is assigned",
        ),
        (
            "a.py",
            None,
            "\nversion = '1.' + '0'  # version 1.0\n",
            "line 2: version = '1.' + '0'  # version 1.0",
        ),
        (
            "a.py",
            None,
            "__version__ = f\"{major}.0\"\n",
            "no string is assigned",
        ),
        (
            "a.py",
            None,
            "__version__ = b'1.0'\nversion = rb'1.0'\nVERSION = fr'1.0'\n",
            "no string is assigned",
        ),
        (
            "a.py",
            None,
            "def f():\n    __version__ = '1.0'\n",
            "line 2: __version__ = '1.0'",
        ),
        ("a.py", None, "__version__ = ''\n", "no string is assigned"),
        (
            "a.py",
            None,
            "__version__ = '1.0\n",
            "no string is assigned",
        ),
        (
            "a.py",
            None,
            "'''\n__version__ = '1.0'\n",
            "no string is assigned",
        ),
        (
            "pyproject.toml",
            None,
            "[project]\ndynamic = [\"version\"]\n",
            "it is dynamic",
        ),
        (
            "pyproject.toml",
            None,
            "[project]\nversion = 1\n",
            "neither [project] nor",
        ),
        (
            "setup.cfg",
            None,
            "[metadata]\nversion = attr: x.__version__\n",
            "from another file",
        ),
        (
            "setup.cfg",
            None,
            "[metadata]\nversion =\n",
            "[metadata] has none",
        ),
        (
            "Cargo.toml",
            None,
            "[package]\nversion.workspace = true\n",
            "from its workspace",
        ),
        (
            "package.json",
            None,
            "{\"a\": {\"version\": \"1.0\"}, \"version\": 1}",
            "outermost object",
        ),
        (
            "README.md",
            None,
            "Version 1.0\n",
            "no line with shipway:version: line 1: Version 1.0",
        ),
        (
            "README.md",
            Some("x=={version}"),
            "x==\nx==y\n",
            "the pattern fits nowhere",
        ),
    ] {
        let error = read_version(&spec(path, pattern), text.as_bytes()).unwrap_err();
        assert!(
            matches!(error, VersionFileError::Missing { .. }),
            "{text}: {error}"
        );
        assert!(error.to_string().contains(why), "{text}: {error}");
        assert!(error.hint().unwrap().contains("version-files"));
    }
}

#[test]
fn several_versions_are_listed_with_their_lines() {
    for (path, pattern, text, listed) in [
        (
            "a.py",
            None,
            "__version__ = '1.0'\n\nVERSION = '2.0'\n",
            "line 1: __version__ = '1.0'; line 3: VERSION = '2.0'",
        ),
        (
            "pyproject.toml",
            None,
            "[project]\nversion = '1'\n[tool.poetry]\nversion = '2'\n",
            "line 2: version = '1'; line 4: version = '2'",
        ),
        (
            "README.md",
            Some("x=={version}"),
            "a x==1.0 b\n\nx==2.0\n",
            "line 1: a x==1.0 b; line 3: x==2.0",
        ),
    ] {
        let error = set(&spec(path, pattern), text.as_bytes(), &pep("3.0")).unwrap_err();
        assert!(
            matches!(error, VersionFileError::Ambiguous { .. }),
            "{error}"
        );
        assert!(error.to_string().ends_with(listed), "{error}");
    }
}

#[test]
fn files_that_cannot_be_read_say_where() {
    for (path, bytes, line) in [
        ("pyproject.toml", &b"[project]\nversion = \n"[..], 2),
        ("package.json", b"{\n\"version\": \"1.0\"\n", 3),
        ("package.json", b"{]", 1),
        ("package.json", b"{\n\n\"version", 3),
    ] {
        let error = read_version(&Spec::of(path), bytes).unwrap_err();
        assert!(
            matches!(error, VersionFileError::Syntax { line: found, .. } if found == line),
            "{error}"
        );
    }
    let error = read_version(&Spec::of("a.py"), b"# \xff").unwrap_err();
    assert!(matches!(error, VersionFileError::NotText { at: 2, .. }));
    for pattern in ["", "x", "{version}{version}"] {
        let error = read_version(&spec("x", Some(pattern)), b"1.0").unwrap_err();
        assert!(
            matches!(error, VersionFileError::Pattern { .. }),
            "{pattern}"
        );
    }
}

#[test]
fn files_that_differ_are_named_with_their_versions() {
    let found = |entries: &[(&str, &str)]| -> Vec<(String, String)> {
        entries
            .iter()
            .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()))
            .collect()
    };
    let same = found(&[
        ("a.py", "1.1.0.dev0"),
        ("package.json", "1.1.0-dev"),
        ("b.py", "1.1.0dev"),
    ]);
    assert_eq!(
        agreed(&same, Scheme::Pep440).unwrap().unwrap().to_string(),
        "1.1.0.dev0"
    );
    assert_eq!(
        agreed(&same, Scheme::Semver).unwrap().unwrap().to_string(),
        "1.1.0-dev"
    );
    assert_eq!(agreed(&[], Scheme::Pep440).unwrap(), None);
    let error = agreed(
        &found(&[("a.py", "1.0.0"), ("b.py", "1.0.1")]),
        Scheme::Pep440,
    )
    .unwrap_err();
    assert_eq!(error.to_string(), "a.py says 1.0.0 and b.py says 1.0.1");
    let many: Vec<_> = (0..12)
        .map(|at| (format!("{at}.py"), format!("1.{at}")))
        .collect();
    let error = agreed(&many, Scheme::Pep440).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("0.py says 1.0, 1.py says 1.1, 2.py"),
        "{error}"
    );
    assert!(
        error.to_string().ends_with("7.py says 1.7 and 4 more"),
        "{error}"
    );
    assert!(error.hint().unwrap().contains("0.py, 1.py"), "{error}");
    let error = agreed(&found(&[("a.py", "one")]), Scheme::Pep440).unwrap_err();
    assert!(matches!(error, VersionFileError::Version { .. }));
}

proptest! {
    #[test]
    fn setting_and_setting_back_gives_the_same_bytes(file in 0..FILES.len() - 1, old in "[0-9]{1,2}\\.[0-9]{1,3}(\\.[0-9])?(rc[1-9])?") {
        let (path, pattern, text) = FILES[file];
        let old_version = pep(&old);
        let old = spec(path, pattern).spelling().write(&old_version);
        prop_assume!(old.is_some());
        let old = old.unwrap();
        let before = filled(text, &old);
        let there = set(&spec(path, pattern), &before, &pep("77.7.7rc7"))
            .or_else(|_| set(&spec(path, pattern), &before, &pep("77.7.7")))
            .unwrap();
        prop_assert!(there != before);
        prop_assert_eq!(set(&spec(path, pattern), &before, &old_version).unwrap(), before.clone());
        let back = set(&spec(path, pattern), &there, &old_version).unwrap();
        if back != before {
            let plain = |bytes| String::from_utf8(bytes).unwrap().replace(&format!("\"{old}\""), &old);
            prop_assert!(yaml::is_no_text(&old));
            prop_assert_eq!(plain(back), plain(before));
        }
    }

    #[test]
    fn any_text_is_read_or_refused(file in 0..FILES.len(), text in "(?s)[\\[\\]{}'\"\\\\:=,#\n a-e0-9.]{0,40}|.{0,20}") {
        let (path, pattern, _) = FILES[file];
        let version = pep("7.7.7");
        if let Ok(after) = set(&spec(path, pattern), text.as_bytes(), &version) {
            let read = read_version(&spec(path, pattern), &after).unwrap();
            prop_assert_eq!(read, "7.7.7");
        }
    }

    #[test]
    fn python_of_any_form_is_read_or_refused(parts in proptest::collection::vec(0_usize..14, 0..14)) {
        let pieces = ["__version__", " = ", "'", "\"", "'''", "\"\"\"", "1.0", "\n", "#", "\\", "(", ")", "é", "version="];
        let text: String = parts.iter().map(|part| pieces[*part]).collect();
        for path in ["a.py", "setup.py"] {
            if let Ok(after) = set(&Spec::of(path), text.as_bytes(), &pep("7.7.7")) {
                prop_assert_eq!(read_version(&Spec::of(path), &after).unwrap(), "7.7.7");
            }
        }
    }
}
