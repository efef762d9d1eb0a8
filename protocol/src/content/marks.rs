//! What a sender says about a message beside its body, in extensions of our own.

use minicbor::{Decoder, Encoder, decode::Error};
use sealwire_crypto::AccountPublic;

use super::{Extensions, extensions::ExtensionKey};

/// Most accounts that a message mentions by name.
pub const MAX_MENTIONS: usize = 100;

const MENTIONS: &str = "sealwire.mentions";
const PRIORITY: &str = "sealwire.priority";
const ACKNOWLEDGE: &str = "sealwire.acknowledge";

/// How much a message presses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
#[repr(u8)]
pub enum Priority {
    /// As usual.
    #[default]
    Normal = 0,
    /// To be seen soon.
    Important = 1,
    /// To be seen now.
    Urgent = 2,
}

impl Priority {
    /// Parses the wire number; what a newer version calls more urgent still is urgent.
    #[must_use]
    pub const fn from_wire(value: u64) -> Self {
        match value {
            0 => Self::Normal,
            1 => Self::Important,
            _ => Self::Urgent,
        }
    }
}

/// Marks of a message. A mark of a form that this version does not know counts as not set.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Marks {
    /// Everybody is mentioned; `sealwire.mentions` = `[all: bool, [* account key: bstr .size 32]]`.
    pub mentions_all: bool,
    /// Accounts that are mentioned, at most [`MAX_MENTIONS`].
    pub mentions: Vec<AccountPublic>,
    /// `sealwire.priority` = uint.
    pub priority: Priority,
    /// The sender asks each reader to confirm; `sealwire.acknowledge` = true.
    pub acknowledge: bool,
}

impl Marks {
    /// Puts the marks that are set into `extensions`.
    pub(super) fn write(&self, extensions: &mut Extensions) {
        let mut set = |name: &str, value: Vec<u8>| {
            extensions
                .insert(ExtensionKey::Text(name.into()), value)
                .expect("well-formed and within the limits");
        };
        if self.mentions_all || !self.mentions.is_empty() {
            set(MENTIONS, self.encode_mentions());
        }
        if self.priority != Priority::Normal {
            set(PRIORITY, vec![self.priority as u8]);
        }
        if self.acknowledge {
            set(ACKNOWLEDGE, vec![0xf5]);
        }
    }

    fn encode_mentions(&self) -> Vec<u8> {
        let named = &self.mentions[..self.mentions.len().min(MAX_MENTIONS)];
        let mut cbor = Encoder::new(Vec::new());
        cbor.array(2)
            .and_then(|cbor| cbor.bool(self.mentions_all))
            .and_then(|cbor| cbor.array(named.len() as u64))
            .and_then(|cbor| {
                named
                    .iter()
                    .try_fold(cbor, |cbor, key| cbor.bytes(key.as_bytes()))
            })
            .expect("writing to memory cannot fail");
        cbor.into_writer()
    }

    /// Reads the marks.
    pub(super) fn read(extensions: &Extensions) -> Self {
        let get = |name: &str| extensions.get(&ExtensionKey::Text(name.into()));
        let (mentions_all, mentions) = get(MENTIONS)
            .and_then(|value| mentions(&mut Decoder::new(value)).ok())
            .unwrap_or_default();
        let priority = get(PRIORITY).and_then(|value| Decoder::new(value).u64().ok());
        Self {
            mentions_all,
            mentions,
            priority: priority.map_or(Priority::Normal, Priority::from_wire),
            acknowledge: get(ACKNOWLEDGE) == Some(&[0xf5]),
        }
    }
}

fn mentions(cbor: &mut Decoder<'_>) -> Result<(bool, Vec<AccountPublic>), Error> {
    let unknown = || Error::message("not of a known shape");
    if cbor.array()? != Some(2) {
        return Err(unknown());
    }
    let all = cbor.bool()?;
    let count = cbor.array()?.ok_or_else(unknown)?;
    if count > MAX_MENTIONS as u64 {
        return Err(unknown());
    }
    let mut named = Vec::new();
    for _ in 0..count {
        named.push(AccountPublic::from_bytes(cbor.bytes()?).map_err(|_| unknown())?);
    }
    Ok((all, named))
}
