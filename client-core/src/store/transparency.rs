//! The directory's transparency log, as far as this device has checked it.

use sealwire_audit::commitment::{Commitment, DirectoryIndex};
use sealwire_audit::merkle::Edge;
use sealwire_crypto::SecretBytes;
use sqlx::{Row, SqliteConnection};

use super::{damaged, from_db, to_db};
use crate::error::Result;

/// The row of `directory_log`.
pub(crate) struct DirectoryLog {
    /// The log's key, as a `vkey`.
    pub(crate) key: String,
    /// Right edge of the tree over all entries that are stored here.
    pub(crate) edge: Edge,
    /// The newest signed head; empty before the first.
    pub(crate) head: Vec<u8>,
    /// Hides handles in the log.
    pub(crate) directory_key: SecretBytes<32>,
    /// Why the directory is not trusted any more; empty if it is.
    pub(crate) conflict: String,
}

/// The log, if this device follows it already.
pub(crate) async fn directory_log(conn: &mut SqliteConnection) -> Result<Option<DirectoryLog>> {
    let row = sqlx::query("SELECT * FROM directory_log")
        .fetch_optional(conn)
        .await?;
    row.map(|row| {
        let edge: &[u8] = row.get("edge");
        let key: &[u8] = row.get("directory_key");
        Ok(DirectoryLog {
            key: row.get("key"),
            edge: Edge::from_bytes(edge).map_err(|_| damaged("directory_log"))?,
            head: row.get("head"),
            directory_key: SecretBytes::from_slice(key).map_err(|_| damaged("directory_log"))?,
            conflict: row.get("conflict"),
        })
    })
    .transpose()
}

/// Stores where the log now is.
pub(crate) async fn save_directory_log(
    conn: &mut SqliteConnection,
    log: &DirectoryLog,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO directory_log (id, key, edge, head, directory_key, conflict, watched)
         VALUES (1, ?1, ?2, ?3, ?4, ?5, 0)
         ON CONFLICT (id) DO UPDATE SET edge = ?2, head = ?3",
    )
    .bind(&log.key)
    .bind(log.edge.to_bytes())
    .bind(&log.head)
    .bind(log.directory_key.expose().as_slice())
    .bind(&log.conflict)
    .execute(conn)
    .await?;
    Ok(())
}

/// Forgets the log, to begin with another. That it was followed is remembered.
pub(crate) async fn forget_directory_log(conn: &mut SqliteConnection) -> Result<()> {
    sqlx::query("INSERT OR IGNORE INTO directory_log_ended (key) SELECT key FROM directory_log")
        .execute(&mut *conn)
        .await?;
    for table in [
        "directory_log",
        "directory_leaf",
        "directory_head",
        "directory_edge",
    ] {
        sqlx::query(&format!("DELETE FROM {table}"))
            .execute(&mut *conn)
            .await?;
    }
    Ok(())
}

/// The keys of logs that this device followed before.
pub(crate) async fn directory_logs_ended(conn: &mut SqliteConnection) -> Result<Vec<String>> {
    let keys = sqlx::query_scalar("SELECT key FROM directory_log_ended");
    Ok(keys.fetch_all(conn).await?)
}

/// How many entries have been looked through for changes of known people.
pub(crate) async fn directory_watched(conn: &mut SqliteConnection) -> Result<u64> {
    let watched: Option<i64> = sqlx::query_scalar("SELECT watched FROM directory_log")
        .fetch_optional(conn)
        .await?;
    Ok(watched.map_or(0, from_db))
}

/// So many entries have been looked through.
pub(crate) async fn set_directory_watched(conn: &mut SqliteConnection, size: u64) -> Result<()> {
    sqlx::query("UPDATE directory_log SET watched = ?")
        .bind(to_db(size))
        .execute(conn)
        .await?;
    Ok(())
}

/// The directory is not trusted from now on. The first reason stays.
pub(crate) async fn distrust_directory(conn: &mut SqliteConnection, why: &str) -> Result<bool> {
    let done = sqlx::query("UPDATE directory_log SET conflict = ? WHERE conflict = ''")
        .bind(why)
        .execute(conn)
        .await?;
    Ok(done.rows_affected() > 0)
}

/// Adds the entry `number`.
pub(crate) async fn add_directory_leaf(
    conn: &mut SqliteConnection,
    number: u64,
    index: &DirectoryIndex,
    commitment: &Commitment,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO directory_leaf (number, handle_index, leaf_commitment) VALUES (?, ?, ?)",
    )
    .bind(to_db(number))
    .bind(index.0.as_slice())
    .bind(commitment.0.as_slice())
    .execute(conn)
    .await?;
    Ok(())
}

/// The entries under an index, in order.
pub(crate) async fn directory_leaves(
    conn: &mut SqliteConnection,
    index: &DirectoryIndex,
) -> Result<Vec<(u64, Commitment)>> {
    let rows = sqlx::query(
        "SELECT number, leaf_commitment FROM directory_leaf WHERE handle_index = ?
         ORDER BY number",
    )
    .bind(index.0.as_slice())
    .fetch_all(conn)
    .await?;
    rows.iter()
        .map(|row| {
            let commitment: &[u8] = row.get("leaf_commitment");
            let commitment = commitment
                .try_into()
                .map_err(|_| damaged("directory_leaf"))?;
            Ok((from_db(row.get("number")), Commitment(commitment)))
        })
        .collect()
}
