//! Keys as PEM, the form in which `openssl` reads and writes them (RFC 7468, RFC 8410).

use data_encoding::BASE64;
use sealwire_crypto::{EvidenceKey, EvidencePublic, SecretBytes};
use zeroize::Zeroizing;

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

const FIRST_OF_SECRET: &str = "-----BEGIN PRIVATE KEY-----\n";
const LAST_OF_SECRET: &str = "\n-----END PRIVATE KEY-----\n";
/// The bytes of a `OneAsymmetricKey` of Ed25519 before the 32 of the seed (RFC 8410 §7).
const SECRET_HEAD: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];

/// Reads a secret key as `openssl genpkey -algorithm ed25519` writes it.
///
/// # Errors
/// [`Malformed`] for anything else, also for keys under a passphrase.
pub fn secret_from_pem(text: &[u8]) -> Result<EvidenceKey, Malformed> {
    let wrong = Malformed::new("secret key", "is not the PEM of an Ed25519 key");
    let der = str::from_utf8(text)
        .ok()
        .and_then(|text| {
            text.strip_prefix(FIRST_OF_SECRET)?
                .strip_suffix(LAST_OF_SECRET)
        })
        .and_then(base64)
        .map(Zeroizing::new)
        .ok_or(wrong)?;
    let seed = der.strip_prefix(&SECRET_HEAD).ok_or(wrong)?;
    let seed = SecretBytes::from_slice(seed).map_err(|_| wrong)?;
    Ok(EvidenceKey::from_seed(&seed))
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

    #[test]
    fn a_secret_key_is_that_of_rfc_8410() {
        // The example of §10.3, and its public half of §10.1.
        let secret = "-----BEGIN PRIVATE KEY-----\n\
            MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n\
            -----END PRIVATE KEY-----\n";
        let public = "-----BEGIN PUBLIC KEY-----\n\
            MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n\
            -----END PUBLIC KEY-----\n";
        let key = secret_from_pem(secret.as_bytes()).ok().unwrap();
        assert_eq!(to_pem(&key.public()), public);
        assert!(secret_from_pem(public.as_bytes()).is_err());
        assert!(secret_from_pem(secret.replace("MC4", "MC5").as_bytes()).is_err());
        assert!(secret_from_pem(b"").is_err());
    }
}
