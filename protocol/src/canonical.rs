//! The one way in which stored and sent protobuf is read.

use prost::Message;

/// Decodes a message and refuses any other than its canonical encoding.
///
/// Protobuf has many encodings of one value. Signed and hashed bytes must have one, so the
/// simplest rule is the strictest: what does not re-encode to itself is refused.
pub(crate) fn decode<M: Message + Default>(bytes: &[u8]) -> Option<M> {
    let message = M::decode(bytes).ok()?;
    (message.encoded_len() == bytes.len()
        && *zeroize::Zeroizing::new(message.encode_to_vec()) == bytes)
        .then_some(message)
}

/// The `version` that every versioned message carries in field 1.
#[derive(Clone, Copy, PartialEq, Message)]
struct Versioned {
    #[prost(uint32, tag = "1")]
    version: u32,
}

/// The version of a message whose other fields may be unknown.
///
/// Read before anything else, because a later version may add fields, and those would make the
/// strict parser call the bytes malformed instead of new.
pub(crate) fn version(bytes: &[u8]) -> Option<u32> {
    Versioned::decode(bytes).ok().map(|found| found.version)
}
