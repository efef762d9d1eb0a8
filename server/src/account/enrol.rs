//! Enrolment: a new account with its first device, by invitation.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use sealwire_crypto::{AccountPublic, SignContext, Signature, sha256};
use sealwire_protocol::account::{Enrol, Enrolled, OrgRole};
use sealwire_protocol::certificate::DeviceCertificate;
use sealwire_protocol::handle::Handle;
use sealwire_protocol::link::InvitationCode;
use sealwire_protocol::problem::Code;
use sealwire_protocol::proof::enrolment_message;
use sqlx::{Row, SqliteConnection};

use super::access::{Action, route};
use super::logged::Logged;
use super::{AccountPlane, Plane, devices, kinds, organisation, roles};
use crate::clock;
use crate::http::Json;
use crate::refusal::{Answer, Refusal};

pub(super) fn router(plane: &Plane) -> Router<Plane> {
    route(Router::new(), plane, Action::Enrol, enrol)
}

/// An enrolment whose form, certificate and proof have been checked.
struct Checked {
    code_hash: [u8; 32],
    handle: Handle,
    account_key: AccountPublic,
    certificate: DeviceCertificate,
    mac: Vec<u8>,
}

async fn enrol(
    State(plane): State<Plane>,
    Json(request): Json<Enrol>,
) -> Answer<(StatusCode, Json<Enrolled>)> {
    let checked = check(&plane, request)?;
    let mut transaction = plane.db.write().await?;
    let (status, role) = store(&plane, &mut transaction, &checked).await?;
    let organisation = organisation::read(&mut transaction).await?;
    transaction.commit().await?;
    let enrolled = Enrolled {
        handle: checked.handle.as_str().into(),
        role,
        organisation,
    };
    Ok((status, Json(enrolled)))
}

fn check(plane: &AccountPlane, request: Enrol) -> Answer<Checked> {
    let handle = Handle::parse(&request.handle)
        .map_err(|error| Refusal::new(Code::HandleInvalid, format!("{error}.")))?;
    if handle.organisation() != plane.organisation {
        return Err(Refusal::new(
            Code::HandleInvalid,
            format!("Handles of this relay end in @{}.", plane.organisation),
        ));
    }
    let bad = |detail: &str| Refusal::new(Code::BadCertificate, detail);
    let account_key = AccountPublic::from_bytes(&request.account_key.0)
        .map_err(|_| bad("The account key is not a usable Ed25519 key."))?;
    let certificate = devices::certificate(&request.certificate.0, &handle, &account_key)?;
    let code = InvitationCode::from_slice(&request.code.0)
        .map_err(|_| Refusal::malformed("An invitation code is 16 bytes; check the link."))?;
    let message = enrolment_message(&code, certificate.as_bytes(), &handle);
    let bad_proof = |_| bad("The proof is not signed by the account key.");
    let proof = Signature::from_bytes(&request.proof.0).map_err(bad_proof)?;
    account_key
        .verify(SignContext::Enrolment, &message, &proof)
        .map_err(bad_proof)?;
    if !matches!(request.mac.0.len(), 0 | 32) {
        return Err(Refusal::malformed(
            "The MAC of an enrolment is 32 bytes, or absent.",
        ));
    }
    Ok(Checked {
        code_hash: code.hash(),
        handle,
        account_key,
        certificate,
        mac: request.mac.0,
    })
}

async fn store(
    plane: &AccountPlane,
    db: &mut SqliteConnection,
    new: &Checked,
) -> Answer<(StatusCode, OrgRole)> {
    let row = sqlx::query(
        "SELECT id, role, expires_at, used_by, enrolled, kind FROM invitations WHERE code_hash = ?",
    )
    .bind(new.code_hash.as_slice())
    .fetch_optional(&mut *db)
    .await?
    .ok_or_else(|| {
        Refusal::new(
            Code::InvitationUnknown,
            "This relay does not know the invitation; ask for a new one.",
        )
    })?;
    let role = roles::parse(row.try_get(1)?)?;
    let (expires_at, used_by): (i64, String) = (row.try_get(2)?, row.try_get(3)?);
    let certificate_hash = sha256(&[new.certificate.as_bytes()]);
    if !used_by.is_empty() {
        // A lost answer must not lock a person out: the same enrolment may be repeated. The
        // certificate holds handle and account key.
        let enrolled: &[u8] = row.try_get(4)?;
        if used_by == new.handle.as_str() && enrolled == certificate_hash {
            return Ok((StatusCode::OK, current_role(db, &used_by).await?));
        }
        return Err(Refusal::new(
            Code::InvitationUsed,
            "This invitation was used already; ask for a new one.",
        ));
    }
    let now = clock::now_s();
    if u64::try_from(expires_at).unwrap_or(0) <= now {
        return Err(Refusal::new(
            Code::InvitationExpired,
            "This invitation ran out; ask for a new one.",
        ));
    }
    kinds::check(
        &new.certificate,
        kinds::parse(row.try_get(5)?)?,
        "this invitation",
    )?;
    let account = add_account(plane, db, new, role).await?;
    let logged = Logged {
        evidence: &plane.evidence,
        account,
        handle: new.handle.as_str(),
    };
    let kind = new.certificate.kind();
    logged.begins(db, *new.account_key.as_bytes(), kind).await?;
    devices::insert(db, &logged, &new.certificate).await?;
    kinds::note(db, &logged, "admitted").await?;
    sqlx::query("UPDATE invitations SET used_by = ?, mac = ?, enrolled = ? WHERE id = ?")
        .bind(new.handle.as_str())
        .bind(new.mac.as_slice())
        .bind(certificate_hash.as_slice())
        .bind(row.try_get::<i64, _>(0)?)
        .execute(&mut *db)
        .await?;
    Ok((StatusCode::CREATED, role))
}

async fn current_role(db: &mut SqliteConnection, handle: &str) -> Answer<OrgRole> {
    let role: String = sqlx::query_scalar("SELECT role FROM accounts WHERE handle = ?")
        .bind(handle)
        .fetch_one(db)
        .await?;
    Ok(roles::parse(&role)?)
}

async fn add_account(
    plane: &AccountPlane,
    db: &mut SqliteConnection,
    new: &Checked,
    role: OrgRole,
) -> Answer<i64> {
    let (taken, accounts): (bool, i64) = sqlx::query_as(
        "SELECT EXISTS (SELECT 1 FROM accounts WHERE handle = ?), (SELECT count(*) FROM accounts)",
    )
    .bind(new.handle.as_str())
    .fetch_one(&mut *db)
    .await?;
    if taken {
        return Err(Refusal::new(
            Code::HandleTaken,
            "Somebody else has this handle; choose another.",
        ));
    }
    if accounts >= i64::from(plane.limits.accounts) {
        return Err(Refusal::new(
            Code::TooLarge,
            "The organisation has as many accounts as this relay allows; ask its operator.",
        ));
    }
    let id = sqlx::query(
        "INSERT INTO accounts (handle, account_key, role, suspended, enrolled_at, kind) \
         VALUES (?, ?, ?, 0, ?, ?)",
    )
    .bind(new.handle.as_str())
    .bind(new.account_key.as_bytes().as_slice())
    .bind(roles::text(role))
    .bind(i64::try_from(clock::now_s()).unwrap_or(i64::MAX))
    .bind(new.certificate.kind().as_str())
    .execute(db)
    .await?
    .last_insert_rowid();
    Ok(id)
}
