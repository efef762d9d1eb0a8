//! Key packages made here. Their private keys are MLS rows.

use sqlx::{Row, SqliteConnection};

use super::{from_db, to_db};
use crate::error::Result;

/// One row of `key_package`.
#[derive(Clone)]
pub(crate) struct KeyPackageRow {
    pub(crate) hash_ref: Vec<u8>,
    pub(crate) body: Vec<u8>,
    pub(crate) last_resort: bool,
    pub(crate) uploaded: bool,
    pub(crate) made_at: u64,
}

/// Remembers a key package that was just made.
pub(crate) async fn add_key_package(
    conn: &mut SqliteConnection,
    row: &KeyPackageRow,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO key_package (hash_ref, body, last_resort, uploaded, made_at)
         VALUES (?, ?, ?, ?, ?)",
    )
    .bind(&row.hash_ref)
    .bind(&row.body)
    .bind(row.last_resort)
    .bind(row.uploaded)
    .bind(to_db(row.made_at))
    .execute(conn)
    .await?;
    Ok(())
}

/// All of them, oldest first.
pub(crate) async fn key_packages(conn: &mut SqliteConnection) -> Result<Vec<KeyPackageRow>> {
    Ok(sqlx::query("SELECT * FROM key_package ORDER BY made_at")
        .fetch_all(conn)
        .await?
        .iter()
        .map(|row| KeyPackageRow {
            hash_ref: row.get("hash_ref"),
            body: row.get("body"),
            last_resort: row.get("last_resort"),
            uploaded: row.get("uploaded"),
            made_at: from_db(row.get("made_at")),
        })
        .collect())
}

/// Whether the relay has one that is never used up.
pub(crate) async fn has_last_resort(conn: &mut SqliteConnection) -> Result<bool> {
    Ok(sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM key_package WHERE last_resort AND uploaded)",
    )
    .fetch_one(conn)
    .await?)
}

/// The relay has them.
pub(crate) async fn set_uploaded(conn: &mut SqliteConnection, refs: &[Vec<u8>]) -> Result<()> {
    for hash_ref in refs {
        sqlx::query("UPDATE key_package SET uploaded = 1 WHERE hash_ref = ?")
            .bind(hash_ref)
            .execute(&mut *conn)
            .await?;
    }
    Ok(())
}

/// They were used, or have run out.
pub(crate) async fn forget_key_packages(
    conn: &mut SqliteConnection,
    refs: &[Vec<u8>],
) -> Result<()> {
    for hash_ref in refs {
        sqlx::query("DELETE FROM key_package WHERE hash_ref = ? AND last_resort = 0")
            .bind(hash_ref)
            .execute(&mut *conn)
            .await?;
    }
    Ok(())
}
