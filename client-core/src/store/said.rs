//! Edits, deletions and reactions.
//!
//! The outcome is a function of the set of things said, not of the order in which they come: the
//! edit with the highest place wins, a deletion wins over everything, and what is said of a message
//! that is not here waits for it.

use sealwire_crypto::AccountPublic;
use sealwire_protocol::{content::MessageId, ids::ConversationId};
use sqlx::{Row, SqliteConnection};

use super::{History, Line, from_db, message_by_id, to_db};
use crate::{api::MessageKind, error::Result};

/// Who said something, and where in the order of all that was said.
pub(crate) struct Said {
    pub(crate) conversation: ConversationId,
    /// Name of the edit, deletion or reaction itself.
    pub(crate) id: MessageId,
    pub(crate) sender: AccountPublic,
    pub(crate) handle: String,
    /// May delete what others wrote.
    pub(crate) moderator: bool,
    pub(crate) place: u64,
    pub(crate) at_ms: u64,
}

/// What came of it.
pub(crate) enum Outcome {
    /// This message is another now.
    Changed(MessageId),
    /// Nothing to show: its message is not here, or was deleted.
    Nothing,
    /// Not the sender's to do.
    Refused(&'static str),
}

/// Gives the message `target` another text.
pub(crate) async fn edit(
    conn: &mut SqliteConnection,
    history: &mut History,
    said: &Said,
    (target, text): (&MessageId, &str),
) -> Result<Outcome> {
    let line = message_by_id(conn, &said.conversation, target).await?;
    match line {
        None => {
            history.note_stray();
            put_revision(conn, said, (target, &said.id), text).await?;
            Ok(Outcome::Nothing)
        }
        Some(line) if line.sender != said.sender.as_bytes() => {
            Ok(Outcome::Refused("only its sender may edit a message"))
        }
        Some(line) if line.info.deleted.is_some() || line.info.kind != MessageKind::Text => {
            Ok(Outcome::Nothing)
        }
        Some(line) => {
            put_revision(conn, said, (target, &said.id), text).await?;
            show_newest_revision(conn, &line, said).await?;
            Ok(Outcome::Changed(*target))
        }
    }
}

async fn put_revision(
    conn: &mut SqliteConnection,
    said: &Said,
    (target, edit): (&MessageId, &MessageId),
    text: &str,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO revision (conversation, target, edit_id, sender, text, place, at_ms)
         VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
    )
    .bind(said.conversation.as_bytes().as_slice())
    .bind(target.0.as_slice())
    .bind(edit.0.as_slice())
    .bind(said.sender.as_bytes().as_slice())
    .bind(text)
    .bind(to_db(said.place))
    .bind(to_db(said.at_ms))
    .execute(conn)
    .await?;
    Ok(())
}

/// Keeps the first text, and shows the newest of those by the message's own sender.
async fn show_newest_revision(conn: &mut SqliteConnection, line: &Line, said: &Said) -> Result<()> {
    let Some(target) = line.message_id else {
        return Ok(());
    };
    if line.info.edited_at_ms.is_none() {
        let first = Said {
            id: target,
            handle: String::new(),
            place: line.place,
            at_ms: line.info.at_ms,
            ..*said
        };
        put_revision(conn, &first, (&target, &target), &line.info.text).await?;
    }
    sqlx::query(
        "UPDATE message SET (text, edited_place, edited_at) =
             (SELECT text, place, at_ms FROM revision
              WHERE conversation = ?1 AND target = ?2 AND sender = ?3
              ORDER BY place DESC, edit_id LIMIT 1)
         WHERE id = ?4",
    )
    .bind(said.conversation.as_bytes().as_slice())
    .bind(target.0.as_slice())
    .bind(&line.sender)
    .bind(line.row)
    .execute(&mut *conn)
    .await?;
    if let Some(line) = message_by_id(conn, &said.conversation, &target).await? {
        super::index(conn, &line).await?;
    }
    Ok(())
}

/// Takes the message or reaction `target` back.
pub(crate) async fn delete(
    conn: &mut SqliteConnection,
    history: &mut History,
    said: &Said,
    target: &MessageId,
) -> Result<Outcome> {
    if let Some(line) = message_by_id(conn, &said.conversation, target).await? {
        if line.sender != said.sender.as_bytes() && !said.moderator {
            return Ok(Outcome::Refused(
                "only its sender, or whoever may delete for others, may delete a message",
            ));
        }
        put_deletion(conn, said, target).await?;
        erase(conn, &line).await?;
        return Ok(Outcome::Changed(*target));
    }
    let reaction = sqlx::query(
        "SELECT target, sender FROM reaction WHERE conversation = ? AND reaction_id = ?",
    )
    .bind(said.conversation.as_bytes().as_slice())
    .bind(target.0.as_slice())
    .fetch_optional(&mut *conn)
    .await?;
    let Some(reaction) = reaction else {
        history.note_stray();
        put_deletion(conn, said, target).await?;
        return Ok(Outcome::Nothing);
    };
    if reaction.get::<&[u8], _>("sender") != said.sender.as_bytes() {
        return Ok(Outcome::Refused("only its sender may take a reaction back"));
    }
    put_deletion(conn, said, target).await?;
    sqlx::query("DELETE FROM reaction WHERE conversation = ? AND reaction_id = ?")
        .bind(said.conversation.as_bytes().as_slice())
        .bind(target.0.as_slice())
        .execute(conn)
        .await?;
    let at: Vec<u8> = reaction.get("target");
    Ok(super::optional_id(&at)?.map_or(Outcome::Nothing, Outcome::Changed))
}

async fn put_deletion(conn: &mut SqliteConnection, said: &Said, target: &MessageId) -> Result<()> {
    sqlx::query(
        "INSERT INTO deletion (conversation, target, sender, sender_handle, moderator, place, at_ms)
         VALUES (?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET moderator = max(moderator, excluded.moderator),
             at_ms = CASE WHEN excluded.place < place THEN excluded.at_ms ELSE at_ms END,
             place = min(place, excluded.place)",
    )
    .bind(said.conversation.as_bytes().as_slice())
    .bind(target.0.as_slice())
    .bind(said.sender.as_bytes().as_slice())
    .bind(&said.handle)
    .bind(said.moderator)
    .bind(to_db(said.place))
    .bind(to_db(said.at_ms))
    .execute(conn)
    .await?;
    Ok(())
}

/// Leaves a tombstone, if somebody who may has deleted the message; answers whether.
async fn erase(conn: &mut SqliteConnection, line: &Line) -> Result<bool> {
    let Some(target) = line.message_id else {
        return Ok(false);
    };
    let conversation = &line.conversation;
    let first = sqlx::query(
        "SELECT sender_handle, at_ms FROM deletion
         WHERE conversation = ? AND target = ? AND (sender = ? OR moderator)
         ORDER BY place, sender LIMIT 1",
    )
    .bind(conversation.as_bytes().as_slice())
    .bind(target.0.as_slice())
    .bind(&line.sender)
    .fetch_optional(&mut *conn)
    .await?;
    let Some(first) = first else {
        return Ok(false);
    };
    sqlx::query(
        "UPDATE message SET text = '', content = x'', mentions = x'', mentions_me = 0,
             edited_at = 0, edited_place = 0, deleted_by = ?, deleted_at = ? WHERE id = ?",
    )
    .bind(first.get::<&str, _>("sender_handle"))
    .bind(to_db(from_db(first.get("at_ms"))))
    .bind(line.row)
    .execute(&mut *conn)
    .await?;
    // With the row goes the key: what is left of its files are bytes that nobody can open.
    sqlx::query("DELETE FROM attachment WHERE message = ?")
        .bind(line.row)
        .execute(&mut *conn)
        .await?;
    forget(conn, conversation, &target).await?;
    Ok(true)
}

/// Removes what was said of a message: other texts of it, reactions, confirmations.
pub(crate) async fn forget(
    conn: &mut SqliteConnection,
    conversation: &ConversationId,
    target: &MessageId,
) -> Result<()> {
    for query in [
        "DELETE FROM revision WHERE conversation = ? AND target = ?",
        "DELETE FROM reaction WHERE conversation = ? AND target = ?",
        "DELETE FROM acknowledgement WHERE conversation = ? AND target = ?",
    ] {
        sqlx::query(query)
            .bind(conversation.as_bytes().as_slice())
            .bind(target.0.as_slice())
            .execute(&mut *conn)
            .await?;
    }
    Ok(())
}

/// Puts `emoji` at the message `target`.
pub(crate) async fn react(
    conn: &mut SqliteConnection,
    history: &mut History,
    said: &Said,
    (target, emoji): (&MessageId, &str),
) -> Result<Outcome> {
    let line = message_by_id(conn, &said.conversation, target).await?;
    if line
        .as_ref()
        .is_some_and(|line| line.info.deleted.is_some())
    {
        return Ok(Outcome::Nothing);
    }
    if history.has_strays() && is_deleted(conn, said).await? {
        return Ok(Outcome::Nothing);
    }
    sqlx::query(
        "INSERT INTO reaction (conversation, target, reaction_id, sender, sender_handle, emoji,
             place, at_ms)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
    )
    .bind(said.conversation.as_bytes().as_slice())
    .bind(target.0.as_slice())
    .bind(said.id.0.as_slice())
    .bind(said.sender.as_bytes().as_slice())
    .bind(&said.handle)
    .bind(emoji)
    .bind(to_db(said.place))
    .bind(to_db(said.at_ms))
    .execute(conn)
    .await?;
    if line.is_none() {
        history.note_stray();
        return Ok(Outcome::Nothing);
    }
    Ok(Outcome::Changed(*target))
}

/// Whether the sender of a reaction took it back before it came.
async fn is_deleted(conn: &mut SqliteConnection, said: &Said) -> Result<bool> {
    Ok(sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM deletion
             WHERE conversation = ? AND target = ? AND sender = ?)",
    )
    .bind(said.conversation.as_bytes().as_slice())
    .bind(said.id.0.as_slice())
    .bind(said.sender.as_bytes().as_slice())
    .fetch_one(conn)
    .await?)
}

/// A message came of which something may have been said already; answers whether that changed it.
pub(crate) async fn settle_strays(
    conn: &mut SqliteConnection,
    line: &Line,
    said: &Said,
) -> Result<bool> {
    let Some(target) = line.message_id else {
        return Ok(false);
    };
    sqlx::query("DELETE FROM revision WHERE conversation = ? AND target = ? AND sender <> ?")
        .bind(said.conversation.as_bytes().as_slice())
        .bind(target.0.as_slice())
        .bind(&line.sender)
        .execute(&mut *conn)
        .await?;
    if erase(conn, line).await? {
        return Ok(true);
    }
    let edited: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM revision WHERE conversation = ? AND target = ?)",
    )
    .bind(said.conversation.as_bytes().as_slice())
    .bind(target.0.as_slice())
    .fetch_one(&mut *conn)
    .await?;
    if edited {
        show_newest_revision(conn, line, said).await?;
    }
    Ok(true)
}

/// The texts that a message has had, oldest first.
pub(crate) async fn revisions(
    conn: &mut SqliteConnection,
    conversation: &ConversationId,
    target: &MessageId,
) -> Result<Vec<crate::api::RevisionInfo>> {
    let rows = sqlx::query(
        "SELECT text, at_ms FROM revision WHERE conversation = ? AND target = ?
         ORDER BY place, edit_id",
    )
    .bind(conversation.as_bytes().as_slice())
    .bind(target.0.as_slice())
    .fetch_all(conn)
    .await?;
    Ok(rows
        .iter()
        .map(|row| crate::api::RevisionInfo {
            text: row.get("text"),
            at_ms: from_db(row.get("at_ms")),
        })
        .collect())
}

/// A reaction of `sender` with `emoji` at `target`.
pub(crate) async fn reaction_of(
    conn: &mut SqliteConnection,
    conversation: &ConversationId,
    target: &MessageId,
    sender: &AccountPublic,
    emoji: &str,
) -> Result<Option<MessageId>> {
    let id: Option<Vec<u8>> = sqlx::query_scalar(
        "SELECT reaction_id FROM reaction
         WHERE conversation = ? AND target = ? AND sender = ? AND emoji = ? LIMIT 1",
    )
    .bind(conversation.as_bytes().as_slice())
    .bind(target.0.as_slice())
    .bind(sender.as_bytes().as_slice())
    .bind(emoji)
    .fetch_optional(conn)
    .await?;
    id.map_or(Ok(None), |id| super::optional_id(&id))
}

#[cfg(test)]
mod tests;
