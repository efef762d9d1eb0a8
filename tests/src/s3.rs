//! An S3-compatible store that knows object lock: `moto_server` of the Python package moto, which
//! `cargo xtask test` installs, and what somebody does to it who has its keys.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use reqwest::{Method, StatusCode, header::HeaderMap};

use crate::wait::until;

const SERVER: &str = "SEALWIRE_S3_SERVER";
/// Any will do for this server.
const SIGNED: &str = "AWS4-HMAC-SHA256 Credential=id/20200101/us-east-1/s3/aws4_request, \
                      SignedHeaders=host, Signature=0";

/// A running store. Ends when dropped, with all that was in it.
pub struct S3 {
    child: Child,
    address: SocketAddr,
    http: reqwest::Client,
}

/// One version of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// Its object's name.
    pub key: String,
    /// Its own.
    pub id: String,
}

impl S3 {
    /// Starts one, if it is installed.
    ///
    /// # Panics
    /// If it is and does not start.
    pub async fn start() -> Option<Self> {
        let program = std::env::var_os(SERVER).map(PathBuf::from);
        let Some(program) = program.filter(|program| program.is_file()) else {
            println!("skipped: {SERVER} names no moto_server; `cargo xtask test` installs one");
            return None;
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = listener.local_addr().expect("its address");
        drop(listener);
        let child = Command::new(program)
            .args(["-H", "127.0.0.1", "-p", &address.port().to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("started");
        // A client without TLS: the server has none.
        drop(rustls::crypto::ring::default_provider().install_default());
        let http = reqwest::Client::builder().no_proxy().build();
        let s3 = Self {
            child,
            address,
            http: http.expect("a client"),
        };
        until("the S3 server answering", || async {
            let answer = s3.http.get(s3.url("/moto-api/data.json")).send().await;
            answer.map(drop).map_err(|error| error.to_string())
        })
        .await;
        Some(s3)
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// A request with the keys of the store.
    ///
    /// # Panics
    /// If it does not answer.
    pub async fn ask(
        &self,
        method: Method,
        path: &str,
        header: (&'static str, &'static str),
        body: Vec<u8>,
    ) -> (StatusCode, HeaderMap, Vec<u8>) {
        let request = self.http.request(method, self.url(path)).body(body);
        let request = request
            .header("authorization", SIGNED)
            .header(header.0, header.1);
        let response = request.send().await.expect("an answer");
        let (status, headers) = (response.status(), response.headers().clone());
        let body = response.bytes().await.expect("a body");
        (status, headers, body.to_vec())
    }

    /// Makes a bucket, with object lock or without.
    ///
    /// # Panics
    /// If it refuses.
    pub async fn bucket(&self, name: &str, with_lock: bool) {
        let lock = if with_lock { "true" } else { "false" };
        let header = ("x-amz-bucket-object-lock-enabled", lock);
        let path = format!("/{name}");
        let (status, ..) = self.ask(Method::PUT, &path, header, Vec::new()).await;
        assert!(status.is_success(), "{status}");
    }

    /// Puts an object there, without a lock of its own.
    ///
    /// # Panics
    /// If it refuses.
    pub async fn put(&self, path: &str, body: Vec<u8>) {
        let (status, ..) = self.ask(Method::PUT, path, NOTHING, body).await;
        assert!(status.is_success(), "{status}");
    }

    /// An object.
    pub async fn get(&self, path: &str) -> Option<Vec<u8>> {
        let (status, _, body) = self.ask(Method::GET, path, NOTHING, Vec::new()).await;
        status.is_success().then_some(body)
    }

    /// What it says of an object.
    pub async fn head(&self, path: &str) -> HeaderMap {
        self.ask(Method::HEAD, path, NOTHING, Vec::new()).await.1
    }

    /// All versions of all objects in a bucket.
    pub async fn versions(&self, bucket: &str) -> Vec<Version> {
        let path = format!("/{bucket}?versions");
        let (_, _, list) = self.ask(Method::GET, &path, NOTHING, Vec::new()).await;
        let list = String::from_utf8(list).expect("XML");
        let part = |text: &str, tag: &str| {
            let (_, rest) = text.split_once(&format!("<{tag}>")).expect("a part");
            rest.split('<').next().unwrap_or_default().to_owned()
        };
        list.split("<Version>")
            .skip(1)
            .map(|version| Version {
                key: part(version, "Key"),
                id: part(version, "VersionId"),
            })
            .collect()
    }

    /// Tries to remove one version for good.
    pub async fn remove(&self, bucket: &str, version: &Version) -> StatusCode {
        let path = format!("/{bucket}/{}?versionId={}", version.key, version.id);
        self.ask(Method::DELETE, &path, NOTHING, Vec::new()).await.0
    }
}

const NOTHING: (&str, &str) = ("x-amz-meta-nothing", "");

impl Drop for S3 {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
