//! One example of each predicate.

use serde_json::{Value, json};

use crate::predicate::{Known, Predicate};
use crate::statement::{Statement, Subject};

const NIGHT: &str = "2026-11-25T23:00:00Z";
const LATER: &str = "2026-11-25T23:00:01.25Z";
const MONTH: &str = "2026-12-25T23:00:00Z";

fn hex(byte: u8) -> String {
    data_encoding::HEXLOWER.encode(&[byte; 32])
}

/// The predicates by name, as JSON.
pub(super) fn examples() -> Vec<(&'static str, Value)> {
    let mut all = people();
    all.extend(stores());
    all.sort_by_key(|(name, _)| *name);
    all
}

fn people() -> Vec<(&'static str, Value)> {
    let export = json!({
        "requested": NIGHT, "completed": LATER, "subject": hex(1),
        "categories": [{"category": "devices", "records": 3}], "exportSha256": hex(2),
    });
    let erasure = json!({
        "requested": NIGHT, "completed": LATER, "subject": hex(1),
        "removed": [{"kind": "device", "count": 3}],
        "devices": {"told": 9, "confirmed": 7, "notHeardFrom": 2},
        "backupsExpireBy": MONTH,
        "steps": [{"step": "keys", "at": NIGHT}, {"step": "account", "at": LATER}],
    });
    let ropa = json!({
        "controller": "Acme Ltd", "contact": "privacy@acme.example",
        "dataProtectionOfficer": "dpo@acme.example", "dataSubjects": ["employees"],
        "purposes": ["messages among employees"], "transfers": ["none beyond the EEA"],
        "categories": [{
            "name": "accounts", "fields": ["handle", "role"], "retentionDays": 400,
            "legalBasis": "Art. 6 (1) f", "recipients": [], "location": "Frankfurt",
        }],
        "securityMeasures": ["end-to-end encryption"], "generated": NIGHT,
    });
    let hold = json!({"action": "placed", "scope": hex(3), "at": NIGHT, "reasonHash": hex(4)});
    let incident = json!({
        "noticed": NIGHT, "kind": "availability", "what": "the disk was full",
        "affectedEstimate": 40,
        "clocks": [{"name": "24h", "due": "2026-11-26T23:00:00Z", "met": "2026-11-26T09:00:00Z"}],
        "measures": ["a larger disk"],
    });
    let request = json!({
        "subject": hex(9), "right": "restriction", "law": "gdpr", "received": NIGHT,
        "due": "2027-02-25T23:00:00Z", "extended": LATER, "answered": MONTH, "outcome": "done",
    });
    vec![
        ("access-export", export),
        ("erasure", erasure),
        ("incident", incident),
        ("legal-hold", hold),
        ("ropa", ropa),
        ("subject-request", request),
    ]
}

fn stores() -> Vec<(&'static str, Value)> {
    let run = json!({
        "started": NIGHT, "ended": LATER, "failedParts": ["blobs"],
        "removed": [{
            "kind": "entry", "removed": 17, "bytes": 8704,
            "oldest": "2026-10-26T22:00:00Z", "newest": "2026-10-26T23:00:00Z",
        }],
        "rules": [{"kind": "envelope", "days": 30}],
    });
    let versions = json!([{"database": "groups", "version": 4}]);
    let census = json!({
        "taken": NIGHT, "schemaVersions": versions,
        "tables": [{
            "table": "groups.entries", "rows": 3,
            "columns": [{"name": "payload", "class": "ciphertext"}],
        }],
        "stored": [{
            "form": "mls-private-message", "count": 3, "unparsed": 1,
            "sizeBuckets": [{"upTo": 256, "count": 1}, {"upTo": 512, "count": 2}],
            "entropyHistogram": [{"upToBitsPerByte": 7.5, "count": 3}],
        }],
        "unparsedTotal": 1,
    });
    let directory = json!({
        "from": NIGHT, "to": MONTH, "treeSize": 12,
        "root": "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=",
        "accounts": 4, "devices": 9, "revoked": 1, "keysChanged": 2,
    });
    let config = json!({
        "taken": NIGHT, "binary": {"sha256": hex(5), "selfReported": true}, "version": "0.1.0",
        "configuration": {"retention.envelope_days": "30"}, "schemaVersions": versions,
    });
    let drill = json!({
        "started": NIGHT, "ended": LATER, "backupSha256": hex(6),
        "trees": [{"log": "audit", "before": 40, "after": 40}],
        "rowsChecked": 812, "ok": false, "failure": "groups.db: row 7 is damaged",
        "incarnation": {"old": &hex(7)[32..], "new": &hex(8)[32..]},
    });
    vec![
        ("config-snapshot", config),
        ("key-directory", directory),
        ("restore-drill", drill),
        ("retention-run", run),
        ("storage-census", census),
    ]
}

/// The statement that says `predicate`, as JSON.
pub(super) fn statement(name: &str, predicate: &Value) -> Value {
    let subject = Subject::of("relay.acme.example", b"");
    let kind = format!("{}{name}/v1", crate::predicate::BASE);
    let statement = Statement::new(vec![subject], &kind, predicate.clone()).unwrap();
    serde_json::from_slice(&statement.to_json().unwrap()).unwrap()
}

/// What a predicate says, as its type writes it again.
pub(super) fn written(known: &Known) -> Statement {
    let subjects = vec![Subject::of("relay.acme.example", b"")];
    match known {
        Known::AccessExport(one) => one.statement(subjects),
        Known::ConfigSnapshot(one) => one.statement(subjects),
        Known::Erasure(one) => one.statement(subjects),
        Known::Incident(one) => one.statement(subjects),
        Known::KeyDirectory(one) => one.statement(subjects),
        Known::LegalHold(one) => one.statement(subjects),
        Known::RestoreDrill(one) => one.statement(subjects),
        Known::RetentionRun(one) => one.statement(subjects),
        Known::Ropa(one) => one.statement(subjects),
        Known::StorageCensus(one) => one.statement(subjects),
        Known::SubjectRequest(one) => one.statement(subjects),
    }
    .unwrap()
}
