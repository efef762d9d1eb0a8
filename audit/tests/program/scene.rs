//! Keys, a log and a statement that tests share.

use sealwire_audit::checkpoint::Checkpoint;
use sealwire_audit::dsse::Envelope;
use sealwire_audit::merkle::{Edge, Hash, Node, Nodes};
use sealwire_audit::note::{KeyKind, KeyName, SignerKey};
use sealwire_audit::statement::{Statement, Subject};
use sealwire_crypto::{EvidenceKey, SecretBytes};
use serde_json::json;

pub(crate) const ORIGIN: &str = "relay.acme.example/audit";

/// The secret that has the given byte 32 times.
pub(crate) fn secret(seed: u8) -> SecretBytes<32> {
    SecretBytes::fill(|bytes| bytes.fill(seed))
}

pub(crate) fn evidence_key(seed: u8) -> EvidenceKey {
    EvidenceKey::from_seed(&secret(seed))
}

pub(crate) fn key(seed: u8, name: &str, kind: KeyKind) -> SignerKey {
    SignerKey::new(KeyName::new(name).unwrap(), kind, evidence_key(seed))
}

/// The key with which the witness of policies signs.
pub(crate) fn witness() -> SignerKey {
    key(2, "witness.example/w1", KeyKind::Cosignature)
}

/// A statement that key 3 has signed.
pub(crate) fn envelope() -> Envelope {
    let subjects = vec![Subject::of("audit", b"")];
    let kind = "https://attest.example/retention-run/v1";
    let statement = Statement::new(subjects, kind, json!({"removed": 17})).unwrap();
    let mut envelope = statement.to_envelope().unwrap();
    envelope.sign(&evidence_key(3));
    envelope
}

/// A log that keeps everything.
pub(crate) struct Log {
    pub(crate) key: SignerKey,
    pub(crate) edge: Edge,
    nodes: Vec<Vec<Hash>>,
}

impl Nodes for Log {
    fn node(&self, level: u8, index: u64) -> Option<Hash> {
        let level = self.nodes.get(usize::from(level))?;
        level.get(usize::try_from(index).ok()?).copied()
    }
}

impl Log {
    pub(crate) fn new() -> Self {
        Self {
            key: key(1, ORIGIN, KeyKind::Note),
            edge: Edge::new(),
            nodes: vec![Vec::new(); 64],
        }
    }

    pub(crate) fn push(&mut self, entry: &str) {
        let nodes = &mut self.nodes;
        let made = |node: Node| nodes[usize::from(node.level)].push(node.hash);
        self.edge.push(entry.as_bytes(), made).unwrap();
    }

    pub(crate) fn checkpoint(&self) -> Checkpoint {
        Checkpoint::new(ORIGIN, self.edge.size(), self.edge.root()).unwrap()
    }
}
