//! Device certificates: an account's word that a device is its own.
//!
//! ```proto
//! message Certificate { bytes body = 1; bytes signature = 2; }
//! message Body {
//!   uint32 version = 1;        // 1
//!   string handle = 2;
//!   bytes account_key = 3;     // 32
//!   bytes device = 4;          // 16
//!   uint32 kind = 5;
//!   bytes signature_key = 6;   // 32
//!   bytes inbox_key = 7;       // 32
//!   uint64 not_before_s = 8;
//!   uint64 not_after_s = 9;
//! }
//! ```
//!
//! The signature covers the bytes of `body`, so that nobody has to rebuild them to verify it.

use prost::Message;
use sealwire_crypto::{
    AccountKey, AccountPublic, CryptoError, DevicePublic, InboxPublic, SignContext, Signature,
};
use serde::{Deserialize, Serialize};

use crate::{
    canonical,
    handle::{Handle, HandleError},
    ids::{DeviceId, IdError},
    limits::MAX_CERTIFICATE,
};

/// Why bytes are not a certificate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateError {
    /// Longer than [`MAX_CERTIFICATE`].
    #[error("certificate of {0} bytes is over the limit of 1,024")]
    TooLong(usize),
    /// Not protobuf of this form, or not its canonical encoding.
    #[error("certificate is not in canonical form")]
    Malformed,
    /// Made by a version this program does not know.
    #[error("certificate version {0} is not known; update this program")]
    UnknownVersion(u32),
    /// The handle is not one.
    #[error("certificate names no valid handle: {0}")]
    Handle(#[from] HandleError),
    /// An identifier has the wrong size.
    #[error("certificate: {0}")]
    Id(#[from] IdError),
    /// A kind of device this program does not know.
    #[error("certificate names the unknown kind of device {0}")]
    Kind(u32),
    /// A key is not usable.
    #[error("certificate holds an unusable key")]
    Key,
    /// The account key that it names did not sign it.
    #[error("certificate is not signed by the account it names")]
    Signature,
}

/// What a device is; all devices of an account are of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[serde(rename_all = "kebab-case")]
#[repr(u32)]
pub enum DeviceKind {
    /// A person's computer or telephone.
    #[default]
    Person = 1,
    /// A bot.
    Agent = 2,
    /// A records custodian, which everybody is shown as such.
    Custodian = 3,
}

impl DeviceKind {
    /// Parses the wire number.
    #[must_use]
    pub const fn from_wire(value: u32) -> Option<Self> {
        match value {
            1 => Some(Self::Person),
            2 => Some(Self::Agent),
            3 => Some(Self::Custodian),
            _ => None,
        }
    }

    /// Whether it is a person's, which nothing that is sent says.
    #[must_use]
    pub const fn is_person(&self) -> bool {
        matches!(self, Self::Person)
    }

    /// The word for it, which is that of the JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Agent => "agent",
            Self::Custodian => "custodian",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Person, Self::Agent, Self::Custodian]
            .into_iter()
            .find(|kind| kind.as_str() == word)
    }
}

/// What a certificate says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateBody {
    /// The account's handle.
    pub handle: Handle,
    /// The account's key.
    pub account_key: AccountPublic,
    /// The device; stays the same when the certificate is renewed.
    pub device: DeviceId,
    /// What the device is.
    pub kind: DeviceKind,
    /// The device's signature key, which is also that of its MLS leaves.
    pub signature_key: DevicePublic,
    /// Where envelopes for the device are sealed to.
    pub inbox_key: InboxPublic,
    /// First second of validity since the Unix epoch.
    pub not_before_s: u64,
    /// Last second of validity since the Unix epoch.
    pub not_after_s: u64,
}

#[derive(Clone, PartialEq, Message)]
struct WireBody {
    #[prost(uint32, tag = "1")]
    version: u32,
    #[prost(string, tag = "2")]
    handle: String,
    #[prost(bytes = "vec", tag = "3")]
    account_key: Vec<u8>,
    #[prost(bytes = "vec", tag = "4")]
    device: Vec<u8>,
    #[prost(uint32, tag = "5")]
    kind: u32,
    #[prost(bytes = "vec", tag = "6")]
    signature_key: Vec<u8>,
    #[prost(bytes = "vec", tag = "7")]
    inbox_key: Vec<u8>,
    #[prost(uint64, tag = "8")]
    not_before_s: u64,
    #[prost(uint64, tag = "9")]
    not_after_s: u64,
}

#[derive(Clone, PartialEq, Message)]
struct WireCertificate {
    #[prost(bytes = "vec", tag = "1")]
    body: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    signature: Vec<u8>,
}

impl CertificateBody {
    /// The version that this program writes and reads.
    pub const VERSION: u32 = 1;

    /// Signs the certificate. `account_key` becomes the public half of `key`, whatever it was.
    #[must_use]
    pub fn sign(mut self, key: &AccountKey) -> DeviceCertificate {
        self.account_key = key.public();
        let body = self.to_wire().encode_to_vec();
        let signature = key.sign(SignContext::DeviceCertificate, &body);
        let bytes = WireCertificate {
            body,
            signature: signature.as_bytes().to_vec(),
        }
        .encode_to_vec();
        DeviceCertificate { body: self, bytes }
    }

    fn to_wire(&self) -> WireBody {
        WireBody {
            version: Self::VERSION,
            handle: self.handle.as_str().into(),
            account_key: self.account_key.as_bytes().to_vec(),
            device: self.device.0.to_vec(),
            kind: self.kind as u32,
            signature_key: self.signature_key.as_bytes().to_vec(),
            inbox_key: self.inbox_key.as_bytes().to_vec(),
            not_before_s: self.not_before_s,
            not_after_s: self.not_after_s,
        }
    }

    fn from_wire(wire: &WireBody) -> Result<Self, CertificateError> {
        let key = |_: CryptoError| CertificateError::Key;
        Ok(Self {
            handle: Handle::parse(&wire.handle)?,
            account_key: AccountPublic::from_bytes(&wire.account_key).map_err(key)?,
            device: DeviceId::from_slice(&wire.device)?,
            kind: DeviceKind::from_wire(wire.kind).ok_or(CertificateError::Kind(wire.kind))?,
            signature_key: DevicePublic::from_bytes(&wire.signature_key).map_err(key)?,
            inbox_key: InboxPublic::from_bytes(&wire.inbox_key).map_err(key)?,
            not_before_s: wire.not_before_s,
            not_after_s: wire.not_after_s,
        })
    }
}

/// A certificate as received. Says nothing until [`verify`](Self::verify) has succeeded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnverifiedCertificate {
    body: CertificateBody,
    signed: Vec<u8>,
    signature: Signature,
    bytes: Vec<u8>,
}

impl UnverifiedCertificate {
    /// Parses at most [`MAX_CERTIFICATE`] bytes, canonical form only.
    ///
    /// # Errors
    /// [`CertificateError`] says which rule the bytes break; never
    /// [`CertificateError::Signature`], unless the signature is not 64 bytes.
    pub fn parse(bytes: &[u8]) -> Result<Self, CertificateError> {
        if bytes.len() > MAX_CERTIFICATE {
            return Err(CertificateError::TooLong(bytes.len()));
        }
        let wire: WireCertificate = canonical::decode(bytes).ok_or(CertificateError::Malformed)?;
        match canonical::version(&wire.body) {
            Some(CertificateBody::VERSION) => {}
            Some(version) => return Err(CertificateError::UnknownVersion(version)),
            None => return Err(CertificateError::Malformed),
        }
        let body: WireBody = canonical::decode(&wire.body).ok_or(CertificateError::Malformed)?;
        let signature =
            Signature::from_bytes(&wire.signature).map_err(|_| CertificateError::Signature)?;
        Ok(Self {
            body: CertificateBody::from_wire(&body)?,
            signed: wire.body,
            signature,
            bytes: bytes.to_vec(),
        })
    }

    /// Checks the signature by the account key that the certificate names.
    ///
    /// Whether that is the right account for the handle is for the directory, and whether it is
    /// valid now for [`DeviceCertificate::valid_at`].
    ///
    /// # Errors
    /// [`CertificateError::Signature`] if the account key did not sign it.
    pub fn verify(self) -> Result<DeviceCertificate, CertificateError> {
        self.body
            .account_key
            .verify(
                SignContext::DeviceCertificate,
                &self.signed,
                &self.signature,
            )
            .map_err(|_| CertificateError::Signature)?;
        Ok(DeviceCertificate {
            body: self.body,
            bytes: self.bytes,
        })
    }
}

impl UnverifiedCertificate {
    /// Takes a certificate from where only verified ones are put: a leaf of a group whose members
    /// verified it when it was added, or one's own database. Saves a signature check per member.
    #[must_use]
    pub fn verified_before(self) -> DeviceCertificate {
        DeviceCertificate {
            body: self.body,
            bytes: self.bytes,
        }
    }
}

/// A certificate whose signature was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceCertificate {
    body: CertificateBody,
    bytes: Vec<u8>,
}

impl DeviceCertificate {
    /// Parses and verifies in one step.
    ///
    /// # Errors
    /// Those of [`UnverifiedCertificate::parse`] and [`UnverifiedCertificate::verify`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CertificateError> {
        UnverifiedCertificate::parse(bytes)?.verify()
    }

    /// Everything it says.
    #[must_use]
    pub const fn body(&self) -> &CertificateBody {
        &self.body
    }

    /// The one encoding, at most [`MAX_CERTIFICATE`] bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The account's key.
    #[must_use]
    pub const fn account(&self) -> &AccountPublic {
        &self.body.account_key
    }

    /// The device.
    #[must_use]
    pub const fn device(&self) -> DeviceId {
        self.body.device
    }

    /// The account's handle.
    #[must_use]
    pub const fn handle(&self) -> &Handle {
        &self.body.handle
    }

    /// What the device is.
    #[must_use]
    pub const fn kind(&self) -> DeviceKind {
        self.body.kind
    }

    /// The device's signature key.
    #[must_use]
    pub const fn signature_key(&self) -> &DevicePublic {
        &self.body.signature_key
    }

    /// The device's inbox key.
    #[must_use]
    pub const fn inbox_key(&self) -> &InboxPublic {
        &self.body.inbox_key
    }

    /// Whether both name the same account: key and handle.
    #[must_use]
    pub fn same_account(&self, other: &Self) -> bool {
        self.account() == other.account() && self.handle() == other.handle()
    }

    /// Whether this may take the place of `old`: account key, handle and device id unchanged.
    #[must_use]
    pub fn is_renewal_of(&self, old: &Self) -> bool {
        self.same_account(old) && self.device() == old.device()
    }

    /// Whether `now_s`, seconds since the Unix epoch, lies in the certificate's time, both ends
    /// included. Never decides whether an MLS commit is valid: members' clocks differ.
    #[must_use]
    pub const fn valid_at(&self, now_s: u64) -> bool {
        self.body.not_before_s <= now_s && now_s <= self.body.not_after_s
    }
}

#[cfg(test)]
mod tests;
