//! Roots and proofs from the hashes of complete subtrees.

use super::{Hash, empty_root, node_hash};

/// The hashes of a tree's complete subtrees.
pub trait Nodes {
    /// The hash over the leaves from `index << level` up to, not including,
    /// `(index + 1) << level`. `None` if it is not at hand.
    fn node(&self, level: u8, index: u64) -> Option<Hash>;
}

impl<N: Nodes + ?Sized> Nodes for &N {
    fn node(&self, level: u8, index: u64) -> Option<Hash> {
        (**self).node(level, index)
    }
}

/// A hash that [`Nodes`] did not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the tree's hash {index} at height {level} is missing")]
pub struct MissingNode {
    /// Height above the leaves.
    pub level: u8,
    /// Place from the left.
    pub index: u64,
}

/// The root of the first `size` leaves: `MTH(D[0:size])`.
///
/// # Errors
/// [`MissingNode`] if a hash is not at hand.
pub fn root(nodes: &impl Nodes, size: u64) -> Result<Hash, MissingNode> {
    if size == 0 {
        return Ok(empty_root());
    }
    range(nodes, 0, size)
}

/// The proof that the leaf `index` is in the tree of `size` leaves: the siblings
/// on the way up, from the leaf's to that below the root (RFC 6962 §2.1.1).
///
/// # Errors
/// [`MissingNode`] if a hash is not at hand, which it never is for `index >= size`.
pub fn prove_inclusion(
    nodes: &impl Nodes,
    index: u64,
    size: u64,
) -> Result<Vec<Hash>, MissingNode> {
    if index >= size {
        return Err(MissingNode { level: 0, index });
    }
    let (mut start, mut end) = (0, size);
    let mut path = Vec::new();
    while end - start > 1 {
        let middle = start + split(end - start);
        if index < middle {
            path.push(range(nodes, middle, end)?);
            end = middle;
        } else {
            path.push(range(nodes, start, middle)?);
            start = middle;
        }
    }
    path.reverse();
    Ok(path)
}

/// The proof that the tree of `size` leaves begins with that of `old` leaves
/// (RFC 6962 §2.1.2). Empty if `old` is 0 or `size`.
///
/// # Errors
/// [`MissingNode`] if a hash is not at hand, which it never is for `old > size`.
pub fn prove_consistency(
    nodes: &impl Nodes,
    old: u64,
    size: u64,
) -> Result<Vec<Hash>, MissingNode> {
    if old > size {
        return Err(MissingNode {
            level: 0,
            index: old,
        });
    }
    if old == 0 || old == size {
        return Ok(Vec::new());
    }
    let (mut start, mut end) = (0, size);
    // Whether the old tree is the one that the verifier knows, as it stands.
    let mut known = true;
    let mut path = Vec::new();
    while end != old {
        let middle = start + split(end - start);
        if old <= middle {
            path.push(range(nodes, middle, end)?);
            end = middle;
        } else {
            path.push(range(nodes, start, middle)?);
            start = middle;
            known = false;
        }
    }
    if !known {
        path.push(range(nodes, start, end)?);
    }
    path.reverse();
    Ok(path)
}

/// The largest power of two below `count`, which is at least 2.
fn split(count: u64) -> u64 {
    1 << (u64::BITS - 1 - (count - 1).leading_zeros())
}

/// `MTH(D[start:end])`, where `start` is a place at which the recursion of the
/// definition splits, so that the complete subtrees of the range are those of the
/// tree.
fn range(nodes: &impl Nodes, start: u64, end: u64) -> Result<Hash, MissingNode> {
    let count = end - start;
    if count.is_power_of_two() {
        let level = count.trailing_zeros().to_le_bytes()[0];
        let index = start >> level;
        return nodes.node(level, index).ok_or(MissingNode { level, index });
    }
    let middle = start + split(count);
    let left = range(nodes, start, middle)?;
    let right = range(nodes, middle, end)?;
    Ok(node_hash(&left, &right))
}
