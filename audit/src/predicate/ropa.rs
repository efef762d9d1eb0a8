//! `ropa`: the record of processing activities (GDPR Art. 30).

use serde::{Deserialize, Serialize};

use super::spelled::given;
use super::{Predicate, Role, Time};
use crate::Malformed;

/// The record of processing activities.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Ropa {
    /// Who decides about the processing.
    pub controller: String,
    /// How to reach them.
    pub contact: String,
    /// How to reach their data protection officer; left out if they need none.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    pub data_protection_officer: Option<String>,
    /// What it is for.
    pub purposes: Vec<String>,
    /// Whose data it is.
    pub data_subjects: Vec<String>,
    /// Transfers to third countries, each with its safeguards; none if empty.
    pub transfers: Vec<String>,
    /// What is processed.
    pub categories: Vec<DataCategory>,
    /// What protects it.
    pub security_measures: Vec<String>,
    /// When this was generated.
    pub generated: Time,
}

/// A category of data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DataCategory {
    /// What it is called.
    pub name: String,
    /// Which fields belong to it.
    pub fields: Vec<String>,
    /// After how many days it goes; left out if it stays until somebody removes it.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    pub retention_days: Option<u64>,
    /// On what legal basis (Art. 6).
    pub legal_basis: String,
    /// Who gets it.
    pub recipients: Vec<String>,
    /// Where it lies.
    pub location: String,
}

impl Predicate for Ropa {
    const NAME: &'static str = "ropa";
    const TYPE: &'static str = base!("ropa");
    const SIGNER: Role = Role::Relay;

    fn check(&self) -> Result<(), Malformed> {
        if self.purposes.is_empty() || self.categories.is_empty() {
            return Err(Malformed::new(
                Self::NAME,
                "names no purpose or no category",
            ));
        }
        Ok(())
    }
}
