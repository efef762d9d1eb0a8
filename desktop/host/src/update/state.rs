//! How updates stand, as a front end gets it.

use sealwire_core::update::Update;
use serde::Serialize;

use crate::problem::Problem;

/// Where the app stands with updates.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum UpdateStage {
    /// It was built without a release key and takes none.
    Impossible,
    /// None is known.
    #[default]
    None,
    /// There is one, signed and logged.
    Available,
    /// Its package is coming.
    Fetching,
    /// Its package is here and can be installed.
    Ready,
    /// It is being installed.
    Installing,
    /// It is installed; the app has to be started again.
    Installed,
    /// It could not be looked for or fetched, or must not be taken.
    Failed,
}

/// An update that the release key has signed and the audit log holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct UpdateInfo {
    /// Its version.
    pub version: String,
    /// SHA-256 of the key that has signed, hexadecimal.
    pub signer: String,
    /// Number of its entry in the relay's audit log.
    pub number: u64,
    /// SHA-256 of the package, hexadecimal.
    pub sha256: String,
    /// Size of the package in bytes.
    pub size: u64,
}

impl UpdateInfo {
    pub(super) fn of(update: &Update) -> Self {
        Self {
            version: update.version().into(),
            signer: update.signer().into(),
            number: update.number(),
            sha256: update.sha256(),
            size: update.size(),
        }
    }
}

/// How updates stand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct UpdateState {
    /// Where the app stands.
    pub stage: UpdateStage,
    /// SHA-256 of the key whose updates the app takes, hexadecimal; `None` if it takes none.
    pub signer: Option<String>,
    /// The update that was found.
    pub update: Option<UpdateInfo>,
    /// Bytes of its package that are here.
    pub fetched: u64,
    /// What went wrong at last.
    pub problem: Option<Problem>,
    /// What installs the package, to be run by hand.
    pub command: Option<String>,
    /// The time at which the relay answered last, milliseconds since the Unix epoch.
    pub checked_ms: Option<u64>,
}
