//! Files that messages carry.

use data_encoding::HEXLOWER;
use sealwire_crypto::{BlobKey, SecretBytes};
use sealwire_protocol::{
    content::{Attachment, Preview},
    ids::{BlobId, ConversationId},
};
use sqlx::{QueryBuilder, Row, SqliteConnection, sqlite::SqliteRow};

use super::{damaged, from_db, to_db};
use crate::{api::AttachmentInfo, error::Result};

/// One row of `attachment`.
pub(crate) struct AttachmentRow {
    pub(crate) message: i64,
    /// `None` unless uploaded by this device.
    pub(crate) delete_token: Option<SecretBytes<32>>,
    pub(crate) file: Attachment,
}

fn read(row: &SqliteRow) -> Result<AttachmentRow> {
    let wrong = || damaged("attachment");
    let number = |name: &str| from_db(row.get(name));
    let small = |name: &str| u32::try_from(number(name)).map_err(|_| wrong());
    let token = |name: &str| SecretBytes::from_slice(row.get(name)).map_err(|_| wrong());
    let uploaded = !row.get::<&[u8], _>("delete_token").is_empty();
    Ok(AttachmentRow {
        message: row.get("message"),
        delete_token: uploaded.then(|| token("delete_token")).transpose()?,
        file: Attachment {
            blob: BlobId::from_slice(row.get("blob")).map_err(|_| wrong())?,
            read_token: token("read_token")?,
            key: BlobKey::from_slice(row.get("key")).map_err(|_| wrong())?,
            sealed_hash: row
                .get::<&[u8], _>("sealed_hash")
                .try_into()
                .map_err(|_| wrong())?,
            size: number("size"),
            expires_s: small("expires_s")?,
            media_type: row.get("media_type"),
            filename: row.get("name"),
            preview: Preview {
                width: small("width")?,
                height: small("height")?,
                duration_ms: number("duration_ms"),
                blurhash: row.get("blurhash"),
                thumbnail: row.get("thumbnail"),
            },
        },
    })
}

/// Adds a file to a message, whose name must be safe, and gives its number.
pub(crate) async fn add_attachment(
    conn: &mut SqliteConnection,
    message: i64,
    place: usize,
    file: &Attachment,
    delete_token: Option<&SecretBytes<32>>,
) -> Result<i64> {
    let preview = &file.preview;
    Ok(sqlx::query_scalar(
        "INSERT INTO attachment (message, place, blob, read_token, delete_token, key, sealed_hash,
             size, expires_s, media_type, name, width, height, duration_ms, blurhash, thumbnail)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
    )
    .bind(message)
    .bind(to_db(place as u64))
    .bind(file.blob.as_bytes().as_slice())
    .bind(file.read_token.expose().as_slice())
    .bind(delete_token.map_or(&[][..], |token| token.expose()))
    .bind(file.key.expose().as_slice())
    .bind(file.sealed_hash.as_slice())
    .bind(to_db(file.size))
    .bind(file.expires_s)
    .bind(&file.media_type)
    .bind(&file.filename)
    .bind(preview.width)
    .bind(preview.height)
    .bind(to_db(preview.duration_ms))
    .bind(&preview.blurhash)
    .bind(&preview.thumbnail)
    .fetch_one(conn)
    .await?)
}

/// One file.
pub(crate) async fn attachment(
    conn: &mut SqliteConnection,
    id: i64,
) -> Result<Option<AttachmentRow>> {
    sqlx::query("SELECT * FROM attachment WHERE id = ?")
        .bind(id)
        .fetch_optional(conn)
        .await?
        .map(|row| read(&row))
        .transpose()
}

/// The files of a message, in order.
pub(crate) async fn attachments_of(
    conn: &mut SqliteConnection,
    message: i64,
) -> Result<Vec<AttachmentRow>> {
    sqlx::query("SELECT * FROM attachment WHERE message = ? ORDER BY place")
        .bind(message)
        .fetch_all(conn)
        .await?
        .iter()
        .map(read)
        .collect()
}

/// The files of these messages, each with its number, in the order of their messages' numbers.
pub(crate) async fn attachments_among(
    conn: &mut SqliteConnection,
    messages: &[i64],
) -> Result<Vec<(i64, AttachmentRow)>> {
    if messages.is_empty() {
        return Ok(Vec::new());
    }
    let mut query = QueryBuilder::new("SELECT * FROM attachment WHERE message IN (");
    let mut list = query.separated(", ");
    for message in messages {
        list.push_bind(*message);
    }
    query.push(") ORDER BY message, place");
    let rows = query.build().fetch_all(conn).await?;
    rows.iter()
        .map(|row| Ok((row.get("id"), read(row)?)))
        .collect()
}

/// The blob id was taken at the relay: another, with other tokens.
pub(crate) async fn move_attachment(
    conn: &mut SqliteConnection,
    id: i64,
    blob: &BlobId,
    read_token: &SecretBytes<32>,
    delete_token: &SecretBytes<32>,
) -> Result<()> {
    sqlx::query("UPDATE attachment SET blob = ?, read_token = ?, delete_token = ? WHERE id = ?")
        .bind(blob.as_bytes().as_slice())
        .bind(read_token.expose().as_slice())
        .bind(delete_token.expose().as_slice())
        .bind(id)
        .execute(conn)
        .await?;
    Ok(())
}

/// The relay keeps a file until then, seconds since the Unix epoch.
pub(crate) async fn set_attachment_expiry(
    conn: &mut SqliteConnection,
    id: i64,
    expires_s: u64,
) -> Result<()> {
    sqlx::query("UPDATE attachment SET expires_s = ? WHERE id = ?")
        .bind(u32::try_from(expires_s).unwrap_or(u32::MAX))
        .bind(id)
        .execute(conn)
        .await?;
    Ok(())
}

/// Which files to list.
pub(crate) enum Which<'a> {
    /// One.
    One(i64),
    /// Those of a conversation.
    Of(&'a ConversationId),
    /// Those of a message: conversation, its name in the API, handle of the sender.
    Message(&'a ConversationId, &'a [u8], &'a str),
}

/// Files with what fronts show of them, in order of time, and the hash of their sealed bytes.
/// Whether they are here only the folder can tell.
pub(crate) async fn attachment_infos(
    conn: &mut SqliteConnection,
    which: Which<'_>,
) -> Result<Vec<(AttachmentInfo, [u8; 32])>> {
    let (id, conversation, salt, sender) = match which {
        Which::One(id) => (Some(id), None, None, None),
        Which::Of(conversation) => (None, Some(conversation), None, None),
        Which::Message(conversation, salt, sender) => {
            (None, Some(conversation), Some(salt), Some(sender))
        }
    };
    let rows = sqlx::query(
        "SELECT attachment.*, uid, conversation, sender_handle, at_ms FROM attachment
         JOIN message ON message.id = attachment.message
         WHERE (?1 IS NULL OR attachment.id = ?1) AND (?2 IS NULL OR conversation = ?2)
             AND (?3 IS NULL OR uid = ?3) AND (?4 IS NULL OR sender_handle = ?4)
         ORDER BY at_ms, attachment.id",
    )
    .bind(id)
    .bind(conversation.map(|id| id.as_bytes().as_slice()))
    .bind(salt)
    .bind(sender)
    .fetch_all(conn)
    .await?;
    rows.iter().map(info).collect()
}

fn info(row: &SqliteRow) -> Result<(AttachmentInfo, [u8; 32])> {
    let AttachmentRow { file, .. } = read(row)?;
    let hash = file.sealed_hash;
    Ok((
        AttachmentInfo {
            id: row.get("id"),
            message: HEXLOWER.encode(row.get("uid")),
            conversation: HEXLOWER.encode(row.get("conversation")),
            sender: row.get("sender_handle"),
            at_ms: from_db(row.get("at_ms")),
            name: file.filename,
            media_type: file.media_type,
            size: file.size,
            width: file.preview.width,
            height: file.preview.height,
            duration_ms: file.preview.duration_ms,
            blurhash: file.preview.blurhash,
            expires_at_s: file.expires_s.into(),
            downloaded: false,
        },
        hash,
    ))
}

/// Hashes of all sealed files that something refers to, in lower-case hexadecimal.
pub(crate) async fn sealed_files(conn: &mut SqliteConnection) -> Result<Vec<String>> {
    Ok(
        sqlx::query_scalar("SELECT DISTINCT lower(hex(sealed_hash)) FROM attachment")
            .fetch_all(conn)
            .await?,
    )
}
