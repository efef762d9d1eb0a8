//! Blobs in an S3-compatible store: a real server, `moto_server` of the Python package moto, which
//! `cargo xtask test` installs.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use sealwire_protocol::problem::Code;

use crate::support::{Blob, Relay, RelayBuilder};

const SERVER: &str = "SEALWIRE_S3_SERVER";
const SECRET: &str = "a secret that nobody may see";
/// Any will do for this server; the signature is made all the same.
const SIGNED: &str = "AWS4-HMAC-SHA256 Credential=id/20200101/us-east-1/s3/aws4_request, \
                      SignedHeaders=host, Signature=0";

/// A server with one bucket.
struct S3 {
    child: Child,
    url: String,
}

/// Where the server is installed; `None` if it is not.
fn program() -> Option<PathBuf> {
    let found = std::env::var_os(SERVER).map(PathBuf::from)?;
    found.is_file().then_some(found)
}

impl S3 {
    async fn start() -> Option<Self> {
        let Some(program) = program() else {
            println!("skipped: {SERVER} names no moto_server; `cargo xtask test` installs one");
            return None;
        };
        let port = TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .expect("a free port")
            .port();
        let child = Command::new(program)
            .args(["-H", "127.0.0.1", "-p", &port.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("started");
        let s3 = Self {
            child,
            url: format!("http://127.0.0.1:{port}"),
        };
        for _ in 0..600 {
            if s3.request(reqwest::Method::PUT, "/blobs").await.is_some() {
                return Some(s3);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("the S3 server does not answer");
    }

    async fn request(&self, method: reqwest::Method, path: &str) -> Option<String> {
        // A client without TLS: the server has none.
        drop(rustls::crypto::ring::default_provider().install_default());
        let http = reqwest::Client::builder()
            .no_proxy()
            .build()
            .expect("client");
        let request = http
            .request(method, format!("{}{path}", self.url))
            .header("authorization", SIGNED);
        let response = request.send().await.ok()?;
        response.status().is_success().then_some(())?;
        response.text().await.ok()
    }

    /// Names of the objects in the bucket.
    async fn objects(&self) -> Vec<String> {
        let list = self
            .request(reqwest::Method::GET, "/blobs?list-type=2")
            .await;
        let list = list.expect("a list");
        list.split("<Key>")
            .skip(1)
            .filter_map(|rest| rest.split("</Key>").next())
            .map(str::to_owned)
            .collect()
    }

    /// Waits until there are so many objects and the spool is empty.
    async fn settled(&self, relay: &Relay, objects: usize) {
        for _ in 0..600 {
            if self.objects().await.len() == objects && relay.files("uploads") == 0 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!(
            "{:?} and {} files",
            self.objects().await,
            relay.files("uploads")
        );
    }
}

impl Drop for S3 {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn relay(s3: &S3, keys: &std::path::Path) -> RelayBuilder {
    let text = format!("access_key_id = \"id\"\nsecret_access_key = \"{SECRET}\"\n");
    std::fs::write(keys, text).expect("written");
    std::fs::set_permissions(keys, std::fs::Permissions::from_mode(0o600)).expect("private");
    RelayBuilder::new().section(&format!(
        "[s3]\nbucket = \"blobs\"\nendpoint = \"{}\"\nprefix = \"acme/one\"\ncredentials = \"{}\"",
        s3.url,
        keys.display()
    ))
}

/// What the relay's census says of blobs.
fn attachments(relay: &Relay) -> serde_json::Value {
    let output = Relay::program()
        .args(["census", "--json", "--config"])
        .arg(relay.config_file())
        .arg("--data")
        .arg(relay.data())
        .output()
        .expect("ran");
    let census: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let stored = census["stored"].as_array().expect("a list");
    let found = stored.iter().find(|one| one["form"] == "attachment");
    found.expect("counted").clone()
}

#[tokio::test]
async fn whole_blobs_move_to_s3_and_are_served_from_there() {
    let Some(s3) = S3::start().await else { return };
    let dir = tempfile::tempdir().expect("temporary directory");
    let mut relay = relay(&s3, &dir.path().join("keys")).start();
    // One object in one request, one in parts.
    let (small, large, part) = (Blob::new(1000), Blob::new(20 << 20), Blob::new(1000));
    for blob in [&small, &large] {
        relay.put(blob, &blob.sealed).await.expect("stored");
        // At once, wherever it is by now.
        assert!(relay.fetch(blob).await.expect("read") == blob.sealed);
    }
    s3.settled(&relay, 2).await;
    for name in s3.objects().await {
        assert!(name.starts_with("acme/one/blobs/"), "{name}");
    }
    relay.put(&part, &part.sealed[..10]).await.expect("taken");
    // Two there, one still here.
    let attachments = attachments(&relay);
    assert_eq!(attachments["count"], 3, "{attachments}");
    assert_eq!(attachments["unparsed"], 0, "{attachments}");
    relay.kill();
    relay.start();
    for blob in [&small, &large] {
        assert!(relay.fetch(blob).await.expect("read") == blob.sealed);
    }
    let range = relay
        .download(&large, Some("bytes=10000000-10999999"))
        .await;
    let range = range.expect("served").bytes().await.expect("whole");
    assert!(range == large.sealed[10_000_000..11_000_000]);
    assert_eq!(
        relay.put(&large, &large.sealed).await.expect("repeated"),
        large.len()
    );
    let mut other = large.sealed.clone();
    other[15_000_000] ^= 1;
    let refused = relay.put(&large, &other).await.expect_err("other bytes");
    assert_eq!(refused.code, Code::BlobConflict);
    assert_eq!(relay.resume(&part).await, part.len());
    relay.delete(&small).await.expect("removed");
    s3.settled(&relay, 2).await;
    assert!(relay.fetch(&small).await.is_err());
    relay
        .sql("blobs.db", "UPDATE blobs SET expires_at = 1")
        .await;
    let report = relay.retention().await;
    assert_eq!(report["removed"][0]["removed"], 2);
    assert_eq!(s3.objects().await, Vec::<String>::new());
    assert!(!relay.log().contains(SECRET), "never logged");
}

#[tokio::test]
async fn blobs_wait_for_a_store_that_is_away() {
    let Some(s3) = S3::start().await else { return };
    let dir = tempfile::tempdir().expect("temporary directory");
    let mut relay = relay(&s3, &dir.path().join("keys")).start();
    let url = s3.url.clone();
    drop(s3);
    let blob = Blob::new(100_000);
    let put = relay.put(&blob, &blob.sealed).await;
    assert_eq!(
        put.expect("taken"),
        blob.len(),
        "nobody waits for the store"
    );
    assert!(relay.fetch(&blob).await.expect("read") == blob.sealed);
    relay.kill();
    // Another store at another address, with the same name.
    let s3 = S3::start().await.expect("installed");
    let config = std::fs::read_to_string(relay.config_file()).expect("config");
    std::fs::write(relay.config_file(), config.replace(&url, &s3.url)).expect("written");
    relay.start();
    s3.settled(&relay, 1).await;
    assert!(relay.fetch(&blob).await.expect("read") == blob.sealed);
}
