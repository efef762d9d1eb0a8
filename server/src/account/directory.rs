//! The directory: handle, account key, certificates, revocations.

use axum::Router;
use axum::extract::State;
use sealwire_protocol::account::{B64, DirectoryEntry, DirectoryKey, OpenedEntry, Revocation};
use sealwire_protocol::certificate::DeviceKind;
use sealwire_protocol::problem::Code;
use sqlx::{Row, SqliteConnection};

use super::access::{Action, route};
use super::{Plane, kinds};
use crate::evidence::Opened;
use crate::http::{Json, Path};
use crate::refusal::{Answer, Refusal};

pub(super) fn router(plane: &Plane) -> Router<Plane> {
    let router = route(Router::new(), plane, Action::ReadDirectory, entry);
    route(router, plane, Action::ReadDirectoryKey, key)
}

async fn key(State(plane): State<Plane>) -> Json<DirectoryKey> {
    Json(DirectoryKey {
        version: 1,
        key: plane.evidence.directory_key().secret().expose().into(),
    })
}

async fn entry(
    State(plane): State<Plane>,
    Path(handle): Path<String>,
) -> Answer<Json<DirectoryEntry>> {
    let mut db = plane.db.readers.begin().await?;
    let account =
        sqlx::query("SELECT id, account_key, suspended, kind FROM accounts WHERE handle = ?")
            .bind(&handle)
            .fetch_optional(&mut *db)
            .await?;
    let Some(account) = account else {
        let opened = plane.evidence.opened(&mut db, &handle, None).await?;
        return gone(handle, opened);
    };
    let id: i64 = account.try_get(0)?;
    let devices = sqlx::query(
        "SELECT device, certificate, revoked_at, revocation FROM devices WHERE account_id = ? \
         ORDER BY number",
    )
    .bind(id)
    .fetch_all(&mut *db)
    .await?;
    let opened = plane.evidence.opened(&mut db, &handle, Some(id)).await?;
    db.commit().await?;
    let mut entry = DirectoryEntry {
        handle,
        account_key: B64(account.try_get(1)?),
        kind: kinds::parse(account.try_get(3)?)?,
        suspended: account.try_get(2)?,
        certificates: Vec::new(),
        revocations: Vec::new(),
        opened: opened.into_iter().map(OpenedEntry::from).collect(),
    };
    for row in devices {
        let revoked_at: i64 = row.try_get(2)?;
        if revoked_at == 0 {
            entry.certificates.push(B64(row.try_get(1)?));
        } else {
            entry.revocations.push(Revocation {
                device: B64(row.try_get(0)?),
                at_s: u64::try_from(revoked_at).unwrap_or(0),
                signature: B64(row.try_get(3)?),
            });
        }
    }
    Ok(Json(entry))
}

/// An account that was erased, or was never there.
fn gone(handle: String, opened: Vec<Opened>) -> Answer<Json<DirectoryEntry>> {
    if opened.is_empty() {
        return Err(Refusal::new(
            Code::AccountUnknown,
            "There is no account with this handle; check its spelling.",
        ));
    }
    Ok(Json(DirectoryEntry {
        handle,
        account_key: B64::default(),
        kind: DeviceKind::Person,
        suspended: false,
        certificates: Vec::new(),
        revocations: Vec::new(),
        opened: opened.into_iter().map(OpenedEntry::from).collect(),
    }))
}

/// How many accounts and devices there are.
pub(crate) struct DirectoryCounts {
    pub(crate) accounts: u64,
    /// Devices that are not revoked.
    pub(crate) devices: u64,
    pub(crate) revoked: u64,
}

pub(super) async fn counts(db: &mut SqliteConnection) -> Answer<DirectoryCounts> {
    let row: (i64, i64, i64) = sqlx::query_as(
        "SELECT (SELECT count(*) FROM accounts), \
         (SELECT count(*) FROM devices WHERE revoked_at = 0), \
         (SELECT count(*) FROM devices WHERE revoked_at <> 0)",
    )
    .fetch_one(db)
    .await?;
    let number = |count| u64::try_from(count).unwrap_or(0);
    Ok(DirectoryCounts {
        accounts: number(row.0),
        devices: number(row.1),
        revoked: number(row.2),
    })
}

impl From<Opened> for OpenedEntry {
    fn from(opened: Opened) -> Self {
        Self {
            number: opened.number,
            salt: opened.salt.into(),
            event: opened.event,
        }
    }
}
