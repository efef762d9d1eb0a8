//! Requests of the group plane that must not be linked, each on a connection of its own.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use sealwire_protocol::frame::{InboxPost, KeyPackageReply, KeyPackageRequest};
use sealwire_protocol::ids::DeviceId;
use sealwire_protocol::limits::ENVELOPE;
use sealwire_protocol::problem::Code;

use super::GroupPlane;
use crate::http::Proto;
use crate::refusal::{Answer, Refusal};

fn bad_id(error: impl std::fmt::Display) -> Refusal {
    Refusal::malformed(format!("{error}."))
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
