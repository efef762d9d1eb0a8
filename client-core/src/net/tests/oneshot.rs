use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use sealwire_protocol::blob::{BlobMetadata, parse_token};
use sealwire_protocol::frame::{self, KeyPackageReply};
use sealwire_protocol::ids::{BlobId, DeviceId};
use sealwire_protocol::problem::{Code, Problem};

use super::TestRelay;
use crate::error::ErrorKind;
use crate::net::{get_blob, post_envelope, put_blob, take_key_package};

const BOB: DeviceId = DeviceId([3; 16]);
const BLOB: BlobId = BlobId([4; 16]);
const TOKEN: [u8; 32] = [5; 32];

#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<HeaderMap>>>, Arc<Mutex<Option<Stored>>>);

#[derive(Clone)]
struct Stored {
    metadata: BlobMetadata,
    content: Bytes,
}

async fn serve(
    State(Seen(headers, blob)): State<Seen>,
    uri: Uri,
    found: HeaderMap,
    body: Bytes,
) -> Response {
    headers.lock().unwrap().push(found.clone());
    match uri.path() {
        "/group/v1/key-package" => frame::encode(&KeyPackageReply {
            key_package: Bytes::from_static(b"package"),
            last_resort: true,
        })
        .into_response(),
        "/group/v1/inbox" => {
            let problem = serde_json::to_string(&Problem::new(Code::InboxFull, "later")).unwrap();
            let kind = [("content-type", "application/problem+json")];
            (StatusCode::INSUFFICIENT_STORAGE, kind, problem).into_response()
        }
        "/group/v1/blobs" => {
            let header = |name: &str| found[name].to_str().unwrap().to_owned();
            assert_eq!(header("tus-resumable"), "1.0.0");
            assert_eq!(header("content-type"), "application/offset+octet-stream");
            assert_eq!(header("upload-length"), body.len().to_string());
            let metadata = BlobMetadata::parse(&header("upload-metadata")).unwrap();
            let taken = if metadata.days == 7 { 5 } else { body.len() };
            *blob.lock().unwrap() = Some(Stored {
                metadata,
                content: body,
            });
            (StatusCode::CREATED, [("upload-offset", taken.to_string())]).into_response()
        }
        "/group/v1/blobs/04040404040404040404040404040404" => {
            let stored = blob.lock().unwrap().clone().unwrap();
            let token = parse_token(found["sealwire-read-token"].as_bytes()).unwrap();
            let hash = sealwire_crypto::sha256(&[&*token]);
            assert_eq!(hash, stored.metadata.read_token_hash);
            stored.content.into_response()
        }
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn relay() -> (TestRelay, Seen) {
    let seen = Seen::default();
    let router = Router::new()
        .fallback(serve)
        .layer(axum::extract::DefaultBodyLimit::disable())
        .with_state(seen.clone());
    (TestRelay::http(router).await, seen)
}

#[tokio::test]
async fn nothing_links_one_request_to_the_next() {
    let (relay, seen) = relay().await;
    for _ in 0..3 {
        let (package, last_resort) = take_key_package(&relay.endpoint, &BOB).await.unwrap();
        assert_eq!((package.as_slice(), last_resort), (&b"package"[..], true));
    }
    let connections = relay.seen();
    assert_eq!(connections.len(), 3, "each on a connection of its own");
    for connection in connections {
        assert_eq!(connection.alpn, "http/1.1");
        assert!(!connection.resumed, "a ticket links connections");
    }
    for headers in seen.0.lock().unwrap().iter() {
        let mut names: Vec<&str> = headers.keys().map(|name| name.as_str()).collect();
        names.sort_unstable();
        assert_eq!(names, ["accept", "content-length", "content-type", "host"]);
        assert_eq!(headers["content-type"], "application/protobuf");
    }
}

#[tokio::test]
async fn a_blob_comes_back_with_its_token() {
    let (relay, seen) = relay().await;
    let content = vec![6; 8 * 1024 * 1024];
    let hash = sealwire_crypto::sha256(&[&TOKEN]);
    put_blob(&relay.endpoint, &BLOB, &hash, 30, content.clone())
        .await
        .unwrap();
    let metadata = seen.1.lock().unwrap().as_ref().unwrap().metadata;
    assert_eq!((metadata.blob, metadata.days), (BLOB, 30));
    let read = get_blob(&relay.endpoint, &BLOB, &TOKEN).await.unwrap();
    assert!(read == content);
}

#[tokio::test]
async fn a_blob_that_the_relay_took_in_part_is_worth_another_try() {
    let (relay, _) = relay().await;
    let put = put_blob(&relay.endpoint, &BLOB, &[1; 32], 7, vec![6; 100]).await;
    let error = put.unwrap_err();
    assert_eq!(error.code, "upload_unfinished");
    assert!(error.may_pass());
}

#[tokio::test]
async fn a_blob_over_the_limit_is_not_read() {
    let (relay, seen) = relay().await;
    *seen.1.lock().unwrap() = Some(Stored {
        metadata: BlobMetadata {
            blob: BLOB,
            read_token_hash: sealwire_crypto::sha256(&[&TOKEN]),
            delete_token_hash: [0; 32],
            days: 1,
        },
        content: vec![0; 9 * 1024 * 1024].into(),
    });
    let error = get_blob(&relay.endpoint, &BLOB, &TOKEN).await.unwrap_err();
    assert_eq!(error.code, "relay_malformed");
}

#[tokio::test]
async fn a_full_inbox_is_worth_another_try() {
    let (relay, _) = relay().await;
    let envelope = vec![0; sealwire_protocol::limits::ENVELOPE];
    let error = post_envelope(&relay.endpoint, &BOB, envelope)
        .await
        .unwrap_err();
    assert_eq!(error.kind, ErrorKind::Io);
    assert!(error.is_transient());
    assert_eq!(error.hint, "later");
}
