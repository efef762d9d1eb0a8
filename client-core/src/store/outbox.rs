//! What is to be sent, until it was read back from the relay.

use std::collections::HashMap;

use sealwire_protocol::{
    content::GroupEvent,
    ids::{EntryId, LogId},
};
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};

use super::damaged;
use crate::error::Result;

/// `signal` of a newcomer's first act.
pub(crate) const JOINED: &str = "joined";
/// `signal` of a request to be removed.
pub(crate) const LEAVE_REQUEST: &str = "leave-request";

/// One row of `outbox`.
pub(crate) struct OutboxRow {
    pub(crate) id: i64,
    /// `message.id`; 0 for signals.
    pub(crate) message: i64,
    pub(crate) salt: [u8; 16],
    /// `None` for text.
    pub(crate) signal: Option<GroupEvent>,
    /// Set once encrypted, together with `payload`.
    pub(crate) entry_id: Option<EntryId>,
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
        signal: match row.get::<&str, _>("signal") {
            "" => None,
            JOINED => Some(GroupEvent::Joined),
            LEAVE_REQUEST => Some(GroupEvent::LeaveRequest),
            _ => return Err(damaged("signal")),
        },
        entry_id: (!entry_id.is_empty())
            .then(|| EntryId::from_slice(&entry_id))
            .transpose()
            .map_err(|_| damaged("entry id"))?,
        payload: row.get("payload"),
    })
}

/// Adds a message or a signal at the end.
pub(crate) async fn enqueue(
    conn: &mut SqliteConnection,
    log: &LogId,
    message: i64,
    salt: &[u8; 16],
    signal: &str,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO outbox (log, message, salt, signal, entry_id, payload)
         VALUES (?, ?, ?, ?, x'', x'')",
    )
    .bind(log.as_bytes().as_slice())
    .bind(message)
    .bind(salt.as_slice())
    .bind(signal)
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

/// Stores what a row was encrypted to.
pub(crate) async fn set_encrypted(
    conn: &mut SqliteConnection,
    id: i64,
    entry_id: &EntryId,
    payload: &[u8],
) -> Result<()> {
    sqlx::query("UPDATE outbox SET entry_id = ?, payload = ? WHERE id = ?")
        .bind(entry_id.as_bytes().as_slice())
        .bind(payload)
        .bind(id)
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
    sqlx::query("UPDATE outbox SET entry_id = x'', payload = x'' WHERE log = ?")
        .bind(log.as_bytes().as_slice())
        .execute(conn)
        .await?;
    Ok(())
}

/// Rows of a log that are not read back yet.
pub(crate) async fn outbox_len(conn: &mut SqliteConnection, log: Option<&LogId>) -> Result<u64> {
    let count: i64 = match log {
        Some(log) => {
            sqlx::query_scalar("SELECT count(*) FROM outbox WHERE log = ?")
                .bind(log.as_bytes().as_slice())
                .fetch_one(conn)
                .await?
        }
        None => {
            sqlx::query_scalar(
                "SELECT count(*) FROM outbox JOIN log ON log.id = outbox.log
                 WHERE log.state IN ('active', 'creating')",
            )
            .fetch_one(conn)
            .await?
        }
    };
    Ok(super::from_db(count))
}
