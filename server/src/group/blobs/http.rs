//! Blobs over HTTP: tus 1.0.0 for what comes in, ranges (RFC 9110 §14) for what goes out.

use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use axum::Router;
use axum::extract::{Extension, Request, State};
use axum::http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, LOCATION, RANGE,
    TRANSFER_ENCODING,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{options, patch};
use sealwire_protocol::blob::{
    BlobMetadata, DELETE_TOKEN_HEADER, OFFSET_TYPE, READ_TOKEN_HEADER, TUS_EXTENSIONS, TUS_VERSION,
    parse_token,
};
use sealwire_protocol::ids::BlobId;
use sealwire_protocol::problem::Code;
use zeroize::Zeroizing;

use super::upload::{self, refused};
use super::{Blobs, Guest, Progress, unknown};
use crate::gate::Permit;
use crate::http::{Path, discard};
use crate::refusal::{Answer, Refusal};

const TUS_RESUMABLE: HeaderName = HeaderName::from_static("tus-resumable");
const TUS_VERSIONS: HeaderName = HeaderName::from_static("tus-version");
const TUS_EXTENSION: HeaderName = HeaderName::from_static("tus-extension");
const TUS_MAX_SIZE: HeaderName = HeaderName::from_static("tus-max-size");
const UPLOAD_OFFSET: HeaderName = HeaderName::from_static("upload-offset");
const UPLOAD_LENGTH: HeaderName = HeaderName::from_static("upload-length");
const UPLOAD_EXPIRES: HeaderName = HeaderName::from_static("upload-expires");
const UPLOAD_METADATA: &str = "upload-metadata";
/// Extensions of tus that this relay does not speak.
const FOREIGN: [&str; 3] = [
    "upload-defer-length",
    "upload-concat",
    "x-http-method-override",
];

/// Routes of blobs.
pub(in crate::group) fn router<S: Clone + Send + Sync + 'static>(blobs: Arc<Blobs>) -> Router<S> {
    let uploads = Router::new()
        .route("/group/v1/blobs", options(say).post(create))
        .route(
            "/group/v1/blobs/{id}",
            patch(append).head(progress).delete(remove).get(read),
        );
    uploads
        .layer(middleware::from_fn(speak_tus))
        .with_state(blobs)
}

type Shared = State<Arc<Blobs>>;
type Peer = Extension<Arc<Permit>>;

/// Checks the version of tus before anything else, and says ours in every answer.
async fn speak_tus(request: Request, next: Next) -> Response {
    use axum::http::Method;
    let free = matches!(*request.method(), Method::GET | Method::OPTIONS);
    let version = request.headers().get(TUS_RESUMABLE);
    let mut response = if free || version.is_some_and(|version| version == TUS_VERSION) {
        next.run(request).await
    } else {
        discard(request.into_body().into_data_stream()).await;
        let refusal = Refusal::new(
            Code::TusVersion,
            format!("Uploads need the header Tus-Resumable: {TUS_VERSION}."),
        );
        ([(TUS_VERSIONS, TUS_VERSION)], refusal).into_response()
    };
    response
        .headers_mut()
        .insert(TUS_RESUMABLE, HeaderValue::from_static(TUS_VERSION));
    response
}

async fn say(State(blobs): Shared) -> Response {
    (
        StatusCode::NO_CONTENT,
        [
            (TUS_VERSIONS, TUS_VERSION.to_owned()),
            (TUS_EXTENSION, TUS_EXTENSIONS.to_owned()),
            (TUS_MAX_SIZE, blobs.bounds.length.to_string()),
        ],
    )
        .into_response()
}

async fn create(State(blobs): Shared, Extension(peer): Peer, request: Request) -> Answer<Response> {
    let (parts, body) = request.into_parts();
    let body = has_body(&parts.headers).then(|| body.into_data_stream());
    let checked = match wanted(&parts.headers, body.is_some()) {
        Ok(wanted) => paid(&blobs, &peer).await.map(|guest| (wanted, guest)),
        Err(refusal) => Err(refusal),
    };
    let ((metadata, length), guest) = match checked {
        Ok(checked) => checked,
        Err(refusal) => return Err(refused(refusal, body).await),
    };
    let progress = upload::create(blobs, guest, metadata, length, body).await?;
    let location = format!("/group/v1/blobs/{}", progress.id);
    let head = [(LOCATION, location)];
    Ok((StatusCode::CREATED, head, told(&progress)).into_response())
}

async fn paid(blobs: &Blobs, peer: &Permit) -> Answer<Guest> {
    let mut guest = blobs.admit(peer.network()).await?;
    guest.visit.pay_for_new()?;
    Ok(guest)
}

/// What a creation asks for.
fn wanted(headers: &HeaderMap, has_body: bool) -> Answer<(BlobMetadata, u64)> {
    if let Some(name) = FOREIGN.iter().find(|name| headers.contains_key(**name)) {
        return Err(Refusal::malformed(format!(
            "This relay does not speak the extension of tus that {name} belongs to."
        )));
    }
    let length = number(headers, &UPLOAD_LENGTH)?;
    let metadata = single(headers, UPLOAD_METADATA)
        .and_then(|value| value.to_str().ok())
        .ok_or_else(|| Refusal::malformed("Upload-Metadata is missing."))?;
    let metadata =
        BlobMetadata::parse(metadata).map_err(|error| Refusal::malformed(format!("{error}.")))?;
    if has_body && !is_typed(headers) {
        return Err(wrong_type());
    }
    Ok((metadata, length))
}

async fn progress(State(blobs): Shared, Path(id): Path<String>) -> Answer<Response> {
    let progress = blobs.progress(parse_id(&id)?).await?;
    let head = [
        (CACHE_CONTROL, "no-store".to_owned()),
        (UPLOAD_LENGTH, progress.length.to_string()),
    ];
    Ok((StatusCode::OK, head, told(&progress)).into_response())
}

async fn append(
    State(blobs): Shared,
    Extension(peer): Peer,
    Path(id): Path<String>,
    request: Request,
) -> Answer<Response> {
    let (parts, body) = request.into_parts();
    let body = body.into_data_stream();
    let checked = match next(&parts.headers, &id) {
        Ok(next) => blobs.admit(peer.network()).await.map(|guest| (next, guest)),
        Err(refusal) => Err(refusal),
    };
    let ((id, offset), guest) = match checked {
        Ok(checked) => checked,
        Err(refusal) => return Err(refused(refusal, Some(body)).await),
    };
    let progress = upload::append(blobs, guest, id, offset, body).await?;
    Ok((StatusCode::NO_CONTENT, told(&progress)).into_response())
}

/// Which upload goes on, and where.
fn next(headers: &HeaderMap, id: &str) -> Answer<(BlobId, u64)> {
    let id = parse_id(id)?;
    if !is_typed(headers) {
        return Err(wrong_type());
    }
    Ok((id, number(headers, &UPLOAD_OFFSET)?))
}

async fn remove(
    State(blobs): Shared,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Answer<StatusCode> {
    let token = token(&headers, DELETE_TOKEN_HEADER)?;
    blobs.delete(parse_id(&id)?, &token).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn read(
    State(blobs): Shared,
    Extension(peer): Peer,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Answer<Response> {
    let token = token(&headers, READ_TOKEN_HEADER)?;
    let id = parse_id(&id)?;
    let guest = blobs.admit(peer.network()).await?;
    let row = blobs.readable(id, &token).await?;
    let length = row.length;
    let range = match range(&headers, length) {
        Asked::All => None,
        Asked::Part(range) => Some(range),
        Asked::Beyond => {
            let refusal = Refusal::new(
                Code::Range,
                format!("The blob has {length} bytes; ask for a range within them."),
            );
            let head = [(CONTENT_RANGE, format!("bytes */{length}"))];
            return Ok((head, refusal).into_response());
        }
    };
    let sent = range.clone().unwrap_or(0..length);
    let bytes = blobs.bytes(&row, sent.clone()).await?;
    let mut response = Response::new(blobs.body(bytes, guest));
    let head = response.headers_mut();
    head.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("application/octet-stream"),
    );
    head.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    head.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    head.insert(CONTENT_LENGTH, HeaderValue::from(sent.end - sent.start));
    if let Some(range) = range {
        let told = format!("bytes {}-{}/{length}", range.start, range.end - 1);
        if let Ok(told) = HeaderValue::try_from(told) {
            head.insert(CONTENT_RANGE, told);
        }
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    Ok(response)
}

/// What every answer about an upload tells.
fn told(progress: &Progress) -> [(HeaderName, String); 2] {
    let expires = UNIX_EPOCH + Duration::from_secs(progress.expires_s);
    [
        (UPLOAD_OFFSET, progress.offset.to_string()),
        (UPLOAD_EXPIRES, httpdate::fmt_http_date(expires)),
    ]
}

/// Not one of this relay's ids: as unknown as any other.
fn parse_id(text: &str) -> Answer<BlobId> {
    BlobId::from_hex(text).map_err(|_| unknown())
}

fn single<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a HeaderValue> {
    let mut values = headers.get_all(name).iter();
    values.next().filter(|_| values.next().is_none())
}

/// A number in decimal digits, as a header of tus.
fn number(headers: &HeaderMap, name: &HeaderName) -> Answer<u64> {
    single(headers, name.as_str())
        .and_then(|value| digits(value.as_bytes()))
        .ok_or_else(|| Refusal::malformed(format!("The header {name} must be one whole number.")))
}

fn digits(text: &[u8]) -> Option<u64> {
    let all = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    all.then(|| std::str::from_utf8(text).ok()?.parse().ok())?
}

fn is_typed(headers: &HeaderMap) -> bool {
    single(headers, CONTENT_TYPE.as_str()).is_some_and(|value| value == OFFSET_TYPE)
}

fn has_body(headers: &HeaderMap) -> bool {
    match headers.get(CONTENT_LENGTH) {
        Some(length) => length != "0",
        // HTTP/2 needs neither.
        None => headers.contains_key(TRANSFER_ENCODING) || headers.contains_key(CONTENT_TYPE),
    }
}

fn wrong_type() -> Refusal {
    Refusal::new(
        Code::MediaType,
        format!("The bytes of a blob are sent as Content-Type: {OFFSET_TYPE}."),
    )
}

/// A missing token opens as little as a wrong one.
fn token(headers: &HeaderMap, name: &str) -> Answer<Zeroizing<[u8; 32]>> {
    single(headers, name)
        .and_then(|value| parse_token(value.as_bytes()))
        .ok_or_else(unknown)
}

/// What a `Range` asks for.
#[derive(Debug, PartialEq, Eq)]
enum Asked {
    All,
    Part(Range<u64>),
    Beyond,
}

/// Reads a `Range`. One in another form than a single range of bytes is ignored, as RFC 9110
/// §14.2 has it.
fn range(headers: &HeaderMap, length: u64) -> Asked {
    let Some(value) = single(headers, RANGE.as_str()) else {
        return Asked::All;
    };
    let spec = value.as_bytes().strip_prefix(b"bytes=").unwrap_or_default();
    let Some(dash) = spec.iter().position(|byte| *byte == b'-') else {
        return Asked::All;
    };
    let (first, last) = (&spec[..dash], &spec[dash + 1..]);
    let range = match (digits(first), digits(last)) {
        (Some(first), Some(last)) if first <= last => first..last.saturating_add(1).min(length),
        (Some(first), None) if last.is_empty() => first..length,
        (None, Some(suffix)) if first.is_empty() => match suffix {
            0 => return Asked::Beyond,
            _ => length.saturating_sub(suffix)..length,
        },
        _ => return Asked::All,
    };
    if range.start >= length {
        return Asked::Beyond;
    }
    Asked::Part(range)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_the_rfc_has_it() {
        let asked = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(RANGE, HeaderValue::try_from(text).expect("a header"));
            range(&headers, 100)
        };
        assert_eq!(range(&HeaderMap::new(), 100), Asked::All);
        for (text, part) in [
            ("bytes=0-0", 0..1),
            ("bytes=10-19", 10..20),
            ("bytes=90-", 90..100),
            ("bytes=90-1000", 90..100),
            ("bytes=0-18446744073709551615", 0..100),
            ("bytes=-1", 99..100),
            ("bytes=-1000", 0..100),
        ] {
            assert_eq!(asked(text), Asked::Part(part), "{text}");
        }
        for text in ["bytes=100-", "bytes=100-200", "bytes=-0"] {
            assert_eq!(asked(text), Asked::Beyond, "{text}");
        }
        for text in [
            "bytes=",
            "bytes=-",
            "bytes=5-4",
            "bytes=0-1,3-4",
            "bytes=+1-2",
            "lines=0-1",
            "0-1",
            "bytes=1-99999999999999999999",
        ] {
            assert_eq!(asked(text), Asked::All, "{text}");
        }
    }

    #[test]
    fn numbers_are_digits_and_stand_once() {
        let mut headers = HeaderMap::new();
        assert!(number(&headers, &UPLOAD_OFFSET).is_err());
        for (text, read) in [
            ("0", Some(0)),
            ("18446744073709551615", Some(u64::MAX)),
            ("18446744073709551616", None),
            ("+1", None),
            ("-1", None),
            ("1.0", None),
            ("", None),
        ] {
            headers.insert(
                UPLOAD_OFFSET,
                HeaderValue::try_from(text).expect("a header"),
            );
            assert_eq!(number(&headers, &UPLOAD_OFFSET).ok(), read, "{text}");
        }
        headers.insert(UPLOAD_OFFSET, HeaderValue::from_static("1"));
        headers.append(UPLOAD_OFFSET, HeaderValue::from_static("1"));
        assert!(number(&headers, &UPLOAD_OFFSET).is_err(), "twice");
    }
}
