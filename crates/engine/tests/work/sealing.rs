//! Freezing what was built.

use crate::scene::{Scene, failure, figures, passed, plan, step};
use shipway_core::plan::{Action, Approve};
use shipway_core::{Digest, Run};

#[test]
fn the_seal_is_what_was_built() {
    let scene = Scene::new();
    let (run, step) = scene.after(
        &[
            ("build/b", &[("b.whl", b"bb")]),
            ("build/a", &[("a.whl", b"a"), ("b.whl", b"bb")]),
        ],
        Action::Seal,
    );
    let outcome = scene.shop.carry_out(&run, &step);
    let (evidence, artifacts) = passed(&outcome);
    assert_eq!(artifacts, run.artifacts());
    assert_eq!(artifacts.len(), 2);
    assert_eq!(
        figures(evidence),
        ["manifest pass: 2 files, 3 bytes, read back"]
    );
}

#[test]
fn two_contents_of_one_name_are_refused() {
    let scene = Scene::new();
    let (run, step) = scene.after(
        &[
            ("build/one", &[("a.whl", b"1")]),
            ("build/two", &[("a.whl", b"2")]),
        ],
        Action::Seal,
    );
    let outcome = scene.shop.carry_out(&run, &step);
    let message = &failure(&outcome).0.message;
    assert!(
        message.contains("a.whl") && message.contains("build/one and build/two"),
        "{message}"
    );
}

#[test]
fn nothing_cannot_be_sealed() {
    let scene = Scene::new();
    let (run, step) = scene.after(&[("build", &[])], Action::Seal);
    assert!(
        failure(&scene.shop.carry_out(&run, &step))
            .0
            .message
            .contains("nothing was built")
    );
}

#[test]
fn bytes_that_changed_or_went_are_not_sealed() {
    let scene = Scene::new();
    let (run, step) = scene.after(&[("build", &[("a.whl", b"right")])], Action::Seal);
    let stored = scene.shop.store.path(&Digest::of(b"right"));
    fs_err::remove_file(&stored).unwrap();
    assert!(
        failure(&scene.shop.carry_out(&run, &step))
            .0
            .message
            .contains("does not hold")
    );
    fs_err::write(&stored, "wrong").unwrap();
    assert!(
        failure(&scene.shop.carry_out(&run, &step))
            .0
            .message
            .contains("was changed")
    );
}

#[test]
fn steps_of_people_are_not_carried_out_here() {
    let approve = Approve {
        who: "x".into(),
        quorum: 1,
        valid_for: shipway_core::time::Millis(1),
    };
    let step = step("approve", Action::Approve(approve));
    let run = Run::new(plan(vec![step.clone()]));
    failure(&Scene::new().shop.carry_out(&run, &step));
}
