//! A relay that takes blobs, and one that lies about them.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use sealwire_crypto::{SecretBytes, sha256};
use sealwire_protocol::blob::{BlobMetadata, parse_token};
use sealwire_protocol::ids::BlobId;
use sealwire_protocol::problem::{Code, Problem};

use super::TestRelay;
use crate::error::Result;
use crate::net::{BlobClient, NewBlob};

const BLOB: BlobId = BlobId([4; 16]);

fn token(byte: u8) -> SecretBytes<32> {
    SecretBytes::fill(|bytes| bytes.fill(byte))
}

/// What the relay has, and how it lies.
#[derive(Default)]
struct Store {
    metadata: Option<BlobMetadata>,
    content: Vec<u8>,
    /// Takes only so many bytes of a request.
    at_most: Option<usize>,
    /// What it says in `content-range` instead.
    range: Option<String>,
}

type Shared = Arc<Mutex<Store>>;

fn refused(code: Code) -> Response {
    let problem = serde_json::to_string(&Problem::new(code, "so it is")).unwrap();
    let status = StatusCode::from_u16(code.status()).unwrap();
    let kind = [("content-type", "application/problem+json")];
    (status, kind, problem).into_response()
}

async fn serve(
    State(store): State<Shared>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut store = store.lock().unwrap();
    let header = |name: &str| headers[name].to_str().unwrap().to_owned();
    assert_eq!(header("tus-resumable"), "1.0.0");
    let path = uri.path().strip_prefix("/group/v1/blobs").unwrap();
    if method == Method::POST {
        let metadata = BlobMetadata::parse(&header("upload-metadata")).unwrap();
        if *store.metadata.get_or_insert(metadata) != metadata {
            return refused(Code::BlobConflict);
        }
        let offset = store.content.len().to_string();
        return (StatusCode::CREATED, [("upload-offset", offset)]).into_response();
    }
    assert_eq!(path, format!("/{BLOB}"));
    let Some(metadata) = store.metadata else {
        return refused(Code::BlobUnknown);
    };
    let shows = |name: &str, hash: [u8; 32]| {
        let token = parse_token(headers[name].as_bytes()).unwrap();
        sha256(&[&*token]) == hash
    };
    match method {
        Method::PATCH => {
            if header("upload-offset") != store.content.len().to_string() {
                return refused(Code::OffsetConflict);
            }
            let taken = store.at_most.unwrap_or(body.len()).min(body.len());
            store.content.extend_from_slice(&body[..taken]);
            let offset = store.content.len().to_string();
            (StatusCode::NO_CONTENT, [("upload-offset", offset)]).into_response()
        }
        Method::DELETE if shows("sealwire-delete-token", metadata.delete_token_hash) => {
            *store = Store::default();
            StatusCode::NO_CONTENT.into_response()
        }
        Method::GET if shows("sealwire-read-token", metadata.read_token_hash) => {
            let range = header("range");
            let from = range.strip_prefix("bytes=").unwrap().trim_end_matches('-');
            let (from, len) = (from.parse::<usize>().unwrap(), store.content.len());
            let told = format!("bytes {from}-{}/{len}", len - 1);
            let told = store.range.clone().unwrap_or(told);
            let body = Body::from(store.content[from..].to_vec());
            (StatusCode::PARTIAL_CONTENT, [("content-range", told)], body).into_response()
        }
        _ => refused(Code::BlobUnknown),
    }
}

async fn scene() -> (TestRelay, Shared, BlobClient) {
    let store = Shared::default();
    let router = Router::new().fallback(serve).with_state(store.clone());
    let relay = TestRelay::http(router).await;
    let client = BlobClient::new(&relay.endpoint).unwrap();
    (relay, store, client)
}

async fn create(client: &BlobClient, read_token: u8, len: u64) -> Result<u64> {
    let (read_token, delete_token) = (token(read_token), token(2));
    let new = NewBlob {
        blob: BLOB,
        read_token: &read_token,
        delete_token: &delete_token,
        days: 30,
        len,
    };
    client.create(&new).await
}

async fn read(
    client: &BlobClient,
    token: &SecretBytes<32>,
    offset: u64,
    len: u64,
) -> Result<Vec<u8>> {
    let mut coming = client.read(&BLOB, token, offset, len).await?;
    let mut bytes = Vec::new();
    while let Some(piece) = coming.next().await? {
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}

fn code<T>(result: Result<T>) -> &'static str {
    result.map_or_else(|error| error.code, |_| "fine")
}

#[tokio::test]
async fn a_blob_goes_up_in_pieces_and_comes_down_from_anywhere() {
    let (relay, store, client) = scene().await;
    assert_eq!(create(&client, 1, 10).await.unwrap(), 0);
    let piece = |bytes: &'static [u8]| Bytes::from_static(bytes);
    assert_eq!(
        client.append(&BLOB, 0, 10, piece(b"hello")).await.unwrap(),
        5
    );
    // After a break the relay is asked again how much it has.
    assert_eq!(create(&client, 1, 10).await.unwrap(), 5);
    store.lock().unwrap().at_most = Some(2);
    assert_eq!(
        client.append(&BLOB, 5, 10, piece(b" Bob.")).await.unwrap(),
        7
    );
    store.lock().unwrap().at_most = None;
    assert_eq!(
        code(client.append(&BLOB, 5, 10, piece(b" Bob.")).await),
        "offset_conflict"
    );
    assert_eq!(
        client.append(&BLOB, 7, 10, piece(b"ob.")).await.unwrap(),
        10
    );
    assert_eq!(
        read(&client, &token(1), 0, 10).await.unwrap(),
        b"hello Bob."
    );
    assert_eq!(read(&client, &token(1), 6, 10).await.unwrap(), b"Bob.");
    assert_eq!(relay.seen().len(), 1, "one connection for one blob");
}

#[tokio::test]
async fn a_relay_that_stands_still_is_no_endless_loop() {
    let (_relay, store, client) = scene().await;
    create(&client, 1, 10).await.unwrap();
    store.lock().unwrap().at_most = Some(0);
    let error = client
        .append(&BLOB, 0, 10, Bytes::from_static(b"hello"))
        .await;
    assert!(error.unwrap_err().is_transient());
    // Nor is one that has more than there is.
    store.lock().unwrap().content = vec![0; 11];
    assert_eq!(code(create(&client, 1, 10).await), "relay_malformed");
}

#[tokio::test]
async fn an_id_that_was_used_for_another_blob_is_told() {
    let (_relay, _store, client) = scene().await;
    create(&client, 1, 10).await.unwrap();
    assert_eq!(code(create(&client, 9, 10).await), "blob_conflict");
}

#[tokio::test]
async fn a_range_of_something_else_is_refused() {
    let (_relay, store, client) = scene().await;
    create(&client, 1, 10).await.unwrap();
    store.lock().unwrap().content = b"hello Bob.".to_vec();
    for lie in ["bytes 0-9/10", "bytes 6-9/11", "bytes 6-8/10", ""] {
        store.lock().unwrap().range = Some(lie.into());
        assert_eq!(
            code(read(&client, &token(1), 6, 10).await),
            "attachment_damaged"
        );
    }
    assert_eq!(code(read(&client, &token(8), 0, 10).await), "blob_unknown");
}

#[tokio::test]
async fn only_the_token_removes_and_twice_is_fine() {
    let (_relay, store, client) = scene().await;
    create(&client, 1, 10).await.unwrap();
    client.delete(&BLOB, &token(7)).await.unwrap();
    assert!(
        store.lock().unwrap().metadata.is_some(),
        "told apart by nobody"
    );
    for _ in 0..2 {
        client.delete(&BLOB, &token(2)).await.unwrap();
    }
    assert!(store.lock().unwrap().metadata.is_none());
}
