//! What fronts see of the organisation's policy and of what was removed by it.

use serde::{Deserialize, Serialize};

/// What the organisation asks of its people's clients.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct OrganisationPolicyInfo {
    /// 1 for the first policy, then one more with each.
    pub serial: u64,
    /// Seconds since the Unix epoch, by the clock of whoever issued it.
    pub issued_at_s: u64,
    /// Days that messages are kept; `None` for no bound.
    pub max_message_days: Option<u32>,
    /// Days that files are kept; `None` for no bound of their own.
    pub max_file_days: Option<u32>,
    /// People may be told what others received and saw.
    pub receipts: bool,
    /// Whose transparency logs and which witnesses are trusted, as a `tlog-policy` file (C2SP);
    /// `None`: the log that was seen first.
    pub logs: Option<String>,
    /// Records custodians of all new conversations.
    pub custodians: Vec<String>,
    /// Legal holds that stand.
    pub holds: Vec<HoldInfo>,
    /// The public key of the organisation's attestations, PEM (RFC 8410); `None` before its first.
    pub attestation_key: Option<String>,
}

/// A legal hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct HoldInfo {
    /// What the organisation calls it.
    pub name: String,
    /// All conversations are kept.
    pub everyone: bool,
    /// Handles whose conversations are kept, unless everybody's are.
    pub accounts: Vec<String>,
    /// When it was placed, seconds since the Unix epoch.
    pub placed_at_s: u64,
    /// SHA-256 of the order, hexadecimal.
    pub order_sha256: String,
    /// What the organisation's statements about it commit to, 32 bytes, hexadecimal.
    pub scope: String,
    /// Opens that commitment: 32 bytes, hexadecimal.
    pub salt: String,
}

/// A legal hold to be placed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct NewHold {
    /// 1 to 32 letters a-z, digits and hyphens; everybody in the organisation can read it.
    pub name: String,
    /// Keep all conversations.
    pub everyone: bool,
    /// Or those of these accounts, at most 64.
    pub accounts: Vec<String>,
    /// SHA-256 of the order, hexadecimal.
    pub order_sha256: String,
}

/// What to change of the organisation's policy; `None` leaves something as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct OrganisationPolicyChange {
    /// Days that messages are kept, at most 36,500; 0 for no bound.
    pub max_message_days: Option<u32>,
    /// Days that files are kept, at most 36,500; 0 for no bound of their own.
    pub max_file_days: Option<u32>,
    /// Whether people may be told what others received and saw.
    pub receipts: Option<bool>,
    /// Whose transparency logs and which witnesses are trusted, as a `tlog-policy` file of at most
    /// some 7 KiB; empty: the log that each client saw first.
    pub logs: Option<String>,
    /// Handles of the records custodians of all new conversations; empty for none.
    pub custodians: Option<Vec<String>>,
}

/// What this device removed from one conversation in one run, because it was kept no longer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct RemovalReceiptInfo {
    /// 1 for the first, then one more with each.
    pub number: u64,
    /// Conversation, hexadecimal.
    pub conversation: String,
    /// When, seconds since the Unix epoch.
    pub at_s: u64,
    /// Lines of history that went.
    pub messages: u64,
    /// Files that went.
    pub files: u64,
    /// When the relay received the oldest of all that, seconds since the Unix epoch.
    pub oldest_s: u64,
    /// The same of the newest.
    pub newest_s: u64,
    /// How long messages were to be kept, seconds; `None` for no bound.
    pub messages_kept_s: Option<u64>,
    /// How long files were to be kept, seconds; `None` for no bound.
    pub files_kept_s: Option<u64>,
    /// Serial of the organisation's policy that counted; 0 for none.
    pub policy_serial: u64,
    /// The receipt as the device signed it, Base64.
    pub signed: String,
    /// The device's certificate, by which it is verified, Base64.
    pub certificate: String,
}
