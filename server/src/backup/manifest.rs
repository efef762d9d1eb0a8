//! What a backup says of itself.

use std::collections::HashSet;

use sealwire_audit::predicate::{Hex, SchemaVersion, Time};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{DATABASES, files};
use crate::evidence::LogHead;
use crate::fault::Fault;
use crate::group::blobs;

/// Name of its member, the first.
pub(super) const MANIFEST: &str = "manifest.json";
/// Longest manifest, in bytes: that of some two million blobs.
pub(super) const LONGEST: u64 = 256 << 20;
const FORMAT: &str = "sealwire-relay-backup";
const VERSION: u32 = 1;

/// The first member of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Manifest {
    format: String,
    version: u32,
    /// Version of the relay's program.
    pub(super) relay: String,
    /// When the databases had been copied.
    pub(super) created: Time,
    /// When the operator has to delete it.
    pub(super) delete_by: Time,
    pub(super) schemas: Vec<SchemaVersion>,
    pub(super) incarnation: Hex<16>,
    pub(super) logs: Vec<LogHead>,
    pub(super) blobs: Place,
    /// All further members, in order.
    pub(super) members: Vec<Member>,
}

/// Where whole blobs lie.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "place",
    rename_all = "snake_case",
    rename_all_fields = "snake_case",
    deny_unknown_fields
)]
pub(crate) enum Place {
    /// In this backup.
    Here {},
    /// In an S3 store, of which nothing is in this backup.
    Elsewhere { bucket: String, prefix: String },
}

/// A file in a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Member {
    pub(super) name: String,
    /// In bytes.
    pub(super) length: u64,
    pub(super) sha256: Hex<32>,
}

/// What is known before the members are.
#[derive(Clone)]
pub(super) struct Facts {
    pub(super) created: Time,
    pub(super) delete_by: Time,
    pub(super) schemas: Vec<SchemaVersion>,
    pub(super) incarnation: Hex<16>,
    pub(super) logs: Vec<LogHead>,
    pub(super) blobs: Place,
}

impl Manifest {
    pub(super) fn new(facts: Facts, members: Vec<Member>) -> Self {
        Self {
            format: FORMAT.to_owned(),
            version: VERSION,
            relay: env!("CARGO_PKG_VERSION").to_owned(),
            created: facts.created,
            delete_by: facts.delete_by,
            schemas: facts.schemas,
            incarnation: facts.incarnation,
            logs: facts.logs,
            blobs: facts.blobs,
            members,
        }
    }

    /// Reads a manifest of an archive of so many bytes, in which all its members have to find room.
    pub(super) fn parse(bytes: &[u8], most: u64) -> Result<Self, Fault> {
        let manifest: Self = serde_json::from_slice(bytes).map_err(Fault::of(MANIFEST))?;
        manifest.check(most)?;
        Ok(manifest)
    }

    fn check(&self, most: u64) -> Result<(), Fault> {
        let wrong = |why: String| Err(Fault::new(MANIFEST, why));
        if self.format != FORMAT || self.version != VERSION {
            return wrong(format!(
                "is of format {:?} {}, and this program reads {FORMAT:?} {VERSION}; take the program \
                 that made the backup",
                self.format, self.version
            ));
        }
        let (mut names, mut sum) = (HashSet::new(), 0_u64);
        for member in &self.members {
            if !is_name(&member.name) {
                return wrong(format!("names {:?}, which no backup holds", member.name));
            }
            if !names.insert(member.name.as_str()) {
                return wrong(format!("names {} twice", member.name));
            }
            sum = sum.saturating_add(member.length);
        }
        if sum > most {
            return wrong("tells of more bytes than the archive has".to_owned());
        }
        let needed = files().filter_map(|(name, needed)| needed.then_some(name));
        for name in DATABASES.into_iter().chain(needed) {
            if !names.contains(name) {
                return wrong(format!("does not name {name}"));
            }
        }
        Ok(())
    }

    /// The members that are blobs.
    pub(super) fn blob_members(&self) -> impl Iterator<Item = &Member> {
        let is_blob = |member: &&Member| blobs::is_name(&member.name);
        self.members.iter().filter(is_blob)
    }

    /// When the operator has to delete the backup.
    pub(crate) const fn delete_by(&self) -> Time {
        self.delete_by
    }

    /// As it stands in the backup, with the number of members in place of their list.
    pub(crate) fn summary(&self) -> Value {
        let mut all = serde_json::to_value(self).unwrap_or_default();
        all["members"] = self.members.len().into();
        all
    }

    /// Whether whole blobs lie in the data directory.
    pub(crate) fn is_local(&self) -> bool {
        self.blobs == Place::Here {}
    }
}

fn is_name(name: &str) -> bool {
    DATABASES.contains(&name) || files().any(|(file, _)| file == name) || blobs::is_name(name)
}
