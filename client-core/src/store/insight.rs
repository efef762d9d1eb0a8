//! What was written, for counting.

use sealwire_protocol::ids::ConversationId;
use sqlx::{Row, SqliteConnection};

use super::{from_db, to_db};
use crate::error::Result;

/// A message that somebody wrote.
pub(crate) struct Spoken {
    /// Place in the history.
    pub(crate) position: u64,
    /// Handle.
    pub(crate) sender: String,
    /// Milliseconds since the Unix epoch.
    pub(crate) at_ms: u64,
    pub(crate) text: String,
}

/// Up to `limit` messages after position `after`, in order, without what was deleted and what is
/// past its time.
pub(crate) async fn spoken_after(
    conn: &mut SqliteConnection,
    conversation: &ConversationId,
    (after, limit): (u64, u32),
    now_ms: u64,
) -> Result<Vec<Spoken>> {
    let rows = sqlx::query(
        "SELECT position, sender_handle, at_ms, text FROM message
         WHERE conversation = ? AND position > ? AND kind = 'text' AND deleted_at = 0
             AND (expires_at = 0 OR expires_at > ?)
         ORDER BY position LIMIT ?",
    )
    .bind(conversation.as_bytes().as_slice())
    .bind(to_db(after))
    .bind(to_db(now_ms))
    .bind(limit)
    .fetch_all(conn)
    .await?;
    Ok(rows
        .iter()
        .map(|row| Spoken {
            position: from_db(row.get("position")),
            sender: row.get("sender_handle"),
            at_ms: from_db(row.get("at_ms")),
            text: row.get("text"),
        })
        .collect())
}
