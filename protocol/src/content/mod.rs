//! What members say to each other: MIMI content (draft-ietf-mimi-content-09), CBOR inside the
//! MLS application message.
//!
//! The encoding is deterministic (RFC 8949 §4.2.1). [`Content::decode`] takes nothing else.

mod attachment;
mod decode;
mod encode;
mod event;
mod extensions;
mod log_head;
mod marks;
mod meaning;
mod message_id;
mod part;
mod position;
mod wellformed;

pub use attachment::{
    Attachment, Files, MAX_ATTACHMENTS, MAX_CAPTION, MAX_FILE, MAX_FILE_NAME, MAX_THUMBNAIL,
    Preview,
};
pub use event::{GroupEvent, acknowledgement_message};
pub use extensions::{ExtensionKey, Extensions};
pub use log_head::LogHead;
pub use marks::{MAX_MENTIONS, Marks, Priority};
pub use meaning::{MAX_REACTION, Meaning, is_reaction};
pub use message_id::MessageId;
pub use part::{Disposition, ExternalPart, NestedPart, PartBody, PartSemantics};
pub use position::Position;

use rand_core::CryptoRng;

use crate::limits::MAX_TEXT;

/// Largest encoded content in bytes: the largest text and room for what surrounds it.
pub const MAX_CONTENT: usize = MAX_TEXT + 4096;
/// Deepest nesting of parts (draft-ietf-mimi-content-09 §6.3).
pub const MAX_PART_DEPTH: usize = 4;
/// The media type that [`Content::text`] writes (RFC 7763, RFC 7764 §3.2).
///
/// Not the draft's `GFM-MIMI`, whose senders must escape every HTML tag: our senders leave what
/// people wrote as it is, and our receivers show tags as text.
pub const MARKDOWN: &str = "text/markdown;variant=GFM";

/// Why bytes are not content, or content cannot be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ContentError {
    /// Over [`MAX_CONTENT`], or a text over [`MAX_TEXT`], or an extension's value over 4,095 bytes.
    #[error("content of {0} bytes is over the limit")]
    TooLong(usize),
    /// Not one well-formed CBOR item (RFC 8949 §3), or a text that is not UTF-8.
    #[error("content is not CBOR")]
    Malformed,
    /// CBOR, but not in the deterministic encoding (RFC 8949 §4.2.1).
    #[error("content is not in deterministic form")]
    NotDeterministic,
    /// Nested too deeply.
    #[error("content is nested too deeply")]
    TooDeep,
    /// The name of an extension is not allowed here: empty, over 255 bytes, or one that has a
    /// field of its own.
    #[error("this extension name cannot be set")]
    ExtensionName,
    /// Not 1 to 64 bytes, or with spaces or control characters.
    #[error("a reaction is one emoji")]
    Reaction,
}

/// When a message should disappear (draft-ietf-mimi-content-09 §4.1); a hint, not a promise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expiration {
    /// Whether `time_s` counts from reading instead of from the Unix epoch.
    pub relative: bool,
    /// Seconds.
    pub time_s: u32,
}

/// One message (`mimiContent`, draft-ietf-mimi-content-09 §4.1).
///
/// No `Clone`, because parts may hold keys of attachments; `Debug` shows no content.
#[derive(PartialEq, Eq)]
pub struct Content {
    /// 16 random bytes, so that equal messages have different ids.
    pub salt: [u8; 16],
    /// The message that this one edits or deletes.
    pub replaces: Option<MessageId>,
    /// Messages of one thread share it; empty for none.
    pub topic: Vec<u8>,
    /// When the message should disappear.
    pub expires: Option<Expiration>,
    /// The message that this one answers.
    pub in_reply_to: Option<MessageId>,
    /// Where the sender stood in the log when writing; extension `sealwire.position`.
    pub position: Option<Position>,
    /// Which head of the directory's log the sender believed; extension `sealwire.log_head`.
    pub log_head: Option<LogHead>,
    /// A signal of the group; extension `sealwire.event`.
    pub event: Option<GroupEvent>,
    /// The other extensions.
    pub extensions: Extensions,
    /// The body.
    pub part: NestedPart,
}

impl std::fmt::Debug for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Content(..)")
    }
}

/// Content as read.
#[derive(Debug, PartialEq, Eq)]
#[expect(
    clippy::large_enum_variant,
    reason = "nearly always the large one, and taken apart at once"
)]
pub enum Decoded {
    /// Of a form that this version knows.
    Known(Content),
    /// CBOR of a form that it does not know, as it was sent: to be shown as such and kept, for a
    /// newer version to read.
    Unknown(Vec<u8>),
}

/// A fresh salt from `rng`.
pub fn fresh_salt(rng: &mut impl CryptoRng) -> [u8; 16] {
    let mut salt = [0; 16];
    rng.fill_bytes(&mut salt);
    salt
}

impl Content {
    /// A text in GitHub-flavoured Markdown, to be rendered.
    ///
    /// # Errors
    /// [`ContentError::TooLong`] if the text is over [`MAX_TEXT`] bytes.
    pub fn text(salt: [u8; 16], text: &str, position: Position) -> Result<Self, ContentError> {
        if text.len() > MAX_TEXT {
            return Err(ContentError::TooLong(text.len()));
        }
        let part = NestedPart {
            disposition: Disposition::RENDER,
            language: String::new(),
            body: PartBody::Single {
                content_type: MARKDOWN.into(),
                content: text.as_bytes().to_vec(),
            },
        };
        Ok(Self::with_part(salt, part, position))
    }

    /// A signal that is not text.
    #[must_use]
    pub fn event(salt: [u8; 16], event: GroupEvent, position: Position) -> Self {
        let part = NestedPart {
            disposition: Disposition::UNSPECIFIED,
            language: String::new(),
            body: PartBody::Null,
        };
        Self {
            event: Some(event),
            ..Self::with_part(salt, part, position)
        }
    }

    const fn with_part(salt: [u8; 16], part: NestedPart, position: Position) -> Self {
        Self {
            salt,
            replaces: None,
            topic: Vec::new(),
            expires: None,
            in_reply_to: None,
            position: Some(position),
            log_head: None,
            event: None,
            extensions: Extensions::new(),
            part,
        }
    }

    /// The text, if the body is one part of a text type.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match &self.part.body {
            PartBody::Single {
                content_type,
                content,
            } if part::is_text(content_type) => std::str::from_utf8(content).ok(),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
