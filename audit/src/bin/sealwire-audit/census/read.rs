//! Reading what a dump stores as bytes.

use futures_util::TryStreamExt;
use mls_rs::{MlsMessage, WireFormat};
use sealwire_audit::dsse::Envelope;
use sealwire_audit::leaf::Leaf;
use sealwire_audit::predicate::{Counter, Form, Stored};
use sealwire_audit::statement::Statement;
use sealwire_audit::tile::parse_bundle;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::dump::{Dump, Listed};
use crate::failure::Failure;

/// Length of a sealed envelope in bytes (docs/protocol.md).
const ENVELOPE: usize = 4096;
/// Rows that are named; more are counted.
const MOST_NAMED: usize = 20;

/// What was read in one form.
pub(super) struct Read {
    pub(super) stored: Stored,
    /// Where the first of those are that could not be read: `groups.entries, row 7`.
    pub(super) unread: Vec<String>,
}

/// How one thing was: its bytes, and whether it is what it should be.
type Thing<'r> = (&'r [u8], bool);

/// A column of bytes.
struct Source {
    table: &'static str,
    form: Form,
    /// Gives the number of the row first, then what `things` needs.
    query: &'static str,
    things: fn(&SqliteRow) -> Result<Vec<Thing<'_>>, sqlx::Error>,
}

const SOURCES: &[Source] = &[
    Source {
        table: "groups.entries",
        form: Form::MlsPrivateMessage,
        query: "SELECT e.rowid, e.payload, l.log FROM entries e LEFT JOIN logs l ON l.id = e.log_id",
        things: |row| {
            let (payload, log): (&[u8], Option<&[u8]>) = (row.try_get(1)?, row.try_get(2)?);
            Ok(vec![(
                payload,
                log.is_some_and(|log| is_private(payload, log)),
            )])
        },
    },
    Source {
        table: "account.key_packages",
        form: Form::KeyPackage,
        query: "SELECT rowid, bytes FROM key_packages",
        things: |row| one(row, is_key_package),
    },
    Source {
        table: "account.key_package_state",
        form: Form::KeyPackage,
        query: "SELECT rowid, last_resort FROM key_package_state WHERE last_resort <> x''",
        things: |row| one(row, is_key_package),
    },
    Source {
        table: "account.inbox",
        form: Form::InboxEnvelope,
        query: "SELECT rowid, envelope FROM inbox",
        things: |row| one(row, |envelope| envelope.len() == ENVELOPE),
    },
    Source {
        table: "account.tree_bundles",
        form: Form::LogEntry,
        query: "SELECT number, leaves, count FROM tree_bundles",
        things: |row| {
            let (bundle, width): (&[u8], i64) = (row.try_get(1)?, row.try_get(2)?);
            let Ok(leaves) = parse_bundle(bundle, u16::try_from(width).unwrap_or(0)) else {
                return Ok(vec![(bundle, false)]);
            };
            let leaf = |leaf| (leaf, Leaf::parse(leaf).is_ok());
            Ok(leaves.into_iter().map(leaf).collect())
        },
    },
    Source {
        table: "account.statements",
        form: Form::SignedStatement,
        query: "SELECT rowid, signed FROM statements",
        things: |row| one(row, is_statement),
    },
];

fn one(row: &SqliteRow, is: fn(&[u8]) -> bool) -> Result<Vec<Thing<'_>>, sqlx::Error> {
    let bytes: &[u8] = row.try_get(1)?;
    Ok(vec![(bytes, is(bytes))])
}

/// All that this program can read of what is there, by form.
pub(super) async fn all(dump: &mut Dump, tables: &[Listed]) -> Result<Vec<Read>, Failure> {
    let failed = dump.failed();
    let mut read: Vec<(Form, Counter, Vec<String>)> = Vec::new();
    for source in SOURCES {
        if tables.iter().all(|one| one.table != source.table) {
            continue;
        }
        let known = read.iter().position(|(form, _, _)| *form == source.form);
        let place = known.unwrap_or(read.len());
        if known.is_none() {
            read.push((source.form, Counter::new(source.form), Vec::new()));
        }
        let (_, counter, unread) = &mut read[place];
        let mut rows = sqlx::query(source.query).fetch(&mut dump.db);
        while let Some(row) = rows.try_next().await.map_err(&failed)? {
            for (bytes, good) in (source.things)(&row).map_err(&failed)? {
                counter.add(bytes.len() as u64, bytes, good);
                if !good && unread.len() < MOST_NAMED {
                    let number: i64 = row.try_get(0).map_err(&failed)?;
                    unread.push(format!("{}, row {number}", source.table));
                }
            }
        }
    }
    let done = |(_, counter, unread): (Form, Counter, Vec<String>)| Read {
        stored: counter.finish(),
        unread,
    };
    Ok(read.into_iter().map(done).collect())
}

/// Whether these are exactly the bytes of an MLS message of this kind.
fn message(bytes: &[u8], kind: WireFormat) -> Option<MlsMessage> {
    let message = MlsMessage::from_bytes(bytes).ok()?;
    let same = message.to_bytes().is_ok_and(|again| again == bytes);
    (same && message.wire_format() == kind).then_some(message)
}

/// A `PrivateMessage` of the group `log`, with nothing in the clear but group, epoch and kind.
fn is_private(bytes: &[u8], log: &[u8]) -> bool {
    let Some(message) = message(bytes, WireFormat::PrivateMessage) else {
        return false;
    };
    // Behind version, wire format, the group id with its length, epoch and content type (RFC 9420
    // §6.3) stands the length of the authenticated data, which would lie in the clear.
    let data = 2 + 2 + 1 + log.len() + 8 + 1;
    log.len() < 64 && message.group_id() == Some(log) && bytes.get(data) == Some(&0)
}

fn is_key_package(bytes: &[u8]) -> bool {
    message(bytes, WireFormat::KeyPackage).is_some_and(|message| message.as_key_package().is_some())
}

fn is_statement(bytes: &[u8]) -> bool {
    let envelope = Envelope::parse(bytes);
    envelope.is_ok_and(|envelope| Statement::parse(envelope.payload()).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    const GROUP: [u8; 32] = [7; 32];

    /// A `PrivateMessage` by the letter of RFC 9420 §6.3.
    fn private(data: &[u8]) -> Vec<u8> {
        let head = [
            &[0, 1, 0, 2, 32],
            GROUP.as_slice(),
            &[0, 0, 0, 0, 0, 0, 0, 5, 1],
        ]
        .concat();
        let data = [&[data.len() as u8], data].concat();
        let sealed = [&[28], [3; 28].as_slice(), &[0x41, 0], &[4; 256]].concat();
        [head, data, sealed].concat()
    }

    #[test]
    fn a_private_message_is_one_and_nothing_else_is() {
        let good = private(b"");
        assert!(is_private(&good, &GROUP));
        assert!(!is_key_package(&good));
        assert!(!is_private(&good, &[8; 32]), "of another group");
        assert!(!is_private(&private(b"hello"), &GROUP), "with words beside");
        assert!(!is_private(&[good.as_slice(), b"!"].concat(), &GROUP));
        assert!(!is_private(&good[..good.len() - 1], &GROUP));
        assert!(!is_private(b"Lunch at noon?", &GROUP));
        assert!(!is_private(b"", &GROUP));
    }
}
