//! Edits of manifests and lock files of a workspace.

use super::*;
use std::collections::BTreeMap;

fn version(text: &str) -> Version {
    Version::parse(text, Scheme::Semver).unwrap()
}

fn member<'a>(name: &'a str, folder: &'a str) -> Member<'a> {
    Member { name, folder }
}

/// The one file after edits that are made for its path.
fn after(path: &str, text: &str, edits: &[Edit<'_>]) -> Result<String, VersionFileError> {
    let mut files = BTreeMap::from([(path.to_owned(), text.as_bytes().to_vec())]);
    set_all(&mut files, edits)?;
    Ok(String::from_utf8(files.remove(path).unwrap()).unwrap())
}

fn locked(
    path: &str,
    text: &str,
    members: &[(&str, &str, &str)],
) -> Result<String, VersionFileError> {
    let versions: Vec<Version> = members.iter().map(|(.., new)| version(new)).collect();
    let edits: Vec<_> = members
        .iter()
        .zip(&versions)
        .map(|((name, folder, _), new)| Edit::Locked {
            path,
            member: member(name, folder),
            new,
        })
        .collect();
    after(path, text, &edits)
}

#[test]
fn requirements_change_in_every_table_and_nothing_else() {
    // Each requirement that is meant is `@`; what is `~0.1` stays.
    for (path, dependency, text) in [
        (
            "Cargo.toml",
            "b",
            "\u{feff}[dependencies]\r\nb = '@' # b = \"~0.1\"\r\nc = \"~0.1\"\r\n[dev-dependencies.b]\r\npath = \"../b\"\r\nversion = \"@\"\r\n",
        ),
        (
            "Cargo.toml",
            "b",
            "[build-dependencies]\nx = { package = \"b\", version = \"@\" }\n[target.'cfg(unix)'.dependencies]\nb.version = \"@\"\nb.features = [\"~0.1\"]\n[workspace.dependencies]\nb = { path = \"b\", version = \"@\" }\n[patch.crates-io]\nb = { path = \"~0.1\" }\n",
        ),
        (
            "Cargo.toml",
            "b",
            "[dependencies]\nb = { package = \"z\", version = \"~0.1\" }\ny = { version = \"@\", package = \"b\" }\n",
        ),
        (
            "Cargo.toml",
            "b",
            "[dependencies]\nb.workspace = true\n[dev-dependencies]\nb = { path = \"~0.1\" }\n",
        ),
        (
            "package.json",
            "@a/b",
            "{\"dependencies\": {\"@a/b\": \"@\", \"b\": \"~0.1\"},\t\"devDependencies\":{\"@a/b\":\"@\"},\"peerDependencies\":{\"@a/b\":\"@\"},\n\"overrides\":{\"@a/b\":\"~0.1\"}}\r\n",
        ),
        (
            "package.json",
            "b",
            "{\"dependencies\": {\"b\": \"workspace:^0.1\"}, \"optionalDependencies\": {\"b\": \"file:../b\"}}",
        ),
        (
            "pyproject.toml",
            "My.B",
            "[project]\ndependencies = [\n  \"my_b[x,y] @ ; python_version < '3.9'\", # my-b ~=0.1\n  'my-b-c>=0.1',\n  \"my-b (@)\",\n  \"my-b @ https://x\",\n  \"MY_B\",\n]\n[project.optional-dependencies]\nz = [\"my.b@\"]\n[dependency-groups]\nd = [\"my-b@\", {include-group = \"z\"}]\n",
        ),
        (
            "pyproject.toml",
            "b",
            "[tool.poetry.dependencies]\npython = '^3.8'\nb = { version = \"@\", extras = [\"x\"] }\n[tool.poetry.group.dev.dependencies]\nB = '@'\n[tool.poetry.dev-dependencies]\nb = [{version = \"@\", python = \"<3.9\"}, {version = \"@\"}]\n",
        ),
    ] {
        let python = path == "pyproject.toml";
        let [old, new] = if python {
            [">=1.0,<2", ">=1.4"]
        } else {
            ["^1.0", "^1.4"]
        };
        // A URL keeps its `@`, and so does a name.
        let fill = |with: &str| {
            text.replace("@a/b", "\u{1}")
                .replace("@ https", "\u{2}")
                .replace('@', with)
                .replace('\u{1}', "@a/b")
                .replace('\u{2}', "@ https")
        };
        let before = fill(old);
        let changed = set_requirement(path, before.as_bytes(), dependency, new).unwrap();
        assert_eq!(String::from_utf8(changed.clone()).unwrap(), fill(new));
        assert_eq!(
            set_requirement(path, &changed, dependency, old).unwrap(),
            before.as_bytes()
        );
        assert_eq!(
            set_requirement(path, &changed, dependency, new).unwrap(),
            changed
        );
        let read = requirements(path, &changed, dependency).unwrap();
        assert!(read.iter().all(|one| one == new), "{read:?}");
        assert_eq!(read.is_empty(), before == fill(new));
        let missing = set_requirement(path, before.as_bytes(), "nobody", new).unwrap_err();
        assert_eq!(
            missing.to_string(),
            format!("{path} knows no dependency nobody")
        );
    }
    let error = set_requirement("x.txt", b"", "b", "1").unwrap_err();
    assert!(matches!(error, VersionFileError::NoManifest { .. }));
}

const CARGO_LOCK: &str = "# made\r\nversion = 4\r\n\r\n[[package]]\r\nname = \"a\"\r\nversion = \"0.1.0\"\r\ndependencies = [\r\n \"b\",\r\n \"serde\",\r\n]\r\n\r\n[[package]]\r\nname = \"b\"\r\nversion = \"0.1.0\"\r\n\r\n[[package]]\r\nname = \"serde\"\r\nversion = \"0.1.0\"\r\nsource = \"registry+https://x\"\r\nchecksum = \"00\"\r\n";

#[test]
fn cargo_lock_changes_where_members_stand() {
    let after = locked(
        "Cargo.lock",
        CARGO_LOCK,
        &[("a", "a", "0.2.0"), ("b", "b", "1.0.0-rc.1")],
    )
    .unwrap();
    let expected = CARGO_LOCK
        .replacen("0.1.0", "0.2.0", 1)
        .replacen("0.1.0", "1.0.0-rc.1", 1);
    assert_eq!(after, expected);
    for (name, text) in [("serde", CARGO_LOCK), ("c", CARGO_LOCK)] {
        let error = locked("Cargo.lock", text, &[(name, "", "1.0.0")]).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("Cargo.lock knows no package {name}")
        );
    }
}

/// As Cargo writes it before and after: two packages share a name with a member.
#[test]
fn cargo_lock_keeps_cargos_order_and_names_where_a_name_is_shared() {
    let lock = |own: &str, first: bool, reference: &str, other: &str| {
        let own_block = format!("[[package]]\nname = \"foo\"\nversion = \"{own}\"\n\n");
        let other_block =
            "[[package]]\nname = \"foo\"\nversion = \"1.5.0\"\nsource = \"registry+https://x\"\n\n";
        let (one, two) = if first {
            (own_block.as_str(), other_block)
        } else {
            (other_block, own_block.as_str())
        };
        let (low, high) = if first {
            (reference, other)
        } else {
            (other, reference)
        };
        format!(
            "version = 4\n\n[[package]]\nname = \"bar\"\nversion = \"0.1.0\"\ndependencies = [\n \"{low}\",\n \"{high}\",\n \"z\",\n]\n\n{one}{two}[[package]]\nname = \"z\"\nversion = \"0.1.0\"\n"
        )
    };
    let low = lock("1.4.0", true, "foo 1.4.0", "foo 1.5.0");
    let high = lock("2.0.0", false, "foo 2.0.0", "foo 1.5.0");
    assert_eq!(
        locked("Cargo.lock", &low, &[("foo", "", "2.0.0")]).unwrap(),
        high
    );
    assert_eq!(
        locked("Cargo.lock", &high, &[("foo", "", "1.4.0")]).unwrap(),
        low
    );
    // The same version: the source is needed too.
    let same = locked("Cargo.lock", &low, &[("foo", "", "1.5.0")]).unwrap();
    assert!(
        same.contains(" \"foo 1.5.0\",\n \"foo 1.5.0 (registry+https://x)\",\n"),
        "{same}"
    );
    assert_eq!(
        locked("Cargo.lock", &same, &[("foo", "", "1.4.0")]).unwrap(),
        low
    );
}

#[test]
fn old_cargo_lock_names_versions_in_full() {
    let text = "[[package]]\nname = \"a\"\nversion = \"0.1.0\"\ndependencies = [\n \"b 0.1.0\",\n \"c 0.1.0 (registry+x)\",\n]\n\n[[package]]\nname = \"b\"\nversion = \"0.1.0\"\n\n[[package]]\nname = \"c\"\nversion = \"0.1.0\"\nsource = \"registry+x\"\n\n[metadata]\n\"checksum c 0.1.0 (registry+x)\" = \"00\"\n";
    let after = locked("Cargo.lock", text, &[("b", "b", "0.2.0")]).unwrap();
    assert_eq!(
        after,
        text.replace("b 0.1.0", "b 0.2.0")
            .replace("\"b\"\nversion = \"0.1.0\"", "\"b\"\nversion = \"0.2.0\"")
    );
}

#[test]
fn npm_locks_change_the_root_and_folders() {
    let text = "{\n\t\"name\": \"r\",\n\t\"version\": \"0.1.0\",\n\t\"lockfileVersion\": 3,\n\t\"packages\": {\n\t\t\"\": {\"version\": \"0.1.0\"},\n\t\t\"node_modules/a\": {\"resolved\": \"packages/a\", \"link\": true},\n\t\t\"packages/a\": {\"version\": \"0.1.0\", \"dependencies\": {\"b\": \"^0.1.0\", \"c\": \"^0.1.0\"}},\n\t\t\"node_modules/c\": {\"version\": \"0.1.0\", \"dependencies\": {\"b\": \"^0.1.0\"}}\n\t}\n}";
    let path = "package-lock.json";
    let expected = text.replacen("0.1.0", "1.0.0", 1).replace(
        "\"\": {\"version\": \"0.1.0\"",
        "\"\": {\"version\": \"1.0.0\"",
    );
    assert_eq!(locked(path, text, &[("r", "", "1.0.0")]).unwrap(), expected);
    let both = text.replace(
        "\"packages/a\": {\"version\": \"0.1.0\", \"dependencies\": {\"b\": \"^0.1.0\"",
        "\"packages/a\": {\"version\": \"2.0.0\", \"dependencies\": {\"b\": \"^1.0.0\"",
    );
    let a = member("a", "packages/a");
    let edits = [
        Edit::Locked {
            path,
            member: a,
            new: &version("2.0.0"),
        },
        Edit::LockedRequirement {
            path,
            member: a,
            dependency: "b",
            new: "^1.0.0",
        },
    ];
    assert_eq!(after(path, text, &edits).unwrap(), both);
    let error = locked(path, text, &[("x", "packages/x", "1.0.0")]).unwrap_err();
    assert_eq!(error.to_string(), "package-lock.json knows no package x");
    // Format 1 says nothing of members.
    let old = "{\"version\": \"0.1.0\", \"lockfileVersion\": 1, \"dependencies\": {\"a\": {\"version\": \"file:packages/a\"}}}";
    assert_eq!(
        locked(path, old, &[("a", "packages/a", "1.0.0")]).unwrap(),
        old
    );
    assert_eq!(
        locked(path, old, &[("r", "", "1.0.0")]).unwrap(),
        old.replacen("0.1.0", "1.0.0", 1)
    );
    let bun = "{\n  \"lockfileVersion\": 1,\n  \"workspaces\": {\n    \"\": { \"name\": \"r\", },\n    \"packages/a\": { \"name\": \"a\", \"version\": \"0.1.0\", \"devDependencies\": { \"b\": \"^0.1.0\", }, },\n  },\n}\n";
    assert_eq!(
        locked("bun.lock", bun, &[("a", "packages/a", "2.0.0")]).unwrap(),
        bun.replacen("0.1.0", "2.0.0", 1)
    );
}

#[test]
fn other_locks_change_what_they_hold() {
    let uv = "version = 1\n\n[[package]]\nname = \"my-a\"\nversion = \"0.1.0\"\nsource = { editable = \".\" }\ndependencies = [{ name = \"b\" }]\n\n[package.metadata]\nrequires-dist = [\n    { name = \"b\", specifier = \">=0.1.0\" },\n    { name = \"c\", specifier = \">=0.1.0\" },\n]\n\n[[package]]\nname = \"b\"\nversion = \"0.1.0\"\nsource = { registry = \"x\" }\n";
    let a = member("My_A", "");
    let edits = [
        Edit::Locked {
            path: "uv.lock",
            member: a,
            new: &version("1.0.0-rc.1"),
        },
        Edit::LockedRequirement {
            path: "uv.lock",
            member: a,
            dependency: "b",
            new: ">=1.0",
        },
    ];
    assert_eq!(
        after("uv.lock", uv, &edits).unwrap(),
        uv.replacen("0.1.0", "1.0.0rc1", 1)
            .replacen(">=0.1.0", ">=1.0", 1)
    );
    let gem = "PATH\n  remote: .\n  specs:\n    a (0.1.0)\n      b (= 0.1.0)\n\nGEM\n  remote: https://x\n  specs:\n    b (0.1.0)\n";
    assert_eq!(
        locked("Gemfile.lock", gem, &[("a", "", "1.0.0-rc.1")]).unwrap(),
        gem.replacen("a (0.1.0)", "a (1.0.0.rc.1)", 1)
    );
    assert!(locked("Gemfile.lock", gem, &[("b", "", "1.0.0")]).is_err());
    let pnpm = "lockfileVersion: '9.0'\n\nimporters:\n\n  .: {}\n\n  packages/a:\n    dependencies:\n      '@x/b':\n        specifier: ^0.1.0\n        version: link:../b\n      c:\n        specifier: ^0.1.0\n        version: 0.1.0\npackages:\n  c@0.1.0:\n    resolution: {integrity: x}\n";
    let edits = [
        Edit::Locked {
            path: "pnpm-lock.yaml",
            member: member("a", "packages/a"),
            new: &version("2.0.0"),
        },
        Edit::LockedRequirement {
            path: "pnpm-lock.yaml",
            member: member("a", "packages/a"),
            dependency: "@x/b",
            new: ">=1.0.0 <2",
        },
    ];
    assert_eq!(
        after("pnpm-lock.yaml", pnpm, &edits).unwrap(),
        pnpm.replacen("^0.1.0", "'>=1.0.0 <2'", 1)
    );
    let yarn = "# yarn lockfile v1\n\nb@^0.1.0:\n  version \"0.1.0\"\n";
    let edits = [Edit::LockedRequirement {
        path: "yarn.lock",
        member: member("a", "a"),
        dependency: "b",
        new: "^1",
    }];
    assert_eq!(after("yarn.lock", yarn, &edits).unwrap(), yarn);
    let berry = "\n__metadata:\n  version: 8\n\n\"b@npm:^0.1.0\":\n  version: 0.1.0\n";
    assert!(
        after("yarn.lock", berry, &edits)
            .unwrap_err()
            .hint()
            .unwrap()
            .contains("update-lockfile")
    );
}

#[test]
fn all_edits_of_a_file_are_made_at_once_or_none() {
    let text = "[workspace.package]\nversion = \"0.1.0\"\n[workspace.dependencies]\na = { path = \"a\", version = \"0.1.0\" }\nb = { path = \"b\", version = \"0.1.0\" }\n";
    let new = version("0.2.0");
    let spec = Spec::of("Cargo.toml");
    let requirement = |dependency, new| Edit::Requirement {
        path: "Cargo.toml",
        dependency,
        new,
    };
    let edits = [
        Edit::Version { spec, new: &new },
        requirement("a", "0.2.0"),
        requirement("b", "0.2.0"),
        Edit::Version { spec, new: &new },
    ];
    assert_eq!(
        after("Cargo.toml", text, &edits).unwrap(),
        text.replace("0.1.0", "0.2.0")
    );
    let mut files = BTreeMap::from([
        ("Cargo.toml".to_owned(), text.as_bytes().to_vec()),
        ("package.json".to_owned(), b"{}".to_vec()),
    ]);
    let before = files.clone();
    for bad in [
        Edit::Version {
            spec: Spec::of("package.json"),
            new: &new,
        },
        Edit::Version {
            spec: Spec::of("gone.py"),
            new: &new,
        },
        Edit::Version {
            spec,
            new: &version("0.3.0"),
        },
        requirement("c", "1"),
    ] {
        let error = set_all(&mut files, &[edits[0].clone(), bad]).unwrap_err();
        assert!(!error.to_string().is_empty());
        assert_eq!(files, before);
    }
}
