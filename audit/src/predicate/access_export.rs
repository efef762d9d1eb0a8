//! `access-export`: that somebody got a copy of their data (GDPR Art. 15).

use serde::{Deserialize, Serialize};

use super::spelled::in_order;
use super::{Hex, Predicate, Role, Time};
use crate::Malformed;

/// That a copy of somebody's data was made on request. Nothing here names them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AccessExport {
    /// When it was asked for.
    pub requested: Time,
    /// When it was ready.
    pub completed: Time,
    /// Commitment to who it was.
    pub subject: Hex<32>,
    /// What is in it.
    pub categories: Vec<CategoryCount>,
    /// SHA-256 of the export.
    pub export_sha256: Hex<32>,
}

/// How many records of one category.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CategoryCount {
    /// Which category, as the record of processing calls it.
    pub category: String,
    /// How many.
    pub records: u64,
}

impl Predicate for AccessExport {
    const NAME: &'static str = "access-export";
    const TYPE: &'static str = base!("access-export");
    const SIGNER: Role = Role::Relay;

    fn check(&self) -> Result<(), Malformed> {
        if !in_order(&[self.requested, self.completed]) {
            return Err(Malformed::new(Self::NAME, "ends before it begins"));
        }
        Ok(())
    }
}
