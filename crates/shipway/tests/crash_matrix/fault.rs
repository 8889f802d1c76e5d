//! What destinations do wrong, and where.

use crate::bench::Phase;
use crate::world::Servers;
use shipway_testkit::faults::Fault;
use shipway_testkit::http::{Request, Server};
use shipway_testkit::mail::MailFault;
use std::sync::atomic::{AtomicBool, Ordering};

/// A kind of destination, by the step that writes there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Branch,
    TestIndex,
    Draft,
    Asset,
    Push,
    Index,
    Release,
    Mail,
    Webhook,
    NextVersion,
    Milestone,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    ErrorAfter,
    ResetAfter,
    TimeoutBefore,
    TooMany,
    ResetBefore,
    Truncated,
    StaleAbsent,
}

impl Trouble {
    pub const ALL: [Self; 7] = [
        Self::ErrorAfter,
        Self::ResetAfter,
        Self::TimeoutBefore,
        Self::TooMany,
        Self::ResetBefore,
        Self::Truncated,
        Self::StaleAbsent,
    ];

    pub fn word(self) -> &'static str {
        match self {
            Self::ErrorAfter => "500 after the effect",
            Self::ResetAfter => "reset after the effect",
            Self::TimeoutBefore => "504",
            Self::TooMany => "429, Retry-After: 1",
            Self::ResetBefore => "reset before",
            Self::Truncated => "truncated answer",
            Self::StaleAbsent => "stale \"absent\"",
        }
    }

    fn over_http(self) -> Fault {
        match self {
            Self::ErrorAfter => Fault::StatusAfter(500),
            Self::ResetAfter => Fault::ResetAfter,
            Self::TimeoutBefore => Fault::StatusBefore(504),
            Self::TooMany => Fault::TooMany {
                retry_after_seconds: Some(1),
            },
            Self::ResetBefore => Fault::ResetBefore,
            Self::Truncated => Fault::TruncatedBody,
            Self::StaleAbsent => Fault::StaleAbsent,
        }
    }

    /// The nearest that a mail server can do. `None`: there is no such thing over SMTP.
    fn over_smtp(self) -> Option<MailFault> {
        match self {
            Self::ErrorAfter | Self::StaleAbsent => None,
            Self::ResetAfter => Some(MailFault::LoseAnswer),
            Self::TimeoutBefore => Some(MailFault::Text(451)),
            Self::TooMany => Some(MailFault::Busy),
            Self::ResetBefore => Some(MailFault::HangUp),
            Self::Truncated => Some(MailFault::CutText),
        }
    }
}

impl Place {
    pub const ALL: [Self; 11] = [
        Self::Branch,
        Self::TestIndex,
        Self::Draft,
        Self::Asset,
        Self::Push,
        Self::Index,
        Self::Release,
        Self::Mail,
        Self::Webhook,
        Self::NextVersion,
        Self::Milestone,
    ];

    pub fn word(self) -> &'static str {
        match self {
            Self::Branch => "git branch",
            Self::TestIndex => "test index",
            Self::Draft => "GitHub draft",
            Self::Asset => "GitHub asset",
            Self::Push => "git tag and merge",
            Self::Index => "index",
            Self::Release => "GitHub release",
            Self::Mail => "mail",
            Self::Webhook => "webhook",
            Self::NextVersion => "git next version",
            Self::Milestone => "GitHub milestone",
        }
    }

    /// The plan's step that writes there.
    pub fn step(self) -> &'static str {
        match self {
            Self::Branch => "prepare/branch",
            Self::TestIndex => "rehearse/test-index",
            Self::Draft => "publish/github/draft",
            Self::Asset => "publish/github/assets",
            Self::Push => "publish/push",
            Self::Index => "publish/pypi",
            Self::Release => "publish/github/release",
            Self::Mail => "announce/list",
            Self::Webhook => "announce/chat",
            Self::NextVersion => "follow-up/next-version",
            Self::Milestone => "follow-up/github/milestone",
        }
    }

    /// The command that carries the step out.
    pub fn phase(self) -> Phase {
        match self {
            Self::Branch | Self::TestIndex => Phase::Release,
            _ => Phase::Resume,
        }
    }

    /// Whether there is such a fault there. A view that lags is for what is looked at over a cache: not git, which answers
    /// from its own references, and not what cannot be looked at.
    pub fn can_have(self, trouble: Trouble) -> bool {
        match self {
            Self::Mail => trouble.over_smtp().is_some(),
            Self::Branch | Self::Push | Self::NextVersion | Self::Webhook => {
                trouble != Trouble::StaleAbsent
            }
            _ => true,
        }
    }

    /// Makes the write of this place go wrong, or the look after it. To be called before the place's phase.
    pub fn disturb(self, servers: &Servers, trouble: Trouble) {
        if self == Self::Mail {
            servers.mail.fail(trouble.over_smtp());
            return;
        }
        let faults = self.server(servers).faults();
        if trouble == Trouble::StaleAbsent {
            let is_written = AtomicBool::new(false);
            let after = move |request: &Request| {
                if self.writes(request) {
                    is_written.store(true, Ordering::SeqCst);
                }
                request.method == "GET" && is_written.load(Ordering::SeqCst)
            };
            faults.when(after, trouble.over_http());
            return;
        }
        let skip = AtomicBool::new(self == Self::NextVersion);
        let this = move |request: &Request| {
            // Of the two pushes of its phase it is the second.
            self.writes(request) && !skip.swap(false, Ordering::SeqCst)
        };
        faults.when(this, trouble.over_http());
    }

    /// Whether every fault was met.
    pub fn is_quiet(self, servers: &Servers) -> bool {
        self == Self::Mail || self.server(servers).faults().pending().is_empty()
    }

    fn server(self, servers: &Servers) -> &Server {
        match self {
            Self::Branch | Self::Push | Self::NextVersion => &servers.git,
            Self::TestIndex => &servers.test_index.proxy,
            Self::Index => &servers.index.proxy,
            Self::Webhook | Self::Mail => servers.webhook.server(),
            _ => servers.github.server(),
        }
    }

    fn writes(self, request: &Request) -> bool {
        let (method, path) = (request.method.as_str(), request.path.as_str());
        match self {
            Self::Branch | Self::Push | Self::NextVersion => path.ends_with("/git-receive-pack"),
            Self::Draft => method == "POST" && path.ends_with("/releases"),
            Self::Asset => method == "POST" && path.ends_with("/assets"),
            Self::Milestone => method == "POST" && path.ends_with("/milestones"),
            Self::Release => method == "PATCH",
            Self::TestIndex | Self::Index | Self::Webhook | Self::Mail => method == "POST",
        }
    }
}
