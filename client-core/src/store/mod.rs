//! Rows of the profile's one database. Every function works on the connection it is given, so
//! that a step's writes share one transaction.

mod attachment;
mod contact;
mod conversation;
mod coverage;
mod directory_head;
mod draft;
mod expiry;
mod held;
mod import;
mod insight;
mod intent;
mod invite;
mod journal;
mod key_package;
mod log;
mod member;
mod message;
mod organisation;
mod outbox;
mod page;
mod pending_commit;
mod posting;
mod profile;
mod receipt;
mod retention;
mod said;
mod setting;
mod transfer;
mod transparency;
mod update;

pub(crate) use attachment::*;
pub(crate) use contact::*;
pub(crate) use conversation::*;
pub(crate) use coverage::*;
pub(crate) use directory_head::*;
pub(crate) use draft::*;
pub(crate) use expiry::*;
pub(crate) use held::*;
pub(crate) use import::*;
pub(crate) use insight::*;
pub(crate) use intent::*;
pub(crate) use invite::*;
pub(crate) use journal::*;
pub(crate) use key_package::*;
pub(crate) use log::*;
pub(crate) use member::*;
pub(crate) use message::*;
pub(crate) use organisation::*;
pub(crate) use outbox::*;
pub(crate) use page::*;
pub(crate) use pending_commit::*;
pub(crate) use posting::*;
pub(crate) use profile::*;
pub(crate) use receipt::*;
pub(crate) use retention::*;
pub(crate) use said::*;
pub(crate) use setting::*;
pub(crate) use transfer::*;
pub(crate) use transparency::*;
pub(crate) use update::*;

/// The schema, in order of time.
pub(crate) const MIGRATIONS: &[(&str, &str)] = &[
    ("0001_start", include_str!("schema.sql")),
    ("0002_joined", include_str!("joined.sql")),
    ("0003_groups", include_str!("groups.sql")),
    ("0004_content", include_str!("content.sql")),
    ("0005_search", crate::search::SCHEMA),
    ("0006_files", include_str!("files.sql")),
    ("0007_retention", include_str!("retention.sql")),
    ("0008_import", include_str!("import.sql")),
    ("0009_transparency", include_str!("transparency.sql")),
    ("0010_journal", include_str!("journal.sql")),
    ("0011_held", include_str!("held.sql")),
    ("0012_coverage", include_str!("coverage.sql")),
    ("0013_unlooked", include_str!("unlooked.sql")),
    ("0014_kinds", include_str!("kinds.sql")),
    ("0015_archive", include_str!("archive.sql")),
    ("0016_directory_edges", include_str!("directory_edges.sql")),
    ("0017_update", include_str!("update.sql")),
    ("0018_contact_kind", include_str!("contact_kind.sql")),
    ("0019_sent_from", include_str!("sent_from.sql")),
];

/// SQLite integers are signed; counters and times here never reach the sign bit.
pub(crate) fn to_db(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// The reverse of [`to_db`].
pub(crate) fn from_db(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

/// A row that does not hold what was put there.
pub(crate) fn damaged(what: &'static str) -> crate::error::CoreError {
    crate::error::CoreError::internal(format_args!("the profile holds a damaged {what}"))
}
