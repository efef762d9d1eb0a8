//! Safety numbers: sixty digits that two people compare to see that the relay has
//! given them each other's true keys.
//!
//! In the manner of Signal's numeric fingerprint (Signal's `NumericFingerprint`,
//! version 0; Marlinspike, "Safety number updates", 2016): 5,200 rounds of
//! SHA-512 per side, 30 digits of each.

use std::fmt;

use sha2::{Digest, Sha512};
use subtle::ConstantTimeEq;

use crate::AccountPublic;

const VERSION: u8 = 1;
/// Makes the search for a key whose number looks alike 5,200 times as dear.
const ROUNDS: usize = 5200;
/// Bytes of a side in the QR code.
const SIDE: usize = 32;
const GROUPS: usize = 6;
const GROUP_BYTES: usize = 5;

/// What two accounts compare, the same on both sides.
#[derive(Clone, PartialEq, Eq)]
pub struct SafetyNumber {
    /// In ascending order, so that both people see the same.
    sides: [[u8; SIDE]; 2],
}

impl SafetyNumber {
    /// The number of two accounts, given as handle and key in either order.
    #[must_use]
    pub fn new(a: (&str, &AccountPublic), b: (&str, &AccountPublic)) -> Self {
        let mut sides = [side(a), side(b)];
        sides.sort_unstable();
        Self { sides }
    }

    /// What a QR code carries: version (1 byte), then 32 bytes for each account;
    /// 65 bytes.
    #[must_use]
    pub fn qr_payload(&self) -> Vec<u8> {
        [&[VERSION][..], &self.sides[0], &self.sides[1]].concat()
    }

    /// Whether a scanned payload is of the same two accounts and keys. Another
    /// version does not match.
    #[must_use]
    pub fn matches_qr(&self, payload: &[u8]) -> bool {
        self.qr_payload().ct_eq(payload).into()
    }
}

/// Twelve groups of five digits with spaces between.
impl fmt::Display for SafetyNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let groups = self
            .sides
            .iter()
            .flat_map(|s| s.chunks_exact(GROUP_BYTES).take(GROUPS));
        for (i, group) in groups.enumerate() {
            if i > 0 {
                f.write_str(" ")?;
            }
            let number = group
                .iter()
                .fold(0u64, |sum, byte| sum << 8 | u64::from(*byte));
            write!(f, "{:05}", number % 100_000)?;
        }
        Ok(())
    }
}

impl fmt::Debug for SafetyNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SafetyNumber({self})")
    }
}

/// The key comes first and has a fixed size, so no handle can be taken for a part
/// of it.
fn side((handle, key): (&str, &AccountPublic)) -> [u8; SIDE] {
    let mut hash = Sha512::new()
        .chain_update(b"sealwire safety number")
        .chain_update([VERSION])
        .chain_update(key.as_bytes())
        .chain_update(handle.as_bytes())
        .finalize();
    for _ in 0..ROUNDS {
        hash = Sha512::new()
            .chain_update(hash)
            .chain_update(key.as_bytes())
            .finalize();
    }
    let mut side = [0; SIDE];
    side.copy_from_slice(&hash[..SIDE]);
    side
}
