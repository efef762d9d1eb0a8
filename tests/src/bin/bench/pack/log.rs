//! A synthetic log of any length on disk, as `sealwire-audit pack --from` takes it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use sealwire_audit::checkpoint::Checkpoint;
use sealwire_audit::commitment::Commitment;
use sealwire_audit::dsse::Envelope;
use sealwire_audit::leaf::{Attestation, Leaf};
use sealwire_audit::merkle::{Edge, Hash};
use sealwire_audit::note::{KeyKind, KeyName, SignerKey};
use sealwire_audit::predicate::{Predicate, RemovedKind, RetentionRun, Rule, Time};
use sealwire_audit::sequence::integrate;
use sealwire_audit::statement::Subject;
use sealwire_audit::tile::{Kind, Resource, WIDTH, parse_bundle};
use sealwire_crypto::{EvidenceKey, SecretBytes};

use crate::Result;

const ORIGIN: &str = "relay.bench.example/audit";
/// Every so many entries one is a statement: a run of retention by the hour, and a busy
/// relay's events in between.
const STATEMENT_EVERY: u64 = 1_000;

fn evidence_key(seed: u8) -> EvidenceKey {
    EvidenceKey::from_seed(&SecretBytes::fill(|bytes| bytes.fill(seed)))
}

fn statement(number: u64) -> Result<Envelope> {
    let hour = |hours: u64| Time::from_millis(1_700_000_000_000 + hours * 3_600_000);
    let run = RetentionRun {
        started: hour(number)?,
        ended: hour(number)?,
        failed_parts: Vec::new(),
        removed: vec![RemovedKind {
            kind: "entry".to_owned(),
            removed: number % 97 + 1,
            bytes: 512,
            oldest: Some(hour(0)?),
            newest: Some(hour(number)?),
        }],
        rules: vec![Rule {
            kind: "entry".to_owned(),
            days: 30,
        }],
    };
    let statement = run.statement(vec![Subject::of("relay.bench.example", b"")])?;
    let mut envelope = statement.to_envelope()?;
    envelope.sign(&evidence_key(3));
    Ok(envelope)
}

fn entry(dir: &Path, index: u64) -> Result<Vec<u8>> {
    if index % STATEMENT_EVERY == STATEMENT_EVERY / 2 {
        let envelope = statement(index / STATEMENT_EVERY)?;
        fs::write(
            dir.join(format!("statements/{index}.json")),
            envelope.to_json(),
        )?;
        let logged = Attestation::of(&envelope, &[evidence_key(3).public()])?;
        return Ok(Leaf::Attestation(logged).to_bytes()?);
    }
    let mut commitment = [7; 32];
    commitment[..8].copy_from_slice(&index.to_be_bytes());
    Ok(Leaf::event("directory-changed", Commitment(commitment))?.to_bytes()?)
}

fn write(dir: &Path, kind: Kind, index: u64, width: usize, bytes: &[u8]) -> Result<()> {
    let resource = Resource::new(kind, index, u16::try_from(width)?)?;
    let path = dir.join("logs/audit").join(resource.to_string());
    fs::create_dir_all(path.parent().ok_or("no parent")?)?;
    Ok(fs::write(path, bytes)?)
}

/// Writes the tiles and entries of a log of `size` entries, bundle by bundle.
fn make_log(dir: &Path, size: u64) -> Result<Edge> {
    let mut edge = Edge::new();
    // Those that sum up others are few.
    let mut upper: BTreeMap<(u8, u64), Vec<Hash>> = BTreeMap::new();
    while edge.size() < size {
        let end = size.min(edge.size() + u64::from(WIDTH));
        let entries: Vec<Vec<u8>> = (edge.size()..end)
            .map(|index| entry(dir, index))
            .collect::<Result<_>>()?;
        let batch = integrate(&edge, entries.iter().map(Vec::as_slice))?;
        for part in batch.tiles {
            if part.level == 0 {
                let (kind, width) = (Kind::Hashes(0), part.hashes.len());
                write(dir, kind, part.index, width, &part.to_bytes())?;
            } else {
                let tile = upper.entry((part.level, part.index)).or_default();
                tile.extend(part.hashes);
            }
        }
        for part in batch.bundles {
            let width = usize::from(part.count);
            write(dir, Kind::Entries, part.index, width, &part.bytes)?;
        }
        edge = batch.edge;
    }
    for ((level, index), hashes) in upper {
        let bytes: Vec<u8> = hashes.iter().flat_map(|hash| hash.0).collect();
        write(dir, Kind::Hashes(level), index, hashes.len(), &bytes)?;
    }
    Ok(edge)
}

/// Makes the log, its head and its policy in `dir`.
pub(super) fn make(dir: &Path, size: u64) -> Result<()> {
    fs::create_dir_all(dir.join("statements"))?;
    let edge = make_log(dir, size)?;
    let log = SignerKey::new(KeyName::new(ORIGIN)?, KeyKind::Note, evidence_key(1));
    let name = KeyName::new("witness.bench.example")?;
    let witness = SignerKey::new(name, KeyKind::Cosignature, evidence_key(2));
    let head = Checkpoint::new(ORIGIN, edge.size(), edge.root())?;
    let mut note = head.sign(&log)?;
    note.add(head.cosign(&witness, 1_800_000_000)?)?;
    fs::write(dir.join("logs/audit/checkpoint"), note.to_string())?;
    let policy = format!(
        "log {}\nwitness W {}\nquorum W\n",
        log.verifier(),
        witness.verifier()
    );
    Ok(fs::write(dir.join("policy"), policy)?)
}

/// Hashes the entries of the log in `dir` into a tree that is forgotten again: the least that whoever checks
/// them can do.
pub(super) fn hash_all(dir: &Path, size: u64) -> Result<()> {
    let mut edge = Edge::new();
    while edge.size() < size {
        let width = u16::try_from((size - edge.size()).min(WIDTH.into()))?;
        let resource = Resource::new(Kind::Entries, edge.size() / u64::from(WIDTH), width)?;
        let bytes = fs::read(dir.join("logs/audit").join(resource.to_string()))?;
        for entry in parse_bundle(&bytes, width)? {
            edge.push(entry, |_| {})?;
        }
    }
    Ok(())
}
