//! Faults that a server commits on request, to the answer and never to its own state.
//!
//! Invariants: a fault is bound to a method and a path, is used once, and faults for the same request are used in the
//! order in which they were queued. Whether the request took effect is part of the fault's meaning, so that a test knows
//! what must be at the destination afterwards.

use crate::http::Request;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// What goes wrong with one request. "After" means that the effect happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is carried out, and this status is answered instead of its own.
    StatusAfter(u16),
    /// It is not carried out; this status is answered.
    StatusBefore(u16),
    /// It is carried out, and the connection is reset before the first byte of the answer.
    ResetAfter,
    /// The connection is reset once the head was read; the body is not, and nothing is carried out.
    ResetBefore,
    /// It is not carried out: 429, with `Retry-After` where a number of seconds is given.
    TooMany { retry_after_seconds: Option<u64> },
    /// It is carried out; the full length is announced, half of the body is sent, the connection is closed.
    TruncatedBody,
    /// A cached view from before the effect is answered: see [`crate::http::Handler::stale`].
    StaleAbsent,
    /// It is carried out after this time.
    Delay(Duration),
    /// It is carried out, and no answer ever comes. The connection stays open until the client gives up.
    Hang,
}

type Applies = Box<dyn Fn(&Request) -> bool + Send>;

/// The faults that a server has yet to commit.
#[derive(Default)]
pub struct Faults {
    queue: Mutex<Vec<(Applies, Fault)>>,
}

impl Faults {
    /// The next request with this method (`*` for any) whose path begins with `prefix` meets the fault.
    pub fn on(&self, method: &str, prefix: &str, fault: Fault) -> &Self {
        let (method, prefix) = (method.to_owned(), prefix.to_owned());
        self.when(
            move |request| {
                (method == "*" || request.method == method) && request.path.starts_with(&prefix)
            },
            fault,
        )
    }

    /// The next request for which `applies` says so meets the fault. It is asked before the body is read.
    pub fn when(&self, applies: impl Fn(&Request) -> bool + Send + 'static, fault: Fault) -> &Self {
        self.lock().push((Box::new(applies), fault));
        self
    }

    /// Faults that no request has met yet.
    pub fn pending(&self) -> Vec<Fault> {
        self.lock().iter().map(|(_, fault)| fault.clone()).collect()
    }

    /// Forgets the faults that no request has met yet.
    pub fn clear(&self) {
        self.lock().clear();
    }

    pub(crate) fn take(&self, request: &Request) -> Option<Fault> {
        let mut queue = self.lock();
        let position = queue.iter().position(|(applies, _)| applies(request))?;
        Some(queue.remove(position).1)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<(Applies, Fault)>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
