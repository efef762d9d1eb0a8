//! Hashes, authentication codes and derived keys.

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use crate::{CryptoError, SecretBytes};

/// SHA-256 (FIPS 180-4) of the parts as if they were one.
///
/// Nothing marks where a part ends: `["ab", "c"]` and `["a", "bc"]` hash the same.
/// Give lengths or fixed sizes where that matters.
#[must_use]
pub fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    hash.finalize().into()
}

/// SHA-256 of what comes piece by piece.
#[derive(Default)]
pub struct Sha256Stream(Sha256);

impl Sha256Stream {
    /// The hash of everything that a reader gives.
    ///
    /// # Errors
    /// The reader's.
    pub fn of_reader(mut reader: impl std::io::Read) -> std::io::Result<[u8; 32]> {
        let mut hash = Self::default();
        let mut buffer = vec![0; 64 * 1024];
        loop {
            match reader.read(&mut buffer)? {
                0 => return Ok(hash.finish()),
                read => hash.update(&buffer[..read]),
            }
        }
    }

    /// Adds what comes next.
    pub fn update(&mut self, piece: &[u8]) {
        self.0.update(piece);
    }

    /// The hash of all pieces as if they were one.
    #[must_use]
    pub fn finish(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}

/// HMAC-SHA256 (RFC 2104) of `message` for one purpose.
///
/// Authenticated is the length of `context` (8 bytes, big-endian), the context,
/// the message; so two purposes never give the same code, and none gives an
/// output of [`derive()`], whose input begins with a letter.
#[must_use]
pub fn mac(key: &SecretBytes<32>, context: &str, message: &[u8]) -> [u8; 32] {
    start_mac(key, context, message)
        .finalize()
        .into_bytes()
        .into()
}

/// HMAC-SHA256 (RFC 2104) of `message` and nothing else, for codes that people
/// recompute with other tools.
///
/// Use it only with a key that has this one purpose; [`mac`] is for all others.
#[must_use]
pub fn hmac(key: &SecretBytes<32>, message: &[u8]) -> [u8; 32] {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(key.expose()).expect("HMAC takes keys of any length");
    mac.update(message);
    mac.finalize().into_bytes().into()
}

/// Checks a code made by [`mac`], in constant time.
///
/// # Errors
/// [`CryptoError::BadSignature`] if it does not match.
pub fn verify_mac(
    key: &SecretBytes<32>,
    context: &str,
    message: &[u8],
    tag: &[u8],
) -> Result<(), CryptoError> {
    start_mac(key, context, message)
        .verify_slice(tag)
        .map_err(|_| CryptoError::BadSignature)
}

fn start_mac(key: &SecretBytes<32>, context: &str, message: &[u8]) -> Hmac<Sha256> {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(key.expose()).expect("HMAC takes keys of any length");
    mac.update(&(context.len() as u64).to_be_bytes());
    mac.update(context.as_bytes());
    mac.update(message);
    mac
}

/// A 32-byte key derived from `key` for one purpose: HKDF-Expand with SHA-256
/// (RFC 5869 §2.3), where `key` is the pseudorandom key and the info is
/// `"sealwire v1 "` and the label.
///
/// `key` must already be uniformly random; there is no extraction step.
#[must_use]
pub fn derive(key: &SecretBytes<32>, label: &str) -> SecretBytes<32> {
    let hkdf = Hkdf::<Sha256>::from_prk(key.expose()).expect("32 bytes are a full block of output");
    SecretBytes::fill(|out| {
        hkdf.expand_multi_info(&[crate::context::PREFIX, label.as_bytes()], out)
            .expect("32 bytes are within the limit of 255 blocks");
    })
}

/// A short fingerprint that people can compare: the first 16 bytes of the
/// SHA-256 of the key, as 8 groups of 4 hexadecimal digits.
#[must_use]
pub fn fingerprint(public: &[u8; 32]) -> String {
    let hash = sha256(&[public]);
    let groups: Vec<String> = hash[..16]
        .chunks_exact(2)
        .map(|pair| format!("{:02x}{:02x}", pair[0], pair[1]))
        .collect();
    groups.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{counting_secret, secret, to_hex};

    #[test]
    fn sha256_is_that_of_the_joined_parts() {
        // FIPS 180-4, example "abc".
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(to_hex(&sha256(&[b"abc"])), expected);
        assert_eq!(to_hex(&sha256(&[b"a", b"", b"bc"])), expected);
        let mut pieces = Sha256Stream::default();
        pieces.update(b"ab");
        pieces.update(b"c");
        assert_eq!(to_hex(&pieces.finish()), expected);
    }

    /// The expected values of this and the next three tests come from Python's
    /// hashlib and hmac.
    #[test]
    fn a_code_covers_context_and_message() {
        let key = counting_secret();
        let tag = mac(&key, "directory", b"alice@acme");
        assert_eq!(
            to_hex(&tag),
            "b12c7caee5945a8b451a5e8c46613bd1a50feef0b691c74acacd465b9fddafcd"
        );
        let refused = Err(CryptoError::BadSignature);
        assert_eq!(verify_mac(&key, "directory", b"alice@acme", &tag), Ok(()));
        assert_eq!(verify_mac(&key, "directorya", b"lice@acme", &tag), refused);
        assert_eq!(verify_mac(&key, "directory", b"bob@acme", &tag), refused);
        assert_eq!(
            verify_mac(&secret(1), "directory", b"alice@acme", &tag),
            refused
        );
        assert_eq!(
            verify_mac(&key, "directory", b"alice@acme", &tag[..31]),
            refused
        );
        assert_eq!(verify_mac(&key, "directory", b"alice@acme", &[]), refused);
    }

    #[test]
    fn a_plain_code_covers_the_message_alone() {
        assert_eq!(
            to_hex(&hmac(&counting_secret(), b"alice@acme")),
            "39a60ded1d5cdb29d32eefde532bbd563346569223932bfdc2e1f9363d5b9b41"
        );
    }

    #[test]
    fn derived_keys() {
        let key = counting_secret();
        assert_eq!(
            to_hex(derive(&key, "storage").expose()),
            "4549c82ca880bd8a5e65a9a202694ab9bf3cff86aa5f6bed1f3aad76d31f878d"
        );
        assert!(!derive(&key, "storage").ct_eq(derive(&key, "backup").expose()));
        assert!(!derive(&key, "storage").ct_eq(derive(&secret(1), "storage").expose()));
    }

    #[test]
    fn fingerprints() {
        insta::assert_snapshot!(
            fingerprint(counting_secret().expose()),
            @"630d cd29 66c4 3366 9112 5448 bbb2 5b4f"
        );
    }
}
