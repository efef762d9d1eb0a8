//! What envelopes say.

use sealwire_crypto::{AccountKey, BlobKey, SecretBytes};

use super::{JoinRequest, LinkRequest};
use crate::{
    certificate::DeviceCertificate,
    ids::{BlobId, ConversationId, LogId},
};

/// What an envelope says.
pub enum Body {
    /// Come into a group.
    Welcome(Welcome),
    /// Take me back into a group.
    Rejoin(Rejoin),
    /// Make me a device of your account.
    LinkRequest(LinkRequest),
    /// You are a device of my account.
    LinkGrant(Box<LinkGrant>),
    /// Let me into a conversation.
    JoinRequest(JoinRequest),
    /// So many of my conversations have a records custodian: a signed
    /// [`CoverageCount`](crate::coverage::CoverageCount).
    Coverage(Vec<u8>),
}

/// Where a blob is and how to read it.
pub struct BlobRef {
    /// The blob.
    pub blob: BlobId,
    /// What the relay asks for, 32 bytes.
    pub read_token: SecretBytes<32>,
    /// What the content is encrypted with, 32 bytes.
    pub key: BlobKey,
}

/// An invitation into a group. The MLS Welcome is in the blob, a
/// [`WelcomeBlob`](super::WelcomeBlob).
pub struct Welcome {
    /// The group's log.
    pub log: LogId,
    /// The conversation that the group carries.
    pub conversation: ConversationId,
    /// Where the MLS Welcome is.
    pub blob: BlobRef,
}

/// Asks a member to replace the sender's lost leaf.
pub struct Rejoin {
    /// The group's log.
    pub log: LogId,
    /// A fresh key package: an `MLSMessage` (RFC 9420 §10).
    pub key_package: Vec<u8>,
}

/// What a new device of the sender's account needs.
pub struct LinkGrant {
    /// The new device's certificate.
    pub certificate: DeviceCertificate,
    /// The account's key.
    pub account_key: AccountKey,
    /// The account's groups: a [`RosterBlob`](super::RosterBlob); `None` if it is in none.
    pub roster: Option<BlobRef>,
}
