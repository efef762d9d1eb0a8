//! One entry of a group's log, and the running hash that members compare.

use crate::ids::{EntryId, Lane, LogId};

/// What an entry carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum EntryKind {
    /// An MLS commit (RFC 9420 §12.4); opens a child lane.
    Commit = 1,
    /// An MLS application message (RFC 9420 §15).
    Application = 2,
}

impl EntryKind {
    /// Parses the wire number.
    pub const fn from_wire(value: u32) -> Option<Self> {
        match value {
            1 => Some(Self::Commit),
            2 => Some(Self::Application),
            _ => None,
        }
    }
}

/// Running hash over the entries of one lane in order, 32 bytes.
///
/// Each content carries its sender's value, so that two members who were shown different logs
/// notice (see `docs/protocol.md`, "Equivocation").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunningHash(pub [u8; 32]);

impl RunningHash {
    /// Value before the first entry of a lane.
    pub fn start(log: &LogId, lane: &Lane) -> Self {
        Self(sealwire_crypto::sha256(&[
            b"sealwire lane v1\0",
            log.as_bytes(),
            lane.as_bytes(),
        ]))
    }

    /// Value after one more entry. `next` is the child lane of a commit.
    pub fn append(
        &self,
        seq: u64,
        entry_id: &EntryId,
        kind: EntryKind,
        next: Option<&Lane>,
        payload: &[u8],
    ) -> Self {
        let payload_hash = sealwire_crypto::sha256(&[payload]);
        Self(sealwire_crypto::sha256(&[
            &self.0,
            &seq.to_be_bytes(),
            entry_id.as_bytes(),
            &[kind as u8],
            next.map_or(&[0u8; 32], |lane| lane.as_bytes()),
            &payload_hash,
        ]))
    }
}

#[cfg(test)]
mod tests;
