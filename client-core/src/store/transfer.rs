//! Transfers of files that are not done.

use sealwire_crypto::sealed_blob_len;
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};

use super::{RemovedFile, damaged, from_db, to_db};
use crate::{
    api::{Direction, TransferInfo, TransferState},
    error::{CoreError, Result},
};

/// One row of `transfer`, with what is shown of its file.
#[derive(Debug, Clone)]
pub(crate) struct TransferRow {
    pub(crate) info: TransferInfo,
    pub(crate) tries: u32,
    pub(crate) due_at: u64,
    /// Code of the newest error; empty if there was none.
    pub(crate) code: String,
}

fn read(row: &SqliteRow) -> TransferRow {
    TransferRow {
        info: TransferInfo {
            id: row.get("id"),
            attachment: row.get("attachment"),
            name: row.get("name"),
            direction: if row.get("upload") {
                Direction::Upload
            } else {
                Direction::Download
            },
            state: match row.get::<&str, _>("state") {
                "waiting" => TransferState::Waiting,
                "failed" => TransferState::Failed,
                _ => TransferState::Cancelled,
            },
            bytes: from_db(row.get("bytes")),
            total: sealed_blob_len(from_db(row.get("size"))).unwrap_or(0),
            reason: row.get("reason"),
        },
        tries: row.get("tries"),
        due_at: from_db(row.get("due_at")),
        code: row.get("code"),
    }
}

const SELECT: &str = "SELECT transfer.*, attachment.name, attachment.size FROM transfer
     JOIN attachment ON attachment.id = transfer.attachment";

/// All that are not done, in order.
pub(crate) async fn transfers(conn: &mut SqliteConnection) -> Result<Vec<TransferRow>> {
    let sql = format!("{SELECT} ORDER BY transfer.id");
    let rows = sqlx::query(&sql).fetch_all(conn).await?;
    Ok(rows.iter().map(read).collect())
}

/// One, by its number.
pub(crate) async fn transfer(conn: &mut SqliteConnection, id: i64) -> Result<Option<TransferRow>> {
    let sql = format!("{SELECT} WHERE transfer.id = ?");
    let row = sqlx::query(&sql).bind(id).fetch_optional(conn).await?;
    Ok(row.as_ref().map(read))
}

/// The one of a file.
pub(crate) async fn transfer_of(
    conn: &mut SqliteConnection,
    attachment: i64,
) -> Result<Option<TransferRow>> {
    let sql = format!("{SELECT} WHERE attachment = ?");
    let row = sqlx::query(&sql)
        .bind(attachment)
        .fetch_optional(conn)
        .await?;
    Ok(row.as_ref().map(read))
}

/// The next to work on, whether it is due or not.
pub(crate) async fn next_transfer(
    conn: &mut SqliteConnection,
    direction: Direction,
) -> Result<Option<TransferRow>> {
    let sql = format!(
        "{SELECT} WHERE upload = ? AND state IN ('waiting', 'cancelled')
         ORDER BY due_at, transfer.id LIMIT 1"
    );
    let row = sqlx::query(&sql)
        .bind(direction == Direction::Upload)
        .fetch_optional(conn)
        .await?;
    Ok(row.as_ref().map(read))
}

/// Begins a transfer, or begins one again that failed.
pub(crate) async fn start_transfer(
    conn: &mut SqliteConnection,
    attachment: i64,
    direction: Direction,
    due_at: u64,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO transfer (attachment, upload, state, bytes, tries, due_at, code, reason)
         VALUES (?, ?, 'waiting', 0, 0, ?, '', '')
         ON CONFLICT (attachment) DO UPDATE SET
             state = 'waiting', tries = 0, due_at = 0, code = '', reason = ''
         WHERE state = 'failed'",
    )
    .bind(attachment)
    .bind(direction == Direction::Upload)
    .bind(to_db(due_at))
    .execute(conn)
    .await?;
    Ok(())
}

/// The files of a message that is held back with its uploads; none if any of them has begun or may
/// begin.
pub(crate) async fn held_files(
    conn: &mut SqliteConnection,
    message: i64,
    now_ms: u64,
) -> Result<Vec<RemovedFile>> {
    let rows: Vec<(i64, Vec<u8>, bool)> = sqlx::query_as(
        "SELECT attachment.id, sealed_hash,
             state = 'waiting' AND tries = 0 AND bytes = 0 AND due_at > ?
         FROM transfer JOIN attachment ON attachment.id = transfer.attachment
         WHERE upload = 1 AND message = ?",
    )
    .bind(to_db(now_ms))
    .bind(message)
    .fetch_all(conn)
    .await?;
    if rows.iter().any(|(_, _, held)| !held) {
        return Ok(Vec::new());
    }
    rows.into_iter()
        .map(|(attachment, hash, _)| {
            let sealed_hash = hash.try_into().map_err(|_| damaged("attachment"))?;
            Ok(RemovedFile {
                attachment,
                sealed_hash,
            })
        })
        .collect()
}

/// The files that are removed together with a message.
pub(crate) async fn removed_with(
    conn: &mut SqliteConnection,
    message: i64,
) -> Result<Vec<RemovedFile>> {
    let files = super::attachments_among(conn, &[message]).await?;
    let removed = |(attachment, row): (i64, super::AttachmentRow)| RemovedFile {
        attachment,
        sealed_hash: row.file.sealed_hash,
    };
    Ok(files.into_iter().map(removed).collect())
}

/// It came further.
pub(crate) async fn set_transferred(
    conn: &mut SqliteConnection,
    id: i64,
    bytes: u64,
) -> Result<()> {
    sqlx::query("UPDATE transfer SET bytes = ?, tries = 0, code = '', reason = '' WHERE id = ?")
        .bind(to_db(bytes))
        .bind(id)
        .execute(conn)
        .await?;
    Ok(())
}

/// It did not come further; to be tried again at `due_at`, or never.
pub(crate) async fn stop_transfer(
    conn: &mut SqliteConnection,
    id: i64,
    error: &CoreError,
    due_at: Option<u64>,
) -> Result<()> {
    sqlx::query(
        "UPDATE transfer SET tries = tries + 1, due_at = ?, code = ?, reason = ?,
             state = CASE WHEN ? AND state = 'waiting' THEN 'failed' ELSE state END
         WHERE id = ?",
    )
    .bind(to_db(due_at.unwrap_or(0)))
    .bind(error.code)
    .bind(format!("{}; {}", error.message, error.hint))
    .bind(due_at.is_none())
    .bind(id)
    .execute(conn)
    .await?;
    Ok(())
}

/// It is done.
pub(crate) async fn end_transfer(conn: &mut SqliteConnection, id: i64) -> Result<()> {
    sqlx::query("DELETE FROM transfer WHERE id = ?")
        .bind(id)
        .execute(conn)
        .await?;
    Ok(())
}

/// Nothing is to be done about a file any more, whatever was.
pub(crate) async fn forget_transfer(conn: &mut SqliteConnection, attachment: i64) -> Result<()> {
    sqlx::query("DELETE FROM transfer WHERE attachment = ?")
        .bind(attachment)
        .execute(conn)
        .await?;
    Ok(())
}

/// Whether an upload of a message failed by itself, so that the message may be sent again.
pub(crate) async fn upload_failed(conn: &mut SqliteConnection, message: i64) -> Result<bool> {
    Ok(sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM transfer
             JOIN attachment ON attachment.id = transfer.attachment
             WHERE upload = 1 AND state = 'failed' AND message = ?)",
    )
    .bind(message)
    .fetch_one(conn)
    .await?)
}

/// A message will not be sent: what of its files is at the relay is to be removed there.
pub(crate) async fn withdraw_files(
    conn: &mut SqliteConnection,
    message: i64,
    keep: Option<i64>,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO transfer (attachment, upload, state, bytes, tries, due_at, code, reason)
         SELECT id, 1, 'cancelled', 0, 0, 0, '', '' FROM attachment
         WHERE message = ? AND delete_token <> x''
         ON CONFLICT (attachment) DO UPDATE SET state = 'cancelled', tries = 0, due_at = 0
         WHERE transfer.id <> ?",
    )
    .bind(message)
    .bind(keep.unwrap_or(0))
    .execute(conn)
    .await?;
    Ok(())
}

/// Uploads that are left of a message.
pub(crate) async fn uploads_left(conn: &mut SqliteConnection, message: i64) -> Result<u64> {
    let count: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM transfer JOIN attachment ON attachment.id = transfer.attachment
         WHERE upload = 1 AND message = ?",
    )
    .bind(message)
    .fetch_one(conn)
    .await?;
    Ok(from_db(count))
}

/// Uploads that are under way, and blobs that are still to be removed.
pub(crate) async fn uploads_waiting(conn: &mut SqliteConnection) -> Result<u64> {
    let count: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM transfer WHERE upload = 1 AND state IN ('waiting', 'cancelled')",
    )
    .fetch_one(conn)
    .await?;
    Ok(from_db(count))
}

/// Conversation and salt of a message.
pub(crate) async fn message_place(
    conn: &mut SqliteConnection,
    message: i64,
) -> Result<Option<(Vec<u8>, Vec<u8>)>> {
    Ok(
        sqlx::query_as("SELECT conversation, salt FROM message WHERE id = ?")
            .bind(message)
            .fetch_optional(conn)
            .await?,
    )
}
