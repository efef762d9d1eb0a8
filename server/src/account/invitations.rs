//! Invitations. The relay keeps the hash of a code only.

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Router};
use sealwire_protocol::account::{B64, Invitation, Invitations, NewInvitation, OrgRole};
use sealwire_protocol::certificate::DeviceKind;
use sealwire_protocol::link::InvitationCode;
use sealwire_protocol::problem::Code;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use super::access::{Action, route};
use super::session::Caller;
use super::{AccountPlane, Plane, kinds, roles};
use crate::clock;
use crate::http::{Json, Path};
use crate::refusal::{Answer, Refusal};

const DAY_S: u64 = 24 * 60 * 60;
const LONGEST_S: u64 = 30 * DAY_S;
const OWNER_S: u64 = 7 * DAY_S;
const LISTED: i64 = 500;
const COLUMNS: &str = "id, role, expires_at, used_by, mac, kind";

pub(super) fn router(plane: &Plane) -> Router<Plane> {
    let router = route(Router::new(), plane, Action::Invite, invite);
    let router = route(router, plane, Action::ListInvitations, list);
    route(router, plane, Action::WithdrawInvitation, withdraw)
}

fn invitation(row: &SqliteRow) -> Result<Invitation, sqlx::Error> {
    let (used_by, mac): (String, Vec<u8>) = (row.try_get(3)?, row.try_get(4)?);
    Ok(Invitation {
        id: u64::try_from(row.try_get::<i64, _>(0)?).unwrap_or(0),
        role: roles::parse(row.try_get(1)?)?,
        kind: kinds::parse(row.try_get(5)?)?,
        expires_at_s: u64::try_from(row.try_get::<i64, _>(2)?).unwrap_or(0),
        used_by: (!used_by.is_empty()).then_some(used_by),
        mac: (!mac.is_empty()).then_some(B64(mac)),
    })
}

async fn invite(
    State(plane): State<Plane>,
    Extension(caller): Extension<Caller>,
    Json(new): Json<NewInvitation>,
) -> Answer<(StatusCode, Json<Invitation>)> {
    let code_hash: [u8; 32] = new
        .code_hash
        .0
        .try_into()
        .map_err(|_| Refusal::malformed("The hash of a code is 32 bytes."))?;
    if !(1..=LONGEST_S).contains(&new.expires_in_s) {
        return Err(Refusal::malformed(
            "An invitation runs for at least a second and at most 30 days.",
        ));
    }
    // Otherwise an administrator could invite somebody above them.
    let above = matches!(new.role, OrgRole::OrgOwner | OrgRole::OrgAdmin);
    if above && caller.role != OrgRole::OrgOwner {
        return Err(Refusal::new(
            Code::Forbidden,
            "Only an owner invites owners and administrators.",
        ));
    }
    let mut db = plane.db.write().await?;
    if let Some(known) = find(&mut db, &code_hash).await? {
        // A lost answer may be repeated.
        return if (known.role, known.kind) == (new.role, new.kind) && known.used_by.is_none() {
            Ok((StatusCode::CREATED, Json(known)))
        } else {
            Err(Refusal::malformed(
                "This code was used before; make a new one.",
            ))
        };
    }
    check_room(&plane, &mut db).await?;
    let expires_at = clock::now_s() + new.expires_in_s;
    let terms = (new.role, new.kind);
    insert(&mut db, &code_hash, terms, expires_at, false).await?;
    let made = find(&mut db, &code_hash).await?;
    db.commit().await?;
    let made = made.ok_or_else(|| Refusal::internal("an invitation is gone"))?;
    Ok((StatusCode::CREATED, Json(made)))
}

async fn find(db: &mut SqliteConnection, code_hash: &[u8; 32]) -> Answer<Option<Invitation>> {
    let row = sqlx::query(&format!(
        "SELECT {COLUMNS} FROM invitations WHERE code_hash = ?"
    ))
    .bind(code_hash.as_slice())
    .fetch_optional(db)
    .await?;
    Ok(row.as_ref().map(invitation).transpose()?)
}

async fn check_room(plane: &AccountPlane, db: &mut SqliteConnection) -> Answer<()> {
    let open: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM invitations WHERE used_by = '' AND expires_at > ?",
    )
    .bind(now())
    .fetch_one(db)
    .await?;
    if open >= i64::from(plane.limits.open_invitations) {
        return Err(Refusal::new(
            Code::TooLarge,
            "Too many invitations are open; withdraw some first.",
        ));
    }
    Ok(())
}

async fn insert(
    db: &mut SqliteConnection,
    code_hash: &[u8; 32],
    (role, kind): (OrgRole, DeviceKind),
    expires_at: u64,
    for_owner: bool,
) -> Answer<()> {
    sqlx::query(
        "INSERT INTO invitations (code_hash, role, expires_at, for_owner, used_by, mac, enrolled, kind) \
         VALUES (?, ?, ?, ?, '', x'', x'', ?)",
    )
    .bind(code_hash.as_slice())
    .bind(roles::text(role))
    .bind(i64::try_from(expires_at).unwrap_or(i64::MAX))
    .bind(for_owner)
    .bind(kind.as_str())
    .execute(db)
    .await?;
    Ok(())
}

async fn list(State(plane): State<Plane>) -> Answer<Json<Invitations>> {
    let rows = sqlx::query(&format!(
        "SELECT {COLUMNS} FROM invitations ORDER BY id DESC LIMIT {LISTED}"
    ))
    .fetch_all(&plane.db.readers)
    .await?;
    let invitations = rows.iter().map(invitation).collect::<Result<_, _>>()?;
    Ok(Json(Invitations { invitations }))
}

async fn withdraw(State(plane): State<Plane>, Path(id): Path<u64>) -> Answer<StatusCode> {
    let id = i64::try_from(id).unwrap_or(i64::MAX);
    let mut db = plane.db.write().await?;
    let used: Option<bool> =
        sqlx::query_scalar("SELECT used_by <> '' FROM invitations WHERE id = ?")
            .bind(id)
            .fetch_optional(&mut *db)
            .await?;
    match used {
        None => Err(Refusal::new(
            Code::InvitationUnknown,
            "There is no such invitation; list them to see the numbers.",
        )),
        Some(true) => Err(Refusal::new(
            Code::InvitationUsed,
            "This invitation was used; suspend the account instead.",
        )),
        Some(false) => {
            sqlx::query("DELETE FROM invitations WHERE id = ?")
                .bind(id)
                .execute(&mut *db)
                .await?;
            db.commit().await?;
            Ok(StatusCode::NO_CONTENT)
        }
    }
}

/// See [`AccountPlane::owner_code`].
pub(super) async fn owner_code(plane: &AccountPlane) -> Answer<Option<InvitationCode>> {
    let mut db = plane.db.write().await?;
    let owned: bool =
        sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM accounts WHERE role = 'org-owner')")
            .fetch_one(&mut *db)
            .await?;
    sqlx::query("DELETE FROM invitations WHERE for_owner = 1 AND used_by = ''")
        .execute(&mut *db)
        .await?;
    let code = if owned {
        None
    } else {
        let code = InvitationCode::generate(&mut rand::rng());
        let expires_at = clock::now_s() + OWNER_S;
        let terms = (OrgRole::OrgOwner, DeviceKind::Person);
        insert(&mut db, &code.hash(), terms, expires_at, true).await?;
        Some(code)
    };
    db.commit().await?;
    Ok(code)
}

fn now() -> i64 {
    i64::try_from(clock::now_s()).unwrap_or(i64::MAX)
}
