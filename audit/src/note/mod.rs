//! Signed notes: text under which others put their signatures (C2SP `signed-note`).

mod key;
mod line;
#[cfg(test)]
mod tests;

pub use key::{KeyKind, KeyName, SignerKey, VerifierKey};
pub use line::SignatureLine;

use std::fmt;

use crate::Malformed;
use crate::text::line as next_line;

/// Longest note, in bytes. Sixteen post-quantum signatures of others fit.
pub const MAX_NOTE: usize = 128 * 1024;
/// Most signatures under a note.
pub const MAX_SIGNATURES: usize = 64;

/// A text and the signatures under it. Printed as it travels.
///
/// Nothing here says that a signature is true; ask [`Note::signed_by`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<SignatureLine>,
}

/// A signature of the key that was asked for does not fit the text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the signature of {0} does not fit the text")]
pub struct FalseSignature(pub String);

/// What a true signature says beyond the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signed {
    /// Nothing more.
    Plain,
    /// When the cosigner saw this as the newest tree, in seconds since 1970.
    At(u64),
}

const WHAT: &str = "signed note";

impl Note {
    /// A note of `text`, which ends with a newline, with at least one signature.
    ///
    /// # Errors
    /// [`Malformed`] for a text that no note can hold, or with too many signatures.
    pub fn new(text: String, signatures: Vec<SignatureLine>) -> Result<Self, Malformed> {
        let wrong = |why| Malformed::new(WHAT, why);
        if !text.ends_with('\n') {
            return Err(wrong("the text does not end with a newline"));
        }
        if text.bytes().any(|byte| byte < b' ' && byte != b'\n') {
            return Err(wrong("holds a control character"));
        }
        if signatures.is_empty() {
            return Err(wrong("has no signature"));
        }
        if signatures.len() > MAX_SIGNATURES {
            return Err(wrong("has more than 64 signatures"));
        }
        let note = Self { text, signatures };
        if note.to_string().len() > MAX_NOTE {
            return Err(wrong("is longer than 128 KiB"));
        }
        Ok(note)
    }

    /// Reads a note.
    ///
    /// # Errors
    /// [`Malformed`] says what is wrong.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let wrong = |why| Malformed::new(WHAT, why);
        if bytes.len() > MAX_NOTE {
            return Err(wrong("is longer than 128 KiB"));
        }
        let note = str::from_utf8(bytes).map_err(|_| wrong("is not UTF-8"))?;
        // The last empty line stands between text and signatures.
        let end = note.rfind("\n\n").ok_or(wrong("has no signature"))?;
        let (text, rest) = note.split_at(end + 1);
        let mut rest = &rest[1..];
        let mut signatures = Vec::new();
        while !rest.is_empty() {
            let line = next_line(&mut rest).ok_or(wrong("does not end with a newline"))?;
            if signatures.len() == MAX_SIGNATURES {
                return Err(wrong("has more than 64 signatures"));
            }
            signatures.push(SignatureLine::parse(line)?);
        }
        Self::new(text.to_owned(), signatures)
    }

    /// The signed text, with its last newline.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signatures, of known and unknown keys.
    #[must_use]
    pub fn signatures(&self) -> &[SignatureLine] {
        &self.signatures
    }

    /// Adds a signature below the others, unless it is there already.
    ///
    /// # Errors
    /// [`Malformed`] if the note would grow too large.
    pub fn add(&mut self, signature: SignatureLine) -> Result<(), Malformed> {
        if self.signatures.contains(&signature) {
            return Ok(());
        }
        let mut signatures = self.signatures.clone();
        signatures.push(signature);
        *self = Self::new(self.text.clone(), signatures)?;
        Ok(())
    }

    /// What `key` says with its signature; `None` if it has not signed. Of several
    /// cosignatures of one key the newest counts.
    ///
    /// # Errors
    /// [`FalseSignature`] if there is a signature under this key's name and id that
    /// it did not make. Such a note is to be refused as a whole.
    pub fn signed_by(&self, key: &VerifierKey) -> Result<Option<Signed>, FalseSignature> {
        let mut found = None;
        for line in self.signatures.iter().filter(|line| line.is_of(key)) {
            let signed = key
                .verify(&self.text, line.signature())
                .ok_or_else(|| FalseSignature(key.name().to_string()))?;
            found = match (found, signed) {
                (Some(Signed::At(before)), Signed::At(now)) => Some(Signed::At(now.max(before))),
                (_, signed) => Some(signed),
            };
        }
        Ok(found)
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures
            .iter()
            .try_for_each(|line| write!(f, "{line}"))
    }
}
