//! The one table of exit codes. They are API: a number never changes its meaning.

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    Done,
    Internal,
    Usage,
    NothingToRelease,
    GateFailed,
    WaitingForPerson,
    StoppedHalfWay,
    Conflict,
}

/// Number, name and meaning of every exit code, in order.
pub const TABLE: &[(Exit, u8, &str, &str)] = &[
    (
        Exit::Done,
        0,
        "done",
        "released, or the command did what it was asked to",
    ),
    (
        Exit::Internal,
        1,
        "internal",
        "an error in Shipway itself or in its own files",
    ),
    (
        Exit::Usage,
        2,
        "usage",
        "a wrong argument, a wrong configuration, or a repository that cannot be released from",
    ),
    (
        Exit::NothingToRelease,
        3,
        "nothing-to-release",
        "no change since the last release asks for a new version",
    ),
    (
        Exit::GateFailed,
        4,
        "gate-failed",
        "a check failed, somebody rejected, or the run was taken back",
    ),
    (
        Exit::WaitingForPerson,
        5,
        "waiting",
        "a person has to approve or to do something; the message has the command",
    ),
    (
        Exit::StoppedHalfWay,
        6,
        "stopped",
        "stopped half way; the message has the command that resumes",
    ),
    (
        Exit::Conflict,
        7,
        "conflict",
        "the outside world is not as the plan says; nothing was overwritten",
    ),
];

impl Exit {
    pub fn code(self) -> u8 {
        self.row().1
    }

    pub fn name(self) -> &'static str {
        self.row().2
    }

    fn row(self) -> &'static (Exit, u8, &'static str, &'static str) {
        TABLE.iter().find(|row| row.0 == self).unwrap_or(&TABLE[1])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_its_place_in_the_table() {
        for (place, row) in TABLE.iter().enumerate() {
            assert_eq!(usize::from(row.1), place);
            assert_eq!(row.0.code(), row.1);
        }
    }
}
