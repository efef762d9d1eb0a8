//! `storage-census`: what lies in the relay's stores, by count and form.

mod columns;
mod counter;

pub use columns::{class_of, known_columns};
pub use counter::Counter;

use serde::{Deserialize, Serialize};

use super::{Predicate, Role, SchemaVersion, Time};
use crate::Malformed;

/// What lies in the relay's stores: which fields there are and of what class, and
/// whether what should be ciphertext has the form of ciphertext.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StorageCensus {
    /// When it was taken.
    pub taken: Time,
    /// The version of each database's schema.
    pub schema_versions: Vec<SchemaVersion>,
    /// All tables.
    pub tables: Vec<Table>,
    /// What is stored as bytes, by form.
    pub stored: Vec<Stored>,
    /// How many of all of these could not be read as what they should be.
    pub unparsed_total: u64,
}

/// A table of a database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Table {
    /// Its name, with that of its database before it if that is not plain:
    /// `groups.entries`.
    pub table: String,
    /// All its columns.
    pub columns: Vec<Column>,
    /// How many rows it has.
    pub rows: u64,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What stands in it.
    pub class: Class,
}

/// What stands in a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// Bytes that the relay cannot read.
    Ciphertext,
    /// Public keys of devices for being added to groups.
    KeyPackage,
    /// About accounts and devices.
    AccountMetadata,
    /// About groups and their entries.
    GroupMetadata,
    /// What the relay needs to work.
    Operational,
}

/// What is stored in one form.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Stored {
    /// Which form it should have.
    pub form: Form,
    /// How many.
    pub count: u64,
    /// How many of them could not be read as that form.
    pub unparsed: u64,
    /// How many are how long, from the shortest up; together as many as `count`.
    pub size_buckets: Vec<SizeBucket>,
    /// How many have how much entropy, from the least up; together as many as `count`.
    pub entropy_histogram: Vec<EntropyBucket>,
}

/// The form of stored bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// An MLS `PrivateMessage` (RFC 9420 §6.3).
    MlsPrivateMessage,
    /// An MLS `KeyPackage` (RFC 9420 §10).
    KeyPackage,
    /// A sealed envelope of 4,096 bytes.
    InboxEnvelope,
    /// A sealed file.
    Attachment,
    /// A certificate of a device.
    Certificate,
    /// A policy with the organisation's signature.
    SignedPolicy,
    /// An entry of a transparency log.
    LogEntry,
    /// A statement in a signed envelope (DSSE v1).
    SignedStatement,
}

/// How many are at most so long, and longer than those before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SizeBucket {
    /// Bytes.
    pub up_to: u64,
    /// How many.
    pub count: u64,
}

/// How many have at most so much entropy, and more than those before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EntropyBucket {
    /// Of their bytes. Short texts have less than long ones: of 256 random bytes it is
    /// about 7.2.
    pub up_to_bits_per_byte: BitsPerByte,
    /// How many.
    pub count: u64,
}

/// Shannon's entropy, 0 to 8 bits a byte.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct BitsPerByte(f64);

impl From<BitsPerByte> for f64 {
    fn from(bits: BitsPerByte) -> Self {
        bits.0
    }
}

impl TryFrom<f64> for BitsPerByte {
    type Error = Malformed;

    fn try_from(bits: f64) -> Result<Self, Malformed> {
        let possible = (0.0..=8.0).contains(&bits);
        possible
            .then_some(Self(bits))
            .ok_or(Malformed::new("entropy", "is not 0 to 8 bits a byte"))
    }
}

impl Stored {
    fn adds_up(&self) -> bool {
        let sizes = self.size_buckets.iter().map(|bucket| bucket.count);
        let entropies = self.entropy_histogram.iter().map(|bucket| bucket.count);
        sum(sizes) == Some(self.count) && sum(entropies) == Some(self.count)
    }

    fn is_sorted(&self) -> bool {
        let sizes: Vec<u64> = self.size_buckets.iter().map(|one| one.up_to).collect();
        let entropies = self.entropy_histogram.iter();
        let entropies: Vec<BitsPerByte> = entropies.map(|one| one.up_to_bits_per_byte).collect();
        sizes.is_sorted_by(|a, b| a < b) && entropies.is_sorted_by(|a, b| a < b)
    }
}

fn sum(mut counts: impl Iterator<Item = u64>) -> Option<u64> {
    counts.try_fold(0_u64, u64::checked_add)
}

impl Predicate for StorageCensus {
    const NAME: &'static str = "storage-census";
    const TYPE: &'static str = base!("storage-census");
    const SIGNER: Role = Role::Relay;

    fn check(&self) -> Result<(), Malformed> {
        let wrong = |why| Err(Malformed::new(Self::NAME, why));
        for one in &self.stored {
            if one.unparsed > one.count || !one.adds_up() {
                return wrong("the counts of what is stored do not add up");
            }
            if !one.is_sorted() {
                return wrong("a histogram is not in order");
            }
        }
        if sum(self.stored.iter().map(|one| one.unparsed)) != Some(self.unparsed_total) {
            return wrong("the total of what could not be read does not add up");
        }
        Ok(())
    }
}
