//! Whether the logs as they lie in account.db are what they say, down to the last hash.

use std::collections::BTreeMap;
use std::path::Path;

use sealwire_audit::checkpoint::Checkpoint;
use sealwire_audit::commitment::SubjectKey;
use sealwire_audit::dsse::Envelope;
use sealwire_audit::leaf::Leaf;
use sealwire_audit::merkle::Edge;
use sealwire_audit::note::{Note, VerifierKey};
use sealwire_audit::predicate::TreeRoot;
use sealwire_audit::statement::Statement;
use sealwire_audit::tile::{HEIGHT, WIDTH, parse_bundle};
use sealwire_crypto::SecretBytes;
use serde::{Deserialize, Serialize};
use sqlx::{FromRow, SqliteConnection};
use zeroize::Zeroizing;

use super::keys::Keys;
use super::{LogName, rows};
use crate::fault::Fault;

/// The end of a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LogHead {
    /// `directory` or `audit`.
    pub(crate) log: String,
    /// Name of the log and of its key.
    pub(crate) origin: String,
    /// How many entries it has.
    pub(crate) size: u64,
    pub(crate) root: TreeRoot,
}

#[derive(FromRow)]
struct TreeRow {
    origin: String,
    edge: Vec<u8>,
    checkpoint: Vec<u8>,
}

/// Builds both logs again from their entries, and compares everything that is kept of them. `dir`
/// holds their keys. Gives their ends.
pub(crate) async fn check(db: &mut SqliteConnection, dir: &Path) -> Result<Vec<LogHead>, Fault> {
    let keys = Keys::read(dir).map_err(Fault::of("keys"))?;
    let mut heads = Vec::new();
    for log in LogName::ALL {
        let mut check = Check {
            db: &mut *db,
            log,
            edge: Edge::new(),
            tiles: BTreeMap::new(),
            compared: 0,
        };
        heads.push(check.run(keys.log(log).verifier()).await?);
    }
    Ok(heads)
}

/// A log that is being built again.
struct Check<'d> {
    db: &'d mut SqliteConnection,
    log: LogName,
    edge: Edge,
    /// Tiles that are not full yet, or not compared.
    tiles: BTreeMap<(u8, u64), Vec<u8>>,
    /// Tiles that are as they should be.
    compared: i64,
}

impl Check<'_> {
    fn wrong(&self, why: impl std::fmt::Display) -> Fault {
        let log = self.log.as_str();
        Fault::new(format_args!("account.db, transparency log `{log}`"), why)
    }

    async fn run(&mut self, key: &VerifierKey) -> Result<LogHead, Fault> {
        let row: TreeRow =
            sqlx::query_as("SELECT origin, edge, checkpoint FROM trees WHERE tree = ?")
                .bind(self.log.number())
                .fetch_one(&mut *self.db)
                .await
                .map_err(|error| self.wrong(error))?;
        if row.origin != key.name().as_str() {
            return Err(self.wrong("is of another key than its file holds"));
        }
        let head = self.served(&row, key)?;
        let mut bundles = 0;
        while self.bundle(bundles, head.as_ref()).await? {
            bundles += 1;
        }
        self.compare_tiles(|_| true).await?;
        if self.edge.to_bytes() != row.edge {
            return Err(self.wrong("its entries do not lead to the head that is stored"));
        }
        if head.is_some_and(|head| head.size() > self.edge.size()) {
            return Err(self.wrong("has fewer entries than the head that is served"));
        }
        self.check_numbers(bundles).await?;
        Ok(LogHead {
            log: self.log.as_str().to_owned(),
            origin: row.origin,
            size: self.edge.size(),
            root: TreeRoot(self.edge.root()),
        })
    }

    /// The head that is served, if there is one, truly signed.
    fn served(&self, row: &TreeRow, key: &VerifierKey) -> Result<Option<Checkpoint>, Fault> {
        if row.checkpoint.is_empty() {
            return Ok(None);
        }
        let note = Note::parse(&row.checkpoint).map_err(|error| self.wrong(error))?;
        if !matches!(note.signed_by(key), Ok(Some(_))) {
            return Err(self.wrong("the head that is served is not signed with the log's key"));
        }
        let head = Checkpoint::parse(note.text()).map_err(|error| self.wrong(error))?;
        if head.origin() != row.origin || (head.size() == 0 && *head.root() != self.edge.root()) {
            return Err(self.wrong("the head that is served is of another log"));
        }
        Ok(Some(head))
    }

    /// Adds the entries of a bundle. Whether there is one.
    async fn bundle(&mut self, number: i64, head: Option<&Checkpoint>) -> Result<bool, Fault> {
        let row: Option<(i64, Vec<u8>)> =
            sqlx::query_as("SELECT count, leaves FROM tree_bundles WHERE tree = ? AND number = ?")
                .bind(self.log.number())
                .bind(number)
                .fetch_optional(&mut *self.db)
                .await
                .map_err(|error| self.wrong(error))?;
        let Some((count, bytes)) = row else {
            return Ok(false);
        };
        let first = self.edge.size();
        if !first.is_multiple_of(u64::from(WIDTH)) {
            return Err(self.wrong("a bundle within the log is not full"));
        }
        let count = u16::try_from(count).unwrap_or(0);
        let entries = parse_bundle(&bytes, count).map_err(|error| self.wrong(error))?;
        let mut leaves = Vec::new();
        for entry in entries {
            leaves.push(Leaf::parse(entry).map_err(|error| self.wrong(error))?);
            self.add(entry)?;
            if head.is_some_and(|head| {
                head.size() == self.edge.size() && *head.root() != self.edge.root()
            }) {
                return Err(self.wrong("the head that is served is not of these entries"));
            }
        }
        self.check_events(first, &leaves).await?;
        if self.log == LogName::Audit {
            self.check_statements(first, &leaves).await?;
        }
        let full = usize::from(WIDTH) * 32;
        self.compare_tiles(|hashes| hashes.len() == full).await?;
        Ok(true)
    }

    fn add(&mut self, entry: &[u8]) -> Result<(), Fault> {
        let tiles = &mut self.tiles;
        let added = self.edge.push(entry, |node| {
            if node.level.is_multiple_of(HEIGHT) {
                let place = (node.level / HEIGHT, node.index / u64::from(WIDTH));
                tiles.entry(place).or_default().extend(node.hash.0);
            }
        });
        added.map_err(|error| self.wrong(error))
    }

    /// Compares those of the tiles at hand, and lets them go.
    async fn compare_tiles(&mut self, wanted: impl Fn(&[u8]) -> bool) -> Result<(), Fault> {
        let ready: Vec<_> = self
            .tiles
            .extract_if(.., |_, hashes| wanted(hashes))
            .collect();
        for ((level, index), hashes) in ready {
            let stored = rows::hashes(&mut *self.db, self.log, level, index).await;
            if stored.map_err(|error| self.wrong(error))? != Some(hashes) {
                return Err(self.wrong("a tile does not hold the hashes of the entries"));
            }
            self.compared += 1;
        }
        Ok(())
    }

    /// What is kept to open entries opens them.
    async fn check_events(&mut self, first: u64, leaves: &[Leaf]) -> Result<(), Fault> {
        let rows: Vec<(i64, Vec<u8>, String, Vec<u8>)> = sqlx::query_as(
            "SELECT e.number, e.salt_id, e.event, s.key FROM tree_events e \
             JOIN tree_subjects s ON s.account = e.account \
             WHERE e.tree = ? AND e.number >= ? AND e.number < ?",
        )
        .bind(self.log.number())
        .bind(signed(first))
        .bind(signed(first + leaves.len() as u64))
        .fetch_all(&mut *self.db)
        .await
        .map_err(|error| self.wrong(error))?;
        for (number, salt_id, event, key) in rows {
            let key = Zeroizing::new(key);
            let opens = || {
                let commitment = match leaf_at(leaves, first, number)? {
                    Leaf::Event { commitment, .. } | Leaf::Directory { commitment, .. } => {
                        commitment
                    }
                    Leaf::Attestation(_) => return None,
                };
                let subject = SubjectKey::new(SecretBytes::from_slice(&key).ok()?);
                let salt = subject.salt(&salt_id.try_into().ok()?);
                salt.open(commitment, event.as_bytes()).ok()
            };
            if opens().is_none() {
                let why = format!("what is kept of entry {number} does not open it");
                return Err(self.wrong(why));
            }
        }
        Ok(())
    }

    /// The statements that are kept are those that were logged.
    async fn check_statements(&mut self, first: u64, leaves: &[Leaf]) -> Result<(), Fault> {
        let rows: Vec<(i64, Vec<u8>)> = sqlx::query_as(
            "SELECT number, signed FROM statements WHERE number >= ? AND number < ?",
        )
        .bind(signed(first))
        .bind(signed(first + leaves.len() as u64))
        .fetch_all(&mut *self.db)
        .await
        .map_err(|error| self.wrong(error))?;
        for (number, signed) in rows {
            let is_logged = Envelope::parse(&signed).is_ok_and(|envelope| {
                Statement::parse(envelope.payload()).is_ok()
                    && matches!(
                        leaf_at(leaves, first, number),
                        Some(Leaf::Attestation(attestation)) if attestation.is_of(&envelope)
                    )
            });
            if !is_logged {
                let why = format!("statement {number} is not the one that was logged");
                return Err(self.wrong(why));
            }
        }
        Ok(())
    }

    /// Nothing is kept of entries that are not there.
    async fn check_numbers(&mut self, bundles: i64) -> Result<(), Fault> {
        let (kept_bundles, kept_tiles, events, statements): (i64, i64, i64, i64) = sqlx::query_as(
            "SELECT (SELECT count(*) FROM tree_bundles WHERE tree = ?1), \
             (SELECT count(*) FROM tree_tiles WHERE tree = ?1), \
             (SELECT count(*) FROM tree_events WHERE tree = ?1 AND number >= ?2), \
             (SELECT count(*) FROM statements WHERE ?1 = 2 AND number >= ?2)",
        )
        .bind(self.log.number())
        .bind(signed(self.edge.size()))
        .fetch_one(&mut *self.db)
        .await
        .map_err(|error| self.wrong(error))?;
        if (kept_bundles, kept_tiles, events, statements) != (bundles, self.compared, 0, 0) {
            return Err(self.wrong("holds parts that belong to no entry"));
        }
        Ok(())
    }
}

fn leaf_at(leaves: &[Leaf], first: u64, number: i64) -> Option<&Leaf> {
    let place = u64::try_from(number).ok()?.checked_sub(first)?;
    leaves.get(usize::try_from(place).ok()?)
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
