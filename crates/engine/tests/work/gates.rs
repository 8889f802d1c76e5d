//! Reports, figures and thresholds.

use crate::scene::{Scene, failure, figures, passed, sh};
use shipway_core::plan::{Metric, Report, ReportKind, Script};

fn check(text: &str, reports: &[(ReportKind, &str)], need: &[(Metric, u64)]) -> Script {
    let mut script = sh(text);
    script.reports = reports
        .iter()
        .map(|(kind, path)| Report {
            kind: *kind,
            path: (*path).to_owned(),
        })
        .collect();
    script.need = need.iter().copied().collect();
    script
}

const JUNIT: (ReportKind, &str) = (ReportKind::Junit, "junit.xml");
const COVERAGE: (ReportKind, &str) = (ReportKind::Cobertura, "coverage.xml");
const GOOD: &str = "echo '<testsuite><testcase/><testcase/><testcase><skipped/></testcase></testsuite>' > junit.xml; \
    echo '<coverage lines-valid=\"1000\" lines-covered=\"850\"/>' > coverage.xml";

#[test]
fn figures_that_are_enough_pass() {
    let scene = Scene::new();
    let need = [
        (Metric::PassRate, 10_000),
        (Metric::Coverage, 8_500),
        (Metric::Tests, 2),
    ];
    let outcome = scene.run(check(GOOD, &[JUNIT, COVERAGE], &need));
    let (evidence, _) = passed(&outcome);
    assert_eq!(
        figures(evidence),
        [
            "tests pass: 2 passed, 1 skipped",
            "pass-rate pass: 100 %",
            "coverage pass: 85 %"
        ]
    );
    let report = scene.stored(evidence[0].digest.as_ref().unwrap());
    assert!(report.starts_with(b"<testsuite>"));
}

#[test]
fn figures_that_are_not_enough_fail() {
    let need = [
        (Metric::PassRate, 10_000),
        (Metric::Coverage, 8_501),
        (Metric::Tests, 3),
    ];
    let text = GOOD.replace(
        "<testcase/><testcase/>",
        "<testcase/><testcase><failure/></testcase>",
    );
    let outcome = Scene::new().run(check(&text, &[JUNIT, COVERAGE], &need));
    let (failure, evidence, _) = failure(&outcome);
    assert_eq!(
        figures(evidence),
        [
            "tests fail: 1 passed, 1 failed, 1 skipped; 2 ran, 3 are needed",
            "pass-rate fail: 50 %, 100 % is needed",
            "coverage fail: 85 %, 85.01 % is needed"
        ]
    );
    assert!(
        failure
            .message
            .contains("coverage: 85 %, 85.01 % is needed"),
        "{failure:?}"
    );
}

#[test]
fn good_figures_do_not_mend_a_command_that_failed() {
    let need = [(Metric::PassRate, 10_000)];
    let outcome = Scene::new().run(check(&format!("{GOOD}; exit 1"), &[JUNIT], &need));
    let (failure, evidence, _) = failure(&outcome);
    assert!(failure.message.ends_with("exit code 1"));
    assert_eq!(figures(evidence)[1], "pass-rate pass: 100 %");
}

#[test]
fn a_missing_report_is_missing_and_not_failing() {
    let need = [(Metric::PassRate, 0), (Metric::Coverage, 0)];
    let outcome = Scene::new().run(check("true", &[JUNIT, COVERAGE], &need));
    let (failure, evidence, _) = failure(&outcome);
    assert_eq!(
        figures(evidence),
        [
            "tests no data: the report junit.xml is missing",
            "coverage no data: the report coverage.xml is missing"
        ]
    );
    assert!(failure.message.contains("junit.xml is missing"));
}

#[test]
fn a_threshold_without_a_report_does_not_hold() {
    let need = [
        (Metric::PassRate, 0),
        (Metric::Coverage, 0),
        (Metric::Tests, 0),
    ];
    let outcome = Scene::new().run(check("true", &[], &need));
    assert_eq!(
        figures(failure(&outcome).1),
        ["tests", "pass-rate", "coverage"]
            .map(|name| format!("{name} no data: no report gives this figure"))
    );
}

#[test]
fn reports_that_cannot_be_believed_fail_even_without_a_threshold() {
    let scene = Scene::new();
    for (text, figure) in [
        ("true", "tests no data: the report junit.xml is missing"),
        (
            ": > junit.xml",
            "tests no data: the report junit.xml gives no figure: it is empty",
        ),
        (
            "echo '<testsuite/>' > junit.xml",
            "tests no data: the report junit.xml gives no figure: it holds no test",
        ),
        (
            "printf '\\377\\376<' > junit.xml",
            "tests error: the report junit.xml cannot be read: it is not encoded in UTF-8",
        ),
        (
            "mkdir junit.xml",
            "tests error: the report junit.xml cannot be read: it is no regular file",
        ),
        (
            "ln -s /etc/passwd junit.xml",
            "tests error: the report junit.xml cannot be read: it is a link, or behind one",
        ),
        (
            "echo '<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><testsuite name=\"&x;\"/>' > junit.xml",
            "tests error: the report junit.xml cannot be read: it declares entities, which no report needs",
        ),
    ] {
        let outcome = scene.run(check(text, &[JUNIT], &[]));
        assert_eq!(figures(failure(&outcome).1), [figure], "{text}");
    }
    let outcome = scene.run(check(
        "true",
        &[(ReportKind::Junit, "../../junit.xml")],
        &[],
    ));
    assert!(figures(failure(&outcome).1)[0].contains("not below the checkout"));
}

#[test]
fn a_report_of_an_earlier_attempt_does_not_count() {
    let scene = Scene::new();
    let need = [(Metric::Tests, 1)];
    passed(&scene.run(check(GOOD, &[JUNIT], &need)));
    let outcome = scene.run(check(&format!("{GOOD}; exit 1"), &[JUNIT], &need));
    failure(&outcome);
    let outcome = scene.run(check("true", &[JUNIT], &need));
    assert!(failure(&outcome).0.message.contains("missing"));
}

#[test]
fn several_reports_count_together_and_the_worst_coverage_counts() {
    let text = "echo '<testsuite><testcase/></testsuite>' > a.xml; echo '<testsuite><testcase><error/></testcase></testsuite>' > b.xml; \
        echo '<coverage line-rate=\"0.9\"/>' > c.xml; echo '<coverage line-rate=\"0.5\"/>' > d.xml";
    let reports = [
        (ReportKind::Junit, "a.xml"),
        (ReportKind::Junit, "b.xml"),
        (ReportKind::Cobertura, "c.xml"),
        (ReportKind::Cobertura, "d.xml"),
    ];
    let outcome = Scene::new().run(check(text, &reports, &[]));
    assert_eq!(
        figures(passed(&outcome).0),
        [
            "tests pass: 1 passed, 1 failed",
            "pass-rate pass: 50 %",
            "coverage pass: 50 %"
        ]
    );
}

#[test]
fn skipped_tests_alone_prove_nothing() {
    let text = "echo '<testsuite><testcase><skipped/></testcase></testsuite>' > junit.xml";
    let outcome = Scene::new().run(check(text, &[JUNIT], &[(Metric::PassRate, 0)]));
    assert_eq!(
        figures(failure(&outcome).1)[1],
        "pass-rate no data: every test was skipped"
    );
}
