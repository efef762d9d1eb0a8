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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        AccountKey,
        testing::{secret, to_hex},
    };

    fn account(seed: u8) -> AccountPublic {
        AccountKey::from_seed(&secret(seed)).public()
    }

    fn alice_and_bob() -> SafetyNumber {
        SafetyNumber::new(("alice@acme", &account(1)), ("bob@acme", &account(2)))
    }

    /// Computed with an independent implementation in Python, as is the payload.
    #[test]
    fn the_digits_of_fixed_keys() {
        insta::assert_snapshot!(
            alice_and_bob(),
            @"52495 07618 78376 37115 60965 34886 12210 43575 82207 38140 68456 00743"
        );
    }

    #[test]
    fn the_payload_of_fixed_keys() {
        insta::assert_snapshot!(
            to_hex(&alice_and_bob().qr_payload()),
            @"01cb98658a6f271a368ea25eed8ba7689f7c2d335bc292fc42254015540566d5d3e167afbdb26479f22b77e8873dba3f15d5c4805c097cadc468a063af4ee7af22"
        );
    }

    #[test]
    fn both_people_see_the_same() {
        let seen_by_bob = SafetyNumber::new(("bob@acme", &account(2)), ("alice@acme", &account(1)));
        assert_eq!(alice_and_bob(), seen_by_bob);
        assert_eq!(alice_and_bob().to_string(), seen_by_bob.to_string());
        assert!(alice_and_bob().matches_qr(&seen_by_bob.qr_payload()));
    }

    #[test]
    fn another_key_or_handle_shows() {
        let (alice, bob, mallory) = (account(1), account(2), account(3));
        let others = [
            SafetyNumber::new(("alice@acme", &alice), ("bob@acme", &mallory)),
            SafetyNumber::new(("alice@acme", &mallory), ("bob@acme", &bob)),
            SafetyNumber::new(("alice@acme", &alice), ("rob@acme", &bob)),
            SafetyNumber::new(("alice@acme", &bob), ("bob@acme", &alice)),
        ];
        for other in others {
            assert_ne!(alice_and_bob().to_string(), other.to_string());
            assert!(!alice_and_bob().matches_qr(&other.qr_payload()));
        }
    }

    #[test]
    fn only_the_exact_payload_matches() {
        let number = alice_and_bob();
        let payload = number.qr_payload();
        assert!(number.matches_qr(&payload));
        for place in 0..payload.len() {
            let mut changed = payload.clone();
            changed[place] ^= 1;
            assert!(!number.matches_qr(&changed), "byte {place}");
        }
        assert!(!number.matches_qr(&payload[..64]));
        assert!(!number.matches_qr(&[&payload[..], &[0]].concat()));
        assert!(!number.matches_qr(&[]));
    }

    #[test]
    fn sixty_digits_in_twelve_groups() {
        let text = alice_and_bob().to_string();
        let groups: Vec<&str> = text.split(' ').collect();
        assert_eq!(groups.len(), 12);
        assert!(
            groups
                .iter()
                .all(|g| g.len() == 5 && g.bytes().all(|b| b.is_ascii_digit()))
        );
    }
}
