//! What tests share: people with keys, and ways to damage bytes.

use data_encoding::HEXLOWER;
use proptest::prelude::*;
use rand::{SeedableRng, rngs::StdRng};
use sealwire_crypto::{AccountKey, DeviceKey, InboxKey, SecretBytes};

use crate::{
    certificate::{CertificateBody, DeviceCertificate, DeviceKind},
    handle::Handle,
    ids::DeviceId,
};

/// Somebody with an account and one device, the same in every run.
pub(crate) struct Person {
    pub(crate) account: AccountKey,
    pub(crate) device: DeviceKey,
    pub(crate) inbox: InboxKey,
    pub(crate) certificate: DeviceCertificate,
}

impl Person {
    /// `number` makes the keys; the same account may get a second device by [`Self::device_of`].
    pub(crate) fn new(handle: &str, number: u8) -> Self {
        let account = AccountKey::from_seed(&secret(number));
        Self::device_of(account, handle, number)
    }

    pub(crate) fn device_of(account: AccountKey, handle: &str, number: u8) -> Self {
        let device = DeviceKey::from_seed(&secret(number.wrapping_add(100)));
        let inbox = InboxKey::from_seed(&secret(number.wrapping_add(200)));
        let certificate = CertificateBody {
            handle: Handle::parse(handle).expect("a handle"),
            account_key: account.public(),
            device: DeviceId([number; 16]),
            kind: DeviceKind::Person,
            signature_key: device.public(),
            inbox_key: inbox.public(),
            not_before_s: 1_000,
            not_after_s: 2_000,
        }
        .sign(&account);
        Self {
            account,
            device,
            inbox,
            certificate,
        }
    }

    pub(crate) fn id(&self) -> DeviceId {
        self.certificate.device()
    }
}

pub(crate) fn alice() -> Person {
    Person::new("alice@acme", 1)
}

pub(crate) fn bob() -> Person {
    Person::new("bob@acme", 2)
}

pub(crate) fn mallory() -> Person {
    Person::new("mallory@acme", 3)
}

pub(crate) fn secret<const N: usize>(byte: u8) -> SecretBytes<N> {
    SecretBytes::fill(|bytes| bytes.fill(byte))
}

pub(crate) fn rng() -> StdRng {
    StdRng::seed_from_u64(1)
}

/// Hexadecimal in lines of 32 bytes, for snapshots.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let lines: Vec<_> = bytes.chunks(32).map(|line| HEXLOWER.encode(line)).collect();
    lines.join("\n")
}

/// `valid` with one to three small damages; may by chance be `valid` again.
pub(crate) fn damaged(valid: Vec<u8>) -> impl Strategy<Value = Vec<u8>> {
    let damage = (0u8..5, any::<prop::sample::Index>(), any::<u8>());
    prop::collection::vec(damage, 1..4).prop_map(move |damages| {
        let mut bytes = valid.clone();
        for (how, place, value) in damages {
            let at = place.index(bytes.len() + 1);
            match how {
                0 if at < bytes.len() => bytes[at] ^= 1 << (value % 8),
                1 if at < bytes.len() => bytes[at] = value,
                2 if at < bytes.len() => drop(bytes.remove(at)),
                3 => bytes.insert(at, value),
                _ => bytes.truncate(at),
            }
        }
        bytes
    })
}

/// Up to `max` bytes of anything.
pub(crate) fn anything(max: usize) -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..=max)
}
