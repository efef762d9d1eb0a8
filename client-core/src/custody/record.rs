//! The form of records: one line of JSON each (`docs/record.schema.json`).

use serde::{Deserialize, Serialize};

use crate::api::Info;

/// One record. Identifiers are hexadecimal, times in milliseconds since the Unix epoch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// Its place in the archive, from 0.
    pub number: u64,
    /// Its place in the custodian's journal, by which nothing is archived twice.
    pub journal: u64,
    /// The custodian's device.
    pub device: String,
    /// When it was archived, by the custodian's clock.
    pub archived_at: u64,
    /// Conversation.
    pub conversation: String,
    /// Its name then.
    pub name: String,
    /// The MLS group's log at the relay.
    pub group: String,
    /// MLS epoch.
    pub epoch: u64,
    /// Place in the epoch's lane of the log.
    pub sequence: u64,
    /// When the relay received it, by its clock.
    pub received_at: u64,
    /// Who; `null` of events.
    pub sender: Option<Sender>,
    /// What.
    #[serde(flatten)]
    pub said: Said,
    /// SHA-256 of the MIMI content as it was encrypted; empty of events.
    pub content_sha256: String,
    /// Files that it carries.
    pub files: Vec<FileRecord>,
}

/// Who said something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Sender {
    /// Handle.
    pub handle: String,
    /// Fingerprint of the account key.
    pub fingerprint: String,
    /// Device.
    pub device: String,
    /// SHA-256 of the device's certificate.
    pub certificate_sha256: String,
}

/// What was said or happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    rename_all = "camelCase",
    rename_all_fields = "camelCase",
    tag = "kind"
)]
pub enum Said {
    /// A message.
    Message {
        /// MIMI message id.
        id: String,
        /// Markdown.
        text: String,
        /// What it answers.
        reply_to: Option<String>,
        /// The thread's first message.
        thread: Option<String>,
        /// Asked to disappear after so many seconds, or at that second; 0 for never.
        expires: u32,
    },
    /// Another text for a message.
    Edit {
        /// The message.
        target: String,
        /// Markdown.
        text: String,
    },
    /// A message was deleted for everyone. Its record stays.
    Delete {
        /// The message.
        target: String,
    },
    /// An emoji.
    Reaction {
        /// The message.
        target: String,
        /// The emoji.
        emoji: String,
    },
    /// Somebody confirmed a message.
    Confirmation {
        /// The message.
        target: String,
        /// Seconds since the Unix epoch, by that person's clock.
        at: u64,
    },
    /// Of a newer version: the content itself.
    Unknown {
        /// MIMI content, Base64.
        content: String,
    },
    /// Members, roles or rules changed, or this custodian was added.
    Event {
        /// What happened.
        event: Info,
    },
}

/// A file of a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FileRecord {
    /// What the sender called it.
    pub name: String,
    /// Media type by the sender's finding.
    pub media_type: String,
    /// Bytes.
    pub size: u64,
    /// SHA-256 of the bytes, by which it is named in `files/`; empty if it is missing.
    pub sha256: String,
    /// Why it is missing; empty if it is there.
    pub missing: String,
}
