//! A device's signed word on how many of its conversations have a records custodian: two numbers, and
//! nothing of which or with whom.

use prost::Message;
use sealwire_crypto::{DeviceKey, SignContext};

use crate::{
    canonical, certificate::DeviceCertificate, ids::DeviceId, limits::MAX_COVERAGE, signed,
};

/// Why bytes are no count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CoverageError {
    /// Not the canonical form, or over [`MAX_COVERAGE`] bytes.
    #[error("not a count of covered conversations in its canonical form")]
    Malformed,
    /// Another version, which may say what this one cannot read.
    #[error("count of covered conversations of version {0}, which this program does not know")]
    UnknownVersion(u32),
    /// The device of the certificate did not sign it.
    #[error("the device of this certificate did not sign this count")]
    BadSignature,
}

use CoverageError::{BadSignature, Malformed, UnknownVersion};

/// How many conversations of one device have a custodian that the organisation's policy names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CoverageCount {
    /// The device.
    pub device: DeviceId,
    /// When it counted, seconds since the Unix epoch.
    pub at_s: u64,
    /// Conversations with others that it is in.
    pub conversations: u32,
    /// Of these, with a custodian; not more.
    pub covered: u32,
    /// Serial of the organisation's policy that named the custodians, from 1 on.
    pub policy_serial: u64,
}

#[derive(Clone, PartialEq, Message)]
struct WireCount {
    #[prost(uint32, tag = "1")]
    version: u32,
    #[prost(bytes = "vec", tag = "2")]
    device: Vec<u8>,
    #[prost(uint64, tag = "3")]
    at_s: u64,
    #[prost(uint32, tag = "4")]
    conversations: u32,
    #[prost(uint32, tag = "5")]
    covered: u32,
    #[prost(uint64, tag = "6")]
    policy_serial: u64,
}

impl CoverageCount {
    /// The version that this program writes and reads.
    pub const VERSION: u32 = 1;

    fn encode(&self) -> Vec<u8> {
        WireCount {
            version: Self::VERSION,
            device: self.device.0.to_vec(),
            at_s: self.at_s,
            conversations: self.conversations,
            covered: self.covered,
            policy_serial: self.policy_serial,
        }
        .encode_to_vec()
    }

    fn parse(body: &[u8]) -> Result<Self, CoverageError> {
        match canonical::version(body) {
            Some(Self::VERSION) => {}
            Some(version) => return Err(UnknownVersion(version)),
            None => return Err(Malformed),
        }
        let wire: WireCount = canonical::decode(body).ok_or(Malformed)?;
        if wire.covered > wire.conversations || wire.policy_serial == 0 {
            return Err(Malformed);
        }
        Ok(Self {
            device: DeviceId::from_slice(&wire.device).map_err(|_| Malformed)?,
            at_s: wire.at_s,
            conversations: wire.conversations,
            covered: wire.covered,
            policy_serial: wire.policy_serial,
        })
    }

    /// The signed count: body and signature, context `Coverage`; at most [`MAX_COVERAGE`] bytes.
    #[must_use]
    pub fn sign(&self, key: &DeviceKey) -> Vec<u8> {
        let body = self.encode();
        let signature = key.sign(SignContext::Coverage, &body);
        signed::join(body, &signature)
    }

    /// Opens a signed count, canonical form only. Needs nothing but the device's certificate.
    ///
    /// # Errors
    /// [`BadSignature`] if the certificate's device did not sign it, or it names another;
    /// [`UnknownVersion`] if it is of another version, [`Malformed`] otherwise.
    pub fn verify(signed: &[u8], certificate: &DeviceCertificate) -> Result<Self, CoverageError> {
        let (body, signature) = signed::split(signed, MAX_COVERAGE).ok_or(Malformed)?;
        // Before the body is read: an unknown version is worth telling only if it is genuine.
        certificate
            .signature_key()
            .verify(SignContext::Coverage, &body, &signature)
            .map_err(|_| BadSignature)?;
        let count = Self::parse(&body)?;
        if count.device != certificate.device() {
            return Err(BadSignature);
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::{alice, bob, damaged, hex};

    fn count() -> CoverageCount {
        CoverageCount {
            device: alice().id(),
            at_s: 1_764_000_000,
            conversations: 12,
            covered: 11,
            policy_serial: 2,
        }
    }

    #[test]
    fn the_bytes_of_counts_stay() {
        insta::assert_snapshot!(hex(&count().sign(&alice().device)));
    }

    #[test]
    fn a_count_opens_to_its_devices_certificate_only() {
        let signed = count().sign(&alice().device);
        let opened = CoverageCount::verify(&signed, &alice().certificate);
        assert_eq!(opened, Ok(count()));
        let opened = CoverageCount::verify(&signed, &bob().certificate);
        assert_eq!(opened, Err(BadSignature));
        // Bob's device cannot speak for Alice's.
        let forged = count().sign(&bob().device);
        let opened = CoverageCount::verify(&forged, &bob().certificate);
        assert_eq!(opened, Err(BadSignature));
    }

    #[test]
    fn what_breaks_a_rule_is_refused() {
        let told = |change: fn(&mut CoverageCount)| {
            let mut count = count();
            change(&mut count);
            let signed = count.sign(&alice().device);
            CoverageCount::verify(&signed, &alice().certificate).err()
        };
        assert_eq!(told(|_| {}), None);
        assert_eq!(told(|count| count.covered = 12), None);
        assert_eq!(told(|count| count.covered = 13), Some(Malformed));
        assert_eq!(told(|count| count.policy_serial = 0), Some(Malformed));
        let long = vec![0; MAX_COVERAGE + 1];
        let opened = CoverageCount::verify(&long, &alice().certificate);
        assert_eq!(opened, Err(Malformed));
    }

    proptest! {
        #[test]
        fn a_damaged_count_never_opens(bytes in damaged(count().sign(&alice().device))) {
            if let Ok(opened) = CoverageCount::verify(&bytes, &alice().certificate) {
                prop_assert_eq!(opened, count());
            }
        }

        #[test]
        fn every_count_fits(at_s: u64, conversations: u32, policy_serial in 1..u64::MAX) {
            let largest = CoverageCount { at_s, conversations, covered: conversations, policy_serial, ..count() };
            let signed = largest.sign(&alice().device);
            prop_assert_eq!(CoverageCount::verify(&signed, &alice().certificate), Ok(largest));
        }
    }
}
