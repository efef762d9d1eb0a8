//! Removing what is kept no longer.
//!
//! The age of a line counts from when the relay received it; what has no place yet was never
//! received and stays, as drafts do.

use sealwire_protocol::ids::ConversationId;
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};

use super::{Line, forget, from_db, read_line, remove_message, to_db};
use crate::error::{CoreError, Result};

/// Messages, or files, that go in one transaction.
pub(crate) const STEP: u32 = 200;

/// What one step removed.
#[derive(Default)]
pub(crate) struct Removed {
    /// Lines that are gone.
    pub(crate) gone: Vec<Line>,
    /// Lines that lost their files and stay.
    pub(crate) changed: Vec<Line>,
    /// Files that went with either.
    pub(crate) files: Vec<RemovedFile>,
}

/// A file whose key is gone: attachment number, and the hash of its sealed bytes.
pub(crate) struct RemovedFile {
    pub(crate) attachment: i64,
    pub(crate) sealed_hash: [u8; 32],
}

impl Removed {
    /// Nothing was due.
    pub(crate) fn is_empty(&self) -> bool {
        self.gone.is_empty() && self.changed.is_empty()
    }

    /// Times by the relay's clock of what was removed, milliseconds since the Unix epoch.
    pub(crate) fn times_ms(&self) -> impl Iterator<Item = u64> {
        let lines = self.gone.iter().chain(&self.changed);
        lines.map(|line| line.info.at_ms)
    }
}

/// Removes the oldest lines that the relay received up to `up_to_ms`, at most [`STEP`], with all
/// that belongs to them.
pub(crate) async fn remove_old_messages(
    conn: &mut SqliteConnection,
    conversation: &ConversationId,
    up_to_ms: u64,
) -> Result<Removed> {
    let rows = sqlx::query(
        "SELECT * FROM message WHERE conversation = ? AND position > 0 AND at_ms <= ?
         ORDER BY at_ms LIMIT ?",
    )
    .bind(conversation.as_bytes().as_slice())
    .bind(to_db(up_to_ms))
    .bind(STEP)
    .fetch_all(&mut *conn)
    .await?;
    let removed = remove_lines(conn, &rows).await?;
    recount_unread(conn, conversation, &removed.gone).await?;
    Ok(removed)
}

/// Removes the files of the oldest lines that the relay received up to `up_to_ms`, of at most
/// [`STEP`] lines. A line that held nothing else goes with them.
pub(crate) async fn remove_old_files(
    conn: &mut SqliteConnection,
    conversation: &ConversationId,
    up_to_ms: u64,
) -> Result<Removed> {
    let rows = sqlx::query(
        "SELECT * FROM message WHERE conversation = ? AND position > 0 AND at_ms <= ?
             AND EXISTS (SELECT 1 FROM attachment WHERE attachment.message = message.id)
         ORDER BY at_ms LIMIT ?",
    )
    .bind(conversation.as_bytes().as_slice())
    .bind(to_db(up_to_ms))
    .bind(STEP)
    .fetch_all(&mut *conn)
    .await?;
    let mut removed = Removed::default();
    for row in &rows {
        let line = read_line(row)?;
        if line.info.text.is_empty() {
            remove_line(conn, &line, &mut removed.files).await?;
            removed.gone.push(line);
        } else {
            remove_files(conn, line.row, &mut removed.files).await?;
            removed.changed.push(line);
        }
    }
    recount_unread(conn, conversation, &removed.gone).await?;
    Ok(removed)
}

/// Removes these lines with all that belongs to them.
pub(super) async fn remove_lines(
    conn: &mut SqliteConnection,
    rows: &[SqliteRow],
) -> Result<Removed> {
    let mut removed = Removed::default();
    for row in rows {
        let line = read_line(row)?;
        remove_line(conn, &line, &mut removed.files).await?;
        removed.gone.push(line);
    }
    Ok(removed)
}

/// Removes a line with all that belongs to it.
async fn remove_line(
    conn: &mut SqliteConnection,
    line: &Line,
    files: &mut Vec<RemovedFile>,
) -> Result<()> {
    if let Some(id) = &line.message_id {
        forget(conn, &line.conversation, id).await?;
    }
    remove_files(conn, line.row, files).await?;
    remove_message(conn, line.row).await
}

async fn remove_files(
    conn: &mut SqliteConnection,
    message: i64,
    files: &mut Vec<RemovedFile>,
) -> Result<()> {
    let rows = sqlx::query("DELETE FROM attachment WHERE message = ? RETURNING id, sealed_hash")
        .bind(message)
        .fetch_all(conn)
        .await?;
    for row in &rows {
        let hash: &[u8] = row.get("sealed_hash");
        files.push(RemovedFile {
            attachment: row.get("id"),
            sealed_hash: hash.try_into().map_err(CoreError::internal)?,
        });
    }
    Ok(())
}

/// Counts what is unread anew, if something unread was removed.
pub(super) async fn recount_unread(
    conn: &mut SqliteConnection,
    conversation: &ConversationId,
    removed: &[Line],
) -> Result<()> {
    let newest = removed.iter().map(|line| line.info.position).max();
    sqlx::query(
        "UPDATE conversation SET
             unread = (SELECT count(*) FROM message WHERE conversation = ?1
                 AND position > read_position AND own = 0 AND kind <> 'info'),
             mentions_unread = (SELECT count(*) FROM message WHERE conversation = ?1
                 AND position > read_position AND own = 0 AND mentions_me)
         WHERE id = ?1 AND read_position < ?2",
    )
    .bind(conversation.as_bytes().as_slice())
    .bind(to_db(newest.unwrap_or(0)))
    .execute(conn)
    .await?;
    Ok(())
}

/// Removes what was said up to `up_to_ms` of messages that are not here: texts of edits, reactions,
/// confirmations, and marks of deletions. True if there was any.
pub(crate) async fn remove_old_strays(
    conn: &mut SqliteConnection,
    conversation: &ConversationId,
    up_to_ms: u64,
) -> Result<bool> {
    let mut found = 0;
    for query in [
        "DELETE FROM revision WHERE conversation = ?1 AND at_ms <= ?2
             AND NOT EXISTS (SELECT 1 FROM message m WHERE m.conversation = ?1
                 AND m.message_id = revision.target AND m.message_id <> x'')",
        "DELETE FROM reaction WHERE conversation = ?1 AND at_ms <= ?2
             AND NOT EXISTS (SELECT 1 FROM message m WHERE m.conversation = ?1
                 AND m.message_id = reaction.target AND m.message_id <> x'')",
        "DELETE FROM acknowledgement WHERE conversation = ?1 AND at_s <= ?2 / 1000
             AND NOT EXISTS (SELECT 1 FROM message m WHERE m.conversation = ?1
                 AND m.message_id = acknowledgement.target AND m.message_id <> x'')",
        "DELETE FROM deletion WHERE conversation = ?1 AND at_ms <= ?2",
    ] {
        found += sqlx::query(query)
            .bind(conversation.as_bytes().as_slice())
            .bind(to_db(up_to_ms))
            .execute(&mut *conn)
            .await?
            .rows_affected();
    }
    Ok(found > 0)
}

/// Whether some file here has these sealed bytes.
pub(crate) async fn refers_to_sealed(
    conn: &mut SqliteConnection,
    sealed_hash: &[u8; 32],
) -> Result<bool> {
    let count: i64 = sqlx::query_scalar("SELECT count(*) FROM attachment WHERE sealed_hash = ?")
        .bind(sealed_hash.as_slice())
        .fetch_one(conn)
        .await?;
    Ok(from_db(count) > 0)
}

#[cfg(test)]
mod tests;
