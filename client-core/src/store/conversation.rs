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

/// Lets another log carry a conversation.
pub(crate) async fn set_carrier(
    conn: &mut SqliteConnection,
    id: &ConversationId,
    log: &LogId,
) -> Result<()> {
    sqlx::query("UPDATE conversation SET log = ? WHERE id = ?")
        .bind(log.as_bytes().as_slice())
        .bind(id.as_bytes().as_slice())
        .execute(conn)
        .await?;
    Ok(())
}

/// The end of a conversation's history, for one transaction: places are given out in memory and
/// written once.
pub(crate) struct History {
    conversation: ConversationId,
    next_position: u64,
    unread: u64,
    newest_at: u64,
}

impl History {
    /// Reads where the history of `id` ends.
    pub(crate) async fn open(conn: &mut SqliteConnection, id: &ConversationId) -> Result<Self> {
        let row = sqlx::query("SELECT next_position, newest_at FROM conversation WHERE id = ?")
            .bind(id.as_bytes().as_slice())
            .fetch_one(conn)
            .await?;
        Ok(Self {
            conversation: *id,
            next_position: from_db(row.get("next_position")),
            unread: 0,
            newest_at: from_db(row.get("newest_at")),
        })
    }

    /// Whose history it is.
    pub(crate) const fn conversation(&self) -> ConversationId {
        self.conversation
    }

    /// Takes the next place.
    pub(crate) fn take(&mut self, at_ms: u64, unread: bool) -> u64 {
        let position = self.next_position;
        self.next_position += 1;
        self.unread += u64::from(unread);
        self.newest_at = self.newest_at.max(at_ms);
        position
    }

    /// Writes the new end.
    pub(crate) async fn save(&self, conn: &mut SqliteConnection) -> Result<()> {
        sqlx::query(
            "UPDATE conversation SET next_position = ?2, unread = unread + ?3, newest_at = ?4
             WHERE id = ?1",
        )
        .bind(self.conversation.as_bytes().as_slice())
        .bind(to_db(self.next_position))
        .bind(to_db(self.unread))
        .bind(to_db(self.newest_at))
        .execute(conn)
        .await?;
        Ok(())
    }
}

/// Everything was read.
pub(crate) async fn set_read(conn: &mut SqliteConnection, id: &ConversationId) -> Result<()> {
    sqlx::query("UPDATE conversation SET unread = 0 WHERE id = ?")
        .bind(id.as_bytes().as_slice())
        .execute(conn)
        .await?;
    Ok(())
}
