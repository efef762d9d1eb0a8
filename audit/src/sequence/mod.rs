//! Adding entries to a log that is kept elsewhere.
//!
//! A log is kept as its [`Edge`], its tiles and its entry bundles. [`integrate`] takes
//! the edge and new entries, and gives what is to be appended to which tile and
//! bundle, so that a store needs neither to read tiles nor to hash:
//!
//! 1. In the transaction of the events that are logged: read the edge, under a lock;
//!    [`integrate`]; append each [`TilePart`] and [`BundlePart`]; write the new edge.
//!    Either all of it is there or none, and so is the event.
//! 2. After the commit, and never before: sign [`Batch::checkpoint`] and publish it. A
//!    head that was signed before a commit that then fails is a fork. If the process
//!    dies in between, the next start signs the head of the edge that it finds.
//! 3. A tile of width `w` is the first `32 * w` bytes of what is kept of it; so every
//!    published head finds its partial tiles, though only the newest are kept.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::Malformed;
use crate::checkpoint::Checkpoint;
use crate::merkle::{Edge, Hash, Node};
use crate::tile::{HEIGHT, WIDTH, push_entry};

/// Hashes to append to a tile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TilePart {
    /// Tile level.
    pub level: u8,
    /// Place from the left within its level.
    pub index: u64,
    /// How many hashes the tile has already, 0 to 255. The store checks this.
    pub offset: u16,
    /// The new hashes, 1 to 256.
    pub hashes: Vec<Hash>,
}

impl TilePart {
    /// The bytes to append behind the first `32 * offset`.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.hashes.iter().flat_map(|hash| hash.0).collect()
    }
}

/// Entries to append to an entry bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BundlePart {
    /// Place from the left.
    pub index: u64,
    /// How many entries the bundle has already, 0 to 255. The store checks this.
    pub offset: u16,
    /// How many are new, 1 to 256.
    pub count: u16,
    /// The bytes to append.
    pub bytes: Vec<u8>,
}

/// What a batch of entries adds to a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// Index of the first new entry; the others follow.
    pub first: u64,
    /// The new edge.
    pub edge: Edge,
    /// What comes into the tiles, from the lowest level up and from left to right.
    pub tiles: Vec<TilePart>,
    /// What comes into the entry bundles, from left to right.
    pub bundles: Vec<BundlePart>,
}

/// Adds `entries` to the log with this edge, in this order.
///
/// # Errors
/// [`Malformed`] if one is longer than 65,535 bytes or the log would have more than
/// 2^63 - 1; then nothing is to be added.
pub fn integrate<'a>(
    edge: &Edge,
    entries: impl IntoIterator<Item = &'a [u8]>,
) -> Result<Batch, Malformed> {
    let first = edge.size();
    let mut edge = edge.clone();
    let mut tiles: BTreeMap<(u8, u64), TilePart> = BTreeMap::new();
    let mut bundles: Vec<BundlePart> = Vec::new();
    for entry in entries {
        let (index, offset) = place(edge.size());
        match bundles.last_mut().filter(|bundle| bundle.index == index) {
            Some(bundle) => {
                push_entry(&mut bundle.bytes, entry)?;
                bundle.count += 1;
            }
            None => {
                let mut bytes = Vec::new();
                push_entry(&mut bytes, entry)?;
                bundles.push(BundlePart {
                    index,
                    offset,
                    count: 1,
                    bytes,
                });
            }
        }
        edge.push(entry, |node| take(&mut tiles, node))?;
    }
    Ok(Batch {
        first,
        edge,
        tiles: tiles.into_values().collect(),
        bundles,
    })
}

/// The tile or bundle, and the place in it, of the hash or entry with this index.
fn place(index: u64) -> (u64, u16) {
    let [low, ..] = index.to_le_bytes();
    (index / u64::from(WIDTH), u16::from(low))
}

fn take(tiles: &mut BTreeMap<(u8, u64), TilePart>, node: Node) {
    if !node.level.is_multiple_of(HEIGHT) {
        return;
    }
    let level = node.level / HEIGHT;
    let (index, offset) = place(node.index);
    let part = tiles.entry((level, index)).or_insert_with(|| TilePart {
        level,
        index,
        offset,
        hashes: Vec::new(),
    });
    part.hashes.push(node.hash);
}

impl Batch {
    /// The head to sign, once the batch is committed.
    ///
    /// # Errors
    /// [`Malformed`] for a name that no log may have.
    pub fn checkpoint(&self, origin: &str) -> Result<Checkpoint, Malformed> {
        Checkpoint::new(origin, self.edge.size(), self.edge.root())
    }
}
