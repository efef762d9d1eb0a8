//! Requests of the group plane that must not be linked, each on a connection of its own.

use std::sync::Arc;

use axum::extract::{FromRequestParts, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use sealwire_crypto::sealed_blob_len_is_valid;
use sealwire_protocol::frame::{
    BlobGet, BlobPut, BlobReply, InboxPost, KeyPackageReply, KeyPackageRequest,
};
use sealwire_protocol::ids::{BlobId, DeviceId};
use sealwire_protocol::limits::{ENVELOPE, MAX_BLOB};
use sealwire_protocol::problem::Code;
use tokio::sync::OwnedSemaphorePermit;

use super::GroupPlane;
use super::blobs::NewBlob;
use crate::clock;
use crate::http::Proto;
use crate::refusal::{Answer, Refusal};

/// Most days that a blob is kept.
const MOST_DAYS: u32 = 30;
const DAY_S: u64 = 24 * 60 * 60;

fn bad_id(error: impl std::fmt::Display) -> Refusal {
    Refusal::malformed(format!("{error}."))
}

/// A place among the requests for blobs, taken before the body is read into memory.
pub(super) struct BlobPlace {
    _permit: Option<OwnedSemaphorePermit>,
}

impl FromRequestParts<Arc<GroupPlane>> for BlobPlace {
    type Rejection = Refusal;

    async fn from_request_parts(_: &mut Parts, plane: &Arc<GroupPlane>) -> Answer<Self> {
        Ok(Self {
            _permit: plane.blobs.place().await,
        })
    }
}

pub(super) async fn key_package(
    State(plane): State<Arc<GroupPlane>>,
    Proto(request): Proto<KeyPackageRequest>,
) -> Answer<Proto<KeyPackageReply>> {
    let device = DeviceId::from_slice(&request.device).map_err(bad_id)?;
    let taken = plane.mailroom.take_key_package(device).await?;
    Ok(Proto(KeyPackageReply {
        key_package: taken.bytes,
        last_resort: taken.last_resort,
    }))
}

pub(super) async fn inbox(
    State(plane): State<Arc<GroupPlane>>,
    Proto(request): Proto<InboxPost>,
) -> Answer<StatusCode> {
    let device = DeviceId::from_slice(&request.device).map_err(bad_id)?;
    if request.envelope.len() != ENVELOPE {
        return Err(Refusal::new(
            Code::Grammar,
            format!("An envelope is exactly {ENVELOPE} bytes; larger content goes by blob."),
        ));
    }
    plane.mailroom.post(device, request.envelope).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn put_blob(
    State(plane): State<Arc<GroupPlane>>,
    _place: BlobPlace,
    Proto(request): Proto<BlobPut>,
) -> Answer<StatusCode> {
    let id = BlobId::from_slice(&request.blob).map_err(bad_id)?;
    let Ok(token_hash) = <[u8; 32]>::try_from(request.read_token_hash.as_ref()) else {
        return Err(Refusal::malformed("The hash of a read token is 32 bytes."));
    };
    if !(1..=MOST_DAYS).contains(&request.days) {
        return Err(Refusal::malformed("A blob is kept for 1 to 30 days."));
    }
    if request.content.len() > MAX_BLOB {
        return Err(Refusal::new(
            Code::TooLarge,
            format!("A blob is at most {MAX_BLOB} bytes; split the attachment."),
        ));
    }
    if !sealed_blob_len_is_valid(request.content.len() as u64) {
        return Err(Refusal::new(
            Code::Grammar,
            "This is not the length of a sealed blob; encrypt and pad before sending.",
        ));
    }
    let blob = NewBlob {
        id,
        token_hash,
        expires_s: clock::now_s() + u64::from(request.days) * DAY_S,
        content: request.content,
    };
    plane.blobs.put(blob).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn read_blob(
    State(plane): State<Arc<GroupPlane>>,
    _place: BlobPlace,
    Proto(request): Proto<BlobGet>,
) -> Answer<Proto<BlobReply>> {
    let id = BlobId::from_slice(&request.blob).map_err(bad_id)?;
    let content = plane
        .blobs
        .read(id, request.read_token, clock::now_s())
        .await?;
    Ok(Proto(BlobReply { content }))
}
