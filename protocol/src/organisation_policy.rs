//! What an organisation asks of its people's clients: signed by its key, carried by the relay.

mod hold;

use prost::Message;
use sealwire_crypto::{EvidencePublic, OrganisationKey, OrganisationPublic, SignContext, sha256};

pub use hold::{Held, Hold, MAX_HELD, MAX_HOLDS, is_hold_name};

use crate::{
    canonical,
    handle::{Handle, check_organisation},
    limits::MAX_ORGANISATION_POLICY,
    signed,
};

/// The longest bound that a policy can set: a hundred years. Longer is no bound at all.
const MOST_DAYS: u32 = 36_500;
/// Records custodians that a policy names at most.
pub const MAX_CUSTODIANS: usize = 4;

/// Why bytes are no organisation policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OrganisationPolicyError {
    /// Not the canonical form, or over [`MAX_ORGANISATION_POLICY`] bytes.
    #[error("not an organisation policy in its canonical form")]
    Malformed,
    /// Another version, which may say what this one cannot read.
    #[error("organisation policy of version {0}, which this program does not know")]
    UnknownVersion(u32),
    /// The organisation key did not sign it.
    #[error("the organisation key did not sign this policy")]
    BadSignature,
}

use OrganisationPolicyError::{BadSignature, Malformed, UnknownVersion};

/// The policy of an organisation. It bounds what clients keep; the relay does not act by it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrganisationPolicy {
    /// Name of the organisation, so that a key used for two never confuses them.
    pub organisation: String,
    /// 1 for the first policy, then always one more.
    pub serial: u64,
    /// SHA-256 of the previous policy's body; `None` in the first.
    pub previous_hash: Option<[u8; 32]>,
    /// Seconds since the Unix epoch, by the clock of whoever issued it.
    pub issued_at_s: u64,
    /// Days that clients keep messages, 1 to 36,500; `None` for no bound.
    pub max_message_days: Option<u32>,
    /// Days that clients keep files, 1 to 36,500; `None` for no bound.
    pub max_blob_days: Option<u32>,
    /// Clients send no delivery and read receipts.
    pub no_receipts: bool,
    /// Whose logs and which witnesses clients trust, as a `tlog-policy` file (C2SP); `None`: the log
    /// that a client saw first.
    pub log_policy: Option<String>,
    /// SHA-256 of the key that hides handles in the directory's log.
    pub directory_key_hash: Option<[u8; 32]>,
    /// Accounts that keep records of all new conversations: whoever founds one adds them, and
    /// nobody sends without one of them. At most [`MAX_CUSTODIANS`], in order of handle.
    pub custodians: Vec<Handle>,
    /// Legal holds that stand: what they name is removed by no rule. At most [`MAX_HOLDS`], in order
    /// of name.
    pub holds: Vec<Hold>,
    /// The key with which the organisation signs attestations.
    pub attestation_key: Option<EvidencePublic>,
}

#[derive(Clone, PartialEq, Message)]
struct WirePolicy {
    #[prost(uint32, tag = "1")]
    version: u32,
    #[prost(string, tag = "2")]
    organisation: String,
    #[prost(uint64, tag = "3")]
    serial: u64,
    #[prost(bytes = "vec", tag = "4")]
    previous_hash: Vec<u8>,
    #[prost(uint64, tag = "5")]
    issued_at_s: u64,
    #[prost(uint32, tag = "6")]
    max_message_days: u32,
    #[prost(uint32, tag = "7")]
    max_blob_days: u32,
    #[prost(bool, tag = "8")]
    no_receipts: bool,
    #[prost(string, tag = "9")]
    log_policy: String,
    #[prost(bytes = "vec", tag = "10")]
    directory_key_hash: Vec<u8>,
    #[prost(string, repeated, tag = "11")]
    custodians: Vec<String>,
    #[prost(message, repeated, tag = "12")]
    holds: Vec<hold::WireHold>,
    #[prost(bytes = "vec", tag = "13")]
    attestation_key: Vec<u8>,
}

impl OrganisationPolicy {
    /// The version that this program writes and reads.
    pub const VERSION: u32 = 1;

    /// The one encoding of the body.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        WirePolicy {
            version: Self::VERSION,
            organisation: self.organisation.clone(),
            serial: self.serial,
            previous_hash: self.previous_hash.map_or(Vec::new(), Vec::from),
            issued_at_s: self.issued_at_s,
            max_message_days: self.max_message_days.unwrap_or(0),
            max_blob_days: self.max_blob_days.unwrap_or(0),
            no_receipts: self.no_receipts,
            log_policy: self.log_policy.clone().unwrap_or_default(),
            directory_key_hash: self.directory_key_hash.map_or(Vec::new(), Vec::from),
            custodians: self.custodians.iter().map(ToString::to_string).collect(),
            holds: self.holds.iter().map(Hold::to_wire).collect(),
            attestation_key: self
                .attestation_key
                .map_or(Vec::new(), |key| key.as_bytes().to_vec()),
        }
        .encode_to_vec()
    }

    /// Reads a body, canonical form only.
    ///
    /// # Errors
    /// [`UnknownVersion`] if it is of another version, [`Malformed`] otherwise.
    pub fn parse(body: &[u8]) -> Result<Self, OrganisationPolicyError> {
        if body.len() > MAX_ORGANISATION_POLICY {
            return Err(Malformed);
        }
        match canonical::version(body) {
            Some(Self::VERSION) => {}
            Some(version) => return Err(UnknownVersion(version)),
            None => return Err(Malformed),
        }
        let wire: WirePolicy = canonical::decode(body).ok_or(Malformed)?;
        check_organisation(&wire.organisation).map_err(|_| Malformed)?;
        let previous_hash = match (wire.serial, wire.previous_hash.len()) {
            (0, _) => return Err(Malformed),
            (1, 0) => None,
            (1, _) => return Err(Malformed),
            _ => Some(wire.previous_hash.try_into().map_err(|_| Malformed)?),
        };
        let directory_key_hash = match wire.directory_key_hash.len() {
            0 => None,
            _ => Some(wire.directory_key_hash.try_into().map_err(|_| Malformed)?),
        };
        let custodians = handles(&wire.custodians, &wire.organisation, MAX_CUSTODIANS)?;
        let holds = hold::read(wire.holds, &wire.organisation).ok_or(Malformed)?;
        let attestation_key = match wire.attestation_key.len() {
            0 => None,
            _ => Some(EvidencePublic::from_bytes(&wire.attestation_key).map_err(|_| Malformed)?),
        };
        let bound = |days| match days {
            0 => Ok(None),
            1..=MOST_DAYS => Ok(Some(days)),
            _ => Err(Malformed),
        };
        Ok(Self {
            organisation: wire.organisation,
            serial: wire.serial,
            previous_hash,
            issued_at_s: wire.issued_at_s,
            max_message_days: bound(wire.max_message_days)?,
            max_blob_days: bound(wire.max_blob_days)?,
            no_receipts: wire.no_receipts,
            log_policy: Some(wire.log_policy).filter(|policy| !policy.is_empty()),
            directory_key_hash,
            custodians,
            holds,
            attestation_key,
        })
    }

    /// SHA-256 of the body, for [`OrganisationPolicy::previous_hash`] of the next.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        sha256(&[&self.encode()])
    }

    /// Whether this policy follows `previous` directly, or is the first and there is none.
    #[must_use]
    pub fn follows(&self, previous: Option<&Self>) -> bool {
        match previous {
            None => self.serial == 1,
            Some(previous) => {
                previous.organisation == self.organisation
                    && previous.serial.checked_add(1) == Some(self.serial)
                    && self.previous_hash == Some(previous.hash())
            }
        }
    }

    /// The signed policy as it is published: body and signature, context `Policy`.
    #[must_use]
    pub fn sign(&self, key: &OrganisationKey) -> Vec<u8> {
        let body = self.encode();
        let signature = key.sign(SignContext::Policy, &body);
        signed::join(body, &signature)
    }

    /// Opens a signed policy, canonical form only.
    ///
    /// # Errors
    /// [`BadSignature`] if `key` did not sign it; as [`OrganisationPolicy::parse`] otherwise.
    pub fn verify(
        signed: &[u8],
        key: &OrganisationPublic,
    ) -> Result<Self, OrganisationPolicyError> {
        let (body, signature) = signed::split(signed, MAX_ORGANISATION_POLICY).ok_or(Malformed)?;
        // Before the body is read: an unknown version is worth telling only if it is genuine.
        key.verify(SignContext::Policy, &body, &signature)
            .map_err(|_| BadSignature)?;
        Self::parse(&body)
    }
}

/// Of the policy's own organisation, in order and once each.
fn handles(
    names: &[String],
    organisation: &str,
    most: usize,
) -> Result<Vec<Handle>, OrganisationPolicyError> {
    if names.len() > most || !names.is_sorted_by(|one, next| one < next) {
        return Err(Malformed);
    }
    names
        .iter()
        .map(|handle| {
            Handle::parse(handle)
                .ok()
                .filter(|handle| handle.organisation() == organisation)
                .ok_or(Malformed)
        })
        .collect()
}

#[cfg(test)]
mod tests;
