//! Tiles and entry bundles: the files in which a log is served and kept
//! (C2SP `tlog-tiles`).
//!
//! A tile holds up to 256 hashes of one height, which is a multiple of 8. A full
//! tile never changes; a partial one is replaced by wider ones until it is full.

mod bundle;
mod hashes;
mod path;
#[cfg(test)]
mod tests;

pub use bundle::{MAX_ENTRY, parse_bundle, push_entry};
pub use hashes::{Tile, TileNodes, tiles_for};
pub use path::{Kind, Resource, partial_width};

/// Hashes or entries in a full tile or bundle.
pub const WIDTH: u16 = 256;
/// Height of a tile: each of its hashes sums up 256 of the tile level below.
pub const HEIGHT: u8 = 8;
