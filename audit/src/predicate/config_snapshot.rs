//! `config-snapshot`: which program runs, with which settings.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Hex, Predicate, Role, Time};
use crate::Malformed;

/// Which program runs, with which settings, as it says itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConfigSnapshot {
    /// When it was taken.
    pub taken: Time,
    /// The program.
    pub binary: Binary,
    /// Its version.
    pub version: String,
    /// The settings, without secrets.
    pub configuration: BTreeMap<String, String>,
    /// The version of each database's schema.
    pub schema_versions: Vec<SchemaVersion>,
}

/// The bytes of a program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Binary {
    /// SHA-256 of its file.
    pub sha256: Hex<32>,
    /// That the program read and hashed its file itself.
    pub self_reported: SelfReported,
}

/// Always true. A program that was changed reports what it likes: whoever reads the
/// digest has to know that nobody else has measured it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "bool", into = "bool")]
pub struct SelfReported;

impl From<SelfReported> for bool {
    fn from(_: SelfReported) -> Self {
        true
    }
}

impl TryFrom<bool> for SelfReported {
    type Error = Malformed;

    fn try_from(value: bool) -> Result<Self, Malformed> {
        value
            .then_some(Self)
            .ok_or(Malformed::new("digest of a binary", "is not self-reported"))
    }
}

/// The version of a database's schema.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SchemaVersion {
    /// Which database.
    pub database: String,
    /// Number of its newest migration.
    pub version: u64,
}

impl Predicate for ConfigSnapshot {
    const NAME: &'static str = "config-snapshot";
    const TYPE: &'static str = base!("config-snapshot");
    const SIGNER: Role = Role::Relay;

    fn check(&self) -> Result<(), Malformed> {
        Ok(())
    }
}
