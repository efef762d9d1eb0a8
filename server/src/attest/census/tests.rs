use std::collections::BTreeSet;
use std::time::Duration;

use sealwire_audit::predicate::{Form, Stored, known_columns};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Executor as _};
use tokio_util::sync::CancellationToken;

use super::*;
use crate::data_dir::DataDir;
use crate::relay::Planes;

/// The files of a relay that was started once and stopped.
async fn made() -> (tempfile::TempDir, Config) {
    let dir = tempfile::tempdir().expect("a directory");
    let data = DataDir::open(dir.path()).expect("free");
    let config = Config {
        organisation: "acme".into(),
        ..Config::default()
    };
    let planes = Planes::open(&config, &data, CancellationToken::new()).await;
    let planes = planes.expect("opened");
    planes.group.close(Duration::ZERO).await;
    planes.account.close().await;
    (dir, config)
}

async fn sql(data: &Path, file: &str, statement: &str) {
    let options = SqliteConnectOptions::new().filename(data.join(file));
    let mut db = options.connect().await.expect("opened");
    db.execute(statement).await.expect(statement);
}

fn of(census: &StorageCensus, form: Form) -> &Stored {
    let found = census.stored.iter().find(|one| one.form == form);
    found.expect("counted")
}

#[tokio::test]
async fn every_column_has_a_class_and_every_class_a_column() {
    let (dir, config) = made().await;
    let census = take(dir.path(), &config).await.expect("a census");
    let columns = census.tables.iter().flat_map(|table| {
        let named = |name: &String| (table.table.clone(), name.clone());
        table.columns.iter().map(move |column| named(&column.name))
    });
    let there: BTreeSet<_> = columns.collect();
    let known = known_columns().map(|(table, name, _)| (table.to_owned(), name.to_owned()));
    let classified: BTreeSet<_> = known.collect();
    let gone: Vec<_> = classified.difference(&there).collect();
    assert!(gone.is_empty(), "classified, but in no table: {gone:?}");
    assert_eq!(there, classified);
    let files = ["account.db", "groups.db", "blobs.db"];
    let versions = census.schema_versions.iter();
    assert!(versions.clone().all(|one| one.version > 0));
    assert!(versions.map(|one| one.database.as_str()).eq(files));
    sql(
        dir.path(),
        "groups.db",
        "ALTER TABLE logs ADD COLUMN title TEXT",
    )
    .await;
    let error = take(dir.path(), &config).await.expect_err("a new column");
    assert!(error.to_string().contains("groups.logs.title"), "{error}");
}

/// Statements that put TEXT where something else should be.
const PLANTED: [(&str, &str); 3] = [
    (
        "groups.db",
        "INSERT INTO logs VALUES (1, zeroblob(32), zeroblob(32), 30, 0); \
         INSERT INTO lanes VALUES (1, 1, zeroblob(32), 0, x'', 0, 1, x'', 0); \
         INSERT INTO entries VALUES (-5, 1, 1, 1, x'01', 2, 0, x'', TEXT)",
    ),
    (
        "account.db",
        "INSERT INTO key_packages (device, hash, bytes) VALUES (x'01', x'01', TEXT); \
         INSERT INTO key_package_state VALUES (x'01', TEXT, 0, 0, 0, 0), \
         (x'02', x'', 0, 0, 0, 0); \
         INSERT INTO inbox (device, hash, envelope, received_at) \
         VALUES (x'01', x'01', TEXT, 0), (x'01', x'02', zeroblob(4096), 0); \
         INSERT INTO accounts VALUES (1, 'bob@acme', zeroblob(32), 'org_member', 0, 0, 'person'); \
         INSERT INTO devices VALUES (1, zeroblob(16), 1, TEXT, 0, x''); \
         INSERT INTO policies VALUES (1, TEXT); \
         INSERT INTO tree_bundles VALUES (1, 7, 1, TEXT), \
         (2, 7, 2, x'000248690000'); \
         INSERT INTO statements VALUES (1, 'note', TEXT)",
    ),
    (
        "blobs.db",
        "INSERT INTO blobs (blob, read_token_hash, delete_token_hash, days, length, received, \
         state, created_at, touched_at, expires_at) VALUES \
         (zeroblob(16), zeroblob(32), zeroblob(32), 1, 24, 24, 2, 0, 0, 9), \
         (x'01010101010101010101010101010101', zeroblob(32), zeroblob(32), 1, 24, 24, 2, 0, 0, 9), \
         (x'02020202020202020202020202020202', zeroblob(32), zeroblob(32), 1, 24, 24, 2, 0, 0, 9), \
         (x'03030303030303030303030303030303', zeroblob(32), zeroblob(32), 1, 24, 0, 0, 0, 0, 9)",
    ),
];

/// What lies openly is found, in whatever table it was put.
#[tokio::test]
async fn plain_text_is_told_apart() {
    let (dir, config) = made().await;
    let before = take(dir.path(), &config).await.expect("a census");
    assert_eq!(before.unparsed_total, 0);
    let text = "CAST('Lunch at noon?' AS BLOB)";
    for (file, statement) in PLANTED {
        sql(dir.path(), file, &statement.replace("TEXT", text)).await;
    }
    // One blob as it should be, one that is empty, one that is lost, and one of which nothing came.
    for (shard, content) in [("00", [7; 24].as_slice()), ("01", b"")] {
        let shard_dir = dir.path().join("blobs").join(shard);
        std::fs::create_dir(&shard_dir).expect("a folder");
        std::fs::write(shard_dir.join(shard.repeat(16)), content).expect("a file");
    }
    let census = take(dir.path(), &config).await.expect("a census");
    for (form, count, unparsed) in [
        (Form::MlsPrivateMessage, 1, 1),
        (Form::KeyPackage, 2, 2),
        (Form::InboxEnvelope, 2, 1),
        (Form::Certificate, 1, 1),
        (Form::SignedPolicy, 1, 1),
        (Form::LogEntry, 3, 3),
        (Form::SignedStatement, 1, 1),
        (Form::Attachment, 3, 2),
    ] {
        let stored = of(&census, form);
        assert_eq!(
            (stored.count, stored.unparsed),
            (count, unparsed),
            "{form:?}"
        );
    }
    assert_eq!(census.unparsed_total, 12);
    let statement = census.statement(vec![sealwire_audit::statement::Subject::of("relay", b"")]);
    let statement = statement.expect("it adds up");
    assert_eq!(StorageCensus::parse(&statement), Ok(census));
}

/// Row numbers with gaps, and more rows than are read at once.
#[tokio::test]
async fn every_row_is_counted_once() {
    let (dir, config) = made().await;
    sql(
        dir.path(),
        "account.db",
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) \
         INSERT INTO inbox SELECT i * 3 - 2000, x'01', CAST(i AS BLOB), zeroblob(4096), 0 FROM n",
    )
    .await;
    let census = take(dir.path(), &config).await.expect("a census");
    let envelopes = of(&census, Form::InboxEnvelope);
    assert_eq!((envelopes.count, envelopes.unparsed), (1000, 0));
}

/// A stopped relay's files where nothing may be written, and others' files.
#[tokio::test]
async fn a_stopped_relay_is_read_without_writing() {
    let (dir, config) = made().await;
    let frozen = |frozen: bool| {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = if frozen { 0o500 } else { 0o700 };
        let mode = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(dir.path(), mode).expect("changed");
    };
    frozen(true);
    let taken = take(dir.path(), &config).await;
    frozen(false);
    assert_eq!(taken.expect("a census").unparsed_total, 0);
    let elsewhere = tempfile::tempdir().expect("a directory");
    let error = take(elsewhere.path(), &config).await.expect_err("nothing");
    assert!(error.to_string().contains("account.db"), "{error}");
    let left = std::fs::read_dir(elsewhere.path()).expect("listed").count();
    assert_eq!(left, 0);
}
