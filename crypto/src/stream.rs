//! The STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár, "Online
//! Authenticated-Encryption and its Nonce-Reuse Misuse-Resistance", CRYPTO 2015)
//! over AES-256-GCM: chunks that can not be cut off, swapped or appended.
//!
//! The nonce of a chunk is 7 zero bytes, the chunk's number (32 bits,
//! big-endian), and one byte that is 1 for the last chunk and else 0.

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

use crate::{CryptoError, SecretBytes};

/// Bytes of plaintext in every chunk but the last.
pub(crate) const CHUNK: usize = 64 * 1024;
/// Bytes that sealing adds to a chunk.
pub(crate) const TAG: usize = 16;

/// The bulk cipher under one key, which must be fresh for each stream: the nonces
/// are the same in all of them.
///
/// It is the one that TLS brings along, three times as fast as the cipher that
/// seals keys. The round keys inside are not wiped when it is dropped, so it should
/// live no longer than the stream; they open this one stream and nothing else.
struct Cipher(LessSafeKey);

impl Cipher {
    fn new(key: &SecretBytes<32>) -> Self {
        let key = UnboundKey::new(&AES_256_GCM, key.expose())
            .expect("the cipher takes keys of 32 bytes, which the type has");
        Self(LessSafeKey::new(key))
    }

    /// Appends the sealed chunk to `out`.
    fn seal(&self, nonce: [u8; 12], chunk: &[u8], out: &mut Vec<u8>) -> Result<(), CryptoError> {
        let start = out.len();
        out.extend_from_slice(chunk);
        let tag = self
            .0
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::empty(),
                &mut out[start..],
            )
            .map_err(|_| CryptoError::TooLong)?;
        out.extend_from_slice(tag.as_ref());
        Ok(())
    }

    /// Appends the opened chunk to `out`; on an error `out` is as it was.
    fn open(&self, nonce: [u8; 12], sealed: &[u8], out: &mut Vec<u8>) -> Result<(), CryptoError> {
        let start = out.len();
        out.extend_from_slice(sealed);
        let nonce = Nonce::assume_unique_for_key(nonce);
        let opened = self
            .0
            .open_in_place(nonce, Aad::empty(), &mut out[start..])
            .map(|plaintext| plaintext.len());
        // Without the tag, or without anything.
        out.truncate(start + opened.as_ref().map_or(0, |length| *length));
        opened.map(drop).map_err(|_| CryptoError::OpenFailed)
    }
}

/// The nonce of chunk `number`.
fn nonce(number: u32, last: bool) -> [u8; 12] {
    let mut nonce = [0; 12];
    nonce[7..11].copy_from_slice(&number.to_be_bytes());
    nonce[11] = last.into();
    nonce
}

/// Seals the chunks of one stream in order.
pub(crate) struct ChunkSealer {
    cipher: Cipher,
    next: Option<u32>,
}

impl ChunkSealer {
    /// Starts a stream under `key`, which must never have been used before.
    pub(crate) fn new(key: &SecretBytes<32>) -> Self {
        Self {
            cipher: Cipher::new(key),
            next: Some(0),
        }
    }

    /// The nonce of the next chunk. After the last there is none.
    fn nonce(&mut self, last: bool) -> Result<[u8; 12], CryptoError> {
        let number = self.next.ok_or(CryptoError::TooLong)?;
        self.next = if last { None } else { number.checked_add(1) };
        Ok(nonce(number, last))
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
        let nonce = self.nonce(last)?;
        self.cipher.seal(nonce, chunk, out)
    }
}

/// Opens the chunks of one stream, in any order: a chunk opens only in its place.
pub(crate) struct ChunkOpener(Cipher);

impl ChunkOpener {
    /// Starts reading a stream under `key`.
    pub(crate) fn new(key: &SecretBytes<32>) -> Self {
        Self(Cipher::new(key))
    }

    /// Appends chunk `number`, opened, to `out`; on an error `out` is as it was.
    ///
    /// # Errors
    /// [`CryptoError::OpenFailed`] if this is not the chunk that was sealed in
    /// this place, or not the last although `last` says so, or the reverse.
    pub(crate) fn open(
        &self,
        number: u32,
        sealed: &[u8],
        last: bool,
        out: &mut Vec<u8>,
    ) -> Result<(), CryptoError> {
        self.0.open(nonce(number, last), sealed, out)
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
        let opener = ChunkOpener::new(&secret(1));
        let mut opened = Vec::new();
        opener.open(0, &sealed, true, &mut opened).unwrap();
        let again = opener.open(1, &sealed, true, &mut opened);
        assert_eq!(again, Err(CryptoError::OpenFailed));
        assert_eq!(opened, b"the end");
    }

    #[test]
    fn chunk_numbers_never_repeat() {
        let mut sealer = ChunkSealer::new(&secret(1));
        sealer.next = Some(u32::MAX);
        assert_eq!(sealer.nonce(false).unwrap()[7..], [255, 255, 255, 255, 0]);
        assert_eq!(sealer.nonce(false), Err(CryptoError::TooLong));
    }

    #[test]
    fn a_chunk_in_the_middle_is_not_the_last() {
        let mut sealed = Vec::new();
        let mut sealer = ChunkSealer::new(&secret(1));
        sealer.seal(b"middle", false, &mut sealed).unwrap();
        let mut opened = b"before".to_vec();
        let cut = ChunkOpener::new(&secret(1)).open(0, &sealed, true, &mut opened);
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
