//! Whether the relay lives, and whether it can serve.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use sealwire_protocol::problem::Code;

use crate::refusal::{Answer, Refusal};
use crate::relay::Relay;

/// `/healthz` and `/readyz`.
pub(crate) fn router(relay: Arc<Relay>) -> Router {
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .with_state(relay)
}

async fn ready(State(relay): State<Arc<Relay>>) -> Answer<&'static str> {
    if relay.draining() {
        return Err(Refusal::new(
            Code::Unavailable,
            "The relay is shutting down; connect again in a moment.",
        ));
    }
    relay.check().await?;
    if relay.directory_key_is_old() {
        return Ok(
            "ready\nwarning: the directory key is older than a year; change it with `sealwire-relay log rotate-key`\n",
        );
    }
    Ok("ready\n")
}
