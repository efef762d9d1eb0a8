//! Devices of an account: added, renewed, revoked.

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Router};
use sealwire_audit::directory::DirectoryEvent;
use sealwire_crypto::{AccountPublic, SignContext, Signature};
use sealwire_protocol::account::{NewDevice, Revocation};
use sealwire_protocol::certificate::{DeviceCertificate, UnverifiedCertificate};
use sealwire_protocol::handle::Handle;
use sealwire_protocol::ids::DeviceId;
use sealwire_protocol::limits::MAX_DEVICES;
use sealwire_protocol::problem::Code;
use sealwire_protocol::proof::revocation_message;
use sqlx::{Row, SqliteConnection};

use super::access::{Action, route};
use super::bounds::{self, Bounded};
use super::logged::Logged;
use super::session::{Caller, device_id, still_there};
use super::{Plane, kinds};
use crate::clock;
use crate::http::{Json, Path};
use crate::refusal::{Answer, Refusal};

/// How far ahead a client's clock may be.
const CLOCK_S: u64 = 24 * 60 * 60;
/// Revoked devices count too, so that an account cannot grow for ever.
const MOST_EVER: i64 = 256;

pub(super) fn router(plane: &Plane) -> Router<Plane> {
    let router = route(Router::new(), plane, Action::AddDevice, add);
    route(router, plane, Action::RevokeDevice, revoke)
}

fn bad(detail: impl Into<String>) -> Refusal {
    Refusal::new(Code::BadCertificate, detail)
}

/// Reads a certificate and checks that it is of this account, signed, and of this time.
pub(super) fn certificate(
    bytes: &[u8],
    handle: &Handle,
    account_key: &AccountPublic,
) -> Answer<DeviceCertificate> {
    let certificate = UnverifiedCertificate::parse(bytes)
        .and_then(UnverifiedCertificate::verify)
        .map_err(|error| bad(format!("The device certificate was refused: {error}.")))?;
    if certificate.handle() != handle || certificate.account() != account_key {
        return Err(bad("The device certificate is of another account."));
    }
    let (now, body) = (clock::now_s(), certificate.body());
    if body.not_after_s < now || body.not_before_s > now + CLOCK_S {
        return Err(bad(
            "The device certificate is not valid now; check this device's clock.",
        ));
    }
    Ok(certificate)
}

/// Adds a device to an account.
pub(super) async fn insert(
    db: &mut SqliteConnection,
    logged: &Logged<'_>,
    certificate: &DeviceCertificate,
) -> Answer<()> {
    let taken: bool = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM devices WHERE device = ?)")
        .bind(certificate.device().as_bytes().as_slice())
        .fetch_one(&mut *db)
        .await?;
    if taken {
        return Err(bad("This device id is in use; make a new device."));
    }
    sqlx::query(
        "INSERT INTO devices (device, account_id, certificate, revoked_at, revocation) \
         VALUES (?, ?, ?, 0, x'')",
    )
    .bind(certificate.device().as_bytes().as_slice())
    .bind(logged.account)
    .bind(certificate.as_bytes())
    .execute(&mut *db)
    .await?;
    logged.device(db, certificate).await
}

async fn account_of(db: &mut SqliteConnection, caller: &Caller) -> Answer<(Handle, AccountPublic)> {
    let key: Vec<u8> = sqlx::query_scalar("SELECT account_key FROM accounts WHERE id = ?")
        .bind(caller.account)
        .fetch_one(db)
        .await?;
    let stored = || Refusal::internal("a stored account is damaged");
    Ok((
        Handle::parse(&caller.handle).map_err(|_| stored())?,
        AccountPublic::from_bytes(&key).map_err(|_| stored())?,
    ))
}

async fn add(
    State(plane): State<Plane>,
    Extension(caller): Extension<Caller>,
    Json(new): Json<NewDevice>,
) -> Answer<StatusCode> {
    let mut db = plane.db.write().await?;
    still_there(&mut db, &caller).await?;
    let (handle, key) = account_of(&mut db, &caller).await?;
    let certificate = certificate(&new.certificate.0, &handle, &key)?;
    kinds::check(
        &certificate,
        kinds::of(&mut db, caller.account).await?,
        "this account",
    )?;
    let logged = Logged::of(&plane.evidence, &caller);
    let known =
        sqlx::query("SELECT account_id, revoked_at, certificate FROM devices WHERE device = ?")
            .bind(certificate.device().as_bytes().as_slice())
            .fetch_optional(&mut *db)
            .await?;
    match known {
        Some(row) => {
            let (account, revoked_at): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
            if account != caller.account {
                return Err(bad("This device id is in use; make a new device."));
            }
            if revoked_at != 0 {
                return Err(bad("This device was revoked; make a new device."));
            }
            if row.try_get::<&[u8], _>(2)? == certificate.as_bytes() {
                // Nothing changes, so nothing is logged.
                return Ok(StatusCode::CREATED);
            }
            bounds::count(&mut db, caller.account, Bounded::Certificate).await?;
            sqlx::query("UPDATE devices SET certificate = ? WHERE device = ?")
                .bind(certificate.as_bytes())
                .bind(certificate.device().as_bytes().as_slice())
                .execute(&mut *db)
                .await?;
            logged.device(&mut db, &certificate).await?;
        }
        None => {
            check_room(&mut db, caller.account).await?;
            bounds::count(&mut db, caller.account, Bounded::Certificate).await?;
            insert(&mut db, &logged, &certificate).await?;
        }
    }
    db.commit().await?;
    Ok(StatusCode::CREATED)
}

async fn check_room(db: &mut SqliteConnection, account: i64) -> Answer<()> {
    let (valid, ever): (i64, i64) = sqlx::query_as(
        "SELECT coalesce(sum(revoked_at = 0), 0), count(*) FROM devices WHERE account_id = ?",
    )
    .bind(account)
    .fetch_one(db)
    .await?;
    if valid >= MAX_DEVICES as i64 || ever >= MOST_EVER {
        return Err(Refusal::new(
            Code::TooLarge,
            format!("An account has at most {MAX_DEVICES} devices; revoke one first."),
        ));
    }
    Ok(())
}

async fn revoke(
    State(plane): State<Plane>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    Json(revocation): Json<Revocation>,
) -> Answer<StatusCode> {
    let device = device_id(&revocation.device.0)?;
    if DeviceId::from_hex(&id) != Ok(device) {
        return Err(Refusal::malformed("Path and body name different devices."));
    }
    let Ok(at) = i64::try_from(revocation.at_s) else {
        return Err(Refusal::malformed("The time of the revocation is not one."));
    };
    if at == 0 || revocation.at_s > clock::now_s() + CLOCK_S {
        return Err(Refusal::malformed(
            "The time of the revocation is not now; check this device's clock.",
        ));
    }
    let mut db = plane.db.write().await?;
    let (_, key) = account_of(&mut db, &caller).await?;
    let message = revocation_message(&device, revocation.at_s);
    Signature::from_bytes(&revocation.signature.0)
        .and_then(|signature| key.verify(SignContext::Revocation, &message, &signature))
        .map_err(|_| {
            Refusal::new(
                Code::BadSignature,
                "The revocation is not signed by the account key.",
            )
        })?;
    let known: Option<i64> =
        sqlx::query_scalar("SELECT revoked_at FROM devices WHERE device = ? AND account_id = ?")
            .bind(device.as_bytes().as_slice())
            .bind(caller.account)
            .fetch_optional(&mut *db)
            .await?;
    match known {
        None => {
            return Err(Refusal::new(
                Code::DeviceUnknown,
                "This account has no such device.",
            ));
        }
        // The first revocation stands; a lost answer may be repeated.
        Some(1..) => return Ok(StatusCode::NO_CONTENT),
        Some(_) => {}
    }
    sqlx::query("UPDATE devices SET revoked_at = ?, revocation = ? WHERE device = ?")
        .bind(at)
        .bind(&revocation.signature.0)
        .bind(device.as_bytes().as_slice())
        .execute(&mut *db)
        .await?;
    forget(&mut db, device).await?;
    let event = DirectoryEvent::Revocation {
        device: *device.as_bytes(),
        at: revocation.at_s,
    };
    let logged = Logged::of(&plane.evidence, &caller);
    logged.changes(&mut db, &event).await?;
    db.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Nobody can use what is kept for a revoked device.
async fn forget(db: &mut SqliteConnection, device: DeviceId) -> Answer<()> {
    for table in ["key_packages", "key_package_state", "inbox"] {
        sqlx::query(&format!("DELETE FROM {table} WHERE device = ?"))
            .bind(device.as_bytes().as_slice())
            .execute(&mut *db)
            .await?;
    }
    Ok(())
}
