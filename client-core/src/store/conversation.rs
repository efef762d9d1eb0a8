//! Conversations: what people see, whatever group carries them.

use sealwire_protocol::ids::{ConversationId, LogId};
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};

use super::{damaged, from_db, to_db};
use crate::error::Result;

/// One row of `conversation`.
pub(crate) struct ConversationRow {
    pub(crate) id: ConversationId,
    pub(crate) name: String,
    pub(crate) log: LogId,
    pub(crate) unread: u64,
    pub(crate) newest_at: u64,
}

fn read(row: &SqliteRow) -> Result<ConversationRow> {
    Ok(ConversationRow {
        id: ConversationId::from_slice(row.get("id")).map_err(|_| damaged("conversation"))?,
        name: row.get("name"),
        log: LogId::from_slice(row.get("log")).map_err(|_| damaged("conversation"))?,
        unread: from_db(row.get("unread")),
        newest_at: from_db(row.get("newest_at")),
    })
}

/// All conversations, the one with the newest message first.
pub(crate) async fn conversations(conn: &mut SqliteConnection) -> Result<Vec<ConversationRow>> {
    sqlx::query("SELECT * FROM conversation ORDER BY newest_at DESC, name")
        .fetch_all(conn)
        .await?
        .iter()
        .map(read)
        .collect()
}

/// One conversation.
pub(crate) async fn conversation(
    conn: &mut SqliteConnection,
    id: &ConversationId,
) -> Result<Option<ConversationRow>> {
    sqlx::query("SELECT * FROM conversation WHERE id = ?")
        .bind(id.as_bytes().as_slice())
        .fetch_optional(conn)
        .await?
        .map(|row| read(&row))
        .transpose()
}

/// Adds a conversation, or moves it to another log.
pub(crate) async fn put_conversation(
    conn: &mut SqliteConnection,
    id: &ConversationId,
    name: &str,
    log: &LogId,
    now_ms: u64,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO conversation (id, name, log, next_position, unread, newest_at)
         VALUES (?1, ?2, ?3, 1, 0, ?4)
         ON CONFLICT (id) DO UPDATE SET name = ?2, log = ?3",
    )
    .bind(id.as_bytes().as_slice())
    .bind(name)
    .bind(log.as_bytes().as_slice())
    .bind(to_db(now_ms))
    .execute(conn)
    .await?;
    Ok(())
}

/// Renames a conversation.
pub(crate) async fn set_name(
    conn: &mut SqliteConnection,
    id: &ConversationId,
    name: &str,
) -> Result<()> {
    sqlx::query("UPDATE conversation SET name = ? WHERE id = ?")
        .bind(name)
        .bind(id.as_bytes().as_slice())
        .execute(conn)
        .await?;
    Ok(())
}

/// Takes the next place in a conversation's history.
pub(crate) async fn take_position(
    conn: &mut SqliteConnection,
    id: &ConversationId,
    at_ms: u64,
    unread: bool,
) -> Result<u64> {
    let position: i64 = sqlx::query_scalar(
        "UPDATE conversation SET next_position = next_position + 1, unread = unread + ?2,
             newest_at = max(newest_at, ?3) WHERE id = ?1 RETURNING next_position - 1",
    )
    .bind(id.as_bytes().as_slice())
    .bind(i64::from(unread))
    .bind(to_db(at_ms))
    .fetch_one(conn)
    .await?;
    Ok(from_db(position))
}

/// Everything was read.
pub(crate) async fn set_read(conn: &mut SqliteConnection, id: &ConversationId) -> Result<()> {
    sqlx::query("UPDATE conversation SET unread = 0 WHERE id = ?")
        .bind(id.as_bytes().as_slice())
        .execute(conn)
        .await?;
    Ok(())
}
