//! The organisation's policy, and the receipts of what was removed by it.

use sqlx::{Row, SqliteConnection};

use super::{from_db, to_db};
use crate::error::Result;

/// The signed policy, if one was ever taken.
pub(crate) async fn organisation_policy(conn: &mut SqliteConnection) -> Result<Option<Vec<u8>>> {
    Ok(sqlx::query_scalar("SELECT signed FROM organisation_policy")
        .fetch_optional(conn)
        .await?)
}

/// Keeps a signed policy in place of the one before.
pub(crate) async fn save_organisation_policy(
    conn: &mut SqliteConnection,
    signed: &[u8],
) -> Result<()> {
    sqlx::query(
        "INSERT INTO organisation_policy (id, signed) VALUES (1, ?1)
         ON CONFLICT (id) DO UPDATE SET signed = ?1",
    )
    .bind(signed)
    .execute(conn)
    .await?;
    Ok(())
}

/// One row of `removal_receipt`.
pub(crate) struct ReceiptRow {
    pub(crate) signed: Vec<u8>,
    pub(crate) certificate: Vec<u8>,
}

/// The number of the next receipt. Numbers of receipts that are no longer kept stay taken.
pub(crate) async fn next_removal_receipt(conn: &mut SqliteConnection) -> Result<u64> {
    let last: Option<i64> =
        sqlx::query_scalar("SELECT seq FROM sqlite_sequence WHERE name = 'removal_receipt'")
            .fetch_optional(conn)
            .await?;
    Ok(last.map_or(0, from_db) + 1)
}

/// Keeps a receipt, in place of an earlier one of this number.
pub(crate) async fn save_removal_receipt(
    conn: &mut SqliteConnection,
    number: u64,
    at_s: u64,
    row: &ReceiptRow,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO removal_receipt (number, at_s, signed, certificate) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (number) DO UPDATE SET at_s = ?2, signed = ?3, certificate = ?4",
    )
    .bind(to_db(number))
    .bind(to_db(at_s))
    .bind(&row.signed)
    .bind(&row.certificate)
    .execute(conn)
    .await?;
    Ok(())
}

/// Removes receipts from before `before_s`.
pub(crate) async fn forget_removal_receipts(
    conn: &mut SqliteConnection,
    before_s: u64,
) -> Result<()> {
    sqlx::query("DELETE FROM removal_receipt WHERE at_s < ?")
        .bind(to_db(before_s))
        .execute(conn)
        .await?;
    Ok(())
}

/// The receipts, oldest first.
pub(crate) async fn removal_receipts(conn: &mut SqliteConnection) -> Result<Vec<ReceiptRow>> {
    let rows = sqlx::query("SELECT signed, certificate FROM removal_receipt ORDER BY number")
        .fetch_all(conn)
        .await?;
    Ok(rows
        .iter()
        .map(|row| ReceiptRow {
            signed: row.get("signed"),
            certificate: row.get("certificate"),
        })
        .collect())
}
