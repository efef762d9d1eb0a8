//! The beginnings of words by which FTS5 finds its pages.
//!
//! For each leaf page of the index `search_index_idx` holds a *separator*: a beginning of the
//! first word of the leaf, just long enough to be larger than the last word of the leaf before.
//! When that first word is deleted, FTS5 (3.45.3) overwrites it in the leaf and leaves the
//! separator, which can be the whole of the word. Here such separators are replaced by a
//! beginning of the word that is first now.
//!
//! That is sound: let `s` be the old separator and `t` the first word now, which does not begin
//! with `s`. Then `t > s`, and the beginning of `t` up to and with the first character in which
//! they differ is larger than `s`, so larger than everything on the leaf before, and not larger
//! than `t`. The format of leaves is that of `fts5_index.c`, "SEGMENT LEAF PAGES".

use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};

use crate::{error::Result, profile::Database};

/// Leaves that are looked at in one go.
const BATCH: i64 = 512;

/// A separator that does not belong to its leaf any more.
struct Stale {
    segment: i64,
    separator: Vec<u8>,
}

/// Whether words were taken out since [`tidy`] was here.
pub(super) async fn is_untidy(db: &Database) -> Result<bool> {
    let mut conn = db.readers.acquire().await?;
    let untidy: bool = sqlx::query_scalar("SELECT untidy = 1 FROM search_progress")
        .fetch_one(&mut *conn)
        .await?;
    Ok(untidy)
}

/// Whether [`tidy`] was here since the database was last written anew.
pub(super) async fn is_tidied(db: &Database) -> Result<bool> {
    let mut conn = db.readers.acquire().await?;
    let tidied: bool = sqlx::query_scalar("SELECT untidy = 2 FROM search_progress")
        .fetch_one(&mut *conn)
        .await?;
    Ok(tidied)
}

/// The database was written anew.
pub(super) async fn written(db: &Database) -> Result<()> {
    let mut conn = db.writer.lock().await;
    sqlx::query("UPDATE search_progress SET untidy = 0 WHERE untidy = 2")
        .execute(&mut *conn)
        .await?;
    Ok(())
}

/// Replaces all separators that are beginnings of words no longer there. Looks without holding up
/// the writer, and then again with it, at the few that matter.
pub(super) async fn tidy(db: &Database) -> Result<()> {
    if !is_untidy(db).await? {
        return Ok(());
    }
    let stale = {
        let mut conn = db.readers.acquire().await?;
        find(&mut conn).await?
    };
    let mut conn = db.writer.lock().await;
    let mut tx = db.begin(&mut conn).await?;
    for stale in &stale {
        replace(&mut tx, stale).await?;
    }
    sqlx::query("UPDATE search_progress SET untidy = 2")
        .execute(&mut *tx)
        .await?;
    Ok(tx.commit().await?)
}

async fn find(conn: &mut SqliteConnection) -> Result<Vec<Stale>> {
    let mut stale = Vec::new();
    let (mut segment, mut separator) = (i64::MIN, Vec::new());
    loop {
        // Leaf `pgno >> 1` of a segment is the row with this id (FTS5_SEGMENT_ROWID).
        let rows = sqlx::query(
            "SELECT i.segid, CAST(i.term AS BLOB) AS term, d.block FROM search_index_idx AS i
             JOIN search_index_data AS d ON d.id = (i.segid << 37) + (i.pgno >> 1)
             WHERE (i.segid, i.term) > (?, ?) ORDER BY i.segid, i.term LIMIT ?",
        )
        .bind(segment)
        .bind(&separator)
        .bind(BATCH)
        .fetch_all(&mut *conn)
        .await?;
        let Some(last) = rows.last() else {
            return Ok(stale);
        };
        (segment, separator) = (last.get("segid"), last.get("term"));
        let outdated = |row: &&SqliteRow| better(row.get("term"), row.get("block")).is_some();
        stale.extend(rows.iter().filter(outdated).map(|row| Stale {
            segment: row.get("segid"),
            separator: row.get("term"),
        }));
    }
}

async fn replace(conn: &mut SqliteConnection, stale: &Stale) -> Result<()> {
    let block: Option<Vec<u8>> = sqlx::query_scalar(
        "SELECT d.block FROM search_index_idx AS i
         JOIN search_index_data AS d ON d.id = (i.segid << 37) + (i.pgno >> 1)
         WHERE i.segid = ? AND i.term = ?",
    )
    .bind(stale.segment)
    .bind(&stale.separator)
    .fetch_optional(&mut *conn)
    .await?;
    // The writer may have merged the segment away meanwhile.
    let Some(better) = block.and_then(|block| better(&stale.separator, &block)) else {
        return Ok(());
    };
    sqlx::query("UPDATE search_index_idx SET term = ? WHERE segid = ? AND term = ?")
        .bind(better)
        .bind(stale.segment)
        .bind(&stale.separator)
        .execute(conn)
        .await?;
    Ok(())
}

/// The separator that should stand where `separator` does; `None` if it is good.
fn better(separator: &[u8], leaf: &[u8]) -> Option<Vec<u8>> {
    let first = first_word(leaf)?;
    if first <= separator || first.starts_with(separator) {
        return None;
    }
    let same = first
        .iter()
        .zip(separator)
        .take_while(|(one, other)| one == other)
        .count();
    Some(first[..=same].to_vec())
}

/// The first word of a leaf, which is written out whole. The leaf begins with two numbers of two
/// bytes: where its first row id stands, and where its list of words begins. That list begins
/// with the place of the first word: its length, then the word.
fn first_word(leaf: &[u8]) -> Option<&[u8]> {
    let list = usize::from(u16::from_be_bytes([*leaf.get(2)?, *leaf.get(3)?]));
    let (at, _) = varint(leaf.get(list..)?)?;
    let (length, used) = varint(leaf.get(at..)?)?;
    leaf.get(at + used..)?.get(..length)
}

/// A number of SQLite's variable length, and its bytes. Numbers in a page need no more than three.
fn varint(bytes: &[u8]) -> Option<(usize, usize)> {
    let mut value = 0;
    for (number, byte) in bytes.iter().take(3).enumerate() {
        value = value << 7 | usize::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some((value, number + 1));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A leaf with these two words and no rows.
    const LEAF: &[u8] = b"\0\0\0\x10\x060alarm\x01\x020x\0\x04\x08";

    #[test]
    fn the_first_word_is_read() {
        assert_eq!(first_word(LEAF), Some(&b"0alarm"[..]));
        for (separator, expected) in [
            (&b""[..], None),
            (b"0al", None),
            (b"0aberration", Some(&b"0al"[..])),
            (b"0alarl", Some(b"0alarm")),
            (b"0zebra", None),
        ] {
            assert_eq!(better(separator, LEAF).as_deref(), expected);
        }
    }

    proptest! {
        #[test]
        fn no_leaf_breaks_it(separator: Vec<u8>, leaf: Vec<u8>) {
            if let Some(better) = better(&separator, &leaf) {
                prop_assert!(better > separator);
            }
        }
    }
}
