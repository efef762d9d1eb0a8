//! What is wrong with bytes that came from outside.

/// Bytes that do not have the form they should have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}: {why}")]
pub struct Malformed {
    /// Which form was expected, for example `"checkpoint"`.
    pub what: &'static str,
    /// What is wrong.
    pub why: &'static str,
}

impl Malformed {
    pub(crate) const fn new(what: &'static str, why: &'static str) -> Self {
        Self { what, why }
    }
}
