//! Legal holds: what is to be kept, whatever the rules say.

use prost::Message;

use super::{OrganisationPolicy, handles};
use crate::handle::Handle;

/// Holds that a policy has at most.
pub const MAX_HOLDS: usize = 16;
/// Accounts that one hold names at most.
pub const MAX_HELD: usize = 64;
/// Bytes of a hold's name at most.
const MAX_NAME: usize = 32;

/// A legal hold. Everybody in the organisation can read it; so its name says nothing that they may not know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// What the organisation calls it, see [`is_hold_name`].
    pub name: String,
    /// Whose conversations are kept.
    pub held: Held,
    /// SHA-256 of the order, which is kept elsewhere.
    pub order_hash: [u8; 32],
    /// When it was placed, seconds since the Unix epoch, by the clock of whoever did.
    pub placed_at_s: u64,
    /// Random: opens the commitment in the attestation of this hold.
    pub salt: [u8; 32],
}

/// Whose conversations a hold keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Held {
    /// Everybody's.
    Everyone,
    /// All in which one of these is or has written: 1 to [`MAX_HELD`], in order.
    Accounts(Vec<Handle>),
}

impl Held {
    /// Whether an account is among them.
    #[must_use]
    pub fn holds(&self, handle: &Handle) -> bool {
        match self {
            Self::Everyone => true,
            Self::Accounts(accounts) => accounts.contains(handle),
        }
    }
}

/// Whether a hold may be called so: 1 to 32 lower-case letters of ASCII, digits and hyphens.
#[must_use]
pub fn is_hold_name(name: &str) -> bool {
    let good = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=MAX_NAME).contains(&name.len()) && name.bytes().all(good)
}

/// `accounts` is empty for everybody's.
#[derive(Clone, PartialEq, Message)]
pub(super) struct WireHold {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, repeated, tag = "2")]
    accounts: Vec<String>,
    #[prost(bytes = "vec", tag = "3")]
    order_hash: Vec<u8>,
    #[prost(uint64, tag = "4")]
    placed_at_s: u64,
    #[prost(bytes = "vec", tag = "5")]
    salt: Vec<u8>,
}

impl Hold {
    pub(super) fn to_wire(&self) -> WireHold {
        let accounts = match &self.held {
            Held::Everyone => Vec::new(),
            Held::Accounts(accounts) => accounts.iter().map(ToString::to_string).collect(),
        };
        WireHold {
            name: self.name.clone(),
            accounts,
            order_hash: self.order_hash.to_vec(),
            placed_at_s: self.placed_at_s,
            salt: self.salt.to_vec(),
        }
    }

    fn read(wire: WireHold, organisation: &str) -> Option<Self> {
        let held = match wire.accounts.is_empty() {
            true => Held::Everyone,
            false => Held::Accounts(handles(&wire.accounts, organisation, MAX_HELD).ok()?),
        };
        Some(Self {
            name: Some(wire.name).filter(|name| is_hold_name(name))?,
            held,
            order_hash: wire.order_hash.try_into().ok()?,
            placed_at_s: wire.placed_at_s,
            salt: wire.salt.try_into().ok()?,
        })
    }
}

/// In order of name and once each.
pub(super) fn read(wire: Vec<WireHold>, organisation: &str) -> Option<Vec<Hold>> {
    if wire.len() > MAX_HOLDS || !wire.is_sorted_by(|one, next| one.name < next.name) {
        return None;
    }
    wire.into_iter()
        .map(|hold| Hold::read(hold, organisation))
        .collect()
}

impl OrganisationPolicy {
    /// Names of the holds that keep what this account is part of.
    pub fn holds_on(&self, handle: &Handle) -> impl Iterator<Item = &str> {
        let holds = self.holds.iter().filter(|hold| hold.held.holds(handle));
        holds.map(|hold| hold.name.as_str())
    }

    /// Holds that `before` had not, and those that it had and this one has not.
    #[must_use]
    pub fn changed_holds<'a>(&'a self, before: Option<&'a Self>) -> (Vec<&'a Hold>, Vec<&'a Hold>) {
        let before = before.map_or(&[][..], |policy| &policy.holds);
        let new = self.holds.iter().filter(|hold| !before.contains(hold));
        let old = before.iter().filter(|hold| !self.holds.contains(hold));
        (new.collect(), old.collect())
    }
}
