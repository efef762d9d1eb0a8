//! Group-plane requests that must not be linked: each on a TLS connection of its own, without
//! cookies, tickets or account credentials.

use std::time::Duration;

use bytes::Bytes;
use prost::Message;
use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, Response};
use sealwire_protocol::blob::{
    BlobMetadata, OFFSET_TYPE, READ_TOKEN_HEADER, TUS_VERSION, encode_token,
};
use sealwire_protocol::frame::{self, InboxPost, KeyPackageReply, KeyPackageRequest};
use sealwire_protocol::ids::{BlobId, DeviceId};
use sealwire_protocol::limits::{MAX_BLOB, MAX_KEY_PACKAGE};
use zeroize::Zeroizing;

use super::refusal::{self, Answer};
use super::tls::Endpoint;
use crate::error::{CoreError, ErrorKind, Result};

const CONNECT: Duration = Duration::from_secs(10);
const REQUEST: Duration = Duration::from_secs(30);
/// Blobs are large: 8 MiB in this time need half a megabit a second.
const BLOB: Duration = Duration::from_secs(150);
/// More than what protobuf adds to the bytes it carries.
const FRAMING: usize = 1024;

/// Takes one key package of a device; the flag says that it is the last resort.
pub(crate) async fn take_key_package(
    endpoint: &Endpoint,
    device: &DeviceId,
) -> Result<(Vec<u8>, bool)> {
    let request = KeyPackageRequest {
        device: Bytes::copy_from_slice(device.as_bytes()),
    };
    let limit = MAX_KEY_PACKAGE + FRAMING;
    let body = post(endpoint, "key-package", &request, limit, REQUEST).await?;
    let reply: KeyPackageReply = decode(endpoint, &body)?;
    Ok((reply.key_package.into(), reply.last_resort))
}

/// Posts one sealed envelope into a device's inbox.
pub(crate) async fn post_envelope(
    endpoint: &Endpoint,
    device: &DeviceId,
    envelope: Vec<u8>,
) -> Result<()> {
    let request = InboxPost {
        device: Bytes::copy_from_slice(device.as_bytes()),
        envelope: envelope.into(),
    };
    post(endpoint, "inbox", &request, FRAMING, REQUEST)
        .await
        .map(drop)
}

/// Nobody knows a token with this hash, so nobody removes the blob before its time.
const NO_DELETE_TOKEN: [u8; 32] = [0; 32];

/// Stores an encrypted blob for `days` days, in one request that may be repeated.
pub(crate) async fn put_blob(
    endpoint: &Endpoint,
    blob: &BlobId,
    read_token_hash: &[u8; 32],
    days: u32,
    content: Vec<u8>,
) -> Result<()> {
    let metadata = BlobMetadata {
        blob: *blob,
        read_token_hash: *read_token_hash,
        delete_token_hash: NO_DELETE_TOKEN,
        days,
    };
    let length = content.len().to_string();
    let response = client(endpoint, BLOB)?
        .post(url(endpoint, "blobs"))
        .header("tus-resumable", TUS_VERSION)
        .header("upload-length", &length)
        .header("upload-metadata", metadata.encode())
        .header(CONTENT_TYPE, OFFSET_TYPE)
        .body(content)
        .send()
        .await
        .map_err(|error| endpoint.failure(&error))?;
    // A relay may answer before it has everything; a repeat goes on from there.
    let offset = response.headers().get("upload-offset");
    let whole = offset.is_some_and(|offset| offset == length.as_str());
    succeeded(endpoint, response, FRAMING).await?;
    if whole {
        return Ok(());
    }
    Err(CoreError::new(
        ErrorKind::Io,
        "upload_unfinished",
        format!("{} did not take all of an upload", endpoint.address),
        "nothing is lost; it is repeated by itself",
    ))
}

/// Reads an encrypted blob of at most [`MAX_BLOB`] bytes.
pub(crate) async fn get_blob(
    endpoint: &Endpoint,
    blob: &BlobId,
    read_token: &[u8; 32],
) -> Result<Vec<u8>> {
    let response = client(endpoint, BLOB)?
        .get(url(endpoint, &format!("blobs/{blob}")))
        .header(READ_TOKEN_HEADER, encode_token(read_token).as_str())
        .send()
        .await
        .map_err(|error| endpoint.failure(&error))?;
    succeeded(endpoint, response, MAX_BLOB)
        .await
        .map(Into::into)
}

/// A client for one request on one connection. It is dropped after it, and with it everything
/// that could tie the next request to this one.
fn client(endpoint: &Endpoint, timeout: Duration) -> Result<Client> {
    Client::builder()
        .tls_backend_preconfigured(endpoint.tls_config(&[b"http/1.1"], false)?)
        .https_only(true)
        .http1_only()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .retry(reqwest::retry::never())
        .pool_max_idle_per_host(0)
        .connect_timeout(CONNECT)
        .timeout(timeout)
        .build()
        .map_err(CoreError::internal)
}

fn url(endpoint: &Endpoint, path: &str) -> String {
    format!("https://{}/group/v1/{path}", endpoint.address)
}

async fn post(
    endpoint: &Endpoint,
    path: &str,
    message: &impl Message,
    limit: usize,
    timeout: Duration,
) -> Result<Bytes> {
    let response = client(endpoint, timeout)?
        .post(url(endpoint, path))
        .header(CONTENT_TYPE, "application/protobuf")
        .body(Bytes::from_owner(Zeroizing::new(message.encode_to_vec())))
        .send()
        .await
        .map_err(|error| endpoint.failure(&error))?;
    succeeded(endpoint, response, limit).await
}

/// The body of a success.
async fn succeeded(endpoint: &Endpoint, response: Response, limit: usize) -> Result<Bytes> {
    match refusal::read(endpoint, response, limit).await? {
        Answer::Success(mut body) => Ok(std::mem::take(&mut *body).into()),
        Answer::Refused(problem) => Err(CoreError::from_problem(&problem)),
        Answer::Foreign(error) => Err(error),
    }
}

fn decode<M: Message + Default>(endpoint: &Endpoint, body: &Bytes) -> Result<M> {
    frame::decode(body)
        .map_err(|error| refusal::malformed(endpoint, format_args!("a bad answer: {error}")))
}
