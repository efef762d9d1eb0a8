//! Appending to a tree of which only the right edge is known.

use super::{Hash, MissingNode, Nodes, empty_root, leaf_hash, node_hash};
use crate::Malformed;
use crate::text::LARGEST;

/// A complete subtree that an append has made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Node {
    /// Height above the leaves; 0 is the leaf itself.
    pub level: u8,
    /// Place from the left.
    pub index: u64,
    /// Its hash.
    pub hash: Hash,
}

/// The right edge of a tree: the roots of the complete subtrees that make it up,
/// from the largest to the smallest. There is one for each bit set in the size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    size: u64,
    hashes: Vec<Hash>,
}

impl Default for Edge {
    fn default() -> Self {
        Self::new()
    }
}

impl Edge {
    /// The edge of the tree without leaves.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            size: 0,
            hashes: Vec::new(),
        }
    }

    /// The edge of a tree of `size` leaves, from what [`Edge::hashes`] gave.
    ///
    /// # Errors
    /// [`Malformed`] if their number does not fit the size.
    pub fn from_hashes(size: u64, hashes: Vec<Hash>) -> Result<Self, Malformed> {
        if size > LARGEST {
            return Err(Malformed::new(
                "edge of a tree",
                "more leaves than a log may have",
            ));
        }
        if usize::try_from(size.count_ones()) != Ok(hashes.len()) {
            return Err(Malformed::new(
                "edge of a tree",
                "the number of hashes does not fit the size",
            ));
        }
        Ok(Self { size, hashes })
    }

    /// The edge of the first `size` leaves of a tree that is at hand.
    ///
    /// # Errors
    /// [`MissingNode`] if a hash is not.
    pub fn of(nodes: &impl Nodes, size: u64) -> Result<Self, MissingNode> {
        let mut hashes = Vec::new();
        let mut start = 0;
        for level in (0..64_u8).rev().filter(|level| size >> level & 1 == 1) {
            let index = start >> level;
            let missing = MissingNode { level, index };
            hashes.push(nodes.node(level, index).ok_or(missing)?);
            start += 1 << level;
        }
        Ok(Self { size, hashes })
    }

    /// Reads what [`Edge::to_bytes`] gave.
    ///
    /// # Errors
    /// [`Malformed`] for anything else.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Malformed> {
        let wrong = Malformed::new("edge of a tree", "has the wrong length");
        let (size, rest) = bytes.split_first_chunk().ok_or(wrong)?;
        let (hashes, []) = rest.as_chunks::<32>() else {
            return Err(wrong);
        };
        let hashes = hashes.iter().copied().map(Hash).collect();
        Self::from_hashes(u64::from_be_bytes(*size), hashes)
    }

    /// The size, 8 bytes, big-endian, and the hashes, 32 bytes each; at most 2,024
    /// bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.size.to_be_bytes().to_vec();
        bytes.extend(self.hashes.iter().flat_map(|hash| hash.0));
        bytes
    }

    /// Number of leaves.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The hashes, from the largest subtree to the smallest; at most 63.
    #[must_use]
    pub fn hashes(&self) -> &[Hash] {
        &self.hashes
    }

    /// Appends an entry and tells `made` of each subtree that this completes, from
    /// the leaf up.
    ///
    /// # Errors
    /// As [`Edge::push_leaf`].
    pub fn push(&mut self, entry: &[u8], made: impl FnMut(Node)) -> Result<(), Malformed> {
        self.push_leaf(leaf_hash(entry), made)
    }

    /// Appends the leaf with hash `leaf` and tells `made` of each subtree that this
    /// completes, from the leaf up.
    ///
    /// # Errors
    /// [`Malformed`] if the tree has 2^63 - 1 leaves already.
    pub fn push_leaf(&mut self, leaf: Hash, mut made: impl FnMut(Node)) -> Result<(), Malformed> {
        if self.size >= LARGEST {
            return Err(Malformed::new("tree", "full"));
        }
        let mut node = Node {
            level: 0,
            index: self.size,
            hash: leaf,
        };
        made(node);
        while node.index & 1 == 1
            && let Some(left) = self.hashes.pop()
        {
            node = Node {
                level: node.level + 1,
                index: node.index >> 1,
                hash: node_hash(&left, &node.hash),
            };
            made(node);
        }
        self.hashes.push(node.hash);
        self.size += 1;
        Ok(())
    }

    /// The root of the tree.
    #[must_use]
    pub fn root(&self) -> Hash {
        let join = |right: Hash, left: &Hash| node_hash(left, &right);
        let mut hashes = self.hashes.iter().rev();
        hashes
            .next()
            .map_or_else(empty_root, |last| hashes.fold(*last, join))
    }
}
