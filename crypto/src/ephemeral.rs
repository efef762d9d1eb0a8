//! Short signals to everybody in a group, under a key that all of them have.

use aes_gcm::{AeadInPlace, Aes256Gcm, KeyInit, Nonce, Tag};
use rand_core::CryptoRng;

use crate::{CryptoError, SecretBytes};

const NONCE: usize = 12;
const TAG: usize = 16;

/// The key of a group's signals, 32 bytes, the same at all members. It says that a member sent a
/// signal, and not which one: never let anything of weight rest on it.
pub struct EphemeralKey(SecretBytes<32>);

impl EphemeralKey {
    /// What a signal is longer than its content: nonce and tag, bytes.
    pub const OVERHEAD: usize = NONCE + TAG;

    /// A key that the group exported.
    ///
    /// # Errors
    /// [`CryptoError::BadKey`] unless there are exactly 32 bytes.
    pub fn from_slice(bytes: &[u8]) -> Result<Self, CryptoError> {
        SecretBytes::from_slice(bytes).map(Self)
    }

    /// Seals with AES-256-GCM (NIST SP 800-38D) under a random nonce, which comes first; the tag
    /// comes last. Good for 2³² signals under one key (§8.3).
    pub fn seal(&self, associated: &[u8], content: &[u8], rng: &mut impl CryptoRng) -> Vec<u8> {
        let mut nonce = [0; NONCE];
        rng.fill_bytes(&mut nonce);
        let mut sealed = Vec::with_capacity(content.len() + Self::OVERHEAD);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(content);
        let tag = self
            .cipher()
            .encrypt_in_place_detached(Nonce::from_slice(&nonce), associated, &mut sealed[NONCE..])
            .expect("a signal is shorter than 64 GiB");
        sealed.extend_from_slice(&tag);
        sealed
    }

    /// Opens what [`EphemeralKey::seal`] made.
    ///
    /// # Errors
    /// [`CryptoError::OpenFailed`] if key or associated data are others, or anything was changed.
    pub fn open(&self, associated: &[u8], sealed: &[u8]) -> Result<Vec<u8>, CryptoError> {
        if sealed.len() < Self::OVERHEAD {
            return Err(CryptoError::OpenFailed);
        }
        let (nonce, rest) = sealed.split_at(NONCE);
        let (content, tag) = rest.split_at(rest.len() - TAG);
        let mut content = content.to_vec();
        self.cipher()
            .decrypt_in_place_detached(
                Nonce::from_slice(nonce),
                associated,
                &mut content,
                Tag::from_slice(tag),
            )
            .map_err(|_| CryptoError::OpenFailed)?;
        Ok(content)
    }

    fn cipher(&self) -> Aes256Gcm {
        Aes256Gcm::new(self.0.expose().into())
    }
}

#[cfg(test)]
mod tests {
    use rand::{SeedableRng, rngs::StdRng};

    use super::*;

    fn rng() -> StdRng {
        StdRng::seed_from_u64(1)
    }

    #[test]
    fn only_what_was_sealed_opens() {
        let mut rng = rng();
        let key = EphemeralKey::from_slice(&[7; 32]).unwrap();
        let sealed = key.seal(b"lane", b"typing", &mut rng);
        assert_eq!(sealed.len(), 6 + EphemeralKey::OVERHEAD);
        assert_eq!(key.open(b"lane", &sealed).unwrap(), b"typing");
        assert!(key.open(b"other lane", &sealed).is_err());
        let other = EphemeralKey::from_slice(&[8; 32]).unwrap();
        assert!(other.open(b"lane", &sealed).is_err());
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(key.open(b"lane", &changed).is_err());
            assert!(key.open(b"lane", &sealed[..at]).is_err());
        }
    }

    #[test]
    fn no_two_signals_look_alike() {
        let mut rng = rng();
        let key = EphemeralKey::from_slice(&[7; 32]).unwrap();
        let (one, other) = (key.seal(b"", b"x", &mut rng), key.seal(b"", b"x", &mut rng));
        assert_ne!(one, other);
    }
}
