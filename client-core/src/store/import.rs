//! History that was brought from elsewhere.

use sealwire_protocol::ids::ConversationId;
use sqlx::SqliteConnection;

use super::to_db;
use crate::error::Result;

/// Notes where a conversation comes from.
pub(crate) async fn note_import(
    conn: &mut SqliteConnection,
    id: &ConversationId,
    source: &str,
    digest: &[u8; 32],
    now_ms: u64,
) -> Result<()> {
    sqlx::query("INSERT INTO imported (conversation, source, digest, at_ms) VALUES (?, ?, ?, ?)")
        .bind(id.as_bytes().as_slice())
        .bind(source)
        .bind(digest.as_slice())
        .bind(to_db(now_ms))
        .execute(conn)
        .await?;
    Ok(())
}

/// Whether a conversation was imported.
pub(crate) async fn is_imported(conn: &mut SqliteConnection, id: &ConversationId) -> Result<bool> {
    Ok(
        sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM imported WHERE conversation = ?)")
            .bind(id.as_bytes().as_slice())
            .fetch_one(conn)
            .await?,
    )
}

/// Name of the conversation that came from the file with this hash.
pub(crate) async fn imported_as(
    conn: &mut SqliteConnection,
    digest: &[u8; 32],
) -> Result<Option<String>> {
    Ok(sqlx::query_scalar(
        "SELECT name FROM imported JOIN conversation ON conversation.id = conversation
         WHERE digest = ?",
    )
    .bind(digest.as_slice())
    .fetch_optional(conn)
    .await?)
}

/// Removes an imported conversation with all that this device knows of it.
pub(crate) async fn remove_imported(
    conn: &mut SqliteConnection,
    id: &ConversationId,
) -> Result<()> {
    for table in ["imported", "message", "conversation_setting", "draft"] {
        sqlx::query(&format!("DELETE FROM {table} WHERE conversation = ?"))
            .bind(id.as_bytes().as_slice())
            .execute(&mut *conn)
            .await?;
    }
    sqlx::query("DELETE FROM conversation WHERE id = ?")
        .bind(id.as_bytes().as_slice())
        .execute(conn)
        .await?;
    Ok(())
}
