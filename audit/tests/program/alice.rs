//! Alice's relay: its logs and statements as files, made with the library.

use std::fs;
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use sealwire_audit::canonical::to_canonical;
use sealwire_audit::checkpoint::Checkpoint;
use sealwire_audit::commitment::{DirectoryKey, SubjectKey};
use sealwire_audit::dsse::{Envelope, to_pem};
use sealwire_audit::leaf::{Attestation, Leaf};
use sealwire_audit::merkle::Edge;
use sealwire_audit::note::{KeyKind, KeyName, SignerKey};
use sealwire_audit::predicate::{BASE, Hex, Time};
use sealwire_audit::release::{Build, DESKTOP};
use sealwire_audit::sequence::integrate;
use sealwire_audit::statement::{Statement, Subject};
use sealwire_audit::tile::{Kind, Resource};
use sealwire_crypto::{EvidenceKey, SecretBytes};
use serde_json::{Value, json};

/// Entries of the log `audit`.
pub(crate) const AUDIT: usize = 300;
/// Entries of the log `directory`.
const DIRECTORY: usize = 260;
/// The events that were disclosed.
const DISCLOSED: [(&str, usize); 2] = [("audit", 4), ("directory", 5)];

pub(crate) fn secret(seed: u8) -> SecretBytes<32> {
    SecretBytes::fill(|bytes| bytes.fill(seed))
}

pub(crate) fn evidence_key(seed: u8) -> EvidenceKey {
    EvidenceKey::from_seed(&secret(seed))
}

fn key(seed: u8, name: &str, kind: KeyKind) -> SignerKey {
    SignerKey::new(KeyName::new(name).unwrap(), kind, evidence_key(seed))
}

/// The key with which the relay signs statements.
pub(crate) const RELAY: u8 = 21;
/// The one that it had before.
pub(crate) const ROTATED: u8 = 22;
/// The organisation's.
pub(crate) const ORGANISATION: u8 = 23;
/// That of those who make the programs.
pub(crate) const RELEASE: u8 = 24;

/// A statement, not yet signed.
pub(crate) fn statement(name: &str, predicate: Value) -> Envelope {
    let subjects = vec![Subject::of("relay.acme.example", b"")];
    let kind = format!("{BASE}{name}/v1");
    let statement = Statement::new(subjects, &kind, predicate).unwrap();
    statement.to_envelope().unwrap()
}

pub(crate) fn retention_run(day: u8, kind: &str) -> Envelope {
    let time = |hour: &str| format!("2023-11-{day:02}T{hour}:00:00Z");
    statement(
        "retention-run",
        json!({
            "started": time("01"), "ended": time("02"), "failedParts": [],
            "removed": [{
                "kind": kind, "removed": day, "bytes": 4096,
                "oldest": "2023-10-01T00:00:00Z", "newest": "2023-10-02T00:00:00Z",
            }],
            "rules": [{"kind": kind, "days": 30}],
        }),
    )
}

pub(crate) fn legal_hold() -> Envelope {
    let (scope, reason) = ("ab".repeat(32), "cd".repeat(32));
    let hold = json!({
        "action": "placed", "scope": scope, "at": "2023-11-09T00:00:00Z", "reasonHash": reason,
    });
    statement("legal-hold", hold)
}

pub(crate) fn erasure() -> Envelope {
    let erasure = json!({
        "requested": "2023-11-10T00:00:00Z", "completed": "2023-11-12T12:00:00Z",
        "subject": "ef".repeat(32), "removed": [{"kind": "device", "count": 2}],
        "devices": {"told": 5, "confirmed": 4, "notHeardFrom": 1},
        "backupsExpireBy": "2023-12-12T12:00:00Z",
        "steps": [{"step": "account removed", "at": "2023-11-12T12:00:00Z"}],
    });
    statement("erasure", erasure)
}

pub(crate) fn census(table: &str) -> Envelope {
    let census = json!({
        "taken": "2023-11-13T00:00:00Z",
        "schemaVersions": [{"database": "groups", "version": 4}],
        "tables": [{
            "table": table, "rows": 12, "columns": [{"name": "payload", "class": "ciphertext"}],
        }],
        "stored": [{
            "form": "mls-private-message", "count": 12, "unparsed": 0,
            "sizeBuckets": [{"upTo": 256, "count": 12}],
            "entropyHistogram": [{"upToBitsPerByte": 8, "count": 12}],
        }],
        "unparsedTotal": 0,
    });
    statement("storage-census", census)
}

/// What is said of an update that the relay offers.
pub(crate) fn provenance() -> Envelope {
    let time = |millis| Time::from_millis(millis).unwrap();
    let build = Build {
        version: "0.2.0".to_owned(),
        target: "x86_64-unknown-linux-gnu".to_owned(),
        source: None,
        commit: "0123456789abcdef0123456789abcdef01234567".to_owned(),
        lock: Hex([7; 32]),
        toolchain: "rustc 1.95.0".to_owned(),
        flags: String::new(),
        started: time(1_700_000_000_000),
        finished: time(1_700_000_600_000),
    };
    let package = Subject::of(DESKTOP, b"a package");
    let statement = build.to_statement(vec![package]).unwrap();
    statement.to_envelope().unwrap()
}

pub(crate) fn signed(mut envelope: Envelope, seed: u8) -> Envelope {
    envelope.sign(&evidence_key(seed));
    envelope
}

/// What stands at a place of the log `audit`.
pub(crate) type Statements = Vec<(usize, Envelope)>;

/// Statements of a usual fortnight.
pub(crate) fn fortnight() -> Statements {
    vec![
        (2, signed(retention_run(1, "entry"), RELAY)),
        (7, signed(retention_run(8, "envelope"), RELAY)),
        (130, signed(legal_hold(), ORGANISATION)),
        (256, signed(erasure(), RELAY)),
        (299, signed(census("groups.entries"), RELAY)),
    ]
}

fn event(place: usize) -> (SubjectKey, Value) {
    let event = json!({"type": "role-changed", "number": place});
    (SubjectKey::new(secret(31)), event)
}

fn entry_id(place: usize) -> [u8; 16] {
    let mut id = [0; 16];
    id[..8].copy_from_slice(&(place as u64).to_be_bytes());
    id
}

/// The first `count` entries of the log `audit`.
pub(crate) fn audit_entries(statements: &Statements, count: usize) -> Vec<Vec<u8>> {
    let entry = |place: usize| {
        if let Some((_, envelope)) = statements.iter().find(|(at, _)| *at == place) {
            let all: Vec<_> = (0..=255).map(|seed| evidence_key(seed).public()).collect();
            let logged = Attestation::of(envelope, &all).unwrap();
            return Leaf::Attestation(logged).to_bytes().unwrap();
        }
        let (key, event) = event(place);
        let commitment = key.salt(&entry_id(place)).commit(&event).unwrap();
        let leaf = Leaf::event("role-changed", commitment).unwrap();
        leaf.to_bytes().unwrap()
    };
    (0..count).map(entry).collect()
}

fn directory_entries() -> Vec<Vec<u8>> {
    let directory = DirectoryKey::new(secret(32));
    let entry = |place: usize| {
        let (key, event) = event(place);
        let leaf = Leaf::Directory {
            index: directory.index(&format!("person{}@acme.example", place % 40)),
            commitment: key.salt(&entry_id(place)).commit(&event).unwrap(),
        };
        leaf.to_bytes().unwrap()
    };
    (0..DIRECTORY).map(entry).collect()
}

pub(crate) fn write(path: &Path, content: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

/// Writes tiles and bundles; `only` those for which it says yes.
pub(crate) fn write_tiles(
    dir: &Path,
    entries: &[Vec<u8>],
    only: impl Fn(Resource) -> bool,
) -> Edge {
    let batch = integrate(&Edge::new(), entries.iter().map(Vec::as_slice)).unwrap();
    let put = |kind: Kind, index: u64, width: usize, bytes: &[u8]| {
        let width = u16::try_from(width).unwrap();
        let resource = Resource::new(kind, index, width).unwrap();
        if only(resource) {
            write(&dir.join(resource.to_string()), bytes);
        }
    };
    for part in &batch.tiles {
        let kind = Kind::Hashes(part.level);
        put(kind, part.index, part.hashes.len(), &part.to_bytes());
    }
    for part in &batch.bundles {
        put(
            Kind::Entries,
            part.index,
            usize::from(part.count),
            &part.bytes,
        );
    }
    batch.edge
}

fn origin(log: &str) -> String {
    format!("relay.acme.example/{log}")
}

fn log_key(log: &str) -> SignerKey {
    key(
        u8::try_from(log.len()).unwrap(),
        &origin(log),
        KeyKind::Note,
    )
}

fn witness() -> SignerKey {
    key(2, "witness.example/w1", KeyKind::Cosignature)
}

/// The signed and cosigned head.
pub(crate) fn head(log: &str, edge: &Edge) -> String {
    let head = Checkpoint::new(&origin(log), edge.size(), edge.root()).unwrap();
    let mut note = head.sign(&log_key(log)).unwrap();
    note.add(head.cosign(&witness(), 1_700_000_000).unwrap())
        .unwrap();
    note.to_string()
}

/// A folder with the relay's logs and statements, whom Bob trusts, and what he knows.
pub(crate) struct Alice {
    pub(crate) dir: tempfile::TempDir,
}

impl Alice {
    pub(crate) fn new(statements: &Statements) -> Self {
        let alice = Self {
            dir: tempfile::tempdir().unwrap(),
        };
        let audit = audit_entries(statements, AUDIT);
        for (log, entries) in [("audit", audit), ("directory", directory_entries())] {
            let dir = alice.path(&format!("relay/logs/{log}"));
            let edge = write_tiles(&dir, &entries, |_| true);
            write(&dir.join("checkpoint"), head(log, &edge).as_bytes());
        }
        for (place, envelope) in statements {
            let path = alice.path(&format!("relay/statements/{place}.json"));
            write(&path, envelope.to_json().as_bytes());
        }
        for (log, place) in DISCLOSED {
            let (key, event) = event(place);
            let salt = key.salt(&entry_id(place));
            let salt = HEXLOWER.encode(salt.secret().expose());
            let opened = to_canonical(&json!({"salt": salt, "event": event})).unwrap();
            write(
                &alice.path(&format!("disclosed/{log}/{place}.json")),
                &opened,
            );
        }
        let policy = format!(
            "# Bob's\nlog {}\nlog {}\nwitness W {}\nquorum W\n",
            log_key("audit").verifier(),
            log_key("directory").verifier(),
            witness().verifier()
        );
        write(&alice.path("policy"), policy.as_bytes());
        for (name, seed) in [
            ("relay", RELAY),
            ("rotated", ROTATED),
            ("organisation", ORGANISATION),
            ("release", RELEASE),
        ] {
            let pem = to_pem(&evidence_key(seed).public());
            write(&alice.path(&format!("{name}.pem")), pem.as_bytes());
        }
        alice
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn text(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    /// `--signer` for a role and one of the keys.
    pub(crate) fn signer(&self, role: &str, key: &str) -> String {
        format!("{role}={}", self.text(&format!("{key}.pem")))
    }

    /// The arguments that make the folder `pack` of what Alice has.
    pub(crate) fn pack_args(&self) -> Vec<String> {
        let [pack, policy, from, disclosed] =
            ["pack", "policy", "relay", "disclosed"].map(|name| self.text(name));
        [
            "pack",
            "--dir",
            &pack,
            "--policy",
            &policy,
            "--from",
            &from,
            "--disclosed",
            &disclosed,
        ]
        .map(str::to_owned)
        .to_vec()
    }
}
