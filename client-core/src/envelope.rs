//! What this device writes into the inboxes of others.

use sealwire_protocol::{
    certificate::DeviceCertificate,
    envelope::{Body, seal_envelope},
};

use crate::{
    core::Core,
    error::{CoreError, Result},
    store::Posting,
};

/// Seals `body` to one device, in this device's name.
pub(crate) fn seal(core: &Core, body: &Body, to: &DeviceCertificate) -> Result<Posting> {
    let envelope = seal_envelope(
        body,
        Some(&core.certificate),
        &core.identity.device_key,
        (to.device(), to.inbox_key()),
        core.now_s(),
        &mut rand::rng(),
    )
    .map_err(CoreError::internal)?;
    Ok(Posting::Envelope {
        device: to.device(),
        envelope,
    })
}
