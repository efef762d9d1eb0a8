//! Signed counts of conversations that have a records custodian.

use sealwire_protocol::certificate::DeviceCertificate;
use sqlx::{Row, SqliteConnection};

use super::{from_db, to_db};
use crate::error::Result;

/// One row of `coverage`.
pub(crate) struct CoverageRow {
    pub(crate) at_s: u64,
    pub(crate) signed: Vec<u8>,
    pub(crate) certificate: Vec<u8>,
}

/// Keeps a device's count, unless a newer one is there.
pub(crate) async fn put_coverage(
    conn: &mut SqliteConnection,
    device: &DeviceCertificate,
    at_s: u64,
    signed: &[u8],
) -> Result<()> {
    sqlx::query(
        "INSERT INTO coverage (device, handle, at_s, signed, certificate) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (device) DO UPDATE SET handle = ?2, at_s = ?3, signed = ?4, certificate = ?5
             WHERE at_s < ?3",
    )
    .bind(device.device().as_bytes().as_slice())
    .bind(device.handle().as_str())
    .bind(to_db(at_s))
    .bind(signed)
    .bind(device.as_bytes())
    .execute(conn)
    .await?;
    Ok(())
}

/// Forgets counts from before `before_s`.
pub(crate) async fn forget_coverage(conn: &mut SqliteConnection, before_s: u64) -> Result<()> {
    sqlx::query("DELETE FROM coverage WHERE at_s < ?")
        .bind(to_db(before_s))
        .execute(conn)
        .await?;
    Ok(())
}

/// All counts, in order of handle and device.
pub(crate) async fn coverage(conn: &mut SqliteConnection) -> Result<Vec<CoverageRow>> {
    let rows = sqlx::query("SELECT * FROM coverage ORDER BY handle, device")
        .fetch_all(conn)
        .await?;
    let read = |row: &sqlx::sqlite::SqliteRow| CoverageRow {
        at_s: from_db(row.get("at_s")),
        signed: row.get("signed"),
        certificate: row.get("certificate"),
    };
    Ok(rows.iter().map(read).collect())
}
