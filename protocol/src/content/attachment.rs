//! Files in a message: an external part each (draft-ietf-mimi-content-09 §4.4.3), a preview beside
//! it, and what the part has no field for in the extension `sealwire.attachments`.

use minicbor::{Decoder, Encoder};
use sealwire_crypto::{BlobKey, SecretBytes, sealed_blob_len};
use zeroize::Zeroizing;

use super::{
    Content, ContentError, Disposition, ExtensionKey, ExternalPart, MARKDOWN, NestedPart, PartBody,
    PartSemantics, Position, part::is_text,
};
use crate::ids::BlobId;

/// Extension name of what the external parts have no field for.
const ATTACHMENTS: &str = "sealwire.attachments";
/// What stands before the blob's id in the URL of an external part.
const URL: &str = "sealwire:blob:";
/// AEAD number of a blob's construction, from the range for private use (RFC 5116 §6).
const STREAM_AES_256_GCM: u16 = 0xf5a1;
/// SHA-256 in the registry of RFC 6920 §9.4.
const SHA_256: u8 = 1;
/// The media type of all thumbnails.
const THUMBNAIL: &str = "image/jpeg";

/// Most files in one message.
pub const MAX_ATTACHMENTS: usize = 10;
/// Largest content of a file in bytes.
pub const MAX_FILE: u64 = crate::limits::MAX_BLOB_CONTENT;
/// Largest thumbnail in bytes.
pub const MAX_THUMBNAIL: usize = 16 * 1024;
/// Largest text beside files in bytes, so that all of it fits one content.
pub const MAX_CAPTION: usize = 32 * 1024;
/// Longest file name in bytes.
pub const MAX_FILE_NAME: usize = 255;
/// Longest media type in bytes.
const MAX_MEDIA_TYPE: usize = 127;
/// Longest blurhash in bytes: 9 by 9 components take 2 bytes each, and 6 more.
const MAX_BLURHASH: usize = 168;

/// A file as a message carries it: where it is, what opens it, and what to show before that.
///
/// No `Clone` and no `Debug`: it holds the key.
pub struct Attachment {
    /// Where the relay has it.
    pub blob: BlobId,
    /// What the relay asks for before it gives it out, 32 bytes.
    pub read_token: SecretBytes<32>,
    /// What opens it.
    pub key: BlobKey,
    /// SHA-256 of the sealed bytes: whoever has the key cannot put another content in their place.
    pub sealed_hash: [u8; 32],
    /// Size of the content in bytes, at most [`MAX_FILE`].
    pub size: u64,
    /// Seconds since the Unix epoch until which the relay has it.
    pub expires_s: u32,
    /// Media type of the content, as the sender found it: printable ASCII, at most 127 bytes.
    pub media_type: String,
    /// What the sender calls it, at most [`MAX_FILE_NAME`] bytes; never to be used as a path.
    pub filename: String,
    /// What to show before it is fetched.
    pub preview: Preview,
}

/// What a file looks or sounds like; zeros and nothing where that is not known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Preview {
    /// Width of a picture in pixels.
    pub width: u32,
    /// Height of a picture in pixels.
    pub height: u32,
    /// Length of a recording in milliseconds.
    pub duration_ms: u64,
    /// Colours of a picture in the form of <https://blurha.sh>, at most 168 bytes.
    pub blurhash: String,
    /// A small JPEG, at most [`MAX_THUMBNAIL`] bytes. Bytes of a stranger: to be decoded with limits.
    pub thumbnail: Vec<u8>,
}

/// A message that carries files.
pub struct Files {
    /// The text beside them; may be empty.
    pub caption: String,
    /// 1 to [`MAX_ATTACHMENTS`].
    pub attachments: Vec<Attachment>,
}

impl Content {
    /// Files with a text beside them.
    ///
    /// # Errors
    /// [`ContentError::TooLong`] with the size that is over a limit of this module, in bytes or, of
    /// the files, in number.
    pub fn with_files(
        salt: [u8; 16],
        files: &Files,
        position: Position,
    ) -> Result<Self, ContentError> {
        check(files)?;
        let mut parts = Vec::new();
        if !files.caption.is_empty() {
            parts.push(single(
                Disposition::RENDER,
                MARKDOWN,
                files.caption.as_bytes(),
            ));
        }
        parts.extend(files.attachments.iter().map(write_part));
        let part = match parts.len() {
            1 => parts.remove(0),
            _ => multi(PartSemantics::ProcessAll, Disposition::RENDER, parts),
        };
        let mut content = Self::with_part(salt, part, position);
        let key = ExtensionKey::Text(ATTACHMENTS.into());
        content.extensions.insert(key, write_extension(files))?;
        Ok(content)
    }

    /// The files, if this is a message of the form that [`Content::with_files`] writes.
    #[must_use]
    pub fn files(&self) -> Option<Files> {
        let key = ExtensionKey::Text(ATTACHMENTS.into());
        let extras = read_extension(self.extensions.get(&key)?).ok()?;
        let parts = match &self.part.body {
            PartBody::Multi {
                semantics: PartSemantics::ProcessAll,
                parts,
            } => parts.as_slice(),
            _ => std::slice::from_ref(&self.part),
        };
        let (caption, parts) = match parts.split_first() {
            Some((first, rest)) if !rest.is_empty() => {
                text(first).map_or(("", parts), |caption| (caption, rest))
            }
            _ => ("", parts),
        };
        if parts.len() != extras.len() {
            return None;
        }
        let attachments = parts
            .iter()
            .zip(extras)
            .map(|(part, extra)| read_part(part, extra))
            .collect::<Option<_>>()?;
        let files = Files {
            caption: caption.into(),
            attachments,
        };
        check(&files).is_ok().then_some(files)
    }
}

/// The limits, the same for writers and readers.
fn check(files: &Files) -> Result<(), ContentError> {
    let bound = |size: usize, most: usize| match size {
        size if size > most => Err(ContentError::TooLong(size)),
        _ => Ok(()),
    };
    bound(files.caption.len(), MAX_CAPTION)?;
    bound(files.attachments.len(), MAX_ATTACHMENTS)?;
    bound(usize::from(files.attachments.is_empty()), 0)?;
    for file in &files.attachments {
        bound(usize::from(file.size > MAX_FILE), 0)?;
        bound(file.filename.len(), MAX_FILE_NAME)?;
        bound(file.media_type.len(), MAX_MEDIA_TYPE)?;
        bound(file.preview.blurhash.len(), MAX_BLURHASH)?;
        bound(file.preview.thumbnail.len(), MAX_THUMBNAIL)?;
        let plain = |text: &str| text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        if !plain(&file.media_type) || !plain(&file.preview.blurhash) {
            return Err(ContentError::Malformed);
        }
    }
    Ok(())
}

fn single(disposition: Disposition, content_type: &str, content: &[u8]) -> NestedPart {
    NestedPart {
        disposition,
        language: String::new(),
        body: PartBody::Single {
            content_type: content_type.into(),
            content: content.to_vec(),
        },
    }
}

fn multi(semantics: PartSemantics, disposition: Disposition, parts: Vec<NestedPart>) -> NestedPart {
    NestedPart {
        disposition,
        language: String::new(),
        body: PartBody::Multi { semantics, parts },
    }
}

fn text(part: &NestedPart) -> Option<&str> {
    match &part.body {
        PartBody::Single {
            content_type,
            content,
        } if is_text(content_type) => std::str::from_utf8(content).ok(),
        _ => None,
    }
}

/// The external part, and a preview with it if there is one.
fn write_part(file: &Attachment) -> NestedPart {
    let external = NestedPart {
        disposition: Disposition::ATTACHMENT,
        language: String::new(),
        body: PartBody::External(Box::new(ExternalPart {
            content_type: file.media_type.clone(),
            url: format!("{URL}{}", file.blob),
            expires_s: file.expires_s,
            size: file.size,
            enc_alg: STREAM_AES_256_GCM,
            key: Zeroizing::new(file.key.expose().to_vec()),
            nonce: Vec::new(),
            aad: Vec::new(),
            hash_alg: SHA_256,
            content_hash: file.sealed_hash.to_vec(),
            description: String::new(),
            filename: file.filename.clone(),
        })),
    };
    if file.preview.thumbnail.is_empty() {
        return external;
    }
    let preview = single(Disposition::PREVIEW, THUMBNAIL, &file.preview.thumbnail);
    multi(
        PartSemantics::SingleUnit,
        Disposition::ATTACHMENT,
        vec![external, preview],
    )
}

/// What the extension says of one file.
type Extra = (SecretBytes<32>, Preview);

fn read_part(part: &NestedPart, (read_token, mut preview): Extra) -> Option<Attachment> {
    let external = match &part.body {
        PartBody::External(external) => external,
        PartBody::Multi {
            semantics: PartSemantics::SingleUnit,
            parts,
        } => {
            let [first, second] = parts.as_slice() else {
                return None;
            };
            let (
                PartBody::External(external),
                PartBody::Single {
                    content_type,
                    content,
                },
            ) = (&first.body, &second.body)
            else {
                return None;
            };
            if second.disposition != Disposition::PREVIEW || content_type != THUMBNAIL {
                return None;
            }
            preview.thumbnail.clone_from(content);
            external
        }
        _ => return None,
    };
    let known = external.enc_alg == STREAM_AES_256_GCM
        && external.hash_alg == SHA_256
        && external.nonce.is_empty()
        && external.aad.is_empty()
        && sealed_blob_len(external.size).is_ok();
    if !known {
        return None;
    }
    Some(Attachment {
        blob: BlobId::from_hex(external.url.strip_prefix(URL)?).ok()?,
        read_token,
        key: BlobKey::from_slice(&external.key).ok()?,
        sealed_hash: external.content_hash.as_slice().try_into().ok()?,
        size: external.size,
        expires_s: external.expires_s,
        media_type: external.content_type.clone(),
        filename: external.filename.clone(),
        preview,
    })
}

fn write_extension(files: &Files) -> Vec<u8> {
    let mut cbor = Encoder::new(Vec::new());
    let mut write = || -> Result<(), minicbor::encode::Error<std::convert::Infallible>> {
        cbor.array(files.attachments.len() as u64)?;
        for file in &files.attachments {
            let preview = &file.preview;
            cbor.array(5)?
                .bytes(file.read_token.expose())?
                .u32(preview.width)?
                .u32(preview.height)?
                .u64(preview.duration_ms)?
                .str(&preview.blurhash)?;
        }
        Ok(())
    };
    write().expect("writing to memory cannot fail");
    cbor.into_writer()
}

fn read_extension(value: &[u8]) -> Result<Vec<Extra>, minicbor::decode::Error> {
    let wrong = || minicbor::decode::Error::message("not of a known shape");
    let mut cbor = Decoder::new(value);
    let count = cbor.array()?.ok_or_else(wrong)?;
    (0..count)
        .map(|_| {
            if cbor.array()? != Some(5) {
                return Err(wrong());
            }
            let read_token = SecretBytes::from_slice(cbor.bytes()?).map_err(|_| wrong())?;
            let preview = Preview {
                width: cbor.u32()?,
                height: cbor.u32()?,
                duration_ms: cbor.u64()?,
                blurhash: cbor.str()?.into(),
                thumbnail: Vec::new(),
            };
            Ok((read_token, preview))
        })
        .collect()
}

#[cfg(test)]
mod tests;
