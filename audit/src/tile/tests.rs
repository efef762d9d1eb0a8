use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::merkle::{self, Edge, Hash, Node, leaf_hash};

fn hashes(level: u8, index: u64, width: u16) -> Resource {
    Resource::new(Kind::Hashes(level), index, width).unwrap()
}

#[test]
fn paths_are_those_of_the_text() {
    let entries = |index, width| Resource::new(Kind::Entries, index, width).unwrap();
    for (resource, path) in [
        (hashes(0, 0, 256), "tile/0/000"),
        (hashes(0, 1_234_067, 256), "tile/0/x001/x234/067"),
        (hashes(63, 999, 1), "tile/63/999.p/1"),
        (hashes(2, 1_000, 255), "tile/2/x001/000.p/255"),
        (hashes(0, 1_000_000, 256), "tile/0/x001/x000/000"),
        (entries(273, 112), "tile/entries/273.p/112"),
        (
            entries(i64::MAX as u64, 256),
            "tile/entries/x009/x223/x372/x036/x854/x775/807",
        ),
    ] {
        assert_eq!(resource.to_string(), path);
        assert_eq!(Resource::parse(path), Ok(resource));
    }
}

#[test]
fn a_path_has_one_spelling() {
    for wrong in [
        "",
        "tile",
        "tile/",
        "tile/0",
        "tile/0/",
        "tile/0/0",
        "tile/0/0000",
        "tile/00/000",
        "tile/64/000",
        "tile/-1/000",
        "tile/0/x000/001",
        "tile/0/x01/001",
        "tile/0/001/001",
        "tile/0/x001/x001",
        "tile/0/x001",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/000.p/",
        "tile/0/000.p",
        "tile/0/000/",
        "tile/0/000.p/1/",
        "/tile/0/000",
        "tile/0/../000",
        "tile/Entries/000",
        "tile/data/000",
        "tile/0/+12",
        "tile/0/x009/x223/x372/x036/x854/x775/808",
        "tile/0/x001/x009/x223/x372/x036/x854/x775/807",
    ] {
        assert!(Resource::parse(wrong).is_err(), "{wrong}");
    }
    assert!(Resource::new(Kind::Entries, 0, 0).is_err());
    assert!(Resource::new(Kind::Entries, 0, 257).is_err());
    assert!(Resource::new(Kind::Hashes(64), 0, 1).is_err());
}

/// The example of the text: a tree of 70,000 leaves.
#[test]
fn partial_tiles_of_the_example() {
    let size = 70_000;
    assert_eq!(
        [0, 1, 2, 3].map(|level| partial_width(level, size)),
        [112, 17, 1, 0]
    );
    assert_eq!(partial_width(63, u64::MAX), 0);
    assert!(hashes(0, 272, 256).is_part_of(size));
    assert!(hashes(0, 273, 112).is_part_of(size));
    assert!(hashes(1, 0, 256).is_part_of(size));
    assert!(hashes(1, 1, 17).is_part_of(size));
    assert!(hashes(2, 0, 1).is_part_of(size));
    for wrong in [
        hashes(0, 273, 111),
        hashes(0, 273, 256),
        hashes(0, 272, 112),
        hashes(3, 0, 1),
        hashes(63, 0, 1),
    ] {
        assert!(!wrong.is_part_of(size), "{wrong}");
    }
    // A tree of 256: one full tile and one hash above it.
    assert!(hashes(0, 0, 256).is_part_of(256) && hashes(1, 0, 1).is_part_of(256));
}

/// All tiles of a log, as wide as they are.
fn tiles(size: u64) -> (Edge, BTreeMap<(u8, u64), Vec<Hash>>) {
    let mut edge = Edge::new();
    let mut tiles: BTreeMap<_, Vec<Hash>> = BTreeMap::new();
    for entry in 0..size {
        let made = |node: Node| {
            if node.level.is_multiple_of(HEIGHT) {
                let place = (node.level / HEIGHT, node.index / u64::from(WIDTH));
                tiles.entry(place).or_default().push(node.hash);
            }
        };
        edge.push(&entry.to_be_bytes(), made).unwrap();
    }
    (edge, tiles)
}

#[test]
fn proofs_come_from_the_tiles_that_they_name() {
    let size = 70_000;
    let (edge, tiles) = tiles(size);
    for index in [0, 255, 256, 65_535, 65_536, 69_887, 69_888, 69_999] {
        let needed = tiles_for(size, |nodes| merkle::prove_inclusion(&nodes, index, size)).unwrap();
        assert!(needed.len() <= 4, "{needed:?}");
        assert!(
            needed.iter().all(|tile| tile.is_part_of(size)),
            "{needed:?}"
        );
        let nodes = TileNodes(|level, index| {
            let place = needed
                .iter()
                .find(|tile| tile.kind() == Kind::Hashes(level) && tile.index() == index)?;
            let hashes = tiles.get(&(level, index))?;
            assert_eq!(hashes.len(), usize::from(place.width()));
            Tile::new(hashes.clone()).ok()
        });
        let proof = merkle::prove_inclusion(&nodes, index, size).unwrap();
        let leaf = leaf_hash(&index.to_be_bytes());
        merkle::verify_inclusion(&leaf, index, size, &edge.root(), &proof).unwrap();
    }
    let behind = tiles_for(size, |nodes| merkle::prove_inclusion(&nodes, size, size));
    assert!(behind.is_err());
}

#[test]
fn a_tile_has_exactly_the_width_of_its_name() {
    let (_, tiles) = tiles(3);
    let tile = Tile::new(tiles[&(0, 0)].clone()).unwrap();
    let bytes = tile.to_bytes();
    assert_eq!(Tile::parse(&bytes, 3), Ok(tile.clone()));
    assert!(Tile::parse(&bytes, 2).is_err());
    assert!(Tile::parse(&bytes[..95], 3).is_err());
    assert!(Tile::parse(&[], 0).is_err());
    assert!(Tile::parse(&[0; 257 * 32], 257).is_err());
    assert_eq!(tile.node(1, 1), None);
    assert_eq!(tile.node(9, 0), None);
    assert_eq!(tile.node(0, usize::MAX), None);
}

#[test]
fn bundles() {
    let mut bundle = Vec::new();
    for entry in [b"one".as_slice(), b"", b"three"] {
        push_entry(&mut bundle, entry).unwrap();
    }
    assert_eq!(bundle, b"\0\x03one\0\0\0\x05three");
    let entries = parse_bundle(&bundle, 3).unwrap();
    assert_eq!(entries, [b"one".as_slice(), b"", b"three"]);
    for (wrong, width) in [
        (&bundle[..], 2),
        (&bundle[..], 4),
        (&bundle[..bundle.len() - 1], 3),
        (&bundle[..], 0),
        (&bundle[..], 257),
    ] {
        assert!(parse_bundle(wrong, width).is_err(), "{width}");
    }
    assert!(push_entry(&mut bundle, &vec![0; MAX_ENTRY]).is_ok());
    assert!(push_entry(&mut bundle, &vec![0; MAX_ENTRY + 1]).is_err());
}

proptest! {
    #[test]
    fn every_resource_has_a_path(level in 0_u8..64, index in 0..=i64::MAX as u64, width in 1..=WIDTH) {
        for kind in [Kind::Entries, Kind::Hashes(level)] {
            let resource = Resource::new(kind, index, width).unwrap();
            prop_assert_eq!(Resource::parse(&resource.to_string()), Ok(resource));
        }
    }

    #[test]
    fn what_is_read_as_a_path_is_written_so(path in "(tile/)?([0-9]{1,2}|entries)/(x?[0-9]{1,4}/){0,3}[0-9]{1,4}(\\.p/[0-9]{1,3})?|.*") {
        if let Ok(resource) = Resource::parse(&path) {
            prop_assert_eq!(resource.to_string(), path);
        }
    }

    #[test]
    fn what_is_read_as_a_bundle_is_written_so(
        bytes in prop::collection::vec(prop_oneof![Just(0), 0_u8..4, any::<u8>()], 0..40), width in 0_u16..6
    ) {
        if let Ok(entries) = parse_bundle(&bytes, width) {
            let mut written = Vec::new();
            for entry in entries {
                push_entry(&mut written, entry).unwrap();
            }
            prop_assert_eq!(written, bytes);
        }
    }
}
