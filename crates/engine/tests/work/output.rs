//! Where output goes, and what never goes there.

use crate::scene::{Scene, command, failure, figures, passed, sh};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use shipway_core::digest::hex;
use shipway_core::event::Outcome;
use shipway_core::plan::{Report, ReportKind, Script};
use shipway_core::secret::SecretName;

const CANARY: &str = "pypi-AgEIcHlw/aS5v+cmc CJ?DU2\"Yj&Q4ZjU1";

/// What programs make of a secret.
fn forms() -> Vec<String> {
    let pairs: Vec<String> = CANARY.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let percent = pairs.concat();
    let twice = STANDARD.encode(STANDARD.encode(CANARY));
    let mut forms = vec![
        CANARY.to_owned(),
        STANDARD.encode(CANARY),
        URL_SAFE.encode(CANARY),
        twice,
        hex(CANARY.as_bytes()),
        hex(CANARY.as_bytes()).to_uppercase(),
        percent.to_lowercase(),
        percent,
        serde_json::to_string(CANARY).unwrap(),
        CANARY.chars().rev().collect(),
        format!("https://__token__:{CANARY}@example.org/"),
    ];
    for offset in 0..3 {
        forms.push(STANDARD.encode(format!("{}{CANARY}:x", "u".repeat(offset))));
    }
    forms
}

/// No recognisable part of any form: eight characters of it in a row.
fn assert_clean(text: &str, what: &str) {
    for form in forms() {
        let form: Vec<char> = form.chars().collect();
        for piece in form[2..form.len() - 2].windows(12) {
            let piece: String = piece.iter().collect();
            let innocent =
                piece.contains("example") || piece.contains("__token__") || piece.contains("://");
            assert!(innocent || !text.contains(&piece), "{what} holds {piece:?}");
        }
    }
}

/// All that is on disk after a run, but for the step's own directory.
fn everything(scene: &Scene) -> String {
    let mut text = String::new();
    for dir in [
        scene.shop.directory.join("logs"),
        scene.path().join("store"),
    ] {
        for entry in fs_err::read_dir(dir).unwrap() {
            text.push_str(&String::from_utf8_lossy(
                &fs_err::read(entry.unwrap().path()).unwrap(),
            ));
        }
    }
    text
}

#[test]
fn canaries_reach_no_sink() {
    let scene = Scene::with_secrets(&[("TOKEN", CANARY)]);
    let dir = scene.path().join("forms");
    fs_err::create_dir(&dir).unwrap();
    for (number, form) in forms().iter().enumerate() {
        fs_err::write(dir.join(number.to_string()), form).unwrap();
    }
    // In one write, in two, and byte by byte to both streams in turn; also in a report.
    let mut script = sh("for f in \"$FORMS\"/*; do echo \"one: $(cat \"$f\")\"; \
         head -c 9 \"$f\"; tail -c +10 \"$f\"; echo; head -c 20 \"$f\" >&2; tail -c +21 \"$f\" >&2; echo >&2; \
         dd if=\"$f\" bs=1 status=none; echo; done; printf '%s' \"$TOKEN\" | base64 -w 20; \
         echo \"<testsuite><testcase><failure>$(cat \"$FORMS\"/1)</failure></testcase></testsuite>\" > junit.xml; \
         printf '%s' \"$TOKEN\"; exit 1");
    script
        .env
        .insert("FORMS".into(), dir.to_str().unwrap().to_owned());
    script
        .secrets
        .insert("TOKEN".into(), SecretName("TOKEN".into()));
    script.reports.push(Report {
        kind: ReportKind::Junit,
        path: "junit.xml".into(),
    });
    for expect in [None, Some("something else".to_owned())] {
        script.commands[0].expect = expect;
        scene.lines.lock().unwrap().clear();
        let outcome = scene.run(script.clone());
        let (failure, evidence, tail) = failure(&outcome);
        assert_clean(
            &format!("{failure:?} {tail:?} {:?}", figures(evidence)),
            "the outcome",
        );
        assert_clean(&scene.heard().join("\n"), "a line");
        assert_clean(&scene.heard().concat(), "lines together");
        assert!(
            scene
                .heard()
                .iter()
                .filter(|line| line.contains("***"))
                .count()
                > 40
        );
        assert_clean(&everything(&scene), "the disk");
    }
}

#[test]
fn a_secret_in_an_unexpected_answer_is_not_shown() {
    let scene = Scene::with_secrets(&[("TOKEN", CANARY)]);
    // The message is cut off in the middle of the second one.
    let mut script = sh("printf '%s%150s%s' \"$TOKEN\" '' \"$TOKEN\"");
    script.commands[0].expect = Some("1.0".into());
    script
        .secrets
        .insert("TOKEN".into(), SecretName("TOKEN".into()));
    let outcome = scene.run(script);
    let message = &failure(&outcome).0.message;
    assert!(message.contains("***"), "{message}");
    assert_clean(message, "the message");
    assert!(!message.contains("pypi-A"), "{message}");
}

#[test]
fn both_streams_come_in_their_order() {
    let scene = Scene::new();
    passed(&scene.sh("echo 1; echo 2 >&2; echo 3; printf 4"));
    assert_eq!(scene.heard(), ["1", "2", "3", "4"]);
    assert!(scene.log().ends_with("1\n2\n3\n4\n"));
}

#[test]
fn a_failure_shows_the_last_lines() {
    let outcome = Scene::new().sh("for i in $(seq 100); do echo line $i; done; exit 1");
    let tail = failure(&outcome).2;
    assert_eq!(tail.len(), 20);
    assert_eq!(
        (tail[0].as_str(), tail[19].as_str()),
        ("line 81", "line 100")
    );
}

#[test]
fn lines_that_draw_over_themselves_show_their_end() {
    let scene = Scene::new();
    passed(&scene.sh("printf '10%%\\r50%%\\r100%%\\nplain\\r\\n'"));
    assert_eq!(scene.heard(), ["100%", "plain"]);
}

#[test]
fn bytes_that_are_no_text_are_kept() {
    let scene = Scene::new();
    let outcome =
        scene.sh("printf '\\377\\376\\000\\033[31mred\\n'; head -c 300000 /dev/zero; exit 1");
    let tail = failure(&outcome).2;
    assert_eq!(tail[0], "\u{fffd}\u{fffd}\0\u{1b}[31mred");
    assert!(tail.iter().all(|line| line.len() <= 1004));
    let log = fs_err::read(scene.shop.directory.join("logs/check+it.log")).unwrap();
    assert!(log.windows(4).any(|bytes| bytes == b"\xff\xfe\0\x1b"));
    assert!(log.len() > 300_000);
}

#[test]
fn a_huge_output_is_cut_off_with_a_mark_and_runs_on() {
    let mut scene = Scene::new();
    scene.shop.lines = Box::new(|_, _| {});
    let outcome =
        scene.sh("yes \"$(printf %01000d 0)\" | head -c 70000000; echo; echo the end; exit 7");
    let (failure, _, tail) = failure(&outcome);
    assert!(failure.message.ends_with("exit code 7"));
    assert_eq!(tail.last().unwrap(), "the end");
    let log = fs_err::read(scene.shop.directory.join("logs/check+it.log")).unwrap();
    assert!(log.len() < 65 * 1024 * 1024, "{}", log.len());
    assert!(log.ends_with(b"[the log is full: what follows was not kept]\n"));
}

#[test]
fn a_log_that_cannot_be_written_fails_the_step() {
    let scene = Scene::new();
    fs_err::create_dir_all(&scene.shop.directory).unwrap();
    fs_err::write(scene.shop.directory.join("logs"), "in the way").unwrap();
    passed(&scene.run(command(&["true"])));
    let outcome = scene.run(command(&["echo", "x"]));
    assert!(
        failure(&outcome).0.message.contains("cannot be kept"),
        "{outcome:?}"
    );
}

#[test]
fn the_log_is_evidence() {
    let scene = Scene::new();
    let outcome: Outcome = scene.run(Script {
        ..command(&["echo", "x"])
    });
    let (evidence, _) = passed(&outcome);
    assert_eq!(
        (evidence[0].name.as_str(), evidence[0].figure.as_str()),
        ("log", "1 line")
    );
    assert!(
        scene
            .stored(evidence[0].digest.as_ref().unwrap())
            .ends_with(b"$ echo x\nx\n")
    );
}
