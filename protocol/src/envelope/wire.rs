//! The protobuf form of envelopes.
//!
//! `prost` builds its messages from plain vectors, so each one that may hold secrets is wiped
//! when dropped and shows nothing of them in `Debug`.

use prost::Message;
use sealwire_crypto::{AccountKey, BlobKey, CryptoError, DevicePublic, InboxPublic, SecretBytes};
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::{BlobRef, Body, EnvelopeError, JoinRequest, LinkGrant, LinkRequest, Rejoin, Welcome};
use crate::{
    certificate::DeviceCertificate,
    ids::{BlobId, ConversationId, DeviceId, LogId},
};

/// What is sealed.
#[derive(Message, Zeroize, ZeroizeOnDrop)]
#[prost(skip_debug)]
pub(super) struct SignedEnvelope {
    /// An encoded [`Content`].
    #[prost(bytes = "vec", tag = "1")]
    pub(super) content: Vec<u8>,
    /// By the sender's device key over `content`, context `Envelope`.
    #[prost(bytes = "vec", tag = "2")]
    pub(super) signature: Vec<u8>,
}

/// What is signed.
#[derive(PartialEq, Message)]
#[prost(skip_debug)]
pub(super) struct Content {
    #[prost(bytes = "vec", tag = "1")]
    pub(super) sender: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    pub(super) recipient: Vec<u8>,
    #[prost(uint64, tag = "3")]
    pub(super) sent_at_s: u64,
    #[prost(oneof = "WireBody", tags = "4, 5, 6, 7, 8, 9")]
    pub(super) body: Option<WireBody>,
}

#[derive(PartialEq, prost::Oneof)]
#[prost(skip_debug)]
pub(super) enum WireBody {
    #[prost(message, tag = "4")]
    Welcome(WireWelcome),
    #[prost(message, tag = "5")]
    Rejoin(WireRejoin),
    #[prost(message, tag = "6")]
    LinkRequest(WireLinkRequest),
    #[prost(message, tag = "7")]
    LinkGrant(WireLinkGrant),
    #[prost(message, tag = "8")]
    JoinRequest(WireJoinRequest),
    #[prost(bytes, tag = "9")]
    Coverage(Vec<u8>),
}

#[derive(PartialEq, Message, Zeroize, ZeroizeOnDrop)]
#[prost(skip_debug)]
pub(super) struct WireBlobRef {
    #[prost(bytes = "vec", tag = "1")]
    blob: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    read_token: Vec<u8>,
    #[prost(bytes = "vec", tag = "3")]
    key: Vec<u8>,
}

#[derive(PartialEq, Message)]
#[prost(skip_debug)]
pub(super) struct WireWelcome {
    #[prost(bytes = "vec", tag = "1")]
    log: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    conversation: Vec<u8>,
    #[prost(message, optional, tag = "3")]
    blob: Option<WireBlobRef>,
}

#[derive(PartialEq, Message)]
#[prost(skip_debug)]
pub(super) struct WireRejoin {
    #[prost(bytes = "vec", tag = "1")]
    log: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    key_package: Vec<u8>,
}

#[derive(PartialEq, Message)]
#[prost(skip_debug)]
pub(super) struct WireLinkRequest {
    #[prost(bytes = "vec", tag = "1")]
    device: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    signature_key: Vec<u8>,
    #[prost(bytes = "vec", tag = "3")]
    inbox_key: Vec<u8>,
    #[prost(bytes = "vec", tag = "4")]
    mac: Vec<u8>,
}

#[derive(PartialEq, Message, Zeroize, ZeroizeOnDrop)]
#[prost(skip_debug)]
pub(super) struct WireLinkGrant {
    #[prost(bytes = "vec", tag = "1")]
    certificate: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    account_seed: Vec<u8>,
    #[prost(message, optional, tag = "3")]
    roster: Option<WireBlobRef>,
}

#[derive(PartialEq, Message)]
#[prost(skip_debug)]
pub(super) struct WireJoinRequest {
    #[prost(bytes = "vec", tag = "1")]
    conversation: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    key_package: Vec<u8>,
    #[prost(bytes = "vec", tag = "3")]
    mac: Vec<u8>,
}

impl Body {
    pub(super) fn to_wire(&self) -> WireBody {
        match self {
            Self::Welcome(welcome) => WireBody::Welcome(WireWelcome {
                log: welcome.log.0.to_vec(),
                conversation: welcome.conversation.0.to_vec(),
                blob: Some(welcome.blob.to_wire()),
            }),
            Self::Rejoin(rejoin) => WireBody::Rejoin(WireRejoin {
                log: rejoin.log.0.to_vec(),
                key_package: rejoin.key_package.clone(),
            }),
            Self::LinkRequest(request) => WireBody::LinkRequest(WireLinkRequest {
                device: request.device.0.to_vec(),
                signature_key: request.signature_key.as_bytes().to_vec(),
                inbox_key: request.inbox_key.as_bytes().to_vec(),
                mac: request.mac.to_vec(),
            }),
            Self::LinkGrant(grant) => WireBody::LinkGrant(WireLinkGrant {
                certificate: grant.certificate.as_bytes().to_vec(),
                account_seed: grant.account_key.seed().expose().to_vec(),
                roster: grant.roster.as_ref().map(BlobRef::to_wire),
            }),
            Self::JoinRequest(request) => WireBody::JoinRequest(WireJoinRequest {
                conversation: request.conversation.0.to_vec(),
                key_package: request.key_package.clone(),
                mac: request.mac.to_vec(),
            }),
            Self::Coverage(signed) => WireBody::Coverage(signed.clone()),
        }
    }

    pub(super) fn from_wire(wire: &WireBody) -> Result<Self, EnvelopeError> {
        Ok(match wire {
            WireBody::Welcome(welcome) => Self::Welcome(Welcome {
                log: LogId::from_slice(&welcome.log)?,
                conversation: ConversationId::from_slice(&welcome.conversation)?,
                blob: BlobRef::from_wire(welcome.blob.as_ref().ok_or(EnvelopeError::Malformed)?)?,
            }),
            WireBody::Rejoin(rejoin) => Self::Rejoin(Rejoin {
                log: LogId::from_slice(&rejoin.log)?,
                key_package: rejoin.key_package.clone(),
            }),
            WireBody::LinkRequest(request) => Self::LinkRequest(LinkRequest {
                device: DeviceId::from_slice(&request.device)?,
                signature_key: DevicePublic::from_bytes(&request.signature_key)?,
                inbox_key: InboxPublic::from_bytes(&request.inbox_key)?,
                mac: (*request.mac)
                    .try_into()
                    .map_err(|_| EnvelopeError::Malformed)?,
            }),
            WireBody::LinkGrant(grant) => Self::LinkGrant(Box::new(LinkGrant {
                certificate: DeviceCertificate::from_bytes(&grant.certificate)?,
                account_key: AccountKey::from_seed(&SecretBytes::from_slice(&grant.account_seed)?),
                roster: grant.roster.as_ref().map(BlobRef::from_wire).transpose()?,
            })),
            WireBody::JoinRequest(request) => Self::JoinRequest(JoinRequest {
                conversation: ConversationId::from_slice(&request.conversation)?,
                key_package: request.key_package.clone(),
                mac: (*request.mac)
                    .try_into()
                    .map_err(|_| EnvelopeError::Malformed)?,
            }),
            WireBody::Coverage(signed) => Self::Coverage(signed.clone()),
        })
    }
}

impl BlobRef {
    fn to_wire(&self) -> WireBlobRef {
        WireBlobRef {
            blob: self.blob.0.to_vec(),
            read_token: self.read_token.expose().to_vec(),
            key: self.key.expose().to_vec(),
        }
    }

    fn from_wire(wire: &WireBlobRef) -> Result<Self, EnvelopeError> {
        let key = |error: CryptoError| EnvelopeError::Key(error);
        Ok(Self {
            blob: BlobId::from_slice(&wire.blob)?,
            read_token: SecretBytes::from_slice(&wire.read_token).map_err(key)?,
            key: BlobKey::from_slice(&wire.key).map_err(key)?,
        })
    }
}
