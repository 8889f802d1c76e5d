use super::*;
use crate::component::{Bound, Memory, Publishing, Stated};
use shipway_core::config::{Dependents, Together};

fn settings() -> config::Components {
    config::Components {
        discover: true,
        tag: "{name}@{version}".to_owned(),
        dependents: Dependents::OutOfRange,
        private: true,
        changelog: Together::Each,
        fixed: Vec::new(),
        linked: Vec::new(),
        ignore: Vec::new(),
        named: Vec::new(),
    }
}

fn named(name: &str, path: &str) -> config::Component {
    config::Component {
        name: name.to_owned(),
        path: path.to_owned(),
        tag: None,
        version_files: Vec::new(),
        changelog: None,
        depends_on: Vec::new(),
        include: Vec::new(),
        exclude: Vec::new(),
    }
}

/// One line for each component and each dependency.
fn told(files: &[(&str, &str)], settings: &config::Components) -> String {
    let files: Memory = files.iter().copied().collect();
    let components = match discover(&files, settings) {
        Ok(components) => components,
        Err(error) => {
            let faults = error.faults().iter();
            let lines = faults.map(|fault| {
                let hint = fault.hint().map(|hint| format!(" / {hint}"));
                format!("! {fault}{}", hint.unwrap_or_default())
            });
            return lines.collect::<Vec<String>>().join("\n");
        }
    };
    let mut lines = Vec::new();
    for one in &components {
        let version = match &one.version {
            Stated::At { text, place } if one.manifests.contains(&place.path) => text.clone(),
            Stated::At { text, place } => format!("{text} of {}", place.path),
            Stated::Dynamic => "dynamic".to_owned(),
            Stated::Nowhere => "-".to_owned(),
        };
        let private = if one.publishing == Publishing::Private {
            " private"
        } else {
            ""
        };
        lines.push(format!(
            "{} {version} in {:?} {}{private}",
            one.name, one.path, one.ecosystem
        ));
        for need in &one.dependencies {
            let requirement = need
                .requirement
                .as_ref()
                .map_or("any".to_owned(), ToString::to_string);
            let bound = if need.bound == Bound::Here {
                "here"
            } else {
                "by name"
            };
            lines.push(format!(
                "  {} {} {requirement} {bound}: {} {}",
                need.kind,
                components[need.on].name,
                need.place.path,
                need.place.key.join("/")
            ));
        }
    }
    lines.join("\n")
}

fn found(files: &[(&str, &str)]) -> String {
    told(files, &settings())
}

#[test]
fn a_cargo_workspace_with_all_that_members_take_over() {
    let told = found(&[
        (
            "Cargo.toml",
            r#"
                [workspace]
                members = ["crates/*", "tools/gen"]
                exclude = ["crates/old", "tools"]
                [workspace.package]
                version = "1.2.0"
                publish = false
                [workspace.dependencies]
                base = { path = "crates/base", version = "1.2" }
                serde = "1"
                [package]
                name = "top"
                version.workspace = true
                [dependencies]
                base.workspace = true
                serde.workspace = true
                deep = { path = "deep/er" }
            "#,
        ),
        (
            "crates/base/Cargo.toml",
            "[package]\nname = 'base'\nversion = '1.2.3'\npublish = []",
        ),
        (
            "crates/app/Cargo.toml",
            r#"
                [package]
                name = "app"
                version = { workspace = true }
                publish.workspace = true
                [dependencies]
                renamed = { package = "base", path = "../base", version = "^1.2.1", optional = true }
                outside = { path = "../../../elsewhere" }
                [target.'cfg(unix)'.build-dependencies]
                gen = { path = "../../tools/gen" }
                [dev-dependencies]
                top = "1"
            "#,
        ),
        ("crates/notes.txt", ""),
        ("crates/empty/readme", ""),
        ("crates/old/Cargo.toml", "this is not read"),
        ("tools/gen/Cargo.toml", "[package]\nname = 'gen'"),
        (
            "deep/er/Cargo.toml",
            "[package]\nname = 'deep'\nversion = '0.1.0'",
        ),
        ("fixtures/other/Cargo.toml", "nor is this"),
    ]);
    assert_eq!(
        told,
        "\
top 1.2.0 in \"\" Cargo
  normal base 1.2 here: Cargo.toml workspace/dependencies/base/version
  normal deep any here: Cargo.toml dependencies/deep
app 1.2.0 of Cargo.toml in \"crates/app\" Cargo private
  optional base ^1.2.1 here: crates/app/Cargo.toml dependencies/renamed/version
  build gen any here: crates/app/Cargo.toml target/cfg(unix)/build-dependencies/gen
base 1.2.3 in \"crates/base\" Cargo private
deep 0.1.0 in \"deep/er\" Cargo
gen - in \"tools/gen\" Cargo private"
    );
}

#[test]
fn a_patched_crate_is_one_of_the_repository() {
    let files = [
        (
            "Cargo.toml",
            "[workspace]\nmembers = ['a', 'b']\n[patch.crates-io]\na = { path = 'a' }",
        ),
        ("a/Cargo.toml", "[package]\nname = 'a'\nversion = '1.0.0'"),
        (
            "b/Cargo.toml",
            "[package]\nname = 'b'\nversion = '1.0.0'\n[dependencies]\na = '1'\nc = '2'",
        ),
    ];
    assert_eq!(
        found(&files),
        "\
a 1.0.0 in \"a\" Cargo
b 1.0.0 in \"b\" Cargo
  normal a 1 here: b/Cargo.toml dependencies/a"
    );
}

#[test]
fn npm_members_by_list_and_by_object() {
    for workspaces in [
        r#"["packages/*", "!packages/old", "./docs/"]"#,
        r#"{"packages": ["packages/*", "!**/old", "docs"], "nohoist": ["**"]}"#,
    ] {
        let root = format!(r#"{{"name": "root", "private": true, "workspaces": {workspaces}}}"#);
        let told = found(&[
            ("package.json", &root),
            (
                "packages/lib/package.json",
                "\u{feff}{\"name\": \"@s/lib\", \"version\": \"1.0.0\"}",
            ),
            (
                "packages/app/package.json",
                r#"{
                    "name": "app", "version": "2.0.0",
                    "dependencies": {"@s/lib": "workspace:^", "left-pad": "^1.0.0"},
                    "optionalDependencies": {"alias": "npm:@s/lib@^1.0.0"},
                    "peerDependencies": {"@s/lib": "^1.0.0"},
                    "devDependencies": {"other": "file:../lib", "\u0040s/lib": "*"}
                }"#,
            ),
            ("packages/old/package.json", "{"),
            ("packages/lib/node_modules/x/package.json", "{"),
            ("docs/package.json", r#"{"name": "docs", "private": true}"#),
        ]);
        assert_eq!(
            told,
            "\
docs - in \"docs\" npm private
app 2.0.0 in \"packages/app\" npm
  normal @s/lib workspace:^ here: packages/app/package.json dependencies/@s/lib
  optional @s/lib npm:@s/lib@^1.0.0 by name: packages/app/package.json optionalDependencies/alias
  peer @s/lib ^1.0.0 by name: packages/app/package.json peerDependencies/@s/lib
  development @s/lib * by name: packages/app/package.json devDependencies/@s/lib
  development @s/lib file:../lib here: packages/app/package.json devDependencies/other
@s/lib 1.0.0 in \"packages/lib\" npm"
        );
    }
}

#[test]
fn pnpm_and_lerna_name_members_in_files_of_their_own() {
    let member = (
        "modules/a/package.json",
        r#"{"name": "a", "version": "1.0.0"}"#,
    );
    let pnpm = "catalog:\n  packages: 1\npackages:\n  # ours\n  - 'modules/**'\n  - '!**/test'\nother: [packages]\n";
    let test = ("modules/a/test/package.json", "{");
    let root = (
        "package.json",
        r#"{"private": true, "workspaces": ["gone/*"]}"#,
    );
    assert_eq!(
        found(&[root, ("pnpm-workspace.yaml", pnpm), member, test]),
        "a 1.0.0 in \"modules/a\" npm"
    );
    let bare = ("package.json", r#"{"private": true}"#);
    let lerna = (
        "lerna.json",
        r#"{"packages": ["modules/*"], "version": "independent"}"#,
    );
    assert_eq!(
        found(&[bare, lerna, member]),
        "a 1.0.0 in \"modules/a\" npm"
    );
}

#[test]
fn one_package_is_one_component() {
    for (path, text, told) in [
        (
            "package.json",
            r#"{"name": "a", "version": "1.0.0"}"#,
            "a 1.0.0 in \"\" npm",
        ),
        (
            "Cargo.toml",
            "[package]\nname = 'a'\nversion = '1.0.0'",
            "a 1.0.0 in \"\" Cargo",
        ),
        (
            "pyproject.toml",
            "[project]\nname = 'a'\nversion = '1.0'",
            "a 1.0 in \"\" Python",
        ),
        (
            "pyproject.toml",
            "[project]\nname = 'a'\ndynamic = ['version']",
            "a dynamic in \"\" Python",
        ),
        (
            "pyproject.toml",
            "[tool.poetry]\nname = 'a'\nversion = '1.0'\nclassifiers = ['Private :: Do Not Upload']",
            "a 1.0 in \"\" Python private",
        ),
        ("pyproject.toml", "[tool.ruff]\nline-length = 88", ""),
        ("setup.cfg", "", ""),
    ] {
        assert_eq!(found(&[(path, text)]), told, "{text}");
    }
}

#[test]
fn a_uv_workspace() {
    let told = found(&[
        (
            "pyproject.toml",
            r#"
                [project]
                name = "Root.App"
                version = "1.0"
                dependencies = ["my_lib[fast] >=1.0,<2 ; python_version > '3.8'", "requests>=2"]
                [project.optional-dependencies]
                extra = ["other-lib (~=3.1)"]
                [dependency-groups]
                dev = [{ include-group = "test" }, "other.lib"]
                [build-system]
                requires = ["hatchling", "builder==0.1"]
                [tool.uv.sources]
                my-lib = { workspace = true }
                builder = { git = "https://example.org/builder" }
                [tool.uv.workspace]
                members = ["libs/*"]
                exclude = ["libs/no*"]
            "#,
        ),
        (
            "libs/my-lib/pyproject.toml",
            "[project]\nname = 'My-Lib'\nversion = '1.4'",
        ),
        (
            "libs/other/pyproject.toml",
            "[project]\nname = 'other_lib'\nversion = '3.2.1'",
        ),
        (
            "libs/build/pyproject.toml",
            "[project]\nname = 'builder'\nversion = '0.1'\n[tool.uv]\npackage = false",
        ),
        ("libs/not/pyproject.toml", "["),
    ]);
    assert_eq!(
        told,
        "\
Root.App 1.0 in \"\" Python
  normal My-Lib >=1.0,<2 here: pyproject.toml project/dependencies/0
  optional other_lib ~=3.1 by name: pyproject.toml project/optional-dependencies/extra/0
  development other_lib any by name: pyproject.toml dependency-groups/dev/1
builder 0.1 in \"libs/build\" Python private
My-Lib 1.4 in \"libs/my-lib\" Python
other_lib 3.2.1 in \"libs/other\" Python"
    );
}

#[test]
fn python_projects_that_are_found_by_path() {
    let told = found(&[
        (
            "pyproject.toml",
            r#"
                [tool.poetry]
                package-mode = false
                name = "all"
                [tool.poetry.dependencies]
                python = "^3.10"
                one = { path = "one", develop = true }
                [tool.hatch.envs.default]
                workspace.members = [{ path = "three" }]
            "#,
        ),
        (
            "one/pyproject.toml",
            r#"
                [tool.poetry]
                name = "one"
                version = "1.0"
                [tool.poetry.dependencies]
                two = [{ path = "../two", version = "^2.0", python = "<3.9" }, { version = "^2.1" }]
                [tool.poetry.group.dev.dependencies]
                three = "^0.3"
            "#,
        ),
        (
            "two/pyproject.toml",
            "[project]\nname = 'two'\nversion = '2.1'\ndependencies = ['three @ {root:uri}/../three']",
        ),
        (
            "three/pyproject.toml",
            "[project]\nname = 'three'\nversion = '0.3'",
        ),
    ]);
    assert_eq!(
        told,
        "\
all - in \"\" Python private
  normal one any here: pyproject.toml tool/poetry/dependencies/one
one 1.0 in \"one\" Python
  development three ^0.3 by name: one/pyproject.toml tool/poetry/group/dev/dependencies/three
  normal two ^2.0 here: one/pyproject.toml tool/poetry/dependencies/two/0/version
  normal two ^2.1 by name: one/pyproject.toml tool/poetry/dependencies/two/1/version
three 0.3 in \"three\" Python
two 2.1 in \"two\" Python
  normal three any here: two/pyproject.toml project/dependencies/0"
    );
}

#[test]
fn mixed_repositories_and_what_the_configuration_adds() {
    let files = [
        ("rust/Cargo.toml", "[workspace]\nmembers = ['core']"),
        (
            "rust/core/Cargo.toml",
            "[package]\nname = 'core'\nversion = '1.0.0'",
        ),
        (
            "js/core/package.json",
            r#"{"name": "core", "version": "1.1.0"}"#,
        ),
        (
            "js/core/Cargo.toml",
            "[package]\nname = 'bindings'\nversion = '1.1.0'\npublish = false",
        ),
        ("charts/web/Chart.yaml", "version: 1.0.0"),
    ];
    assert_eq!(
        found(&files),
        "! two components are named \"core\": in js/core and in rust/core \
         / give one another name: [[component]] name = \"…\", path = \"rust/core\""
    );
    let mut settings = settings();
    settings.named = vec![
        named("core-rs", "./rust/core"),
        config::Component {
            depends_on: vec!["core".to_owned()],
            ..named("web", "charts/web/")
        },
    ];
    assert_eq!(
        told(&files, &settings),
        "\
web - in \"charts/web\" none
  normal core any here: shipway.toml component/web
core 1.1.0 in \"js/core\" npm
core-rs 1.0.0 in \"rust/core\" Cargo"
    );
    settings.discover = false;
    settings.named[1].depends_on = vec!["Core-RS".to_owned()];
    assert_eq!(
        told(&files, &settings),
        "! depends-on of the component \"web\" names the component \"Core-RS\", which does not exist / did you mean \"core-rs\"?"
    );
}

#[test]
fn without_discovery_what_is_named_still_takes_over_from_its_workspace() {
    let files = [
        (
            "Cargo.toml",
            "[workspace]\nmembers = ['a', 'b', 'gone/*']\n[workspace.package]\nversion = '3.0.0'",
        ),
        (
            "a/Cargo.toml",
            "[package]\nname = 'a'\nversion.workspace = true",
        ),
        ("b/Cargo.toml", "broken"),
        ("c/pyproject.toml", "[project]\nname = 'c'\nversion = '1'"),
    ];
    let mut settings = settings();
    settings.discover = false;
    settings.named = vec![named("A", "a"), named("c", "c")];
    assert_eq!(
        told(&files, &settings),
        "A 3.0.0 of Cargo.toml in \"a\" Cargo\nc 1 in \"c\" Python"
    );
    settings.named.push(named("d", "d"));
    assert!(told(&files, &settings).starts_with("! there is nothing at \"d\""));
}

#[test]
fn everything_that_is_wrong_is_told_with_its_place() {
    let files = [
        (
            "package.json",
            r#"{"private": true, "workspaces": ["packages/*", "gone/*", "../up", "[z"]}"#,
        ),
        (
            "packages/a/package.json",
            "{\n  \"name\": \"a\",\n  \"version\": 1\n}",
        ),
        ("packages/b/package.json", "{\n  \"name\": \"b\",\n}"),
        ("packages/c/package.json", r#"{"name": "c"}"#),
        (
            "packages/d/package.json",
            r#"{"name": "d", "version": "1.0.0", "dependencies": {"c": "1.2.3.4"}}"#,
        ),
        ("Cargo.toml", "[workspace]\nmembers = ['x', 'y', 'z', 1]"),
    ];
    assert_eq!(
        found(&files),
        "\
! Cargo.toml, line 2: members is a list of texts
! package.json: \"../up\" is no pattern of paths: it leads out of the repository / write it like packages/*
! package.json: \"[z\" is no pattern of paths: unclosed character class; missing ']' / write it like packages/*
! package.json: no directory with a package.json is named by \"gone/*\" / take the pattern out, or write it like packages/*
! packages/a/package.json, line 3: invalid type: integer `1`, expected a string
! packages/b/package.json, line 3: trailing comma
! packages/c/package.json states no version / state a version, or that it is never published (publish = false, \"private\": true)
! packages/d/package.json, dependencies.c: \"1.2.3.4\" is no requirement that npm understands: a version is up to three numbers or wildcards, with dots between them / write it like ^1.2.3, ~1.2.3, 1.2.x, \">=1.2.3 <2\" or workspace:^"
    );
    let files = [
        (
            "Cargo.toml",
            "[workspace]\nmembers = ['x', 'y', 'z', 'w', 'v']",
        ),
        ("x/Cargo.toml", "[package]\nversion = '1.0.0'"),
        (
            "y/Cargo.toml",
            "[package]\nname = 'y'\nversion.workspace = true",
        ),
        ("z/Cargo.toml", "\n[package\n"),
        (
            "w/Cargo.toml",
            "[package]\nname = 'w'\nversion = '1.0.0'\n[dependencies]\nq = { workspace = true }\n",
        ),
    ];
    let told = found(&files);
    for line in [
        "! Cargo.toml: no directory with a Cargo.toml is named by \"v\"",
        "! x/Cargo.toml, line 1: the package has no name",
        "! y/Cargo.toml, line 3: the version is the workspace's, which states none",
        "! z/Cargo.toml, line 2: ",
    ] {
        assert!(told.contains(line), "{told}");
    }
    assert!(!told.contains("w/Cargo.toml"), "{told}");
}

#[test]
fn many_faults_are_counted() {
    let paths: Vec<String> = (0..50)
        .map(|at| format!("p/{at:02}/package.json"))
        .collect();
    let mut files: Vec<(&str, &str)> = paths.iter().map(|path| (path.as_str(), "{")).collect();
    files.push(("package.json", r#"{"workspaces": ["p/*"]}"#));
    let files: Memory = files.into_iter().collect();
    let error = discover(&files, &settings()).unwrap_err();
    assert_eq!(error.faults().len(), 20);
    assert!(error.to_string().ends_with("(and 49 more)"), "{error}");
}
