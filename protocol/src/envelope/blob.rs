//! The blobs that envelopes refer to.

use prost::Message;

use super::EnvelopeError;
use crate::{
    canonical,
    ids::{ConversationId, IdError, LogId},
    limits::MAX_BLOB,
};

/// Most groups in one [`RosterBlob`].
pub const MAX_ROSTER: usize = 10_000;

/// What a new member needs.
///
/// ```proto
/// message WelcomeBlob { bytes welcome = 1; bytes ratchet_tree = 2; string name = 3; }
/// ```
#[derive(Clone, PartialEq, Eq, Message)]
#[prost(skip_debug)]
pub struct WelcomeBlob {
    /// An `MLSMessage` that holds a `Welcome` (RFC 9420 §12.4.3.1).
    #[prost(bytes = "vec", tag = "1")]
    pub welcome: Vec<u8>,
    /// The ratchet tree (RFC 9420 §12.4.3.3).
    #[prost(bytes = "vec", tag = "2")]
    pub ratchet_tree: Vec<u8>,
    /// What to call the group while joining; the policy extension decides.
    #[prost(string, tag = "3")]
    pub name: String,
}

impl std::fmt::Debug for WelcomeBlob {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WelcomeBlob(..)")
    }
}

impl WelcomeBlob {
    /// The one encoding.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        self.encode_to_vec()
    }

    /// Reads the content of a blob, at most [`MAX_BLOB`] bytes, canonical form only.
    ///
    /// # Errors
    /// [`EnvelopeError::Malformed`] for anything else.
    pub fn parse(bytes: &[u8]) -> Result<Self, EnvelopeError> {
        bounded(bytes)
            .and_then(canonical::decode)
            .ok_or(EnvelopeError::Malformed)
    }
}

fn bounded(bytes: &[u8]) -> Option<&[u8]> {
    (bytes.len() <= MAX_BLOB).then_some(bytes)
}

/// One group of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RosterGroup {
    /// The group's log.
    pub log: LogId,
    /// The conversation that it carries.
    pub conversation: ConversationId,
}

/// The groups of an account, for its new device to wait for.
///
/// ```proto
/// message RosterBlob { repeated Group groups = 1; }
/// message Group { bytes log = 1; bytes conversation = 2; }   // 32, 16
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RosterBlob {
    /// At most [`MAX_ROSTER`].
    pub groups: Vec<RosterGroup>,
}

#[derive(Clone, PartialEq, Message)]
struct WireRoster {
    #[prost(message, repeated, tag = "1")]
    groups: Vec<WireGroup>,
}

#[derive(Clone, PartialEq, Message)]
struct WireGroup {
    #[prost(bytes = "vec", tag = "1")]
    log: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    conversation: Vec<u8>,
}

impl RosterBlob {
    /// The one encoding.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let group = |group: &RosterGroup| WireGroup {
            log: group.log.0.to_vec(),
            conversation: group.conversation.0.to_vec(),
        };
        WireRoster {
            groups: self.groups.iter().map(group).collect(),
        }
        .encode_to_vec()
    }

    /// Reads the content of a blob, at most [`MAX_ROSTER`] groups, canonical form only.
    ///
    /// # Errors
    /// [`EnvelopeError::Malformed`] or [`EnvelopeError::Id`] for anything else.
    pub fn parse(bytes: &[u8]) -> Result<Self, EnvelopeError> {
        let wire: WireRoster = bounded(bytes)
            .and_then(canonical::decode)
            .filter(|wire: &WireRoster| wire.groups.len() <= MAX_ROSTER)
            .ok_or(EnvelopeError::Malformed)?;
        let group = |group: &WireGroup| {
            Ok(RosterGroup {
                log: LogId::from_slice(&group.log)?,
                conversation: ConversationId::from_slice(&group.conversation)?,
            })
        };
        let groups: Result<_, IdError> = wire.groups.iter().map(group).collect();
        Ok(Self { groups: groups? })
    }
}
