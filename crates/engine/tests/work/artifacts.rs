//! What is taken from a build, and what is laid out for a step.

use crate::scene::{Scene, call, command, failure, passed, sh};
use shipway_core::Digest;
use shipway_core::event::Artifact;
use shipway_core::plan::{Action, Script};

fn building(text: &str, patterns: &[&str]) -> Script {
    let mut script = sh(text);
    script.artifacts = patterns
        .iter()
        .map(|pattern| (*pattern).to_owned())
        .collect();
    script
}

fn names(artifacts: &[Artifact]) -> Vec<&str> {
    artifacts
        .iter()
        .map(|artifact| artifact.name.as_str())
        .collect()
}

#[test]
fn files_that_match_are_stored() {
    let scene = Scene::new();
    let outcome = scene.run(building(
        "mkdir -p dist/deep .git; echo w > dist/a.whl; echo s > dist/a.tar.gz; echo d > dist/deep/b.whl; echo x > dist/x.txt; echo g > .git/g.whl",
        &["dist/*.whl", "./dist/*.tar.gz", "dist/*"],
    ));
    let (_, artifacts) = passed(&outcome);
    assert_eq!(names(artifacts), ["a.tar.gz", "a.whl", "x.txt"]);
    let wheel = &artifacts[1];
    assert_eq!((&wheel.digest, wheel.size), (&Digest::of(b"w\n"), 2));
    assert_eq!(scene.stored(&wheel.digest), b"w\n");

    let outcome = scene.run(building(
        "mkdir -p a/b; echo 1 > a/b/c.whl; echo 2 > d.whl",
        &["**/*.whl"],
    ));
    assert_eq!(names(passed(&outcome).1), ["c.whl", "d.whl"]);
}

#[test]
fn every_pattern_must_find_something() {
    let outcome = Scene::new().run(building(
        "mkdir dist; touch dist/a.whl",
        &["dist/*.whl", "dist/*.tar.gz"],
    ));
    assert!(
        failure(&outcome).0.message.contains("dist/*.tar.gz"),
        "{outcome:?}"
    );
    let outcome = Scene::new().run(building("true", &["dist/*.whl"]));
    assert!(
        failure(&outcome).0.message.contains("dist/*.whl"),
        "{outcome:?}"
    );
}

#[test]
fn nothing_is_collected_after_a_failure() {
    let outcome = Scene::new().run(building("touch a.whl; exit 4", &["*.whl"]));
    assert!(failure(&outcome).0.message.contains("exit code 4"));
}

#[test]
fn links_lead_nowhere() {
    let scene = Scene::new();
    let outside = scene.path().join("outside");
    fs_err::create_dir(&outside).unwrap();
    fs_err::write(outside.join("secret.whl"), "secret").unwrap();
    for (text, pattern) in [
        ("ln -s \"$OUT/secret.whl\" a.whl", "*.whl"),
        ("ln -s \"$OUT\" dist", "dist/*.whl"),
        ("mkdir d; ln -s \"$OUT\" d/e", "d/*/*.whl"),
        ("mkdir d; ln -s \"$OUT\" d/e", "**/*.whl"),
        ("mkdir d; ln -s \"$OUT\" d/e", "d/e/secret.whl"),
        ("mkdir dir.whl; mkfifo pipe.whl", "*.whl"),
    ] {
        let mut script = building(text, &[pattern]);
        script
            .env
            .insert("OUT".into(), outside.to_str().unwrap().into());
        let outcome = scene.run(script);
        assert!(
            failure(&outcome)
                .0
                .message
                .contains("nothing that was built"),
            "{text}: {outcome:?}"
        );
    }
}

#[test]
fn patterns_stay_below_the_checkout() {
    let scene = Scene::new();
    for pattern in ["../*.whl", "a/../../x", "/etc/passwd", "", ".", "a/[", ".."] {
        let outcome = scene.run(building("true", &[pattern]));
        assert!(
            failure(&outcome).0.message.contains("the pattern"),
            "{pattern}: {outcome:?}"
        );
    }
}

#[test]
fn one_name_is_one_content() {
    let outcome = Scene::new().run(building(
        "mkdir a b; echo 1 > a/x.whl; echo 2 > b/x.whl",
        &["*/x.whl"],
    ));
    assert!(
        failure(&outcome).0.message.contains("both named x.whl"),
        "{outcome:?}"
    );
    let outcome = Scene::new().run(building(
        "mkdir a b; echo 1 > a/x.whl; echo 1 > b/x.whl",
        &["*/x.whl"],
    ));
    assert_eq!(names(passed(&outcome).1), ["x.whl"]);
}

#[test]
fn names_that_mislead_are_refused() {
    for name in ["-rf.whl", "a b.whl", "a\u{1b}[2J.whl", "a\u{202e}b.whl"] {
        let mut script = building("touch -- \"$NAME\"", &["*.whl"]);
        script.env.insert("NAME".into(), name.into());
        let outcome = Scene::new().run(script);
        assert!(
            failure(&outcome).0.message.contains("cannot be released"),
            "{outcome:?}"
        );
    }
}

#[test]
fn inputs_are_copies_under_their_names() {
    let scene = Scene::new();
    let mut script = command(&["cat", "{input:dist/*.whl}"]);
    script.commands.push(call(&[
        "sh",
        "-c",
        "ls $1; echo changed > $1/a.whl; echo $2",
        "sh",
        "{artifacts}",
        "x{scratch}y",
    ]));
    script.commands.push(call(&["test", "-d", "{scratch}"]));
    script.inputs = vec!["dist/*.whl".into(), "*.tar.gz".into()];
    let files: &[(&str, &[u8])] = &[
        ("a.whl", b"wheel\n"),
        ("a.tar.gz", b"sdist\n"),
        ("b.txt", b"text\n"),
    ];
    let (run, step) = scene.after(&[("build", files)], Action::Run(script));
    passed(&scene.shop.carry_out(&run, &step));
    let scratch = scene.shop.directory.join("work/last/scratch");
    assert_eq!(
        scene.heard(),
        [
            "wheel",
            "a.tar.gz",
            "a.whl",
            &format!("x{}y", scratch.display())
        ]
    );
    assert_eq!(scene.stored(&Digest::of(b"wheel\n")), b"wheel\n");
}

#[test]
fn inputs_that_are_not_what_was_built_are_refused() {
    let scene = Scene::new();
    let mut script = command(&["cat", "{input:*.whl}"]);
    script.inputs = vec!["*.whl".into()];
    let files: &[(&str, &[u8])] = &[("a.whl", b"wheel\n")];
    let (run, step) = scene.after(&[("build", files)], Action::Run(script.clone()));
    let stored = scene.shop.store.path(&Digest::of(b"wheel\n"));
    fs_err::remove_file(&stored).unwrap();
    fs_err::write(&stored, "evil!\n").unwrap();
    let outcome = scene.shop.carry_out(&run, &step);
    assert!(
        failure(&outcome).0.message.contains("was changed"),
        "{outcome:?}"
    );
    assert!(scene.heard().is_empty());

    let (run, step) = scene.after(
        &[("build", &[("a.txt", b"x")])],
        Action::Run(script.clone()),
    );
    assert!(
        failure(&scene.shop.carry_out(&run, &step))
            .0
            .message
            .contains("no artifact")
    );
    let two: &[(&str, &[u8])] = &[("a.whl", b"1"), ("b.whl", b"2")];
    let (run, step) = scene.after(&[("build", two)], Action::Run(script));
    let outcome = scene.shop.carry_out(&run, &step);
    assert!(
        failure(&outcome).0.message.contains("stands for one file"),
        "{outcome:?}"
    );
}
