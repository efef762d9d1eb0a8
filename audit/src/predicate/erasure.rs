//! `erasure`: that somebody's data was erased (GDPR Art. 17).

use serde::{Deserialize, Serialize};

use super::spelled::in_order;
use super::{Hex, Predicate, Role, Time};
use crate::Malformed;

/// That somebody's data was erased on request. Nothing here names them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Erasure {
    /// When it was asked for.
    pub requested: Time,
    /// When the relay had done its part.
    pub completed: Time,
    /// Commitment to who it was; whoever holds its salt can open it.
    pub subject: Hex<32>,
    /// What the relay removed.
    pub removed: Vec<KindCount>,
    /// What became of copies on devices.
    pub devices: DevicesTold,
    /// When the last backup that still holds it is gone.
    pub backups_expire_by: Time,
    /// What was done, in order.
    pub steps: Vec<Step>,
}

/// How many of one kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct KindCount {
    /// Of what kind.
    pub kind: String,
    /// How many.
    pub count: u64,
}

/// The devices of whoever was erased, which may hold copies. One that was heard from and keeps its copies is
/// counted as told and nothing else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DevicesTold {
    /// How many there were, each of which is told when it asks.
    pub told: u64,
    /// How many of them have confirmed, by their keys, that their copies are gone.
    pub confirmed: u64,
    /// How many of them have not been heard from since.
    pub not_heard_from: u64,
}

/// A step and its moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Step {
    /// What was done.
    pub step: String,
    /// When.
    pub at: Time,
}

impl Predicate for Erasure {
    const NAME: &'static str = "erasure";
    const TYPE: &'static str = base!("erasure");
    const SIGNER: Role = Role::Relay;

    fn check(&self) -> Result<(), Malformed> {
        let wrong = |why| Err(Malformed::new(Self::NAME, why));
        if !in_order(&[self.requested, self.completed]) {
            return wrong("ends before it begins");
        }
        if !self.steps.is_sorted_by_key(|step| step.at) {
            return wrong("the steps are not in order");
        }
        let DevicesTold {
            told,
            confirmed,
            not_heard_from,
        } = self.devices;
        if confirmed
            .checked_add(not_heard_from)
            .is_none_or(|sum| sum > told)
        {
            return wrong("more devices answered or kept silent than were told");
        }
        Ok(())
    }
}
