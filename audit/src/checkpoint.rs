//! Checkpoints: the signed head of a log (C2SP `tlog-checkpoint`) and the
//! cosignatures of those who saw it (C2SP `tlog-cosignature`).

use std::fmt;

use crate::Malformed;
use crate::merkle::Hash;
use crate::note::{KeyKind, Note, SignatureLine, SignerKey};
use crate::text::{LARGEST, decimal, hash, line};

/// Longest text of a checkpoint, in bytes.
pub const MAX_CHECKPOINT: usize = 4 * 1024;

/// The head of a log: its name, its size and its root. Printed as the text that is
/// signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    origin: String,
    size: u64,
    root: Hash,
    /// Further lines, each with its newline.
    extensions: String,
}

const WHAT: &str = "checkpoint";

/// What a checkpoint's text must not begin with, because the same bytes would mean
/// something in another signed format.
const TAKEN: [&str; 3] = ["cosignature/v1", "DSSEv1 ", "sealwire v1 "];

impl Checkpoint {
    /// A checkpoint without extension lines.
    ///
    /// # Errors
    /// [`Malformed`] for an origin that is no single, non-empty line of up to 255
    /// bytes, or a size above 2^63 - 1.
    pub fn new(origin: &str, size: u64, root: Hash) -> Result<Self, Malformed> {
        check_origin(origin)?;
        if size > LARGEST {
            return Err(Malformed::new(WHAT, "the tree is too large"));
        }
        Ok(Self {
            origin: origin.to_owned(),
            size,
            root,
            extensions: String::new(),
        })
    }

    /// Reads the text of a note.
    ///
    /// # Errors
    /// [`Malformed`] says what is wrong.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let wrong = |why| Malformed::new(WHAT, why);
        if text.len() > MAX_CHECKPOINT {
            return Err(wrong("is longer than 4 KiB"));
        }
        let mut rest = text;
        let origin = line(&mut rest).ok_or(wrong("has no origin"))?;
        let size = line(&mut rest).ok_or(wrong("has no tree size"))?;
        let root = line(&mut rest).ok_or(wrong("has no root"))?;
        check_origin(origin)?;
        let size = decimal(size).ok_or(wrong("the tree size is misspelled"))?;
        let root = hash(root).ok_or(wrong("the root is misspelled"))?;
        let extensions = rest.to_owned();
        while !rest.is_empty() {
            let line = line(&mut rest).ok_or(wrong("does not end with a newline"))?;
            if line.is_empty() || line.contains(|c: char| c < ' ') {
                return Err(wrong("holds an empty line or a control character"));
            }
        }
        Ok(Self {
            origin: origin.to_owned(),
            size,
            root,
            extensions,
        })
    }

    /// The name of the log.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Number of leaves.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The root of the tree.
    #[must_use]
    pub const fn root(&self) -> &Hash {
        &self.root
    }

    /// Signs the checkpoint as its log.
    ///
    /// # Errors
    /// [`Malformed`] if the key is one for cosignatures or has another name than the
    /// log.
    pub fn sign(&self, key: &SignerKey) -> Result<Note, Malformed> {
        let verifier = key.verifier();
        if verifier.kind() != KeyKind::Note || verifier.name().as_str() != self.origin {
            return Err(Malformed::new("signer key", "is not the key of this log"));
        }
        let text = self.to_string();
        let signature = key.sign(&text);
        Note::new(text, vec![signature])
    }

    /// Signs, as a witness, that this was the newest tree of its log that it had seen
    /// at `time`, in seconds since 1970.
    ///
    /// # Errors
    /// [`Malformed`] if the key is not one for cosignatures or the time is absurd.
    pub fn cosign(&self, key: &SignerKey, time: u64) -> Result<SignatureLine, Malformed> {
        if key.verifier().kind() != KeyKind::Cosignature {
            return Err(Malformed::new("signer key", "is not for cosignatures"));
        }
        if time > LARGEST {
            return Err(Malformed::new("cosignature", "the time is too large"));
        }
        Ok(key.cosign(&self.to_string(), time))
    }
}

fn check_origin(origin: &str) -> Result<(), Malformed> {
    let wrong = |why| Err(Malformed::new(WHAT, why));
    if origin.is_empty() || origin.len() > 255 {
        return wrong("the origin is not 1 to 255 bytes long");
    }
    if origin.contains(|c: char| c < ' ') {
        return wrong("the origin holds a control character");
    }
    if TAKEN.iter().any(|taken| origin.starts_with(taken)) {
        return wrong("the origin is the beginning of another signed format");
    }
    Ok(())
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            origin,
            size,
            root,
            extensions,
        } = self;
        write!(f, "{origin}\n{size}\n{root}\n{extensions}")
    }
}

#[cfg(test)]
mod tests;
