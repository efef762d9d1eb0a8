//! Names of messages.

use std::fmt;

use data_encoding::HEXLOWER;
use sealwire_crypto::{AccountPublic, sha256};

use super::Content;
use crate::ids::ConversationId;

/// SHA-256 in the IANA Named Information registry (RFC 6920 §9.4).
const SHA_256: u8 = 1;

/// A message's name, 32 bytes, which every member derives alike
/// (draft-ietf-mimi-content-09 §3.3).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageId(pub [u8; 32]);

impl MessageId {
    /// Derives the id of `message`, an encoded content with this salt:
    /// 0x01 || first 31 bytes of SHA-256(len(sender) || sender || len(room) || room || message ||
    /// salt), lengths in 2 bytes, big endian.
    ///
    /// The sender is the URI `sealwire:account:` and the account key, the room is
    /// `sealwire:conversation:` and the conversation id, both in lower-case hexadecimal; so the
    /// id survives a change of device, handle or group.
    #[must_use]
    pub fn derive(
        sender: &AccountPublic,
        conversation: &ConversationId,
        message: &[u8],
        salt: &[u8; 16],
    ) -> Self {
        let sender = format!("sealwire:account:{sender}");
        let room = format!("sealwire:conversation:{conversation}");
        from_uris(&sender, &room, message, salt)
    }
}

pub(super) fn from_uris(sender: &str, room: &str, message: &[u8], salt: &[u8; 16]) -> MessageId {
    let len = |text: &str| (text.len() as u16).to_be_bytes();
    let hash = sha256(&[
        &len(sender),
        sender.as_bytes(),
        &len(room),
        room.as_bytes(),
        message,
        salt,
    ]);
    let mut id = [SHA_256; 32];
    id[1..].copy_from_slice(&hash[..31]);
    MessageId(id)
}

impl Content {
    /// The message's id, given who sent it in which conversation.
    #[must_use]
    pub fn message_id(&self, sender: &AccountPublic, conversation: &ConversationId) -> MessageId {
        MessageId::derive(sender, conversation, &self.encode(), &self.salt)
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MessageId({self})")
    }
}
