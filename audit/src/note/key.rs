//! The keys of notes and their spellings, `vkey` and `skey`.

use std::fmt;

use data_encoding::{BASE64, HEXLOWER};
use sealwire_crypto::{EvidenceKey, EvidencePublic, SecretBytes, Signature, sha256};
use zeroize::Zeroizing;

use super::{SignatureLine, Signed};
use crate::Malformed;
use crate::checkpoint::Checkpoint;
use crate::text::{LARGEST, base64};

/// The name of a key: no spaces, no plus sign, at most 255 bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyName(String);

impl KeyName {
    /// Takes a name.
    ///
    /// # Errors
    /// [`Malformed`] if no note can hold it.
    pub fn new(name: &str) -> Result<Self, Malformed> {
        let wrong = |why| Malformed::new("name of a key", why);
        if name.is_empty() {
            return Err(wrong("is empty"));
        }
        if name.len() > 255 {
            return Err(wrong("is longer than 255 bytes"));
        }
        if name.contains(|c: char| c.is_whitespace() || c.is_control() || c == '+') {
            return Err(wrong("holds a space, a control character or a plus sign"));
        }
        Ok(Self(name.to_owned()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a key signs. Both are Ed25519.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyKind {
    /// The text of a note as it stands: type 1.
    Note,
    /// That a checkpoint was seen, and when (`tlog-cosignature`): type 4.
    Cosignature,
}

impl KeyKind {
    const fn byte(self) -> u8 {
        match self {
            Self::Note => 1,
            Self::Cosignature => 4,
        }
    }

    const fn of(byte: u8) -> Option<Self> {
        match byte {
            1 => Some(Self::Note),
            4 => Some(Self::Cosignature),
            _ => None,
        }
    }
}

/// The first four bytes of SHA-256 over name, newline, type and public key.
fn key_id(name: &KeyName, kind: KeyKind, public: &EvidencePublic) -> u32 {
    let hash = sha256(&[name.0.as_bytes(), b"\n", &[kind.byte()], public.as_bytes()]);
    u32::from_be_bytes([hash[0], hash[1], hash[2], hash[3]])
}

fn parse_id(text: &str) -> Option<u32> {
    let bytes: [u8; 4] = HEXLOWER.decode(text.as_bytes()).ok()?.try_into().ok()?;
    Some(u32::from_be_bytes(bytes))
}

/// A key that checks notes. Printed as `vkey`: `name+id+base64(type, public key)`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct VerifierKey {
    name: KeyName,
    kind: KeyKind,
    public: EvidencePublic,
    id: u32,
}

impl VerifierKey {
    /// Gives `public` a name and a purpose.
    #[must_use]
    pub fn new(name: KeyName, kind: KeyKind, public: EvidencePublic) -> Self {
        let id = key_id(&name, kind, &public);
        Self {
            name,
            kind,
            public,
            id,
        }
    }

    /// Reads a `vkey`.
    ///
    /// # Errors
    /// [`Malformed`] says what is wrong, also for the kinds of keys that this program
    /// can not check.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let wrong = |why| Malformed::new("verifier key", why);
        if text.len() > 4_096 {
            return Err(wrong("is too long"));
        }
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(wrong("is not name+id+key"));
        };
        let name = KeyName::new(name)?;
        let id = parse_id(id).ok_or(wrong("the id is not eight hexadecimal digits"))?;
        let key = base64(key).ok_or(wrong("the key is not base64"))?;
        let (kind, public) = key.split_first().ok_or(wrong("the key is empty"))?;
        let kind = KeyKind::of(*kind).ok_or(wrong(
            "is of a kind other than Ed25519 (type 1) and Ed25519 cosignature (type 4)",
        ))?;
        let public = EvidencePublic::from_bytes(public)
            .map_err(|_| wrong("the key is not a usable Ed25519 key"))?;
        let key = Self::new(name, kind, public);
        if key.id != id {
            return Err(wrong("the id does not belong to this name and key"));
        }
        Ok(key)
    }

    /// The name.
    #[must_use]
    pub const fn name(&self) -> &KeyName {
        &self.name
    }

    /// What it signs.
    #[must_use]
    pub const fn kind(&self) -> KeyKind {
        self.kind
    }

    /// The public key itself.
    #[must_use]
    pub const fn public(&self) -> &EvidencePublic {
        &self.public
    }

    /// The line under a note that says that this key has signed it with `signature`, true or not.
    #[must_use]
    pub fn signature_line(&self, signature: &[u8]) -> SignatureLine {
        SignatureLine::new(self.name.clone(), self.id, signature.to_vec())
    }

    /// The id, by which signatures name it.
    #[must_use]
    pub const fn id(&self) -> u32 {
        self.id
    }

    /// What a signature over `text` says; `None` if it is false.
    pub(super) fn verify(&self, text: &str, signature: &[u8]) -> Option<Signed> {
        let (signed, message, signature) = match self.kind {
            KeyKind::Note => (Signed::Plain, text.to_owned(), signature),
            KeyKind::Cosignature => {
                Checkpoint::parse(text).ok()?;
                let (time, signature) = signature.split_first_chunk()?;
                let time = u64::from_be_bytes(*time);
                if time > LARGEST {
                    return None;
                }
                (Signed::At(time), cosigned(text, time), signature)
            }
        };
        let signature = Signature::from_bytes(signature).ok()?;
        self.public.verify(message.as_bytes(), &signature).ok()?;
        Some(signed)
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = [&[self.kind.byte()], self.public.as_bytes().as_slice()].concat();
        write!(f, "{}+{:08x}+{}", self.name, self.id, BASE64.encode(&key))
    }
}

/// What a cosignature covers (`tlog-cosignature`).
fn cosigned(text: &str, time: u64) -> String {
    format!("cosignature/v1\ntime {time}\n{text}")
}

/// A key that signs notes. Stored as `skey`: `PRIVATE+KEY+name+id+base64(type, seed)`.
pub struct SignerKey {
    key: EvidenceKey,
    verifier: VerifierKey,
}

impl SignerKey {
    /// Gives `key` a name and a purpose.
    #[must_use]
    pub fn new(name: KeyName, kind: KeyKind, key: EvidenceKey) -> Self {
        let verifier = VerifierKey::new(name, kind, key.public());
        Self { key, verifier }
    }

    /// Reads an `skey`.
    ///
    /// # Errors
    /// [`Malformed`] says what is wrong and nothing of the key.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let wrong = |why| Malformed::new("signer key", why);
        let rest = text
            .strip_prefix("PRIVATE+KEY+")
            .ok_or(wrong("does not begin with PRIVATE+KEY+"))?;
        let mut parts = rest.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(wrong("is not name+id+key"));
        };
        let name = KeyName::new(name)?;
        let id = parse_id(id).ok_or(wrong("the id is not eight hexadecimal digits"))?;
        let key = Zeroizing::new(base64(key).ok_or(wrong("the key is not base64"))?);
        let (kind, seed) = key.split_first().ok_or(wrong("the key is empty"))?;
        let kind = KeyKind::of(*kind).ok_or(wrong("is of an unknown kind"))?;
        let seed = SecretBytes::from_slice(seed).map_err(|_| wrong("the key is not 32 bytes"))?;
        let key = Self::new(name, kind, EvidenceKey::from_seed(&seed));
        if key.verifier.id != id {
            return Err(wrong("the id does not belong to this name and key"));
        }
        Ok(key)
    }

    /// The `skey`, to be stored where others can not read it.
    #[must_use]
    pub fn to_skey(&self) -> Zeroizing<String> {
        let seed = self.key.seed();
        let mut key = Zeroizing::new([0; 33]);
        key[0] = self.verifier.kind.byte();
        key[1..].copy_from_slice(seed.expose());
        let key = Zeroizing::new(BASE64.encode(key.as_slice()));
        let VerifierKey { name, id, .. } = &self.verifier;
        Zeroizing::new(format!("PRIVATE+KEY+{name}+{id:08x}+{}", *key))
    }

    /// The key without its name, for signing in a format that has none.
    #[must_use]
    pub fn into_key(self) -> EvidenceKey {
        self.key
    }

    /// The key that checks what this one signs.
    #[must_use]
    pub const fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    /// Signs `text` as it stands, whatever the kind of the key says; for logs.
    pub(crate) fn sign(&self, text: &str) -> SignatureLine {
        let signature = self.key.sign(text.as_bytes());
        self.line(signature.as_bytes().to_vec())
    }

    /// Signs that the checkpoint with this text was seen at `time`.
    pub(crate) fn cosign(&self, text: &str, time: u64) -> SignatureLine {
        let signature = self.key.sign(cosigned(text, time).as_bytes());
        self.line([&time.to_be_bytes(), signature.as_bytes().as_slice()].concat())
    }

    fn line(&self, signature: Vec<u8>) -> SignatureLine {
        SignatureLine::new(self.verifier.name.clone(), self.verifier.id, signature)
    }
}
