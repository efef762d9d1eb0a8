//! Whether a checkpoint is to be cosigned.

use std::fmt;

use super::Request;
use crate::Malformed;
use crate::checkpoint::Checkpoint;
use crate::merkle::{empty_root, verify_consistency};
use crate::note::{KeyKind, Note, SignatureLine, SignerKey, VerifierKey};

/// A log as a witness knows it.
#[derive(Clone, Debug)]
pub struct WitnessedLog {
    keys: Vec<VerifierKey>,
    /// The newest head that was cosigned, with the log's signature.
    newest: Option<(Note, Checkpoint)>,
}

/// A request that is to be cosigned, once its head is kept.
#[derive(Debug)]
pub struct Accepted<'a>(&'a Request);

/// Why a request is not cosigned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// 403: none of the log's keys has signed, or one of the signatures is false.
    NotSigned,
    /// 400: the old size is larger than the checkpoint's.
    BadOldSize,
    /// 409: the old size is not that of the newest head cosigned, which is this one.
    OtherSize(u64, Option<Box<Evidence>>),
    /// 422: the proof does not lead from the newest head cosigned to this one.
    NotConsistent(Box<Evidence>),
    /// 409: the same size as the newest head cosigned, with another root. The answer
    /// tells no size, because asking again would change nothing.
    OtherRoot(Box<Evidence>),
}

/// What is kept of a request that should not exist. Printed as a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// Whether the log has certainly forked: two signed heads of one size with two
    /// roots. If not, whoever asked may have sent a wrong proof for a right head.
    pub fork: bool,
    /// The newest head that was cosigned; none for a log that is new to the witness.
    pub known: Option<Note>,
    /// What was asked.
    pub request: Request,
}

impl WitnessedLog {
    /// A log with these keys, whose newest head cosigned is `newest`.
    ///
    /// # Errors
    /// [`Malformed`] without a key, for keys of several names or kinds, or for a head
    /// that is not one of this log.
    pub fn new(keys: Vec<VerifierKey>, newest: Option<Note>) -> Result<Self, Malformed> {
        let wrong = |why| Malformed::new("witnessed log", why);
        let first = keys.first().ok_or(wrong("has no key"))?;
        let alike = |key: &VerifierKey| key.name() == first.name() && key.kind() == KeyKind::Note;
        if !keys.iter().all(alike) {
            return Err(wrong("has keys of several names, or for cosignatures"));
        }
        let newest = match newest {
            None => None,
            Some(note) => {
                let checkpoint = Checkpoint::parse(note.text())?;
                Some((note, checkpoint))
            }
        };
        let log = Self { keys, newest };
        if let Some((note, checkpoint)) = &log.newest
            && (checkpoint.origin() != log.origin() || !log.has_signed(note))
        {
            return Err(wrong("the head is not signed by this log"));
        }
        Ok(log)
    }

    /// The name of the log.
    #[must_use]
    pub fn origin(&self) -> &str {
        self.keys[0].name().as_str()
    }

    /// The log's keys.
    #[must_use]
    pub fn keys(&self) -> &[VerifierKey] {
        &self.keys
    }

    /// Size of the newest head cosigned; 0 if there is none.
    #[must_use]
    pub fn size(&self) -> u64 {
        let size = |(_, checkpoint): &(Note, Checkpoint)| checkpoint.size();
        self.newest.as_ref().map_or(0, size)
    }

    /// The newest head cosigned.
    #[must_use]
    pub fn newest(&self) -> Option<&Note> {
        self.newest.as_ref().map(|(note, _)| note)
    }

    /// Whether a key of the log has signed, and none of the signatures is false.
    fn has_signed(&self, note: &Note) -> bool {
        let signed: Result<Vec<_>, _> = self.keys.iter().map(|key| note.signed_by(key)).collect();
        signed.is_ok_and(|signed| signed.iter().any(Option::is_some))
    }

    /// Judges a request about this log, in the order of the text.
    ///
    /// # Errors
    /// [`Refusal`] is what to answer, and what to keep.
    pub fn judge<'a>(&self, request: &'a Request) -> Result<Accepted<'a>, Refusal> {
        let asked = request.checkpoint();
        if asked.origin() != self.origin() || !self.has_signed(request.head()) {
            return Err(Refusal::NotSigned);
        }
        if request.old() > asked.size() {
            return Err(Refusal::BadOldSize);
        }
        let (size, root) = match &self.newest {
            Some((_, known)) => (known.size(), *known.root()),
            None => (0, empty_root()),
        };
        let other_root = asked.size() == size && *asked.root() != root;
        let fork = other_root && self.newest.is_some();
        if request.old() != size {
            // A log that forks may know where the witness is and ask elsewhere.
            let evidence = fork.then(|| self.evidence(request, true));
            return Err(Refusal::OtherSize(size, evidence));
        }
        if fork && request.proof().is_empty() {
            return Err(Refusal::OtherRoot(self.evidence(request, true)));
        }
        verify_consistency(size, &root, asked.size(), asked.root(), request.proof())
            .map_err(|_| Refusal::NotConsistent(self.evidence(request, fork)))?;
        Ok(Accepted(request))
    }

    fn evidence(&self, request: &Request, fork: bool) -> Box<Evidence> {
        Box::new(Evidence {
            fork,
            known: self.newest().cloned(),
            request: request.clone(),
        })
    }

    /// Takes the head of an accepted request as the newest; to be called once it is
    /// durable, before anything else is judged.
    pub fn advance(&mut self, accepted: &Accepted<'_>) {
        let Accepted(request) = accepted;
        self.newest = Some((request.head().clone(), request.checkpoint().clone()));
    }
}

impl Accepted<'_> {
    /// The head to keep.
    #[must_use]
    pub const fn head(&self) -> &Note {
        self.0.head()
    }

    /// The answer, 200: the cosignature of `key` at `now`, in seconds since 1970.
    ///
    /// # Errors
    /// [`Malformed`] if the key is not one for cosignatures.
    pub fn cosign(&self, key: &SignerKey, now: u64) -> Result<SignatureLine, Malformed> {
        self.0.checkpoint().cosign(key, now)
    }
}

impl Refusal {
    /// The status to answer with.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            Self::NotSigned => 403,
            Self::BadOldSize => 400,
            Self::OtherSize(..) | Self::OtherRoot(_) => 409,
            Self::NotConsistent(_) => 422,
        }
    }

    /// The size of the newest head cosigned, where the answer has to tell it: as
    /// `text/x.tlog.size`, in decimal, with a newline.
    #[must_use]
    pub const fn size(&self) -> Option<u64> {
        match self {
            Self::OtherSize(size, _) => Some(*size),
            _ => None,
        }
    }

    /// What is to be kept.
    #[must_use]
    pub fn evidence(&self) -> Option<&Evidence> {
        match self {
            Self::NotConsistent(evidence) | Self::OtherRoot(evidence) => Some(evidence),
            Self::OtherSize(_, evidence) => evidence.as_deref(),
            _ => None,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotSigned => "no key of this log has signed the checkpoint",
            Self::BadOldSize => "the old size is larger than the checkpoint's",
            Self::OtherSize(..) => "the old size is not that of the newest checkpoint cosigned",
            Self::NotConsistent(_) => {
                "the proof does not lead from the newest checkpoint cosigned to this one"
            }
            Self::OtherRoot(_) => {
                "another checkpoint of this size has been cosigned: this log has forked"
            }
        })
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = if self.fork { "fork" } else { "not consistent" };
        writeln!(f, "sealwire witness evidence v1: {what}\n")?;
        match &self.known {
            Some(known) => writeln!(f, "--- cosigned\n{known}")?,
            None => writeln!(f, "--- cosigned nothing\n")?,
        }
        write!(f, "--- asked to cosign\n{}", self.request)
    }
}
