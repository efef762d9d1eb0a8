//! Accounts seen in the directory and in groups: the key first seen stays.

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

/// A contact after the directory or a group has shown a key for it.
pub(crate) struct NotedContact {
    pub(crate) contact: ContactRow,
    /// The key is another than the one first seen, and than the one shown the last time.
    pub(crate) newly_changed: bool,
}

/// Notes what the directory or a group shows; the key first seen stays.
pub(crate) async fn note_contact(
    conn: &mut SqliteConnection,
    handle: &Handle,
    account: &AccountPublic,
    now_ms: u64,
) -> Result<NotedContact> {
    let shown: Option<Vec<u8>> =
        sqlx::query_scalar("SELECT changed_key FROM contact WHERE handle = ?")
            .bind(handle.to_string())
            .fetch_optional(&mut *conn)
            .await?;
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
    let contact = contact(conn, handle)
        .await?
        .ok_or_else(|| damaged("contact"))?;
    Ok(NotedContact {
        newly_changed: contact.key_changed && shown.as_deref() != Some(account.as_bytes()),
        contact,
    })
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

/// Notes that the directory is to be asked for somebody at `due_ms`.
pub(crate) async fn look_up_later(
    conn: &mut SqliteConnection,
    handle: &Handle,
    due_ms: u64,
) -> Result<()> {
    sqlx::query("INSERT OR IGNORE INTO unlooked (handle, due_ms) VALUES (?, ?)")
        .bind(handle.as_str())
        .bind(to_db(due_ms))
        .execute(conn)
        .await?;
    Ok(())
}

/// The directory was asked for somebody.
pub(crate) async fn looked_up(conn: &mut SqliteConnection, handle: &Handle) -> Result<()> {
    sqlx::query("DELETE FROM unlooked WHERE handle = ?")
        .bind(handle.as_str())
        .execute(conn)
        .await?;
    Ok(())
}

/// For whom the directory is to be asked by now, at most so many.
pub(crate) async fn due_to_look_up(
    conn: &mut SqliteConnection,
    now_ms: u64,
    most: u32,
) -> Result<Vec<Handle>> {
    let handles: Vec<String> =
        sqlx::query_scalar("SELECT handle FROM unlooked WHERE due_ms <= ? ORDER BY due_ms LIMIT ?")
            .bind(to_db(now_ms))
            .bind(most)
            .fetch_all(conn)
            .await?;
    let read = |handle: &String| Handle::parse(handle).map_err(|_| damaged("handle"));
    handles.iter().map(read).collect()
}
