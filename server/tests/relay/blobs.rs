//! Encrypted blobs, on good days.

use reqwest::Method;
use sealwire_protocol::blob::{BlobMetadata, encode_token};
use sealwire_protocol::problem::Code;

use crate::support::{Blob, Relay, RelayBuilder, header};

#[tokio::test]
async fn a_blob_in_one_request_survives_kill_9_and_opens_to_its_token_only() {
    let mut relay = Relay::new();
    let blob = Blob::new(300_000);
    let whole = relay.put(&blob, &blob.sealed).await.expect("stored");
    assert_eq!(whole, blob.len());
    relay.kill();
    relay.start();
    assert_eq!(relay.fetch(&blob).await.expect("read"), blob.sealed);
    let wrong = Blob {
        read_token: [8; 32],
        ..blob.clone()
    };
    let other = Blob::new(1);
    for blob in [&wrong, &other] {
        let refused = relay.fetch(blob).await.expect_err("refused");
        assert_eq!(refused.code, Code::BlobUnknown);
    }
    // Without a token, and with something that is none.
    for request in [
        relay.request(Method::GET, &blob.path(), None),
        relay
            .request(Method::GET, &blob.path(), None)
            .header("sealwire-read-token", "none"),
        relay.request(Method::GET, "/group/v1/blobs/none", None),
    ] {
        assert_eq!(request.send().await.expect("sent").status(), 404);
    }
}

#[tokio::test]
async fn an_upload_in_pieces_is_one_blob() {
    let relay = Relay::new();
    let blob = Blob::new(1_000_000);
    let made = relay.make(&blob).await.expect("made");
    assert_eq!(made.status(), 201);
    assert_eq!(made.headers()["tus-resumable"], "1.0.0");
    assert_eq!(header(&made, "upload-offset"), 0);
    let expires = made.headers()["upload-expires"].to_str().expect("text");
    assert!(expires.ends_with(" GMT"), "{expires}");
    let unfinished = relay.fetch(&blob).await.expect_err("not whole");
    assert_eq!(unfinished.code, Code::BlobUnknown);
    let mut offset = 0;
    for piece in blob.sealed.chunks(150_001) {
        assert_eq!(relay.offset(&blob).await.expect("known"), offset);
        offset = relay.patch(&blob, offset, piece).await.expect("taken");
    }
    assert_eq!(offset, blob.len());
    assert_eq!(relay.offset(&blob).await.expect("known"), offset);
    assert_eq!(relay.fetch(&blob).await.expect("read"), blob.sealed);
}

#[tokio::test]
async fn ranges_are_served() {
    let relay = Relay::new();
    let blob = Blob::new(200_000);
    relay.put(&blob, &blob.sealed).await.expect("stored");
    let len = blob.sealed.len();
    for (asked, range) in [
        ("bytes=0-0".to_owned(), 0..1),
        ("bytes=70000-199999".to_owned(), 70_000..200_000),
        (format!("bytes={}-", len - 7), len - 7..len),
        (format!("bytes=-{len}"), 0..len),
        ("bytes=100-99999999".to_owned(), 100..len),
    ] {
        let response = relay.download(&blob, Some(&asked)).await.expect("served");
        assert_eq!(response.status(), 206, "{asked}");
        let told = format!("bytes {}-{}/{len}", range.start, range.end - 1);
        assert_eq!(response.headers()["content-range"], told.as_str());
        let bytes = response.bytes().await.expect("whole");
        assert!(bytes == blob.sealed[range], "{asked}");
    }
    // Not one range of bytes: all of it, as RFC 9110 §14.2 allows.
    let all = relay.download(&blob, Some("bytes=0-1,5-6")).await;
    assert_eq!(all.expect("served").status(), 200);
}

#[tokio::test]
async fn a_range_beyond_the_end_is_told_where_the_end_is() {
    let relay = Relay::new();
    let blob = Blob::new(10);
    relay.put(&blob, &blob.sealed).await.expect("stored");
    let response = relay
        .request(Method::GET, &blob.path(), None)
        .header(
            "sealwire-read-token",
            encode_token(&blob.read_token).as_str(),
        )
        .header("range", format!("bytes={}-", blob.len()))
        .send()
        .await
        .expect("sent");
    assert_eq!(response.status(), 416);
    let told = format!("bytes */{}", blob.len());
    assert_eq!(response.headers()["content-range"], told.as_str());
}

#[tokio::test]
async fn whoever_has_the_token_removes_a_blob_at_once() {
    let relay = Relay::new();
    let (whole, part) = (Blob::new(300_000), Blob::new(300_000));
    relay.put(&whole, &whole.sealed).await.expect("stored");
    relay.make(&part).await.expect("made");
    relay
        .patch(&part, 0, &part.sealed[..1000])
        .await
        .expect("taken");
    for blob in [&whole, &part] {
        let reader = Blob {
            delete_token: blob.read_token,
            ..blob.clone()
        };
        let refused = relay.delete(&reader).await.expect_err("a reader");
        assert_eq!(refused.code, Code::BlobUnknown);
        relay.delete(blob).await.expect("removed");
        assert!(relay.delete(blob).await.is_err(), "it is gone");
        assert!(relay.offset(blob).await.is_err());
    }
    let refused = relay.fetch(&whole).await.expect_err("removed");
    assert_eq!(refused.code, Code::BlobUnknown);
    assert_eq!(relay.files("uploads") + relay.files("blobs"), 0);
}

#[tokio::test]
async fn what_is_no_sealed_blob_is_refused() {
    let relay = RelayBuilder::new()
        .section("[storage]\nblob_mib = 1\nlargest_blob_mib = 4")
        .start();
    let blob = |content| Blob::new(content);
    let days = |days| {
        let mut blob = Blob::new(10);
        blob.metadata = BlobMetadata {
            days,
            ..blob.metadata
        };
        blob
    };
    let of_length = |len: usize| Blob {
        sealed: vec![0; len],
        ..Blob::new(10)
    };
    for (what, blob, code) in [
        ("empty", of_length(0), Code::Grammar),
        ("odd length", of_length(31), Code::Grammar),
        ("for ever", days(31), Code::Malformed),
        ("for no time", days(0), Code::Malformed),
        ("no space", blob(2 << 20), Code::StorageFull),
        ("too large", blob(5 << 20), Code::TooLarge),
    ] {
        let refused = relay.put(&blob, &blob.sealed).await.expect_err(what);
        assert_eq!(refused.code, code, "{what}");
    }
    let good = blob(10);
    relay.put(&good, &good.sealed).await.expect("stored");
}

#[tokio::test]
async fn requests_that_are_not_tus_are_told_what_is_missing() {
    let relay = Relay::new();
    let blob = Blob::new(10);
    let told = async |request: reqwest::RequestBuilder| {
        let response = request.send().await.expect("sent");
        let problem: sealwire_protocol::problem::Problem = response.json().await.expect("JSON");
        problem.code().expect("a code")
    };
    let post = || relay.request(Method::POST, "/group/v1/blobs", None);
    assert_eq!(told(post()).await, Code::TusVersion);
    let old = post().header("tus-resumable", "0.2.2").send().await;
    let old = old.expect("sent");
    assert_eq!(
        (
            old.status().as_u16(),
            old.headers()["tus-version"].as_bytes()
        ),
        (412, &b"1.0.0"[..])
    );
    let deferred = relay.creation(&blob).header("upload-defer-length", "1");
    assert_eq!(told(deferred).await, Code::Malformed);
    let typed = relay.creation(&blob).body("bytes");
    assert_eq!(told(typed).await, Code::MediaType);
    relay.make(&blob).await.expect("made");
    let patch = || relay.tus(Method::PATCH, &blob.path());
    assert_eq!(
        told(patch().header("upload-offset", 0)).await,
        Code::MediaType
    );
    let kind = ("content-type", "application/offset+octet-stream");
    assert_eq!(told(patch().header(kind.0, kind.1)).await, Code::Malformed);
    let said = relay.request(Method::OPTIONS, "/group/v1/blobs", None);
    let said = said.send().await.expect("sent");
    assert_eq!(said.status(), 204);
    assert_eq!(header(&said, "tus-max-size"), 2_215_133_184);
    assert_eq!(said.headers()["tus-version"], "1.0.0");
    let extensions = "creation,creation-with-upload,expiration,termination";
    assert_eq!(said.headers()["tus-extension"], extensions);
}

#[tokio::test]
async fn the_relay_keeps_a_blob_no_longer_than_its_operator_says() {
    let relay = RelayBuilder::new()
        .section("[retention]\nblob_days = 2")
        .start();
    let blob = Blob::new(10);
    relay.put(&blob, &blob.sealed).await.expect("stored");
    let response = relay
        .tus(Method::HEAD, &blob.path())
        .send()
        .await
        .expect("sent");
    let expires = response.headers()["upload-expires"].to_str().expect("text");
    let expires = httpdate::parse_http_date(expires).expect("a date");
    let days = std::time::Duration::from_secs(3 * 24 * 60 * 60);
    assert!(
        expires < std::time::SystemTime::now() + days,
        "asked for 30"
    );
}
