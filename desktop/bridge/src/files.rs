//! Files of messages, and files that are to be sent.

use std::sync::Arc;

use axum::{
    body::{Body, Bytes},
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use sealwire_desktop_host::{Form, Problem};
use serde::Deserialize;

use crate::{gate::Shows, serve::App};

fn refuse(problem: &Problem) -> Response {
    let text = serde_json::to_string(problem).unwrap_or_default();
    let kind = [(header::CONTENT_TYPE, "application/json")];
    (StatusCode::UNPROCESSABLE_ENTITY, kind, text).into_response()
}

/// A file of a message, decrypted.
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    Path((id, form)): Path<(i64, Form)>,
    Query(shows): Query<Shows>,
    headers: HeaderMap,
) -> Result<Response, StatusCode> {
    app.gate.check(&headers, &shows)?;
    let content = match app.host.attachment(id, form).await {
        Ok(content) => content,
        Err(problem) => return Ok(refuse(&problem)),
    };
    let headers = [
        (header::CONTENT_TYPE, content.media_type),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; sandbox",
        ),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, Body::from(content.bytes.to_vec())).into_response())
}

/// Name of a file that is to be sent.
#[derive(Deserialize)]
pub(crate) struct Named {
    name: String,
}

/// Takes a file that is to be sent.
pub(crate) async fn stage(
    State(app): State<Arc<App>>,
    Query(shows): Query<Shows>,
    Query(named): Query<Named>,
    headers: HeaderMap,
    bytes: Bytes,
) -> Result<Response, StatusCode> {
    app.gate.check(&headers, &shows)?;
    match app.host.stage_bytes(&named.name, bytes.to_vec()).await {
        Ok(file) => {
            let text = serde_json::to_string(&file).unwrap_or_default();
            Ok(([(header::CONTENT_TYPE, "application/json")], text).into_response())
        }
        Err(problem) => Ok(refuse(&problem)),
    }
}
