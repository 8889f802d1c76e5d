//! What commands see.

use crate::scene::{Scene, command, failure, passed, sh};
use shipway_core::FailureKind;
use shipway_core::secret::SecretName;
use std::collections::BTreeMap;
use std::path::Path;

#[test]
fn a_command_sees_this_and_nothing_else() {
    let scene = Scene::with_secrets(&[("PYPI_TOKEN", "pypi-canary-canary")]);
    let mut script = command(&["env"]);
    script
        .env
        .insert("COLOUR".into(), "never $HOME `id` \"'".into());
    script.pass.extend(["PASSED".into(), "NOT_SET".into()]);
    script
        .secrets
        .insert("TOKEN".into(), SecretName("PYPI_TOKEN".into()));
    passed(&scene.run(script));

    let seen: BTreeMap<String, String> = scene
        .heard()
        .iter()
        .map(|line| line.split_once('=').unwrap())
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let place = Path::new(&seen["HOME"]).parent().unwrap();
    assert!(place.starts_with(&scene.shop.directory));
    let expected = [
        ("COLOUR", "never $HOME `id` \"'"),
        ("HOME", place.join("home").to_str().unwrap()),
        ("LANG", "C.UTF-8"),
        ("PASSED", "from the caller"),
        ("PATH", &scene.shop.caller["PATH"]),
        ("SHIPWAY_PROJECT", "octavia-loxilb-driver"),
        ("SHIPWAY_TAG", "v1.1.0"),
        ("SHIPWAY_VERSION", "1.1.0"),
        ("SOURCE_DATE_EPOCH", "1700000000"),
        ("TMPDIR", place.join("tmp").to_str().unwrap()),
        ("TOKEN", "***"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(seen, BTreeMap::from(expected));
}

#[test]
fn the_log_lists_the_variables_and_no_secret() {
    let scene = Scene::with_secrets(&[("PYPI_TOKEN", "pypi-canary-canary")]);
    let mut script = command(&["echo", "hello"]);
    script.pass.insert("PASSED".into());
    script
        .secrets
        .insert("TOKEN".into(), SecretName("PYPI_TOKEN".into()));
    passed(&scene.run(script));
    let log = scene.log();
    for line in [
        "  LANG=C.UTF-8\n",
        "  PASSED (passed on)\n",
        "  TOKEN=*** (secret PYPI_TOKEN)\n",
        "$ echo hello\nhello\n",
    ] {
        assert!(log.contains(line), "{line:?} is not in {log}");
    }
}

#[test]
fn continuous_integration_is_passed_on() {
    let mut scene = Scene::new();
    scene.shop.caller.insert("CI".into(), "true".into());
    let mut script = sh("echo $CI; test ! -t 0; test ! -t 1; test ! -t 2; test -z \"$(cat)\"");
    script.commands[0].expect = Some("true".into());
    passed(&scene.run(script));
}

#[test]
fn a_secret_reaches_only_the_step_that_names_it() {
    let scene = Scene::with_secrets(&[("A", "canary-of-a-canary")]);
    let mut script = command(&["env"]);
    script.secrets.insert("A".into(), SecretName("A".into()));
    passed(&scene.run(script));
    assert!(scene.heard().contains(&"A=***".to_owned()));
    scene.lines.lock().unwrap().clear();
    passed(&scene.run(command(&["env"])));
    assert!(!scene.heard().iter().any(|line| line.starts_with("A=")));
}

#[test]
fn a_secret_is_there_in_full() {
    let secret = "pä ss'w\"o$rd\\n`x`";
    let scene = Scene::with_secrets(&[("A", secret)]);
    let mut script = command(&["sh", "-c", "printf %s \"$A\" > \"$1\"", "sh"]);
    let copy = scene.path().join("copy");
    script.commands[0]
        .argv
        .push(copy.to_str().unwrap().to_owned());
    script.secrets.insert("A".into(), SecretName("A".into()));
    passed(&scene.run(script));
    assert_eq!(fs_err::read_to_string(copy).unwrap(), secret);
}

#[test]
fn a_missing_secret_can_be_mended() {
    let scene = Scene::new();
    let mut script = command(&["touch", "{scratch}/../ran"]);
    script
        .secrets
        .insert("A".into(), SecretName("NOT_THERE".into()));
    let outcome = scene.run(script);
    let (failure, evidence, _) = failure(&outcome);
    assert_eq!(failure.kind, FailureKind::Denied);
    assert!(failure.message.contains("NOT_THERE"), "{failure:?}");
    assert!(evidence.is_empty());
    assert!(!scene.shop.directory.join("work/check+it/ran").exists());
}

#[test]
fn variables_that_cannot_be_set_are_refused() {
    for (name, value) in [("", "x"), ("A=B", "x"), ("A", "x\0y")] {
        let scene = Scene::new();
        let mut script = command(&["true"]);
        script.env.insert(name.into(), value.into());
        let outcome = scene.run(script);
        assert!(
            failure(&outcome).0.message.contains("cannot be set"),
            "{outcome:?}"
        );
    }
}

/// Names and texts that come from commits, branches and people.
const HOSTILE: [&str; 14] = [
    "$(touch {canary})",
    "`touch {canary}`",
    "; touch {canary} #",
    "& touch {canary}",
    "| touch {canary}",
    "\ntouch {canary}\n",
    "' ; touch {canary} ; '",
    "\" ; touch {canary} ; \"",
    "${IFS}touch${IFS}{canary}",
    "%0atouch {canary}",
    "${{ touch {canary} }}",
    "{{ touch {canary} }}",
    "!touch {canary}",
    "\u{2018}; touch {canary}; \u{2019}",
];

#[test]
fn hostile_values_are_never_expanded() {
    let scene = Scene::new();
    let canary = scene.path().join("canary");
    for text in HOSTILE {
        let value = text.replace("{canary}", canary.to_str().unwrap());
        let mut script = sh("printf '%s' \"$VALUE\" > \"$OUT\"");
        let out = scene.path().join("out");
        script.env.insert("VALUE".into(), value.clone());
        script
            .env
            .insert("OUT".into(), out.to_str().unwrap().to_owned());
        passed(&scene.run(script));
        assert_eq!(fs_err::read_to_string(&out).unwrap(), value);
        let mut script = command(&["printf", "%s"]);
        script.commands[0].argv.push(value.clone());
        script.commands[0].expect = Some(value.clone());
        passed(&scene.run(script));
        assert!(!canary.exists(), "{text} was carried out");
    }
}
