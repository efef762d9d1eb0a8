//! Reading requests strictly, and refusing in problem details.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use prost::Message;
use sealwire_protocol::frame;
use sealwire_protocol::problem::Code;
use serde::de::DeserializeOwned;

use crate::refusal::{Answer, Refusal};

/// A JSON body.
pub(crate) struct Json<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Answer<Self> {
        let body = body(request, state).await?;
        serde_json::from_slice(&body).map(Self).map_err(|error| {
            // The text of serde_json errors quotes values, so only the place is told.
            Refusal::malformed(format!(
                "The body is not the JSON this route takes (line {}, column {}); see docs/protocol.md.",
                error.line(),
                error.column()
            ))
        })
    }
}

impl<T: serde::Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

/// A protobuf body in canonical form.
pub(crate) struct Proto<T>(pub(crate) T);

impl<T: Message + Default, S: Send + Sync> FromRequest<S> for Proto<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Answer<Self> {
        let body = body(request, state).await?;
        frame::decode(&body)
            .map(Self)
            .map_err(|error| Refusal::malformed(format!("The body was refused: {error}.")))
    }
}

impl<T: Message> IntoResponse for Proto<T> {
    fn into_response(self) -> Response {
        (
            [(CONTENT_TYPE, "application/protobuf")],
            frame::encode(&self.0),
        )
            .into_response()
    }
}

async fn body<S: Send + Sync>(request: Request, state: &S) -> Answer<Bytes> {
    Bytes::from_request(request, state)
        .await
        .map_err(|rejection| {
            if rejection.into_response().status() == StatusCode::PAYLOAD_TOO_LARGE {
                Refusal::new(
                    Code::TooLarge,
                    "The body is over the limit of this route; send less at once.",
                )
            } else {
                Refusal::malformed("The body could not be read to its end; send it again.")
            }
        })
}

/// The query string.
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Answer<Self> {
        axum::extract::Query::try_from_uri(&parts.uri)
            .map(|axum::extract::Query(query)| Self(query))
            .map_err(|_| Refusal::malformed("The query string is not what this route takes."))
    }
}

/// A path with one variable part.
pub(crate) struct Path<T>(pub(crate) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Answer<Self> {
        axum::extract::Path::from_request_parts(parts, state)
            .await
            .map(|axum::extract::Path(path)| Self(path))
            .map_err(|_| Refusal::malformed("The path is not what this route takes."))
    }
}

/// Problem details for paths and methods that do not exist.
pub(crate) fn with_fallbacks(router: Router) -> Router {
    let refuse = || async {
        Refusal::new(
            Code::NotFound,
            "There is no such route; check that client and relay are of the same version.",
        )
    };
    router.fallback(refuse).method_not_allowed_fallback(refuse)
}
