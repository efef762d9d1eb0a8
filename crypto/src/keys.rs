//! Ed25519 keys (RFC 8032) in three roles that can not be mixed up.

use std::fmt;

use ed25519_dalek::{Signer, SigningKey, VerifyingKey};
use rand_core::CryptoRng;

use crate::{CryptoError, SecretBytes, SignContext, context::PREFIX};

/// An Ed25519 signature, 64 bytes (RFC 8032 §5.1.6).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Signature(pub [u8; 64]);

impl Signature {
    /// Reads a signature from exactly 64 bytes.
    ///
    /// # Errors
    /// [`CryptoError::BadSignature`] for any other length.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CryptoError> {
        bytes
            .try_into()
            .map(Self)
            .map_err(|_| CryptoError::BadSignature)
    }

    /// The 64 bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 64] {
        &self.0
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signature(")?;
        write_hex(f, &self.0)?;
        f.write_str(")")
    }
}

/// Writes lower-case hexadecimal.
pub(crate) fn write_hex(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}

/// Reads a public key, keeping one spelling per key and none that signs anything.
fn parse_public(bytes: &[u8]) -> Result<[u8; 32], CryptoError> {
    let bytes: [u8; 32] = bytes.try_into().map_err(|_| CryptoError::BadKey)?;
    let point = VerifyingKey::from_bytes(&bytes).map_err(|_| CryptoError::BadKey)?;
    // Keys are compared and looked up by their bytes, so a point must have one
    // spelling only; and under a point of small order one signature can fit many
    // messages.
    let canonical = point.to_edwards().compress().to_bytes() == bytes;
    if point.is_weak() || !canonical {
        return Err(CryptoError::BadKey);
    }
    Ok(bytes)
}

/// Verifies `message` as it stands. Strict, so that everybody agrees on what is
/// valid: RFC 8032 leaves room for signatures that some implementations take and
/// others refuse.
fn verify_raw(public: &[u8; 32], message: &[u8], signature: &Signature) -> Result<(), CryptoError> {
    let key = VerifyingKey::from_bytes(public).map_err(|_| CryptoError::BadKey)?;
    key.verify_strict(message, &ed25519_dalek::Signature::from_bytes(&signature.0))
        .map_err(|_| CryptoError::BadSignature)
}

macro_rules! role {
    ($secret:ident, $public:ident, $what:literal) => {
        #[doc = concat!("The secret Ed25519 key of ", $what, ". Wiped when dropped.")]
        pub struct $secret(SigningKey);

        impl $secret {
            /// A fresh key from `rng`.
            pub fn generate(rng: &mut impl CryptoRng) -> Self {
                Self::from_seed(&SecretBytes::generate(rng))
            }

            /// The key of a seed: the 32-byte private key of RFC 8032 §5.1.5.
            #[must_use]
            pub fn from_seed(seed: &SecretBytes<32>) -> Self {
                Self(SigningKey::from_bytes(seed.expose()))
            }

            /// The 32-byte seed, to be stored encrypted.
            #[must_use]
            pub fn seed(&self) -> SecretBytes<32> {
                SecretBytes::fill(|seed| seed.copy_from_slice(self.0.as_bytes()))
            }

            /// The public key.
            #[must_use]
            pub fn public(&self) -> $public {
                $public(self.0.verifying_key().to_bytes())
            }

            /// Signs `message` for `context`. Deterministic (RFC 8032 §5.1.6).
            #[must_use]
            pub fn sign(&self, context: SignContext, message: &[u8]) -> Signature {
                Signature(self.0.sign(&context.signed_bytes(message)).to_bytes())
            }
        }

        #[doc = concat!("The public Ed25519 key of ", $what, ", 32 bytes.")]
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $public([u8; 32]);

        impl $public {
            /// Reads a public key (RFC 8032 §5.1.2).
            ///
            /// # Errors
            /// [`CryptoError::BadKey`] unless `bytes` are the 32 bytes of the one
            /// spelling of a point of the curve that is not of small order.
            pub fn from_bytes(bytes: &[u8]) -> Result<Self, CryptoError> {
                parse_public(bytes).map(Self)
            }

            /// The 32 bytes.
            #[must_use]
            pub fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }

            /// Checks that this key signed `message` for `context`.
            ///
            /// # Errors
            /// [`CryptoError::BadSignature`] if not.
            pub fn verify(
                &self,
                context: SignContext,
                message: &[u8],
                signature: &Signature,
            ) -> Result<(), CryptoError> {
                verify_raw(&self.0, &context.signed_bytes(message), signature)
            }
        }

        impl fmt::Display for $public {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_hex(f, &self.0)
            }
        }

        impl fmt::Debug for $public {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($public))
            }
        }
    };
}

role!(
    OrganisationKey,
    OrganisationPublic,
    "an organisation, which signs policy and endorsements"
);
role!(
    AccountKey,
    AccountPublic,
    "an account, which signs device certificates and directory entries"
);
role!(
    DeviceKey,
    DevicePublic,
    "a device, which is also its MLS signature key"
);

impl DeviceKey {
    /// Signs `content` as it stands, for MLS.
    ///
    /// MLS signs a serialised `SignContent` (RFC 9420 §5.1.2), which carries its
    /// own label. One key may do both, because the two can not be the same bytes:
    /// `SignContent` begins with the length of a label that begins `"MLS 1.0 "`,
    /// while [`DeviceKey::sign`] begins with `"sealwire v1 "`. Read as such a
    /// length, `"se"` announces a label of 13,157 bytes that would then begin
    /// `"alwire v"` and not `"MLS 1.0 "`.
    ///
    /// # Panics
    /// If `content` begins `"sealwire v1 "`: then it is no `SignContent`, and
    /// signing it would forge one of our own statements.
    #[must_use]
    pub fn sign_mls(&self, content: &[u8]) -> Signature {
        assert!(!content.starts_with(PREFIX), "not an MLS SignContent");
        Signature(self.0.sign(content).to_bytes())
    }
}

impl DevicePublic {
    /// Checks a signature made by [`DeviceKey::sign_mls`].
    ///
    /// # Errors
    /// [`CryptoError::BadSignature`] if this key did not sign `content`, or if
    /// `content` is one of our own statements and therefore not MLS.
    pub fn verify_mls(&self, content: &[u8], signature: &Signature) -> Result<(), CryptoError> {
        if content.starts_with(PREFIX) {
            return Err(CryptoError::BadSignature);
        }
        verify_raw(&self.0, content, signature)
    }
}
