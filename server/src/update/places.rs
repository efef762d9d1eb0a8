//! Who may fetch packages at the same time. Addresses live in memory only.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sealwire_protocol::problem::Code;

use crate::refusal::{Answer, Refusal};

/// Packages that are being sent at one time, altogether.
const MOST: usize = 64;
/// Packages that are being sent at one time to one address: whoever asks is not signed in, and nobody may take all
/// places.
const MOST_PER_ADDRESS: usize = 4;
const BUSY: Duration = Duration::from_secs(60);

/// The downloads under way, by address.
#[derive(Default)]
pub(super) struct Places(Mutex<HashMap<IpAddr, usize>>);

/// A download's place, given back when dropped.
pub(super) struct Place {
    places: Arc<Places>,
    address: IpAddr,
}

impl Places {
    /// Counts a download in, or not.
    pub(super) fn take(self: &Arc<Self>, address: IpAddr) -> Answer<Place> {
        let mut map = self.lock();
        if map.values().sum::<usize>() >= MOST {
            let why = format!("This relay is sending {MOST} packages; try again in a minute.");
            return Err(Refusal::new(Code::Unavailable, why).after(BUSY));
        }
        let open = map.entry(address).or_default();
        if *open >= MOST_PER_ADDRESS {
            let why = format!(
                "This relay is sending {MOST_PER_ADDRESS} packages to this address; try again in a minute."
            );
            return Err(Refusal::new(Code::RateLimited, why).after(BUSY));
        }
        *open += 1;
        Ok(Place {
            places: Arc::clone(self),
            address,
        })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut map = self.places.lock();
        match map.get_mut(&self.address) {
            Some(open) if *open > 1 => *open -= 1,
            // Forgotten with its last download.
            _ => drop(map.remove(&self.address)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn at(last: u8) -> IpAddr {
        Ipv4Addr::new(192, 0, 2, last).into()
    }

    #[test]
    fn mallory_cannot_keep_bob_from_his_update() {
        let places = Arc::new(Places::default());
        let mallory: Vec<_> = (0..4).map(|_| places.take(at(1))).collect();
        assert!(mallory.iter().all(Result::is_ok));
        let refused = places.take(at(1)).err().expect("one too many");
        assert_eq!(refused.code(), Code::RateLimited);
        let bob = places.take(at(2)).expect("his own places");
        drop(mallory);
        places.take(at(1)).expect("a place again");
        drop(bob);
        assert!(places.lock().is_empty(), "forgotten when nothing is sent");
    }

    #[test]
    fn downloads_are_bounded_altogether() {
        let places = Arc::new(Places::default());
        let all: Vec<_> = (0..16)
            .flat_map(|last| [last; 4])
            .map(|last| places.take(at(last)).expect("a place"))
            .collect();
        let refused = places.take(at(200)).err().expect("full");
        assert_eq!(refused.code(), Code::Unavailable);
        drop(all);
        places.take(at(200)).expect("a place again");
    }
}
