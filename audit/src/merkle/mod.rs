//! The Merkle tree of RFC 6962 §2.1: what a log of any size is summed up in.
//!
//! A tree is seen through [`Nodes`], which gives the hashes of its complete
//! subtrees; [`root`], [`prove_inclusion`] and [`prove_consistency`] need no
//! more. [`verify_inclusion`] and [`verify_consistency`] need nothing but the
//! proof. [`Edge`] appends: it holds the right edge of a tree, at most 63 hashes,
//! whatever the size.

mod edge;
mod hash;
mod prove;
#[cfg(test)]
mod tests;
mod verify;

/// Most hashes of a proof: no log has more than 2^63 - 1 leaves.
pub const MAX_PATH: usize = 63;

pub use edge::{Edge, Node};
pub use hash::{Hash, empty_root, leaf_hash, node_hash};
pub use prove::{MissingNode, Nodes, prove_consistency, prove_inclusion, root};
pub use verify::{ProofError, verify_consistency, verify_inclusion};
