//! Accounts seen in the directory: trusted on first use, until the transparency log exists.

use sealwire_crypto::AccountPublic;
use sealwire_protocol::handle::Handle;
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};

use super::{damaged, to_db};
use crate::error::Result;

/// One row of `contact`.
pub(crate) struct ContactRow {
    pub(crate) handle: Handle,
    pub(crate) account: AccountPublic,
    pub(crate) verified: bool,
    pub(crate) key_changed: bool,
}

fn read(row: &SqliteRow) -> Result<ContactRow> {
    Ok(ContactRow {
        handle: Handle::parse(row.get("handle")).map_err(|_| damaged("handle"))?,
        account: AccountPublic::from_bytes(row.get("account_key"))
            .map_err(|_| damaged("account key"))?,
        verified: row.get("verified"),
        key_changed: !row.get::<Vec<u8>, _>("changed_key").is_empty(),
    })
}

/// Everybody known, by handle.
pub(crate) async fn contacts(conn: &mut SqliteConnection) -> Result<Vec<ContactRow>> {
    sqlx::query("SELECT * FROM contact ORDER BY handle")
        .fetch_all(conn)
        .await?
        .iter()
        .map(read)
        .collect()
}

/// One contact.
pub(crate) async fn contact(
    conn: &mut SqliteConnection,
    handle: &Handle,
) -> Result<Option<ContactRow>> {
    sqlx::query("SELECT * FROM contact WHERE handle = ?")
        .bind(handle.to_string())
        .fetch_optional(conn)
        .await?
        .map(|row| read(&row))
        .transpose()
}

/// Notes what the directory shows; the key first seen stays.
pub(crate) async fn note_contact(
    conn: &mut SqliteConnection,
    handle: &Handle,
    account: &AccountPublic,
    now_ms: u64,
) -> Result<ContactRow> {
    sqlx::query(
        "INSERT INTO contact (handle, account_key, first_seen_at, verified, changed_key)
         VALUES (?1, ?2, ?3, 0, x'')
         ON CONFLICT (handle) DO UPDATE
         SET changed_key = CASE WHEN account_key = ?2 THEN x'' ELSE ?2 END",
    )
    .bind(handle.to_string())
    .bind(account.as_bytes().as_slice())
    .bind(to_db(now_ms))
    .execute(&mut *conn)
    .await?;
    contact(conn, handle)
        .await?
        .ok_or_else(|| damaged("contact"))
}

/// Marks a contact as verified by the person, or takes the mark away.
pub(crate) async fn set_verified(
    conn: &mut SqliteConnection,
    handle: &Handle,
    verified: bool,
) -> Result<()> {
    sqlx::query("UPDATE contact SET verified = ? WHERE handle = ?")
        .bind(verified)
        .bind(handle.to_string())
        .execute(conn)
        .await?;
    Ok(())
}
