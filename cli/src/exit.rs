//! How a command ends: one function maps errors to exit codes.

use std::{io, process::ExitCode};

use sealwire_core::{CoreError, ErrorKind};

use crate::output::Output;

/// As `sealwire-audit` ends at a broken link.
const BROKEN: u8 = 8;

/// What a command gives back once it has printed its result.
pub(crate) type Outcome<T = ()> = Result<T, Failure>;

/// Why a command did not end well.
#[derive(Debug)]
pub(crate) enum Failure {
    /// In words, with a next step.
    Error(CoreError),
    /// Whoever reads standard output has gone; nothing to say and nobody to say it to.
    OutputClosed,
    /// Ctrl-C.
    Interrupted,
    /// Evidence that does not hold.
    Broken(CoreError),
    /// Nothing was found, and that was to be told by the exit code.
    Empty,
}

impl From<CoreError> for Failure {
    fn from(error: CoreError) -> Self {
        Self::Error(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::OutputClosed;
        }
        Self::Error(CoreError::new(
            ErrorKind::Io,
            "input_output",
            format!("reading or writing failed: {error}"),
            "check where the input comes from and where the output goes",
        ))
    }
}

/// A mistake in the request.
pub(crate) fn usage(
    code: &'static str,
    message: impl Into<String>,
    hint: impl Into<String>,
) -> CoreError {
    CoreError::new(ErrorKind::Usage, code, message, hint)
}

/// The exit code of an error.
pub(crate) const fn code(kind: ErrorKind) -> u8 {
    match kind {
        ErrorKind::Usage => 2,
        ErrorKind::Io => 3,
        ErrorKind::Locked => 4,
        ErrorKind::Untrusted => 5,
        ErrorKind::RateLimited => 6,
        ErrorKind::Policy => 7,
        // Halted, Internal, and what may come.
        _ => 1,
    }
}

/// Prints what is left to say and gives the exit code.
pub(crate) fn report(out: &Output, outcome: Outcome) -> ExitCode {
    match outcome {
        Ok(()) | Err(Failure::OutputClosed) => ExitCode::SUCCESS,
        Err(Failure::Interrupted) => ExitCode::from(130),
        Err(Failure::Empty) => ExitCode::FAILURE,
        Err(Failure::Broken(error)) => {
            out.error(&error);
            ExitCode::from(BROKEN)
        }
        Err(Failure::Error(error)) => {
            out.error(&error);
            ExitCode::from(code(error.kind))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_code() {
        let codes = [
            (ErrorKind::Internal, 1),
            (ErrorKind::Halted, 1),
            (ErrorKind::Usage, 2),
            (ErrorKind::Io, 3),
            (ErrorKind::Locked, 4),
            (ErrorKind::Untrusted, 5),
            (ErrorKind::RateLimited, 6),
            (ErrorKind::Policy, 7),
        ];
        for (kind, expected) in codes {
            assert_eq!(code(kind), expected, "{kind:?}");
        }
    }

    #[test]
    fn a_reader_that_has_gone_is_no_error() {
        let gone = io::Error::from(io::ErrorKind::BrokenPipe);
        assert!(matches!(Failure::from(gone), Failure::OutputClosed));
    }
}
