//! Blobs of files: resumable upload (tus 1.0.0) and ranged download, docs/protocol.md §8.
//!
//! Each transfer has a connection of its own, which carries nothing else: neither the groups of
//! this device nor its other files stand beside the blob.

use std::time::Duration;

use bytes::Bytes;
use reqwest::{
    Client, Method, RequestBuilder, Response, StatusCode,
    header::{CONTENT_RANGE, CONTENT_TYPE, HeaderMap, HeaderValue, RANGE},
};
use sealwire_crypto::{SecretBytes, sha256};
use sealwire_protocol::blob::{
    BlobMetadata, DELETE_TOKEN_HEADER, OFFSET_TYPE, READ_TOKEN_HEADER, TUS_VERSION, encode_token,
};
use sealwire_protocol::ids::BlobId;

use super::refusal::{self, Answer};
use super::tls::Endpoint;
use crate::error::{CoreError, ErrorKind, Result};

const CONNECT: Duration = Duration::from_secs(10);
/// Silence after which a connection counts as dead.
const SILENCE: Duration = Duration::from_secs(60);
const OFFSET: &str = "upload-offset";

/// What the relay is told of a new blob.
pub(crate) struct NewBlob<'a> {
    pub(crate) blob: BlobId,
    pub(crate) read_token: &'a SecretBytes<32>,
    pub(crate) delete_token: &'a SecretBytes<32>,
    pub(crate) days: u32,
    /// Sealed bytes.
    pub(crate) len: u64,
}

/// A connection for one blob.
pub(crate) struct BlobClient {
    client: Client,
    endpoint: Endpoint,
}

impl BlobClient {
    /// Connects when first asked.
    pub(crate) fn new(endpoint: &Endpoint) -> Result<Self> {
        let client = Client::builder()
            .tls_backend_preconfigured(endpoint.tls_config(&[b"http/1.1"], false)?)
            .https_only(true)
            .http1_only()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .retry(reqwest::retry::never())
            .pool_max_idle_per_host(1)
            .connect_timeout(CONNECT)
            .read_timeout(SILENCE)
            .build()
            .map_err(CoreError::internal)?;
        Ok(Self {
            client,
            endpoint: endpoint.clone(),
        })
    }

    /// Announces a blob, or finds it announced; answers how many bytes of it the relay has.
    ///
    /// # Errors
    /// `blob_conflict` if the id was used for another.
    pub(crate) async fn create(&self, new: &NewBlob<'_>) -> Result<u64> {
        let metadata = BlobMetadata {
            blob: new.blob,
            read_token_hash: sha256(&[new.read_token.expose()]),
            delete_token_hash: sha256(&[new.delete_token.expose()]),
            days: new.days,
        };
        let request = self
            .request(Method::POST, None)
            .header("upload-length", new.len)
            .header("upload-metadata", metadata.encode());
        let headers = self.tus(request).await?;
        self.offset(&headers, 0, new.len)
    }

    /// Sends what follows the first `offset` of all `len` bytes; answers how many the relay has
    /// now.
    ///
    /// # Errors
    /// `offset_conflict` if it has another number.
    pub(crate) async fn append(
        &self,
        blob: &BlobId,
        offset: u64,
        len: u64,
        bytes: Bytes,
    ) -> Result<u64> {
        let request = self
            .request(Method::PATCH, Some(blob))
            .header(OFFSET, offset)
            .header(CONTENT_TYPE, OFFSET_TYPE)
            .body(bytes);
        let headers = self.tus(request).await?;
        let now = self.offset(&headers, offset, len)?;
        if now == offset {
            return Err(CoreError::network("it took nothing of an upload"));
        }
        Ok(now)
    }

    /// Removes a blob, whole or not. One that is gone already counts as removed.
    pub(crate) async fn delete(&self, blob: &BlobId, token: &SecretBytes<32>) -> Result<()> {
        let request = self
            .request(Method::DELETE, Some(blob))
            .header(DELETE_TOKEN_HEADER, secret(token)?);
        match self.tus(request).await {
            Err(error) if error.code != "blob_unknown" => Err(error),
            _ => Ok(()),
        }
    }

    /// Asks for a blob of `len` bytes from `offset` on.
    ///
    /// # Errors
    /// `blob_unknown`; `attachment_damaged` if it has another length.
    pub(crate) async fn read(
        &self,
        blob: &BlobId,
        token: &SecretBytes<32>,
        offset: u64,
        len: u64,
    ) -> Result<Download> {
        let response = self
            .request(Method::GET, Some(blob))
            .header(READ_TOKEN_HEADER, secret(token)?)
            .header(RANGE, format!("bytes={offset}-"))
            .send()
            .await
            .map_err(|error| self.endpoint.failure(&error))?;
        match response.status() {
            StatusCode::PARTIAL_CONTENT => {
                let range = text(response.headers(), CONTENT_RANGE.as_str());
                if range != Some(&format!("bytes {offset}-{}/{len}", len - 1)) {
                    return Err(damaged());
                }
            }
            StatusCode::OK if offset == 0 && response.content_length() == Some(len) => {}
            StatusCode::OK | StatusCode::RANGE_NOT_SATISFIABLE => return Err(damaged()),
            _ => {
                self.check(response).await?;
                return Err(damaged());
            }
        }
        Ok(Download {
            response,
            endpoint: self.endpoint.clone(),
        })
    }

    fn request(&self, method: Method, blob: Option<&BlobId>) -> RequestBuilder {
        let address = &self.endpoint.address;
        let url = match blob {
            None => format!("https://{address}/group/v1/blobs"),
            Some(blob) => format!("https://{address}/group/v1/blobs/{blob}"),
        };
        self.client
            .request(method, url)
            .header("tus-resumable", TUS_VERSION)
    }

    async fn tus(&self, request: RequestBuilder) -> Result<HeaderMap> {
        let response = request
            .send()
            .await
            .map_err(|error| self.endpoint.failure(&error))?;
        let headers = response.headers().clone();
        self.check(response).await?;
        Ok(headers)
    }

    async fn check(&self, response: Response) -> Result<()> {
        match refusal::read(&self.endpoint, response, 0).await? {
            Answer::Success(_) => Ok(()),
            Answer::Refused(problem) => Err(CoreError::from_problem(&problem)),
            Answer::Foreign(error) => Err(error),
        }
    }

    fn offset(&self, headers: &HeaderMap, least: u64, most: u64) -> Result<u64> {
        text(headers, OFFSET)
            .and_then(|offset| offset.parse().ok())
            .filter(|offset| (least..=most).contains(offset))
            .ok_or_else(|| refusal::malformed(&self.endpoint, "an impossible upload offset"))
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// A token as a header that is not printed.
fn secret(token: &SecretBytes<32>) -> Result<HeaderValue> {
    let text = encode_token(token.expose());
    let mut value = HeaderValue::try_from(text.as_str()).map_err(CoreError::internal)?;
    value.set_sensitive(true);
    Ok(value)
}

/// The relay gives out something else than the message speaks of.
pub(crate) fn damaged() -> CoreError {
    CoreError::new(
        ErrorKind::Io,
        "attachment_damaged",
        "the file at the relay is not the one that was sent",
        "ask the sender to send it again",
    )
}

/// A blob that is coming.
pub(crate) struct Download {
    response: Response,
    endpoint: Endpoint,
}

impl Download {
    /// What comes next; `None` at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>> {
        let next = self.response.chunk().await;
        next.map_err(|error| self.endpoint.failure(&error))
    }
}
