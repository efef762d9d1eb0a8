//! Extension fields (draft-ietf-mimi-content-09 §4.3).

use std::{cmp::Ordering, collections::BTreeMap};

use super::{ContentError, wellformed};

/// Extension name of [`Position`](super::Position).
pub(super) const POSITION: &str = "sealwire.position";
/// Extension name of [`LogHead`](super::LogHead).
pub(super) const LOG_HEAD: &str = "sealwire.log_head";
/// Extension name of [`GroupEvent`](super::GroupEvent).
pub(super) const EVENT: &str = "sealwire.event";
/// Numbers that a double holds exactly (draft-ietf-mimi-content-09 §6.2).
const MAX_INT: u64 = (1 << 53) - 1;
/// Largest value in bytes.
pub(super) const MAX_VALUE: usize = 4095;
/// Deepest nesting of a value: one less than that of the map around it
/// (draft-ietf-mimi-content-09 §6.3).
const MAX_VALUE_DEPTH: usize = 3;

/// The name of an extension: registered ones are positive numbers, private ones text or negative.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExtensionKey {
    /// A number from -(2^53 - 1) to 2^53 - 1.
    Int(i64),
    /// 1 to 255 bytes of text.
    Text(String),
}

impl ExtensionKey {
    /// The key as CBOR, in the shortest form.
    pub(super) fn encoded(&self) -> Vec<u8> {
        match self {
            Self::Int(number) => minicbor::to_vec(number),
            Self::Text(text) => minicbor::to_vec(text),
        }
        .expect("writing to memory cannot fail")
    }

    fn is_allowed(&self) -> bool {
        match self {
            Self::Int(number) => number.unsigned_abs() <= MAX_INT,
            Self::Text(text) => {
                (1..=255).contains(&text.len())
                    && ![POSITION, LOG_HEAD, EVENT].contains(&text.as_str())
            }
        }
    }
}

// The order of map keys in deterministic CBOR (RFC 8949 §4.2.1): of the encoded bytes.
impl Ord for ExtensionKey {
    fn cmp(&self, other: &Self) -> Ordering {
        self.encoded().cmp(&other.encoded())
    }
}

impl PartialOrd for ExtensionKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The extensions of a message that have no field of their own, each value one CBOR item.
#[derive(Default, PartialEq, Eq)]
pub struct Extensions(BTreeMap<ExtensionKey, Vec<u8>>);

impl Extensions {
    /// None.
    #[must_use]
    pub const fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// Sets an extension to `value`, one item of deterministic CBOR.
    ///
    /// # Errors
    /// [`ContentError::ExtensionName`] if the name is empty, over 255 bytes or 2^53, or one that
    /// [`Content`](super::Content) has a field for; [`ContentError::TooLong`] if the value is over
    /// 4,095 bytes, [`ContentError::TooDeep`] if it is over 3 levels deep; others if it is not such an item.
    pub fn insert(&mut self, key: ExtensionKey, value: Vec<u8>) -> Result<(), ContentError> {
        if !key.is_allowed() {
            return Err(ContentError::ExtensionName);
        }
        if value.len() > MAX_VALUE {
            return Err(ContentError::TooLong(value.len()));
        }
        wellformed::check(&value, MAX_VALUE_DEPTH)?;
        self.0.insert(key, value);
        Ok(())
    }

    /// An extension's value, one CBOR item.
    #[must_use]
    pub fn get(&self, key: &ExtensionKey) -> Option<&[u8]> {
        self.0.get(key).map(Vec::as_slice)
    }

    /// All of them in the order of the encoding.
    pub fn iter(&self) -> impl Iterator<Item = (&ExtensionKey, &[u8])> {
        self.0.iter().map(|(key, value)| (key, value.as_slice()))
    }
}
