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
    pub(crate) mentions_unread: u64,
    pub(crate) read_position: u64,
    pub(crate) newest_at: u64,
}

fn read(row: &SqliteRow) -> Result<ConversationRow> {
    Ok(ConversationRow {
        id: ConversationId::from_slice(row.get("id")).map_err(|_| damaged("conversation"))?,
        name: row.get("name"),
        log: LogId::from_slice(row.get("log")).map_err(|_| damaged("conversation"))?,
        unread: from_db(row.get("unread")),
        mentions_unread: from_db(row.get("mentions_unread")),
        read_position: from_db(row.get("read_position")),
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
    mentions: u64,
    newest_at: u64,
    strays: u64,
}

impl History {
    /// Reads where the history of `id` ends.
    pub(crate) async fn open(conn: &mut SqliteConnection, id: &ConversationId) -> Result<Self> {
        let row =
            sqlx::query("SELECT next_position, newest_at, strays FROM conversation WHERE id = ?")
                .bind(id.as_bytes().as_slice())
                .fetch_one(conn)
                .await?;
        Ok(Self {
            conversation: *id,
            next_position: from_db(row.get("next_position")),
            unread: 0,
            mentions: 0,
            newest_at: from_db(row.get("newest_at")),
            strays: from_db(row.get("strays")),
        })
    }

    /// Whose history it is.
    pub(crate) const fn conversation(&self) -> ConversationId {
        self.conversation
    }

    /// Takes the next place.
    pub(crate) fn take(&mut self, at_ms: u64, unread: bool, mention: bool) -> u64 {
        let position = self.next_position;
        self.next_position += 1;
        self.unread += u64::from(unread);
        self.mentions += u64::from(mention);
        self.newest_at = self.newest_at.max(at_ms);
        position
    }

    /// Something was said of a message that is not here.
    pub(crate) const fn note_stray(&mut self) {
        self.strays += 1;
    }

    /// Whether something was ever said of a message that was not here.
    pub(crate) const fn has_strays(&self) -> bool {
        self.strays > 0
    }

    /// Writes the new end.
    pub(crate) async fn save(&self, conn: &mut SqliteConnection) -> Result<()> {
        sqlx::query(
            "UPDATE conversation SET next_position = ?2, unread = unread + ?3, newest_at = ?4,
                 mentions_unread = mentions_unread + ?5, strays = ?6
             WHERE id = ?1",
        )
        .bind(self.conversation.as_bytes().as_slice())
        .bind(to_db(self.next_position))
        .bind(to_db(self.unread))
        .bind(to_db(self.newest_at))
        .bind(to_db(self.mentions))
        .bind(to_db(self.strays))
        .execute(conn)
        .await?;
        Ok(())
    }
}

/// The place of the newest line of a conversation's history; 0 if there is none.
pub(crate) async fn newest_position(
    conn: &mut SqliteConnection,
    id: &ConversationId,
) -> Result<u64> {
    let next: i64 = sqlx::query_scalar("SELECT next_position FROM conversation WHERE id = ?")
        .bind(id.as_bytes().as_slice())
        .fetch_one(conn)
        .await?;
    Ok(from_db(next).saturating_sub(1))
}

/// Everything up to the place `up_to` was read; what disappears after it was read begins to do so.
pub(crate) async fn read_up_to(
    conn: &mut SqliteConnection,
    id: &ConversationId,
    up_to: u64,
    now_ms: u64,
) -> Result<()> {
    sqlx::query(
        "UPDATE message SET expires_at = ?3 + expire_after_s * 1000
         WHERE conversation = ?1 AND expire_after_s > 0 AND expires_at = 0
             AND position BETWEEN 1 + (SELECT read_position FROM conversation WHERE id = ?1)
             AND ?2",
    )
    .bind(id.as_bytes().as_slice())
    .bind(to_db(up_to))
    .bind(to_db(now_ms))
    .execute(&mut *conn)
    .await?;
    sqlx::query(
        "UPDATE conversation SET read_position = ?2,
             unread = (SELECT count(*) FROM message WHERE conversation = ?1 AND position > ?2
                 AND own = 0 AND kind <> 'info'),
             mentions_unread = (SELECT count(*) FROM message WHERE conversation = ?1
                 AND position > ?2 AND own = 0 AND mentions_me)
         WHERE id = ?1 AND read_position < ?2",
    )
    .bind(id.as_bytes().as_slice())
    .bind(to_db(up_to))
    .execute(conn)
    .await?;
    Ok(())
}
