//! The ingest grammar: which MLS messages a relay takes, judged by form alone.
//!
//! This proves form, not encryption: whoever wants to store something readable can dress it up
//! as ciphertext. What it does prove is that no honest client's message reaches the relay in the
//! clear by mistake, and that lengths come in steps.

mod key_package;
mod private_message;
mod reader;

pub use key_package::KeyPackageForm;
pub use private_message::{PrivateMessageForm, check_entry};

/// Why bytes are outside the grammar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FormError {
    /// Over the size limit of its kind.
    #[error("longer than the limit")]
    TooLong,
    /// The bytes end in the middle of a field.
    #[error("ends in the middle of a field")]
    Truncated,
    /// Bytes follow the end.
    #[error("bytes follow the end of the message")]
    Trailing,
    /// A length in more bytes than it needs, or of the reserved form (RFC 9420 §2.1.2).
    #[error("a vector's length is not in its shortest form")]
    Length,
    /// Not protocol version 1 (RFC 9420 §6).
    #[error("not MLS 1.0")]
    Version,
    /// Another wire format than the one expected (RFC 9420 §6).
    #[error("not the wire format expected here")]
    WireFormat,
    /// The group id is not the log's.
    #[error("the group id is not the log's")]
    GroupId,
    /// The content type is not that of the entry's kind (RFC 9420 §6).
    #[error("the content type is not that of the entry's kind")]
    ContentType,
    /// Authenticated data, which travels in the clear.
    #[error("authenticated data must be empty")]
    AuthenticatedData,
    /// Encrypted sender data that is not 28 bytes (12 and a tag of 16; RFC 9420 §6.3.2).
    #[error("encrypted sender data must be 28 bytes")]
    SenderData,
    /// A ciphertext that is not padded.
    #[error("the ciphertext must be a multiple of 256 bytes, above 4,096 of 1,024")]
    CiphertextLength,
    /// Not cipher suite 0x0001.
    #[error("not cipher suite 0x0001")]
    CipherSuite,
    /// A key that is not 32 bytes.
    #[error("a key must be 32 bytes")]
    KeyLength,
    /// A signature that is not 64 bytes.
    #[error("a signature must be 64 bytes")]
    SignatureLength,
    /// Not a basic credential (RFC 9420 §5.3).
    #[error("not a basic credential")]
    Credential,
    /// A leaf that was not made for a key package (RFC 9420 §7.2).
    #[error("the leaf was not made for a key package")]
    LeafSource,
    /// A list of two-byte numbers with an odd number of bytes.
    #[error("a list of numbers has half a number")]
    List,
    /// The same extension twice, which no implementation makes and each would read differently,
    /// or a last-resort mark that is not empty.
    #[error("an extension stands twice or is not of its form")]
    Extension,
}

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
