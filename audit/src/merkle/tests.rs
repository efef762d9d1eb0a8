use std::collections::BTreeMap;

use data_encoding::HEXLOWER;
use proptest::prelude::*;

use super::*;

/// The definitions of RFC 6962 §2.1, letter by letter.
mod definition {
    use super::super::{Hash, empty_root, leaf_hash, node_hash};

    fn split(n: usize) -> usize {
        let mut k = 1;
        while k * 2 < n {
            k *= 2;
        }
        k
    }

    pub(super) fn mth(d: &[Vec<u8>]) -> Hash {
        match d {
            [] => empty_root(),
            [one] => leaf_hash(one),
            _ => {
                let (left, right) = d.split_at(split(d.len()));
                node_hash(&mth(left), &mth(right))
            }
        }
    }

    pub(super) fn path(m: usize, d: &[Vec<u8>]) -> Vec<Hash> {
        if d.len() == 1 {
            return Vec::new();
        }
        let k = split(d.len());
        let (left, right) = d.split_at(k);
        if m < k {
            [path(m, left), vec![mth(right)]].concat()
        } else {
            [path(m - k, right), vec![mth(left)]].concat()
        }
    }

    pub(super) fn proof(m: usize, d: &[Vec<u8>]) -> Vec<Hash> {
        subproof(m, d, true)
    }

    fn subproof(m: usize, d: &[Vec<u8>], whole: bool) -> Vec<Hash> {
        if m == d.len() {
            return if whole { Vec::new() } else { vec![mth(d)] };
        }
        let k = split(d.len());
        let (left, right) = d.split_at(k);
        if m <= k {
            [subproof(m, left, whole), vec![mth(right)]].concat()
        } else {
            [subproof(m - k, right, false), vec![mth(left)]].concat()
        }
    }
}

/// All complete subtrees of a tree.
#[derive(Default)]
struct Whole {
    edge: Edge,
    nodes: BTreeMap<(u8, u64), Hash>,
}

impl Nodes for Whole {
    fn node(&self, level: u8, index: u64) -> Option<Hash> {
        self.nodes.get(&(level, index)).copied()
    }
}

fn grow(entries: &[Vec<u8>]) -> Whole {
    let mut whole = Whole::default();
    for entry in entries {
        let nodes = &mut whole.nodes;
        let made = |node: Node| {
            let before = nodes.insert((node.level, node.index), node.hash);
            assert_eq!(before, None, "each subtree is made once");
        };
        whole.edge.push(entry, made).unwrap();
    }
    whole
}

fn hash(text: &str) -> Hash {
    Hash(
        HEXLOWER
            .decode(text.as_bytes())
            .unwrap()
            .try_into()
            .unwrap(),
    )
}

/// The entries, roots and proofs of the reference implementation of Certificate
/// Transparency.
fn reference_entries() -> Vec<Vec<u8>> {
    let entries = [
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    ];
    let entry = |text: &&str| HEXLOWER.decode(text.as_bytes()).unwrap();
    entries.iter().map(entry).collect()
}

const REFERENCE_ROOTS: [&str; 9] = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

const A: &str = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7";
const B: &str = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e";
const C: &str = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4";
const D: &str = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b";
const E: &str = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0";
const F: &str = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a";
const G: &str = "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f";

#[test]
fn roots_are_those_of_the_reference() {
    let entries = reference_entries();
    let whole = grow(&entries);
    for (size, expected) in REFERENCE_ROOTS.iter().enumerate() {
        assert_eq!(grow(&entries[..size]).edge.root(), hash(expected), "{size}");
        assert_eq!(root(&whole, size as u64), Ok(hash(expected)), "{size}");
    }
}

#[test]
fn inclusion_proofs_are_those_of_the_reference() {
    let entries = reference_entries();
    let whole = grow(&entries);
    let cases: [(u64, u64, &[&str]); 5] = [
        (0, 1, &[]),
        (0, 8, &[A, B, C]),
        (5, 8, &[D, E, REFERENCE_ROOTS[4]]),
        (2, 3, &[REFERENCE_ROOTS[2]]),
        (1, 5, &[REFERENCE_ROOTS[1], B, D]),
    ];
    for (index, size, expected) in cases {
        let expected: Vec<Hash> = expected.iter().map(|text| hash(text)).collect();
        assert_eq!(prove_inclusion(&whole, index, size), Ok(expected.clone()));
        let at = usize::try_from(index).unwrap();
        let (leaf, root) = (leaf_hash(&entries[at]), root(&whole, size).unwrap());
        assert_eq!(
            verify_inclusion(&leaf, index, size, &root, &expected),
            Ok(())
        );
    }
}

#[test]
fn consistency_proofs_are_those_of_the_reference() {
    let whole = grow(&reference_entries());
    let cases: [(u64, u64, &[&str]); 5] = [
        (1, 1, &[]),
        (1, 8, &[A, B, C]),
        (6, 8, &[F, E, REFERENCE_ROOTS[4]]),
        (2, 5, &[B, D]),
        (6, 7, &[F, G, REFERENCE_ROOTS[4]]),
    ];
    for (old, size, expected) in cases {
        let expected: Vec<Hash> = expected.iter().map(|text| hash(text)).collect();
        assert_eq!(prove_consistency(&whole, old, size), Ok(expected.clone()));
        let (before, after) = (root(&whole, old).unwrap(), root(&whole, size).unwrap());
        assert_eq!(
            verify_consistency(old, &before, size, &after, &expected),
            Ok(())
        );
    }
}

#[test]
fn what_is_not_at_hand_is_named() {
    let whole = grow(&reference_entries());
    let missing = |level, index| Err(MissingNode { level, index });
    assert_eq!(root(&whole, 9), missing(0, 8).map(|()| empty_root()));
    assert_eq!(
        prove_inclusion(&whole, 8, 8),
        missing(0, 8).map(|()| vec![])
    );
    assert_eq!(
        prove_consistency(&whole, 9, 8),
        missing(0, 9).map(|()| vec![])
    );
}

#[test]
fn sizes_of_nothing_and_the_past() {
    let (none, one) = (empty_root(), leaf_hash(b""));
    let verify = verify_consistency;
    assert_eq!(verify(0, &none, 0, &none, &[]), Ok(()));
    assert_eq!(verify(0, &none, 1, &one, &[]), Ok(()));
    assert_eq!(verify(1, &one, 1, &one, &[]), Ok(()));
    assert_eq!(verify(0, &one, 1, &one, &[]), Err(ProofError::WrongRoot));
    assert_eq!(verify(0, &none, 0, &one, &[]), Err(ProofError::WrongRoot));
    assert_eq!(verify(1, &one, 1, &none, &[]), Err(ProofError::WrongRoot));
    assert_eq!(verify(2, &one, 1, &one, &[]), Err(ProofError::Shrunk));
    assert_eq!(verify(1, &one, 2, &one, &[]), Err(ProofError::WrongLength));
    for (old, old_root, new, root) in [(0, none, 0, none), (0, none, 1, one), (1, one, 1, one)] {
        let refused = verify(old, &old_root, new, &root, &[none]);
        assert_eq!(refused, Err(ProofError::WrongLength));
    }
    assert_eq!(
        verify_inclusion(&one, 0, 0, &none, &[]),
        Err(ProofError::OutOfRange)
    );
}

fn entries() -> impl Strategy<Value = Vec<Vec<u8>>> {
    prop::collection::vec(prop::collection::vec(any::<u8>(), 0..4), 1..140)
}

/// Other hashes than `proof`, in every way in which a hash list can be wrong.
fn spoiled(proof: &[Hash], other: Hash, at: usize, bit: u8) -> Vec<Vec<Hash>> {
    let mut lists = vec![[proof, &[other]].concat(), [&[other], proof].concat()];
    if !proof.is_empty() {
        let at = at % proof.len();
        let mut flipped = proof.to_vec();
        flipped[at].0[usize::from(bit) / 8] ^= 1 << (bit % 8);
        let mut short = proof.to_vec();
        short.remove(at);
        lists.extend([flipped, short]);
    }
    lists
}

proptest! {
    #[test]
    fn all_agrees_with_the_definition(entries in entries(), a: usize, b: usize) {
        let whole = grow(&entries);
        prop_assert_eq!(whole.edge.root(), definition::mth(&entries));
        let size = a % entries.len() + 1;
        let index = b % size;
        let tree = &entries[..size];
        let (index64, size64) = (index as u64, size as u64);
        prop_assert_eq!(root(&whole, size64).unwrap(), definition::mth(tree));
        prop_assert_eq!(
            prove_inclusion(&whole, index64, size64).unwrap(),
            definition::path(index, tree)
        );
        prop_assert_eq!(
            prove_consistency(&whole, index64 + 1, size64).unwrap(),
            definition::proof(index + 1, tree)
        );
    }

    #[test]
    fn only_the_true_inclusion_proof_is_taken(
        entries in entries(), a: usize, b: usize, at: usize, bit: u8, other: [u8; 32]
    ) {
        let whole = grow(&entries);
        let size = (a % entries.len() + 1) as u64;
        let index = b as u64 % size;
        let leaf = whole.node(0, index).unwrap();
        let root = root(&whole, size).unwrap();
        let proof = prove_inclusion(&whole, index, size).unwrap();
        let verify = |index, size, proof: &[Hash]| verify_inclusion(&leaf, index, size, &root, proof);
        prop_assert_eq!(verify(index, size, &proof), Ok(()));
        for wrong in spoiled(&proof, Hash(other), at, bit) {
            prop_assert!(verify(index, size, &wrong).is_err());
        }
        for wrong in [index ^ 1, index ^ 2, index + 1] {
            // Equal entries may make equal trees, in which the proof is true elsewhere, too.
            let same = whole.node(0, wrong) == Some(leaf) && wrong < size;
            prop_assert!(same || verify(wrong, size, &proof).is_err());
        }
        prop_assert!(verify(index, size * 2, &proof).is_err());
        prop_assert!(verify_inclusion(&Hash(other), index, size, &root, &proof).is_err());
        prop_assert!(verify_inclusion(&leaf, index, size, &Hash(other), &proof).is_err());
    }

    #[test]
    fn only_the_true_consistency_proof_is_taken(
        entries in entries(), a: usize, b: usize, at: usize, bit: u8, other: [u8; 32]
    ) {
        let whole = grow(&entries);
        let size = (a % entries.len() + 1) as u64;
        let old = b as u64 % size + 1;
        let (before, after) = (root(&whole, old).unwrap(), root(&whole, size).unwrap());
        let proof = prove_consistency(&whole, old, size).unwrap();
        prop_assert_eq!(verify_consistency(old, &before, size, &after, &proof), Ok(()));
        for wrong in spoiled(&proof, Hash(other), at, bit) {
            prop_assert!(verify_consistency(old, &before, size, &after, &wrong).is_err());
        }
        prop_assert!(verify_consistency(old, &Hash(other), size, &after, &proof).is_err());
        prop_assert!(verify_consistency(old, &before, size, &Hash(other), &proof).is_err());
        if old < size {
            prop_assert!(verify_consistency(old, &after, size, &before, &proof).is_err());
        }
    }

    #[test]
    fn no_proof_panics(
        index: u64, size: u64, leaf: [u8; 32], proof in prop::collection::vec(any::<[u8; 32]>(), 0..70)
    ) {
        let proof: Vec<Hash> = proof.into_iter().map(Hash).collect();
        let hash = Hash(leaf);
        prop_assert!(verify_inclusion(&hash, index, size, &empty_root(), &proof).is_err());
        let consistent = verify_consistency(index, &hash, size, &empty_root(), &proof);
        prop_assert!(consistent.is_err());
    }

    #[test]
    fn an_edge_goes_on_where_it_was_stored(entries in entries(), cut: usize) {
        let cut = cut % (entries.len() + 1);
        let before = grow(&entries[..cut]).edge;
        let mut edge = Edge::from_bytes(&before.to_bytes()).unwrap();
        prop_assert_eq!(&edge, &before);
        prop_assert_eq!(&Edge::of(&grow(&entries), cut as u64).unwrap(), &before);
        for entry in &entries[cut..] {
            edge.push(entry, |_| ()).unwrap();
        }
        prop_assert_eq!(edge.root(), definition::mth(&entries));
    }
}

#[test]
fn what_is_no_stored_edge() {
    let good = grow(&reference_entries()[..5]).edge.to_bytes();
    assert!(Edge::from_bytes(&good).is_ok());
    for wrong in [&good[..71], &good[..40], &good[..7], &[]] {
        assert!(Edge::from_bytes(wrong).is_err(), "{}", wrong.len());
    }
    let missing = MissingNode { level: 0, index: 8 };
    assert_eq!(Edge::of(&grow(&reference_entries()), 9), Err(missing));
}

#[test]
fn an_edge_has_as_many_hashes_as_its_size_has_bits() {
    assert!(Edge::from_hashes(5, vec![empty_root(); 2]).is_ok());
    assert!(Edge::from_hashes(5, vec![empty_root(); 3]).is_err());
    assert!(Edge::from_hashes(1 << 63, vec![empty_root()]).is_err());
    let full = (1 << 63) - 1;
    let mut edge = Edge::from_hashes(full, vec![empty_root(); 63]).unwrap();
    assert!(edge.push(b"one more", |_| ()).is_err());
}
