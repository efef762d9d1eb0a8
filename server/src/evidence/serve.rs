//! Serving the logs as files (C2SP `tlog-tiles`), to anybody: they hold no personal data.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use sealwire_audit::dsse::to_pem;
use sealwire_audit::tile::Resource;
use sealwire_protocol::problem::Code;

use super::{Evidence, LogName, rows};
use crate::refusal::{Answer, Refusal};

const TEXT: &str = "text/plain; charset=utf-8";
/// A year: what a tile holds never changes.
const FOR_GOOD: &str = "public, max-age=31536000, immutable";

/// Routes under `/log/v1`.
pub(crate) fn router(evidence: Arc<Evidence>) -> Router {
    Router::new()
        .route("/log/v1/keys", get(keys))
        .route("/log/v1/relay.pem", get(signer))
        .route("/log/v1/{log}/checkpoint", get(checkpoint))
        .route("/log/v1/{log}/tile/{*path}", get(tile))
        .with_state(evidence)
}

fn nothing() -> Refusal {
    Refusal::new(
        Code::NotFound,
        "There is no such part of a log; begin with its checkpoint.",
    )
}

fn answer(kind: &'static str, cache: &'static str, body: impl IntoResponse) -> Response {
    ([(CONTENT_TYPE, kind), (CACHE_CONTROL, cache)], body).into_response()
}

/// The keys of both logs, a `vkey` a line.
async fn keys(State(evidence): State<Arc<Evidence>>) -> Response {
    let lines = evidence.log_keys().into_iter().map(|key| key + "\n");
    answer(TEXT, "no-cache", lines.collect::<String>())
}

/// The key that signs the relay's statements, as PEM.
async fn signer(State(evidence): State<Arc<Evidence>>) -> Response {
    let key = to_pem(&evidence.keys.attestations().public());
    answer("application/x-pem-file", "no-cache", key)
}

async fn checkpoint(
    State(evidence): State<Arc<Evidence>>,
    Path(log): Path<String>,
) -> Answer<Response> {
    let log = LogName::parse(&log).ok_or_else(nothing)?;
    let mut db = evidence.db.readers.acquire().await?;
    let head = rows::head(&mut db, log).await?.ok_or_else(nothing)?;
    Ok(answer(TEXT, "no-cache", head.to_string()))
}

async fn tile(
    State(evidence): State<Arc<Evidence>>,
    Path((log, path)): Path<(String, String)>,
) -> Answer<Response> {
    let log = LogName::parse(&log).ok_or_else(nothing)?;
    let resource = Resource::parse(&format!("tile/{path}")).map_err(|_| nothing())?;
    let mut db = evidence.db.readers.acquire().await?;
    let bytes = rows::resource(&mut db, log, resource).await?;
    let bytes = bytes.ok_or_else(nothing)?;
    Ok(answer("application/octet-stream", FOR_GOOD, bytes))
}
