//! Links to conversations that were made here, and who asked by them.

use sealwire_crypto::SecretBytes;
use sealwire_protocol::{
    certificate::{DeviceCertificate, UnverifiedCertificate},
    ids::ConversationId,
};
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};
use zeroize::Zeroizing;

use super::{damaged, from_db, to_db};
use crate::error::{CoreError, Result};

/// One row of `chat_link`.
pub(crate) struct ChatLinkRow {
    pub(crate) id: i64,
    pub(crate) conversation: ConversationId,
    pub(crate) secret: SecretBytes<32>,
    pub(crate) role: String,
    pub(crate) expires_at: u64,
    pub(crate) max_uses: u32,
    pub(crate) uses: u32,
    pub(crate) withdrawn: bool,
}

fn read_link(row: &SqliteRow) -> Result<ChatLinkRow> {
    let secret = Zeroizing::new(row.get::<Vec<u8>, _>("secret"));
    Ok(ChatLinkRow {
        id: row.get("id"),
        conversation: ConversationId::from_slice(row.get("conversation"))
            .map_err(|_| damaged("link"))?,
        secret: SecretBytes::from_slice(&secret).map_err(CoreError::internal)?,
        role: row.get("role"),
        expires_at: from_db(row.get("expires_at")),
        max_uses: row.get("max_uses"),
        uses: row.get("uses"),
        withdrawn: row.get("withdrawn"),
    })
}

/// Stores a new link; gives its number.
pub(crate) async fn add_chat_link(conn: &mut SqliteConnection, link: &ChatLinkRow) -> Result<i64> {
    let result = sqlx::query(
        "INSERT INTO chat_link
             (conversation, secret, role, expires_at, max_uses, uses, withdrawn)
         VALUES (?, ?, ?, ?, ?, 0, 0)",
    )
    .bind(link.conversation.as_bytes().as_slice())
    .bind(link.secret.expose().as_slice())
    .bind(&link.role)
    .bind(to_db(link.expires_at))
    .bind(link.max_uses)
    .execute(conn)
    .await?;
    Ok(result.last_insert_rowid())
}

/// The links to a conversation, in order of making.
pub(crate) async fn chat_links(
    conn: &mut SqliteConnection,
    conversation: &ConversationId,
) -> Result<Vec<ChatLinkRow>> {
    sqlx::query("SELECT * FROM chat_link WHERE conversation = ? ORDER BY id")
        .bind(conversation.as_bytes().as_slice())
        .fetch_all(conn)
        .await?
        .iter()
        .map(read_link)
        .collect()
}

/// Ends a link; `false` if there is none of this number.
pub(crate) async fn withdraw_chat_link(conn: &mut SqliteConnection, id: i64) -> Result<bool> {
    let result = sqlx::query("UPDATE chat_link SET withdrawn = 1 WHERE id = ?")
        .bind(id)
        .execute(conn)
        .await?;
    Ok(result.rows_affected() > 0)
}

/// Forgets links that ran out before `before`, with what was asked by them.
pub(crate) async fn forget_old_links(conn: &mut SqliteConnection, before: u64) -> Result<()> {
    sqlx::query(
        "DELETE FROM join_request WHERE link IN (SELECT id FROM chat_link WHERE expires_at < ?)",
    )
    .bind(to_db(before))
    .execute(&mut *conn)
    .await?;
    sqlx::query("DELETE FROM chat_link WHERE expires_at < ?")
        .bind(to_db(before))
        .execute(conn)
        .await?;
    Ok(())
}

/// One row of `join_request`.
pub(crate) struct JoinRequestRow {
    pub(crate) id: i64,
    pub(crate) conversation: ConversationId,
    pub(crate) role: String,
    pub(crate) certificate: DeviceCertificate,
    pub(crate) key_package: Vec<u8>,
    pub(crate) asked_at: u64,
}

fn read_request(row: &SqliteRow) -> Result<JoinRequestRow> {
    Ok(JoinRequestRow {
        id: row.get("id"),
        conversation: ConversationId::from_slice(row.get("conversation"))
            .map_err(|_| damaged("request"))?,
        role: row.get("role"),
        certificate: UnverifiedCertificate::parse(row.get("certificate"))
            .map_err(|_| damaged("request"))?
            .verified_before(),
        key_package: row.get("key_package"),
        asked_at: from_db(row.get("asked_at")),
    })
}

/// Stores that somebody asked by a link. A repeat by the same person brings a fresh key package
/// and costs the link no further use; `None` if it was refused before.
pub(crate) async fn add_join_request(
    conn: &mut SqliteConnection,
    link: &ChatLinkRow,
    certificate: &DeviceCertificate,
    key_package: &[u8],
    asked_at: u64,
) -> Result<Option<i64>> {
    let handle = certificate.handle().as_str();
    let known = sqlx::query("SELECT id, state FROM join_request WHERE link = ? AND handle = ?")
        .bind(link.id)
        .bind(handle)
        .fetch_optional(&mut *conn)
        .await?;
    if let Some(known) = known {
        if known.get::<&str, _>("state") == "refused" {
            return Ok(None);
        }
        let id: i64 = known.get("id");
        sqlx::query(
            "UPDATE join_request SET certificate = ?, key_package = ?, asked_at = ?,
                 state = 'pending' WHERE id = ?",
        )
        .bind(certificate.as_bytes())
        .bind(key_package)
        .bind(to_db(asked_at))
        .bind(id)
        .execute(conn)
        .await?;
        return Ok(Some(id));
    }
    let result = sqlx::query(
        "INSERT INTO join_request (link, handle, certificate, key_package, asked_at, state)
         VALUES (?, ?, ?, ?, ?, 'pending')",
    )
    .bind(link.id)
    .bind(handle)
    .bind(certificate.as_bytes())
    .bind(key_package)
    .bind(to_db(asked_at))
    .execute(&mut *conn)
    .await?;
    sqlx::query("UPDATE chat_link SET uses = uses + 1 WHERE id = ?")
        .bind(link.id)
        .execute(conn)
        .await?;
    Ok(Some(result.last_insert_rowid()))
}

/// Whether this person asked by this link before.
pub(crate) async fn has_asked(
    conn: &mut SqliteConnection,
    link: i64,
    handle: &str,
) -> Result<bool> {
    let count: i64 =
        sqlx::query_scalar("SELECT count(*) FROM join_request WHERE link = ? AND handle = ?")
            .bind(link)
            .bind(handle)
            .fetch_one(conn)
            .await?;
    Ok(count > 0)
}

const PENDING: &str = "SELECT join_request.id, chat_link.conversation, chat_link.role,
        join_request.certificate, join_request.key_package, join_request.asked_at
     FROM join_request JOIN chat_link ON chat_link.id = join_request.link
     WHERE join_request.state = 'pending'";

/// Requests that wait for a decision, the oldest first.
pub(crate) async fn join_requests(conn: &mut SqliteConnection) -> Result<Vec<JoinRequestRow>> {
    sqlx::query(&format!("{PENDING} ORDER BY join_request.id"))
        .fetch_all(conn)
        .await?
        .iter()
        .map(read_request)
        .collect()
}

/// One request that waits for a decision.
pub(crate) async fn join_request(
    conn: &mut SqliteConnection,
    id: i64,
) -> Result<Option<JoinRequestRow>> {
    sqlx::query(&format!("{PENDING} AND join_request.id = ?"))
        .bind(id)
        .fetch_optional(conn)
        .await?
        .map(|row| read_request(&row))
        .transpose()
}

/// Notes the decision; the key package is not kept.
pub(crate) async fn decide_join_request(
    conn: &mut SqliteConnection,
    id: i64,
    admitted: bool,
) -> Result<()> {
    sqlx::query("UPDATE join_request SET state = ?, key_package = x'' WHERE id = ?")
        .bind(if admitted { "admitted" } else { "refused" })
        .bind(id)
        .execute(conn)
        .await?;
    Ok(())
}
