//! The cryptography of Sealwire outside MLS: identity keys, sealed envelopes,
//! encrypted attachments, wrapped keys, recovery keys, safety numbers, padding.
//!
//! Nothing here invents a primitive. Each module joins published constructions
//! and says which; each stored or shown form carries a version.
//!
//! | module of origin | what | from |
//! |---|---|---|
//! | keys | [`OrganisationKey`], [`AccountKey`], [`DeviceKey`], [`SignContext`] | Ed25519, RFC 8032 |
//! | evidence | [`EvidenceKey`], [`EvidencePublic`] | Ed25519, RFC 8032 |
//! | inbox | [`seal`], [`open`] | HPKE base mode, RFC 9180 |
//! | blob | [`seal_blob`], [`open_blob`], [`BlobSealer`], [`BlobOpener`] | STREAM over AES-256-GCM |
//! | padding | [`padded_len`], [`padme`] | fixed steps; Padmé |
//! | wrap | [`wrap_key`], [`unwrap_key`] | Argon2id, RFC 9106 |
//! | recovery | [`RecoveryKey`] | Crockford's base32 with check characters |
//! | safety number | [`SafetyNumber`] | Signal's numeric fingerprint |
//! | hashing | [`sha256`], [`mac`], [`hmac()`], [`derive()`], [`fingerprint`] | FIPS 180-4, RFC 2104, RFC 5869 |
//!
//! The crate does no input or output and reads no clock. Randomness comes in as
//! an argument, so that the same seed gives the same bytes in a simulation; pass
//! the operating system's generator everywhere else.
//!
//! Secrets wipe themselves when dropped, are never copied by `Clone` and never
//! printed by `Debug`. One exception: the round keys of the bulk cipher under
//! [`BlobSealer`] and [`BlobOpener`], which open one blob each.
//!
//! ```
//! use sealwire_crypto::{DeviceKey, InboxKey, SignContext, open, seal};
//! # use rand::{SeedableRng, rngs::StdRng};
//! # let mut rng = StdRng::seed_from_u64(1);
//! let bob = InboxKey::generate(&mut rng);
//! let sealed = seal(&bob.public(), b"welcome", b"", b"hello Bob", &mut rng)?;
//! assert_eq!(open(&bob, b"welcome", b"", &sealed)?, b"hello Bob");
//!
//! let alice = DeviceKey::generate(&mut rng);
//! let signature = alice.sign(SignContext::Envelope, b"hello Bob");
//! alice.public().verify(SignContext::Envelope, b"hello Bob", &signature)?;
//! # Ok::<(), sealwire_crypto::CryptoError>(())
//! ```
#![forbid(unsafe_code)]
#![deny(missing_docs)]

// Named in Cargo.toml only for its feature: without it aes-gcm leaves its round
// keys in memory.
use aes as _;

mod blob;
mod blob_stream;
mod context;
mod ephemeral;
mod error;
mod evidence;
mod groups;
mod hashing;
mod inbox;
mod keys;
mod padding;
mod recovery;
mod safety_number;
mod secret;
mod stream;
#[cfg(test)]
mod testing;
mod wrap;

pub use blob::{BlobKey, open_blob, seal_blob, sealed_blob_len_is_valid};
pub use blob_stream::{BlobOpener, BlobSealer, SEALED_CHUNK, sealed_blob_len};
pub use context::SignContext;
pub use ephemeral::EphemeralKey;
pub use error::CryptoError;
pub use evidence::{EvidenceKey, EvidencePublic};
pub use hashing::{Sha256Stream, derive, fingerprint, hmac, mac, sha256, verify_mac};
pub use inbox::{InboxKey, InboxPublic, open, seal};
pub use keys::{
    AccountKey, AccountPublic, DeviceKey, DevicePublic, OrganisationKey, OrganisationPublic,
    Signature,
};
pub use padding::{padded_len, padme};
pub use recovery::RecoveryKey;
pub use safety_number::SafetyNumber;
pub use secret::SecretBytes;
pub use wrap::{KdfParams, unwrap_key, wrap_key};
