use proptest::prelude::*;

use super::*;
use crate::merkle::{leaf_hash, prove_consistency, prove_inclusion, verify_inclusion};
use crate::tile::{Kind, Resource, Tile, TileNodes, parse_bundle, partial_width};

/// A store as a relay has it: rows that grow, and one row with the edge.
#[derive(Clone, Debug, Default, PartialEq)]
struct Store {
    edge: Edge,
    tiles: BTreeMap<(u8, u64), Vec<u8>>,
    bundles: BTreeMap<u64, (u16, Vec<u8>)>,
}

impl Store {
    /// One transaction.
    fn commit(&mut self, batch: &Batch) {
        assert_eq!(batch.first, self.edge.size());
        for part in &batch.tiles {
            let tile = self.tiles.entry((part.level, part.index)).or_default();
            assert_eq!(tile.len(), usize::from(part.offset) * 32);
            tile.extend(part.to_bytes());
        }
        for part in &batch.bundles {
            let (count, bytes) = self.bundles.entry(part.index).or_default();
            assert_eq!(*count, part.offset);
            *count += part.count;
            bytes.extend(&part.bytes);
        }
        self.edge = Edge::from_bytes(&batch.edge.to_bytes()).unwrap();
    }

    /// A tile as it is served.
    fn serve(&self, resource: Resource) -> Option<Tile> {
        let Kind::Hashes(level) = resource.kind() else {
            return None;
        };
        let bytes = self.tiles.get(&(level, resource.index()))?;
        let bytes = bytes.get(..usize::from(resource.width()) * 32)?;
        Tile::parse(bytes, resource.width()).ok()
    }

    /// What a reader sees who has the head of `size` entries and asks for nothing else.
    fn seen_at(&self, size: u64) -> TileNodes<impl Fn(u8, u64) -> Option<Tile>> {
        TileNodes(move |level, index| {
            let whole = Resource::new(Kind::Hashes(level), index, WIDTH).ok()?;
            if whole.is_part_of(size) {
                return self.serve(whole);
            }
            let width = partial_width(level, size);
            let partial = Resource::new(Kind::Hashes(level), index, width).ok()?;
            assert!(partial.is_part_of(size), "{partial} at {size}");
            self.serve(partial)
        })
    }
}

fn entry(index: u64) -> Vec<u8> {
    format!("entry {index}").into_bytes()
}

fn batch(edge: &Edge, count: u64) -> Batch {
    let entries: Vec<_> = (0..count).map(|more| entry(edge.size() + more)).collect();
    integrate(edge, entries.iter().map(Vec::as_slice)).unwrap()
}

#[test]
fn readers_of_old_and_new_heads_are_served_by_the_same_rows() {
    let mut store = Store::default();
    let mut heads = vec![(0, store.edge.root())];
    for count in [1, 254, 1, 1, 700, 64_579, 0, 300] {
        let batch = batch(&store.edge, count);
        store.commit(&batch);
        let head = batch.checkpoint("relay.acme.example/audit").unwrap();
        heads.push((head.size(), *head.root()));
    }
    assert_eq!(store.edge.size(), 65_836);
    for (size, root) in &heads {
        let nodes = store.seen_at(*size);
        for index in [0, 255, 256, size / 2, size.saturating_sub(1)] {
            if index < *size {
                let proof = prove_inclusion(&nodes, index, *size).unwrap();
                let leaf = leaf_hash(&entry(index));
                verify_inclusion(&leaf, index, *size, root, &proof).unwrap();
            }
        }
        assert_eq!(Edge::of(&nodes, *size).unwrap().root(), *root);
    }
    for pair in heads.windows(2) {
        let [(old, before), (size, after)] = pair else {
            unreachable!()
        };
        let proof = prove_consistency(&store.seen_at(*size), *old, *size).unwrap();
        crate::merkle::verify_consistency(*old, before, *size, after, &proof).unwrap();
    }
}

#[test]
fn bundles_hold_the_entries() {
    let mut store = Store::default();
    for count in [3, 255, 300] {
        let batch = batch(&store.edge, count);
        store.commit(&batch);
    }
    let mut index = 0;
    for (count, bytes) in store.bundles.values() {
        for read in parse_bundle(bytes, *count).unwrap() {
            assert_eq!(read, entry(index));
            index += 1;
        }
    }
    assert_eq!(index, 558);
    let widths: Vec<_> = store.bundles.values().map(|(count, _)| *count).collect();
    assert_eq!(widths, [256, 256, 46]);
}

#[test]
fn an_entry_that_is_too_long_adds_nothing() {
    let long = vec![0; usize::from(u16::MAX) + 1];
    let edge = batch(&Edge::new(), 5).edge;
    assert!(integrate(&edge, [b"short".as_slice(), &long]).is_err());
    let none = integrate(&edge, []).unwrap();
    assert_eq!((none.edge, none.first), (edge, 5));
    assert!(none.tiles.is_empty() && none.bundles.is_empty());
}

proptest! {
    /// However entries are gathered into batches, and however many transactions fail.
    #[test]
    fn batches_and_failures_leave_no_trace(steps in prop::collection::vec((0_u64..600, any::<bool>()), 1..12)) {
        let mut store = Store::default();
        for (count, commits) in steps {
            let batch = batch(&store.edge, count);
            if commits {
                store.commit(&batch);
            }
        }
        let mut at_once = Store::default();
        at_once.commit(&batch(&Edge::new(), store.edge.size()));
        prop_assert_eq!(store, at_once);
    }
}
