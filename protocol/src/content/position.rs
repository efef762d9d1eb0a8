//! Where a sender stood in the log.

use crate::{ids::Lane, log::RunningHash};

/// Where a sender stood in the log when writing, so that two members who were shown different
/// logs notice. As CBOR: `[lane: bstr .size 32, seq: uint, hash: bstr .size 32]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The lane.
    pub lane: Lane,
    /// The last entry that the sender had processed in it; 0 if none.
    pub seq: u64,
    /// The running hash after that entry.
    pub hash: RunningHash,
}
