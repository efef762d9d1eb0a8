//! `restore-drill`: that a backup was restored to see whether it can be.

use serde::{Deserialize, Serialize};

use super::spelled::{given, in_order};
use super::{Hex, Predicate, Role, Time};
use crate::Malformed;

/// That a backup was restored to see whether it can be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RestoreDrill {
    /// When it began.
    pub started: Time,
    /// When it ended.
    pub ended: Time,
    /// SHA-256 of the backup.
    pub backup_sha256: Hex<32>,
    /// The logs before and after; none if it was not restored.
    pub trees: Vec<TreeSizes>,
    /// How many rows were read and checked.
    pub rows_checked: u64,
    /// Whether all of it was right.
    pub ok: bool,
    /// What was not right; left out if all was.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    pub failure: Option<String>,
    /// The relay's incarnation, which a restore renews; left out if it was not restored.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    pub incarnation: Option<Incarnations>,
}

/// Entries of a log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TreeSizes {
    /// Which log.
    pub log: String,
    /// When the backup was made.
    pub before: u64,
    /// In what was restored.
    pub after: u64,
}

/// Which incarnation of the relay, in hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Incarnations {
    /// The one that was backed up.
    pub old: Hex<16>,
    /// The one that was restored.
    pub new: Hex<16>,
}

impl Predicate for RestoreDrill {
    const NAME: &'static str = "restore-drill";
    const TYPE: &'static str = base!("restore-drill");
    const SIGNER: Role = Role::Relay;

    fn check(&self) -> Result<(), Malformed> {
        let wrong = |why| Err(Malformed::new(Self::NAME, why));
        if !in_order(&[self.started, self.ended]) {
            return wrong("ends before it begins");
        }
        if self.ok == self.failure.is_some() {
            return wrong("ends well with a failure, or fails without one");
        }
        match &self.incarnation {
            Some(Incarnations { old, new }) if old == new => {
                wrong("the incarnation was not renewed")
            }
            None if self.ok => wrong("ends well, but nothing was restored"),
            _ => Ok(()),
        }
    }
}
