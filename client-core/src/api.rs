//! The data that all fronts see. No keys, no secrets.

mod groups;
mod info;
mod message;
mod organisation;

use serde::Serialize;

pub use crate::files::{
    AttachmentInfo, Direction, FileLook, NewFile, SeenFile, Source, TransferInfo, TransferState,
    look_at,
};
pub use crate::rights::{OwnDataInfo, StatementInfo};
pub use crate::transparency::{DirectoryHeadInfo, DirectoryLogInfo};
pub use groups::*;
pub use info::Info;
pub use message::{
    Acknowledged, AcknowledgementProof, Deleted, Delivery, DraftInfo, MessageInfo, MessageKind,
    MessagePlace, Post, Priority, Quote, ReactionInfo, ReceiptInfo, RevisionInfo, SentFrom,
};
pub use organisation::{
    HoldInfo, NewHold, OrganisationPolicyChange, OrganisationPolicyInfo, RemovalReceiptInfo,
};
pub use sealwire_protocol::handle::Handle;
pub use sealwire_protocol::ids::{ConversationId, DeviceId};
pub use sealwire_protocol::oversight::{
    DataIncident, DataLaw, DataOutcome, DataRequest, DataRight, DrillHealth, HealthPoint,
    LogHealth, NoticeClock, NoticeName, NoticeRule, Registers, RelayHealth,
};
pub use sealwire_protocol::policy::{Action, GroupRole};
pub use sealwire_protocol::{account::OrgRole, certificate::DeviceKind};

/// How a client behaves; the defaults are for people, tests shorten the waits.
#[derive(Debug, Clone)]
pub struct Options {
    /// Longest random wait before Welcomes are posted, milliseconds.
    pub welcome_delay_max_ms: u64,
    /// One-time key packages kept at the relay.
    pub key_package_target: u32,
    /// Refill when fewer are left.
    pub key_package_low: u32,
    /// Added to the system clock, seconds: for tests of wrong clocks.
    pub clock_offset_s: i64,
    /// Time that is taken to have passed, seconds, when it is judged what history is too old: for
    /// tests of what takes days.
    pub passed_s: u64,
    /// Wait after a lost connection, milliseconds; doubles up to a minute, jittered.
    pub reconnect_ms: u64,
    /// Longest random wait before the directory is asked for a member whom others have added,
    /// milliseconds.
    pub look_up_within_ms: u64,
    /// Least time between two receipts in a conversation, milliseconds; 0 for no receipts.
    pub receipt_interval_ms: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            welcome_delay_max_ms: 60_000,
            key_package_target: 100,
            key_package_low: 20,
            clock_offset_s: 0,
            passed_s: 0,
            reconnect_ms: 500,
            look_up_within_ms: 6 * 3_600_000,
            receipt_interval_ms: 30_000,
        }
    }
}

/// The profile's own account and device.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct AccountInfo {
    /// `alice@acme`.
    pub handle: String,
    /// Organisation name.
    pub organisation: String,
    /// Fingerprint of the organisation key, if the profile has pinned one.
    pub organisation_fingerprint: Option<String>,
    /// Fingerprint of the account key.
    pub fingerprint: String,
    /// This device, hexadecimal.
    pub device: String,
    /// Relay address, `host:port`.
    pub relay: String,
    /// This profile holds the organisation key.
    pub holds_organisation_key: bool,
}

/// Somebody this profile knows.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct ContactInfo {
    /// Handle.
    pub handle: String,
    /// What they are; a person as long as this profile does not know.
    pub kind: DeviceKind,
    /// Fingerprint of the account key that is shown now.
    pub fingerprint: String,
    /// The person compared the safety number.
    pub verified: bool,
    /// Another key is shown than the one that counts; nothing is sent to it until it is compared.
    pub key_changed: bool,
    /// Safety number of this profile's account and the key that is shown now: 12 groups of 5 digits.
    pub safety_number: String,
    /// Name that only this device knows; empty if none.
    pub nickname: String,
    /// Their direct messages and invitations are not shown here.
    pub blocked: bool,
}

/// Whether a conversation can be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case", tag = "state", content = "reason")]
pub enum ConversationState {
    /// Works.
    Active,
    /// This device was removed or has left; history stays.
    Removed,
    /// Stopped on this device; the reason says what to do.
    Halted(String),
    /// Waits to be added again to the group.
    Rejoining,
    /// Was imported from a file: there is history, and nobody to talk to.
    Imported,
}

/// One conversation in a list.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct ConversationInfo {
    /// Identifier, hexadecimal.
    pub id: String,
    /// Name.
    pub name: String,
    /// Whether it can be used.
    #[serde(flatten)]
    pub state: ConversationState,
    /// Accounts in it.
    pub member_count: usize,
    /// This account's role.
    pub role: Option<String>,
    /// group, direct or announcement.
    pub kind: String,
    /// Handle of the other person in a direct conversation.
    pub peer: Option<String>,
    /// What that person is.
    pub peer_kind: Option<DeviceKind>,
    /// What it is about.
    pub topic: String,
    /// What this device alone remembers of it.
    #[serde(flatten)]
    pub local: LocalSettings,
    /// MLS epoch.
    pub epoch: u64,
    /// Messages not marked as read.
    pub unread: u64,
    /// Of those, messages that mention this account.
    pub mentions_unread: u64,
    /// Place in the history up to which it was read.
    pub read_position: u64,
    /// Milliseconds since the Unix epoch of the newest message.
    pub newest_at: Option<u64>,
    /// Names of the legal holds that keep it: nothing is removed from it.
    pub holds: Vec<String>,
}

/// One member of a conversation.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct MemberInfo {
    /// Handle.
    pub handle: String,
    /// Role in the group: owner, admin, member or reader.
    pub role: String,
    /// Its devices in the group.
    pub devices: usize,
    /// person, agent or custodian.
    pub kind: String,
    /// Fingerprint of the account key.
    pub fingerprint: String,
}

/// State of the connection to the relay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case", tag = "state", content = "reason")]
pub enum Connection {
    /// Not connected, and why.
    Offline(String),
    /// Connected.
    Online,
}

/// What fronts are told, as it happens.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case", tag = "event")]
#[non_exhaustive]
pub enum Event {
    /// A new or changed line of history (a pending message that was sent keeps its `id`).
    Message(MessageInfo),
    /// A line that was there before is another now: edited, deleted, reacted to, confirmed.
    Changed(MessageInfo),
    /// A message disappeared: its time was over, or it was taken back before it was sent.
    Gone {
        /// Conversation, hexadecimal.
        conversation: String,
        /// Message, hexadecimal.
        message: String,
    },
    /// Members have received or seen more of a conversation.
    Receipts {
        /// Conversation, hexadecimal.
        conversation: String,
    },
    /// Another member types, or no longer does. It is told again every four seconds: whoever shows
    /// it takes it back with their next message, and after six seconds without.
    Typing {
        /// Conversation, hexadecimal.
        conversation: String,
        /// Who, as far as that can be known: any member could pretend it.
        handle: String,
        /// Typing, or no longer.
        on: bool,
    },
    /// A conversation appeared or changed (name, members, state).
    Conversation(ConversationInfo),
    /// An imported conversation was removed from this device.
    Forgotten {
        /// Conversation, hexadecimal.
        conversation: String,
    },
    /// Somebody asks to be let into a conversation.
    JoinRequest(JoinRequestInfo),
    /// A file came further on its way, at most a few times a second.
    Transfer(crate::files::TransferInfo),
    /// The connection changed.
    Connection(Connection),
    /// Something a person should know; in words, with a next step.
    Warning {
        /// The conversation it concerns, hexadecimal.
        conversation: Option<String>,
        /// What happened and what to do.
        text: String,
    },
}

/// An invitation for a new account of the organisation.
#[derive(Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct NewInvitationInfo {
    /// Number at the relay.
    pub id: u64,
    /// The link to hand over: a secret until used.
    pub link: String,
    /// Seconds since the Unix epoch.
    pub expires_at_s: u64,
}

/// An invitation made earlier.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct InvitationInfo {
    /// Number at the relay.
    pub id: u64,
    /// Role of the new account.
    pub role: OrgRole,
    /// What the new account is to be: as this profile made it, else as the relay says.
    pub kind: DeviceKind,
    /// Seconds since the Unix epoch.
    pub expires_at_s: u64,
    /// Handle that used it.
    pub used_by: Option<String>,
    /// The enrolment's MAC matches the secret and the kind this profile put into the link, and the
    /// account's devices are of that kind; `None` if not used or not made by this profile.
    pub genuine: Option<bool>,
}

/// A device of one's own account.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct DeviceInfo {
    /// Identifier, hexadecimal.
    pub id: String,
    /// This one.
    pub this: bool,
    /// Seconds since the Unix epoch when its certificate was made, by the clock of the device that
    /// made it.
    pub linked_at_s: u64,
    /// Seconds since the Unix epoch when its certificate ends.
    pub expires_at_s: u64,
}
