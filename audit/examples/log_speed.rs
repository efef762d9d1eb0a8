//! How fast a log takes entries and how fast a whole one is checked, without a store.
//! `cargo run --release -p sealwire-audit --example log_speed`

use std::error::Error;
use std::time::Instant;

use sealwire_audit::merkle::{Edge, leaf_hash, prove_inclusion, verify_inclusion};
use sealwire_audit::sequence::integrate;
use sealwire_audit::tile::{Tile, TileNodes};

const ENTRIES: u32 = 1_000_000;
const BATCH: usize = 1_000;
const PROOFS: u64 = 1_000;

fn main() -> Result<(), Box<dyn Error>> {
    let entries: Vec<Vec<u8>> = (0..ENTRIES)
        .map(|i| vec![i.to_le_bytes()[0]; 100])
        .collect();
    let mut edge = Edge::new();
    let mut tiles = std::collections::BTreeMap::<(u8, u64), Vec<_>>::new();

    let start = Instant::now();
    for batch in entries.chunks(BATCH) {
        let batch = integrate(&edge, batch.iter().map(Vec::as_slice))?;
        for part in batch.tiles {
            let tile = tiles.entry((part.level, part.index)).or_default();
            tile.extend(part.hashes);
        }
        edge = batch.edge;
    }
    let seconds = start.elapsed().as_secs_f64();
    println!("integrate: {:.0} entries/s", f64::from(ENTRIES) / seconds);

    let start = Instant::now();
    let mut again = Edge::new();
    for entry in &entries {
        again.push(entry, |_| ())?;
    }
    assert_eq!(again.root(), edge.root());
    println!("check all: {:.2} s", start.elapsed().as_secs_f64());

    let nodes = TileNodes(|level, index| Tile::new(tiles.get(&(level, index))?.clone()).ok());
    let start = Instant::now();
    for i in 0..PROOFS {
        let index = i * 997 % edge.size();
        let proof = prove_inclusion(&nodes, index, edge.size())?;
        let leaf = leaf_hash(&entries[usize::try_from(index)?]);
        verify_inclusion(&leaf, index, edge.size(), &edge.root(), &proof)?;
    }
    println!(
        "prove and check one: {:?}",
        start.elapsed() / u32::try_from(PROOFS)?
    );
    Ok(())
}
