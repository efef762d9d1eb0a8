//! `key-directory`: how many keys the directory holds, and how many changed.

use serde::{Deserialize, Serialize};

use super::spelled::in_order;
use super::{Predicate, Role, Time, TreeRoot};
use crate::Malformed;

/// How many keys the directory holds at the end of a period, and how many changed in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct KeyDirectory {
    /// The beginning of the period.
    pub from: Time,
    /// Its end.
    pub to: Time,
    /// Entries of the directory's log at its end.
    pub tree_size: u64,
    /// The root of that tree.
    pub root: TreeRoot,
    /// Accounts.
    pub accounts: u64,
    /// Devices that are not revoked.
    pub devices: u64,
    /// Devices that are revoked.
    pub revoked: u64,
    /// How often an account's or a device's keys changed in the period.
    pub keys_changed: u64,
}

impl Predicate for KeyDirectory {
    const NAME: &'static str = "key-directory";
    const TYPE: &'static str = base!("key-directory");
    const SIGNER: Role = Role::Relay;

    fn check(&self) -> Result<(), Malformed> {
        if !in_order(&[self.from, self.to]) {
            return Err(Malformed::new(Self::NAME, "ends before it begins"));
        }
        Ok(())
    }
}
