//! Blobs chunk by chunk: for files that do not fit into memory, and for going on
//! where a transfer ended.

use std::ops::Range;

use crate::{
    BlobKey, CryptoError,
    blob::LENGTH,
    padme,
    stream::{CHUNK, ChunkOpener, ChunkSealer, TAG},
};

/// Bytes of a sealed chunk: 64 KiB and a tag of 16. Only the last may be shorter.
pub const SEALED_CHUNK: u64 = (CHUNK + TAG) as u64;

/// The length in bytes of the blob that a content of `content_len` bytes is sealed to.
///
/// # Errors
/// [`CryptoError::TooLong`] from 2³² chunks on.
pub fn sealed_blob_len(content_len: u64) -> Result<u64, CryptoError> {
    Shape::of(content_len).map(|shape| shape.padded + shape.chunks * TAG as u64)
}

/// Where a content lies in its padded plaintext.
struct Shape {
    content: u64,
    padded: u64,
    chunks: u64,
}

impl Shape {
    fn of(content: u64) -> Result<Self, CryptoError> {
        let length = content.checked_add(LENGTH as u64);
        let padded = padme(length.ok_or(CryptoError::TooLong)?);
        let chunks = padded.div_ceil(CHUNK as u64);
        // Chunks are numbered in 32 bits.
        if chunks > 1 << 32 {
            return Err(CryptoError::TooLong);
        }
        Ok(Self {
            content,
            padded,
            chunks,
        })
    }

    /// Which bytes of the content chunk `number` holds.
    fn content_of(&self, number: u64) -> Range<u64> {
        let place = |at: u64| at.saturating_sub(LENGTH as u64).min(self.content);
        let start = number * CHUNK as u64;
        place(start)..place(start + CHUNK as u64)
    }

    /// Bytes of plaintext in chunk `number`.
    fn plaintext_of(&self, number: u64) -> usize {
        let left = self.padded.saturating_sub(number * CHUNK as u64);
        usize::try_from(left).map_or(CHUNK, |left| left.min(CHUNK))
    }
}

/// Seals one content chunk by chunk into the bytes that
/// [`seal_blob`](crate::seal_blob) makes of it.
///
/// There is no way to seal a chunk twice: under one key, two contents in one place
/// would lay open both. Whoever has lost sealed bytes begins anew with a new key.
pub struct BlobSealer {
    chunks: ChunkSealer,
    shape: Shape,
    next: u64,
    plaintext: zeroize::Zeroizing<Vec<u8>>,
}

impl BlobSealer {
    /// Begins a blob of `content_len` bytes under a key that is used for nothing else.
    ///
    /// # Errors
    /// [`CryptoError::TooLong`] from 2³² chunks on.
    pub fn new(key: &BlobKey, content_len: u64) -> Result<Self, CryptoError> {
        Ok(Self {
            chunks: ChunkSealer::new(&key.0),
            shape: Shape::of(content_len)?,
            next: 0,
            plaintext: Vec::with_capacity(CHUNK).into(),
        })
    }

    /// How many bytes of content the next chunk takes, at most 65,536; `None` after
    /// the last. The last chunks may take none: they hold padding.
    #[must_use]
    pub fn wants(&self) -> Option<usize> {
        let Range { start, end } = self.shape.content_of(self.next);
        (self.next < self.shape.chunks).then(|| (end - start) as usize)
    }

    /// Appends the next sealed chunk to `out`, at most [`SEALED_CHUNK`] bytes.
    ///
    /// # Errors
    /// [`CryptoError::Malformed`] unless `content` has as many bytes as
    /// [`BlobSealer::wants`] says; nothing is sealed then.
    pub fn seal(&mut self, content: &[u8], out: &mut Vec<u8>) -> Result<(), CryptoError> {
        if self.wants() != Some(content.len()) {
            return Err(CryptoError::Malformed("content of another length"));
        }
        let last = self.next + 1 == self.shape.chunks;
        let length = self.shape.plaintext_of(self.next);
        if content.len() == length {
            self.chunks.seal(content, last, out)?;
        } else {
            self.plaintext.clear();
            if self.next == 0 {
                let prefix = self.shape.content.to_be_bytes();
                self.plaintext.extend_from_slice(&prefix);
            }
            self.plaintext.extend_from_slice(content);
            self.plaintext.resize(length, 0);
            self.chunks.seal(&self.plaintext, last, out)?;
        }
        self.next += 1;
        Ok(())
    }
}

/// Opens the chunks of one blob, in any order and each by itself.
pub struct BlobOpener {
    chunks: ChunkOpener,
    shape: Shape,
}

impl BlobOpener {
    /// A blob of `content_len` bytes of content; who sent the key also said how many.
    ///
    /// # Errors
    /// [`CryptoError::TooLong`] from 2³² chunks on.
    pub fn new(key: &BlobKey, content_len: u64) -> Result<Self, CryptoError> {
        Ok(Self {
            chunks: ChunkOpener::new(&key.0),
            shape: Shape::of(content_len)?,
        })
    }

    /// How many chunks the blob has; at least one.
    #[must_use]
    pub fn chunks(&self) -> u64 {
        self.shape.chunks
    }

    /// Where chunk `number` lies in the sealed blob.
    #[must_use]
    pub fn sealed_range(&self, number: u64) -> Range<u64> {
        let start = number * SEALED_CHUNK;
        start..start + (self.shape.plaintext_of(number) + TAG) as u64
    }

    /// Which bytes of the content chunk `number` holds; none if only padding.
    #[must_use]
    pub fn content_range(&self, number: u64) -> Range<u64> {
        self.shape.content_of(number)
    }

    /// Appends the content of chunk `number` to `out`; on an error `out` is as it was.
    ///
    /// All chunks opened are all of the content: nothing was changed, cut off,
    /// swapped or appended.
    ///
    /// # Errors
    /// [`CryptoError::OpenFailed`] if this is not the chunk that was sealed in this
    /// place of this blob; [`CryptoError::Malformed`] if whoever held the key sealed
    /// a content of another length, or something in the padding.
    pub fn open(&self, number: u64, sealed: &[u8], out: &mut Vec<u8>) -> Result<(), CryptoError> {
        let range = self.sealed_range(number);
        if number >= self.shape.chunks || sealed.len() as u64 != range.end - range.start {
            return Err(CryptoError::OpenFailed);
        }
        let start = out.len();
        let in_stream = u32::try_from(number).map_err(|_| CryptoError::OpenFailed)?;
        let last = number + 1 == self.shape.chunks;
        self.chunks.open(in_stream, sealed, last, out)?;
        let trimmed = self.trim(number, start, out);
        if trimmed.is_err() {
            out.truncate(start);
        }
        trimmed
    }

    /// Takes length and padding off the plaintext that begins at `start`.
    fn trim(&self, number: u64, start: usize, out: &mut Vec<u8>) -> Result<(), CryptoError> {
        let length = self.shape.content.to_be_bytes();
        let prefix = if number == 0 { LENGTH } else { 0 };
        if prefix > 0 && !out[start..].starts_with(&length) {
            return Err(CryptoError::Malformed("blob of another length"));
        }
        let Range { start: from, end } = self.shape.content_of(number);
        let padding = start + prefix + (end - from) as usize;
        if out[padding..].iter().any(|byte| *byte != 0) {
            return Err(CryptoError::Malformed("blob padding"));
        }
        out.truncate(padding);
        out.drain(start..start + prefix);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        open_blob, seal_blob, sealed_blob_len_is_valid,
        testing::{counting_secret, secret},
    };

    fn key() -> BlobKey {
        BlobKey(counting_secret())
    }

    fn bytes(len: usize) -> Vec<u8> {
        (0..len).map(|i| (i % 251) as u8).collect()
    }

    fn sealed_by_chunks(content: &[u8]) -> Vec<u8> {
        let mut sealer = BlobSealer::new(&key(), content.len() as u64).unwrap();
        let (mut out, mut at) = (Vec::new(), 0);
        while let Some(wanted) = sealer.wants() {
            sealer.seal(&content[at..at + wanted], &mut out).unwrap();
            at += wanted;
        }
        out
    }

    fn chunk<'a>(opener: &BlobOpener, sealed: &'a [u8], number: u64) -> &'a [u8] {
        let range = opener.sealed_range(number);
        &sealed[range.start as usize..range.end as usize]
    }

    #[test]
    fn both_ways_of_sealing_make_the_same_bytes() {
        for len in [0, 1, 9, CHUNK - 9, CHUNK - 8, CHUNK - 7, 200_000, 1_000_003] {
            let content = bytes(len);
            let sealed = sealed_by_chunks(&content);
            assert!(sealed == seal_blob(&key(), &content), "{len} bytes");
            assert_eq!(sealed.len() as u64, sealed_blob_len(len as u64).unwrap());
        }
    }

    /// Padmé adds up to 12 %, so the last chunks of a large blob hold nothing else.
    #[test]
    fn chunks_of_padding_alone() {
        let content = bytes(66 * CHUNK);
        let opener = BlobOpener::new(&key(), content.len() as u64).unwrap();
        let last = opener.chunks() - 1;
        assert!(opener.content_range(last).is_empty());
        let sealed = sealed_by_chunks(&content);
        let mut out = b"before".to_vec();
        opener
            .open(last, chunk(&opener, &sealed, last), &mut out)
            .unwrap();
        assert_eq!(out, b"before");
    }

    #[test]
    fn a_content_of_the_wrong_length_is_not_sealed() {
        let mut sealer = BlobSealer::new(&key(), 5).unwrap();
        let mut out = Vec::new();
        for wrong in [&b"four"[..], b"longer"] {
            assert!(sealer.seal(wrong, &mut out).is_err());
        }
        sealer.seal(b"hello", &mut out).unwrap();
        assert_eq!(open_blob(&key(), &out).unwrap(), b"hello");
        assert_eq!(sealer.wants(), None);
        assert!(sealer.seal(b"", &mut out).is_err(), "after the end");
    }

    #[test]
    fn any_chunk_opens_by_itself_and_only_in_its_place() {
        let content = bytes(4 * CHUNK - LENGTH);
        let sealed = seal_blob(&key(), &content);
        let opener = BlobOpener::new(&key(), content.len() as u64).unwrap();
        assert_eq!(opener.chunks(), 4);
        for number in [2, 0, 3, 1] {
            let range = opener.content_range(number);
            let mut out = Vec::new();
            opener
                .open(number, chunk(&opener, &sealed, number), &mut out)
                .unwrap();
            assert!(out == content[range.start as usize..range.end as usize]);
            for other in (0..5).filter(|other| *other != number) {
                let moved = opener.open(other, chunk(&opener, &sealed, number), &mut out);
                assert_eq!(moved, Err(CryptoError::OpenFailed), "{number} as {other}");
            }
        }
    }

    #[test]
    fn cut_foreign_and_changed_chunks_are_refused() {
        let content = bytes(3 * CHUNK);
        let sealed = seal_blob(&key(), &content);
        let foreign = seal_blob(&BlobKey(secret(9)), &content);
        let opener = BlobOpener::new(&key(), content.len() as u64).unwrap();
        let good = chunk(&opener, &sealed, 1);
        let mut changed = good.to_vec();
        changed[77] ^= 1;
        let mut out = b"before".to_vec();
        for bad in [
            &good[..good.len() - 1],
            chunk(&opener, &foreign, 1),
            &changed,
            b"",
        ] {
            assert_eq!(opener.open(1, bad, &mut out), Err(CryptoError::OpenFailed));
        }
        assert_eq!(out, b"before", "nothing unverified is handed out");
    }

    /// Whoever has the key can seal anything; it is opened only if it is what the
    /// message said.
    #[test]
    fn a_sender_who_lies_is_refused() {
        let seal_raw = |plaintext: &[u8]| {
            let mut sealed = Vec::new();
            ChunkSealer::new(&key().0)
                .seal(plaintext, true, &mut sealed)
                .unwrap();
            let mut out = Vec::new();
            let opener = BlobOpener::new(&key(), 2).unwrap();
            opener.open(0, &sealed, &mut out).map(|()| out)
        };
        assert_eq!(
            seal_raw(&[0, 0, 0, 0, 0, 0, 0, 2, b'h', b'i']).unwrap(),
            b"hi"
        );
        assert_eq!(
            seal_raw(&[0, 0, 0, 0, 0, 0, 0, 1, b'h', 0]),
            Err(CryptoError::Malformed("blob of another length"))
        );
        assert_eq!(
            seal_raw(&[0, 0, 0, 0, 0, 0, 0, 2, b'h', b'i', 0]),
            Err(CryptoError::OpenFailed)
        );
        // Of 3 * 2¹⁰ bytes some are padding.
        let opener = BlobOpener::new(&key(), 3 * 1024).unwrap();
        let mut plaintext = vec![0; opener.sealed_range(0).end as usize - TAG];
        plaintext[..8].copy_from_slice(&(3 * 1024u64).to_be_bytes());
        *plaintext.last_mut().unwrap() = 1;
        let mut sealed = Vec::new();
        ChunkSealer::new(&key().0)
            .seal(&plaintext, true, &mut sealed)
            .unwrap();
        assert_eq!(
            opener.open(0, &sealed, &mut Vec::new()),
            Err(CryptoError::Malformed("blob padding"))
        );
    }

    #[test]
    fn more_chunks_than_numbers() {
        assert!(sealed_blob_len(1 << 47).is_ok());
        for len in [(1 << 48) - 7, u64::MAX - 8, u64::MAX] {
            assert_eq!(sealed_blob_len(len), Err(CryptoError::TooLong), "{len}");
            assert!(BlobOpener::new(&key(), len).is_err());
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn what_was_sealed_by_chunks_opens_by_chunks(len in 0usize..300_000) {
            let content = bytes(len);
            let sealed = sealed_by_chunks(&content);
            prop_assert!(sealed_blob_len_is_valid(sealed.len() as u64));
            let opener = BlobOpener::new(&key(), len as u64).unwrap();
            let mut out = Vec::new();
            for number in 0..opener.chunks() {
                opener.open(number, chunk(&opener, &sealed, number), &mut out).unwrap();
            }
            prop_assert!(out == content);
        }
    }
}
