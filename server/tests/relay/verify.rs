//! What a check of a data directory finds.

use std::path::Path;
use std::process::Output;
use std::time::Duration;

use sqlx::{ConnectOptions, Connection, Executor};

use crate::backup::{failure, fill, run, told, verify};
use crate::support::Relay;

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir(to).expect("made");
    for entry in std::fs::read_dir(from).expect("listed") {
        let entry = entry.expect("listed");
        let to = to.join(entry.file_name());
        let kind = entry.file_type().expect("told");
        if kind.is_dir() {
            copy(&entry.path(), &to);
        } else if kind.is_file() {
            std::fs::copy(entry.path(), to).expect("copied");
        }
    }
}

fn check(data: &Path, config: &Path) -> Output {
    run(&[&"verify", &"--json", &"--data", &data, &"--config", &config])
}

async fn sql(data: &Path, file: &str, statement: &str) {
    let options = sqlx::sqlite::SqliteConnectOptions::new()
        .filename(data.join(file))
        .foreign_keys(false);
    let mut db = options.connect().await.expect("opened");
    let changed = db.execute(statement).await.expect("done").rows_affected();
    assert!(changed > 0, "{statement}");
    db.close().await.expect("closed");
}

/// What is done to which database, and a word of what is then said.
const DAMAGE: [(&str, &str, &str); 18] = [
    (
        "account.db",
        "DELETE FROM accounts WHERE handle LIKE 'bob%'",
        "`devices`",
    ),
    (
        "account.db",
        "UPDATE devices SET certificate = x'00' WHERE number = 2",
        "certificate 2",
    ),
    (
        "account.db",
        "UPDATE devices SET device = randomblob(16) WHERE number = 2",
        "certificate 2",
    ),
    (
        "account.db",
        "UPDATE key_packages SET bytes = substr(bytes, 2) WHERE id = 3",
        "key package 3",
    ),
    (
        "account.db",
        "UPDATE key_package_state SET last_resort = x'0001'",
        "last resort",
    ),
    (
        "account.db",
        "UPDATE inbox SET envelope = x'07'",
        "envelope",
    ),
    (
        "account.db",
        "UPDATE trees SET edge = (SELECT edge FROM trees WHERE tree = 1)",
        "`audit`",
    ),
    (
        "account.db",
        "UPDATE trees SET origin = 'other' WHERE tree = 2",
        "another key",
    ),
    (
        "account.db",
        "UPDATE trees SET checkpoint = (SELECT checkpoint FROM trees WHERE tree = 1)",
        "signed",
    ),
    (
        "account.db",
        "UPDATE tree_tiles SET hashes = CAST(randomblob(32) || substr(hashes, 33) AS BLOB) \
         WHERE tree = 1",
        "tile",
    ),
    (
        "account.db",
        "UPDATE tree_bundles SET leaves = CAST(substr(leaves, 1, 40) || randomblob(1) \
         || substr(leaves, 42) AS BLOB) WHERE tree = 1",
        "`directory`",
    ),
    (
        "account.db",
        "DELETE FROM tree_bundles WHERE tree = 1",
        "`directory`",
    ),
    (
        "account.db",
        "INSERT INTO tree_tiles VALUES (1, 9, 0, x'00')",
        "no entry",
    ),
    (
        "account.db",
        "UPDATE tree_events SET event = '{}' WHERE number = 1",
        "does not open",
    ),
    (
        "account.db",
        "UPDATE statements SET signed = CAST(replace(signed, '\"sig\":\"', '\"sig\":\"AAAA') AS BLOB)",
        "not the one that was logged",
    ),
    (
        "groups.db",
        "UPDATE entries SET payload = x'0001' WHERE seq = 3",
        "entry 3",
    ),
    ("groups.db", "DELETE FROM entries WHERE seq = 4", "lane 1"),
    (
        "groups.db",
        "UPDATE entries SET lane_id = 77 WHERE seq = 5",
        "`entries`",
    ),
];

#[tokio::test]
async fn what_is_damaged_is_told_by_its_part() {
    let mut relay = Relay::new();
    fill(&relay).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(relay.terminate().success());
    let config = relay.config_file();
    let sound = told(&check(&relay.data(), &config));
    assert_eq!(sound["rows"]["groups.db"]["entries"], 19);
    assert_eq!((&sound["blobs"], &sound["ok"]), (&2.into(), &true.into()));
    let dir = tempfile::tempdir().expect("temporary directory");
    for (number, (file, statement, word)) in DAMAGE.into_iter().enumerate() {
        let data = dir.path().join(number.to_string());
        copy(&relay.data(), &data);
        sql(&data, file, statement).await;
        let error = failure(&check(&data, &config));
        assert!(
            error.contains(file) && error.contains(word),
            "{statement}: {error}"
        );
    }
    for key in ["audit.key", "attestations.key", "token-key.der"] {
        let data = dir.path().join(key);
        copy(&relay.data(), &data);
        std::fs::write(data.join(key), "damaged").expect("written");
        let error = failure(&check(&data, &config));
        assert!(error.contains(key), "{error}");
        std::fs::remove_file(data.join(key)).expect("removed");
        let error = failure(&check(&data, &config));
        assert!(error.contains(key), "{error}");
        assert!(!data.join(key).exists(), "none is made");
    }
}

#[tokio::test]
async fn lost_blobs_are_told_and_left_out_of_backups() {
    let relay = Relay::new();
    let filled = fill(&relay).await;
    let id = filled.whole.metadata.blob.to_string();
    let file = relay.data().join("blobs").join(&id[..2]).join(&id);
    std::fs::remove_file(file).expect("removed");
    let error = failure(&check(&relay.data(), &relay.config_file()));
    assert!(error.contains("1 blobs whose bytes are missing"), "{error}");
    let dir = tempfile::tempdir().expect("temporary directory");
    let tar = dir.path().join("backup.tar");
    assert_eq!(relay.backup(&tar)["lost_blobs"], 1);
    let report = told(&verify(&tar));
    assert_eq!(report["blobs"], 1);
}

#[test]
fn a_folder_without_a_relay_is_told() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let error = failure(&run(&[&"verify", &"--data", &dir.path()]));
    assert!(error.contains("relay.toml"), "{error}");
    let missing = dir.path().join("backup.tar");
    let error = failure(&verify(&missing));
    assert!(error.contains("backup.tar"), "{error}");
    assert!(!run(&[&"verify"]).status.success());
}
