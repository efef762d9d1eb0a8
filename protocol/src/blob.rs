//! Blobs over HTTP: the headers of tus 1.0.0 and of ours. Upload and download are documented in
//! docs/protocol.md §8.

use data_encoding::{BASE64, BASE64URL_NOPAD};
use zeroize::Zeroizing;

use crate::{ids::BlobId, limits::MAX_BLOB_DAYS};

/// Value of `Tus-Resumable` and `Tus-Version`.
pub const TUS_VERSION: &str = "1.0.0";
/// Value of `Tus-Extension`.
pub const TUS_EXTENSIONS: &str = "creation,creation-with-upload,expiration,termination";
/// `Content-Type` of a blob's bytes in `POST` and `PATCH`.
pub const OFFSET_TYPE: &str = "application/offset+octet-stream";
/// Shows the right to read a blob; see [`encode_token`].
pub const READ_TOKEN_HEADER: &str = "sealwire-read-token";
/// Shows the right to remove a blob; see [`encode_token`].
pub const DELETE_TOKEN_HEADER: &str = "sealwire-delete-token";

/// An `Upload-Metadata` that is not of the documented form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "Upload-Metadata must hold blob (16 bytes), read-token-hash (32), delete-token-hash (32) and \
     days (1 to {MAX_BLOB_DAYS}), in this order, each in base64"
)]
pub struct MetadataError;

/// What the relay is told of a new blob, in `Upload-Metadata`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlobMetadata {
    /// The blob's id.
    pub blob: BlobId,
    /// SHA-256 of the 32-byte read token.
    pub read_token_hash: [u8; 32],
    /// SHA-256 of the 32-byte delete token.
    pub delete_token_hash: [u8; 32],
    /// Days until it may be removed, 1 to [`MAX_BLOB_DAYS`].
    pub days: u32,
}

impl BlobMetadata {
    /// The value of the header.
    #[must_use]
    pub fn encode(&self) -> String {
        format!(
            "blob {},read-token-hash {},delete-token-hash {},days {}",
            BASE64.encode(self.blob.as_bytes()),
            BASE64.encode(&self.read_token_hash),
            BASE64.encode(&self.delete_token_hash),
            BASE64.encode(self.days.to_string().as_bytes()),
        )
    }

    /// Reads the value of the header, in the one form that [`BlobMetadata::encode`] gives.
    ///
    /// # Errors
    /// [`MetadataError`] for everything else.
    pub fn parse(text: &str) -> Result<Self, MetadataError> {
        // Longer than the longest; nothing is decoded of what cannot be right.
        if text.len() > 256 {
            return Err(MetadataError);
        }
        let mut pairs = text.split(',');
        let mut value = |key: &str| -> Result<Vec<u8>, MetadataError> {
            let (found, value) = pairs
                .next()
                .and_then(|pair| pair.split_once(' '))
                .ok_or(MetadataError)?;
            if found != key {
                return Err(MetadataError);
            }
            BASE64.decode(value.as_bytes()).map_err(|_| MetadataError)
        };
        let hash = |bytes: Vec<u8>| bytes.try_into().map_err(|_| MetadataError);
        let metadata = Self {
            blob: BlobId::from_slice(&value("blob")?).map_err(|_| MetadataError)?,
            read_token_hash: hash(value("read-token-hash")?)?,
            delete_token_hash: hash(value("delete-token-hash")?)?,
            days: std::str::from_utf8(&value("days")?)
                .ok()
                .and_then(|days| days.parse().ok())
                .ok_or(MetadataError)?,
        };
        let one_form = (1..=MAX_BLOB_DAYS).contains(&metadata.days) && metadata.encode() == text;
        one_form.then_some(metadata).ok_or(MetadataError)
    }
}

/// A token as [`READ_TOKEN_HEADER`] and [`DELETE_TOKEN_HEADER`] carry it: base64url (RFC 4648 §5)
/// of its 32 bytes, without padding.
#[must_use]
pub fn encode_token(token: &[u8; 32]) -> Zeroizing<String> {
    Zeroizing::new(BASE64URL_NOPAD.encode(token))
}

/// Reads a token; `None` if it is not exactly what [`encode_token`] gives.
#[must_use]
pub fn parse_token(text: &[u8]) -> Option<Zeroizing<[u8; 32]>> {
    let mut token = Zeroizing::new([0; 32]);
    if BASE64URL_NOPAD.decode_len(text.len()) != Ok(token.len()) {
        return None;
    }
    BASE64URL_NOPAD.decode_mut(text, &mut *token).ok()?;
    Some(token)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn metadata() -> BlobMetadata {
        BlobMetadata {
            blob: BlobId([1; 16]),
            read_token_hash: [2; 32],
            delete_token_hash: [3; 32],
            days: 30,
        }
    }

    #[test]
    fn the_headers_stay() {
        insta::assert_snapshot!(metadata().encode(), @"blob AQEBAQEBAQEBAQEBAQEBAQ==,read-token-hash AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=,delete-token-hash AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM=,days MzA=");
        insta::assert_snapshot!(*encode_token(&[251; 32]), @"-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_s");
    }

    #[test]
    fn other_forms_are_refused() {
        let good = metadata().encode();
        assert_eq!(BlobMetadata::parse(&good), Ok(metadata()));
        let days = |days: &str| good.replace("MzA=", &BASE64.encode(days.as_bytes()));
        for (why, text) in [
            ("nothing", String::new()),
            ("another key", good.replace("days", "weeks")),
            ("a key more", format!("{good},filename YQ==")),
            ("a key twice", format!("{good},days MzA=")),
            ("a key less", good.replace(",days MzA=", "")),
            ("another order", {
                let (first, rest) = good.split_once(',').expect("pairs");
                format!("{rest},{first}")
            }),
            ("no padding", good.replace("==", "")),
            ("a space more", good.replace(",", ", ")),
            ("for no time", days("0")),
            ("for too long", days("31")),
            ("a number in another form", days("030")),
            ("a number with a sign", days("+30")),
            ("very long", format!("{good},x {}", "A".repeat(10_000))),
        ] {
            assert_eq!(BlobMetadata::parse(&text), Err(MetadataError), "{why}");
        }
        for length in [0, 2, 42, 44] {
            let token = "A".repeat(length);
            assert!(parse_token(token.as_bytes()).is_none(), "{token}");
        }
        // The last character has bits to spare, which must be zero.
        assert!(parse_token("B".repeat(43).as_bytes()).is_none());
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_read(
            blob: [u8; 16],
            read_token_hash: [u8; 32],
            delete_token_hash: [u8; 32],
            days in 1..=MAX_BLOB_DAYS,
        ) {
            let metadata = BlobMetadata { blob: BlobId(blob), read_token_hash, delete_token_hash, days };
            prop_assert_eq!(BlobMetadata::parse(&metadata.encode()), Ok(metadata));
            let token = encode_token(&read_token_hash);
            prop_assert_eq!(*parse_token(token.as_bytes()).expect("a token"), read_token_hash);
        }

        #[test]
        fn any_text_has_one_form_or_is_refused(text in ".{0,200}|[a-z =,A-Z0-9-]{0,200}") {
            if let Ok(metadata) = BlobMetadata::parse(&text) {
                prop_assert_eq!(metadata.encode(), text.clone());
            }
            if let Some(token) = parse_token(text.as_bytes()) {
                prop_assert_eq!(encode_token(&token).to_string(), text);
            }
        }
    }
}
