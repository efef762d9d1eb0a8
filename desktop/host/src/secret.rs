//! Text that must not stay behind.

use serde::{Deserialize, Deserializer};
use zeroize::Zeroizing;

/// A passphrase or an invitation on its way in. It cannot be printed.
pub(crate) struct Secret(pub(crate) Zeroizing<String>);

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        // From an owned JSON value the text is moved, not copied.
        String::deserialize(from).map(|text| Self(Zeroizing::new(text)))
    }
}

#[cfg(feature = "types")]
impl ts_rs::TS for Secret {
    type WithoutGenerics = Self;
    type OptionInnerType = Self;

    fn name(config: &ts_rs::Config) -> String {
        <String as ts_rs::TS>::name(config)
    }

    fn inline(config: &ts_rs::Config) -> String {
        <String as ts_rs::TS>::inline(config)
    }
}
