//! Accounts seen in the directory and in groups: the key first seen stays.

use sealwire_crypto::AccountPublic;
use sealwire_protocol::{
    certificate::{DeviceKind, UnverifiedCertificate},
    handle::Handle,
};
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};

use super::{damaged, to_db};
use crate::error::Result;

/// One row of `contact`.
pub(crate) struct ContactRow {
    pub(crate) handle: Handle,
    /// The key that counts: the first seen, or the one that the person took in its place.
    pub(crate) account: AccountPublic,
    /// What is shown now instead.
    pub(crate) changed: Option<AccountPublic>,
    /// The person has compared `account`.
    pub(crate) verified: bool,
    pub(crate) kind: DeviceKind,
}

impl ContactRow {
    /// Another key is shown than the one that counts.
    pub(crate) fn key_changed(&self) -> bool {
        self.changed.is_some()
    }

    /// The key that the other side has now, if nobody deceives: what there is to compare.
    pub(crate) fn shown(&self) -> &AccountPublic {
        self.changed.as_ref().unwrap_or(&self.account)
    }
}

fn read(row: &SqliteRow) -> Result<ContactRow> {
    let key = |bytes| AccountPublic::from_bytes(bytes).map_err(|_| damaged("account key"));
    let changed: &[u8] = row.get("changed_key");
    Ok(ContactRow {
        handle: Handle::parse(row.get("handle")).map_err(|_| damaged("handle"))?,
        account: key(row.get("account_key"))?,
        changed: (!changed.is_empty()).then(|| key(changed)).transpose()?,
        verified: row.get("verified"),
        kind: kind_of_word(row.get("kind")),
    })
}

/// Of whom it is not known counts as a person, as everybody did before there were other kinds.
fn kind_of_word(word: &str) -> DeviceKind {
    DeviceKind::parse(word).unwrap_or_default()
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

/// What somebody is, as far as this profile knows.
pub(crate) async fn kind_of(conn: &mut SqliteConnection, handle: &str) -> Result<DeviceKind> {
    let word: Option<String> = sqlx::query_scalar("SELECT kind FROM contact WHERE handle = ?")
        .bind(handle)
        .fetch_optional(conn)
        .await?;
    Ok(kind_of_word(&word.unwrap_or_default()))
}

/// What somebody is, and who says so.
pub(crate) enum Kind {
    /// The directory, which is held to its log.
    Listed(DeviceKind),
    /// A certificate in a group; it counts until the directory was asked.
    Shown(DeviceKind),
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
    kind: Kind,
    now_ms: u64,
) -> Result<NotedContact> {
    let shown: Option<Vec<u8>> =
        sqlx::query_scalar("SELECT changed_key FROM contact WHERE handle = ?")
            .bind(handle.to_string())
            .fetch_optional(&mut *conn)
            .await?;
    let (kind, listed) = match kind {
        Kind::Listed(kind) => (kind, true),
        Kind::Shown(kind) => (kind, false),
    };
    sqlx::query(
        "INSERT INTO contact (handle, account_key, first_seen_at, verified, changed_key, kind)
         VALUES (?1, ?2, ?3, 0, x'', ?4)
         ON CONFLICT (handle) DO UPDATE
         SET changed_key = CASE WHEN account_key = ?2 THEN x'' ELSE ?2 END,
             kind = CASE WHEN account_key = ?2 AND (?5 OR kind = '') THEN ?4 ELSE kind END",
    )
    .bind(handle.to_string())
    .bind(account.as_bytes().as_slice())
    .bind(to_db(now_ms))
    .bind(kind.as_str())
    .bind(listed)
    .execute(&mut *conn)
    .await?;
    let contact = contact(conn, handle)
        .await?
        .ok_or_else(|| damaged("contact"))?;
    Ok(NotedContact {
        newly_changed: contact.key_changed()
            && shown.as_deref() != Some(account.as_bytes().as_slice()),
        contact,
    })
}

/// Fills in what members are whom the profile knows from before that was kept.
pub(crate) async fn fill_kinds(conn: &mut SqliteConnection) -> Result<()> {
    let unknown: Option<i64> = sqlx::query_scalar("SELECT 1 FROM contact WHERE kind = '' LIMIT 1")
        .fetch_optional(&mut *conn)
        .await?;
    if unknown.is_none() {
        return Ok(());
    }
    let leaves: Vec<Vec<u8>> = sqlx::query_scalar("SELECT DISTINCT certificate FROM member")
        .fetch_all(&mut *conn)
        .await?;
    for bytes in &leaves {
        // What is damaged is told where it is needed, not when the profile is opened.
        let Ok(leaf) =
            UnverifiedCertificate::parse(bytes).map(UnverifiedCertificate::verified_before)
        else {
            continue;
        };
        sqlx::query(
            "UPDATE contact SET kind = ? WHERE handle = ? AND account_key = ? AND kind = ''",
        )
        .bind(leaf.kind().as_str())
        .bind(leaf.handle().as_str())
        .bind(leaf.account().as_bytes().as_slice())
        .execute(&mut *conn)
        .await?;
    }
    Ok(())
}

/// The person compared `key`, which is the one shown now: it counts from now on. What its owner is, if it
/// is another than before, has to be learned anew.
pub(crate) async fn verify(
    conn: &mut SqliteConnection,
    handle: &Handle,
    key: &AccountPublic,
) -> Result<()> {
    sqlx::query(
        "UPDATE contact
         SET verified = 1, account_key = ?2, changed_key = x'',
             kind = CASE WHEN account_key = ?2 THEN kind ELSE '' END
         WHERE handle = ?1",
    )
    .bind(handle.to_string())
    .bind(key.as_bytes().as_slice())
    .execute(conn)
    .await?;
    Ok(())
}

/// The person takes back that they compared.
pub(crate) async fn unverify(conn: &mut SqliteConnection, handle: &Handle) -> Result<()> {
    sqlx::query("UPDATE contact SET verified = 0 WHERE handle = ?")
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

#[cfg(test)]
mod tests;
