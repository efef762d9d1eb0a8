//! A log from its entries: rebuilt in one pass, and held against tiles and head.

use std::collections::{BTreeMap, BTreeSet};

use sealwire_audit::checkpoint::Checkpoint;
use sealwire_audit::commitment::Commitment;
use sealwire_audit::leaf::Leaf;
use sealwire_audit::merkle::{Edge, Hash, Node, leaf_hash};
use sealwire_audit::tile::{HEIGHT, Kind, Resource, WIDTH, parse_bundle, partial_width};

use super::{LogName, PackFolder, Place};
use crate::failure::Failure;

/// An entry that tells of a statement.
pub(super) struct Attested {
    pub(super) index: u64,
    pub(super) leaf: Hash,
}

/// What a log holds.
#[derive(Default)]
pub(super) struct Found {
    /// In the order of the log.
    pub(super) attested: Vec<Attested>,
    /// The commitments that were asked for.
    pub(super) opened: BTreeMap<u64, Commitment>,
    /// How many entries of which type there are that are no statements.
    pub(super) events: BTreeMap<String, u64>,
    /// How many tiles and bundles there are.
    pub(super) files: u64,
}

/// Rebuilds the tree from the entries. Of the log no more is held than one bundle and one
/// tile of each level.
pub(super) fn check(
    folder: &PackFolder,
    log: LogName,
    head: &Checkpoint,
    wanted: &BTreeSet<u64>,
) -> Result<Found, Failure> {
    let mut found = Found::default();
    let mut tiles = Tiles::new(folder, log, head.size());
    let mut edge = Edge::new();
    let mut made = Vec::new();
    while edge.size() < head.size() {
        let resource = resource(Kind::Entries, edge.size(), head.size());
        let place = Place::Tile(log, resource);
        let bytes = folder.read(&place)?;
        let broken = |why: &dyn std::fmt::Display| folder.broken(&place, why);
        let entries = parse_bundle(&bytes, resource.width()).map_err(|why| broken(&why))?;
        for entry in entries {
            let index = edge.size();
            let leaf = leaf_hash(entry);
            made.clear();
            edge.push_leaf(leaf, |node| made.push(node))
                .map_err(|why| broken(&why))?;
            tiles.compare(&made, &place)?;
            let known = Leaf::parse(entry)
                .map_err(|why| broken(&format!("entry {index}: {why}")))
                .and_then(|known| {
                    let why = format!("entry {index} is of another log's form");
                    belongs(log, &known)
                        .then_some(known)
                        .ok_or_else(|| broken(&why))
                })?;
            found.add(Attested { index, leaf }, known, wanted);
        }
        found.files += 1;
    }
    if edge.root() != *head.root() {
        let why = "has another root than the entries and tiles beside it";
        return Err(folder.broken(&Place::Checkpoint(log), why));
    }
    found.files += tiles.files;
    Ok(found)
}

const fn belongs(log: LogName, leaf: &Leaf) -> bool {
    matches!(
        (log, leaf),
        (LogName::Directory, Leaf::Directory { .. })
            | (LogName::Audit, Leaf::Attestation(_) | Leaf::Event { .. })
    )
}

impl Found {
    fn add(&mut self, at: Attested, leaf: Leaf, wanted: &BTreeSet<u64>) {
        let (kind, commitment) = match leaf {
            Leaf::Attestation(_) => return self.attested.push(at),
            Leaf::Event { kind, commitment } => (kind, commitment),
            Leaf::Directory { commitment, .. } => ("directory".to_owned(), commitment),
        };
        *self.events.entry(kind).or_default() += 1;
        if wanted.contains(&at.index) {
            self.opened.insert(at.index, commitment);
        }
    }
}

/// The tile or bundle that holds the hash or entry `index`, in a log of `size` entries.
fn resource(kind: Kind, index: u64, size: u64) -> Resource {
    let level = match kind {
        Kind::Hashes(level) => level,
        Kind::Entries => 0,
    };
    let tile = index / u64::from(WIDTH);
    let whole = (size >> (u32::from(level) * u32::from(HEIGHT))) / u64::from(WIDTH);
    let width = if tile < whole {
        WIDTH
    } else {
        partial_width(level, size)
    };
    Resource::new(kind, tile, width).expect("an index below the size lies in a tile")
}

/// The newest tile of each level.
struct Tiles<'a> {
    folder: &'a PackFolder,
    log: LogName,
    size: u64,
    levels: Vec<Option<(Resource, Vec<u8>)>>,
    files: u64,
}

impl<'a> Tiles<'a> {
    fn new(folder: &'a PackFolder, log: LogName, size: u64) -> Self {
        Self {
            folder,
            log,
            size,
            levels: vec![None; usize::from(64 / HEIGHT)],
            files: 0,
        }
    }

    /// Compares the hashes that an entry of `bundle` completed with those in the tiles.
    fn compare(&mut self, made: &[Node], bundle: &Place) -> Result<(), Failure> {
        for node in made.iter().filter(|node| node.level.is_multiple_of(HEIGHT)) {
            let level = node.level / HEIGHT;
            let resource = resource(Kind::Hashes(level), node.index, self.size);
            let bytes = self.load(level, resource)?;
            let [at, ..] = node.index.to_le_bytes();
            let stored = bytes.chunks_exact(32).nth(usize::from(at));
            if stored == Some(node.hash.0.as_slice()) {
                continue;
            }
            let tile = Place::Tile(self.log, resource);
            if level > 0 {
                let why = format!("hash {at} is not that of the tile below it");
                return Err(self.folder.broken(&tile, why));
            }
            // One of both was changed, and the entries are what is read.
            let why = format!(
                "entry {} does not have the hash that {tile} holds",
                node.index
            );
            return Err(self.folder.broken(bundle, why));
        }
        Ok(())
    }

    fn load(&mut self, level: u8, resource: Resource) -> Result<&[u8], Failure> {
        let slot = &mut self.levels[usize::from(level)];
        if slot.as_ref().is_none_or(|(known, _)| *known != resource) {
            let place = Place::Tile(self.log, resource);
            let bytes = self.folder.read(&place)?;
            if bytes.len() != usize::from(resource.width()) * 32 {
                return Err(self.folder.broken(&place, "tile: has the wrong length"));
            }
            self.files += 1;
            *slot = Some((resource, bytes));
        }
        Ok(slot.as_ref().map_or(&[], |(_, bytes)| bytes))
    }
}
