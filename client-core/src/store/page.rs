//! Pages of history, each line with what belongs to it.

use std::collections::HashMap;

use data_encoding::HEXLOWER;
use sealwire_crypto::AccountPublic;
use sealwire_protocol::{content::MessageId, ids::ConversationId};
use sqlx::{QueryBuilder, Row, Sqlite, SqliteConnection};

use super::{Line, from_db, message_by_id, read_line, to_db};
use crate::{
    api::{Acknowledged, MessageInfo, MessagePlace, Quote, ReactionInfo},
    error::Result,
};

/// Characters of a quoted text.
const QUOTED: usize = 200;

/// Up to `limit` lines after position `after`, in order, and at the end what is pending or failed.
pub(crate) async fn messages_after(
    conn: &mut SqliteConnection,
    conversation: &ConversationId,
    after: u64,
    limit: u32,
) -> Result<Vec<Line>> {
    let rows = sqlx::query(
        "SELECT * FROM message WHERE conversation = ? AND position > ? ORDER BY position LIMIT ?",
    )
    .bind(conversation.as_bytes().as_slice())
    .bind(to_db(after))
    .bind(limit)
    .fetch_all(&mut *conn)
    .await?;
    let mut lines = rows.iter().map(read_line).collect::<Result<Vec<_>>>()?;
    if lines.len() < limit as usize {
        lines.extend(unplaced(conn, conversation).await?);
    }
    Ok(lines)
}

/// The `limit` lines before position `before`, in order.
pub(crate) async fn messages_before(
    conn: &mut SqliteConnection,
    conversation: &ConversationId,
    before: u64,
    limit: u32,
) -> Result<Vec<Line>> {
    let rows = sqlx::query(
        "SELECT * FROM message WHERE conversation = ? AND position > 0 AND position < ?
         ORDER BY position DESC LIMIT ?",
    )
    .bind(conversation.as_bytes().as_slice())
    .bind(to_db(before))
    .bind(limit)
    .fetch_all(conn)
    .await?;
    rows.iter().rev().map(read_line).collect()
}

/// What has no place yet: pending and failed messages.
pub(crate) async fn unplaced(
    conn: &mut SqliteConnection,
    conversation: &ConversationId,
) -> Result<Vec<Line>> {
    let rows =
        sqlx::query("SELECT * FROM message WHERE conversation = ? AND position = 0 ORDER BY id")
            .bind(conversation.as_bytes().as_slice())
            .fetch_all(conn)
            .await?;
    rows.iter().map(read_line).collect()
}

/// The first `limit` messages of others that mention this account and were not read, in order.
pub(crate) async fn unread_mentions(
    conn: &mut SqliteConnection,
    conversation: &ConversationId,
    limit: u32,
) -> Result<Vec<MessagePlace>> {
    let rows: Vec<(Vec<u8>, i64)> = sqlx::query_as(
        "SELECT uid, position FROM message WHERE conversation = ?1
             AND position > (SELECT read_position FROM conversation WHERE id = ?1)
             AND own = 0 AND mentions_me ORDER BY position LIMIT ?2",
    )
    .bind(conversation.as_bytes().as_slice())
    .bind(limit)
    .fetch_all(conn)
    .await?;
    let place = |(uid, position): (Vec<u8>, i64)| MessagePlace {
        id: HEXLOWER.encode(&uid),
        position: from_db(position),
    };
    Ok(rows.into_iter().map(place).collect())
}

/// The lines of a thread in order.
pub(crate) async fn thread(
    conn: &mut SqliteConnection,
    conversation: &ConversationId,
    root: &MessageId,
    limit: u32,
) -> Result<Vec<Line>> {
    let rows = sqlx::query(
        "SELECT * FROM message WHERE conversation = ?1
             AND (message_id = ?2 OR thread = ?2) ORDER BY position = 0, position, id LIMIT ?3",
    )
    .bind(conversation.as_bytes().as_slice())
    .bind(root.0.as_slice())
    .bind(limit)
    .fetch_all(conn)
    .await?;
    rows.iter().map(read_line).collect()
}

/// Completes lines with quotes, reactions, mentions and confirmations. `own` is this account.
pub(crate) async fn complete(
    conn: &mut SqliteConnection,
    conversation: &ConversationId,
    own: &AccountPublic,
    lines: Vec<Line>,
) -> Result<Vec<MessageInfo>> {
    let ids: Vec<MessageId> = lines.iter().filter_map(|line| line.message_id).collect();
    let mut reactions = reactions(conn, conversation, own, &ids).await?;
    let mut confirmed = if lines.iter().any(|line| line.asks) {
        confirmations(conn, conversation, &ids).await?
    } else {
        HashMap::new()
    };
    let pending = lines.iter().any(|line| line.info.position == 0);
    let held = if pending {
        held(conn, conversation).await?
    } else {
        HashMap::new()
    };
    let mut messages = Vec::with_capacity(lines.len());
    for line in lines {
        let mut info = line.info;
        if let Some(id) = &line.reply_to {
            info.reply_to = Some(quote(conn, conversation, id).await?);
        }
        if let Some(root) = &line.thread {
            let root = message_by_id(conn, conversation, root).await?;
            info.thread = root.map(|root| root.info.id);
        }
        if let Some(id) = &line.message_id {
            info.reactions = reactions.remove(id).unwrap_or_default();
        }
        if line.asks {
            let by = line.message_id.and_then(|id| confirmed.remove(&id));
            info.acknowledgements = Some(by.unwrap_or_default());
        }
        for account in &line.mentions {
            info.mentions.extend(handle_of(conn, account).await?);
        }
        info.held_until_ms = held.get(&line.row).copied();
        messages.push(info);
    }
    Ok(messages)
}

/// Times until which pending messages are held back, by row.
async fn held(
    conn: &mut SqliteConnection,
    conversation: &ConversationId,
) -> Result<HashMap<i64, u64>> {
    let rows = sqlx::query(
        "SELECT message, not_before FROM outbox JOIN conversation ON conversation.log = outbox.log
         WHERE conversation.id = ? AND not_before > 0 AND entry_id = x''",
    )
    .bind(conversation.as_bytes().as_slice())
    .fetch_all(conn)
    .await?;
    Ok(rows
        .iter()
        .map(|row| (row.get("message"), from_db(row.get("not_before"))))
        .collect())
}

async fn handle_of(conn: &mut SqliteConnection, account: &AccountPublic) -> Result<Option<String>> {
    Ok(
        sqlx::query_scalar("SELECT handle FROM contact WHERE account_key = ?")
            .bind(account.as_bytes().as_slice())
            .fetch_optional(conn)
            .await?,
    )
}

async fn quote(
    conn: &mut SqliteConnection,
    conversation: &ConversationId,
    id: &MessageId,
) -> Result<Quote> {
    let line = message_by_id(conn, conversation, id).await?;
    Ok(line.map_or_else(
        || Quote {
            id: None,
            sender: String::new(),
            text: String::new(),
        },
        |line| Quote {
            id: Some(line.info.id),
            sender: line.info.sender,
            text: line.info.text.chars().take(QUOTED).collect(),
        },
    ))
}

/// `query` with a list of ids at its end.
fn with_ids<'a>(
    query: &'a str,
    conversation: &'a ConversationId,
    ids: &'a [MessageId],
) -> QueryBuilder<'a, Sqlite> {
    let mut builder = QueryBuilder::new(query);
    builder.push(" WHERE conversation = ");
    builder.push_bind(conversation.as_bytes().as_slice());
    builder.push(" AND target IN (");
    let mut list = builder.separated(", ");
    for id in ids {
        list.push_bind(id.0.as_slice());
    }
    builder.push(")");
    builder
}

async fn reactions(
    conn: &mut SqliteConnection,
    conversation: &ConversationId,
    own: &AccountPublic,
    ids: &[MessageId],
) -> Result<HashMap<MessageId, Vec<ReactionInfo>>> {
    let mut found: HashMap<MessageId, Vec<ReactionInfo>> = HashMap::new();
    if ids.is_empty() {
        return Ok(found);
    }
    let mut query = with_ids(
        "SELECT target, emoji, sender, sender_handle FROM reaction",
        conversation,
        ids,
    );
    query.push(" ORDER BY place, reaction_id");
    for row in query.build().fetch_all(conn).await? {
        let Ok(target) = row.get::<&[u8], _>("target").try_into() else {
            continue;
        };
        let list = found.entry(MessageId(target)).or_default();
        let (emoji, person): (String, String) = (row.get("emoji"), row.get("sender_handle"));
        let mine = row.get::<&[u8], _>("sender") == own.as_bytes();
        match list.iter_mut().find(|known| known.emoji == emoji) {
            Some(known) if known.people.contains(&person) => {}
            Some(known) => {
                known.people.push(person);
                known.own |= mine;
            }
            None => list.push(ReactionInfo {
                emoji,
                people: vec![person],
                own: mine,
            }),
        }
    }
    Ok(found)
}

async fn confirmations(
    conn: &mut SqliteConnection,
    conversation: &ConversationId,
    ids: &[MessageId],
) -> Result<HashMap<MessageId, Vec<Acknowledged>>> {
    let mut found: HashMap<MessageId, Vec<Acknowledged>> = HashMap::new();
    let mut query = with_ids(
        "SELECT target, handle, at_s FROM acknowledgement",
        conversation,
        ids,
    );
    query.push(" ORDER BY at_s, handle");
    for row in query.build().fetch_all(conn).await? {
        let Ok(target) = row.get::<&[u8], _>("target").try_into() else {
            continue;
        };
        found
            .entry(MessageId(target))
            .or_default()
            .push(Acknowledged {
                by: row.get("handle"),
                at_s: from_db(row.get("at_s")),
            });
    }
    Ok(found)
}
