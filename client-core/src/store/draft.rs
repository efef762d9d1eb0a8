//! What a person has begun to write.

use data_encoding::HEXLOWER;
use sealwire_protocol::ids::ConversationId;
use sqlx::{Row, SqliteConnection};

use super::{from_db, to_db};
use crate::{api::DraftInfo, error::Result};

/// Keeps a draft; an empty one is forgotten.
pub(crate) async fn set_draft(
    conn: &mut SqliteConnection,
    conversation: &ConversationId,
    text: &str,
    reply_to: &[u8],
    now_ms: u64,
) -> Result<()> {
    if text.is_empty() && reply_to.is_empty() {
        sqlx::query("DELETE FROM draft WHERE conversation = ?")
            .bind(conversation.as_bytes().as_slice())
            .execute(conn)
            .await?;
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO draft (conversation, text, reply_to, changed_at) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO UPDATE SET text = ?2, reply_to = ?3, changed_at = ?4",
    )
    .bind(conversation.as_bytes().as_slice())
    .bind(text)
    .bind(reply_to)
    .bind(to_db(now_ms))
    .execute(conn)
    .await?;
    Ok(())
}

/// The draft of a conversation.
pub(crate) async fn draft(
    conn: &mut SqliteConnection,
    conversation: &ConversationId,
) -> Result<Option<DraftInfo>> {
    let row = sqlx::query("SELECT * FROM draft WHERE conversation = ?")
        .bind(conversation.as_bytes().as_slice())
        .fetch_optional(conn)
        .await?;
    Ok(row.map(|row| DraftInfo {
        conversation: conversation.to_string(),
        text: row.get("text"),
        reply_to: Some(HEXLOWER.encode(row.get("reply_to"))).filter(|uid| !uid.is_empty()),
        changed_at_ms: from_db(row.get("changed_at")),
    }))
}
