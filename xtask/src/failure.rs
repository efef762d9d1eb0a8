//! Why a command ended, and what to do next.

use std::fmt;

/// A failure in words.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The command line cannot be followed.
    Usage(String),
    /// Something went wrong: what, and the next step.
    Failed(String, String),
    /// Ctrl-C or SIGTERM.
    Interrupted,
}

impl Failure {
    /// A failure with a next step.
    pub(crate) fn new(what: impl Into<String>, next: impl Into<String>) -> Self {
        Self::Failed(what.into(), next.into())
    }

    /// A file or process that could not be used.
    pub(crate) fn io(what: &str, error: &std::io::Error) -> Self {
        Self::new(
            format!("{what}: {error}"),
            "check free space and permissions, then repeat the command",
        )
    }

    /// What the process ends with.
    pub(crate) const fn exit_code(&self) -> u8 {
        match self {
            Self::Failed(..) => 1,
            Self::Usage(_) => 2,
            Self::Interrupted => 130,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(what) => write!(f, "error: {what}\nnext: see `cargo xtask help`"),
            Self::Failed(what, next) => write!(f, "error: {what}\nnext: {next}"),
            Self::Interrupted => f.write_str("interrupted"),
        }
    }
}
