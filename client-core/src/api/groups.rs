//! What fronts see of a conversation's rules, its links, and what this device keeps to itself.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use sealwire_protocol::policy::{MAX_AVATAR, MAX_TOPIC, RETENTION_S, TIMER_S};

/// Muted for good: the end of the year 9999, milliseconds since the Unix epoch.
pub const FOREVER_MS: u64 = 253_402_300_799_000;

/// One thing that the members of a conversation agree on beside roles.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Setting {
    /// What it is about, at most [`MAX_TOPIC`] bytes; may be empty.
    Topic(String),
    /// A PNG, JPEG or WebP of at most [`MAX_AVATAR`] bytes; empty for none.
    Avatar(Vec<u8>),
    /// Seconds after which messages are deleted; 0 for never, or within [`RETENTION_S`].
    Retention(u32),
    /// Seconds that a new message lives; 0 for ever, or within [`TIMER_S`].
    Timer(u32),
    /// Nothing is sent while no records custodian is in it.
    CustodianRequired(bool),
    /// Who may add agents: nobody, admins, or members (whoever may add people).
    Agents(String),
    /// Members may tell each other what they received and read.
    Receipts(bool),
    /// Only owners and admins write.
    Announcement(bool),
}

/// The rules of a conversation.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct PolicyInfo {
    /// Version of the policy's form.
    pub version: u32,
    /// group, direct or announcement.
    pub kind: String,
    /// What it is about.
    pub topic: String,
    /// Size of its picture in bytes; 0 if there is none.
    pub avatar_bytes: usize,
    /// Seconds after which messages are deleted; 0 for never.
    pub retention_s: u32,
    /// Seconds that a new message lives; 0 for ever.
    pub timer_s: u32,
    /// Nothing is sent while no records custodian is in it.
    pub custodian_required: bool,
    /// A records custodian is in it.
    pub custodian_present: bool,
    /// Who may add agents: nobody, admins, members.
    pub agents: String,
    /// Members may tell each other what they received and read.
    pub receipts: bool,
    /// Least role for each action.
    pub permissions: BTreeMap<String, String>,
}

/// What this device alone remembers of a conversation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct LocalSettings {
    /// Milliseconds since the Unix epoch until which nothing is to be notified.
    pub muted_until: Option<u64>,
    /// Place among the pinned conversations, from 1; 0 if not pinned.
    pub pinned: u32,
    /// Not in the ordinary list.
    pub archived: bool,
    /// The person wants to come back to it.
    pub marked_unread: bool,
    /// Folder; empty if none.
    pub folder: String,
}

/// What a new link to a conversation allows.
#[derive(Debug, Clone)]
pub struct ChatLinkTerms {
    /// Role of those who are admitted: member or reader.
    pub role: String,
    /// How many people may ask by it, 1 to 1,000.
    pub uses: u32,
    /// How long it is good, seconds, up to 30 days.
    pub expires_in_s: u64,
}

/// A new link to a conversation.
#[derive(Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct NewChatLinkInfo {
    /// Number on this device.
    pub number: i64,
    /// The link: whoever has it may ask.
    pub link: String,
    /// Milliseconds since the Unix epoch.
    pub expires_at: u64,
}

/// A link made earlier.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct ChatLinkInfo {
    /// Number on this device.
    pub number: i64,
    /// Role of those who are admitted.
    pub role: String,
    /// Milliseconds since the Unix epoch.
    pub expires_at: u64,
    /// People who asked by it.
    pub uses: u32,
    /// People who may ask by it.
    pub max_uses: u32,
    /// good, expired, used or withdrawn.
    pub state: String,
}

/// Somebody who asks to be let into a conversation.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct JoinRequestInfo {
    /// Number on this device.
    pub number: i64,
    /// Conversation, hexadecimal.
    pub conversation: String,
    /// Its name.
    pub name: String,
    /// Who asks.
    pub handle: String,
    /// Fingerprint of their account key.
    pub fingerprint: String,
    /// Role that the link gives.
    pub role: String,
    /// Milliseconds since the Unix epoch, by their clock.
    pub asked_at: u64,
}
