//! The relay's own census beside ours.

use std::path::Path;

use sealwire_audit::dsse::{Envelope, MAX_ENVELOPE, from_pem};
use sealwire_audit::predicate::{Predicate as _, StorageCensus, Stored};
use sealwire_audit::statement::Statement;

use super::dump::Listed;
use super::tell::word;
use super::{Counted, NOT_READ};
use crate::failure::Failure;
use crate::files;

/// Longest file with a key, in bytes.
const MAX_PEM: usize = 4096;

/// What the relay says.
pub(super) struct Claimed(StorageCensus);

impl Claimed {
    pub(super) fn read(path: &Path, signer: Option<&Path>) -> Result<Self, Failure> {
        let broken = |why: &dyn std::fmt::Display| {
            let hint = "name the signed statement of a storage census, as `pack` keeps it";
            Failure::broken(path, why, hint)
        };
        let envelope = files::read(path, MAX_ENVELOPE)?;
        let envelope = Envelope::parse(&envelope).map_err(|why| broken(&why))?;
        if let Some(pem) = signer {
            let key = from_pem(&files::read(pem, MAX_PEM)?).map_err(|why| {
                Failure::usage(format!("{}: {why}", pem.display()), "name a public key")
            })?;
            envelope.verify(&[key], 1).map_err(|why| broken(&why))?;
        }
        let statement = Statement::parse(envelope.payload()).map_err(|why| broken(&why))?;
        StorageCensus::parse(&statement)
            .map(Self)
            .map_err(|why| broken(&why))
    }

    fn stored(&self, ours: &Stored) -> Option<&Stored> {
        self.0.stored.iter().find(|one| one.form == ours.form)
    }

    /// Whether it says of fewer than there are that they are not what they should be.
    pub(super) fn hides(&self, counted: &Counted) -> bool {
        counted.read.iter().any(|ours| {
            let told = self
                .stored(&ours.stored)
                .map_or(0, |theirs| theirs.unparsed);
            ours.stored.unparsed > told
        })
    }

    /// Each difference in words. What came or went between the two is one, too.
    pub(super) fn differences(&self, counted: &Counted) -> Vec<String> {
        let mut found = Vec::new();
        for (_, name, tables) in &counted.databases {
            for ours in tables {
                self.table(ours, &mut found);
            }
            let theirs = self.0.tables.iter().map(|one| one.table.as_str());
            let of_this = theirs.filter(|one| one.split('.').next() == Some(name));
            for table in of_this {
                if tables.iter().all(|ours| ours.table != table) {
                    found.push(format!("{table} is not in the dump"));
                }
            }
        }
        for ours in &counted.read {
            let ours = &ours.stored;
            let form = word(&ours.form);
            let Some(theirs) = self.stored(ours) else {
                found.push(format!("the relay has not counted {form}"));
                continue;
            };
            let numbers = [
                ("stored", ours.count, theirs.count),
                ("not what they should be", ours.unparsed, theirs.unparsed),
            ];
            for (what, here, there) in numbers {
                if here != there {
                    found.push(format!("{form}, {what}: {here} here, {there} by the relay"));
                }
            }
        }
        found
    }

    fn table(&self, ours: &Listed, found: &mut Vec<String>) {
        let name = &ours.table;
        let Some(theirs) = self.0.tables.iter().find(|one| one.table == *name) else {
            found.push(format!("{name} is not in the relay's census"));
            return;
        };
        if ours.rows != theirs.rows {
            let (here, there) = (ours.rows, theirs.rows);
            found.push(format!("{name}, rows: {here} here, {there} by the relay"));
        }
        for (column, class) in &ours.columns {
            let told = theirs.columns.iter().find(|one| one.name == *column);
            match (told, class) {
                (None, _) => {
                    found.push(format!("{name}.{column} is not in the relay's census"));
                }
                (Some(told), Some(class)) if told.class != *class => {
                    let (here, there) = (word(class), word(&told.class));
                    found.push(format!("{name}.{column} is {here}, by the relay {there}"));
                }
                _ => {}
            }
        }
    }
}

/// What the relay may have counted and this program does not read.
pub(super) fn not_read() -> Vec<String> {
    NOT_READ.iter().map(word).collect()
}
