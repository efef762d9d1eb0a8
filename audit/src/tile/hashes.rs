//! What a tile holds, and a tree seen through tiles.

use std::cell::RefCell;
use std::collections::BTreeSet;

use super::{HEIGHT, Kind, Resource, WIDTH, partial_width};
use crate::Malformed;
use crate::merkle::{Hash, MissingNode, Nodes, empty_root, node_hash};

/// The hashes of a tile, 1 to 256.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tile(Vec<Hash>);

impl Tile {
    /// Makes a tile of `hashes`.
    ///
    /// # Errors
    /// [`Malformed`] unless there are 1 to 256.
    pub fn new(hashes: Vec<Hash>) -> Result<Self, Malformed> {
        if hashes.is_empty() || hashes.len() > usize::from(WIDTH) {
            return Err(Malformed::new("tile", "does not hold 1 to 256 hashes"));
        }
        Ok(Self(hashes))
    }

    /// Reads a tile of exactly `width` hashes, 32 bytes each.
    ///
    /// # Errors
    /// [`Malformed`] if it is longer or shorter.
    pub fn parse(bytes: &[u8], width: u16) -> Result<Self, Malformed> {
        if bytes.len() != usize::from(width) * 32 {
            return Err(Malformed::new("tile", "has the wrong length"));
        }
        let (hashes, _) = bytes.as_chunks::<32>();
        Self::new(hashes.iter().copied().map(Hash).collect())
    }

    /// The bytes as they are served, 32 to 8,192.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.iter().flat_map(|hash| hash.0).collect()
    }

    /// The hashes.
    #[must_use]
    pub fn hashes(&self) -> &[Hash] {
        &self.0
    }

    /// The hash of a complete subtree within the tile, `level` steps above its
    /// hashes. `None` if the tile does not reach that far.
    #[must_use]
    pub fn node(&self, level: u8, index: usize) -> Option<Hash> {
        if level > HEIGHT {
            return None;
        }
        let start = index.checked_shl(u32::from(level))?;
        let end = start.checked_add(1 << level)?;
        let mut hashes = self.0.get(start..end)?.to_vec();
        while hashes.len() > 1 {
            let (pairs, _) = hashes.as_chunks::<2>();
            hashes = pairs.iter().map(|[l, r]| node_hash(l, r)).collect();
        }
        hashes.pop()
    }
}

/// A tree seen through its tiles.
///
/// `tile` gives, for a tile level and an index, the tile as wide as it is known.
/// It may be asked for the same tile several times.
pub struct TileNodes<F>(pub F);

/// The tile level and index in which a node stands, and the node's place in it.
/// A node at the top of a tile stands as a leaf in the tile above.
fn place(level: u8, index: u64) -> (u8, u64, u8, u64) {
    let within = level % HEIGHT;
    let per_tile = HEIGHT - within;
    (
        level / HEIGHT,
        index >> per_tile,
        within,
        index & ((1 << per_tile) - 1),
    )
}

impl<F: Fn(u8, u64) -> Option<Tile>> Nodes for TileNodes<F> {
    fn node(&self, level: u8, index: u64) -> Option<Hash> {
        let (tile_level, tile_index, within, at) = place(level, index);
        (self.0)(tile_level, tile_index)?.node(within, usize::try_from(at).ok()?)
    }
}

/// Takes note of which tiles a proof needs.
#[derive(Default)]
struct Wanted(RefCell<BTreeSet<(u8, u64)>>);

impl Nodes for Wanted {
    fn node(&self, level: u8, index: u64) -> Option<Hash> {
        let (tile_level, tile_index, _, _) = place(level, index);
        self.0.borrow_mut().insert((tile_level, tile_index));
        Some(empty_root())
    }
}

/// The tiles of a tree of `size` leaves that `proof` reads, so that they can be
/// fetched at once: for example `tiles_for(size, |nodes| prove_inclusion(nodes, 5, size))`.
/// At most some 70 for any size.
///
/// # Errors
/// As `proof`, for places behind the end of the tree.
pub fn tiles_for<T>(
    size: u64,
    proof: impl FnOnce(&dyn Nodes) -> Result<T, MissingNode>,
) -> Result<Vec<Resource>, MissingNode> {
    let wanted = Wanted::default();
    proof(&wanted)?;
    let resource = |(level, index): (u8, u64)| {
        let last = index == size >> (u32::from(HEIGHT) * (u32::from(level) + 1)).min(63);
        let width = if last {
            partial_width(level, size)
        } else {
            WIDTH
        };
        Resource::new(Kind::Hashes(level), index, width).map_err(|_| MissingNode {
            level: level * HEIGHT,
            index,
        })
    };
    wanted.0.into_inner().into_iter().map(resource).collect()
}
