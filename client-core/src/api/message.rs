//! Messages as fronts see and make them.

use serde::{Deserialize, Serialize};

use super::Info;

/// What a line of the history is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum MessageKind {
    /// Text, in `text`.
    Text,
    /// Something that happened; in words in `text`, and in `info` for other languages.
    Info,
    /// From a newer version; kept.
    Unknown,
}

/// How far a message of one's own has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// Stored here, not yet confirmed by reading it back from the relay.
    Pending,
    /// In the group's log.
    Sent,
    /// Will not be sent; the text is kept.
    Failed,
    /// Somebody else's.
    Received,
}

/// How much a message presses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// As usual.
    #[default]
    Normal,
    /// To be seen soon.
    Important,
    /// To be seen now.
    Urgent,
}

impl Priority {
    fn is_normal(&self) -> bool {
        *self == Self::Normal
    }
}

/// One line of a conversation's history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct MessageInfo {
    /// Identifier, hexadecimal, the same at every member.
    pub id: String,
    /// Conversation, hexadecimal.
    pub conversation: String,
    /// Place in this profile's history of the conversation, growing; 0 while pending.
    pub position: u64,
    /// Sender's handle; empty for info lines.
    pub sender: String,
    /// Sent from this account.
    pub own: bool,
    /// What it is.
    pub kind: MessageKind,
    /// The text as it is now; empty once deleted.
    pub text: String,
    /// Milliseconds since the Unix epoch, by the relay's clock (own clock while pending).
    pub at_ms: u64,
    /// How far it has come.
    pub delivery: Delivery,
    /// What happened, of info lines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub info: Option<Info>,
    /// The message that this one answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<Quote>,
    /// The thread it belongs to: identifier of the thread's first message, hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thread: Option<String>,
    /// When the text was last changed, milliseconds since the Unix epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub edited_at_ms: Option<u64>,
    /// It was deleted for everyone, and this is what is left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deleted: Option<Deleted>,
    /// Emoji that people put at it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reactions: Vec<ReactionInfo>,
    /// Handles of those it mentions.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mentions: Vec<String>,
    /// It mentions this account, by name or with everybody.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub mentions_me: bool,
    /// How much it presses.
    #[serde(skip_serializing_if = "Priority::is_normal")]
    pub priority: Priority,
    /// It asks to be confirmed, and who has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acknowledgements: Option<Vec<Acknowledged>>,
    /// When it disappears here, milliseconds since the Unix epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at_ms: Option<u64>,
    /// Not sent before this time, and can be taken back until then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held_until_ms: Option<u64>,
    /// Of somebody who is blocked here: to be shown folded.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub folded: bool,
}

/// What a message answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Quote {
    /// Identifier of the quoted message in this profile; `None` if it is not here.
    pub id: Option<String>,
    /// Its sender.
    pub sender: String,
    /// The beginning of its text as it is now, at most 200 characters; empty if it was deleted.
    pub text: String,
}

/// A deletion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Deleted {
    /// Who deleted it.
    pub by: String,
    /// Milliseconds since the Unix epoch.
    pub at_ms: u64,
}

/// One emoji at a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct ReactionInfo {
    /// The emoji.
    pub emoji: String,
    /// Handles, in the order in which they reacted.
    pub people: Vec<String>,
    /// This account is among them.
    pub own: bool,
}

/// Somebody confirmed a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Acknowledged {
    /// Who.
    pub by: String,
    /// Seconds since the Unix epoch, by that person's clock.
    pub at_s: u64,
}

/// An earlier text of a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct RevisionInfo {
    /// The text.
    pub text: String,
    /// Milliseconds since the Unix epoch.
    pub at_ms: u64,
}

/// What of a conversation's group a message was sent from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct SentFrom {
    /// The sender's device, hexadecimal; `None` of what was stored before devices were kept.
    pub device: Option<String>,
    /// MLS epoch.
    pub epoch: u64,
}

/// Where a message stands in a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct MessagePlace {
    /// Identifier, hexadecimal.
    pub id: String,
    /// Place in this profile's history of the conversation.
    pub position: u64,
}

/// How far a member has come in a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct ReceiptInfo {
    /// Handle.
    pub person: String,
    /// Place in this profile's history up to which messages have arrived at one of their devices.
    pub delivered: u64,
    /// Place up to which they were seen.
    pub read: u64,
}

/// A message to send.
#[derive(Debug, Clone, Default)]
pub struct Post {
    /// Markdown text, 1 to 262,144 bytes.
    pub text: String,
    /// Identifier of the message that it answers.
    pub reply_to: Option<String>,
    /// Identifier of a message in whose thread it belongs; the thread begins there if it has none.
    pub thread: Option<String>,
    /// How much it presses.
    pub priority: Priority,
    /// Ask every reader to confirm.
    pub acknowledge: bool,
    /// Disappears this many seconds after it was read (for its sender: sent); 0 for never, `None`
    /// for what the conversation's timer says.
    pub expires_after_s: Option<u32>,
    /// Hold it back for so long, milliseconds, so that it can be taken back.
    pub hold_ms: u64,
}

impl Post {
    /// A text and nothing else.
    pub fn text(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            ..Self::default()
        }
    }

    /// When a message composed at `at_ms` may go out; 0 for at once.
    pub(crate) const fn not_before(&self, at_ms: u64) -> u64 {
        match self.hold_ms {
            0 => 0,
            hold_ms => at_ms.saturating_add(hold_ms),
        }
    }
}

/// What a person has begun to write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct DraftInfo {
    /// Conversation, hexadecimal.
    pub conversation: String,
    /// The text so far.
    pub text: String,
    /// Identifier of the message that it answers.
    pub reply_to: Option<String>,
    /// Milliseconds since the Unix epoch.
    pub changed_at_ms: u64,
}

/// Proof that somebody confirmed a message, for people outside of the conversation: together with
/// the message's id it is checked with Ed25519 alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct AcknowledgementProof {
    /// Handle in the certificate.
    pub by: String,
    /// Seconds since the Unix epoch.
    pub at_s: u64,
    /// The message's MIMI id, 32 bytes, hexadecimal.
    pub message_id: String,
    /// SHA-256 of the text that was confirmed, hexadecimal.
    pub text_sha256: String,
    /// The exact bytes that were signed, base64.
    pub signed: String,
    /// Ed25519 signature, 64 bytes, base64.
    pub signature: String,
    /// Ed25519 public key of the device, 32 bytes, base64.
    pub device_key: String,
    /// Device certificate, by which the account vouches for that key, base64.
    pub certificate: String,
}
