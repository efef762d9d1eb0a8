//! `KeyPackage` (RFC 9420 §10).

use super::{FormError, reader::Reader};
use crate::limits::MAX_KEY_PACKAGE;

/// `mls_key_package` (RFC 9420 §6).
const WIRE_FORMAT: u16 = 5;
/// MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519 (RFC 9420 §17.1).
const CIPHER_SUITE: u16 = 1;
/// Basic credential (RFC 9420 §5.3).
const BASIC: u16 = 1;
/// `LeafNodeSource::key_package` (RFC 9420 §7.2).
const SOURCE_KEY_PACKAGE: u8 = 1;
/// `last_resort_key_package` (draft-ietf-mls-extensions).
const LAST_RESORT: u16 = 0x000a;

/// One `MLSMessage` that holds a `KeyPackage` within the grammar. Signatures are not checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyPackageForm<'a> {
    /// The basic credential's identity: the bytes of a device certificate.
    pub identity: &'a [u8],
    /// The leaf's signature key.
    pub signature_key: [u8; 32],
    /// First second of the lifetime since the Unix epoch.
    pub not_before: u64,
    /// Last second of the lifetime since the Unix epoch.
    pub not_after: u64,
    /// Marked as a last resort, which may be used more than once.
    pub is_last_resort: bool,
}

impl<'a> KeyPackageForm<'a> {
    /// Reads exactly one message of at most [`MAX_KEY_PACKAGE`] bytes.
    ///
    /// # Errors
    /// [`FormError`] says which rule the bytes break.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, FormError> {
        if bytes.len() > MAX_KEY_PACKAGE {
            return Err(FormError::TooLong);
        }
        let mut reader = Reader::new(bytes);
        reader.message_header(WIRE_FORMAT)?;
        if reader.u16()? != 1 {
            return Err(FormError::Version);
        }
        if reader.u16()? != CIPHER_SUITE {
            return Err(FormError::CipherSuite);
        }
        reader.exact::<32>(FormError::KeyLength)?; // init_key
        let leaf = Leaf::read(&mut reader)?;
        let is_last_resort = read_extensions(&mut reader)?;
        reader.exact::<64>(FormError::SignatureLength)?;
        reader.finish()?;
        Ok(Self {
            identity: leaf.identity,
            signature_key: leaf.signature_key,
            not_before: leaf.not_before,
            not_after: leaf.not_after,
            is_last_resort,
        })
    }
}

/// What is of use in a `LeafNode` (RFC 9420 §7.2).
struct Leaf<'a> {
    identity: &'a [u8],
    signature_key: [u8; 32],
    not_before: u64,
    not_after: u64,
}

impl<'a> Leaf<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, FormError> {
        reader.exact::<32>(FormError::KeyLength)?; // encryption_key
        let signature_key = reader.exact(FormError::KeyLength)?;
        if reader.u16()? != BASIC {
            return Err(FormError::Credential);
        }
        let identity = reader.vector()?;
        // versions, cipher suites, extensions, proposals, credentials
        for _ in 0..5 {
            if reader.vector()?.len() % 2 != 0 {
                return Err(FormError::List);
            }
        }
        if reader.u8()? != SOURCE_KEY_PACKAGE {
            return Err(FormError::LeafSource);
        }
        let not_before = reader.u64()?;
        let not_after = reader.u64()?;
        read_extensions(reader)?;
        reader.exact::<64>(FormError::SignatureLength)?;
        Ok(Self {
            identity,
            signature_key,
            not_before,
            not_after,
        })
    }
}

/// Reads a list of extensions (RFC 9420 §13.4); whether a last-resort mark is among them.
fn read_extensions(reader: &mut Reader<'_>) -> Result<bool, FormError> {
    let mut list = Reader::new(reader.vector()?);
    let mut seen = Vec::new();
    while !list.is_empty() {
        let kind = list.u16()?;
        let data = list.vector()?;
        if seen.contains(&kind) || (kind == LAST_RESORT && !data.is_empty()) {
            return Err(FormError::Extension);
        }
        seen.push(kind);
    }
    Ok(seen.contains(&LAST_RESORT))
}
