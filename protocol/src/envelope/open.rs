//! Opening envelopes.

use sealwire_crypto::{DevicePublic, InboxKey, SignContext, Signature, open};
use zeroize::Zeroizing;

use super::{
    Body, EnvelopeError, INFO, LENGTH, LinkGrant, VERSION,
    seal::authenticated,
    wire::{Content, SignedEnvelope},
};
use crate::{canonical, certificate::DeviceCertificate, ids::DeviceId, limits::ENVELOPE};

/// An envelope that was opened and whose signatures were checked.
///
/// The sender's certificate is signed by the account it names; whether that account is who it
/// says, is for the directory.
pub struct OpenedEnvelope {
    /// Who sent it; `None` for a link request, which nobody vouches for until
    /// [`LinkRequest::verify_mac`](super::LinkRequest::verify_mac) succeeds.
    pub sender: Option<DeviceCertificate>,
    /// When, by the sender's clock, in seconds since the Unix epoch.
    pub sent_at_s: u64,
    /// What it says.
    pub body: Body,
}

/// Opens an envelope sealed to `own`, and checks signature and recipient.
///
/// A link grant is also checked to be whole: its certificate is for `own` and of the sender's
/// account, and the account key is that account's.
///
/// # Errors
/// [`EnvelopeError`] says which rule the bytes break.
pub fn open_envelope(
    key: &InboxKey,
    own: &DeviceId,
    bytes: &[u8],
) -> Result<OpenedEnvelope, EnvelopeError> {
    if bytes.len() != ENVELOPE {
        return Err(EnvelopeError::Size(bytes.len()));
    }
    if bytes[0] != VERSION {
        return Err(EnvelopeError::UnknownVersion(bytes[0]));
    }
    let plaintext = open(key, INFO, &authenticated(own), &bytes[1..])
        .map(Zeroizing::new)
        .map_err(|_| EnvelopeError::OpenFailed)?;
    let signed: SignedEnvelope =
        canonical::decode(unpad(&plaintext)?).ok_or(EnvelopeError::Malformed)?;
    let content: Content = canonical::decode(&signed.content).ok_or(EnvelopeError::Malformed)?;
    if content.recipient != own.as_bytes() {
        return Err(EnvelopeError::Recipient);
    }
    let wire = content.body.as_ref().ok_or(EnvelopeError::UnknownBody)?;
    let body = Body::from_wire(wire)?;
    let sender = match &*content.sender {
        [] => None,
        certificate => Some(DeviceCertificate::from_bytes(certificate)?),
    };
    let signature =
        Signature::from_bytes(&signed.signature).map_err(|_| EnvelopeError::Signature)?;
    signer(&body, sender.as_ref())?
        .verify(SignContext::Envelope, &signed.content, &signature)
        .map_err(|_| EnvelopeError::Signature)?;
    if let (Body::LinkGrant(grant), Some(sender)) = (&body, &sender) {
        check_grant(grant, sender, own)?;
    }
    Ok(OpenedEnvelope {
        sender,
        sent_at_s: content.sent_at_s,
        body,
    })
}

/// The signed part: everything after it must be zero, so that one content has one plaintext.
fn unpad(plaintext: &[u8]) -> Result<&[u8], EnvelopeError> {
    let (length, rest) = plaintext
        .split_first_chunk::<LENGTH>()
        .ok_or(EnvelopeError::Malformed)?;
    let (signed, padding) = rest
        .split_at_checked(usize::from(u16::from_be_bytes(*length)))
        .ok_or(EnvelopeError::Malformed)?;
    if padding.iter().any(|byte| *byte != 0) {
        return Err(EnvelopeError::Malformed);
    }
    Ok(signed)
}

/// The key that must have signed: the sender's, or the one that a link request proposes.
fn signer<'a>(
    body: &'a Body,
    sender: Option<&'a DeviceCertificate>,
) -> Result<&'a DevicePublic, EnvelopeError> {
    match (body, sender) {
        (Body::LinkRequest(request), None) => Ok(&request.signature_key),
        (Body::LinkRequest(_), Some(_)) => Err(EnvelopeError::SenderUnexpected),
        (_, Some(sender)) => Ok(sender.signature_key()),
        (_, None) => Err(EnvelopeError::SenderMissing),
    }
}

fn check_grant(
    grant: &LinkGrant,
    sender: &DeviceCertificate,
    own: &DeviceId,
) -> Result<(), EnvelopeError> {
    let whole = grant.certificate.same_account(sender)
        && grant.certificate.device() == *own
        && grant.account_key.public() == *sender.account();
    if whole {
        Ok(())
    } else {
        Err(EnvelopeError::Grant)
    }
}
