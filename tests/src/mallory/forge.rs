//! Bytes that look right from outside.

use rand::Rng as _;
use sealwire_protocol::{ids::LogId, log::EntryKind};

/// A variable-size vector in its shortest form (RFC 9420 §2.1.2).
fn vector(out: &mut Vec<u8>, bytes: &[u8]) {
    match bytes.len() {
        len @ 0..=63 => out.push(u8::try_from(len).expect("short")),
        len @ 64..=16_383 => {
            let len = u16::try_from(len).expect("short") | 0x4000;
            out.extend_from_slice(&len.to_be_bytes());
        }
        len => {
            let len = u32::try_from(len).expect("not huge") | 0x8000_0000;
            out.extend_from_slice(&len.to_be_bytes());
        }
    }
    out.extend_from_slice(bytes);
}

/// The parts of a `PrivateMessage` (RFC 9420 §6.3) of which an attacker may choose each.
pub struct PrivateMessage {
    /// `mls10` is 1.
    pub version: u16,
    /// `mls_private_message` is 2, `mls_public_message` 1.
    pub wire_format: u16,
    /// The group's log.
    pub group_id: Vec<u8>,
    /// The epoch.
    pub epoch: u64,
    /// Application 1, proposal 2, commit 3.
    pub content_type: u8,
    /// Travels in the clear.
    pub authenticated_data: Vec<u8>,
    /// 28 bytes if right.
    pub sender_data: Vec<u8>,
    /// Padded if right.
    pub ciphertext: Vec<u8>,
}

impl PrivateMessage {
    /// Random bytes inside a faultless form.
    pub fn garbage(log: &LogId, epoch: u64, kind: EntryKind) -> Self {
        Self {
            version: 1,
            wire_format: 2,
            group_id: log.as_bytes().to_vec(),
            epoch,
            content_type: match kind {
                EntryKind::Application => 1,
                EntryKind::Commit => 3,
            },
            authenticated_data: Vec::new(),
            sender_data: random(28),
            ciphertext: random(1_024),
        }
    }

    /// The bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        out.extend_from_slice(&self.version.to_be_bytes());
        out.extend_from_slice(&self.wire_format.to_be_bytes());
        vector(&mut out, &self.group_id);
        out.extend_from_slice(&self.epoch.to_be_bytes());
        out.push(self.content_type);
        vector(&mut out, &self.authenticated_data);
        vector(&mut out, &self.sender_data);
        vector(&mut out, &self.ciphertext);
        out
    }
}

/// `len` random bytes.
pub fn random(len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    rand::rng().fill_bytes(&mut bytes);
    bytes
}
