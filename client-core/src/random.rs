//! Randomness in the few shapes used here. Generators are not kept across an `.await`.

use rand::RngExt as _;

/// A sender's name for a message, 16 bytes.
pub(crate) fn salt() -> [u8; 16] {
    rand::rng().random()
}

/// Evenly from 0 to `max`, both included.
pub(crate) fn up_to(max: u64) -> u64 {
    rand::rng().random_range(0..=max)
}
