//! The body of `add-checkpoint`.

use std::fmt;

use crate::Malformed;
use crate::checkpoint::Checkpoint;
use crate::merkle::{Hash, MAX_PATH};
use crate::note::{MAX_NOTE, Note};
use crate::text::{decimal, hashes, line};

/// Longest body, in bytes.
pub const MAX_REQUEST: usize = MAX_NOTE + 4 * 1024;

const WHAT: &str = "request";

/// A log asks a witness to cosign its newest checkpoint. Printed as its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    old: u64,
    proof: Vec<Hash>,
    head: Note,
    checkpoint: Checkpoint,
}

impl Request {
    /// Asks for a cosignature on `head`, of which the witness has seen the first `old`
    /// leaves, and proves that they are still there.
    ///
    /// # Errors
    /// [`Malformed`] if `head` is no checkpoint or the proof has more than 63 hashes.
    pub fn new(old: u64, proof: Vec<Hash>, head: Note) -> Result<Self, Malformed> {
        if proof.len() > MAX_PATH {
            return Err(Malformed::new(WHAT, "has more than 63 hashes"));
        }
        let checkpoint = Checkpoint::parse(head.text())?;
        Ok(Self {
            old,
            proof,
            head,
            checkpoint,
        })
    }

    /// Reads a body.
    ///
    /// # Errors
    /// [`Malformed`] says what is wrong; the answer is 400.
    pub fn parse(body: &[u8]) -> Result<Self, Malformed> {
        let wrong = |why| Malformed::new(WHAT, why);
        if body.len() > MAX_REQUEST {
            return Err(wrong("is too long"));
        }
        let mut rest = str::from_utf8(body).map_err(|_| wrong("is not UTF-8"))?;
        let old = line(&mut rest)
            .and_then(|line| line.strip_prefix("old "))
            .and_then(decimal)
            .ok_or(wrong("does not begin with the old size"))?;
        let proof = hashes(&mut rest, WHAT)?;
        Self::new(old, proof, Note::parse(rest.as_bytes())?)
    }

    /// How many leaves the log believes that the witness has seen.
    #[must_use]
    pub const fn old(&self) -> u64 {
        self.old
    }

    /// The proof that these leaves are still there.
    #[must_use]
    pub fn proof(&self) -> &[Hash] {
        &self.proof
    }

    /// The checkpoint with its signatures.
    #[must_use]
    pub const fn head(&self) -> &Note {
        &self.head
    }

    /// What the checkpoint says.
    #[must_use]
    pub const fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "old {}", self.old)?;
        self.proof
            .iter()
            .try_for_each(|hash| writeln!(f, "{hash}"))?;
        write!(f, "\n{}", self.head)
    }
}
