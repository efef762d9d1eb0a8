//! What stands in a log: entries that hold no personal data.
//!
//! | entry | form | size |
//! |---|---|---|
//! | a signed statement | canonical JSON, as Sigstore's log Rekor v2 has it: kind `dsse`, version 0.0.2 | some 300 bytes a signature |
//! | an event | canonical JSON, `{"commitment":"<hexadecimal>","type":"<type>"}` | some 120 bytes |
//! | a change of the directory | index and commitment, binary | 48 bytes |
//!
//! The first can be checked by Sigstore's own verifiers. No two forms can be taken
//! for one another: JSON begins with `{"apiVersion"` or `{"commitment"` and the
//! binary form has a length that neither has.

#[cfg(test)]
mod tests;

use data_encoding::{BASE64, HEXLOWER};
use sealwire_crypto::{EvidencePublic, Signature, sha256};
use serde_json::{Value, json};

use crate::Malformed;
use crate::canonical::{from_canonical, to_canonical};
use crate::commitment::{Commitment, DirectoryIndex};
use crate::dsse::{Envelope, MAX_SIGNERS, signed_bytes, spki};
use crate::text::base64;

const WHAT: &str = "log entry";
/// Longest type of an event, in bytes.
const LONGEST_TYPE: usize = 64;

/// An entry of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Leaf {
    /// That a statement was signed.
    Attestation(Attestation),
    /// That something happened.
    Event {
        /// What kind of thing: lower-case words joined by dashes.
        kind: String,
        /// To the event itself.
        commitment: Commitment,
    },
    /// That an entry of the directory changed.
    Directory {
        /// Whose.
        index: DirectoryIndex,
        /// To the entry.
        commitment: Commitment,
    },
}

/// Who signed a payload, and its hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attestation {
    /// SHA-256 of the payload.
    payload_hash: [u8; 32],
    signatures: Vec<(Signature, EvidencePublic)>,
}

impl Attestation {
    /// What is to be logged of an envelope that exactly these keys have signed, in the
    /// order of its signatures.
    ///
    /// # Errors
    /// [`Malformed`] if nobody has signed, or somebody else, or a signature is false.
    pub fn of(envelope: &Envelope, signers: &[EvidencePublic]) -> Result<Self, Malformed> {
        let wrong = |why| Malformed::new("envelope", why);
        let message = signed_bytes(envelope.payload_type(), envelope.payload());
        let mut signatures = Vec::new();
        for one in envelope.signatures() {
            let signature = Signature::from_bytes(&one.signature)
                .map_err(|_| wrong("a signature is not of Ed25519"))?;
            let by = |key: &&EvidencePublic| key.verify(&message, &signature).is_ok();
            let signer = signers
                .iter()
                .find(by)
                .ok_or(wrong("a signature is false or of somebody else"))?;
            signatures.push((signature, *signer));
        }
        if signatures.is_empty() {
            return Err(wrong("nobody has signed it"));
        }
        Ok(Self {
            payload_hash: sha256(&[envelope.payload()]),
            signatures,
        })
    }

    /// SHA-256 of the payload.
    #[must_use]
    pub const fn payload_hash(&self) -> &[u8; 32] {
        &self.payload_hash
    }

    /// The keys that have signed.
    pub fn signers(&self) -> impl Iterator<Item = &EvidencePublic> {
        self.signatures.iter().map(|(_, signer)| signer)
    }

    /// Whether this was logged of `envelope`, and all signatures in it are true. Whose
    /// keys they are, the log does not say.
    #[must_use]
    pub fn is_of(&self, envelope: &Envelope) -> bool {
        let signers: Vec<_> = self.signers().copied().collect();
        Self::of(envelope, &signers).as_ref() == Ok(self)
    }

    fn to_value(&self) -> Value {
        let signature = |(signature, signer): &(Signature, EvidencePublic)| {
            json!({
                "content": BASE64.encode(signature.as_bytes()),
                "verifier": {
                    "keyDetails": "PKIX_ED25519",
                    "publicKey": { "rawBytes": BASE64.encode(&spki(signer)) },
                },
            })
        };
        let signatures: Vec<_> = self.signatures.iter().map(signature).collect();
        let digest = BASE64.encode(&self.payload_hash);
        let payload_hash = json!({ "algorithm": "SHA2_256", "digest": digest });
        let spec = json!({ "payloadHash": payload_hash, "signatures": signatures });
        json!({ "apiVersion": "0.0.2", "kind": "dsse", "spec": { "dsseV002": spec } })
    }

    /// Takes the members that count; the caller compares the rest.
    fn from_value(value: &Value) -> Option<Self> {
        let spec = &value["spec"]["dsseV002"];
        let bytes = |value: &Value| base64(value.as_str()?);
        let signature = |one: &Value| {
            let signature = Signature::from_bytes(&bytes(&one["content"])?).ok()?;
            let der = bytes(&one["verifier"]["publicKey"]["rawBytes"])?;
            let signer = EvidencePublic::from_bytes(der.get(12..)?).ok()?;
            Some((signature, signer))
        };
        let signatures = spec["signatures"].as_array()?;
        if !(1..=MAX_SIGNERS).contains(&signatures.len()) {
            return None;
        }
        Some(Self {
            payload_hash: bytes(&spec["payloadHash"]["digest"])?.try_into().ok()?,
            signatures: signatures.iter().map(signature).collect::<Option<_>>()?,
        })
    }
}

impl Leaf {
    /// An event of a kind such as `custodian-added`.
    ///
    /// # Errors
    /// [`Malformed`] unless the kind is 1 to 64 lower-case letters, digits and dashes.
    pub fn event(kind: &str, commitment: Commitment) -> Result<Self, Malformed> {
        let plain = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
        if !(1..=LONGEST_TYPE).contains(&kind.len()) || !kind.bytes().all(plain) {
            return Err(Malformed::new(WHAT, "the type of the event is misspelled"));
        }
        Ok(Self::Event {
            kind: kind.to_owned(),
            commitment,
        })
    }

    /// The entry as it stands in the log.
    ///
    /// # Errors
    /// [`Malformed`] never for what [`Leaf::parse`] or the constructors gave.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Malformed> {
        match self {
            Self::Attestation(attestation) => to_canonical(&attestation.to_value()),
            Self::Event { kind, commitment } => {
                to_canonical(&json!({ "commitment": commitment.to_string(), "type": kind }))
            }
            Self::Directory { index, commitment } => {
                Ok([index.0.as_slice(), &commitment.0].concat())
            }
        }
    }

    /// Reads an entry, which has one spelling.
    ///
    /// # Errors
    /// [`Malformed`] for anything else.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let wrong = Malformed::new(WHAT, "is of no known form");
        if let Some((index, commitment)) = bytes.split_first_chunk()
            && let Ok(commitment) = commitment.try_into()
        {
            return Ok(Self::Directory {
                index: DirectoryIndex(*index),
                commitment: Commitment(commitment),
            });
        }
        let value = from_canonical(bytes)?;
        let leaf = match value["commitment"].as_str() {
            None => Attestation::from_value(&value).map(Self::Attestation),
            Some(text) => {
                let commitment = HEXLOWER.decode(text.as_bytes()).ok();
                let commitment = commitment.and_then(|bytes| bytes.try_into().ok());
                let kind = value["type"].as_str().unwrap_or_default();
                commitment.and_then(|bytes| Self::event(kind, Commitment(bytes)).ok())
            }
        };
        let leaf = leaf.ok_or(wrong)?;
        // Nothing more, nothing less, and no other constants.
        if leaf.to_bytes()? != bytes {
            return Err(wrong);
        }
        Ok(leaf)
    }
}
