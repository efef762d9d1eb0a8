//! A newtype for every identifier that travels.

use std::fmt;

use data_encoding::HEXLOWER;

/// A byte string that is not the identifier it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind} must be {expected} bytes, got {got}")]
pub struct IdError {
    /// Which identifier was expected.
    pub kind: &'static str,
    /// Its size in bytes.
    pub expected: usize,
    /// The size found.
    pub got: usize,
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $len:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; $len]);

        impl $name {
            /// Size in bytes.
            pub const LEN: usize = $len;

            /// Fresh random identifier.
            pub fn random(rng: &mut impl rand_core::CryptoRng) -> Self {
                let mut bytes = [0u8; $len];
                rng.fill_bytes(&mut bytes);
                Self(bytes)
            }

            /// Parses exactly [`Self::LEN`] bytes.
            ///
            /// # Errors
            /// [`IdError`] if the length differs.
            pub fn from_slice(bytes: &[u8]) -> Result<Self, IdError> {
                bytes.try_into().map(Self).map_err(|_| IdError {
                    kind: stringify!($name),
                    expected: $len,
                    got: bytes.len(),
                })
            }

            /// Parses lower-case hexadecimal.
            ///
            /// # Errors
            /// [`IdError`] if the text is not exactly the hexadecimal form.
            pub fn from_hex(text: &str) -> Result<Self, IdError> {
                let bytes = HEXLOWER.decode(text.as_bytes()).unwrap_or_default();
                Self::from_slice(&bytes)
            }

            /// The bytes.
            pub const fn as_bytes(&self) -> &[u8; $len] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&HEXLOWER.encode(&self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl AsRef<[u8]> for $name {
            fn as_ref(&self) -> &[u8] {
                &self.0
            }
        }
    };
}

id!(
    /// A group's log at the relay; equal to the MLS group id (RFC 9420 §8.1). 32 random bytes.
    LogId, 32
);
id!(
    /// A lane of a log: SHA-256 of its [`Pass`].
    Lane, 32
);
id!(
    /// What makes an append repeatable: the sender's random name for the entry.
    EntryId, 16
);
id!(
    /// A device: one inbox, one set of key packages, one MLS leaf per group.
    DeviceId, 16
);
id!(
    /// A stored blob.
    BlobId, 16
);
id!(
    /// The life of a log: renewed by any restore of the relay's database.
    Incarnation, 16
);
id!(
    /// What people see as one conversation, whatever group carries it.
    ConversationId, 16
);

/// The right to read and append in one lane:
/// `MLS-Exporter("sealwire group pass", log id, 32)` (RFC 9420 §8.5).
///
/// A secret of the group, shown to the relay with every append and read.
#[derive(zeroize::Zeroize, zeroize::ZeroizeOnDrop)]
pub struct Pass([u8; 32]);

impl Pass {
    /// The exporter label.
    pub const LABEL: &'static str = "sealwire group pass";

    /// Takes exactly 32 bytes.
    ///
    /// # Errors
    /// [`IdError`] if the length differs.
    pub fn from_slice(bytes: &[u8]) -> Result<Self, IdError> {
        bytes.try_into().map(Self).map_err(|_| IdError {
            kind: "Pass",
            expected: 32,
            got: bytes.len(),
        })
    }

    /// The lane this pass opens.
    pub fn lane(&self) -> Lane {
        Lane(sealwire_crypto::sha256(&[&self.0]))
    }

    /// The 32 bytes, for the wire.
    pub const fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

#[cfg(test)]
mod tests;
