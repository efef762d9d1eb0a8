//! The directory's transparency log, as far as this device has checked it.

use data_encoding::HEXLOWER;
use sealwire_audit::commitment::{Commitment, DirectoryIndex};
use sealwire_audit::merkle::{Edge, Hash};
use sealwire_crypto::SecretBytes;
use sqlx::{Row, SqliteConnection};

use super::{damaged, from_db, to_db};
use crate::api::DirectoryHeadInfo;
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

/// A head that somebody said they had seen.
pub(crate) struct SeenHead {
    pub(crate) size: u64,
    pub(crate) root: [u8; 32],
    /// Handle of whoever said so, or [`CHECKED`] or [`OF_RELAY`].
    pub(crate) source: String,
}

/// Source of a head that this device has checked.
pub(crate) const CHECKED: &str = "";
/// Source of a head that the relay has signed and that contradicts what this device knows.
pub(crate) const OF_RELAY: &str = "relay";

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

/// Forgets the log, to begin with another.
pub(crate) async fn forget_directory_log(conn: &mut SqliteConnection) -> Result<()> {
    for table in ["directory_log", "directory_leaf", "directory_head"] {
        sqlx::query(&format!("DELETE FROM {table}"))
            .execute(&mut *conn)
            .await?;
    }
    Ok(())
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

/// Since when, milliseconds since the Unix epoch, somebody is known to have seen a larger head.
pub(crate) async fn newer_head_since(
    conn: &mut SqliteConnection,
    size: u64,
) -> Result<Option<u64>> {
    let since: Option<i64> = sqlx::query_scalar(
        "SELECT min(at_ms) FROM directory_head WHERE source LIKE '%@%' AND size > ?",
    )
    .bind(to_db(size))
    .fetch_one(conn)
    .await?;
    Ok(since.map(from_db))
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

/// The root of the first `size` entries, which are all stored here.
pub(crate) async fn directory_root_at(conn: &mut SqliteConnection, size: u64) -> Result<Hash> {
    let known: Option<Vec<u8>> =
        sqlx::query_scalar("SELECT root FROM directory_head WHERE size = ? AND source = ''")
            .bind(to_db(size))
            .fetch_optional(&mut *conn)
            .await?;
    if let Some(known) = known.and_then(|root| root.try_into().ok()) {
        return Ok(Hash(known));
    }
    let mut edge = Edge::new();
    let rows: Vec<(Vec<u8>, Vec<u8>)> = sqlx::query_as(
        "SELECT handle_index, leaf_commitment FROM directory_leaf WHERE number < ?
         ORDER BY number",
    )
    .bind(to_db(size))
    .fetch_all(&mut *conn)
    .await?;
    for (index, commitment) in rows {
        edge.push(&[index, commitment].concat(), |_| {})
            .map_err(|_| damaged("directory_leaf"))?;
    }
    // The same is asked again and again: by everybody who was at this size.
    sqlx::query(
        "INSERT OR IGNORE INTO directory_head (size, root, source, signed, at_ms)
         VALUES (?, ?, '', x'', 0)",
    )
    .bind(to_db(size))
    .bind(edge.root().0.as_slice())
    .execute(conn)
    .await?;
    Ok(edge.root())
}

/// Most heads of others that wait for this device to get as far.
const MOST_HEADS: i64 = 256;

/// Keeps a head. Of those that others have seen only so many are kept.
pub(crate) async fn keep_directory_head(
    conn: &mut SqliteConnection,
    seen: &SeenHead,
    signed: &[u8],
    now_ms: u64,
) -> Result<()> {
    sqlx::query(
        "INSERT OR IGNORE INTO directory_head (size, root, source, signed, at_ms)
         SELECT ?1, ?2, ?3, ?4, ?5
         WHERE ?3 NOT LIKE '%@%' OR (SELECT count(*) FROM directory_head WHERE source LIKE '%@%') < ?6",
    )
    .bind(to_db(seen.size))
    .bind(seen.root.as_slice())
    .bind(&seen.source)
    .bind(signed)
    .bind(to_db(now_ms))
    .bind(MOST_HEADS)
    .execute(conn)
    .await?;
    Ok(())
}

/// Heads that others have seen and this device not yet, smallest first.
pub(crate) async fn directory_heads_of_others(
    conn: &mut SqliteConnection,
) -> Result<Vec<SeenHead>> {
    let rows = sqlx::query(
        "SELECT size, root, source FROM directory_head WHERE source LIKE '%@%' ORDER BY size",
    )
    .fetch_all(conn)
    .await?;
    rows.iter()
        .map(|row| {
            let root: &[u8] = row.get("root");
            Ok(SeenHead {
                size: from_db(row.get("size")),
                root: root.try_into().map_err(|_| damaged("directory_head"))?,
                source: row.get("source"),
            })
        })
        .collect()
}

/// Heads that contradict what this device has checked, and the newest that it has.
pub(crate) async fn directory_evidence(
    conn: &mut SqliteConnection,
) -> Result<Vec<DirectoryHeadInfo>> {
    let rows = sqlx::query(
        "SELECT * FROM directory_head WHERE source <> '' OR size =
         (SELECT max(size) FROM directory_head WHERE source = '') ORDER BY at_ms, size, source",
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .iter()
        .map(|row| DirectoryHeadInfo {
            size: from_db(row.get("size")),
            root: HEXLOWER.encode(row.get("root")),
            source: match row.get("source") {
                CHECKED => "this device".to_owned(),
                source => source.to_owned(),
            },
            signed: String::from_utf8_lossy(row.get("signed")).into_owned(),
            at_ms: from_db(row.get("at_ms")),
        })
        .collect())
}

/// A head of somebody else was right.
pub(crate) async fn forget_directory_head(
    conn: &mut SqliteConnection,
    seen: &SeenHead,
) -> Result<()> {
    sqlx::query("DELETE FROM directory_head WHERE size = ? AND root = ? AND source = ?")
        .bind(to_db(seen.size))
        .bind(seen.root.as_slice())
        .bind(&seen.source)
        .execute(conn)
        .await?;
    Ok(())
}
