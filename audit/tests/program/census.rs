//! `sealwire-audit census` on dumps that were made here. That it reads a real relay's, a test of the
//! whole shows.

use std::fs;
use std::path::Path;

use sealwire_audit::dsse::to_pem;
use sealwire_audit::leaf::Leaf;
use sealwire_audit::predicate::{Counter, Form, Predicate as _, StorageCensus, Table, Time};
use sealwire_audit::statement::Subject;
use sealwire_audit::tile::push_entry;
use serde_json::Value;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode};
use sqlx::{ConnectOptions as _, Connection as _, Executor as _};

use crate::running::{bad, good, run};
use crate::scene::{envelope, evidence_key};

const GROUP: [u8; 32] = [7; 32];

/// A `PrivateMessage` by the letter of RFC 9420 §6.3.
fn private_message() -> Vec<u8> {
    let head = [
        &[0, 1, 0, 2, 32],
        GROUP.as_slice(),
        &[0, 0, 0, 0, 0, 0, 0, 5, 1, 0],
    ]
    .concat();
    let sealed = [&[28], [3; 28].as_slice(), &[0x41, 0], &[4; 256]].concat();
    [head, sealed].concat()
}

fn sql(file: &Path, statements: &[String]) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal);
        let mut db = options.connect().await.unwrap();
        for statement in statements {
            db.execute(statement.as_str()).await.unwrap();
        }
        db.close().await.unwrap();
    });
}

fn hex(bytes: &[u8]) -> String {
    format!("x'{}'", data_encoding::HEXLOWER.encode(bytes))
}

struct Dumps {
    dir: tempfile::TempDir,
}

impl Dumps {
    fn new() -> Self {
        let dumps = Self {
            dir: tempfile::tempdir().unwrap(),
        };
        let payload = hex(&private_message());
        sql(
            &dumps.dir.path().join("groups.db"),
            &[
                "CREATE TABLE logs (id INTEGER PRIMARY KEY, log BLOB)".into(),
                "CREATE TABLE entries (id INTEGER PRIMARY KEY, log_id INTEGER, payload BLOB)"
                    .into(),
                format!("INSERT INTO logs VALUES (1, {})", hex(&GROUP)),
                format!("INSERT INTO entries VALUES (1, 1, {payload}), (2, 1, {payload})"),
            ],
        );
        let mut bundle = Vec::new();
        let commitment = sealwire_audit::commitment::Commitment([1; 32]);
        let leaf = Leaf::event("role-changed", commitment).unwrap();
        push_entry(&mut bundle, &leaf.to_bytes().unwrap()).unwrap();
        let signed = hex(envelope().to_json().as_bytes());
        sql(
            &dumps.dir.path().join("copy of accounts"),
            &[
                "CREATE TABLE accounts (id INTEGER PRIMARY KEY, handle TEXT)".into(),
                "CREATE TABLE inbox (id INTEGER PRIMARY KEY, envelope BLOB)".into(),
                "CREATE TABLE statements (number INTEGER PRIMARY KEY, signed BLOB)".into(),
                "CREATE TABLE tree_bundles (tree INTEGER, number INTEGER, count INTEGER, \
                 leaves BLOB, PRIMARY KEY (tree, number)) WITHOUT ROWID"
                    .into(),
                "INSERT INTO inbox VALUES (1, zeroblob(4096))".into(),
                format!("INSERT INTO statements VALUES (1, {signed})"),
                format!(
                    "INSERT INTO tree_bundles VALUES (2, 0, 1, {})",
                    hex(&bundle)
                ),
            ],
        );
        dumps
    }

    fn path(&self, name: &str) -> String {
        self.dir.path().join(name).to_str().unwrap().to_owned()
    }

    fn change(&self, name: &str, statement: &str) {
        sql(&self.dir.path().join(name), &[statement.to_owned()]);
    }

    /// The relay's own census: of the groups, with so many entries of which so many were unread.
    fn claim(&self, entries: u64, unread: u64) -> String {
        let payload = private_message();
        let mut counter = Counter::new(Form::MlsPrivateMessage);
        for number in 0..entries {
            counter.add(payload.len() as u64, &payload, number >= unread);
        }
        let table = |name: &str, rows| Table {
            table: name.to_owned(),
            columns: Vec::new(),
            rows,
        };
        let census = StorageCensus {
            taken: Time::from_millis(0).unwrap(),
            schema_versions: Vec::new(),
            tables: vec![table("groups.entries", entries), table("groups.lanes", 1)],
            stored: vec![counter.finish()],
            unparsed_total: unread,
        };
        let statement = census.statement(vec![Subject::of("relay", b"")]).unwrap();
        let mut envelope = statement.to_envelope().unwrap();
        envelope.sign(&evidence_key(3));
        fs::write(self.path("claim.json"), envelope.to_json()).unwrap();
        self.path("claim.json")
    }
}

fn found(args: &[&str]) -> (i32, Value) {
    let output = run(args);
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    (output.status.code().unwrap(), said)
}

#[test]
fn everything_is_counted_and_what_is_unknown_is_named() {
    let dumps = Dumps::new();
    dumps.change("groups.db", "ALTER TABLE logs ADD COLUMN title TEXT");
    let (groups, account) = (dumps.path("groups.db"), dumps.path("copy of accounts"));
    let before = fs::read(&groups).unwrap();
    let (code, said) = found(&[
        "--json",
        "census",
        "--database",
        &groups,
        "--database",
        &account,
    ]);
    assert_eq!(code, 0, "{said}");
    let said = &said["result"];
    assert_eq!(
        said["unknown_columns"],
        serde_json::json!(["groups.logs.title"])
    );
    assert_eq!(said["unparsed"], 0);
    let counts = said["stored"].as_array().unwrap().iter();
    let counts: Vec<_> = counts
        .map(|one| {
            (
                one["form"].as_str().unwrap(),
                one["count"].as_u64().unwrap(),
            )
        })
        .collect();
    let all = [
        ("mls-private-message", 2),
        ("inbox-envelope", 1),
        ("log-entry", 1),
        ("signed-statement", 1),
    ];
    assert_eq!(counts, all);
    let text = good(&["census", "--database", &groups]);
    assert!(
        text.contains("  groups.entries, 2 rows: id, log_id, payload\n"),
        "{text}"
    );
    assert!(
        text.contains("not known: the column groups.logs.title\n"),
        "{text}"
    );
    assert!(
        fs::read(&groups).unwrap() == before,
        "the dump is as it was"
    );
}

#[test]
fn a_text_among_the_ciphertexts_is_named_by_its_row() {
    let dumps = Dumps::new();
    dumps.change(
        "groups.db",
        "INSERT INTO entries VALUES (9, 1, CAST('Noon?' AS BLOB))",
    );
    dumps.change(
        "copy of accounts",
        "INSERT INTO inbox VALUES (5, CAST('Noon?' AS BLOB))",
    );
    dumps.change(
        "copy of accounts",
        "INSERT INTO tree_bundles VALUES (1, 4, 1, x'00')",
    );
    let (groups, account) = (dumps.path("groups.db"), dumps.path("copy of accounts"));
    let (code, said) = found(&[
        "--json",
        "census",
        "--database",
        &groups,
        "--database",
        &account,
    ]);
    assert_eq!(code, 8, "{said}");
    let said = &said["error"]["found"];
    assert_eq!(said["unparsed"], 3, "{said}");
    let rows = [
        "groups.entries, row 9",
        "account.inbox, row 5",
        "account.tree_bundles, row 4",
    ];
    assert_eq!(said["unparsed_rows"], serde_json::json!(rows));
}

#[test]
fn the_relays_own_census_is_held_against_the_dump() {
    let dumps = Dumps::new();
    let groups = dumps.path("groups.db");
    let key = dumps.path("relay.pem");
    fs::write(&key, to_pem(&evidence_key(3).public())).unwrap();
    let claim = dumps.claim(5, 0);
    let args = [
        "census",
        "--database",
        &groups,
        "--census",
        &claim,
        "--signer",
        &key,
    ];
    let text = good(&args);
    for told in [
        "differs: groups.entries, rows: 2 here, 5 by the relay\n",
        "differs: groups.entries.payload is not in the relay's census\n",
        "differs: groups.lanes is not in the dump\n",
        "differs: groups.logs is not in the relay's census\n",
        "differs: mls-private-message, stored: 2 here, 5 by the relay",
    ] {
        assert!(text.contains(told), "{told}: {text}");
    }
    assert!(!text.contains("--signer"), "{text}");
    assert!(good(&args[..5]).contains("not checked without --signer"));
    // What is wrong, told by the relay and not.
    dumps.change(
        "groups.db",
        "INSERT INTO entries VALUES (9, 1, CAST('Noon?' AS BLOB))",
    );
    for (unread, hidden) in [(0, true), (1, false)] {
        dumps.claim(3, unread);
        let output = run(&args);
        assert_eq!(output.status.code(), Some(8));
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(said.contains("does not say so"), hidden, "{said}");
    }
    fs::write(&key, to_pem(&evidence_key(4).public())).unwrap();
    let (code, said) = bad(&args);
    assert_eq!(code, 8, "{said}");
}

#[test]
fn what_is_no_dump_is_refused() {
    let dumps = Dumps::new();
    let text = dumps.path("text");
    fs::write(&text, "no database".repeat(100)).unwrap();
    for wrong in [&text, &dumps.path("nothing")] {
        let (code, said) = bad(&["census", "--database", wrong]);
        assert_eq!(code, 3, "{said}");
        assert!(said.contains("hint: "), "{said}");
    }
    let groups = dumps.path("groups.db");
    let (code, said) = bad(&["census", "--database", &groups, "--database", &groups]);
    assert_eq!(code, 2, "{said}");
    let (code, said) = bad(&["census", "--database", &groups, "--census", &text]);
    assert_eq!(code, 8, "{said}");
}
