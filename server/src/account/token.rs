//! Session tokens: JWT (RFC 7519) signed with Ed25519 (RFC 8037) by a key in the data directory.

use std::io;
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use rand::Rng;
use rcgen::{KeyPair, PKCS_ED25519, PublicKeyData};
use sealwire_protocol::ids::DeviceId;
use sealwire_protocol::problem::Code;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::data_dir::write_private;
use crate::refusal::{Answer, Refusal};

/// File of the signing key, PKCS #8 (RFC 8410).
pub(crate) const KEY_FILE: &str = "token-key.der";
/// Life of a token in seconds.
pub(super) const LIFE_S: u64 = 15 * 60;

/// Why there is no signing key.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyError {
    #[error("cannot use the token key {0}: {1}")]
    Io(PathBuf, io::Error),
    #[error(
        "the token key {0} is damaged; remove it, and a new one is made (everybody signs in anew)"
    )]
    Damaged(PathBuf),
}

#[derive(Serialize, Deserialize)]
struct Claims {
    /// The device.
    sub: String,
    /// The organisation.
    iss: String,
    iat: u64,
    exp: u64,
    /// Two sessions of one second are still two.
    jti: String,
}

fn parse(der: &[u8]) -> Option<KeyPair> {
    KeyPair::from_pkcs8_der_and_sign_algo(&der.into(), &PKCS_ED25519).ok()
}

/// Whether there is a key that can be used.
pub(crate) fn check_key(path: &Path) -> Result<(), KeyError> {
    let der = std::fs::read(path).map_err(|error| KeyError::Io(path.into(), error))?;
    parse(&Zeroizing::new(der))
        .map(drop)
        .ok_or_else(|| KeyError::Damaged(path.into()))
}

/// Makes and reads tokens.
pub(super) struct Tokens {
    organisation: String,
    encoding: EncodingKey,
    decoding: DecodingKey,
}

impl Tokens {
    /// Reads the key, making it if it is not there.
    pub(super) fn open(path: &Path, organisation: &str) -> Result<Self, KeyError> {
        let io = |error| KeyError::Io(path.into(), error);
        let damaged = || KeyError::Damaged(path.into());
        let der = match std::fs::read(path) {
            Ok(der) => Zeroizing::new(der),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let fresh = KeyPair::generate_for(&PKCS_ED25519).map_err(|_| damaged())?;
                let der = Zeroizing::new(fresh.serialize_der());
                write_private(path, &der).map_err(io)?;
                der
            }
            Err(error) => return Err(io(error)),
        };
        let pair = parse(&der).ok_or_else(damaged)?;
        Ok(Self {
            organisation: organisation.into(),
            encoding: EncodingKey::from_ed_der(&der),
            decoding: DecodingKey::from_ed_der(pair.der_bytes()),
        })
    }

    /// A token for a device.
    pub(super) fn make(&self, device: DeviceId, now_s: u64) -> Answer<String> {
        let mut number = [0; 16];
        rand::rng().fill_bytes(&mut number);
        let claims = Claims {
            sub: device.to_string(),
            iss: self.organisation.clone(),
            iat: now_s,
            exp: now_s + LIFE_S,
            jti: HEXLOWER.encode(&number),
        };
        encode(&Header::new(Algorithm::EdDSA), &claims, &self.encoding)
            .map_err(|_| Refusal::internal("cannot sign a token"))
    }

    /// The device of a token that this relay made and that has not run out.
    pub(super) fn read(&self, token: &str) -> Answer<DeviceId> {
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[&self.organisation]);
        validation.set_required_spec_claims(&["exp", "iss", "sub"]);
        validation.leeway = 0;
        let refused = || {
            Refusal::new(
                Code::Unauthenticated,
                "The session ran out or is not of this relay; sign in again.",
            )
        };
        let claims = decode::<Claims>(token, &self.decoding, &validation)
            .map_err(|_| refused())?
            .claims;
        DeviceId::from_hex(&claims.sub).map_err(|_| refused())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::now_s;

    const ALICE: DeviceId = DeviceId([1; 16]);

    #[test]
    fn a_token_names_its_device_until_it_runs_out() {
        let dir = tempfile::tempdir().expect("temporary directory");
        let path = dir.path().join(KEY_FILE);
        let tokens = Tokens::open(&path, "acme").expect("made");
        let token = tokens.make(ALICE, now_s()).expect("signed");
        assert_eq!(tokens.read(&token), Ok(ALICE));
        let again = Tokens::open(&path, "acme").expect("read");
        assert_eq!(again.read(&token), Ok(ALICE), "a restart ends no session");
        let old = tokens.make(ALICE, now_s() - LIFE_S - 1).expect("signed");
        assert!(tokens.read(&old).is_err());
    }

    #[test]
    fn tokens_of_others_are_refused() {
        let dir = tempfile::tempdir().expect("temporary directory");
        let acme = Tokens::open(&dir.path().join("a"), "acme").expect("made");
        let mallory = Tokens::open(&dir.path().join("m"), "acme").expect("made");
        let other = Tokens::open(&dir.path().join("a"), "other").expect("made");
        for forged in [&mallory, &other] {
            let token = forged.make(ALICE, now_s()).expect("signed");
            let refusal = acme.read(&token).expect_err("refused");
            assert_eq!(refusal.code(), Code::Unauthenticated);
        }
        // alg "none"
        let good = acme.make(ALICE, now_s()).expect("signed");
        let claims = good.split('.').nth(1).expect("claims");
        let none = data_encoding::BASE64URL_NOPAD.encode(b"{\"alg\":\"none\",\"typ\":\"JWT\"}");
        assert!(acme.read(&format!("{none}.{claims}.")).is_err());
        assert!(acme.read("").is_err());
    }

    #[test]
    fn a_damaged_key_is_told() {
        let dir = tempfile::tempdir().expect("temporary directory");
        let path = dir.path().join(KEY_FILE);
        std::fs::write(&path, b"damaged").expect("written");
        assert!(matches!(
            Tokens::open(&path, "acme"),
            Err(KeyError::Damaged(_))
        ));
    }
}
