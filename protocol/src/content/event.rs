//! Signals inside a group that are not text.

use minicbor::{Decoder, Encoder, decode::Error};
use sealwire_crypto::Signature;

use super::MessageId;

/// A signal to the members. As CBOR: a text string, or a list that begins with one.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum GroupEvent {
    /// `"joined"`: a new device's first act; it has joined and can read.
    Joined,
    /// `"leave-request"`: the sender's account asks to be removed.
    LeaveRequest,
    /// `["receipt", delivered, read]`: the sender's account has received, and its person has seen,
    /// everything up to these messages; null says nothing.
    Receipt {
        /// Newest message that has arrived.
        delivered: Option<MessageId>,
        /// Newest message that was seen.
        read: Option<MessageId>,
    },
    /// `["acknowledged", target, at, signature]`: the sender's person confirms a message that asked
    /// for it. [`acknowledgement_message`] is what is signed.
    Acknowledged {
        /// The message that is confirmed.
        target: MessageId,
        /// Seconds since the Unix epoch, by the sender's clock.
        at_s: u64,
        /// By the sender's device key, context `Acknowledgement`.
        signature: Signature,
    },
    /// A signal of a newer version: one CBOR item, kept as it came.
    Unknown(Vec<u8>),
}

/// What a device signs to confirm a message, context `Acknowledgement`: conversation (16) ||
/// message id (32) || `at_s` (8, big endian).
#[must_use]
pub fn acknowledgement_message(
    conversation: &crate::ids::ConversationId,
    target: &MessageId,
    at_s: u64,
) -> Vec<u8> {
    [&conversation.0[..], &target.0, &at_s.to_be_bytes()].concat()
}

impl GroupEvent {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut cbor = Encoder::new(Vec::new());
        self.write(&mut cbor)
            .expect("writing to memory cannot fail");
        cbor.into_writer()
    }

    fn write(
        &self,
        cbor: &mut Encoder<Vec<u8>>,
    ) -> Result<(), minicbor::encode::Error<std::convert::Infallible>> {
        match self {
            Self::Joined => cbor.str("joined")?,
            Self::LeaveRequest => cbor.str("leave-request")?,
            Self::Receipt { delivered, read } => {
                cbor.array(3)?.str("receipt")?;
                for id in [delivered, read] {
                    match id {
                        Some(id) => cbor.bytes(&id.0)?,
                        None => cbor.null()?,
                    };
                }
                cbor
            }
            Self::Acknowledged {
                target,
                at_s,
                signature,
            } => cbor
                .array(4)?
                .str("acknowledged")?
                .bytes(&target.0)?
                .u64(*at_s)?
                .bytes(&signature.0)?,
            Self::Unknown(item) => {
                cbor.writer_mut().extend_from_slice(item);
                cbor
            }
        };
        Ok(())
    }

    pub(super) fn decode(item: &[u8]) -> Self {
        known(&mut Decoder::new(item))
            .ok()
            .filter(|event| event.encode() == item)
            .unwrap_or_else(|| Self::Unknown(item.to_vec()))
    }
}

fn known(cbor: &mut Decoder<'_>) -> Result<GroupEvent, Error> {
    let unknown = || Error::message("not a known signal");
    if cbor.datatype()? == minicbor::data::Type::String {
        return match cbor.str()? {
            "joined" => Ok(GroupEvent::Joined),
            "leave-request" => Ok(GroupEvent::LeaveRequest),
            _ => Err(unknown()),
        };
    }
    let fields = cbor.array()?;
    match (cbor.str()?, fields) {
        ("receipt", Some(3)) => Ok(GroupEvent::Receipt {
            delivered: optional_id(cbor)?,
            read: optional_id(cbor)?,
        }),
        ("acknowledged", Some(4)) => Ok(GroupEvent::Acknowledged {
            target: MessageId(bytes(cbor)?),
            at_s: cbor.u64()?,
            signature: Signature(bytes(cbor)?),
        }),
        _ => Err(unknown()),
    }
}

fn bytes<const N: usize>(cbor: &mut Decoder<'_>) -> Result<[u8; N], Error> {
    let bytes = cbor.bytes()?.try_into();
    bytes.map_err(|_| Error::message("of another length"))
}

fn optional_id(cbor: &mut Decoder<'_>) -> Result<Option<MessageId>, Error> {
    if cbor.datatype()? == minicbor::data::Type::Null {
        cbor.null()?;
        return Ok(None);
    }
    bytes(cbor).map(|id| Some(MessageId(id)))
}
