//! What members tell each other at the moment, and nobody stores: that somebody is typing.
//!
//! `docs/protocol.md` §3.2.

use rand_core::CryptoRng;
use sealwire_crypto::EphemeralKey;

use crate::{
    ids::{Lane, LogId},
    limits::EPHEMERAL,
};

/// Exporter label of the key (RFC 9420 §8.5); the context is the log id, the length 32 bytes.
pub const EPHEMERAL_LABEL: &str = "sealwire ephemeral";

const VERSION: u8 = 1;
const TYPING: u8 = 1;
const STOPPED: u8 = 2;
/// Version, what it says, leaf (4), cursor (8).
const HEADER: usize = 1 + 1 + 4 + 8;
/// All signals are of one length, so that none tells which it is.
const PADDED: usize = EPHEMERAL - EphemeralKey::OVERHEAD;

/// Why bytes are no signal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EphemeralError {
    /// Not of the one length, of another epoch, or changed.
    #[error("the signal does not open")]
    DoesNotOpen,
    /// Of a version or meaning that this program does not know.
    #[error("the signal is of a kind that a newer version knows")]
    Unknown,
    /// The padding is not zero.
    #[error("the signal is not in canonical form")]
    NotCanonical,
}

/// One signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Typing {
    /// Leaf of its sender, as the sender says: any member can say any leaf.
    pub leaf: u32,
    /// Highest `seq` of the lane that its sender has processed.
    pub cursor: u64,
    /// Typing, or no longer.
    pub on: bool,
}

impl Typing {
    /// Seals the signal for a lane, to [`EPHEMERAL`] bytes.
    pub fn seal(
        &self,
        key: &EphemeralKey,
        log: &LogId,
        lane: &Lane,
        rng: &mut impl CryptoRng,
    ) -> Vec<u8> {
        let mut content = Vec::with_capacity(PADDED);
        content.extend_from_slice(&[VERSION, if self.on { TYPING } else { STOPPED }]);
        content.extend_from_slice(&self.leaf.to_be_bytes());
        content.extend_from_slice(&self.cursor.to_be_bytes());
        content.resize(PADDED, 0);
        key.seal(&associated(log, lane), &content, rng)
    }

    /// Opens a signal of a lane.
    ///
    /// # Errors
    /// [`EphemeralError`].
    pub fn open(
        key: &EphemeralKey,
        log: &LogId,
        lane: &Lane,
        sealed: &[u8],
    ) -> Result<Self, EphemeralError> {
        if sealed.len() != EPHEMERAL {
            return Err(EphemeralError::DoesNotOpen);
        }
        let content = key
            .open(&associated(log, lane), sealed)
            .map_err(|_| EphemeralError::DoesNotOpen)?;
        let (header, padding) = content
            .split_first_chunk::<HEADER>()
            .ok_or(EphemeralError::DoesNotOpen)?;
        let [VERSION, what, l0, l1, l2, l3, cursor @ ..] = *header else {
            return Err(EphemeralError::Unknown);
        };
        let on = match what {
            TYPING => true,
            STOPPED => false,
            _ => return Err(EphemeralError::Unknown),
        };
        if padding.iter().any(|byte| *byte != 0) {
            return Err(EphemeralError::NotCanonical);
        }
        Ok(Self {
            leaf: u32::from_be_bytes([l0, l1, l2, l3]),
            cursor: u64::from_be_bytes(cursor),
            on,
        })
    }
}

fn associated(log: &LogId, lane: &Lane) -> Vec<u8> {
    [log.as_bytes().as_slice(), lane.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::{SeedableRng, rngs::StdRng};

    use super::*;

    const LOG: LogId = LogId([1; 32]);
    const LANE: Lane = Lane([2; 32]);

    fn key() -> EphemeralKey {
        EphemeralKey::from_slice(&[7; 32]).unwrap()
    }

    fn sealed(content: &[u8]) -> Vec<u8> {
        let mut rng = StdRng::seed_from_u64(1);
        key().seal(&associated(&LOG, &LANE), content, &mut rng)
    }

    #[test]
    fn the_form_that_is_sent() {
        let mut rng = StdRng::seed_from_u64(1);
        let typing = Typing {
            leaf: 3,
            cursor: 500,
            on: true,
        };
        let sent = typing.seal(&key(), &LOG, &LANE, &mut rng);
        assert_eq!(sent.len(), EPHEMERAL);
        insta::assert_snapshot!(data_encoding::HEXLOWER.encode(&sent));
        let content = key().open(&associated(&LOG, &LANE), &sent).unwrap();
        insta::assert_snapshot!(data_encoding::HEXLOWER.encode(&content));
    }

    #[test]
    fn what_is_not_the_one_form_is_refused() {
        let mut content = vec![0; PADDED];
        content[..2].copy_from_slice(&[2, TYPING]);
        let open = |content: &[u8]| Typing::open(&key(), &LOG, &LANE, &sealed(content));
        assert_eq!(open(&content), Err(EphemeralError::Unknown));
        content[..2].copy_from_slice(&[VERSION, 3]);
        assert_eq!(open(&content), Err(EphemeralError::Unknown));
        content[..2].copy_from_slice(&[VERSION, STOPPED]);
        assert!(open(&content).is_ok());
        content[PADDED - 1] = 1;
        assert_eq!(open(&content), Err(EphemeralError::NotCanonical));
        assert_eq!(open(&[VERSION, TYPING]), Err(EphemeralError::DoesNotOpen));
        let other = Typing::open(&key(), &LOG, &Lane([3; 32]), &sealed(&content));
        assert_eq!(other, Err(EphemeralError::DoesNotOpen));
    }

    proptest! {
        #[test]
        fn what_is_sealed_opens(leaf: u32, cursor: u64, on: bool, seed: u64) {
            let mut rng = StdRng::seed_from_u64(seed);
            let typing = Typing { leaf, cursor, on };
            let sent = typing.seal(&key(), &LOG, &LANE, &mut rng);
            prop_assert_eq!(Typing::open(&key(), &LOG, &LANE, &sent), Ok(typing));
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(Typing::open(&key(), &LOG, &LANE, &bytes).is_err());
        }
    }
}
