//! History.

use data_encoding::HEXLOWER;
use sealwire_crypto::AccountPublic;
use sealwire_protocol::ids::ConversationId;
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};

use super::{History, from_db, to_db};
use crate::{
    api::{Delivery, MessageInfo, MessageKind},
    error::Result,
    search::{self, Document, Flags, Is},
};

/// A line to add to the history.
pub(crate) struct NewMessage<'a> {
    pub(crate) conversation: ConversationId,
    pub(crate) salt: [u8; 16],
    /// `None` for info lines.
    pub(crate) sender: Option<&'a AccountPublic>,
    pub(crate) sender_handle: String,
    pub(crate) own: bool,
    pub(crate) kind: MessageKind,
    pub(crate) text: &'a str,
    pub(crate) content: &'a [u8],
    pub(crate) at_ms: u64,
    pub(crate) delivery: Delivery,
}

fn kind_to_db(kind: MessageKind) -> &'static str {
    match kind {
        MessageKind::Text => "text",
        MessageKind::Info => "info",
        MessageKind::Unknown => "unknown",
    }
}

fn delivery_to_db(delivery: Delivery) -> &'static str {
    match delivery {
        Delivery::Pending => "pending",
        Delivery::Sent => "sent",
        Delivery::Failed => "failed",
        Delivery::Received => "received",
    }
}

fn read(row: &SqliteRow) -> MessageInfo {
    MessageInfo {
        id: HEXLOWER.encode(row.get("salt")),
        conversation: HEXLOWER.encode(row.get("conversation")),
        position: from_db(row.get("position")),
        sender: row.get("sender_handle"),
        own: row.get("own"),
        kind: match row.get::<&str, _>("kind") {
            "text" => MessageKind::Text,
            "info" => MessageKind::Info,
            _ => MessageKind::Unknown,
        },
        text: row.get("text"),
        at_ms: from_db(row.get("at_ms")),
        delivery: match row.get::<&str, _>("delivery") {
            "pending" => Delivery::Pending,
            "sent" => Delivery::Sent,
            "failed" => Delivery::Failed,
            _ => Delivery::Received,
        },
    }
}

/// Adds a line; unless it is pending it takes the next place in `history`. `None` if this
/// sender's message with this salt is there already.
pub(crate) async fn insert_message(
    conn: &mut SqliteConnection,
    message: &NewMessage<'_>,
    history: &mut History,
) -> Result<Option<(i64, MessageInfo)>> {
    let unread = !message.own && message.kind != MessageKind::Info;
    let position = match message.delivery {
        Delivery::Pending => 0,
        _ => history.take(message.at_ms, unread),
    };
    let row = sqlx::query(
        "INSERT INTO message (conversation, salt, sender, sender_handle, own, kind, text, content,
             position, at_ms, delivery)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (conversation, sender, salt) DO NOTHING RETURNING *",
    )
    .bind(message.conversation.as_bytes().as_slice())
    .bind(message.salt.as_slice())
    .bind(
        message
            .sender
            .map_or(&[][..], |key| key.as_bytes().as_slice()),
    )
    .bind(&message.sender_handle)
    .bind(message.own)
    .bind(kind_to_db(message.kind))
    .bind(message.text)
    .bind(message.content)
    .bind(to_db(position))
    .bind(to_db(message.at_ms))
    .bind(delivery_to_db(message.delivery))
    .fetch_optional(&mut *conn)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let id = row.get("id");
    if message.kind == MessageKind::Text {
        let own = if message.own {
            Flags::NONE.is(Is::Own)
        } else {
            Flags::NONE
        };
        let document = Document {
            message: id,
            conversation: message.conversation,
            sender: &message.sender_handle,
            text: message.text,
            files: &[],
            flags: own,
        };
        search::put(conn, &document).await?;
    }
    Ok(Some((id, read(&row))))
}

/// A pending message was read back: it takes its place.
pub(crate) async fn confirm_message(
    conn: &mut SqliteConnection,
    id: i64,
    history: &mut History,
    at_ms: u64,
) -> Result<Option<MessageInfo>> {
    let row = sqlx::query(
        "UPDATE message SET delivery = 'sent', at_ms = ?, position = ? WHERE id = ? RETURNING *",
    )
    .bind(to_db(at_ms))
    .bind(to_db(history.take(at_ms, false)))
    .bind(id)
    .fetch_optional(conn)
    .await?;
    Ok(row.as_ref().map(read))
}

/// A pending message will not be sent; its text stays.
pub(crate) async fn fail_message(
    conn: &mut SqliteConnection,
    id: i64,
) -> Result<Option<MessageInfo>> {
    let row = sqlx::query("UPDATE message SET delivery = 'failed' WHERE id = ? RETURNING *")
        .bind(id)
        .fetch_optional(conn)
        .await?;
    Ok(row.as_ref().map(read))
}

/// The text of a pending message.
pub(crate) async fn message_text(conn: &mut SqliteConnection, id: i64) -> Result<String> {
    Ok(sqlx::query_scalar("SELECT text FROM message WHERE id = ?")
        .bind(id)
        .fetch_one(conn)
        .await?)
}

/// Up to `limit` lines after `after`, in order, and at the end what is pending or failed.
pub(crate) async fn messages_after(
    conn: &mut SqliteConnection,
    conversation: &ConversationId,
    after: u64,
    limit: u32,
) -> Result<Vec<MessageInfo>> {
    let rows = sqlx::query(
        "SELECT * FROM message WHERE conversation = ? AND position > ? ORDER BY position LIMIT ?",
    )
    .bind(conversation.as_bytes().as_slice())
    .bind(to_db(after))
    .bind(limit)
    .fetch_all(&mut *conn)
    .await?;
    let mut messages: Vec<_> = rows.iter().map(read).collect();
    if messages.len() < limit as usize {
        messages.extend(unplaced(conn, conversation).await?);
    }
    Ok(messages)
}

/// The newest `limit` lines, in order, and at the end what is pending or failed.
pub(crate) async fn newest_messages(
    conn: &mut SqliteConnection,
    conversation: &ConversationId,
    limit: u32,
) -> Result<Vec<MessageInfo>> {
    let rows = sqlx::query(
        "SELECT * FROM message WHERE conversation = ? AND position > 0
         ORDER BY position DESC LIMIT ?",
    )
    .bind(conversation.as_bytes().as_slice())
    .bind(limit)
    .fetch_all(&mut *conn)
    .await?;
    let mut messages: Vec<_> = rows.iter().rev().map(read).collect();
    messages.extend(unplaced(conn, conversation).await?);
    Ok(messages)
}

async fn unplaced(
    conn: &mut SqliteConnection,
    conversation: &ConversationId,
) -> Result<Vec<MessageInfo>> {
    let rows =
        sqlx::query("SELECT * FROM message WHERE conversation = ? AND position = 0 ORDER BY id")
            .bind(conversation.as_bytes().as_slice())
            .fetch_all(conn)
            .await?;
    Ok(rows.iter().map(read).collect())
}
