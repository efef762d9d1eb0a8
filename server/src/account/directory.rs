//! The directory: handle, account key, certificates, revocations.

use axum::Router;
use axum::extract::State;
use sealwire_protocol::account::{B64, DirectoryEntry, Revocation};
use sealwire_protocol::problem::Code;
use sqlx::Row;

use super::Plane;
use super::access::{Action, route};
use crate::http::{Json, Path};
use crate::refusal::{Answer, Refusal};

pub(super) fn router(plane: &Plane) -> Router<Plane> {
    route(Router::new(), plane, Action::ReadDirectory, entry)
}

async fn entry(
    State(plane): State<Plane>,
    Path(handle): Path<String>,
) -> Answer<Json<DirectoryEntry>> {
    let mut db = plane.db.readers.begin().await?;
    let account = sqlx::query("SELECT id, account_key, suspended FROM accounts WHERE handle = ?")
        .bind(&handle)
        .fetch_optional(&mut *db)
        .await?
        .ok_or_else(|| {
            Refusal::new(
                Code::AccountUnknown,
                "There is no account with this handle; check its spelling.",
            )
        })?;
    let devices = sqlx::query(
        "SELECT device, certificate, revoked_at, revocation FROM devices WHERE account_id = ? \
         ORDER BY number",
    )
    .bind(account.try_get::<i64, _>(0)?)
    .fetch_all(&mut *db)
    .await?;
    db.commit().await?;
    let mut entry = DirectoryEntry {
        handle,
        account_key: B64(account.try_get(1)?),
        suspended: account.try_get(2)?,
        certificates: Vec::new(),
        revocations: Vec::new(),
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
