//! Keys and logs that tests share.

use std::collections::BTreeMap;

use sealwire_crypto::{EvidenceKey, SecretBytes};

use crate::checkpoint::Checkpoint;
use crate::merkle::{Edge, Hash, Node, Nodes};
use crate::note::{KeyKind, KeyName, Note, SignerKey};

/// The key whose seed is one byte, 32 times.
pub(crate) fn evidence_key(seed: u8) -> EvidenceKey {
    EvidenceKey::from_seed(&SecretBytes::fill(|bytes| bytes.fill(seed)))
}

pub(crate) fn key(seed: u8, name: &str, kind: KeyKind) -> SignerKey {
    SignerKey::new(KeyName::new(name).unwrap(), kind, evidence_key(seed))
}

/// The key of a witness.
pub(crate) fn witness(seed: u8) -> SignerKey {
    key(
        seed,
        &format!("witness.example/{seed}"),
        KeyKind::Cosignature,
    )
}

/// A log that keeps everything.
pub(crate) struct TestLog {
    pub(crate) key: SignerKey,
    pub(crate) edge: Edge,
    nodes: BTreeMap<(u8, u64), Hash>,
}

impl Nodes for TestLog {
    fn node(&self, level: u8, index: u64) -> Option<Hash> {
        self.nodes.get(&(level, index)).copied()
    }
}

impl TestLog {
    pub(crate) fn new(seed: u8, origin: &str) -> Self {
        Self {
            key: key(seed, origin, KeyKind::Note),
            edge: Edge::new(),
            nodes: BTreeMap::new(),
        }
    }

    pub(crate) fn push(&mut self, entry: &[u8]) {
        let nodes = &mut self.nodes;
        let made = |node: Node| {
            nodes.insert((node.level, node.index), node.hash);
        };
        self.edge.push(entry, made).unwrap();
    }

    /// Appends entries named after `story` until there are `size`.
    pub(crate) fn grow(&mut self, size: u64, story: &str) {
        while self.edge.size() < size {
            self.push(format!("{story} {}", self.edge.size()).as_bytes());
        }
    }

    pub(crate) fn checkpoint(&self) -> Checkpoint {
        let origin = self.key.verifier().name().as_str();
        Checkpoint::new(origin, self.edge.size(), self.edge.root()).unwrap()
    }

    /// The newest checkpoint, signed.
    pub(crate) fn head(&self) -> Note {
        self.checkpoint().sign(&self.key).unwrap()
    }
}
