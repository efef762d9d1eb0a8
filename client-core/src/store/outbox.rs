//! What is to be sent, until it was read back from the relay.

use std::collections::HashMap;

use sealwire_protocol::{
    content::MessageId,
    ids::{EntryId, LogId},
};
use serde::{Deserialize, Serialize};
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};

use super::{damaged, from_db, optional_id, to_db};
use crate::error::{CoreError, Result};

/// What a row says. Ids are of messages, hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "say")]
pub(crate) enum Outgoing {
    /// The message of the row.
    Message,
    /// A newcomer's first act.
    Joined,
    /// A request to be removed.
    LeaveRequest,
    /// Another text.
    Edit { target: String, text: String },
    /// Taken back.
    Delete { target: String },
    /// An emoji.
    React { target: String, emoji: String },
    /// The own emoji taken back; `reaction` is what was said, known once this is encrypted.
    Unreact {
        target: String,
        emoji: String,
        reaction: Option<String>,
    },
    /// How far this account has come.
    Receipt {
        delivered: Option<String>,
        read: Option<String>,
    },
    /// A message is confirmed, at this second.
    Acknowledge { target: String, at_s: u64 },
}

impl Outgoing {
    /// Text and the first signals have names of their own, older than the others.
    fn to_db(&self) -> Result<String> {
        Ok(match self {
            Self::Message => String::new(),
            Self::Joined => "joined".into(),
            Self::LeaveRequest => "leave-request".into(),
            other => serde_json::to_string(other).map_err(CoreError::internal)?,
        })
    }

    fn from_db(text: &str) -> Result<Self> {
        match text {
            "" => Ok(Self::Message),
            "joined" => Ok(Self::Joined),
            "leave-request" => Ok(Self::LeaveRequest),
            json => serde_json::from_str(json).map_err(|_| damaged("signal")),
        }
    }
}

/// A message id as rows of the outbox hold it.
pub(crate) fn hex_id(id: &MessageId) -> String {
    id.to_string()
}

/// The reverse of [`hex_id`].
pub(crate) fn id_of(text: &str) -> Result<MessageId> {
    let bytes = data_encoding::HEXLOWER.decode(text.as_bytes());
    let bytes = bytes.map_err(|_| damaged("message id"))?;
    optional_id(&bytes)?.ok_or_else(|| damaged("message id"))
}

/// One row of `outbox`.
pub(crate) struct OutboxRow {
    pub(crate) id: i64,
    /// `message.id`; 0 for all but messages.
    pub(crate) message: i64,
    pub(crate) salt: [u8; 16],
    pub(crate) outgoing: Outgoing,
    /// Held back until then, milliseconds since the Unix epoch.
    pub(crate) not_before: u64,
    /// Set once encrypted, together with `payload` and `message_id`.
    pub(crate) entry_id: Option<EntryId>,
    pub(crate) message_id: Option<MessageId>,
    pub(crate) payload: Vec<u8>,
}

fn read(row: &SqliteRow) -> Result<OutboxRow> {
    let entry_id: Vec<u8> = row.get("entry_id");
    Ok(OutboxRow {
        id: row.get("id"),
        message: row.get("message"),
        salt: row
            .get::<Vec<u8>, _>("salt")
            .try_into()
            .map_err(|_| damaged("salt"))?,
        outgoing: Outgoing::from_db(row.get("signal"))?,
        not_before: from_db(row.get("not_before")),
        entry_id: (!entry_id.is_empty())
            .then(|| EntryId::from_slice(&entry_id))
            .transpose()
            .map_err(|_| damaged("entry id"))?,
        message_id: optional_id(row.get("message_id"))?,
        payload: row.get("payload"),
    })
}

/// Adds a row at the end, to be sent from `not_before` on. `message` is 0 for all but messages.
pub(crate) async fn enqueue(
    conn: &mut SqliteConnection,
    log: &LogId,
    (message, salt): (i64, &[u8; 16]),
    outgoing: &Outgoing,
    not_before: u64,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO outbox (log, message, salt, signal, entry_id, payload, not_before)
         VALUES (?, ?, ?, ?, x'', x'', ?)",
    )
    .bind(log.as_bytes().as_slice())
    .bind(message)
    .bind(salt.as_slice())
    .bind(outgoing.to_db()?)
    .bind(to_db(not_before))
    .execute(conn)
    .await?;
    Ok(())
}

/// The oldest row after `after`.
pub(crate) async fn next_outbox(
    conn: &mut SqliteConnection,
    log: &LogId,
    after: i64,
) -> Result<Option<OutboxRow>> {
    sqlx::query("SELECT * FROM outbox WHERE log = ? AND id > ? ORDER BY id LIMIT 1")
        .bind(log.as_bytes().as_slice())
        .bind(after)
        .fetch_optional(conn)
        .await?
        .map(|row| read(&row))
        .transpose()
}

/// The row that sends a message of the history.
pub(crate) async fn outbox_of(
    conn: &mut SqliteConnection,
    message: i64,
) -> Result<Option<OutboxRow>> {
    sqlx::query("SELECT * FROM outbox WHERE message = ? AND message <> 0")
        .bind(message)
        .fetch_optional(conn)
        .await?
        .map(|row| read(&row))
        .transpose()
}

/// Rows that were encrypted and not read back yet, by entry id.
pub(crate) async fn encrypted_entries(
    conn: &mut SqliteConnection,
    log: &LogId,
) -> Result<HashMap<EntryId, OutboxRow>> {
    sqlx::query("SELECT * FROM outbox WHERE log = ? AND entry_id <> x''")
        .bind(log.as_bytes().as_slice())
        .fetch_all(conn)
        .await?
        .iter()
        .map(|row| {
            let row = read(row)?;
            let entry_id = row.entry_id.ok_or_else(|| damaged("entry id"))?;
            Ok((entry_id, row))
        })
        .collect()
}

/// Rows before `id` that were encrypted and not read back yet, the newest first.
pub(crate) async fn encrypted_before(
    conn: &mut SqliteConnection,
    log: &LogId,
    id: i64,
) -> Result<Vec<OutboxRow>> {
    sqlx::query(
        "SELECT * FROM outbox WHERE log = ? AND id < ? AND entry_id <> x'' ORDER BY id DESC",
    )
    .bind(log.as_bytes().as_slice())
    .bind(id)
    .fetch_all(conn)
    .await?
    .iter()
    .map(read)
    .collect()
}

/// Stores what a row was encrypted to.
pub(crate) async fn set_encrypted(conn: &mut SqliteConnection, row: &OutboxRow) -> Result<()> {
    sqlx::query(
        "UPDATE outbox SET entry_id = ?, payload = ?, message_id = ?, signal = ? WHERE id = ?",
    )
    .bind(
        row.entry_id
            .as_ref()
            .map_or(&[][..], |id| id.as_bytes().as_slice()),
    )
    .bind(&row.payload)
    .bind(
        row.message_id
            .as_ref()
            .map_or(&[][..], |id| id.0.as_slice()),
    )
    .bind(row.outgoing.to_db()?)
    .bind(row.id)
    .execute(conn)
    .await?;
    Ok(())
}

/// The row was read back, or will never be sent.
pub(crate) async fn remove(conn: &mut SqliteConnection, id: i64) -> Result<()> {
    sqlx::query("DELETE FROM outbox WHERE id = ?")
        .bind(id)
        .execute(conn)
        .await?;
    Ok(())
}

/// After a valid commit nothing that was encrypted before and not read back can arrive any more:
/// encrypt it anew.
pub(crate) async fn reset_encrypted(conn: &mut SqliteConnection, log: &LogId) -> Result<()> {
    sqlx::query("UPDATE outbox SET entry_id = x'', payload = x'', message_id = x'' WHERE log = ?")
        .bind(log.as_bytes().as_slice())
        .execute(conn)
        .await?;
    Ok(())
}

/// Rows of groups that work which are not read back yet.
pub(crate) async fn outbox_len(conn: &mut SqliteConnection) -> Result<u64> {
    let count: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM outbox JOIN log ON log.id = outbox.log
         WHERE log.state IN ('active', 'creating')",
    )
    .fetch_one(conn)
    .await?;
    Ok(from_db(count))
}
