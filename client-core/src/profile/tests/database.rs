use std::path::{Path, PathBuf};
use std::pin::pin;
use std::time::{Duration, Instant};

use futures_util::poll;
use sealwire_crypto::SecretBytes;
use sqlx::{Connection, Executor, Row};
use tempfile::TempDir;

use super::{mode, names};
use crate::error::{CoreError, ErrorKind};
use crate::profile::Database;

const SECRET: &str = "Alice meets Bob at the lighthouse";
const MESSAGES: (&str, &str) = (
    "0001_message",
    "CREATE TABLE message (id INTEGER PRIMARY KEY, body TEXT NOT NULL);
     CREATE TABLE note (id INTEGER PRIMARY KEY, body TEXT);",
);

fn key(byte: u8) -> SecretBytes<32> {
    SecretBytes::fill(|bytes| *bytes = [byte; 32])
}

async fn profile() -> (TempDir, PathBuf, Database) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("profile.db");
    let database = Database::open(&path, &key(1), true).await.unwrap();
    database.migrate(&[MESSAGES]).await.unwrap();
    (dir, path, database)
}

async fn add(database: &Database, body: &str) -> Result<(), CoreError> {
    let mut writer = database.writer.lock().await;
    let mut transaction = database.begin(&mut writer).await?;
    sqlx::query("INSERT INTO message (body) VALUES (?)")
        .bind(body)
        .execute(&mut *transaction)
        .await?;
    Ok(transaction.commit().await?)
}

async fn count(database: &Database) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM message")
        .fetch_one(&database.readers)
        .await
        .unwrap()
}

async fn refused(path: &Path, byte: u8) -> CoreError {
    Database::open(path, &key(byte), false)
        .await
        .map(drop)
        .unwrap_err()
}

#[tokio::test]
async fn a_step_given_up_while_it_begins_holds_up_nobody() {
    let (_dir, _, database) = profile().await;
    for polls in 1..8 {
        {
            let mut writer = database.writer.lock().await;
            let mut begin = pin!(database.begin(&mut writer));
            for _ in 0..polls {
                if poll!(begin.as_mut()).is_ready() {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(3)).await;
            }
        }
        add(&database, "next").await.unwrap();
        assert_eq!(count(&database).await, polls);
    }
}

#[tokio::test]
async fn no_plain_text_is_in_any_file_and_all_are_private() {
    let (dir, _, database) = profile().await;
    for _ in 0..100 {
        add(&database, SECRET).await.unwrap();
    }
    assert_eq!(count(&database).await, 100);
    assert_eq!(
        names(dir.path()),
        ["profile.db", "profile.db-shm", "profile.db-wal"]
    );
    let look = || {
        for name in names(dir.path()) {
            let path = dir.path().join(&name);
            assert_eq!(mode(&path), 0o600, "{name}");
            let bytes = std::fs::read(&path).unwrap();
            for plain in [
                SECRET.as_bytes(),
                b"lighthouse",
                b"CREATE TABLE",
                b"SQLite format",
            ] {
                let found = bytes.windows(plain.len()).any(|window| window == plain);
                assert!(!found, "{name} has {}", plain.escape_ascii());
            }
        }
    };
    look();
    assert!(
        std::fs::metadata(dir.path().join("profile.db-wal"))
            .unwrap()
            .len()
            > 4096
    );
    database.close().await.unwrap();
    look();
    assert_eq!(names(dir.path()), ["profile.db"]);
}

#[tokio::test]
async fn the_settings_are_in_force() {
    let (_dir, _, database) = profile().await;
    let mut writer = database.writer.lock().await;
    for (pragma, value) in [
        ("secure_delete", 1),
        ("synchronous", 2),
        ("temp_store", 2),
        ("foreign_keys", 1),
        ("busy_timeout", 5000),
        ("page_size", 4096),
    ] {
        let row = sqlx::query(&format!("PRAGMA {pragma}"))
            .fetch_one(&mut *writer)
            .await
            .unwrap();
        // SQLCipher answers some of these in text.
        assert_eq!(row.get_unchecked::<i64, _>(0), value, "{pragma}");
    }
    let journal: String = sqlx::query_scalar("PRAGMA journal_mode")
        .fetch_one(&mut *writer)
        .await
        .unwrap();
    assert_eq!(journal, "wal");
    drop(writer);
    let written = sqlx::query("INSERT INTO message (body) VALUES ('x')")
        .execute(&database.readers)
        .await;
    assert!(written.unwrap_err().to_string().contains("readonly"));
    let printed = format!("{:?}", database.readers);
    assert!(!printed.contains("0101010101"), "{printed}");
}

#[tokio::test]
async fn a_wrong_key_and_damage_are_told_apart() {
    let (_dir, path, database) = profile().await;
    for _ in 0..200 {
        add(&database, &SECRET.repeat(50)).await.unwrap();
    }
    database.close().await.unwrap();
    let again = Database::open(&path, &key(1), false).await.unwrap();
    assert_eq!(count(&again).await, 200);
    again.close().await.unwrap();

    let error = refused(&path, 2).await;
    assert_eq!((error.kind, error.code), (ErrorKind::Locked, "wrong_key"));
    let exists = Database::open(&path, &key(1), true).await.map(drop);
    assert_eq!(exists.unwrap_err().code, "profile_exists");
    let none = refused(&path.with_extension("none"), 1).await;
    assert_eq!((none.kind, none.code), (ErrorKind::Locked, "no_profile"));

    let good = std::fs::read(&path).unwrap();
    let mut plain = good.clone();
    plain[..16].copy_from_slice(b"SQLite format 3\0");
    let bad = [
        &good[..good.len() - 4096],
        &good[..good.len() - 1],
        &good[..0],
        &plain,
    ];
    for bytes in bad {
        std::fs::write(&path, bytes).unwrap();
        let error = refused(&path, 1).await;
        assert_eq!(
            (error.kind, error.code),
            (ErrorKind::Io, "profile_damaged"),
            "{}",
            bytes.len()
        );
        assert!(!error.hint.is_empty());
    }
    std::fs::write(&path, &good).unwrap();
    let again = Database::open(&path, &key(1), false).await.unwrap();
    assert_eq!(count(&again).await, 200);
}

#[tokio::test]
async fn readers_see_the_last_commit_and_a_second_writer_waits() {
    let (_dir, path, alice) = profile().await;
    let bob = Database::open(&path, &key(1), false).await.unwrap();
    let mut writer = alice.writer.lock().await;
    let mut transaction = alice.begin(&mut writer).await.unwrap();
    transaction
        .execute("INSERT INTO message (body) VALUES ('from Alice')")
        .await
        .unwrap();
    assert_eq!(count(&alice).await, 0, "not committed yet");
    let started = Instant::now();
    let waiting = tokio::spawn(async move {
        add(&bob, "from Bob").await.unwrap();
        bob
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!waiting.is_finished());
    transaction.commit().await.unwrap();
    let bob = waiting.await.unwrap();
    assert!(started.elapsed() < Duration::from_secs(5));
    assert_eq!(count(&bob).await, 2);
    assert_eq!(count(&alice).await, 2);
}

#[tokio::test]
async fn a_full_disk_leaves_everything_as_it_was() {
    let (_dir, _, database) = profile().await;
    add(&database, "before").await.unwrap();
    let mut writer = database.writer.lock().await;
    let pages: i64 = sqlx::query_scalar("PRAGMA page_count")
        .fetch_one(&mut *writer)
        .await
        .unwrap();
    let limit = format!("PRAGMA max_page_count = {}", pages + 2);
    writer.execute(limit.as_str()).await.unwrap();
    drop(writer);
    let error = add(&database, &SECRET.repeat(10_000)).await.unwrap_err();
    assert_eq!((error.kind, error.code), (ErrorKind::Io, "disk_full"));
    assert_eq!(count(&database).await, 1);
    // Small things still fit, and the connection is fit to write them.
    add(&database, "after").await.unwrap();
    assert_eq!(count(&database).await, 2);
}

#[tokio::test]
async fn a_dropped_transaction_is_undone_before_the_next_begins() {
    let (_dir, _, database) = profile().await;
    add(&database, "kept").await.unwrap();
    let mut writer = database.writer.lock().await;
    let mut dropped = database.begin(&mut writer).await.unwrap();
    dropped.execute("DELETE FROM message").await.unwrap();
    drop(dropped);
    drop(writer);
    add(&database, "next").await.unwrap();
    assert_eq!(count(&database).await, 2);
}

#[tokio::test]
async fn each_migration_runs_once_and_whole() {
    let (_dir, _, database) = profile().await;
    add(&database, "kept").await.unwrap();
    let broken = (
        "0002_broken",
        "ALTER TABLE message ADD COLUMN at INTEGER; SELECT nonsense;",
    );
    database.migrate(&[MESSAGES, broken]).await.unwrap_err();
    let mended = ("0002_broken", "ALTER TABLE message ADD COLUMN at INTEGER");
    database.migrate(&[MESSAGES, mended]).await.unwrap();
    database.migrate(&[MESSAGES, mended]).await.unwrap();
    assert_eq!(count(&database).await, 1);

    let error = database.migrate(&[MESSAGES]).await.unwrap_err();
    assert_eq!(error.code, "profile_newer");
    assert!(
        error.message.contains("made by a newer version"),
        "{}",
        error.message
    );
}

/// Not a test: what wiping every allocation of SQLCipher costs. Prints times.
#[tokio::test]
#[ignore = "a measurement"]
async fn cost_of_memory_security() {
    for setting in ["OFF", "ON"] {
        let (_dir, _, database) = profile().await;
        {
            let mut writer = database.writer.lock().await;
            let pragma = format!("PRAGMA cipher_memory_security = {setting}");
            writer.execute(pragma.as_str()).await.unwrap();
        }
        let started = Instant::now();
        for _ in 0..500 {
            add(&database, SECRET).await.unwrap();
        }
        let writes = started.elapsed();
        let mut writer = database.writer.lock().await;
        let started = Instant::now();
        for _ in 0..2000 {
            let _: Vec<String> = sqlx::query_scalar("SELECT body FROM message LIMIT 50")
                .fetch_all(&mut *writer)
                .await
                .unwrap();
        }
        println!(
            "{setting}: 500 writes {writes:?}, 2000 reads {:?}",
            started.elapsed()
        );
        writer.ping().await.unwrap();
    }
}
