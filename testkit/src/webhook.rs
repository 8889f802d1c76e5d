//! A receiver of webhook calls that keeps what it gets.
//!
//! Invariant: every call whose effect took place is kept, also those whose answer went wrong on demand.

use crate::http::{Handler, Request, Response, Server};
use std::sync::{Arc, Mutex, PoisonError};

#[derive(Default)]
struct Calls(Mutex<Vec<Request>>);

impl Handler for Calls {
    fn handle(&self, request: &Request) -> Response {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(request.clone());
        Response::text(202, "noted")
    }
}

/// A running receiver; it stops when it is dropped.
pub struct WebhookSink {
    calls: Arc<Calls>,
    server: Server,
}

impl WebhookSink {
    pub fn start() -> Self {
        let calls = Arc::new(Calls::default());
        let server = Server::start(calls.clone());
        Self { calls, server }
    }

    /// The address to call.
    pub fn url(&self) -> String {
        format!("{}/hook", self.server.url())
    }

    /// For faults and for what was asked.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// The calls that took effect, oldest first.
    pub fn calls(&self) -> Vec<Request> {
        self.calls
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}
