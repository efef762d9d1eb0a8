//! Where the app stands.

use sealwire_core::api::{AccountInfo, Connection};
use serde::Serialize;

use crate::problem::Problem;

/// Whether there is a profile and whether it can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// There is none yet.
    Empty,
    /// There is one, and its key is not in memory.
    Locked,
    /// It is being made or opened.
    Opening,
    /// It can be used.
    Open,
    /// It cannot be opened, and nothing in it was touched.
    Damaged,
}

/// What a profile's key is wrapped with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum LockKind {
    /// A passphrase that the person knows.
    Passphrase,
    /// A random passphrase in the system's keychain.
    Keychain,
}

/// What the surroundings can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Platform {
    /// There is a tray.
    pub tray: bool,
    /// Notifications can be shown.
    pub notifications: bool,
    /// Windows can be kept out of screenshots. Linux cannot.
    pub content_protection: bool,
    /// A window of our own, not a browser.
    pub native: bool,
}

/// Where the app stands.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct HostState {
    /// Whether there is a profile and whether it can be used.
    pub phase: Phase,
    /// How it is locked; `None` without a profile, and if only its receipt for the relay is left.
    pub lock: Option<LockKind>,
    /// The system has a keychain that answers.
    pub keychain: bool,
    /// The profile's account, while it is open.
    pub account: Option<AccountInfo>,
    /// The connection to the relay, while the profile is open.
    pub connection: Option<Connection>,
    /// The relay has said that the account was erased.
    pub erased: bool,
    /// What stands in the way, or should be known.
    pub problem: Option<Problem>,
    /// Version of the program.
    pub version: String,
    /// What the surroundings can do.
    pub platform: Platform,
}
