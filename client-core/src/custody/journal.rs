//! Noting what was said, in the step in which it takes effect.

use data_encoding::{BASE64, HEXLOWER};
use sealwire_crypto::sha256;
use sealwire_protocol::{
    certificate::{DeviceCertificate, DeviceKind},
    content::{Content, Meaning, MessageId},
};
use sqlx::SqliteConnection;

use super::record::{Record, Said, Sender};
use crate::{
    api::Info,
    core::Core,
    error::{CoreError, Result},
    store::{self, LogRow},
};

/// Something that a member said.
pub(crate) struct Heard<'a> {
    /// The sender's device.
    pub(crate) leaf: &'a DeviceCertificate,
    pub(crate) said: Said,
    /// The content's bytes.
    pub(crate) bytes: &'a [u8],
    /// There are files in it.
    pub(crate) files: bool,
    pub(crate) sequence: u64,
    pub(crate) received_at: u64,
}

impl Core {
    /// Whether this profile is a records custodian's.
    pub(crate) fn keeps_records(&self) -> bool {
        self.certificate.kind() == DeviceKind::Custodian
    }
}

impl Said {
    /// What a content says.
    pub(crate) fn of(content: Option<&Content>, id: &MessageId, bytes: &[u8]) -> Self {
        let hex = |id: &MessageId| HEXLOWER.encode(&id.0);
        let Some(content) = content else {
            return Self::unknown(bytes);
        };
        match content.meaning() {
            Meaning::Message => {
                let caption = content.files().map(|files| files.caption);
                let text = caption.or_else(|| content.as_text().map(str::to_owned));
                Self::Message {
                    id: hex(id),
                    text: text.unwrap_or_default(),
                    reply_to: content.in_reply_to.as_ref().map(hex),
                    thread: match content.topic.len() {
                        32 => Some(HEXLOWER.encode(&content.topic)),
                        _ => None,
                    },
                    expires: content.expires.map_or(0, |expires| expires.time_s),
                }
            }
            Meaning::Edit { target, text } => Self::Edit {
                target: hex(&target),
                text: text.into(),
            },
            Meaning::Delete { target } => Self::Delete {
                target: hex(&target),
            },
            Meaning::Reaction { target, emoji } => Self::Reaction {
                target: hex(&target),
                emoji: emoji.into(),
            },
            Meaning::Unknown => Self::unknown(bytes),
        }
    }

    fn unknown(bytes: &[u8]) -> Self {
        Self::Unknown {
            content: BASE64.encode(bytes),
        }
    }
}

/// Notes what a member said.
pub(crate) async fn note_content(
    core: &Core,
    conn: &mut SqliteConnection,
    row: &LogRow,
    heard: Heard<'_>,
) -> Result<()> {
    let leaf = heard.leaf;
    let mut record = blank(core, row, heard.said)?;
    record.sequence = heard.sequence;
    record.received_at = heard.received_at;
    record.content_sha256 = HEXLOWER.encode(&sha256(&[heard.bytes]));
    record.sender = Some(Sender {
        handle: leaf.handle().to_string(),
        fingerprint: sealwire_crypto::fingerprint(leaf.account().as_bytes()),
        device: leaf.device().to_string(),
        certificate_sha256: HEXLOWER.encode(&sha256(&[leaf.as_bytes()])),
    });
    let content = if heard.files { heard.bytes } else { &[] };
    add(conn, &record, content).await
}

/// Notes what happened.
pub(crate) async fn note_event(
    core: &Core,
    conn: &mut SqliteConnection,
    row: &LogRow,
    event: &Info,
    at_ms: u64,
) -> Result<()> {
    let event = event.clone();
    let mut record = blank(core, row, Said::Event { event })?;
    record.received_at = at_ms;
    add(conn, &record, &[]).await
}

fn blank(core: &Core, row: &LogRow, said: Said) -> Result<Record> {
    Ok(Record {
        number: 0,
        journal: 0,
        device: core.identity.device.to_string(),
        archived_at: 0,
        conversation: row.conversation.to_string(),
        name: core.policy(row)?.name().to_owned(),
        group: row.id.to_string(),
        epoch: row.mark.epoch,
        sequence: row.cursor,
        received_at: 0,
        sender: None,
        said,
        content_sha256: String::new(),
        files: Vec::new(),
    })
}

async fn add(conn: &mut SqliteConnection, record: &Record, content: &[u8]) -> Result<()> {
    let json = serde_json::to_vec(record).map_err(CoreError::internal)?;
    store::add_to_journal(conn, &json, content).await
}
