//! Which logs and witnesses somebody trusts (C2SP `tlog-policy`).

mod check;
mod parse;
#[cfg(test)]
mod tests;

pub use check::{Distrust, Trusted};

use crate::note::VerifierKey;

/// Longest policy file, in bytes.
pub const MAX_POLICY: usize = 128 * 1024;
/// Most logs, most witnesses and most groups; 64 each.
pub const MAX_EACH: usize = 64;

/// A log whose checkpoints count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// Its key; the key's name is the log's origin.
    pub key: VerifierKey,
    /// Where it is served, if the policy says so. Opaque.
    pub url: Option<Vec<u8>>,
}

/// A witness whose cosignatures count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// What the policy calls it. Opaque; often not the name of its key.
    pub name: Vec<u8>,
    /// Its key.
    pub key: VerifierKey,
    /// Where it takes checkpoints, if the policy says so. Opaque.
    pub url: Option<Vec<u8>>,
}

/// A witness or group, by its place in the policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Member {
    Witness(usize),
    Group(usize),
}

/// So many of these.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Group {
    name: Vec<u8>,
    threshold: usize,
    members: Vec<Member>,
}

/// The logs that somebody trusts, and the quorum of witnesses that a checkpoint
/// needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    logs: Vec<Log>,
    witnesses: Vec<Witness>,
    /// Members of a group stand before it.
    groups: Vec<Group>,
    /// `None` needs nobody.
    quorum: Option<Member>,
}

impl Policy {
    /// The logs whose checkpoints count.
    #[must_use]
    pub fn logs(&self) -> &[Log] {
        &self.logs
    }

    /// The witnesses.
    #[must_use]
    pub fn witnesses(&self) -> &[Witness] {
        &self.witnesses
    }

    /// Whether a checkpoint needs cosignatures.
    #[must_use]
    pub const fn needs_witnesses(&self) -> bool {
        self.quorum.is_some()
    }
}
