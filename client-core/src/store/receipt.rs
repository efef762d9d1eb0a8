//! How far members have come, and who confirmed what.

use sealwire_crypto::AccountPublic;
use sealwire_protocol::{content::MessageId, ids::ConversationId};
use sqlx::{Row, SqliteConnection};

use super::{from_db, optional_id, to_db};
use crate::{api::ReceiptInfo, error::Result};

/// Notes that an account has received and its person seen everything up to these messages.
pub(crate) async fn note_receipt(
    conn: &mut SqliteConnection,
    conversation: &ConversationId,
    (account, handle): (&AccountPublic, &str),
    (delivered, read): (Option<&MessageId>, Option<&MessageId>),
) -> Result<()> {
    let read = place_of(conn, conversation, read).await?;
    let delivered = place_of(conn, conversation, delivered).await?.max(read);
    if delivered == 0 {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO receipt (conversation, account, handle, delivered, read)
         VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT DO UPDATE SET delivered = max(delivered, ?4), read = max(read, ?5)",
    )
    .bind(conversation.as_bytes().as_slice())
    .bind(account.as_bytes().as_slice())
    .bind(handle)
    .bind(to_db(delivered))
    .bind(to_db(read))
    .execute(conn)
    .await?;
    Ok(())
}

/// Place of a message in this history; 0 if it is not here.
pub(crate) async fn place_of(
    conn: &mut SqliteConnection,
    conversation: &ConversationId,
    id: Option<&MessageId>,
) -> Result<u64> {
    let Some(id) = id else {
        return Ok(0);
    };
    let position: Option<i64> = sqlx::query_scalar(
        "SELECT position FROM message WHERE conversation = ? AND message_id = ?",
    )
    .bind(conversation.as_bytes().as_slice())
    .bind(id.0.as_slice())
    .fetch_optional(conn)
    .await?;
    Ok(position.map_or(0, from_db))
}

/// How far each member has come.
pub(crate) async fn receipts(
    conn: &mut SqliteConnection,
    conversation: &ConversationId,
) -> Result<Vec<ReceiptInfo>> {
    let rows = sqlx::query("SELECT * FROM receipt WHERE conversation = ? ORDER BY handle")
        .bind(conversation.as_bytes().as_slice())
        .fetch_all(conn)
        .await?;
    Ok(rows
        .iter()
        .map(|row| ReceiptInfo {
            person: row.get("handle"),
            delivered: from_db(row.get("delivered")),
            read: from_db(row.get("read")),
        })
        .collect())
}

/// What the others have not been told yet.
pub(crate) struct Untold {
    pub(crate) delivered: Option<MessageId>,
    pub(crate) read: Option<MessageId>,
    /// When they were last told anything, milliseconds since the Unix epoch.
    pub(crate) told_at: u64,
}

/// The newest messages of others that arrived here and were seen here, as far as the others do not
/// know; `None` if they know it all.
pub(crate) async fn untold(
    conn: &mut SqliteConnection,
    conversation: &ConversationId,
) -> Result<Option<Untold>> {
    let row = sqlx::query(
        "SELECT told_at,
             (SELECT message_id FROM message m WHERE m.conversation = c.id AND own = 0
                  AND message_id <> x'' AND m.position > c.told_delivered
                  ORDER BY m.position DESC LIMIT 1) AS delivered,
             (SELECT message_id FROM message m WHERE m.conversation = c.id AND own = 0
                  AND message_id <> x'' AND m.position > c.told_read
                  AND m.position <= c.read_position ORDER BY m.position DESC LIMIT 1) AS read
         FROM conversation c
         WHERE c.id = ? AND (c.next_position - 1 > c.told_delivered
             OR c.read_position > c.told_read)",
    )
    .bind(conversation.as_bytes().as_slice())
    .fetch_optional(conn)
    .await?;
    let Some(row) = row else {
        return Ok(None);
    };
    let id = |column| optional_id(row.get::<Option<&[u8]>, _>(column).unwrap_or_default());
    let untold = Untold {
        delivered: id("delivered")?,
        read: id("read")?,
        told_at: from_db(row.get("told_at")),
    };
    Ok((untold.delivered.is_some() || untold.read.is_some()).then_some(untold))
}

/// The others are being told everything up to now.
pub(crate) async fn set_told(
    conn: &mut SqliteConnection,
    conversation: &ConversationId,
    now_ms: u64,
) -> Result<()> {
    sqlx::query(
        "UPDATE conversation SET told_delivered = next_position - 1, told_read = read_position,
             told_at = ? WHERE id = ?",
    )
    .bind(to_db(now_ms))
    .bind(conversation.as_bytes().as_slice())
    .execute(conn)
    .await?;
    Ok(())
}

/// A confirmation with what proves it.
pub(crate) struct Confirmation {
    pub(crate) target: MessageId,
    pub(crate) account: AccountPublic,
    pub(crate) handle: String,
    pub(crate) at_s: u64,
    pub(crate) signature: [u8; 64],
    pub(crate) certificate: Vec<u8>,
}

/// Keeps an account's first confirmation of a message; `false` if there is one.
pub(crate) async fn add_confirmation(
    conn: &mut SqliteConnection,
    conversation: &ConversationId,
    confirmation: &Confirmation,
) -> Result<bool> {
    let done = sqlx::query(
        "INSERT INTO acknowledgement (conversation, target, account, handle, at_s, signature,
             certificate)
         VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
    )
    .bind(conversation.as_bytes().as_slice())
    .bind(confirmation.target.0.as_slice())
    .bind(confirmation.account.as_bytes().as_slice())
    .bind(&confirmation.handle)
    .bind(to_db(confirmation.at_s))
    .bind(confirmation.signature.as_slice())
    .bind(&confirmation.certificate)
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The confirmations of a message, oldest first.
pub(crate) async fn confirmations_of(
    conn: &mut SqliteConnection,
    conversation: &ConversationId,
    target: &MessageId,
) -> Result<Vec<Confirmation>> {
    let rows = sqlx::query(
        "SELECT * FROM acknowledgement WHERE conversation = ? AND target = ? ORDER BY at_s, handle",
    )
    .bind(conversation.as_bytes().as_slice())
    .bind(target.0.as_slice())
    .fetch_all(conn)
    .await?;
    rows.iter()
        .map(|row| {
            let damaged = || super::damaged("confirmation");
            Ok(Confirmation {
                target: *target,
                account: AccountPublic::from_bytes(row.get("account")).map_err(|_| damaged())?,
                handle: row.get("handle"),
                at_s: from_db(row.get("at_s")),
                signature: row
                    .get::<&[u8], _>("signature")
                    .try_into()
                    .map_err(|_| damaged())?,
                certificate: row.get("certificate"),
            })
        })
        .collect()
}
