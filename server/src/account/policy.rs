//! The organisation's policy: carried, never acted by.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use data_encoding::HEXLOWER;
use sealwire_crypto::OrganisationPublic;
use sealwire_protocol::account::{B64, PublishedPolicy};
use sealwire_protocol::organisation_policy::{OrganisationPolicy, OrganisationPolicyError};
use sealwire_protocol::problem::Code;
use serde_json::json;
use sqlx::SqliteConnection;

use super::access::{Action, route};
use super::{Plane, holds, organisation};
use crate::evidence::ORGANISATION;
use crate::http::Json;
use crate::refusal::{Answer, Refusal};

pub(super) fn router(plane: &Plane) -> Router<Plane> {
    let router = route(Router::new(), plane, Action::ReadPolicy, get);
    route(router, plane, Action::PublishPolicy, publish)
}

async fn present(db: &mut SqliteConnection) -> Result<Option<Vec<u8>>, sqlx::Error> {
    sqlx::query_scalar("SELECT signed FROM policies")
        .fetch_optional(db)
        .await
}

async fn key(db: &mut SqliteConnection) -> Answer<Option<OrganisationPublic>> {
    let key = organisation::read(db).await?.key;
    Ok(key.and_then(|B64(key)| OrganisationPublic::from_bytes(&key).ok()))
}

/// The policy in force.
pub(super) async fn in_force(db: &mut SqliteConnection) -> Answer<Option<OrganisationPolicy>> {
    let (Some(signed), Some(key)) = (present(db).await?, key(db).await?) else {
        return Ok(None);
    };
    OrganisationPolicy::verify(&signed, &key)
        .map(Some)
        .map_err(|_| Refusal::internal("the stored policy does not verify"))
}

async fn get(State(plane): State<Plane>) -> Answer<Json<PublishedPolicy>> {
    let mut db = plane.db.readers.acquire().await?;
    let signed = present(&mut db).await?.ok_or_else(|| {
        Refusal::new(
            Code::NoPolicy,
            "The organisation has published no policy; an owner may publish one.",
        )
    })?;
    Ok(Json(PublishedPolicy {
        policy: B64(signed),
        statements: Vec::new(),
    }))
}

async fn publish(
    State(plane): State<Plane>,
    Json(new): Json<PublishedPolicy>,
) -> Answer<StatusCode> {
    let B64(signed) = new.policy;
    let mut db = plane.db.write().await?;
    let key = key(&mut db).await?.ok_or_else(|| {
        Refusal::new(
            Code::BadSignature,
            "The organisation has no key yet; set it first, then sign the policy with it.",
        )
    })?;
    let policy = OrganisationPolicy::verify(&signed, &key).map_err(refusal)?;
    if policy.organisation != plane.organisation {
        return Err(Refusal::malformed(
            "The policy is not that of this relay's organisation.",
        ));
    }
    if present(&mut db).await?.as_ref() == Some(&signed) {
        // A lost answer may be repeated.
        return Ok(StatusCode::NO_CONTENT);
    }
    let known = in_force(&mut db).await?;
    if !policy.follows(known.as_ref()) {
        return Err(Refusal::new(
            Code::PolicyConflict,
            "This policy does not follow the present one; fetch that and sign its successor.",
        ));
    }
    let attested = holds::attested(&policy, known.as_ref(), &new.statements)?;
    sqlx::query(
        "INSERT INTO policies (id, signed) VALUES (1, ?) \
         ON CONFLICT (id) DO UPDATE SET signed = excluded.signed",
    )
    .bind(signed)
    .execute(&mut *db)
    .await?;
    let event = json!({ "serial": policy.serial, "sha256": HEXLOWER.encode(&policy.hash()) });
    plane
        .evidence
        .note(&mut db, "policy-published", ORGANISATION, &event)
        .await?;
    for attested in &attested {
        plane.evidence.keep(&mut db, attested).await?;
    }
    db.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

fn refusal(error: OrganisationPolicyError) -> Refusal {
    let code = match error {
        OrganisationPolicyError::BadSignature => Code::BadSignature,
        _ => Code::Malformed,
    };
    Refusal::new(code, format!("The policy was refused: {error}."))
}
