//! The STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár, "Online
//! Authenticated-Encryption and its Nonce-Reuse Misuse-Resistance", CRYPTO 2015)
//! over AES-256-GCM: chunks that can not be cut off, swapped or appended.
//!
//! The nonce of a chunk is 7 zero bytes, the chunk's number (32 bits,
//! big-endian), and one byte that is 1 for the last chunk and else 0.

use aes_gcm::{AeadInPlace, Aes256Gcm, KeyInit, Nonce, Tag};

use crate::{CryptoError, SecretBytes};

/// Bytes of plaintext in every chunk but the last.
pub(crate) const CHUNK: usize = 64 * 1024;
/// Bytes that sealing adds to a chunk.
pub(crate) const TAG: usize = 16;

/// Numbers the chunks of one stream. The key must be fresh for each stream: the
/// nonces are the same in all of them.
struct Chunks {
    cipher: Aes256Gcm,
    next: Option<u32>,
}

impl Chunks {
    fn new(key: &SecretBytes<32>) -> Self {
        Self {
            cipher: Aes256Gcm::new(key.expose().into()),
            next: Some(0),
        }
    }

    /// The nonce of the next chunk. After the last there is none.
    fn nonce(&mut self, last: bool) -> Result<[u8; 12], CryptoError> {
        let number = self.next.ok_or(CryptoError::TooLong)?;
        self.next = if last { None } else { number.checked_add(1) };
        let mut nonce = [0; 12];
        nonce[7..11].copy_from_slice(&number.to_be_bytes());
        nonce[11] = last.into();
        Ok(nonce)
    }
}

/// Seals the chunks of one stream in order.
pub(crate) struct ChunkSealer(Chunks);

impl ChunkSealer {
    /// Starts a stream under `key`, which must never have been used before.
    pub(crate) fn new(key: &SecretBytes<32>) -> Self {
        Self(Chunks::new(key))
    }

    /// Appends the sealed chunk to `out`: ciphertext, then tag (16 bytes).
    /// All chunks but the last have [`CHUNK`] bytes.
    ///
    /// # Errors
    /// [`CryptoError::TooLong`] after 2³² chunks, after the last chunk, or for a
    /// chunk longer than [`CHUNK`].
    pub(crate) fn seal(
        &mut self,
        chunk: &[u8],
        last: bool,
        out: &mut Vec<u8>,
    ) -> Result<(), CryptoError> {
        if chunk.len() > CHUNK {
            return Err(CryptoError::TooLong);
        }
        let nonce = self.0.nonce(last)?;
        let start = out.len();
        out.extend_from_slice(chunk);
        let tag = self
            .0
            .cipher
            .encrypt_in_place_detached(Nonce::from_slice(&nonce), &[], &mut out[start..])
            .map_err(|_| CryptoError::TooLong)?;
        out.extend_from_slice(&tag);
        Ok(())
    }
}

/// Opens the chunks of one stream in order.
pub(crate) struct ChunkOpener(Chunks);

impl ChunkOpener {
    /// Starts reading a stream under `key`.
    pub(crate) fn new(key: &SecretBytes<32>) -> Self {
        Self(Chunks::new(key))
    }

    /// Appends the opened chunk to `out`; on an error `out` is as it was.
    ///
    /// # Errors
    /// [`CryptoError::OpenFailed`] if this is not the chunk that was sealed in
    /// this place, or not the last although `last` says so, or the reverse.
    pub(crate) fn open(
        &mut self,
        sealed: &[u8],
        last: bool,
        out: &mut Vec<u8>,
    ) -> Result<(), CryptoError> {
        let nonce = self.0.nonce(last).map_err(|_| CryptoError::OpenFailed)?;
        let length = sealed
            .len()
            .checked_sub(TAG)
            .ok_or(CryptoError::OpenFailed)?;
        let (ciphertext, tag) = sealed.split_at(length);
        let start = out.len();
        out.extend_from_slice(ciphertext);
        let opened = self.0.cipher.decrypt_in_place_detached(
            Nonce::from_slice(&nonce),
            &[],
            &mut out[start..],
            Tag::from_slice(tag),
        );
        if opened.is_err() {
            out.truncate(start);
            return Err(CryptoError::OpenFailed);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::secret;

    #[test]
    fn nothing_follows_the_last_chunk() {
        let mut sealer = ChunkSealer::new(&secret(1));
        let mut sealed = Vec::new();
        sealer.seal(b"the end", true, &mut sealed).unwrap();
        let after = sealer.seal(b"more", false, &mut sealed);
        assert_eq!(after, Err(CryptoError::TooLong));
        let mut opener = ChunkOpener::new(&secret(1));
        let mut opened = Vec::new();
        opener.open(&sealed, true, &mut opened).unwrap();
        let again = opener.open(&sealed, true, &mut opened);
        assert_eq!(again, Err(CryptoError::OpenFailed));
        assert_eq!(opened, b"the end");
    }

    #[test]
    fn chunk_numbers_never_repeat() {
        let mut chunks = Chunks::new(&secret(1));
        chunks.next = Some(u32::MAX);
        assert_eq!(chunks.nonce(false).unwrap()[7..], [255, 255, 255, 255, 0]);
        assert_eq!(chunks.nonce(false), Err(CryptoError::TooLong));
    }

    #[test]
    fn a_chunk_in_the_middle_is_not_the_last() {
        let mut sealed = Vec::new();
        let mut sealer = ChunkSealer::new(&secret(1));
        sealer.seal(b"middle", false, &mut sealed).unwrap();
        let mut opened = b"before".to_vec();
        let cut = ChunkOpener::new(&secret(1)).open(&sealed, true, &mut opened);
        assert_eq!(cut, Err(CryptoError::OpenFailed));
        assert_eq!(opened, b"before", "nothing unverified is handed out");
    }

    #[test]
    fn oversized_chunks_are_refused() {
        let mut sealed = Vec::new();
        let mut sealer = ChunkSealer::new(&secret(1));
        let result = sealer.seal(&vec![0; CHUNK + 1], true, &mut sealed);
        assert_eq!(result, Err(CryptoError::TooLong));
    }
}
