//! What this device alone remembers of conversations and people, and what its person has chosen;
//! nobody else is told.

use std::collections::{HashMap, HashSet};

use sealwire_protocol::{handle::Handle, ids::ConversationId};
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};

use super::{from_db, to_db};
use crate::{api::LocalSettings, error::Result};

fn read(row: &SqliteRow) -> LocalSettings {
    let until = from_db(row.get("muted_until"));
    LocalSettings {
        muted_until: (until > 0).then_some(until),
        pinned: row.get("pinned"),
        archived: row.get("archived"),
        marked_unread: row.get("marked_unread"),
        folder: row.get("folder"),
    }
}

/// The settings of a conversation; the defaults if there are none.
pub(crate) async fn local_settings(
    conn: &mut SqliteConnection,
    id: &ConversationId,
) -> Result<LocalSettings> {
    let row = sqlx::query("SELECT * FROM conversation_setting WHERE conversation = ?")
        .bind(id.as_bytes().as_slice())
        .fetch_optional(conn)
        .await?;
    Ok(row.as_ref().map(read).unwrap_or_default())
}

/// Stores the settings of a conversation.
pub(crate) async fn save_local_settings(
    conn: &mut SqliteConnection,
    id: &ConversationId,
    settings: &LocalSettings,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO conversation_setting
             (conversation, muted_until, pinned, archived, marked_unread, folder, invited_by)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, '')
         ON CONFLICT (conversation) DO UPDATE SET muted_until = ?2, pinned = ?3, archived = ?4,
             marked_unread = ?5, folder = ?6",
    )
    .bind(id.as_bytes().as_slice())
    .bind(to_db(settings.muted_until.unwrap_or(0)))
    .bind(settings.pinned)
    .bind(settings.archived)
    .bind(settings.marked_unread)
    .bind(&settings.folder)
    .execute(conn)
    .await?;
    Ok(())
}

/// The person looked at a conversation.
pub(crate) async fn forget_unread_mark(
    conn: &mut SqliteConnection,
    id: &ConversationId,
) -> Result<()> {
    sqlx::query("UPDATE conversation_setting SET marked_unread = 0 WHERE conversation = ?")
        .bind(id.as_bytes().as_slice())
        .execute(conn)
        .await?;
    Ok(())
}

/// The highest place among pinned conversations; 0 if none is pinned.
pub(crate) async fn last_pin(conn: &mut SqliteConnection) -> Result<u32> {
    Ok(
        sqlx::query_scalar("SELECT coalesce(max(pinned), 0) FROM conversation_setting")
            .fetch_one(conn)
            .await?,
    )
}

/// Notes who added this account to a conversation: it is not shown while they are blocked.
pub(crate) async fn note_inviter(
    conn: &mut SqliteConnection,
    id: &ConversationId,
    inviter: &Handle,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO conversation_setting
             (conversation, muted_until, pinned, archived, marked_unread, folder, invited_by)
         VALUES (?1, 0, 0, 0, 0, '', ?2)
         ON CONFLICT (conversation) DO UPDATE SET invited_by = ?2",
    )
    .bind(id.as_bytes().as_slice())
    .bind(inviter.as_str())
    .execute(conn)
    .await?;
    Ok(())
}

/// What this person is called here, and whether they are blocked.
#[derive(Debug, Clone, Default)]
pub(crate) struct PersonSetting {
    /// Empty if none.
    pub(crate) nickname: String,
    pub(crate) blocked: bool,
}

/// Everything said of people here, by handle.
pub(crate) async fn person_settings(
    conn: &mut SqliteConnection,
) -> Result<HashMap<String, PersonSetting>> {
    let rows = sqlx::query("SELECT handle, nickname, blocked_at FROM contact_setting")
        .fetch_all(conn)
        .await?;
    Ok(rows
        .iter()
        .map(|row| {
            let setting = PersonSetting {
                nickname: row.get("nickname"),
                blocked: row.get::<i64, _>("blocked_at") != 0,
            };
            (row.get("handle"), setting)
        })
        .collect())
}

/// What is said of one person here.
pub(crate) async fn person_setting(
    conn: &mut SqliteConnection,
    handle: &str,
) -> Result<PersonSetting> {
    let row = sqlx::query("SELECT nickname, blocked_at FROM contact_setting WHERE handle = ?")
        .bind(handle)
        .fetch_optional(conn)
        .await?;
    Ok(
        row.map_or_else(PersonSetting::default, |row| PersonSetting {
            nickname: row.get("nickname"),
            blocked: row.get::<i64, _>("blocked_at") != 0,
        }),
    )
}

/// Gives a person a name that only this device knows; an empty one takes it away.
pub(crate) async fn set_nickname(
    conn: &mut SqliteConnection,
    handle: &Handle,
    nickname: &str,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO contact_setting (handle, nickname, blocked_at) VALUES (?1, ?2, 0)
         ON CONFLICT (handle) DO UPDATE SET nickname = ?2",
    )
    .bind(handle.as_str())
    .bind(nickname)
    .execute(conn)
    .await?;
    Ok(())
}

/// Blocks a person since `at_ms`, or lets them through again with 0.
pub(crate) async fn set_blocked(
    conn: &mut SqliteConnection,
    handle: &Handle,
    at_ms: u64,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO contact_setting (handle, nickname, blocked_at) VALUES (?1, '', ?2)
         ON CONFLICT (handle) DO UPDATE SET blocked_at = ?2",
    )
    .bind(handle.as_str())
    .bind(to_db(at_ms))
    .execute(conn)
    .await?;
    Ok(())
}

/// Conversations that are not shown: those that a blocked person added this account to. A direct
/// conversation carries the other's handle as its name here.
pub(crate) async fn hidden_conversations(
    conn: &mut SqliteConnection,
) -> Result<HashSet<ConversationId>> {
    let rows: Vec<Vec<u8>> = sqlx::query_scalar(
        "SELECT conversation.id FROM conversation
         LEFT JOIN conversation_setting ON conversation_setting.conversation = conversation.id
         JOIN contact_setting ON contact_setting.blocked_at <> 0
             AND (contact_setting.handle = conversation_setting.invited_by
                  OR (contact_setting.handle = conversation.name
                      AND substr(conversation.id, 1, 4) = CAST('dir1' AS BLOB)))",
    )
    .fetch_all(conn)
    .await?;
    rows.iter()
        .map(|id| ConversationId::from_slice(id).map_err(|_| super::damaged("conversation")))
        .collect()
}

/// The name of the setting that tells when the database was last written anew.
const REWRITTEN_AT: &str = "rewritten_at";

/// When the database was last written anew because it was time; 0 if never.
pub(crate) async fn rewritten_at(conn: &mut SqliteConnection) -> Result<u64> {
    let value: Option<String> = sqlx::query_scalar("SELECT value FROM setting WHERE name = ?")
        .bind(REWRITTEN_AT)
        .fetch_optional(conn)
        .await?;
    Ok(value.and_then(|value| value.parse().ok()).unwrap_or(0))
}

/// Notes that the database is being written anew.
pub(crate) async fn set_rewritten_at(conn: &mut SqliteConnection, now_ms: u64) -> Result<()> {
    sqlx::query(
        "INSERT INTO setting (name, value) VALUES (?1, ?2)
         ON CONFLICT (name) DO UPDATE SET value = ?2",
    )
    .bind(REWRITTEN_AT)
    .bind(now_ms.to_string())
    .execute(conn)
    .await?;
    Ok(())
}

/// The name of the setting that keeps receipts from being sent.
pub(crate) const NO_RECEIPTS: &str = "no_receipts";

/// The name of the setting that lets others see when this person types.
pub(crate) const TYPING: &str = "typing";

/// Sets or takes away a mark.
pub(crate) async fn set_mark(conn: &mut SqliteConnection, name: &str, on: bool) -> Result<()> {
    let query = if on {
        "INSERT INTO setting (name, value) VALUES (?, '') ON CONFLICT DO NOTHING"
    } else {
        "DELETE FROM setting WHERE name = ?"
    };
    sqlx::query(query).bind(name).execute(conn).await?;
    Ok(())
}

/// Whether a mark is set.
pub(crate) async fn has_mark(conn: &mut SqliteConnection, name: &str) -> Result<bool> {
    Ok(
        sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM setting WHERE name = ?)")
            .bind(name)
            .fetch_one(conn)
            .await?,
    )
}
