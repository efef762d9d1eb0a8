//! Handles: how people name accounts.

use std::{fmt, str::FromStr};

use crate::limits::MAX_HANDLE;

/// Longest part of a handle before or after the `@`.
pub const MAX_NAME: usize = 63;

// The two parts and the `@` can then never exceed the bound that others rely on.
const _: () = assert!(2 * MAX_NAME < MAX_HANDLE);

/// Why text is not a handle; each says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HandleError {
    /// Not exactly one `@`.
    #[error("a handle is a name, one `@` and an organisation, like alice@acme")]
    Parts,
    /// Nothing before or after the `@`.
    #[error("the {0} of the handle is empty; write it like alice@acme")]
    Empty(Part),
    /// A part is longer than [`MAX_NAME`].
    #[error("the {0} of the handle is too long; use at most 63 characters")]
    TooLong(Part),
    /// A part begins with a mark.
    #[error("the {0} of the handle must begin with a letter a-z or a digit")]
    Start(Part),
    /// A character that handles do not have.
    #[error("{1:?} cannot be in the {0} of a handle; use a-z, 0-9, `.`, `_` and `-`")]
    Character(Part, char),
    /// A capital letter.
    #[error("the {0} of a handle has no capital letters; write {1:?} in lower case")]
    Capital(Part, char),
}

/// Which part of a handle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Before the `@`.
    Name,
    /// After the `@`.
    Organisation,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Name => "name",
            Self::Organisation => "organisation",
        })
    }
}

/// An account's name: `name@organisation`, like `alice@acme`, at most
/// [`MAX_HANDLE`] bytes.
///
/// Both parts are `[a-z0-9][a-z0-9._-]{0,62}`: ASCII only, so that no two handles look alike by
/// script, case or normalisation (UTS #39).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Handle {
    text: String,
    at: usize,
}

impl Handle {
    /// Parses a handle exactly as written; nothing is trimmed or lowered.
    ///
    /// # Errors
    /// [`HandleError`] says what is wrong and what to write.
    pub fn parse(text: &str) -> Result<Self, HandleError> {
        let (name, organisation) = text.split_once('@').ok_or(HandleError::Parts)?;
        if organisation.contains('@') {
            return Err(HandleError::Parts);
        }
        check_part(Part::Name, name)?;
        check_part(Part::Organisation, organisation)?;
        Ok(Self {
            text: text.into(),
            at: name.len(),
        })
    }

    /// The part before the `@`.
    #[must_use]
    pub fn local(&self) -> &str {
        &self.text[..self.at]
    }

    /// The part after the `@`.
    #[must_use]
    pub fn organisation(&self) -> &str {
        &self.text[self.at + 1..]
    }

    /// The whole handle.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// Checks the name of an organisation, which is the second part of its handles.
///
/// # Errors
/// [`HandleError`] says what is wrong and what to write.
pub fn check_organisation(text: &str) -> Result<(), HandleError> {
    check_part(Part::Organisation, text)
}

fn check_part(part: Part, text: &str) -> Result<(), HandleError> {
    for character in text.chars() {
        match character {
            'a'..='z' | '0'..='9' | '.' | '_' | '-' => {}
            'A'..='Z' => return Err(HandleError::Capital(part, character)),
            _ => return Err(HandleError::Character(part, character)),
        }
    }
    if text.len() > MAX_NAME {
        return Err(HandleError::TooLong(part));
    }
    match text.as_bytes().first() {
        None => Err(HandleError::Empty(part)),
        Some(b'.' | b'_' | b'-') => Err(HandleError::Start(part)),
        Some(_) => Ok(()),
    }
}

impl FromStr for Handle {
    type Err = HandleError;

    fn from_str(text: &str) -> Result<Self, HandleError> {
        Self::parse(text)
    }
}

impl fmt::Display for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Handle({})", self.text)
    }
}

#[cfg(test)]
mod tests;
