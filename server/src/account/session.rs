//! Signing in, and who is calling.

use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::{Extension, Router};
use sealwire_crypto::{SignContext, Signature};
use sealwire_protocol::account::{
    Challenge, ChallengeRequest, Me, OrgRole, Session, SessionRequest,
};
use sealwire_protocol::certificate::UnverifiedCertificate;
use sealwire_protocol::ids::DeviceId;
use sealwire_protocol::problem::Code;
use sealwire_protocol::proof::challenge_message;
use sqlx::{Row, SqliteConnection};

use super::access::{Action, route};
use super::{Plane, receipts, roles, token};
use crate::clock;
use crate::http::Json;
use crate::refusal::{Answer, Refusal};

/// Who is signed in.
#[derive(Clone)]
pub(super) struct Caller {
    pub(super) account: i64,
    pub(super) handle: String,
    pub(super) role: OrgRole,
    pub(super) device: DeviceId,
}

pub(super) fn router(plane: &Plane) -> Router<Plane> {
    let router = route(Router::new(), plane, Action::Challenge, challenge);
    let router = route(router, plane, Action::SignIn, sign_in);
    route(router, plane, Action::Me, me)
}

/// Parses a device id out of JSON.
pub(super) fn device_id(bytes: &[u8]) -> Answer<DeviceId> {
    DeviceId::from_slice(bytes).map_err(|error| Refusal::malformed(format!("{error}.")))
}

async fn challenge(
    State(plane): State<Plane>,
    Json(request): Json<ChallengeRequest>,
) -> Answer<Json<Challenge>> {
    let device = device_id(&request.device.0)?;
    // Made for unknown devices too: nothing is kept, and nothing told.
    let challenge = plane.challenges.make(device, clock::now_ms());
    Ok(Json(Challenge {
        challenge: challenge.into(),
    }))
}

async fn sign_in(
    State(plane): State<Plane>,
    Json(request): Json<SessionRequest>,
) -> Answer<Json<Session>> {
    let device = device_id(&request.device.0)?;
    let refused = || {
        Refusal::new(
            Code::BadSignature,
            "The challenge ran out or was used, or the signature is not this device's; ask for a \
             new challenge.",
        )
    };
    let challenge: [u8; 32] = request.challenge.0.try_into().map_err(|_| refused())?;
    let now_ms = clock::now_ms();
    if !plane.challenges.check(&challenge, device, now_ms) {
        return Err(refused());
    }
    let row = sqlx::query(
        "SELECT d.certificate, d.revoked_at, a.suspended FROM devices d \
         JOIN accounts a ON a.id = d.account_id WHERE d.device = ?",
    )
    .bind(device.as_bytes().as_slice())
    .fetch_optional(&plane.db.readers)
    .await?;
    let Some(row) = row else {
        return Err(receipts::unknown(&plane, &device).await?);
    };
    let certificate: &[u8] = row.try_get(0)?;
    let certificate = UnverifiedCertificate::parse(certificate)
        .and_then(UnverifiedCertificate::verify)
        .map_err(|_| Refusal::internal("a stored certificate does not verify"))?;
    let message = challenge_message(&challenge, &device, &plane.organisation);
    let signature = Signature::from_bytes(&request.signature.0).map_err(|_| refused())?;
    certificate
        .signature_key()
        .verify(SignContext::Challenge, &message, &signature)
        .map_err(|_| refused())?;
    if !plane.challenges.take(&challenge, now_ms) {
        return Err(refused());
    }
    standing(row.try_get(1)?, row.try_get(2)?)?;
    let now = now_ms / 1000;
    Ok(Json(Session {
        token: plane.tokens.make(device, now)?,
        expires_in_s: token::LIFE_S,
        relay_time_s: now,
    }))
}

fn standing(revoked_at: i64, suspended: bool) -> Answer<()> {
    if revoked_at != 0 {
        return Err(Refusal::new(
            Code::DeviceUnknown,
            "This device was revoked; add it to the account as a new device.",
        ));
    }
    if suspended {
        return Err(Refusal::new(
            Code::Suspended,
            "This account is suspended; ask an administrator of the organisation.",
        ));
    }
    Ok(())
}

/// Who sent a request. Looked up each time, so that suspension, revocation and a change of role
/// act at once.
pub(super) async fn authenticate(plane: &Plane, headers: &HeaderMap) -> Answer<Caller> {
    let token = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "))
        .ok_or_else(|| {
            Refusal::new(
                Code::Unauthenticated,
                "This route needs a session; sign in first.",
            )
        })?;
    let device = plane.tokens.read(token)?;
    let row = sqlx::query(
        "SELECT d.revoked_at, a.suspended, a.id, a.handle, a.role FROM devices d \
         JOIN accounts a ON a.id = d.account_id WHERE d.device = ?",
    )
    .bind(device.as_bytes().as_slice())
    .fetch_optional(&plane.db.readers)
    .await?
    .ok_or_else(|| {
        Refusal::new(
            Code::Unauthenticated,
            "This relay does not know the device of the session; sign in again.",
        )
    })?;
    standing(row.try_get(0)?, row.try_get(1)?)?;
    Ok(Caller {
        account: row.try_get(2)?,
        handle: row.try_get(3)?,
        role: roles::parse(row.try_get(4)?)?,
        device,
    })
}

/// Whether the caller's device is still what it was when the request came, as the transaction that
/// writes for it sees it: an erasure may have been faster, and what is written after it stays.
pub(super) async fn still_there(tx: &mut SqliteConnection, caller: &Caller) -> Answer<()> {
    let there: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM devices WHERE device = ? AND account_id = ? \
         AND revoked_at = 0)",
    )
    .bind(caller.device.as_bytes().as_slice())
    .bind(caller.account)
    .fetch_one(tx)
    .await?;
    if there {
        return Ok(());
    }
    Err(Refusal::new(
        Code::Unauthenticated,
        "The device of the session was taken away meanwhile; sign in again.",
    ))
}

async fn me(Extension(caller): Extension<Caller>) -> Json<Me> {
    Json(Me {
        handle: caller.handle,
        role: caller.role,
        device: caller.device.into(),
    })
}
