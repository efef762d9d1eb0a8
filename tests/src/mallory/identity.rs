//! Who Mallory is: an ordinary account with one device, whose keys she may use as she likes.

use std::time::{SystemTime, UNIX_EPOCH};

use openmls::prelude::{BasicCredential, CredentialWithKey};
use openmls_traits::{
    signatures::{Signer, SignerError},
    types::SignatureScheme,
};
use sealwire_crypto::{AccountKey, AccountPublic, DeviceKey, InboxKey};
use sealwire_protocol::{
    certificate::{CertificateBody, DeviceCertificate, DeviceKind},
    handle::Handle,
    ids::DeviceId,
};

const DAY_S: u64 = 86_400;

/// Seconds since the Unix epoch.
pub fn now_s() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

/// An account and one device of it.
pub struct Identity {
    /// The account's key.
    pub account: AccountKey,
    /// The device's signature key.
    pub device: DeviceKey,
    /// Where envelopes to it are sealed to.
    pub inbox: InboxKey,
    /// The account's word that the device is its own.
    pub certificate: DeviceCertificate,
}

impl Identity {
    /// A new account, `mallory@acme`.
    pub fn new(handle: &str) -> Self {
        Self::of_kind(handle, DeviceKind::Person)
    }

    /// A new account whose device is an agent or a custodian.
    pub fn of_kind(handle: &str, kind: DeviceKind) -> Self {
        Self::claiming_kind(AccountKey::generate(&mut rand::rng()), handle, kind)
    }

    /// A further device of the same account.
    pub fn second_device(&self) -> Self {
        let account = AccountKey::from_seed(&self.account.seed());
        Self::claiming(account, self.certificate.handle().as_str())
    }

    /// A device that `account` certifies under any handle, its own or not.
    pub fn claiming(account: AccountKey, handle: &str) -> Self {
        Self::claiming_kind(account, handle, DeviceKind::Person)
    }

    /// As [`Identity::claiming`], as an agent or a custodian.
    pub fn claiming_kind(account: AccountKey, handle: &str, kind: DeviceKind) -> Self {
        let mut rng = rand::rng();
        let device = DeviceKey::generate(&mut rng);
        let inbox = InboxKey::generate(&mut rng);
        let certificate = CertificateBody {
            handle: Handle::parse(handle).expect("a handle"),
            account_key: account.public(),
            device: DeviceId::random(&mut rng),
            kind,
            signature_key: device.public(),
            inbox_key: inbox.public(),
            not_before_s: now_s() - DAY_S,
            not_after_s: now_s() + 365 * DAY_S,
        }
        .sign(&account);
        Self {
            account,
            device,
            inbox,
            certificate,
        }
    }

    /// The device's number.
    pub fn id(&self) -> DeviceId {
        self.certificate.device()
    }

    /// The account's public key.
    pub fn account_public(&self) -> AccountPublic {
        self.account.public()
    }

    /// The MLS credential that an honest client would use.
    pub fn credential(&self) -> CredentialWithKey {
        self.credential_with(self.certificate.as_bytes())
    }

    /// A credential that shows other bytes than the certificate.
    pub fn credential_with(&self, identity: &[u8]) -> CredentialWithKey {
        CredentialWithKey {
            credential: BasicCredential::new(identity.to_vec()).into(),
            signature_key: self.device.public().as_bytes().to_vec().into(),
        }
    }

    /// Signs MLS structures with the device's key.
    pub fn signer(&self) -> MlsSigner<'_> {
        MlsSigner(&self.device)
    }
}

/// Signs MLS structures.
pub struct MlsSigner<'a>(&'a DeviceKey);

impl Signer for MlsSigner<'_> {
    fn sign(&self, payload: &[u8]) -> Result<Vec<u8>, SignerError> {
        Ok(self.0.sign_mls(payload).0.to_vec())
    }

    fn signature_scheme(&self) -> SignatureScheme {
        SignatureScheme::ED25519
    }
}

/// A certificate that names somebody else's account, signed by Mallory's key instead of theirs:
/// `victim` with the signature and the keys replaced.
pub fn forged_certificate(victim: &DeviceCertificate, by: &Identity) -> Vec<u8> {
    let genuine = CertificateBody {
        signature_key: by.device.public(),
        inbox_key: by.inbox.public(),
        ..victim.body().clone()
    }
    .sign(&by.account);
    // `sign` writes the signer's account key into the body; put the victim's back.
    let own = by.account_public();
    let mut bytes = genuine.as_bytes().to_vec();
    let at = bytes
        .windows(32)
        .position(|window| window == own.as_bytes())
        .expect("the account key stands in the certificate");
    bytes[at..at + 32].copy_from_slice(victim.account().as_bytes());
    bytes
}
