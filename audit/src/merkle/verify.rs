//! Checking proofs (RFC 9162 §2.1.3.2 and §2.1.4.2).

use super::{Hash, empty_root, node_hash};

/// Why a proof proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// The leaf would stand behind the end of the tree.
    #[error("the entry's place is behind the end of the tree")]
    OutOfRange,
    /// The newer tree is the smaller one.
    #[error("the newer tree is smaller than the older one")]
    Shrunk,
    /// Too few or too many hashes for these sizes.
    #[error("the proof has the wrong number of hashes")]
    WrongLength,
    /// The hashes lead to another root.
    #[error("the proof leads to another root")]
    WrongRoot,
}

/// Checks that the leaf with hash `leaf` stands at `index` in the tree of `size`
/// leaves with `root`.
///
/// # Errors
/// [`ProofError`] says why it does not follow.
pub fn verify_inclusion(
    leaf: &Hash,
    index: u64,
    size: u64,
    root: &Hash,
    proof: &[Hash],
) -> Result<(), ProofError> {
    if index >= size {
        return Err(ProofError::OutOfRange);
    }
    let mut hash = *leaf;
    climb(index, size - 1, proof, |sibling, is_left| {
        hash = join(sibling, is_left, &hash);
    })?;
    if hash == *root {
        Ok(())
    } else {
        Err(ProofError::WrongRoot)
    }
}

/// Checks that the tree of `size` leaves with `root` begins with the tree of `old`
/// leaves with `old_root`.
///
/// # Errors
/// [`ProofError`] says why it does not follow.
pub fn verify_consistency(
    old: u64,
    old_root: &Hash,
    size: u64,
    root: &Hash,
    proof: &[Hash],
) -> Result<(), ProofError> {
    if old > size {
        return Err(ProofError::Shrunk);
    }
    for (size, root) in [(old, old_root), (size, root)] {
        if size == 0 && *root != empty_root() {
            return Err(ProofError::WrongRoot);
        }
    }
    if old == size && old_root != root {
        return Err(ProofError::WrongRoot);
    }
    if old == 0 || old == size {
        return if proof.is_empty() {
            Ok(())
        } else {
            Err(ProofError::WrongLength)
        };
    }
    grown(old, old_root, size, root, proof)
}

/// The case of 0 < `old` < `size`.
fn grown(
    old: u64,
    old_root: &Hash,
    size: u64,
    root: &Hash,
    proof: &[Hash],
) -> Result<(), ProofError> {
    // An old tree that is complete is itself the first hash.
    let (first, rest) = if old.is_power_of_two() {
        (*old_root, proof)
    } else {
        let (first, rest) = proof.split_first().ok_or(ProofError::WrongLength)?;
        (*first, rest)
    };
    let complete = (old - 1).trailing_ones();
    let (place, last) = ((old - 1) >> complete, (size - 1) >> complete);
    let (mut old_hash, mut hash) = (first, first);
    climb(place, last, rest, |sibling, is_left| {
        // What stands to the right was not there yet.
        if is_left {
            old_hash = join(sibling, is_left, &old_hash);
        }
        hash = join(sibling, is_left, &hash);
    })?;
    if old_hash == *old_root && hash == *root {
        Ok(())
    } else {
        Err(ProofError::WrongRoot)
    }
}

/// Goes up from `place` in a row that ends with `last`, and tells `visit` of each
/// sibling and whether it stands to the left.
fn climb(
    mut place: u64,
    mut last: u64,
    proof: &[Hash],
    mut visit: impl FnMut(&Hash, bool),
) -> Result<(), ProofError> {
    for sibling in proof {
        if last == 0 {
            return Err(ProofError::WrongLength);
        }
        let is_left = place & 1 == 1 || place == last;
        visit(sibling, is_left);
        // The last of a row without a sibling is the same node a row further up.
        while is_left && place & 1 == 0 && place != 0 {
            place >>= 1;
            last >>= 1;
        }
        place >>= 1;
        last >>= 1;
    }
    if last == 0 {
        Ok(())
    } else {
        Err(ProofError::WrongLength)
    }
}

fn join(sibling: &Hash, is_left: bool, hash: &Hash) -> Hash {
    if is_left {
        node_hash(sibling, hash)
    } else {
        node_hash(hash, sibling)
    }
}
