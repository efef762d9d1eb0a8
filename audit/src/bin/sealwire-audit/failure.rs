//! Why a command did not end well.

use std::fmt::Display;
use std::io;
use std::path::Path;

use serde_json::Value;

/// What kind of failure it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The request makes no sense here.
    Usage,
    /// A file or the network failed.
    Io,
    /// Evidence does not hold.
    Broken,
}

impl Kind {
    pub(crate) const fn exit_code(self) -> u8 {
        match self {
            Self::Usage => 2,
            Self::Io => 3,
            Self::Broken => 8,
        }
    }

    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Usage => "usage",
            Self::Io => "input_output",
            Self::Broken => "verification_failed",
        }
    }
}

/// What went wrong, and what to do next.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) kind: Kind,
    pub(crate) message: String,
    pub(crate) hint: &'static str,
    /// What was found all the same, as [`crate::output::Output::result`] would say it.
    pub(crate) found: Option<(String, Value)>,
}

impl Failure {
    pub(crate) fn usage(message: impl Into<String>, hint: &'static str) -> Self {
        Self {
            kind: Kind::Usage,
            message: message.into(),
            hint,
            found: None,
        }
    }

    /// A file could not be read or written.
    pub(crate) fn file(path: &Path, error: &io::Error) -> Self {
        Self {
            kind: Kind::Io,
            message: format!("{}: {error}", path.display()),
            hint: "check the path, its permissions and the free space",
            found: None,
        }
    }

    /// What stands in a file does not hold.
    pub(crate) fn broken(path: &Path, why: impl Display, hint: &'static str) -> Self {
        Self {
            kind: Kind::Broken,
            message: format!("{}: {why}", path.display()),
            hint,
            found: None,
        }
    }
}
