//! What this device knows of updates of the app.

use sqlx::{Row, SqliteConnection};

use crate::error::Result;

/// The row of `app_update`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct KnownUpdates {
    /// The audit log's key as the relay showed it first, a `vkey`; empty if none was needed yet.
    pub(crate) audit_key: String,
    /// The highest version that was found in order; empty before the first.
    pub(crate) version: String,
}

/// What is known.
pub(crate) async fn known_updates(conn: &mut SqliteConnection) -> Result<KnownUpdates> {
    let row = sqlx::query("SELECT audit_key, version FROM app_update")
        .fetch_optional(conn)
        .await?;
    let read = |row: &sqlx::sqlite::SqliteRow| KnownUpdates {
        audit_key: row.get("audit_key"),
        version: row.get("version"),
    };
    Ok(row.as_ref().map(read).unwrap_or_default())
}

/// Pins the audit log's key, unless one is pinned.
pub(crate) async fn pin_audit_key(conn: &mut SqliteConnection, key: &str) -> Result<()> {
    sqlx::query(
        "INSERT INTO app_update (id, audit_key, version) VALUES (1, ?1, '')
         ON CONFLICT (id) DO UPDATE SET audit_key = ?1 WHERE audit_key = ''",
    )
    .bind(key)
    .execute(conn)
    .await?;
    Ok(())
}

/// Keeps the version of an update that was found in order.
pub(crate) async fn keep_update_version(conn: &mut SqliteConnection, version: &str) -> Result<()> {
    sqlx::query(
        "INSERT INTO app_update (id, audit_key, version) VALUES (1, '', ?1)
         ON CONFLICT (id) DO UPDATE SET version = ?1",
    )
    .bind(version)
    .execute(conn)
    .await?;
    Ok(())
}
