//! Which head of the directory's log a sender believed.

/// The newest head of the directory's transparency log that the sender has checked, so that two
/// members who were shown different logs notice. As CBOR: `[size: uint, root: bstr .size 32,
/// signature: bstr .size 64]`.
///
/// With the log's own signature: two heads that cannot both be true are proof against the relay, and
/// a member who makes one up is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogHead {
    /// How many entries the log had.
    pub size: u64,
    /// Root of the tree over them (RFC 6962 §2.1).
    pub root: [u8; 32],
    /// Signature of the log's key under the checkpoint (C2SP tlog-checkpoint, signed-note).
    pub signature: [u8; 64],
}
