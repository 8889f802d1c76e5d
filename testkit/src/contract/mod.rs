//! The contract of targets: the same tests for every kind of place, against a fake or the real server.
//!
//! A kind passes when, driven by the real machine ([`shipway_core::Run`]), it succeeds, repeats, fails at each call, dies at
//! each journal entry, loses each answer, unwinds and unwinds twice, and the destination then holds each item exactly
//! once (or, taken back, not at all).
//!
//! To use it, describe the destination as a [`World`] and name a function that makes a new one:
//!
//! ```text
//! struct Index { server: Server, state: Arc<FakeIndex>, dir: TempDir }
//! impl World for Index { … }
//! shipway_testkit::target_contract!(fake, Index::new);
//! ```
//!
//! That makes a module `fake` with one test per rule. Time is the test's own: waits cost nothing.
//!
//! Invariants: the harness decides nothing that the machine decides; it replays the whole journal before each step, so a
//! restart is tested all the time; every loop is bounded.

mod engine;
mod rules;

pub use engine::{Death, Ended, Engine, Rested, publishing};
pub use rules::*;

use crate::faults::Fault;
use shipway_core::plan::Publish;
use shipway_core::target::{Item, Target};

/// A destination of one test, together with the target that goes there.
pub trait World {
    /// The target as production code would open it. Called anew after each crash: nothing is remembered between calls.
    fn target(&self) -> Box<dyn Target>;

    /// The action of the step under test, as a planner would write it: the kind's reversal, `again`, settling time and
    /// patience. Its `items` are [`Items::Fixed`](shipway_core::plan::Items) for items without a size, `Sealed` for
    /// artifacts.
    fn publish(&self) -> Publish;

    /// What is published. Items with a size are sealed first; the world has their bytes ready for the target.
    fn items(&self) -> Vec<Item>;

    /// How many copies of exactly this item are at the destination, asked behind the target's back.
    fn count(&self, item: &Item) -> usize;

    /// Puts something else under the item's name.
    fn corrupt(&self, item: &Item) -> Possible;

    /// Makes the next call of this sort meet trouble, once.
    fn trouble(&self, call: Call, trouble: Trouble) -> Possible;
}

/// A call of the target port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    Look,
    Publish,
    Retract,
}

/// Whether this destination can be in that state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Possible {
    Yes,
    No,
}

/// What goes wrong between us and the destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// It says that nothing happened and asks to come back after this many seconds.
    Later { seconds: u64 },
    /// It does not accept the credential, this time; nothing happened.
    Denied,
    /// It answers an error, and nothing happened.
    ErrorBefore,
    /// It answers an error, and the effect happened.
    ErrorAfter,
    /// The connection is lost, and nothing happened.
    LostBefore,
    /// The connection is lost after the effect.
    LostAfter,
    /// The effect happens, and the answer breaks off in the middle.
    CutOff,
    /// A look answers "absent" although it is there.
    StaleAbsent,
}

impl Trouble {
    /// All that can happen to a call that changes something.
    pub const WRITING: [Self; 7] = [
        Self::Later { seconds: 90 },
        Self::Denied,
        Self::ErrorBefore,
        Self::ErrorAfter,
        Self::LostBefore,
        Self::LostAfter,
        Self::CutOff,
    ];

    /// All that can happen to a look.
    pub const LOOKING: [Self; 6] = [
        Self::Later { seconds: 90 },
        Self::ErrorBefore,
        Self::ErrorAfter,
        Self::LostBefore,
        Self::LostAfter,
        Self::CutOff,
    ];

    /// The same trouble as a fault of [`crate::http::Server`], for destinations behind HTTP.
    pub fn fault(self) -> Fault {
        match self {
            Self::Later { seconds } => Fault::TooMany {
                retry_after_seconds: Some(seconds),
            },
            Self::Denied => Fault::StatusBefore(401),
            Self::ErrorBefore => Fault::StatusBefore(504),
            Self::ErrorAfter => Fault::StatusAfter(500),
            Self::LostBefore => Fault::ResetBefore,
            Self::LostAfter => Fault::ResetAfter,
            Self::CutOff => Fault::TruncatedBody,
            Self::StaleAbsent => Fault::StaleAbsent,
        }
    }
}

/// One test per rule, in a module of this name.
#[macro_export]
macro_rules! target_contract {
    ($name:ident, $make:expr) => {
        mod $name {
            #[allow(unused_imports, reason = "the expression may name anything of the test file")]
            use super::*;

            $crate::target_contract!(@ $make,
                succeeds
                repeats
                refuses_what_is_different
                survives_trouble_when_publishing
                survives_trouble_when_looking
                survives_a_stale_answer
                stops_for_a_person_and_goes_on
                dies_at_each_journal_entry
                unwinds
                unwinds_and_dies_at_each_journal_entry
                survives_trouble_when_unwinding
                leaves_alone_what_was_there_before
            );
        }
    };
    (@ $make:expr, $($rule:ident)*) => {
        $(
            #[test]
            fn $rule() {
                $crate::contract::$rule(&$make);
            }
        )*
    };
}
