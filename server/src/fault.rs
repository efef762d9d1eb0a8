//! What is wrong with stored data, in words for the operator.

use std::fmt::Display;

/// Which part is wrong, and in what way. Quotes no content.
#[derive(Debug, thiserror::Error)]
#[error("{part}: {why}")]
pub(crate) struct Fault {
    part: String,
    why: String,
}

impl Fault {
    /// Something is wrong with a part.
    pub(crate) fn new(part: impl Display, why: impl Display) -> Self {
        Self {
            part: part.to_string(),
            why: why.to_string(),
        }
    }

    /// Makes an error that a part caused a fault of this part.
    pub(crate) fn of<E: Display>(part: impl Display) -> impl Fn(E) -> Self {
        move |error| Self::new(&part, error)
    }
}
