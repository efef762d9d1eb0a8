//! Group-plane requests that must not be linked: each on a TLS connection of its own, without
//! cookies, tickets or account credentials.

use std::time::Duration;

use bytes::Bytes;
use prost::Message;
use reqwest::Client;
use reqwest::header::CONTENT_TYPE;
use sealwire_protocol::frame::{
    self, BlobGet, BlobPut, BlobReply, InboxPost, KeyPackageReply, KeyPackageRequest,
};
use sealwire_protocol::ids::{BlobId, DeviceId};
use sealwire_protocol::limits::{MAX_BLOB, MAX_KEY_PACKAGE};
use zeroize::Zeroizing;

use super::refusal::{self, Answer};
use super::tls::Endpoint;
use crate::error::{CoreError, Result};

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

/// Stores an encrypted blob for `days` days.
pub(crate) async fn put_blob(
    endpoint: &Endpoint,
    blob: &BlobId,
    read_token_hash: &[u8; 32],
    days: u32,
    content: Vec<u8>,
) -> Result<()> {
    let request = BlobPut {
        blob: Bytes::copy_from_slice(blob.as_bytes()),
        read_token_hash: Bytes::copy_from_slice(read_token_hash),
        days,
        content: content.into(),
    };
    post(endpoint, "blob", &request, FRAMING, BLOB)
        .await
        .map(drop)
}

/// Reads an encrypted blob.
pub(crate) async fn get_blob(
    endpoint: &Endpoint,
    blob: &BlobId,
    read_token: &[u8; 32],
) -> Result<Vec<u8>> {
    let request = BlobGet {
        blob: Bytes::copy_from_slice(blob.as_bytes()),
        read_token: Bytes::from_owner(Zeroizing::new(*read_token)),
    };
    let body = post(endpoint, "blob/read", &request, MAX_BLOB + FRAMING, BLOB).await?;
    let reply: BlobReply = decode(endpoint, &body)?;
    Ok(reply.content.into())
}

/// One request on one connection. The client is dropped with it, and with the client everything
/// that could tie the next request to this one.
async fn post(
    endpoint: &Endpoint,
    path: &str,
    message: &impl Message,
    limit: usize,
    timeout: Duration,
) -> Result<Bytes> {
    let client = Client::builder()
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
        .map_err(CoreError::internal)?;
    let url = format!("https://{}/group/v1/{path}", endpoint.address);
    let response = client
        .post(url)
        .header(CONTENT_TYPE, "application/protobuf")
        .body(Bytes::from_owner(Zeroizing::new(message.encode_to_vec())))
        .send()
        .await
        .map_err(|error| endpoint.failure(&error))?;
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
