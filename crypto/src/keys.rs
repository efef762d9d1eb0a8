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
pub(crate) fn parse_public(bytes: &[u8]) -> Result<[u8; 32], CryptoError> {
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
pub(crate) fn verify_raw(
    public: &[u8; 32],
    message: &[u8],
    signature: &Signature,
) -> Result<(), CryptoError> {
    let key = VerifyingKey::from_bytes(public).map_err(|_| CryptoError::BadKey)?;
    key.verify_strict(message, &ed25519_dalek::Signature::from_bytes(&signature.0))
        .map_err(|_| CryptoError::BadSignature)
}

/// A secret and a public key without a way to sign, which says what the key is for.
macro_rules! key_pair {
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

            /// The 32-byte seed, to be stored where others can not read it.
            #[must_use]
            pub fn seed(&self) -> SecretBytes<32> {
                SecretBytes::fill(|seed| seed.copy_from_slice(self.0.as_bytes()))
            }

            /// The public key.
            #[must_use]
            pub fn public(&self) -> $public {
                $public(self.0.verifying_key().to_bytes())
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
pub(crate) use key_pair;

/// A key pair of which every signature is for a context of ours.
macro_rules! role {
    ($secret:ident, $public:ident, $what:literal) => {
        key_pair!($secret, $public, $what);

        impl $secret {
            /// Signs `message` for `context`. Deterministic (RFC 8032 §5.1.6).
            #[must_use]
            pub fn sign(&self, context: SignContext, message: &[u8]) -> Signature {
                Signature(self.0.sign(&context.signed_bytes(message)).to_bytes())
            }
        }

        impl $public {
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

#[cfg(test)]
mod tests {
    use ed25519_dalek::Verifier;
    use rand::{SeedableRng, rngs::StdRng};

    use super::*;
    use crate::testing::{hex, secret, to_hex};

    fn alice() -> DeviceKey {
        DeviceKey::from_seed(&secret(1))
    }

    fn mallory() -> DeviceKey {
        DeviceKey::from_seed(&secret(2))
    }

    /// The expected value was computed with OpenSSL's Ed25519.
    #[test]
    fn a_signature_covers_label_zero_byte_and_message() {
        let signature = alice().sign(SignContext::Envelope, b"hello Bob");
        assert_eq!(
            to_hex(signature.as_bytes()),
            "9d21ed05288041f31161126587e72025784dfa032c4c59ad06e4c8b09e637e7b\
             ecb0ce4651d0cfce7ef0cb9e8eb43aecf74c491bd93731ac4e7a2264a4884805"
        );
    }

    #[test]
    fn bob_verifies_what_alice_signed_and_nothing_else() {
        let (context, message) = (SignContext::Envelope, b"hello Bob");
        let signature = alice().sign(context, message);
        let public = alice().public();
        assert_eq!(public.verify(context, message, &signature), Ok(()));
        let refused = Err(CryptoError::BadSignature);
        assert_eq!(public.verify(context, b"hello Rob", &signature), refused);
        assert_eq!(
            mallory().public().verify(context, message, &signature),
            refused
        );
        for bit in 0..512 {
            let mut changed = signature;
            changed.0[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(
                public.verify(context, message, &changed),
                refused,
                "bit {bit}"
            );
        }
    }

    #[test]
    fn a_signature_for_one_context_fits_no_other() {
        for made in SignContext::ALL {
            let signature = alice().sign(made, b"message");
            for read in SignContext::ALL {
                let verified = alice().public().verify(read, b"message", &signature);
                assert_eq!(verified.is_ok(), made == read, "{made:?} read as {read:?}");
            }
        }
    }

    #[test]
    fn mls_signatures_and_our_own_never_meet() {
        let signature = alice().sign_mls(b"\x18MLS 1.0 FramedContentTBS\x01x");
        let public = alice().public();
        assert_eq!(
            public.verify_mls(b"\x18MLS 1.0 FramedContentTBS\x01x", &signature),
            Ok(())
        );
        for context in SignContext::ALL {
            let ours = alice().sign(context, b"message");
            let bytes = context.signed_bytes(b"message");
            assert_eq!(
                public.verify_mls(&bytes, &ours),
                Err(CryptoError::BadSignature)
            );
        }
    }

    /// Whoever makes a key can make signatures over it that RFC 8032 leaves to the
    /// reader's taste: here R is the neutral element, and S fits.
    #[test]
    fn signatures_that_some_readers_would_take_are_refused() {
        let message = b"\x18MLS 1.0 FramedContentTBS\x01x";
        let signature = hex(concat!(
            "0100000000000000000000000000000000000000000000000000000000000000",
            "90a8221aa6e91f4b6ad36e63a15a557048074b4fc422aee1bf5f92b3c7ad2b00"
        ));
        let signature = Signature::from_bytes(&signature).unwrap();
        let public = alice().public();
        let lenient = VerifyingKey::from_bytes(public.as_bytes()).unwrap().verify(
            message,
            &ed25519_dalek::Signature::from_bytes(signature.as_bytes()),
        );
        assert!(lenient.is_ok());
        let refused = Err(CryptoError::BadSignature);
        assert_eq!(public.verify_mls(message, &signature), refused);
    }

    #[test]
    #[should_panic(expected = "not an MLS SignContent")]
    fn mls_can_not_be_used_to_sign_our_own_statements() {
        let _ = alice().sign_mls(&SignContext::Envelope.signed_bytes(b"from Mallory"));
    }

    #[test]
    fn a_key_survives_its_seed() {
        let mut rng = StdRng::seed_from_u64(1);
        let made = AccountKey::generate(&mut rng);
        let read = AccountKey::from_seed(&made.seed());
        assert_eq!(made.public(), read.public());
        assert!(made.seed().ct_eq(read.seed().expose()));
        assert_ne!(made.public(), AccountKey::generate(&mut rng).public());
    }

    #[test]
    fn public_keys_of_wrong_form_are_refused() {
        let good = alice().public();
        assert_eq!(DevicePublic::from_bytes(good.as_bytes()), Ok(good));
        let p_plus = |low: u8| {
            let mut bytes = [0xff; 32];
            (bytes[0], bytes[31]) = (0xed + low, 0x7f);
            bytes
        };
        let bad: [(&str, Vec<u8>); 7] = [
            ("too short", good.as_bytes()[..31].to_vec()),
            ("too long", [good.as_bytes(), &[0][..]].concat()),
            ("not on the curve", hex(&format!("02{}", "00".repeat(31)))),
            (
                "the neutral element",
                hex(&format!("01{}", "00".repeat(31))),
            ),
            (
                "order 8",
                hex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
            ),
            (
                "the neutral element, spelled with y = p + 1",
                p_plus(1).to_vec(),
            ),
            (
                "a point of large order, spelled with y = p + 3",
                p_plus(3).to_vec(),
            ),
        ];
        for (why, bytes) in bad {
            assert_eq!(
                DevicePublic::from_bytes(&bytes),
                Err(CryptoError::BadKey),
                "{why}"
            );
        }
        // The last one is refused for its spelling alone.
        assert!(VerifyingKey::from_bytes(&p_plus(3)).is_ok_and(|key| !key.is_weak()));
    }

    #[test]
    fn keys_and_signatures_show_as_hexadecimal() {
        let public = AccountPublic([0xab; 32]);
        assert_eq!(public.to_string(), "ab".repeat(32));
        assert_eq!(
            format!("{public:?}"),
            format!("AccountPublic({})", "ab".repeat(32))
        );
        let signature = Signature([0x0c; 64]);
        assert_eq!(
            format!("{signature:?}"),
            format!("Signature({})", "0c".repeat(64))
        );
    }

    #[test]
    fn signatures_have_64_bytes() {
        assert!(Signature::from_bytes(&[0; 64]).is_ok());
        assert_eq!(
            Signature::from_bytes(&[0; 63]),
            Err(CryptoError::BadSignature)
        );
        assert_eq!(
            Signature::from_bytes(&[0; 65]),
            Err(CryptoError::BadSignature)
        );
    }
}
