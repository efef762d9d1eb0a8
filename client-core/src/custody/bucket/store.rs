//! Requests to an S3-compatible store. Reading and listing is object_store's; writing is ours, because its
//! requests cannot say that an object is locked. It signs ours, too, with what says so in the signature
//! (AWS Signature Version 4, query parameters).

use std::{path::Path as File, time::Duration};

use data_encoding::BASE64;
use futures_util::{StreamExt as _, TryStreamExt as _};
use jiff::Timestamp;
use object_store::{
    ClientOptions, Error, ObjectStore, ObjectStoreExt as _, RetryConfig,
    aws::{AmazonS3, AmazonS3Builder},
    path::Path,
    signer::{SignedUrlOptions, Signer as _},
};
use reqwest::{
    Body, Method, Response, StatusCode,
    header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue},
};
use sealwire_crypto::{Sha256Stream, sha256};

use super::{LARGEST, lock::Lock};
use crate::{
    custody::{FILES, broken},
    error::{CoreError, ErrorKind, Result},
};

const CONNECT: Duration = Duration::from_secs(10);
/// Longest time for a request that moves little.
const REQUEST: Duration = Duration::from_secs(60);
/// Slowest line for which the time of an upload is reckoned, bytes a second.
const SLOWEST: u64 = 64 * 1024;
/// Times that a write is tried before it counts as failed, and the wait before the second.
const TRIES: u32 = 3;
const WAIT: Duration = Duration::from_millis(500);
/// Longest refusal that is read.
const LONGEST_WORDS: usize = 16 * 1024;

const CHECKSUM: HeaderName = HeaderName::from_static("x-amz-checksum-sha256");
const ALGORITHM: HeaderName = HeaderName::from_static("x-amz-sdk-checksum-algorithm");

/// What is written.
pub(in crate::custody) enum Content<'a> {
    Bytes(&'a [u8]),
    /// A file, with its length and SHA-256.
    File(&'a File, u64, [u8; 32]),
}

/// A bucket of a store, with credentials from the environment.
pub(in crate::custody) struct Bucket {
    store: AmazonS3,
    http: reqwest::Client,
    name: String,
    prefix: Path,
}

impl Bucket {
    /// Opens a bucket. `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and the like are read from the
    /// environment; nothing is asked of the store yet.
    pub(in crate::custody) fn open(name: &str, prefix: &str) -> Result<Self> {
        // Both HTTP clients take the process's cryptography.
        drop(rustls::crypto::ring::default_provider().install_default());
        let options = ClientOptions::new()
            .with_connect_timeout(CONNECT)
            .with_timeout(REQUEST);
        let retry = RetryConfig {
            max_retries: TRIES as usize,
            retry_timeout: REQUEST,
            ..RetryConfig::default()
        };
        let allow_http = std::env::var("AWS_ALLOW_HTTP").is_ok_and(|allowed| allowed == "true");
        let store = AmazonS3Builder::from_env()
            .with_client_options(options.with_allow_http(allow_http))
            .with_retry(retry)
            .with_bucket_name(name)
            .build()
            .map_err(|error| {
                CoreError::usage(
                    "bad_bucket",
                    format!("the bucket {name} cannot be used: {error}"),
                    HINT,
                )
            })?;
        let http = reqwest::Client::builder()
            .https_only(!allow_http)
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT)
            .build()
            .map_err(CoreError::internal)?;
        Ok(Self {
            store,
            http,
            name: name.into(),
            prefix: Path::parse(prefix).map_err(CoreError::internal)?,
        })
    }

    fn path(&self, name: &str) -> Path {
        let parts = self.prefix.parts();
        parts.chain(name.split('/').map(Into::into)).collect()
    }

    /// An object whole; `None` if there is none.
    pub(in crate::custody) async fn get(&self, name: &str) -> Result<Option<Vec<u8>>> {
        let got = match self.store.get(&self.path(name)).await {
            Ok(got) => got,
            Err(Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(self.failed(name, &error)),
        };
        if got.meta.size > LARGEST {
            return Err(broken(format!("{name} is too large")));
        }
        let bytes = got.bytes().await;
        let bytes = bytes.map_err(|error| self.failed(name, &error))?;
        Ok(Some(bytes.to_vec()))
    }

    /// The SHA-256 of a file of the archive; `None` if there is none.
    pub(in crate::custody) async fn file_hash(&self, sha256: &str) -> Result<Option<[u8; 32]>> {
        let name = format!("{FILES}/{sha256}");
        let got = match self.store.get(&self.path(&name)).await {
            Ok(got) => got,
            Err(Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(self.failed(&name, &error)),
        };
        let mut stream = got.into_stream();
        let mut hash = Sha256Stream::default();
        while let Some(bytes) = stream.next().await {
            hash.update(&bytes.map_err(|error| self.failed(&name, &error))?);
        }
        Ok(Some(hash.finish()))
    }

    /// The last parts of the names in a folder, in no order.
    pub(in crate::custody) async fn list(&self, folder: &str) -> Result<Vec<String>> {
        let path = self.path(folder);
        let names = self.store.list(Some(&path)).map_ok(|meta| {
            let rest = meta.location.prefix_match(&path);
            let parts = rest.into_iter().flatten();
            parts
                .map(|part| part.as_ref().to_owned())
                .collect::<Vec<_>>()
                .join("/")
        });
        names
            .try_collect()
            .await
            .map_err(|error| self.failed(folder, &error))
    }

    /// Writes an object and locks it.
    pub(in crate::custody) async fn put(
        &self,
        name: &str,
        content: &Content<'_>,
        lock: Lock,
    ) -> Result<()> {
        let (len, sum) = match content {
            Content::Bytes(bytes) => (bytes.len() as u64, sha256(&[bytes])),
            Content::File(_, len, sum) => (*len, *sum),
        };
        let mut headers = lock.headers(Timestamp::now())?;
        let sum = HeaderValue::from_str(&BASE64.encode(&sum)).map_err(CoreError::internal)?;
        headers.insert(CHECKSUM, sum);
        headers.insert(ALGORITHM, HeaderValue::from_static("SHA256"));
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/octet-stream"),
        );
        let limit = REQUEST + Duration::from_secs(len / SLOWEST);
        let mut wait = WAIT;
        for tried in 1.. {
            let sent = self.send(Method::PUT, name, &headers, Some(content), limit);
            match sent.await {
                Ok(_) => break,
                Err(error) if tried < TRIES && error.kind == ErrorKind::Io => {
                    tokio::time::sleep(wait).await;
                    wait *= 2;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Fails if the store does not say of an object that it is locked.
    pub(in crate::custody) async fn check_locked(&self, name: &str, lock: Lock) -> Result<()> {
        let none = HeaderMap::new();
        let answer = self.send(Method::HEAD, name, &none, None, REQUEST).await?;
        if lock.holds(answer.headers()) {
            return Ok(());
        }
        Err(CoreError::new(
            ErrorKind::Policy,
            "not_locked",
            format!("the store took {name} and does not say that it is locked"),
            "use a bucket with object lock, and keys that may read the retention of objects",
        ))
    }

    async fn send(
        &self,
        method: Method,
        name: &str,
        headers: &HeaderMap,
        content: Option<&Content<'_>>,
        limit: Duration,
    ) -> Result<Response> {
        let mut options = SignedUrlOptions::new();
        options.signed_headers = headers.clone();
        let url = self
            .store
            .signed_url_opts(method.clone(), &self.path(name), limit, &options)
            .await
            .map_err(|error| self.failed(name, &error))?;
        let mut request = self.http.request(method, url).headers(headers.clone());
        match content {
            None => {}
            Some(Content::Bytes(bytes)) => request = request.body(bytes.to_vec()),
            Some(Content::File(path, len, _)) => {
                let file = tokio::fs::File::open(path).await;
                let file = file.map_err(|error| crate::custody::writing(path, &error))?;
                request = request
                    .header(reqwest::header::CONTENT_LENGTH, *len)
                    .body(Body::from(file));
            }
        }
        let response = request.timeout(limit).send().await;
        let response = response.map_err(|error| self.failed(name, &error.without_url()))?;
        match response.status() {
            status if status.is_success() => Ok(response),
            status => Err(self.refused(name, status, response).await),
        }
    }

    /// A refusal in words; S3 says why in XML.
    async fn refused(&self, name: &str, status: StatusCode, mut response: Response) -> CoreError {
        let mut body = Vec::new();
        while let Ok(Some(bytes)) = response.chunk().await {
            body.extend_from_slice(&bytes);
            if body.len() > LONGEST_WORDS {
                break;
            }
        }
        let body = String::from_utf8_lossy(&body);
        let part = |tag: &str| {
            let (_, rest) = body.split_once(&format!("<{tag}>"))?;
            let (words, _) = rest.split_once(&format!("</{tag}>"))?;
            Some(words.replace(char::is_control, " "))
        };
        let (code, words) = (
            part("Code").unwrap_or_default(),
            part("Message").unwrap_or_default(),
        );
        let message = format!("{}: {name} was refused: {status} {code} {words}", self.name);
        let message = message.trim_end().to_owned();
        // "Bucket is missing Object Lock Configuration", spelled by some without spaces.
        let about = words.to_lowercase().replace(' ', "");
        if status.is_client_error() && about.contains("objectlock") {
            return CoreError::new(
                ErrorKind::Policy,
                "not_locked",
                message,
                "use a bucket that was made with object lock",
            );
        }
        match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::NOT_FOUND => {
                CoreError::new(ErrorKind::Policy, "bucket_refused", message, HINT)
            }
            _ => CoreError::new(ErrorKind::Io, "archive_io", message, AGAIN),
        }
    }

    fn failed(&self, name: &str, error: &(dyn std::error::Error + 'static)) -> CoreError {
        let innermost = std::iter::successors(Some(error), |error| error.source());
        let words = innermost
            .last()
            .map_or_else(String::new, ToString::to_string);
        CoreError::new(
            ErrorKind::Io,
            "archive_io",
            format!("{}: {name} cannot be read or written: {words}", self.name),
            AGAIN,
        )
    }
}

const HINT: &str = "check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION and, for other stores than \
                    AWS, AWS_ENDPOINT_URL, and what these keys may do; nothing that was read is lost";
const AGAIN: &str = "check the network and the store; nothing that was read is lost";
