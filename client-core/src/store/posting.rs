//! Blobs and envelopes to post, in order, until the relay has them.

use sealwire_protocol::ids::{BlobId, DeviceId};
use sqlx::{Row, SqliteConnection};

use super::{damaged, from_db, to_db};
use crate::error::Result;

/// What to post.
pub(crate) enum Posting {
    /// An encrypted blob.
    Blob {
        id: BlobId,
        read_token_hash: [u8; 32],
        content: Vec<u8>,
    },
    /// A sealed envelope for a device's inbox.
    Envelope { device: DeviceId, envelope: Vec<u8> },
}

/// Adds a posting that is due at `due_at`.
pub(crate) async fn add_posting(
    conn: &mut SqliteConnection,
    posting: &Posting,
    due_at: u64,
) -> Result<()> {
    let (device, blob, hash, body) = match posting {
        Posting::Blob {
            id,
            read_token_hash,
            content,
        } => (&[][..], &id.0[..], &read_token_hash[..], content),
        Posting::Envelope { device, envelope } => (&device.0[..], &[][..], &[][..], envelope),
    };
    sqlx::query(
        "INSERT INTO posting (due_at, refusals, device, blob, read_token_hash, body)
         VALUES (?, 0, ?, ?, ?, ?)",
    )
    .bind(to_db(due_at))
    .bind(device)
    .bind(blob)
    .bind(hash)
    .bind(body)
    .execute(conn)
    .await?;
    Ok(())
}

/// The first posting in order of due time and number, with its due time.
pub(crate) async fn next_posting(
    conn: &mut SqliteConnection,
) -> Result<Option<(i64, u64, Posting)>> {
    let Some(row) = sqlx::query("SELECT * FROM posting ORDER BY due_at, id LIMIT 1")
        .fetch_optional(conn)
        .await?
    else {
        return Ok(None);
    };
    let device: Vec<u8> = row.get("device");
    let posting = if device.is_empty() {
        Posting::Blob {
            id: BlobId::from_slice(row.get("blob")).map_err(|_| damaged("posting"))?,
            read_token_hash: row
                .get::<Vec<u8>, _>("read_token_hash")
                .try_into()
                .map_err(|_| damaged("posting"))?,
            content: row.get("body"),
        }
    } else {
        Posting::Envelope {
            device: DeviceId::from_slice(&device).map_err(|_| damaged("posting"))?,
            envelope: row.get("body"),
        }
    };
    Ok(Some((row.get("id"), from_db(row.get("due_at")), posting)))
}

/// The receiver has no room: tried again at `due_at`, and given up after `tries`.
pub(crate) async fn refuse_posting(
    conn: &mut SqliteConnection,
    id: i64,
    due_at: u64,
    tries: u32,
) -> Result<()> {
    sqlx::query("UPDATE posting SET due_at = ?, refusals = refusals + 1 WHERE id = ?")
        .bind(to_db(due_at))
        .bind(id)
        .execute(&mut *conn)
        .await?;
    sqlx::query("DELETE FROM posting WHERE id = ? AND refusals >= ?")
        .bind(id)
        .bind(tries)
        .execute(conn)
        .await?;
    Ok(())
}

/// The relay has it, or refused it for good.
pub(crate) async fn remove_posting(conn: &mut SqliteConnection, id: i64) -> Result<()> {
    sqlx::query("DELETE FROM posting WHERE id = ?")
        .bind(id)
        .execute(conn)
        .await?;
    Ok(())
}

/// Postings that are not out yet.
pub(crate) async fn postings_len(conn: &mut SqliteConnection) -> Result<u64> {
    let count: i64 = sqlx::query_scalar("SELECT count(*) FROM posting")
        .fetch_one(conn)
        .await?;
    Ok(from_db(count))
}
