//! Bodies (draft-ietf-mimi-content-09 §4.4).

use zeroize::Zeroizing;

/// What a part is for: 0 to 8 are the draft's, higher ones unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Disposition(pub u8);

impl Disposition {
    /// Nothing said.
    pub const UNSPECIFIED: Self = Self(0);
    /// Shown in the timeline.
    pub const RENDER: Self = Self(1);
    /// An emoji at another message.
    pub const REACTION: Self = Self(2);
    /// A profile.
    pub const PROFILE: Self = Self(3);
    /// Shown inside another part.
    pub const INLINE: Self = Self(4);
    /// An icon.
    pub const ICON: Self = Self(5);
    /// To be downloaded.
    pub const ATTACHMENT: Self = Self(6);
    /// A call or conference.
    pub const SESSION: Self = Self(7);
    /// Stands for a larger one.
    pub const PREVIEW: Self = Self(8);
}

/// A body: one part, or several inside one another, at most
/// [`MAX_PART_DEPTH`](super::MAX_PART_DEPTH) deep.
#[derive(PartialEq, Eq)]
pub struct NestedPart {
    /// What it is for.
    pub disposition: Disposition,
    /// Language tag (RFC 5646), or empty.
    pub language: String,
    /// The thing itself.
    pub body: PartBody,
}

/// What a part holds.
#[derive(PartialEq, Eq)]
pub enum PartBody {
    /// Nothing: deletes what the message replaces.
    Null,
    /// Bytes of a media type.
    Single {
        /// Media type with parameters (RFC 6838).
        content_type: String,
        /// The bytes.
        content: Vec<u8>,
    },
    /// Something stored elsewhere, encrypted.
    External(Box<ExternalPart>),
    /// At least two parts.
    Multi {
        /// How the parts belong together.
        semantics: PartSemantics,
        /// The parts.
        parts: Vec<NestedPart>,
    },
}

/// How the parts of a multi-part body belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum PartSemantics {
    /// The receiver takes one.
    ChooseOne = 0,
    /// They are one thing.
    SingleUnit = 1,
    /// Each is processed by itself.
    ProcessAll = 2,
}

/// Something stored elsewhere, encrypted (`ExternalPart`).
#[derive(PartialEq, Eq)]
pub struct ExternalPart {
    /// Media type with parameters of the plaintext.
    pub content_type: String,
    /// Where it is.
    pub url: String,
    /// Seconds since the Unix epoch until which it can be fetched; 0 for ever.
    pub expires_s: u32,
    /// Size of the content in bytes; 0 if not given.
    pub size: u64,
    /// AEAD algorithm (IANA registry of RFC 5116), 0 for none.
    pub enc_alg: u16,
    /// The key. Wiped when dropped.
    pub key: Zeroizing<Vec<u8>>,
    /// The nonce.
    pub nonce: Vec<u8>,
    /// Additional authenticated data.
    pub aad: Vec<u8>,
    /// Hash algorithm (RFC 6920 §9.4), 0 for none.
    pub hash_alg: u8,
    /// Hash of what is at the URL.
    pub content_hash: Vec<u8>,
    /// For people.
    pub description: String,
    /// Suggested file name; never to be used as a path.
    pub filename: String,
}

/// The media type of reactions (draft-ietf-mimi-content-09 §5.2).
pub(super) const PLAIN: &str = "text/plain;charset=utf-8";

/// Whether [`Content::as_text`](super::Content::as_text) shows this media type.
pub(super) fn is_text(content_type: &str) -> bool {
    [
        super::MARKDOWN,
        "text/markdown;variant=GFM-MIMI",
        "text/markdown",
        PLAIN,
        "text/plain",
    ]
    .contains(&content_type)
}
