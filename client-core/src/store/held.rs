//! Conversations that a legal hold keeps.

use sealwire_protocol::ids::ConversationId;
use sqlx::SqliteConnection;

use crate::error::Result;

/// Notes that a hold keeps a conversation.
pub(crate) async fn hold(
    conn: &mut SqliteConnection,
    conversation: &ConversationId,
    name: &str,
) -> Result<()> {
    sqlx::query("INSERT OR IGNORE INTO held (conversation, hold) VALUES (?, ?)")
        .bind(conversation.as_bytes().as_slice())
        .bind(name)
        .execute(conn)
        .await?;
    Ok(())
}

/// Notes that a hold keeps every conversation.
pub(crate) async fn hold_all(conn: &mut SqliteConnection, name: &str) -> Result<()> {
    sqlx::query("INSERT OR IGNORE INTO held (conversation, hold) SELECT id, ? FROM conversation")
        .bind(name)
        .execute(conn)
        .await?;
    Ok(())
}

/// Notes that a hold keeps every conversation in which this account has written.
pub(crate) async fn hold_written_by(
    conn: &mut SqliteConnection,
    handle: &str,
    name: &str,
) -> Result<()> {
    sqlx::query(
        "INSERT OR IGNORE INTO held (conversation, hold)
         SELECT DISTINCT conversation, ?2 FROM message WHERE sender_handle = ?1",
    )
    .bind(handle)
    .bind(name)
    .execute(conn)
    .await?;
    Ok(())
}

/// A hold keeps nothing any more.
pub(crate) async fn release(conn: &mut SqliteConnection, name: &str) -> Result<()> {
    sqlx::query("DELETE FROM held WHERE hold = ?")
        .bind(name)
        .execute(conn)
        .await?;
    Ok(())
}

/// Names of the holds that keep a conversation, in order.
pub(crate) async fn holds_on(
    conn: &mut SqliteConnection,
    conversation: &ConversationId,
) -> Result<Vec<String>> {
    Ok(
        sqlx::query_scalar("SELECT hold FROM held WHERE conversation = ? ORDER BY hold")
            .bind(conversation.as_bytes().as_slice())
            .fetch_all(conn)
            .await?,
    )
}
