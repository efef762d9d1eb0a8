//! Who may connect, and how often: counted by address, and forgotten as soon as possible.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use sealwire_protocol::problem::Code;

use crate::config::Limits;
use crate::rate::{Bucket, Rate};
use crate::refusal::{Answer, Refusal};

/// Counts connections and requests. Lives in memory only and is never logged.
pub(crate) struct Gate {
    most: usize,
    most_per_address: usize,
    requests: Rate,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    connections: usize,
    /// Connections and requests that were refused since the start.
    refused: u64,
    addresses: HashMap<IpAddr, Address>,
}

struct Address {
    connections: usize,
    bucket: Bucket,
}

/// An open connection's place in the count, given back when dropped.
pub(crate) struct Permit {
    gate: Arc<Gate>,
    address: IpAddr,
}

impl Gate {
    /// A gate with the configured limits.
    pub(crate) fn new(limits: &Limits) -> Arc<Self> {
        Arc::new(Self {
            most: limits.connections,
            most_per_address: limits.connections_per_address,
            requests: Rate::per_second(
                limits.requests_per_second_per_address,
                limits.request_burst_per_address,
            ),
            state: Mutex::default(),
        })
    }

    /// Counts a new connection in, or not.
    pub(crate) fn enter(self: &Arc<Self>, address: IpAddr) -> Option<Permit> {
        let address = network(address);
        let now = Instant::now();
        let mut state = self.lock();
        if state.connections >= self.most {
            state.refused += 1;
            return None;
        }
        let entry = state.addresses.entry(address).or_insert_with(|| Address {
            connections: 0,
            bucket: Bucket::full(now),
        });
        if entry.connections >= self.most_per_address
            || entry.bucket.take(self.requests, now).is_err()
        {
            state.refused += 1;
            return None;
        }
        entry.connections += 1;
        state.connections += 1;
        drop(state);
        Some(Permit {
            gate: Arc::clone(self),
            address,
        })
    }

    /// How many connections are open, and how much was refused since the start: connections and requests.
    pub(crate) fn counts(&self) -> (u64, u64) {
        let state = self.lock();
        (state.connections as u64, state.refused)
    }

    /// Forgets addresses that have no connection and no debt.
    pub(crate) fn sweep(&self) {
        let now = Instant::now();
        let mut state = self.lock();
        state
            .addresses
            .retain(|_, entry| entry.connections > 0 || !entry.bucket.is_full(now));
        state.addresses.shrink_to_fit();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Permit {
    /// The network address, an IPv6 address by its /64.
    pub(crate) fn network(&self) -> IpAddr {
        self.address
    }

    /// Counts one request in, or says how long to wait.
    pub(crate) fn request(&self) -> Answer<()> {
        let now = Instant::now();
        let mut state = self.gate.lock();
        let Some(entry) = state.addresses.get_mut(&self.address) else {
            return Ok(());
        };
        let taken = entry.bucket.take(self.gate.requests, now);
        if taken.is_err() {
            state.refused += 1;
        }
        taken.map_err(|wait| {
            Refusal::new(
                Code::RateLimited,
                "Too many requests from this address; wait and try again.",
            )
            .after(wait)
        })
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut state = self.gate.lock();
        state.connections -= 1;
        if let Some(entry) = state.addresses.get_mut(&self.address) {
            entry.connections -= 1;
        }
    }
}

/// What counts as one address: with IPv6 a customer usually has a whole /64.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6((u128::from(address) & !u128::from(u64::MAX)).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate(connections: usize, per_address: usize, burst: u32) -> Arc<Gate> {
        Gate::new(&Limits {
            connections,
            connections_per_address: per_address,
            requests_per_second_per_address: 1,
            request_burst_per_address: burst,
            ..Limits::default()
        })
    }

    fn at(text: &str) -> IpAddr {
        text.parse().expect("address")
    }

    #[test]
    fn connections_are_counted_by_address_and_altogether() {
        let gate = gate(3, 2, 100);
        let first = gate.enter(at("192.0.2.1"));
        let _second = gate.enter(at("192.0.2.1"));
        assert!(first.is_some());
        assert!(gate.enter(at("192.0.2.1")).is_none());
        let _third = gate.enter(at("192.0.2.2"));
        assert!(gate.enter(at("192.0.2.3")).is_none(), "three altogether");
        drop(first);
        assert!(gate.enter(at("192.0.2.1")).is_some());
    }

    #[test]
    fn one_network_of_ipv6_is_one_address() {
        let gate = gate(10, 1, 100);
        let _first = gate.enter(at("2001:db8::1"));
        assert!(gate.enter(at("2001:db8::2")).is_none());
        assert!(gate.enter(at("2001:db8:0:1::1")).is_some());
    }

    #[test]
    fn reconnecting_does_not_win_new_tokens() {
        let gate = gate(10, 10, 3);
        let address = at("192.0.2.1");
        let permit = gate.enter(address).expect("first");
        assert!(permit.request().is_ok());
        drop(permit);
        gate.sweep();
        let permit = gate.enter(address).expect("third token");
        let refusal = permit.request().expect_err("none left");
        assert_eq!(refusal.code(), Code::RateLimited);
        drop(permit);
        assert!(gate.enter(address).is_none());
        assert_eq!(gate.counts(), (0, 2), "a request and a connection");
    }
}
