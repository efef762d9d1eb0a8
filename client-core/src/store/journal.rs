//! What waits for a records custodian's archive.

use sealwire_crypto::SecretBytes;
use sqlx::{Row, SqliteConnection};
use zeroize::Zeroizing;

use super::{damaged, from_db, to_db};
use crate::error::Result;

/// One row of `journal`.
pub(crate) struct JournalRow {
    pub(crate) number: u64,
    /// JSON.
    pub(crate) record: Vec<u8>,
    /// Holds keys of files; empty if there are none.
    pub(crate) content: Zeroizing<Vec<u8>>,
}

/// Adds a record.
pub(crate) async fn add_to_journal(
    conn: &mut SqliteConnection,
    record: &[u8],
    content: &[u8],
) -> Result<()> {
    sqlx::query("INSERT INTO journal (record, content) VALUES (?, ?)")
        .bind(record)
        .bind(content)
        .execute(conn)
        .await?;
    Ok(())
}

/// Up to `limit` records after a number, in order.
pub(crate) async fn journal_after(
    conn: &mut SqliteConnection,
    after: u64,
    limit: u32,
) -> Result<Vec<JournalRow>> {
    let rows = sqlx::query("SELECT * FROM journal WHERE number > ? ORDER BY number LIMIT ?")
        .bind(to_db(after))
        .bind(limit)
        .fetch_all(conn)
        .await?;
    Ok(rows
        .iter()
        .map(|row| JournalRow {
            number: from_db(row.get("number")),
            record: row.get("record"),
            content: Zeroizing::new(row.get("content")),
        })
        .collect())
}

/// The archive as it was last written.
#[derive(Default)]
pub(crate) struct ArchiveRow {
    /// Records in it at least.
    pub(crate) size: u64,
    /// Right edge of its tree; empty if that was not noted.
    pub(crate) edge: Vec<u8>,
}

/// Records up to a number are in the archive, which now is as `archive` says.
pub(crate) async fn archived(
    conn: &mut SqliteConnection,
    up_to: u64,
    archive: &ArchiveRow,
) -> Result<()> {
    sqlx::query("DELETE FROM journal WHERE number <= ?")
        .bind(to_db(up_to))
        .execute(&mut *conn)
        .await?;
    sqlx::query("UPDATE archive SET size = ?, edge = ?")
        .bind(to_db(archive.size))
        .bind(&archive.edge)
        .execute(conn)
        .await?;
    Ok(())
}

/// The key that signs the archive's log, and how that was last written.
pub(crate) async fn archive_key(
    conn: &mut SqliteConnection,
) -> Result<Option<(SecretBytes<32>, ArchiveRow)>> {
    let row = sqlx::query("SELECT key, size, edge FROM archive")
        .fetch_optional(conn)
        .await?;
    row.map(|row| {
        let key = Zeroizing::new(row.get::<Vec<u8>, _>("key"));
        let key = SecretBytes::from_slice(&key).map_err(|_| damaged("archive"))?;
        let archive = ArchiveRow {
            size: from_db(row.get("size")),
            edge: row.get("edge"),
        };
        Ok((key, archive))
    })
    .transpose()
}

/// Keeps the key of an archive that is begun.
pub(crate) async fn keep_archive_key(
    conn: &mut SqliteConnection,
    key: &SecretBytes<32>,
) -> Result<()> {
    sqlx::query("INSERT OR REPLACE INTO archive (id, key, size) VALUES (1, ?, 0)")
        .bind(key.expose().as_slice())
        .execute(conn)
        .await?;
    Ok(())
}
