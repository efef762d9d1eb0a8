//! Signed envelopes: DSSE v1 of the Secure Systems Lab.
//!
//! Signed is neither JSON nor base64 but `"DSSEv1"`, type and payload with their
//! lengths ([`signed_bytes`]), so that whoever checks needs no parser first.

mod pem;
#[cfg(test)]
mod tests;

pub use pem::{from_pem, secret_from_pem, to_pem};

use std::collections::BTreeSet;

use data_encoding::{BASE64, BASE64URL, HEXLOWER};
use sealwire_crypto::{EvidenceKey, EvidencePublic, Signature, sha256};
use serde::{Deserialize, Serialize};

use crate::{Malformed, text};

/// The type of a payload that is an in-toto statement.
pub const IN_TOTO: &str = "application/vnd.in-toto+json";
/// Longest envelope as JSON, in bytes.
pub const MAX_ENVELOPE: usize = 24 * 1024 * 1024;
/// Most signatures of an envelope.
pub const MAX_SIGNERS: usize = 64;

const WHAT: &str = "envelope";

/// A payload and who signed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    payload_type: String,
    payload: Vec<u8>,
    signatures: Vec<EnvelopeSignature>,
}

/// One signature of an envelope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvelopeSignature {
    /// A hint which key it was; not signed, so nothing rests on it.
    pub key_id: Option<String>,
    /// The signature.
    pub signature: Vec<u8>,
}

/// Too few of the keys that count have signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{valid} of the known keys have signed the envelope, and {needed} must")]
pub struct TooFew {
    /// How many different known keys have signed.
    pub valid: usize,
    /// How many have to.
    pub needed: usize,
}

#[derive(Serialize, Deserialize)]
struct Json {
    payload: String,
    #[serde(rename = "payloadType")]
    payload_type: String,
    signatures: Vec<JsonSignature>,
}

#[derive(Serialize, Deserialize)]
struct JsonSignature {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    keyid: Option<String>,
    sig: String,
}

/// What is signed: `DSSEv1 LEN(type) type LEN(payload) payload`.
#[must_use]
pub fn signed_bytes(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let lengths = (payload_type.len(), payload.len());
    let head = format!("DSSEv1 {} {payload_type} {} ", lengths.0, lengths.1);
    [head.as_bytes(), payload].concat()
}

/// The first 12 bytes of a `SubjectPublicKeyInfo` of Ed25519 (RFC 8410 §4).
const SPKI_HEAD: [u8; 12] = [
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];

/// A public key as DER, 44 bytes, as other tools read it (RFC 8410 §4).
#[must_use]
pub fn spki(key: &EvidencePublic) -> Vec<u8> {
    [&SPKI_HEAD, key.as_bytes().as_slice()].concat()
}

/// The name of a key in an envelope: SHA-256 of [`spki`], in hexadecimal.
#[must_use]
pub fn key_id(key: &EvidencePublic) -> String {
    HEXLOWER.encode(&sha256(&[&spki(key)]))
}

impl Envelope {
    /// An envelope that nobody has signed yet.
    #[must_use]
    pub fn new(payload_type: &str, payload: Vec<u8>) -> Self {
        Self {
            payload_type: payload_type.to_owned(),
            payload,
            signatures: Vec::new(),
        }
    }

    /// Adds the signature of `key`, unless it has signed already.
    pub fn sign(&mut self, key: &EvidenceKey) {
        let signature = key.sign(&signed_bytes(&self.payload_type, &self.payload));
        let signature = EnvelopeSignature {
            key_id: Some(key_id(&key.public())),
            signature: signature.as_bytes().to_vec(),
        };
        if !self.signatures.contains(&signature) {
            self.signatures.push(signature);
        }
    }

    /// Reads an envelope. Both alphabets of base64 are read and unknown members passed
    /// over, as DSSE asks.
    ///
    /// # Errors
    /// [`Malformed`] says what is wrong.
    pub fn parse(json: &[u8]) -> Result<Self, Malformed> {
        let wrong = |why| Malformed::new(WHAT, why);
        if json.len() > MAX_ENVELOPE {
            return Err(wrong("is longer than 24 MiB"));
        }
        let json: Json =
            serde_json::from_slice(json).map_err(|_| wrong("is not the JSON of an envelope"))?;
        if json.signatures.len() > MAX_SIGNERS {
            return Err(wrong("has more than 64 signatures"));
        }
        let decode = |text: &str, why| decode(text).ok_or(wrong(why));
        let signature = |one: JsonSignature| {
            Ok(EnvelopeSignature {
                key_id: one.keyid,
                signature: decode(&one.sig, "a signature is not base64")?,
            })
        };
        Ok(Self {
            payload: decode(&json.payload, "the payload is not base64")?,
            payload_type: json.payload_type,
            signatures: json
                .signatures
                .into_iter()
                .map(signature)
                .collect::<Result<_, _>>()?,
        })
    }

    /// The envelope as JSON, on one line with a newline.
    #[must_use]
    pub fn to_json(&self) -> String {
        let signature = |one: &EnvelopeSignature| JsonSignature {
            keyid: one.key_id.clone(),
            sig: BASE64.encode(&one.signature),
        };
        let json = Json {
            payload: BASE64.encode(&self.payload),
            payload_type: self.payload_type.clone(),
            signatures: self.signatures.iter().map(signature).collect(),
        };
        let mut text = serde_json::to_string(&json).expect("strings have a JSON form");
        text.push('\n');
        text
    }

    /// What the payload claims to be.
    #[must_use]
    pub fn payload_type(&self) -> &str {
        &self.payload_type
    }

    /// The payload, of which nothing is known before [`Envelope::verify`].
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// The signatures.
    #[must_use]
    pub fn signatures(&self) -> &[EnvelopeSignature] {
        &self.signatures
    }

    /// Which of `keys` have signed, if they are at least `needed`.
    ///
    /// Signatures of others are passed over. A key counts once, however often it signed.
    ///
    /// # Errors
    /// [`TooFew`] if not; also for a threshold of 0, which would prove nothing.
    pub fn verify(
        &self,
        keys: &[EvidencePublic],
        needed: usize,
    ) -> Result<BTreeSet<EvidencePublic>, TooFew> {
        let message = signed_bytes(&self.payload_type, &self.payload);
        let mut signers = BTreeSet::new();
        for one in &self.signatures {
            let Ok(signature) = Signature::from_bytes(&one.signature) else {
                continue;
            };
            let by = |key: &&EvidencePublic| key.verify(&message, &signature).is_ok();
            signers.extend(keys.iter().find(by));
        }
        if needed == 0 || signers.len() < needed {
            return Err(TooFew {
                valid: signers.len(),
                needed: needed.max(1),
            });
        }
        Ok(signers)
    }
}

fn decode(text: &str) -> Option<Vec<u8>> {
    text::decode(&BASE64, text).or_else(|| text::decode(&BASE64URL, text))
}
