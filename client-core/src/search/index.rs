//! Documents in and out, within the transaction that changes their messages.

use sqlx::SqliteConnection;

use super::{document::Document, tokens::Tokens};
use crate::{error::Result, store::to_db};

/// Puts a message into the index, or its newest form in the place of an older one. Called after
/// the row of the message is there. What is not in the index yet because it is older than what
/// was taken in so far ([`super::backfill`]) may be put, too.
pub(crate) async fn put(conn: &mut SqliteConnection, document: &Document<'_>) -> Result<()> {
    if insert(conn, document).await? {
        return Ok(());
    }
    name(
        conn,
        document.conversation.as_bytes(),
        document.sender.as_bytes(),
    )
    .await?;
    insert(conn, document).await?;
    Ok(())
}

/// Takes a message out of the index. Its words leave the file with the transaction, and the
/// write-ahead log with [`super::erase`]. The index knows them by itself, so the message may have
/// changed before. Deleting the row of the message or changing its text does this, too.
#[cfg_attr(
    not(test),
    expect(dead_code, reason = "the triggers do it for all that there is yet")
)]
pub(crate) async fn remove(conn: &mut SqliteConnection, message: i64) -> Result<()> {
    sqlx::query("DELETE FROM search_document WHERE message = ?")
        .bind(message)
        .execute(conn)
        .await?;
    Ok(())
}

/// False if the index has no number yet for one of the names.
async fn insert(conn: &mut SqliteConnection, document: &Document<'_>) -> Result<bool> {
    let names = document.files.join("\n");
    let flags = document.flags.of_text(document.text);
    let done = sqlx::query(
        "INSERT INTO search_document
             (message, conversation, sender, flags, words, files, file_names)
         SELECT ?1, c.id, s.id, ?4, ?5, ?6, ?7 FROM search_name AS c, search_name AS s
         WHERE c.kind = 'conversation' AND c.name = ?2 AND s.kind = 'sender' AND s.name = ?3
         ON CONFLICT (message) DO UPDATE SET
             conversation = excluded.conversation, sender = excluded.sender,
             flags = excluded.flags, words = excluded.words, files = excluded.files,
             file_names = excluded.file_names",
    )
    .bind(document.message)
    .bind(document.conversation.as_bytes().as_slice())
    .bind(document.sender.as_bytes())
    .bind(to_db(flags.bits().into()))
    .bind(Tokens::of(document.text).into_joined())
    .bind(Tokens::of(&names).into_joined())
    .bind(names)
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Gives a conversation and a sender numbers, unless they have some.
pub(super) async fn name(
    conn: &mut SqliteConnection,
    conversation: &[u8],
    sender: &[u8],
) -> Result<()> {
    sqlx::query(
        "INSERT OR IGNORE INTO search_name (kind, name) VALUES ('conversation', ?), ('sender', ?)",
    )
    .bind(conversation)
    .bind(sender)
    .execute(conn)
    .await?;
    Ok(())
}
