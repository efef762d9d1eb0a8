//! Heads of the directory's log: those that were checked here, and what others say they have seen.

use data_encoding::HEXLOWER;
use sealwire_audit::merkle::{Edge, Hash};
use sqlx::{Row, SqliteConnection};

use super::{damaged, from_db, to_db};
use crate::api::DirectoryHeadInfo;
use crate::error::Result;

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

/// Since when, milliseconds since the Unix epoch, somebody is known to have seen a larger head.
pub(crate) async fn newer_head_since(
    conn: &mut SqliteConnection,
    size: u64,
) -> Result<Option<u64>> {
    let since: Option<i64> = sqlx::query_scalar(
        "SELECT min(at_ms) FROM directory_head WHERE source <> '' AND source <> 'relay' AND size > ?",
    )
    .bind(to_db(size))
    .fetch_one(conn)
    .await?;
    Ok(since.map(from_db))
}

/// An edge is stored each so many entries, so that a root in between costs no more than these to compute.
pub(crate) const EDGE_EVERY: u64 = 4096;

/// Stores right edges of the tree, each of a multiple of [`EDGE_EVERY`] entries.
pub(crate) async fn keep_directory_edges(
    conn: &mut SqliteConnection,
    edges: &[Edge],
) -> Result<()> {
    for edge in edges {
        sqlx::query("INSERT OR IGNORE INTO directory_edge (size, edge) VALUES (?, ?)")
            .bind(to_db(edge.size()))
            .bind(edge.to_bytes())
            .execute(&mut *conn)
            .await?;
    }
    Ok(())
}

/// The root of the first `size` entries, if it was computed before.
pub(crate) async fn known_directory_root(
    conn: &mut SqliteConnection,
    size: u64,
) -> Result<Option<Hash>> {
    let known: Option<Vec<u8>> =
        sqlx::query_scalar("SELECT root FROM directory_head WHERE size = ? AND source = ''")
            .bind(to_db(size))
            .fetch_optional(conn)
            .await?;
    Ok(known.and_then(|root| root.try_into().ok()).map(Hash))
}

/// Computes the root of the first `size` entries, which are all stored here, from the nearest edge on.
/// Gives also the edges on the way that are to be stored. Only reads, since it takes its time.
pub(crate) async fn directory_root_at(
    conn: &mut SqliteConnection,
    size: u64,
) -> Result<(Hash, Vec<Edge>)> {
    let stored: Option<Vec<u8>> = sqlx::query_scalar(
        "SELECT edge FROM directory_edge WHERE size <= ? ORDER BY size DESC LIMIT 1",
    )
    .bind(to_db(size))
    .fetch_optional(&mut *conn)
    .await?;
    let mut edge = match stored {
        Some(bytes) => Edge::from_bytes(&bytes).map_err(|_| damaged("directory_edge"))?,
        None => Edge::new(),
    };
    let mut passed = Vec::new();
    while edge.size() < size {
        let to = size.min((edge.size() / EDGE_EVERY + 1) * EDGE_EVERY);
        push_stored(conn, &mut edge, to).await?;
        if edge.size().is_multiple_of(EDGE_EVERY) {
            passed.push(edge.clone());
        }
    }
    Ok((edge.root(), passed))
}

/// Pushes the stored entries up to, not including, `to`.
async fn push_stored(conn: &mut SqliteConnection, edge: &mut Edge, to: u64) -> Result<()> {
    let rows: Vec<(Vec<u8>, Vec<u8>)> = sqlx::query_as(
        "SELECT handle_index, leaf_commitment FROM directory_leaf WHERE number >= ? AND number < ?
         ORDER BY number",
    )
    .bind(to_db(edge.size()))
    .bind(to_db(to))
    .fetch_all(conn)
    .await?;
    for (index, commitment) in rows {
        edge.push(&[index, commitment].concat(), |_| {})
            .map_err(|_| damaged("directory_leaf"))?;
    }
    if edge.size() == to {
        Ok(())
    } else {
        Err(damaged("directory_leaf"))
    }
}

/// Notes what [`directory_root_at`] gave. The same is asked again and again: by everybody who was at
/// this size.
pub(crate) async fn keep_directory_root(
    conn: &mut SqliteConnection,
    size: u64,
    root: &Hash,
    edges: &[Edge],
) -> Result<()> {
    keep_directory_edges(conn, edges).await?;
    let seen = SeenHead {
        size,
        root: root.0,
        source: CHECKED.to_owned(),
    };
    keep_directory_head(conn, &seen, &[], 0).await
}

/// Keeps a head, which was checked or is evidence.
pub(crate) async fn keep_directory_head(
    conn: &mut SqliteConnection,
    seen: &SeenHead,
    signed: &[u8],
    now_ms: u64,
) -> Result<()> {
    sqlx::query(
        "INSERT OR IGNORE INTO directory_head (size, root, source, signed, at_ms)
         VALUES (?, ?, ?, ?, ?)",
    )
    .bind(to_db(seen.size))
    .bind(seen.root.as_slice())
    .bind(&seen.source)
    .bind(signed)
    .bind(to_db(now_ms))
    .execute(conn)
    .await?;
    Ok(())
}

/// Most heads of one person that wait to be compared.
pub(crate) const MOST_OF_ONE: i64 = 8;
/// Most heads that wait to be compared: the share of 512 people.
const MOST_WAITING: i64 = 4096;

/// Keeps a head of somebody else until it can be compared. Of one person those that came first are kept and the
/// one that came last, which says all that those between say, unless it is the sender who lies. Nobody takes
/// the place of anybody else's.
pub(crate) async fn await_directory_head(
    conn: &mut SqliteConnection,
    seen: &SeenHead,
    signed: &[u8],
    now_ms: u64,
) -> Result<()> {
    let (of_all, of_one, same): (i64, i64, i64) = sqlx::query_as(
        "SELECT count(*), coalesce(sum(source = ?1), 0),
         coalesce(sum(source = ?1 AND size = ?2 AND root = ?3), 0)
         FROM directory_head WHERE source <> '' AND source <> 'relay'",
    )
    .bind(&seen.source)
    .bind(to_db(seen.size))
    .bind(seen.root.as_slice())
    .fetch_one(&mut *conn)
    .await?;
    if same > 0 {
        return Ok(());
    }
    if of_one >= MOST_OF_ONE {
        sqlx::query(
            "DELETE FROM directory_head WHERE (size, root, source) IN
             (SELECT size, root, source FROM directory_head WHERE source = ?
              ORDER BY at_ms DESC, size DESC LIMIT 1)",
        )
        .bind(&seen.source)
        .execute(&mut *conn)
        .await?;
    } else if of_all >= MOST_WAITING {
        return Ok(());
    }
    keep_directory_head(conn, seen, signed, now_ms).await
}

/// Heads that others have seen and this device not yet, smallest first.
pub(crate) async fn directory_heads_of_others(
    conn: &mut SqliteConnection,
) -> Result<Vec<SeenHead>> {
    let rows = sqlx::query(
        "SELECT size, root, source FROM directory_head WHERE source <> '' AND source <> 'relay' ORDER BY size",
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

#[cfg(test)]
mod tests;
