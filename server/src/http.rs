//! Reading requests strictly, and refusing in problem details.

use std::time::Duration;

use axum::Router;
use axum::body::BodyDataStream;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use prost::Message;
use sealwire_protocol::frame;
use sealwire_protocol::problem::Code;
use serde::de::DeserializeOwned;

use crate::refusal::{Answer, Refusal};

/// A JSON body.
pub(crate) struct Json<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &S) -> Answer<Self> {
        let body = body(request).await?;
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

    async fn from_request(request: Request, _: &S) -> Answer<Self> {
        let body = body(request).await?;
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

/// Largest body of a route, set by a layer.
#[derive(Clone, Copy)]
pub(crate) struct BodyLimit(pub(crate) usize);

/// What is read and thrown away of a request that is refused: over HTTP/1.1 a client that is
/// still sending would otherwise see a broken connection and not the refusal.
const DISCARDED: usize = 16 * 1024 * 1024;
const DISCARD_TIME: Duration = Duration::from_secs(20);

async fn body(request: Request) -> Answer<Bytes> {
    let most = request
        .extensions()
        .get()
        .map_or(0, |&BodyLimit(most)| most);
    let (mut stream, mut whole) = (request.into_body().into_data_stream(), BytesMut::new());
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|_| {
            Refusal::malformed("The body could not be read to its end; send it again.")
        })?;
        if whole.len() + chunk.len() > most {
            discard(stream).await;
            return Err(Refusal::new(
                Code::TooLarge,
                "The body is over the limit of this route; send less at once.",
            ));
        }
        whole.extend_from_slice(&chunk);
    }
    Ok(whole.freeze())
}

/// Reads the rest of a body that nobody wants, within bounds.
pub(crate) async fn discard(mut stream: BodyDataStream) {
    let work = async {
        let mut left = DISCARDED;
        while let Some(Ok(chunk)) = stream.next().await {
            match left.checked_sub(chunk.len()) {
                Some(less) => left = less,
                None => return,
            }
        }
    };
    // Whoever is slower than this will have to do without.
    drop(tokio::time::timeout(DISCARD_TIME, work).await);
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
