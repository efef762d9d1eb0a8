//! Attachments: padded, then sealed in chunks.

use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::{
    CryptoError, SecretBytes, padme,
    stream::{CHUNK, ChunkOpener, ChunkSealer, TAG},
};

/// Bytes of the true length that the padded plaintext begins with.
const LENGTH: usize = 8;

/// The key of one blob, 32 bytes. Every blob has its own: the nonces are the same
/// in all of them.
pub struct BlobKey(SecretBytes<32>);

impl BlobKey {
    /// A fresh key from `rng`, for one blob.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        Self(SecretBytes::generate(rng))
    }

    /// A key that travelled in a message.
    ///
    /// # Errors
    /// [`CryptoError::BadKey`] unless there are exactly 32 bytes.
    pub fn from_slice(bytes: &[u8]) -> Result<Self, CryptoError> {
        SecretBytes::from_slice(bytes).map(Self)
    }

    /// The 32 bytes.
    #[must_use]
    pub fn expose(&self) -> &[u8; 32] {
        self.0.expose()
    }
}

/// Seals `content` under a key that is used for nothing else.
///
/// The plaintext is the length of the content (8 bytes, big-endian), the content,
/// and zeros up to [`padme`] of that. It is cut into chunks of 64 KiB, each
/// sealed with AES-256-GCM in the STREAM construction and followed by its tag
/// (16 bytes).
#[must_use]
pub fn seal_blob(key: &BlobKey, content: &[u8]) -> Vec<u8> {
    let padded_len = padded_plaintext_len(content.len());
    // Full capacity from the start, so that growing leaves no copy behind unwiped.
    let mut plaintext = Zeroizing::new(Vec::with_capacity(padded_len));
    plaintext.extend_from_slice(&(content.len() as u64).to_be_bytes());
    plaintext.extend_from_slice(content);
    plaintext.resize(padded_len, 0);

    let chunks = padded_len.div_ceil(CHUNK);
    let mut sealed = Vec::with_capacity(padded_len + chunks * TAG);
    let mut sealer = ChunkSealer::new(&key.0);
    for (i, chunk) in plaintext.chunks(CHUNK).enumerate() {
        sealer
            .seal(chunk, i + 1 == chunks, &mut sealed)
            .expect("what fits in memory is far below 2^32 chunks of 64 KiB");
    }
    sealed
}

/// Opens what [`seal_blob`] made, all of it or nothing.
///
/// # Errors
/// [`CryptoError::OpenFailed`] if the key is another, or anything was changed, cut
/// off, swapped or appended; [`CryptoError::Malformed`] if whoever held the key
/// sealed something that is not a padded content.
pub fn open_blob(key: &BlobKey, sealed: &[u8]) -> Result<Vec<u8>, CryptoError> {
    if !sealed_blob_len_is_valid(sealed.len() as u64) {
        return Err(CryptoError::OpenFailed);
    }
    let chunks = sealed.len().div_ceil(CHUNK + TAG);
    let mut plaintext = Zeroizing::new(Vec::with_capacity(sealed.len() - chunks * TAG));
    let mut opener = ChunkOpener::new(&key.0);
    for (i, chunk) in sealed.chunks(CHUNK + TAG).enumerate() {
        opener.open(chunk, i + 1 == chunks, &mut plaintext)?;
    }
    unpad(&plaintext).map(<[u8]>::to_vec)
}

/// Whether `len` is a length in bytes that [`seal_blob`] can produce.
#[must_use]
pub fn sealed_blob_len_is_valid(len: u64) -> bool {
    let (chunk, tag) = (CHUNK as u64, TAG as u64);
    let chunks = len.div_ceil(chunk + tag);
    let Some(plaintext) = len.checked_sub(chunks * tag) else {
        return false;
    };
    plaintext >= LENGTH as u64
        && plaintext.div_ceil(chunk) == chunks
        && padme(plaintext) == plaintext
}

fn padded_plaintext_len(content: usize) -> usize {
    usize::try_from(padme((LENGTH + content) as u64))
        .expect("what is in memory, and 12 % more, has a length")
}

/// The content within a padded plaintext. There is one padding for each content,
/// so that nobody can hide a second message in it or mark a blob.
fn unpad(plaintext: &[u8]) -> Result<&[u8], CryptoError> {
    let (length, rest) = plaintext
        .split_first_chunk::<LENGTH>()
        .ok_or(CryptoError::Malformed("blob without a length"))?;
    let (content, padding) = usize::try_from(u64::from_be_bytes(*length))
        .ok()
        .and_then(|length| rest.split_at_checked(length))
        .ok_or(CryptoError::Malformed("blob shorter than its length says"))?;
    if padded_plaintext_len(content.len()) != plaintext.len() || padding.iter().any(|b| *b != 0) {
        return Err(CryptoError::Malformed("blob padding"));
    }
    Ok(content)
}
