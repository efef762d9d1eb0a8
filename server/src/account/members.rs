//! Accounts as their organisation sees and administers them.

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Router};
use sealwire_audit::directory::DirectoryEvent;
use sealwire_protocol::account::{MemberInfo, Members, OrgRole, RoleChange};
use sealwire_protocol::problem::Code;
use serde::Deserialize;
use serde_json::json;
use sqlx::{Row, SqliteConnection};

use super::access::{Action, route};
use super::logged::Logged;
use super::session::Caller;
use super::{Plane, kinds, roles};
use crate::http::{Json, Path, Query};
use crate::refusal::{Answer, Refusal};

const LISTED: i64 = 500;

pub(super) fn router(plane: &Plane) -> Router<Plane> {
    let router = route(Router::new(), plane, Action::ListMembers, list);
    let router = route(router, plane, Action::Suspend, suspend);
    let router = route(router, plane, Action::Resume, resume);
    route(router, plane, Action::ChangeRole, change_role)
}

#[derive(Deserialize)]
struct After {
    #[serde(default)]
    after: String,
}

async fn list(
    State(plane): State<Plane>,
    Query(After { after }): Query<After>,
) -> Answer<Json<Members>> {
    let rows = sqlx::query(
        "SELECT handle, role, suspended, kind FROM accounts WHERE handle > ? ORDER BY handle LIMIT ?",
    )
    .bind(after)
    .bind(LISTED)
    .fetch_all(&plane.db.readers)
    .await?;
    let member = |row: &sqlx::sqlite::SqliteRow| -> Result<MemberInfo, sqlx::Error> {
        Ok(MemberInfo {
            handle: row.try_get(0)?,
            role: roles::parse(row.try_get(1)?)?,
            kind: kinds::parse(row.try_get(3)?)?,
            suspended: row.try_get(2)?,
        })
    };
    let members = rows.iter().map(member).collect::<Result<_, _>>()?;
    Ok(Json(Members { members }))
}

pub(super) struct Account {
    id: i64,
    role: OrgRole,
    suspended: bool,
}

impl Account {
    /// Its number.
    pub(super) const fn id(&self) -> i64 {
        self.id
    }

    fn logged<'a>(&self, plane: &'a Plane, handle: &'a str) -> Logged<'a> {
        Logged {
            evidence: &plane.evidence,
            account: self.id,
            handle,
        }
    }
}

/// The account with this handle.
pub(super) async fn account(db: &mut SqliteConnection, handle: &str) -> Answer<Account> {
    let row = sqlx::query("SELECT id, role, suspended FROM accounts WHERE handle = ?")
        .bind(handle)
        .fetch_optional(db)
        .await?
        .ok_or_else(|| {
            Refusal::new(
                Code::AccountUnknown,
                "There is no account with this handle; check its spelling.",
            )
        })?;
    Ok(Account {
        id: row.try_get(0)?,
        role: roles::parse(row.try_get(1)?)?,
        suspended: row.try_get(2)?,
    })
}

/// An organisation without an owner who can act could never get one again.
pub(super) async fn keep_an_owner(db: &mut SqliteConnection, account: &Account) -> Answer<()> {
    if account.role != OrgRole::OrgOwner || account.suspended {
        return Ok(());
    }
    let others: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM accounts WHERE role = 'org-owner' AND suspended = 0 \
         AND id <> ?)",
    )
    .bind(account.id)
    .fetch_one(db)
    .await?;
    if others {
        return Ok(());
    }
    Err(Refusal::new(
        Code::LastOwner,
        "This is the last owner; make somebody else an owner first.",
    ))
}

/// An administrator acts on those below only.
fn check_rank(caller: &Caller, account: &Account) -> Answer<()> {
    let above = matches!(account.role, OrgRole::OrgOwner | OrgRole::OrgAdmin);
    if above && caller.role != OrgRole::OrgOwner {
        return Err(Refusal::new(
            Code::Forbidden,
            "Only an owner suspends or resumes owners and administrators.",
        ));
    }
    Ok(())
}

async fn set_suspended(
    plane: &Plane,
    caller: &Caller,
    handle: &str,
    suspended: bool,
) -> Answer<StatusCode> {
    let mut db = plane.db.write().await?;
    let account = account(&mut db, handle).await?;
    check_rank(caller, &account)?;
    if suspended {
        keep_an_owner(&mut db, &account).await?;
    }
    if account.suspended == suspended {
        return Ok(StatusCode::NO_CONTENT);
    }
    sqlx::query("UPDATE accounts SET suspended = ? WHERE id = ?")
        .bind(suspended)
        .bind(account.id)
        .execute(&mut *db)
        .await?;
    let event = if suspended {
        DirectoryEvent::Suspended
    } else {
        DirectoryEvent::Resumed
    };
    let logged = account.logged(plane, handle);
    logged.changes(&mut db, &event).await?;
    let what = if suspended { "suspended" } else { "resumed" };
    kinds::note(&mut db, &logged, what).await?;
    db.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn suspend(
    State(plane): State<Plane>,
    Extension(caller): Extension<Caller>,
    Path(handle): Path<String>,
) -> Answer<StatusCode> {
    set_suspended(&plane, &caller, &handle, true).await
}

async fn resume(
    State(plane): State<Plane>,
    Extension(caller): Extension<Caller>,
    Path(handle): Path<String>,
) -> Answer<StatusCode> {
    set_suspended(&plane, &caller, &handle, false).await
}

async fn change_role(
    State(plane): State<Plane>,
    Path(handle): Path<String>,
    Json(change): Json<RoleChange>,
) -> Answer<StatusCode> {
    let mut db = plane.db.write().await?;
    let account = account(&mut db, &handle).await?;
    if change.role == account.role {
        return Ok(StatusCode::NO_CONTENT);
    }
    if change.role != OrgRole::OrgOwner {
        keep_an_owner(&mut db, &account).await?;
    }
    sqlx::query("UPDATE accounts SET role = ? WHERE id = ?")
        .bind(roles::text(change.role))
        .bind(account.id)
        .execute(&mut *db)
        .await?;
    let event = json!({
        "handle": handle,
        "role": roles::text(change.role),
        "previous": roles::text(account.role),
    });
    let logged = account.logged(&plane, &handle);
    logged.note(&mut db, "role-changed", &event).await?;
    db.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
