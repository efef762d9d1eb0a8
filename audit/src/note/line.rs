//! A line that carries a signature.

use std::fmt;

use data_encoding::BASE64;

use super::{KeyName, VerifierKey};
use crate::Malformed;
use crate::text::base64;

/// A signature under a note: `— name base64(key id, signature)`. Printed with its
/// newline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureLine {
    name: KeyName,
    id: u32,
    signature: Vec<u8>,
}

/// Longest signature, in bytes: those of ML-DSA-87 are 4,627.
const LONGEST: usize = 5_000;
const WHAT: &str = "signature line";

impl SignatureLine {
    pub(super) fn new(name: KeyName, id: u32, signature: Vec<u8>) -> Self {
        Self {
            name,
            id,
            signature,
        }
    }

    /// Reads a line, without its newline.
    ///
    /// # Errors
    /// [`Malformed`] says what is wrong.
    pub fn parse(line: &str) -> Result<Self, Malformed> {
        let wrong = |why| Malformed::new(WHAT, why);
        let rest = line
            .strip_prefix("— ")
            .ok_or(wrong("does not begin with a dash"))?;
        let (name, signature) = rest.split_once(' ').ok_or(wrong("has no signature"))?;
        let name = KeyName::new(name)?;
        if signature.len() > LONGEST * 4 / 3 + 12 {
            return Err(wrong("the signature is too long"));
        }
        let bytes = base64(signature).ok_or(wrong("the signature is not base64"))?;
        match bytes.split_first_chunk() {
            Some((id, signature)) if (1..=LONGEST).contains(&signature.len()) => {
                Ok(Self::new(name, u32::from_be_bytes(*id), signature.to_vec()))
            }
            Some((_, [_, ..])) => Err(wrong("the signature is too long")),
            _ => Err(wrong("the signature is too short")),
        }
    }

    /// The name of the key.
    #[must_use]
    pub const fn name(&self) -> &KeyName {
        &self.name
    }

    /// The id of the key.
    #[must_use]
    pub const fn id(&self) -> u32 {
        self.id
    }

    /// The signature itself, with the time that some kinds put before it.
    #[must_use]
    pub fn signature(&self) -> &[u8] {
        &self.signature
    }

    /// Whether the line claims to be of `key`.
    #[must_use]
    pub fn is_of(&self, key: &VerifierKey) -> bool {
        self.name == *key.name() && self.id == key.id()
    }
}

impl fmt::Display for SignatureLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [&self.id.to_be_bytes(), self.signature.as_slice()].concat();
        writeln!(f, "— {} {}", self.name, BASE64.encode(&bytes))
    }
}
