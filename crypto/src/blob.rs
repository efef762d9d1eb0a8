//! Attachments: padded, then sealed in chunks.

use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::{
    CryptoError, SecretBytes, padme,
    stream::{CHUNK, ChunkOpener, ChunkSealer, TAG},
};

/// Bytes of the true length that the padded plaintext begins with.
pub(crate) const LENGTH: usize = 8;

/// The key of one blob, 32 bytes. Every blob has its own: the nonces are the same
/// in all of them.
pub struct BlobKey(pub(crate) SecretBytes<32>);

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
    let opener = ChunkOpener::new(&key.0);
    for (i, chunk) in sealed.chunks(CHUNK + TAG).enumerate() {
        let number = u32::try_from(i).map_err(|_| CryptoError::OpenFailed)?;
        opener.open(number, chunk, i + 1 == chunks, &mut plaintext)?;
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        sha256,
        testing::{counting_secret, secret, to_hex},
    };

    const SEALED_CHUNK: usize = CHUNK + TAG;

    fn key() -> BlobKey {
        BlobKey(counting_secret())
    }

    fn refuses(sealed: &[u8]) -> bool {
        open_blob(&key(), sealed) == Err(CryptoError::OpenFailed)
    }

    /// Computed with Python's `cryptography`, as are the hashes below.
    #[test]
    fn a_small_blob_of_a_fixed_key() {
        insta::assert_snapshot!(
            to_hex(&seal_blob(&key(), b"hello Bob")),
            @"15d6bffc44f43017664b3d5583867898779f50ba373fd0bf2195313664e57d1e2606"
        );
    }

    #[test]
    fn blobs_of_several_chunks() {
        let content: Vec<u8> = (0..200_000u32).map(|i| (i % 251) as u8).collect();
        let sealed = seal_blob(&key(), &content);
        assert_eq!(sealed.len(), 200_768);
        assert_eq!(
            to_hex(&sha256(&[&sealed])),
            "25b2c039ab4c0d546851bbe468d20d2979f44c9d6df777004b2fd0a57aa570fa"
        );
        // Fills its chunks exactly, and no empty chunk follows.
        let sealed = seal_blob(&key(), &vec![0; 2 * CHUNK - LENGTH]);
        assert_eq!(sealed.len(), 2 * SEALED_CHUNK);
        assert_eq!(
            to_hex(&sha256(&[&sealed])),
            "a99d94f42c669ca883094339e2a383a88645a278ab0275833323ae37692ae2ae"
        );
    }

    #[test]
    fn an_empty_blob() {
        let sealed = seal_blob(&key(), b"");
        assert_eq!(sealed.len(), LENGTH + TAG);
        assert_eq!(open_blob(&key(), &sealed).unwrap(), b"");
        assert!(refuses(b""));
    }

    #[test]
    fn mallory_can_not_open() {
        let sealed = seal_blob(&key(), b"hello Bob");
        let mallory = BlobKey(secret(66));
        assert_eq!(open_blob(&mallory, &sealed), Err(CryptoError::OpenFailed));
    }

    #[test]
    fn chunks_stay_where_they_were_sealed() {
        // Full chunks, so that every cut below has a length that a blob can have
        // and is refused for what it holds.
        let alice = seal_blob(&key(), &vec![b'a'; 4 * CHUNK - LENGTH]);
        let other = seal_blob(&BlobKey(secret(9)), &vec![b'b'; 4 * CHUNK - LENGTH]);
        assert!(open_blob(&key(), &alice).is_ok());

        let mut swapped = alice.clone();
        let (first, rest) = swapped.split_at_mut(SEALED_CHUNK);
        first.swap_with_slice(&mut rest[..SEALED_CHUNK]);
        assert!(refuses(&swapped), "swapped");

        let mut foreign = alice.clone();
        foreign[SEALED_CHUNK..2 * SEALED_CHUNK]
            .copy_from_slice(&other[SEALED_CHUNK..2 * SEALED_CHUNK]);
        assert!(refuses(&foreign), "from another blob");

        for chunks in 1..4 {
            let cut = &alice[..chunks * SEALED_CHUNK];
            assert!(sealed_blob_len_is_valid(cut.len() as u64));
            assert!(refuses(cut), "cut after chunk {chunks}");
        }
        let doubled = [&alice[..], &alice].concat();
        assert!(sealed_blob_len_is_valid(doubled.len() as u64));
        assert!(refuses(&doubled), "sealed blob twice");
        assert!(refuses(&alice[2 * SEALED_CHUNK..]), "head cut off");
    }

    /// Whoever has the key can seal anything; it is still opened only if it is
    /// what `seal_blob` would make.
    #[test]
    fn every_content_has_one_form() {
        let seal_raw = |plaintext: &[u8]| {
            let mut sealed = Vec::new();
            ChunkSealer::new(&key().0)
                .seal(plaintext, true, &mut sealed)
                .unwrap();
            open_blob(&key(), &sealed)
        };
        assert_eq!(
            seal_raw(&[0, 0, 0, 0, 0, 0, 0, 2, b'h', b'i']).unwrap(),
            b"hi"
        );
        let padding = Err(CryptoError::Malformed("blob padding"));
        assert_eq!(
            seal_raw(&[0, 0, 0, 0, 0, 0, 0, 1, b'h', b'i']),
            padding,
            "hidden byte"
        );
        assert_eq!(
            seal_raw(&[0, 0, 0, 0, 0, 0, 0, 1, b'h', 0, 0, 0]),
            padding,
            "too much"
        );
        let short = Err(CryptoError::Malformed("blob shorter than its length says"));
        assert_eq!(seal_raw(&[0, 0, 0, 0, 0, 0, 0, 3, b'h', b'i']), short);
        assert_eq!(seal_raw(&[0xff; 10]), short);
    }

    #[test]
    fn impossible_lengths() {
        for len in [0, 1, 16, 23, 25 + 2, u64::MAX, (SEALED_CHUNK + TAG) as u64] {
            assert!(!sealed_blob_len_is_valid(len), "{len}");
        }
        assert!(sealed_blob_len_is_valid(24));
        let made: Vec<u64> = (0..3000)
            .map(|n| seal_blob(&key(), &vec![0; n]).len() as u64)
            .collect();
        for len in 0..=made[2999] {
            assert_eq!(sealed_blob_len_is_valid(len), made.contains(&len), "{len}");
        }
    }

    fn content() -> impl Strategy<Value = Vec<u8>> {
        // Mostly small, some around the edges of chunks.
        prop_oneof![
            prop::collection::vec(any::<u8>(), 0..600),
            (1usize..4, 0usize..40, any::<u8>()).prop_map(|(chunks, less, byte)| vec![
                byte;
                chunks
                    * CHUNK
                    + 20
                    - less
            ]),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn bob_reads_what_alice_sealed(content in content()) {
            let sealed = seal_blob(&key(), &content);
            prop_assert!(sealed_blob_len_is_valid(sealed.len() as u64));
            prop_assert_eq!(open_blob(&key(), &sealed).unwrap(), content);
        }

        #[test]
        fn any_change_is_refused(
            content in content(),
            place: prop::sample::Index,
            bit in 0..8,
            appended: u8,
        ) {
            let sealed = seal_blob(&key(), &content);
            let place = place.index(sealed.len());
            let mut flipped = sealed.clone();
            flipped[place] ^= 1u8 << bit;
            prop_assert!(refuses(&flipped), "flipped bit");
            prop_assert!(refuses(&sealed[..place]), "truncated");
            prop_assert!(refuses(&[&sealed[..], &[appended]].concat()), "appended byte");
        }
    }
}
