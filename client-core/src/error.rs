//! One error for all fronts: who is at fault, in words, with a next step.

use sealwire_protocol::problem::{Code, Problem};

/// What kind of failure it is; fronts map it to exit codes and screens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The request makes no sense as given.
    Usage,
    /// Network or disk.
    Io,
    /// No profile, wrong passphrase, signed out, suspended.
    Locked,
    /// A key changed or a certificate does not verify.
    Untrusted,
    /// Wait and repeat.
    RateLimited,
    /// Organisation or group policy says no.
    Policy,
    /// The conversation is stopped on this device.
    Halted,
    /// A fault in this program.
    Internal,
}

/// A failure, for people.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct CoreError {
    /// What kind.
    pub kind: ErrorKind,
    /// Stable name for programs: `profile_in_use`, `wrong_passphrase`, …
    pub code: &'static str,
    /// What happened, without content or secrets.
    pub message: String,
    /// What to do next.
    pub hint: String,
    /// Milliseconds to wait before a repeat can succeed, if waiting helps.
    pub retry_after_ms: Option<u64>,
}

/// Shorthand for results of this crate.
pub type Result<T, E = CoreError> = std::result::Result<T, E>;

impl CoreError {
    /// Builds an error.
    pub fn new(
        kind: ErrorKind,
        code: &'static str,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self {
            kind,
            code,
            message: message.into(),
            hint: hint.into(),
            retry_after_ms: None,
        }
    }

    /// The request makes no sense as given.
    pub(crate) fn usage(
        code: &'static str,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self::new(ErrorKind::Usage, code, message, hint)
    }

    /// A fault in this program: an invariant that does not hold.
    pub fn internal(what: impl std::fmt::Display) -> Self {
        Self::new(
            ErrorKind::Internal,
            "internal",
            format!("internal error: {what}"),
            "nothing was lost; restart, and report this if it returns",
        )
    }

    /// Network trouble that a retry may cure.
    pub fn network(what: impl std::fmt::Display) -> Self {
        Self::new(
            ErrorKind::Io,
            "network",
            format!("cannot reach the relay: {what}"),
            "check the network; what you sent is kept and goes out when the relay answers",
        )
    }

    /// The relay refused; its words are kept.
    pub fn from_problem(problem: &Problem) -> Self {
        let code = problem.code();
        let (kind, name) = match code {
            Some(Code::Unauthenticated | Code::BadSignature) => (ErrorKind::Locked, "signed_out"),
            Some(Code::Suspended) => (ErrorKind::Locked, "suspended"),
            Some(Code::AccountErased) => (ErrorKind::Locked, Code::AccountErased.as_str()),
            Some(Code::Forbidden) => (ErrorKind::Policy, "forbidden"),
            Some(Code::LastOwner) => (ErrorKind::Policy, "last_owner"),
            Some(Code::RateLimited | Code::CommitRate) => (ErrorKind::RateLimited, "rate_limited"),
            Some(Code::LogHalted) => (ErrorKind::Io, Code::LogHalted.as_str()),
            Some(Code::InboxFull) => (ErrorKind::Io, Code::InboxFull.as_str()),
            Some(Code::StorageFull | Code::Unavailable | Code::Internal) => {
                (ErrorKind::Io, "relay_unavailable")
            }
            Some(Code::BadCertificate) => (ErrorKind::Untrusted, "bad_certificate"),
            Some(other) => (ErrorKind::Usage, other.as_str()),
            None => (ErrorKind::Io, "relay_refused"),
        };
        let mut error = Self::new(
            kind,
            name,
            format!("the relay refused: {}", problem.title),
            "",
        );
        error.hint.clone_from(&problem.detail);
        error.retry_after_ms = problem.retry_after_ms;
        error
    }

    /// What background work tries again: also what a person can mend without a new command, like
    /// a network that shows its own certificate, or a suspension that ends.
    pub fn may_pass(&self) -> bool {
        // One damaged answer of the log must not cost anybody an invitation.
        const MENDED: [&str; 2] = ["relay_certificate", "directory_log"];
        self.is_transient() || self.kind == ErrorKind::Locked || MENDED.contains(&self.code)
    }

    /// A repeat later may succeed without anybody doing anything.
    pub fn is_transient(&self) -> bool {
        const LASTING: [&str; 4] = [
            "profile_damaged",
            "profile_newer",
            "profile_key_damaged",
            "profile_exists",
        ];
        match self.kind {
            ErrorKind::RateLimited => true,
            ErrorKind::Io => !LASTING.contains(&self.code),
            _ => false,
        }
    }
}

impl From<sqlx::Error> for CoreError {
    fn from(error: sqlx::Error) -> Self {
        let full = matches!(&error, sqlx::Error::Database(inner)
            if inner.code().as_deref() == Some("13"));
        if full {
            return Self::new(
                ErrorKind::Io,
                "disk_full",
                "the disk is full; the last step was undone and nothing was lost",
                "free some space, then repeat",
            );
        }
        Self::new(
            ErrorKind::Io,
            "storage",
            format!("the profile's database failed: {error}"),
            "check the disk and its permissions; the last step was undone",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn untrusted(code: &'static str) -> CoreError {
        CoreError::new(ErrorKind::Untrusted, code, "", "")
    }

    #[test]
    fn one_damaged_answer_costs_nobody_an_invitation() {
        assert!(untrusted("directory_log").may_pass());
        for lasting in ["directory_conflict", "bad_directory", "bad_welcome"] {
            assert!(!untrusted(lasting).may_pass(), "{lasting}");
        }
    }
}
