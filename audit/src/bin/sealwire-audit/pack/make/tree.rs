//! The tree of a log whose tiles are in the folder.

use std::fs;
use std::path::{Path, PathBuf};

use sealwire_audit::merkle::{Hash, prove_inclusion};
use sealwire_audit::tile::{
    HEIGHT, Kind, Resource, Tile, TileNodes, WIDTH, parse_bundle, partial_width,
};

use super::super::folder::HINT;
use super::super::layout::{LogName, Place};
use crate::failure::Failure;
use crate::files;

/// All tiles and bundles of a log of `size` entries.
pub(super) fn resources(size: u64) -> impl Iterator<Item = Resource> {
    let levels = (0..64 / HEIGHT).map(Kind::Hashes);
    let kinds = levels.chain([Kind::Entries]);
    kinds.flat_map(move |kind| {
        let level = match kind {
            Kind::Hashes(level) => level,
            Kind::Entries => 0,
        };
        let whole = (size >> (u32::from(level) * u32::from(HEIGHT))) / u64::from(WIDTH);
        let rest = partial_width(level, size);
        let tile = move |index, width| Resource::new(kind, index, width).ok();
        let last = (rest > 0).then(|| tile(whole, rest)).flatten();
        (0..whole)
            .filter_map(move |index| tile(index, WIDTH))
            .chain(last)
    })
}

/// The log `audit` in a folder, which nobody has checked yet.
pub(super) struct PackedTree<'a> {
    root: &'a Path,
    size: u64,
}

impl<'a> PackedTree<'a> {
    pub(super) const fn new(root: &'a Path, size: u64) -> Self {
        Self { root, size }
    }

    fn path(&self, resource: Resource) -> PathBuf {
        let place = Place::Tile(LogName::Audit, resource);
        self.root.join(place.to_string())
    }

    /// The tile or bundle of this index, as wide as a log of this size has it.
    fn resource(&self, kind: Kind, index: u64) -> Option<Resource> {
        let whole = Resource::new(kind, index, WIDTH).ok()?;
        if whole.is_part_of(self.size) {
            return Some(whole);
        }
        let level = match kind {
            Kind::Hashes(level) => level,
            Kind::Entries => 0,
        };
        Resource::new(kind, index, partial_width(level, self.size)).ok()
    }

    /// An entry, and the proof that it is in the tree. Wrong tiles give a wrong proof.
    pub(super) fn prove(&mut self, index: u64) -> Result<(Vec<u8>, Vec<Hash>), Failure> {
        let [at, ..] = index.to_le_bytes();
        let bundle = self.resource(Kind::Entries, index / u64::from(WIDTH));
        let broken = |why: &str| Failure::broken(self.root, why, HINT);
        let bundle = bundle.ok_or_else(|| broken("a statement is of no entry"))?;
        let path = self.path(bundle);
        let bytes = files::read(&path, Place::Tile(LogName::Audit, bundle).most())?;
        let entries = parse_bundle(&bytes, bundle.width())
            .map_err(|why| Failure::broken(&path, why, HINT))?;
        let nodes = TileNodes(|level, tile| {
            let resource = self.resource(Kind::Hashes(level), tile)?;
            Tile::parse(&fs::read(self.path(resource)).ok()?, resource.width()).ok()
        });
        let proof =
            prove_inclusion(&nodes, index, self.size).map_err(|why| broken(&why.to_string()))?;
        Ok((entries[usize::from(at)].to_vec(), proof))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_of_a_log_and_nothing_else() {
        for size in [0, 1, 255, 256, 257, 65_536, 70_000] {
            let all: Vec<Resource> = resources(size).collect();
            assert!(all.iter().all(|one| one.is_part_of(size)), "{size}");
            let entries = |one: &&Resource| one.kind() == Kind::Entries;
            let entries = all.iter().filter(entries).map(|one| u64::from(one.width()));
            assert_eq!(entries.sum::<u64>(), size);
            let leaves = |one: &&Resource| one.kind() == Kind::Hashes(0);
            let leaves = all.iter().filter(leaves).map(|one| u64::from(one.width()));
            assert_eq!(leaves.sum::<u64>(), size);
        }
        let paths: Vec<String> = resources(257).map(|one| one.to_string()).collect();
        let expected = [
            "tile/0/000",
            "tile/0/001.p/1",
            "tile/1/000.p/1",
            "tile/entries/000",
            "tile/entries/001.p/1",
        ];
        assert_eq!(paths, expected);
    }
}
