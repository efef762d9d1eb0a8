//! Leaves that say nothing to those who may not know: commitments to events, and
//! the index under which the directory logs a handle.
//!
//! All are plain HMAC-SHA256, so that `openssl dgst` opens them:
//!
//! * salt = HMAC(subject's key, entry id)
//! * commitment = HMAC(salt, canonical JSON of the event)
//! * index = the first 16 bytes of HMAC(directory key, handle)
//!
//! Erasing a subject's key erases every salt made from it; then nobody can show what
//! a commitment was made of, nor which of them belong together.

use std::fmt;

use data_encoding::HEXLOWER;
use sealwire_crypto::{SecretBytes, hmac};
use serde_json::Value;

use crate::Malformed;
use crate::canonical::{from_canonical, to_canonical};

/// What the log holds of an event: 32 bytes. Printed as hexadecimal.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Commitment(pub [u8; 32]);

impl fmt::Display for Commitment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for Commitment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Commitment({self})")
    }
}

/// The key from which the salts of all entries about one person or thing are made.
/// It is kept beside the log, never in it.
pub struct SubjectKey(SecretBytes<32>);

impl SubjectKey {
    /// Takes 32 random bytes as the key.
    #[must_use]
    pub const fn new(key: SecretBytes<32>) -> Self {
        Self(key)
    }

    /// The key itself, to be stored.
    #[must_use]
    pub const fn secret(&self) -> &SecretBytes<32> {
        &self.0
    }

    /// The salt of the entry with this id, which no other entry of any log has: 16
    /// random bytes.
    #[must_use]
    pub fn salt(&self, entry: &[u8; 16]) -> Salt {
        Salt(SecretBytes::fill(|salt| *salt = hmac(&self.0, entry)))
    }
}

/// What opens one commitment, together with the event. 32 bytes.
pub struct Salt(SecretBytes<32>);

impl Salt {
    /// A salt that somebody has disclosed.
    #[must_use]
    pub const fn new(salt: SecretBytes<32>) -> Self {
        Self(salt)
    }

    /// The salt itself, to be disclosed to whoever may open this one commitment.
    #[must_use]
    pub const fn secret(&self) -> &SecretBytes<32> {
        &self.0
    }

    /// The commitment to `event`.
    ///
    /// # Errors
    /// [`Malformed`] if the event has no canonical spelling.
    pub fn commit(&self, event: &Value) -> Result<Commitment, Malformed> {
        Ok(Commitment(hmac(&self.0, &to_canonical(event)?)))
    }

    /// The event in `bytes`, if `commitment` was made of it with this salt.
    ///
    /// # Errors
    /// [`Malformed`] if the bytes are not canonical JSON or not what was committed to.
    pub fn open(&self, commitment: &Commitment, bytes: &[u8]) -> Result<Value, Malformed> {
        let event = from_canonical(bytes)?;
        if hmac(&self.0, bytes) != commitment.0 {
            return Err(Malformed::new("commitment", "was made of something else"));
        }
        Ok(event)
    }
}

/// The key that hides handles in the directory's log from those outside the
/// organisation.
pub struct DirectoryKey(SecretBytes<32>);

impl DirectoryKey {
    /// Takes 32 random bytes as the key.
    #[must_use]
    pub const fn new(key: SecretBytes<32>) -> Self {
        Self(key)
    }

    /// The key itself, to be stored or told to those who may know.
    #[must_use]
    pub const fn secret(&self) -> &SecretBytes<32> {
        &self.0
    }

    /// The index of a handle. A pseudonym: whoever holds this key and guesses the
    /// handle recognises it.
    #[must_use]
    pub fn index(&self, handle: &str) -> DirectoryIndex {
        let code = hmac(&self.0, handle.as_bytes());
        DirectoryIndex(std::array::from_fn(|place| code[place]))
    }
}

/// Under which the directory's log has the entries of one handle: 16 bytes. Printed as
/// hexadecimal.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DirectoryIndex(pub [u8; 16]);

impl fmt::Display for DirectoryIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for DirectoryIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DirectoryIndex({self})")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn subject(byte: u8) -> SubjectKey {
        SubjectKey::new(SecretBytes::fill(|key| key.fill(byte)))
    }

    /// The values come from `openssl dgst -sha256 -mac HMAC -macopt hexkey:…`.
    #[test]
    fn codes_are_those_of_openssl() {
        let salt = subject(1).salt(b"0123456789abcdef");
        assert_eq!(
            HEXLOWER.encode(salt.secret().expose()),
            "cdf289fdb53834162b86a9fb32391c2b066dd4d8fc21a7cce818bc162590a9e4"
        );
        let event = json!({"type": "custodian-added", "at": 1_700_000_000});
        assert_eq!(
            salt.commit(&event).unwrap().to_string(),
            "cd5d0402e091cb3aa6d213422a3824b805882510729ce473c49163f825b0a484"
        );
        let directory = DirectoryKey::new(SecretBytes::fill(|key| key.fill(2)));
        let index = directory.index("alice@acme").to_string();
        assert_eq!(index, "ea44bdb93b6e7bc9210bd45e0da17cbb");
    }

    #[test]
    fn only_the_salt_opens_and_only_the_event_fits() {
        let salt = subject(1).salt(&[1; 16]);
        let event = json!({"type": "erasure", "account": "alice@acme"});
        let commitment = salt.commit(&event).unwrap();
        let bytes = to_canonical(&event).unwrap();
        assert_eq!(salt.open(&commitment, &bytes), Ok(event));
        let other = to_canonical(&json!({"type": "erasure", "account": "bob@acme"})).unwrap();
        assert!(salt.open(&commitment, &other).is_err());
        assert!(salt.open(&commitment, b"{ }").is_err());
        for wrong in [subject(1).salt(&[2; 16]), subject(2).salt(&[1; 16])] {
            assert!(wrong.open(&commitment, &bytes).is_err());
        }
    }

    #[test]
    fn the_same_event_twice_looks_like_two() {
        let event = json!({"type": "access-export"});
        let [a, b] = [1, 2].map(|entry| subject(1).salt(&[entry; 16]).commit(&event).unwrap());
        assert_ne!(a, b);
    }
}
