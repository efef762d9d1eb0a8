//! Sign-in challenges: good once, for a minute.
//!
//! A challenge carries its time and a MAC, so that nothing is kept for those who only ask: nobody
//! can fill a table and keep others from signing in. What is remembered, for a minute, are the
//! challenges that were answered rightly.
//!
//! milliseconds since the Unix epoch (8, big endian) || random (8) || MAC (16), in which the MAC
//! covers the first two and the device id.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use rand::RngExt;
use sealwire_crypto::{SecretBytes, mac};
use sealwire_protocol::ids::DeviceId;
use subtle::ConstantTimeEq;

const LIFE_MS: u64 = 60_000;
const CONTEXT: &str = "relay challenge";

/// Makes challenges, and takes each once.
pub(super) struct Challenges {
    // Of this process: a restart ends all open challenges.
    key: SecretBytes<32>,
    /// Challenges used, and until when they have to be remembered.
    used: Mutex<HashMap<[u8; 32], u64>>,
}

impl Challenges {
    pub(super) fn new() -> Self {
        Self {
            key: SecretBytes::generate(&mut rand::rng()),
            used: Mutex::default(),
        }
    }

    fn tag(&self, front: &[u8], device: DeviceId) -> [u8; 16] {
        let message = [front, device.as_bytes()].concat();
        let whole = mac(&self.key, CONTEXT, &message);
        std::array::from_fn(|at| whole[at])
    }

    /// A fresh challenge for a device.
    pub(super) fn make(&self, device: DeviceId, now_ms: u64) -> [u8; 32] {
        let mut challenge = [0; 32];
        challenge[..8].copy_from_slice(&now_ms.to_be_bytes());
        challenge[8..16].copy_from_slice(&rand::rng().random::<[u8; 8]>());
        let tag = self.tag(&challenge[..16], device);
        challenge[16..].copy_from_slice(&tag);
        challenge
    }

    /// Whether this challenge was made for this device in the last minute.
    pub(super) fn check(&self, challenge: &[u8; 32], device: DeviceId, now_ms: u64) -> bool {
        let tag = self.tag(&challenge[..16], device);
        bool::from(challenge[16..].ct_eq(&tag))
            && now_ms
                .checked_sub(made_at(challenge))
                .is_some_and(|age| age < LIFE_MS)
    }

    /// Uses a challenge up, after the answer was found right; false if it was used before.
    pub(super) fn take(&self, challenge: &[u8; 32], now_ms: u64) -> bool {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        if used.len() == used.capacity() {
            used.retain(|_, until| *until > now_ms);
        }
        let until = made_at(challenge).saturating_add(LIFE_MS);
        used.insert(*challenge, until).is_none()
    }
}

fn made_at(challenge: &[u8; 32]) -> u64 {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&challenge[..8]);
    u64::from_be_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALICE: DeviceId = DeviceId([1; 16]);
    const BOB: DeviceId = DeviceId([2; 16]);
    const NOW: u64 = 1_000_000;

    #[test]
    fn a_challenge_is_good_once_for_its_device_for_a_minute() {
        let challenges = Challenges::new();
        let made = challenges.make(ALICE, NOW);
        assert!(challenges.check(&made, ALICE, NOW));
        assert!(challenges.check(&made, ALICE, NOW + LIFE_MS - 1));
        assert!(!challenges.check(&made, ALICE, NOW + LIFE_MS), "late");
        assert!(!challenges.check(&made, ALICE, NOW - 1), "from the future");
        assert!(!challenges.check(&made, BOB, NOW), "another device's");
        assert!(challenges.take(&made, NOW));
        assert!(!challenges.take(&made, NOW), "used");
        assert!(
            challenges.take(&challenges.make(ALICE, NOW), NOW),
            "another one"
        );
    }

    #[test]
    fn nobody_else_makes_challenges() {
        let challenges = Challenges::new();
        let made = challenges.make(ALICE, NOW);
        for at in 0..32 {
            let mut forged = made;
            forged[at] ^= 1;
            assert!(!challenges.check(&forged, ALICE, NOW), "byte {at}");
        }
        let restarted = Challenges::new();
        assert!(!restarted.check(&made, ALICE, NOW));
    }

    #[test]
    fn used_ones_are_forgotten_when_they_have_run_out() {
        let challenges = Challenges::new();
        for step in 0..10_000 {
            let now = NOW + step * 1000;
            assert!(challenges.take(&challenges.make(ALICE, now), now));
        }
        let used = challenges.used.lock().expect("lock").len();
        assert!(used < 300, "{used}");
    }
}
