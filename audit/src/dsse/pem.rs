//! Public keys as PEM, the form in which `openssl` reads and writes them (RFC 7468,
//! RFC 8410).

use data_encoding::BASE64;
use sealwire_crypto::EvidencePublic;

use super::{SPKI_HEAD, spki};
use crate::Malformed;
use crate::text::base64;

const FIRST: &str = "-----BEGIN PUBLIC KEY-----\n";
const LAST: &str = "\n-----END PUBLIC KEY-----\n";

/// A public key as PEM, 113 bytes.
#[must_use]
pub fn to_pem(key: &EvidencePublic) -> String {
    format!("{FIRST}{}{LAST}", BASE64.encode(&spki(key)))
}

/// Reads what [`to_pem`] or `openssl` wrote, which has one spelling.
///
/// # Errors
/// [`Malformed`] for anything else, also for keys that are not of Ed25519.
pub fn from_pem(text: &[u8]) -> Result<EvidencePublic, Malformed> {
    let wrong = Malformed::new("public key", "is not the PEM of an Ed25519 key");
    let der = str::from_utf8(text)
        .ok()
        .and_then(|text| text.strip_prefix(FIRST)?.strip_suffix(LAST))
        .and_then(base64)
        .ok_or(wrong)?;
    let key = der.strip_prefix(&SPKI_HEAD).ok_or(wrong)?;
    EvidencePublic::from_bytes(key).map_err(|_| wrong)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::evidence_key;

    #[test]
    fn a_key_has_one_spelling() {
        let key = evidence_key(1).public();
        let pem = to_pem(&key);
        assert_eq!(pem.len(), 113);
        assert_eq!(from_pem(pem.as_bytes()), Ok(key));
        for place in 0..pem.len() {
            let mut other = pem.clone().into_bytes();
            other[place] ^= 1;
            assert_ne!(from_pem(&other), Ok(key), "{place}");
        }
        assert!(from_pem(pem.trim_end().as_bytes()).is_err());
        assert!(from_pem(b"").is_err());
    }
}
