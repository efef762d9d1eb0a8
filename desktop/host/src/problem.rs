//! What went wrong, as a front end gets it.

use sealwire_core::{CoreError, ErrorKind};
use serde::Serialize;

/// A failure, for people and for the front end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Problem {
    /// usage, io, locked, untrusted, rate_limited, policy, halted or internal.
    pub kind: String,
    /// Stable name for programs.
    pub code: String,
    /// What happened, without content or secrets.
    pub message: String,
    /// What to do next.
    pub hint: String,
    /// Milliseconds to wait before a repeat can succeed, if waiting helps.
    pub retry_after_ms: Option<u64>,
}

/// Shorthand for results of this crate.
pub(crate) type Result<T, E = Problem> = std::result::Result<T, E>;

impl Problem {
    pub(crate) fn new(kind: ErrorKind, code: &str, message: impl Into<String>, hint: &str) -> Self {
        Self {
            kind: word(kind).into(),
            code: code.into(),
            message: message.into(),
            hint: hint.into(),
            retry_after_ms: None,
        }
    }

    pub(crate) fn usage(code: &str, message: impl Into<String>, hint: &str) -> Self {
        Self::new(ErrorKind::Usage, code, message, hint)
    }

    pub(crate) fn internal(what: impl std::fmt::Display) -> Self {
        CoreError::internal(what).into()
    }

    /// A call that needs an open profile was made without one.
    pub(crate) fn locked() -> Self {
        Self::new(
            ErrorKind::Locked,
            "locked",
            "the profile is locked",
            "unlock it first",
        )
    }

    /// Reading or writing failed; the place is told, the content is not.
    pub(crate) fn disk(doing: &str, path: &std::path::Path, error: &std::io::Error) -> Self {
        let full = error.kind() == std::io::ErrorKind::StorageFull;
        Self::new(
            ErrorKind::Io,
            if full { "disk_full" } else { "storage" },
            format!("cannot {doing} {}: {error}", path.display()),
            if full {
                "free some space, then repeat"
            } else {
                "check the disk and its permissions"
            },
        )
    }
}

impl From<CoreError> for Problem {
    fn from(error: CoreError) -> Self {
        Self {
            retry_after_ms: error.retry_after_ms,
            ..Self::new(error.kind, error.code, error.message, &error.hint)
        }
    }
}

const fn word(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Usage => "usage",
        ErrorKind::Io => "io",
        ErrorKind::Locked => "locked",
        ErrorKind::Untrusted => "untrusted",
        ErrorKind::RateLimited => "rate_limited",
        ErrorKind::Policy => "policy",
        ErrorKind::Halted => "halted",
        _ => "internal",
    }
}
