//! The organisation and its key.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use sealwire_crypto::OrganisationPublic;
use sealwire_protocol::account::{B64, Organisation};
use sealwire_protocol::problem::Code;
use serde_json::json;
use sqlx::SqliteConnection;

use super::Plane;
use super::access::{Action, route};
use crate::evidence::ORGANISATION;
use crate::http::Json;
use crate::refusal::{Answer, Refusal};

pub(super) fn router(plane: &Plane) -> Router<Plane> {
    let router = route(Router::new(), plane, Action::ReadOrganisation, get);
    route(router, plane, Action::SetOrganisation, set)
}

/// What is known of the organisation.
pub(super) async fn read(db: &mut SqliteConnection) -> Answer<Organisation> {
    let (name, key): (String, Vec<u8>) = sqlx::query_as("SELECT name, key FROM organisation")
        .fetch_one(db)
        .await?;
    Ok(Organisation {
        name,
        key: (!key.is_empty()).then_some(B64(key)),
    })
}

async fn get(State(plane): State<Plane>) -> Answer<Json<Organisation>> {
    let mut db = plane.db.readers.acquire().await?;
    read(&mut db).await.map(Json)
}

async fn set(State(plane): State<Plane>, Json(wanted): Json<Organisation>) -> Answer<StatusCode> {
    if wanted.name != plane.organisation {
        return Err(Refusal::malformed(
            "The name is not that of this relay's organisation.",
        ));
    }
    let key = wanted
        .key
        .and_then(|key| OrganisationPublic::from_bytes(&key.0).ok())
        .ok_or_else(|| Refusal::malformed("The organisation key is not a usable Ed25519 key."))?;
    let mut db = plane.db.write().await?;
    match read(&mut db).await?.key {
        // A lost answer may be repeated.
        Some(B64(known)) if known == key.as_bytes() => return Ok(StatusCode::NO_CONTENT),
        Some(_) => {
            return Err(Refusal::new(
                Code::OrganisationKeySet,
                "The organisation key is set already and cannot be changed here.",
            ));
        }
        None => {}
    }
    sqlx::query("UPDATE organisation SET key = ?")
        .bind(key.as_bytes().as_slice())
        .execute(&mut *db)
        .await?;
    let event = json!({ "key": key.to_string() });
    plane
        .evidence
        .note(&mut db, "organisation-key-set", ORGANISATION, &event)
        .await?;
    db.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
