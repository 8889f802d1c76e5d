//! The kinds of table that a pack may hold: what each decides by, and what each answers.
//!
//! Axes are optional: a table without the column `model` answers alike for every model. Their words are the pack's own
//! where [`Axis::words`] is empty, and fixed where decisions have to understand them.

/// Something that a table may decide by.
#[derive(Debug)]
pub struct Axis {
    pub name: &'static str,
    /// The words, where decisions must know them; else the pack lists its own under `[words]`.
    pub words: &'static [&'static str],
    /// What it means, for the reference.
    pub about: &'static str,
}

/// What may stand in an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    Text,
    /// A whole number.
    Number,
    /// One of these words.
    Word(&'static [&'static str]),
    /// Some of these words, separated by `|`.
    Words(&'static [&'static str]),
    /// Some of these words, each maybe with `=` and a word of the axis `phase` after it.
    Conditions(&'static [&'static str]),
    /// A word of the pack's axis of that name.
    Of(&'static str),
}

#[derive(Debug)]
pub struct Answer {
    pub name: &'static str,
    pub holds: Holds,
    pub needed: bool,
}

/// A kind of table.
#[derive(Debug)]
pub struct Spec {
    pub name: &'static str,
    pub axes: &'static [&'static str],
    pub answers: &'static [Answer],
    pub about: &'static str,
}

const BRANCHES: &[&str] = &["main", "cur", "next", "lts"];
const TARGETS: &[&str] = &["tag(cur.z)", "tag(lts.z)", "main", "cur", "next", "lts"];
const WANTED: &[&str] = &["cur.patch", "next.0", "next2.0", "lts.patch"];
const TYPES: &[&str] = &["single", "two", "three"];

const fn axis(name: &'static str, words: &'static [&'static str], about: &'static str) -> Axis {
    Axis { name, words, about }
}

pub const AXES: &[Axis] = &[
    axis("phase", &[], "where the train is between two releases"),
    axis(
        "change",
        &["bugfix", "feature"],
        "what kind of change somebody wants to merge",
    ),
    axis("wanted", WANTED, "the release that the change is wanted in"),
    axis(
        "class",
        &["in-tree", "stable-api", "unstable-api"],
        "how a member depends on the engine",
    ),
    axis("type", TYPES, "how many active branches a member has"),
    axis(
        "main-targets",
        &["release", "unreleased"],
        "what the member's main branch is built against",
    ),
    axis(
        "lts-branch",
        &["yes", "no"],
        "whether the member has a branch for the supported line",
    ),
    axis("branch", BRANCHES, "a branch of a member"),
    axis(
        "release",
        &["patch", "minor", "major", "lts-patch"],
        "what kind of release departs",
    ),
    axis("from", TYPES, "the branch type of a member now"),
    axis("to", TYPES, "the branch type that it should have"),
    axis("when", &[], "a phase, or the moment of a departure"),
    axis("rule", &[], "a rule about support"),
    axis("event", &[], "something that changes the train"),
    axis("model", &[], "how a component releases"),
    axis("component", &[], "what a component is"),
    axis(
        "step",
        &["feature-freeze", "first-candidate", "final"],
        "something that has a deadline",
    ),
    axis("state", &[], "the state of a series"),
    axis(
        "branch-mode",
        &[],
        "how a component's stable branches are made",
    ),
];

const fn may(name: &'static str, holds: Holds) -> Answer {
    Answer {
        name,
        holds,
        needed: false,
    }
}

const fn must(name: &'static str, holds: Holds) -> Answer {
    Answer {
        name,
        holds,
        needed: true,
    }
}

const fn spec(
    name: &'static str,
    axes: &'static [&'static str],
    answers: &'static [Answer],
    about: &'static str,
) -> Spec {
    Spec {
        name,
        axes,
        answers,
        about,
    }
}

/// Conditions of events that decisions can look up in the facts.
pub const NEEDS: &[&str] = &[
    "phase",
    "never",
    "any-time",
    "branch-green",
    "pins-follow-rules",
    "members-complete",
    "next-branch-exists",
    "next-branch-absent",
    "next-line-known",
];

/// What an event does.
pub const EFFECTS: &[&str] = &[
    "phase",
    "create-branch-next",
    "tag-cur-patch",
    "tag-next-0",
    "rebuild-members",
    "cur-becomes-next",
    "old-cur-becomes-lts-or-end-of-life",
    "branch-types-step-back",
    "merge-cur-into-main",
    "features-leave-next",
    "features-return-to-next",
];

pub const SPECS: &[Spec] = &[
    spec(
        "phases",
        &["phase"],
        &[
            must("order", Holds::Number),
            must("active", Holds::Words(BRANCHES)),
            may("share", Holds::Text),
            may("opens-by", Holds::Text),
        ],
        "the phases between two releases, and the branches that are active in each",
    ),
    spec(
        "engine-change",
        &["phase", "change", "wanted"],
        &[
            may("branch", Holds::Word(BRANCHES)),
            may("instead", Holds::Word(WANTED)),
        ],
        "where a change to the engine goes",
    ),
    spec(
        "member-change",
        &[
            "phase",
            "class",
            "model",
            "component",
            "type",
            "main-targets",
            "lts-branch",
            "change",
            "wanted",
        ],
        &[
            may("branch", Holds::Word(BRANCHES)),
            may("instead", Holds::Word(WANTED)),
            may("switch", Holds::Word(TYPES)),
        ],
        "where a change to a member goes",
    ),
    spec(
        "targets",
        &["phase", "type", "branch"],
        &[may("targets", Holds::Words(TARGETS))],
        "which version of the engine a branch of a member may be built against",
    ),
    spec(
        "branch-types",
        &["phase", "type"],
        &[must("active", Holds::Words(BRANCHES))],
        "which branch types may exist when",
    ),
    spec(
        "classes",
        &["class"],
        &[
            must("code-lives", Holds::Text),
            must("targets", Holds::Text),
            must("versions", Holds::Text),
        ],
        "the classes of members",
    ),
    spec(
        "ships",
        &["release", "class", "type", "lts-branch", "model"],
        &[
            must(
                "truth",
                Holds::Word(&["engine-commit", "own-release", "pin", "tip"]),
            ),
            may("branch", Holds::Word(BRANCHES)),
        ],
        "which commit of a member ships",
    ),
    spec(
        "switches",
        &["from", "to", "when"],
        &[
            may("action", Holds::Word(&["create-branch", "automatic"])),
            may("branch", Holds::Word(BRANCHES)),
            may("start", Holds::Word(&["pin-to-main", "main"])),
            may("reasons", Holds::Text),
        ],
        "changing a member's branch type",
    ),
    spec(
        "support",
        &["rule"],
        &[must("value", Holds::Text)],
        "how long a line is supported",
    ),
    spec(
        "events",
        &["event"],
        &[
            must("needs", Holds::Conditions(NEEDS)),
            may("effects", Holds::Conditions(EFFECTS)),
        ],
        "transitions, what each needs and what each does",
    ),
    spec(
        "models",
        &["model", "component"],
        &[],
        "which kind of component may use which release model",
    ),
    spec(
        "deadlines",
        &["model", "component", "step"],
        &[may("deadline", Holds::Text)],
        "which date of the schedule binds which component",
    ),
    spec(
        "series",
        &["state"],
        &[must("fixes", Holds::Word(&["main", "stable", "none"]))],
        "whether a series in that state gets releases, and where its fixes go",
    ),
    spec(
        "finals",
        &["model"],
        &[must(
            "final",
            Holds::Word(&["last-candidate", "free", "head", "none"]),
        )],
        "what the final release of a cycle is",
    ),
    spec(
        "stable-branches",
        &["model", "branch-mode"],
        &[must(
            "starts-at",
            Holds::Word(&["release", "commit", "upstream", "known-series", "never"]),
        )],
        "where a stable branch starts",
    ),
];

pub(super) fn find(name: &str) -> Option<&'static Spec> {
    SPECS.iter().find(|spec| spec.name == name)
}

/// The name of an answer column of any kind of table.
pub(super) fn find_answer(name: &str) -> Option<&'static str> {
    let mut answers = SPECS.iter().flat_map(|spec| spec.answers);
    answers
        .find(|answer| answer.name == name)
        .map(|answer| answer.name)
}

pub(super) fn axis_named(name: &str) -> Option<&'static Axis> {
    AXES.iter().find(|axis| axis.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_axis_of_a_table_is_described() {
        for spec in SPECS {
            for axis in spec.axes {
                assert!(axis_named(axis).is_some(), "{}: {axis}", spec.name);
            }
            for answer in spec.answers {
                if let Holds::Of(axis) = answer.holds {
                    assert!(axis_named(axis).is_some(), "{}: {axis}", spec.name);
                }
            }
        }
    }
}
