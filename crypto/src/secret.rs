//! Secret bytes that wipe themselves.

use rand_core::CryptoRng;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::CryptoError;

/// `N` secret bytes, wiped from memory when dropped.
///
/// They live on the heap, because moving a value that holds them inline would
/// leave copies behind on the stack that nothing wipes. There is no `Clone`, no
/// `Debug` and no `==`; compare with [`SecretBytes::ct_eq`].
pub struct SecretBytes<const N: usize>(Box<[u8; N]>);

impl<const N: usize> SecretBytes<N> {
    /// Fresh bytes from `rng`.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        Self::fill(|bytes| rng.fill_bytes(bytes))
    }

    /// A copy of `bytes`; the caller wipes the original.
    ///
    /// # Errors
    /// [`CryptoError::BadKey`] unless there are exactly `N` bytes.
    pub fn from_slice(bytes: &[u8]) -> Result<Self, CryptoError> {
        if bytes.len() != N {
            return Err(CryptoError::BadKey);
        }
        Ok(Self::fill(|own| own.copy_from_slice(bytes)))
    }

    /// Bytes written in place by `f`, which starts from zeros.
    pub fn fill(f: impl FnOnce(&mut [u8; N])) -> Self {
        let mut secret = Self(Box::new([0; N]));
        f(&mut secret.0);
        secret
    }

    /// The bytes themselves.
    #[must_use]
    pub fn expose(&self) -> &[u8; N] {
        &self.0
    }

    /// Whether the bytes equal `other`, in time that depends on the lengths alone.
    #[must_use]
    pub fn ct_eq(&self, other: &[u8]) -> bool {
        self.0.as_slice().ct_eq(other).into()
    }
}

impl<const N: usize> Drop for SecretBytes<N> {
    fn drop(&mut self) {
        self.0.as_mut_slice().zeroize();
    }
}

impl<const N: usize> ZeroizeOnDrop for SecretBytes<N> {}

#[cfg(test)]
mod tests {
    use rand::{SeedableRng, rngs::StdRng};
    use static_assertions::{assert_impl_all, assert_not_impl_any};

    use super::*;
    use crate::{AccountKey, BlobKey, DeviceKey, InboxKey, OrganisationKey, RecoveryKey};

    assert_not_impl_any!(SecretBytes<32>: Clone, Copy, std::fmt::Debug, std::fmt::Display, PartialEq);
    assert_not_impl_any!(OrganisationKey: Clone, Copy, std::fmt::Debug, std::fmt::Display, PartialEq);
    assert_not_impl_any!(AccountKey: Clone, Copy, std::fmt::Debug, std::fmt::Display, PartialEq);
    assert_not_impl_any!(DeviceKey: Clone, Copy, std::fmt::Debug, std::fmt::Display, PartialEq);
    assert_not_impl_any!(InboxKey: Clone, Copy, std::fmt::Debug, std::fmt::Display, PartialEq);
    assert_not_impl_any!(BlobKey: Clone, Copy, std::fmt::Debug, std::fmt::Display, PartialEq);
    assert_not_impl_any!(RecoveryKey: Clone, Copy, std::fmt::Debug, std::fmt::Display, PartialEq);
    assert_impl_all!(SecretBytes<32>: ZeroizeOnDrop, Send, Sync);
    assert_impl_all!(ed25519_dalek::SigningKey: ZeroizeOnDrop);

    #[test]
    fn generated_secrets_differ() {
        let mut rng = StdRng::seed_from_u64(1);
        let alice = SecretBytes::<32>::generate(&mut rng);
        let bob = SecretBytes::<32>::generate(&mut rng);
        assert!(!alice.ct_eq(bob.expose()));
    }

    #[test]
    fn only_the_exact_length_is_taken() {
        assert!(SecretBytes::<4>::from_slice(&[1, 2, 3, 4]).is_ok());
        for wrong in [&[1, 2, 3][..], &[1, 2, 3, 4, 5], &[]] {
            assert_eq!(
                SecretBytes::<4>::from_slice(wrong).err(),
                Some(CryptoError::BadKey)
            );
        }
    }

    #[test]
    fn comparison_sees_every_byte_and_the_length() {
        let secret = SecretBytes::<4>::fill(|bytes| *bytes = [1, 2, 3, 4]);
        assert!(secret.ct_eq(&[1, 2, 3, 4]));
        for i in 0..4 {
            let mut other = [1, 2, 3, 4];
            other[i] ^= 1;
            assert!(!secret.ct_eq(&other), "byte {i}");
        }
        assert!(!secret.ct_eq(&[1, 2, 3]));
        assert!(!secret.ct_eq(&[1, 2, 3, 4, 0]));
    }
}
