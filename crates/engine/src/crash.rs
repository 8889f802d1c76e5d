//! Places where a test makes the process die, so that what follows a crash is tried at every one of them.
//!
//! Invariants: without the cargo feature `crash-points` nothing of this is compiled but an empty type and a call that does
//! nothing. Deaths are by SIGKILL: no destructor runs, nothing is flushed.
//!
//! Must not: read the environment; whoever starts the engine passes a [`CrashPlan`].

#[cfg(feature = "crash-points")]
pub use named::{BadCrashPlan, CrashPlan};

/// A place of which a run passes many, counted from 1 in each process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Point {
    /// Before events are appended to the journal.
    Append,
    /// After they were appended.
    AfterAppend,
    /// Before something is published or taken back. Its intent is on disk.
    BeforeEffect,
    /// After it, before anybody heard of its answer.
    AfterEffect,
}

/// What the engine carries about to name the places it passes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Crash {
    #[cfg(feature = "crash-points")]
    plan: Option<std::sync::Arc<CrashPlan>>,
}

impl Crash {
    #[cfg(feature = "crash-points")]
    pub fn planned(plan: CrashPlan) -> Self {
        Self {
            plan: Some(std::sync::Arc::new(plan)),
        }
    }

    /// Dies here if that was planned.
    #[cfg_attr(
        not(feature = "crash-points"),
        expect(
            clippy::unused_self,
            reason = "there is nothing to ask without the feature"
        )
    )]
    pub fn pass(&self, point: Point) {
        #[cfg(feature = "crash-points")]
        if let Some(plan) = &self.plan {
            plan.pass(point);
        }
        #[cfg(not(feature = "crash-points"))]
        let _ = point;
    }
}

#[cfg(feature = "crash-points")]
mod named {
    use super::Point;
    use std::fmt::Write as _;
    use std::path::PathBuf;
    use std::sync::Mutex;

    const NAMES: [(&str, Point); 4] = [
        ("append", Point::Append),
        ("after-append", Point::AfterAppend),
        ("before-effect", Point::BeforeEffect),
        ("after-effect", Point::AfterEffect),
    ];

    /// Where this process dies, or the file that says how many places of each name it passed.
    #[derive(Debug)]
    pub struct CrashPlan {
        wish: Wish,
        passed: Mutex<[u64; NAMES.len()]>,
    }

    #[derive(Debug)]
    enum Wish {
        Die { point: Point, count: u64 },
        Count { file: PathBuf },
    }

    #[derive(Debug, thiserror::Error)]
    #[error(
        "{0:?} is no crash point: write append:N, after-append:N, before-effect:N, after-effect:N or count:FILE"
    )]
    pub struct BadCrashPlan(String);

    impl std::str::FromStr for CrashPlan {
        type Err = BadCrashPlan;

        /// `NAME:N` dies at the N-th place of that name, from 1. `count:FILE` dies nowhere and keeps a line `NAME N` in
        /// the file for each name: how many places a run has.
        fn from_str(text: &str) -> Result<Self, BadCrashPlan> {
            let bad = || BadCrashPlan(text.to_owned());
            let (name, value) = text.split_once(':').ok_or_else(bad)?;
            let wish = if name == "count" && !value.is_empty() {
                Wish::Count { file: value.into() }
            } else {
                let known = NAMES.iter().find(|(known, _)| *known == name);
                let (_, point) = known.ok_or_else(bad)?;
                let count = value.parse().ok().filter(|count| *count > 0);
                Wish::Die {
                    point: *point,
                    count: count.ok_or_else(bad)?,
                }
            };
            Ok(Self {
                wish,
                passed: Mutex::default(),
            })
        }
    }

    impl CrashPlan {
        pub(super) fn pass(&self, point: Point) {
            let mut passed = self
                .passed
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            for ((_, known), count) in NAMES.iter().zip(passed.iter_mut()) {
                *count += u64::from(*known == point);
            }
            match &self.wish {
                Wish::Die { point: here, count } if *here == point => {
                    if passed[point as usize] == *count {
                        die();
                    }
                }
                Wish::Die { .. } => {}
                Wish::Count { file } => {
                    let mut lines = String::new();
                    for ((name, _), count) in NAMES.iter().zip(passed.iter()) {
                        let _ = writeln!(lines, "{name} {count}");
                    }
                    // A counter that cannot be written shows in the test that reads it.
                    let _ = fs_err::write(file, lines);
                }
            }
        }
    }

    fn die() {
        let _ =
            rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
        // SIGKILL cannot be caught; nothing may happen until it arrives.
        loop {
            std::thread::park();
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn plans_are_read_and_points_counted() {
            for text in ["", "append", "append:0", "append:x", "nowhere:1", "count:"] {
                assert!(text.parse::<CrashPlan>().is_err(), "{text}");
            }
            let dir = tempfile::tempdir().unwrap();
            let file = dir.path().join("points");
            let plan: CrashPlan = format!("count:{}", file.display()).parse().unwrap();
            for point in [Point::Append, Point::AfterAppend, Point::Append] {
                plan.pass(point);
            }
            assert_eq!(
                fs_err::read_to_string(file).unwrap(),
                "append 2\nafter-append 1\nbefore-effect 0\nafter-effect 0\n"
            );
            let later: CrashPlan = "before-effect:2".parse().unwrap();
            later.pass(Point::BeforeEffect);
            assert_eq!(later.passed.lock().unwrap()[2], 1, "still alive");
        }
    }
}
