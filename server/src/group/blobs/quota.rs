//! What may be stored: altogether, and from one network address a day. Addresses live in memory
//! only.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use sealwire_protocol::problem::Code;

use crate::rate::{Bucket, Rate};
use crate::refusal::{Answer, Refusal};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// What a new blob costs at least, so that many empty ones cost something too.
const LEAST: u64 = 64 * 1024;
const KIB: u64 = 1024;

/// Bytes of all blobs, and how many there may be.
pub(super) struct Space {
    most: u64,
    used: AtomicU64,
}

impl Space {
    pub(super) fn new(most: u64, used: u64) -> Self {
        Self {
            most,
            used: AtomicU64::new(used),
        }
    }

    /// Whether so many bytes more would fit now.
    pub(super) fn check(&self, bytes: u64) -> Answer<()> {
        let used = self.used.load(Ordering::Relaxed);
        (used.saturating_add(bytes) <= self.most)
            .then_some(())
            .ok_or_else(full)
    }

    /// Takes room for bytes that are about to be written.
    pub(super) fn take(&self, bytes: u64) -> Answer<()> {
        let taken = self
            .used
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
                used.checked_add(bytes).filter(|sum| *sum <= self.most)
            });
        taken.map(drop).map_err(|_| full())
    }

    /// Bytes of all blobs.
    pub(super) fn used(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }

    /// Gives room back.
    pub(super) fn give_back(&self, bytes: u64) {
        self.used.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// No space is left.
pub(super) fn full() -> Refusal {
    Refusal::new(
        Code::StorageFull,
        "The relay has no space for blobs; what came before is kept. Go on later, or ask its \
         operator to make space.",
    )
}

/// What each address has used of its allowance.
pub(super) struct Addresses {
    kib: Rate,
    most_open: usize,
    map: Mutex<HashMap<IpAddr, Address>>,
}

struct Address {
    bucket: Bucket,
    open: usize,
}

impl Addresses {
    /// `most_mib` in a day, refilled steadily, and `most_open` requests at once.
    pub(super) fn new(most_mib: u32, most_open: usize) -> Arc<Self> {
        let burst = most_mib.saturating_mul(1024).max(1);
        Arc::new(Self {
            kib: Rate {
                interval: DAY / burst,
                burst,
            },
            most_open,
            map: Mutex::default(),
        })
    }

    /// Counts a request in, or not.
    pub(super) fn enter(self: &Arc<Self>, address: IpAddr) -> Answer<Visit> {
        let mut map = self.lock();
        let entry = map.entry(address).or_insert_with(|| Address {
            bucket: Bucket::full(Instant::now()),
            open: 0,
        });
        if entry.open >= self.most_open {
            return Err(Refusal::new(
                Code::RateLimited,
                "Too many uploads and downloads at once from this address; wait and try again.",
            )
            .after(Duration::from_secs(1)));
        }
        entry.open += 1;
        Ok(Visit {
            addresses: Arc::clone(self),
            address,
            owed: 0,
        })
    }

    /// Forgets addresses that use nothing and owe nothing.
    pub(super) fn sweep(&self) {
        let now = Instant::now();
        let mut map = self.lock();
        map.retain(|_, entry| entry.open > 0 || !entry.bucket.is_full(now));
        map.shrink_to_fit();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<IpAddr, Address>> {
        self.map.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request's place in the count, given back when dropped.
pub(super) struct Visit {
    addresses: Arc<Addresses>,
    address: IpAddr,
    /// Bytes that do not make up a KiB yet.
    owed: u64,
}

impl Visit {
    /// Pays for a new blob.
    pub(super) fn pay_for_new(&mut self) -> Answer<()> {
        self.pay(LEAST)
    }

    /// Pays for bytes that came.
    pub(super) fn pay(&mut self, bytes: u64) -> Answer<()> {
        self.owed += bytes;
        let whole = u32::try_from(self.owed / KIB).unwrap_or(u32::MAX);
        let mut map = self.addresses.lock();
        let Some(entry) = map.get_mut(&self.address) else {
            return Ok(());
        };
        let taken = entry
            .bucket
            .take_many(self.addresses.kib, whole, Instant::now());
        drop(map);
        match taken {
            Ok(()) => {
                self.owed -= u64::from(whole) * KIB;
                Ok(())
            }
            Err(wait) => {
                self.owed = self.owed.saturating_sub(bytes);
                Err(Refusal::new(
                    Code::RateLimited,
                    "This address has used up what it may upload in a day; what came before is \
                     kept. Go on later.",
                )
                .after(wait))
            }
        }
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        if let Some(entry) = self.addresses.lock().get_mut(&self.address) {
            entry.open -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOME: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
    const OFFICE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2));

    #[test]
    fn space_is_taken_and_given_back() {
        let space = Space::new(100, 60);
        assert!(space.check(40).is_ok() && space.check(41).is_err());
        space.take(40).expect("room");
        assert_eq!(space.take(1).expect_err("full").code(), Code::StorageFull);
        assert!(space.take(u64::MAX).is_err());
        space.give_back(1);
        space.take(1).expect("room again");
    }

    #[test]
    fn an_address_uploads_so_much_a_day_and_others_do_not_suffer() {
        let addresses = Addresses::new(1, 10);
        let mut alice = addresses.enter(HOME).expect("a place");
        for _ in 0..1024 {
            alice.pay(512).expect("half a KiB");
            alice.pay(512).expect("another half");
        }
        let refusal = alice.pay(1024).expect_err("used up");
        assert_eq!(refusal.code(), Code::RateLimited);
        assert!(refusal.to_wire().retry_after_ms > 1000);
        drop(alice);
        addresses.sweep();
        let mut again = addresses.enter(HOME).expect("a place");
        assert!(again.pay_for_new().is_err(), "leaving wins nothing");
        let mut bob = addresses.enter(OFFICE).expect("a place");
        bob.pay_for_new().expect("his own allowance");
    }

    #[test]
    fn requests_at_once_are_bounded() {
        let addresses = Addresses::new(1, 2);
        let first = addresses.enter(HOME).expect("a place");
        let _second = addresses.enter(HOME).expect("a place");
        assert!(addresses.enter(HOME).is_err());
        assert!(addresses.enter(OFFICE).is_ok());
        drop(first);
        assert!(addresses.enter(HOME).is_ok());
        addresses.sweep();
        assert_eq!(addresses.lock().len(), 1, "forgotten when nothing is owed");
    }
}
