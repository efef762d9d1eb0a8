//! Sign-in challenges: in memory, good once, for a minute.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rand::RngExt;
use sealwire_protocol::ids::DeviceId;
use sealwire_protocol::problem::Code;

use crate::refusal::{Answer, Refusal};

const LIFE: Duration = Duration::from_secs(60);

/// Challenges that wait for their answer.
pub(super) struct Challenges {
    most: usize,
    open: Mutex<HashMap<[u8; 32], (DeviceId, Instant)>>,
}

impl Challenges {
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            open: Mutex::default(),
        }
    }

    /// A fresh challenge for a device.
    pub(super) fn make(&self, device: DeviceId, now: Instant) -> Answer<[u8; 32]> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.len() >= self.most {
            open.retain(|_, (_, until)| *until > now);
        }
        if open.len() >= self.most {
            return Err(Refusal::new(
                Code::Unavailable,
                "Too many devices are signing in; try again in a moment.",
            )
            .after(Duration::from_secs(2)));
        }
        let challenge: [u8; 32] = rand::rng().random();
        open.insert(challenge, (device, now + LIFE));
        Ok(challenge)
    }

    /// Uses a challenge up; whether it was good for this device.
    pub(super) fn take(&self, challenge: &[u8; 32], device: DeviceId, now: Instant) -> bool {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.remove(challenge)
            .is_some_and(|(made_for, until)| made_for == device && until > now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALICE: DeviceId = DeviceId([1; 16]);
    const BOB: DeviceId = DeviceId([2; 16]);

    #[test]
    fn a_challenge_is_good_once_for_its_device_for_a_minute() {
        let challenges = Challenges::new(10);
        let now = Instant::now();
        let make = || challenges.make(ALICE, now).expect("room");
        let first = make();
        assert!(challenges.take(&first, ALICE, now));
        assert!(!challenges.take(&first, ALICE, now), "used");
        assert!(!challenges.take(&make(), BOB, now), "another device's");
        assert!(!challenges.take(&make(), ALICE, now + LIFE), "late");
        assert!(challenges.take(&make(), ALICE, now + LIFE / 2));
    }

    #[test]
    fn what_ran_out_makes_room() {
        let challenges = Challenges::new(2);
        let now = Instant::now();
        assert!(challenges.make(ALICE, now).is_ok());
        assert!(challenges.make(ALICE, now).is_ok());
        let refusal = challenges.make(ALICE, now).expect_err("full");
        assert_eq!(refusal.code(), Code::Unavailable);
        assert!(challenges.make(ALICE, now + LIFE).is_ok());
    }
}
