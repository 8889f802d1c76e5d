//! What every text that people wrote is put through, however strange it is.
//!
//! Invariants: a target ends for every input, and asserts what is promised for it: what is read is written back the same, an
//! edit touches nothing else, a refusal says why. Two things run targets: `bin/fuzz` with libFuzzer, for as long as one
//! likes, and `cargo test -p shipway-fuzz` with the seeds and some thousands of mutations of them, the same every time.
//!
//! Must not: read files, the clock, or anything but its input.

mod history;
pub mod mutation;
mod version;

/// A target's name, which is also the name of its folder below `seeds`, and what it does with an input.
pub struct Target {
    pub name: &'static str,
    pub run: fn(&[u8]),
}

/// All of them.
pub const TARGETS: &[Target] = &[
    Target {
        name: "version",
        run: version::version,
    },
    Target {
        name: "requirement",
        run: version::requirement,
    },
    Target {
        name: "message",
        run: history::message,
    },
    Target {
        name: "change-file",
        run: history::change_file,
    },
    Target {
        name: "changelog",
        run: history::changelog,
    },
    Target {
        name: "version-file",
        run: history::version_file,
    },
    Target {
        name: "configuration",
        run: version::configuration,
    },
];

/// Runs one target by its name; `false` where there is none of that name.
#[must_use]
pub fn run(name: &str, data: &[u8]) -> bool {
    let target = TARGETS.iter().find(|target| target.name == name);
    target.map(|target| (target.run)(data)).is_some()
}
