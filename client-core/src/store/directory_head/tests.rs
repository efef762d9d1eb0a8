//! Roots at older sizes, and who may wait for how much.

use sealwire_audit::commitment::{Commitment, DirectoryIndex};
use sealwire_crypto::SecretBytes;
use tempfile::TempDir;

use super::*;
use crate::profile::Database;
use crate::store::{MIGRATIONS, add_directory_leaf};

/// More than two stored edges.
const SIZE: u64 = 2 * EDGE_EVERY + 77;

async fn database() -> (TempDir, Database) {
    let dir = tempfile::tempdir().unwrap();
    let key = SecretBytes::fill(|bytes: &mut [u8; 32]| *bytes = [7; 32]);
    let path = dir.path().join("profile.db");
    let db = Database::open(&path, &key, true).await.unwrap();
    db.migrate(MIGRATIONS).await.unwrap();
    (dir, db)
}

/// Stores the log's entries; gives the roots at some sizes.
async fn log(db: &Database, sizes: &[u64]) -> Vec<Hash> {
    let mut conn = db.writer.lock().await;
    let mut tx = db.begin(&mut conn).await.unwrap();
    let (mut edge, mut roots) = (Edge::new(), Vec::new());
    for number in 0..=SIZE {
        if sizes.contains(&number) {
            roots.push(edge.root());
        }
        let mut commitment = [9; 32];
        commitment[..8].copy_from_slice(&number.to_be_bytes());
        let (index, commitment) = (DirectoryIndex([3; 16]), Commitment(commitment));
        let leaf = add_directory_leaf(&mut tx, number, &index, &commitment);
        leaf.await.unwrap();
        edge.push(&[index.0.as_slice(), &commitment.0].concat(), |_| {})
            .unwrap();
    }
    tx.commit().await.unwrap();
    roots
}

#[tokio::test]
async fn older_roots_are_computed_while_somebody_writes() {
    let (_dir, db) = database().await;
    let sizes = [0, 1, EDGE_EVERY, EDGE_EVERY + 3, SIZE];
    let roots = log(&db, &sizes).await;
    // A message is being taken, and is not done before the roots are.
    let mut conn = db.writer.lock().await;
    let mut tx = db.begin(&mut conn).await.unwrap();
    let mut computed = Vec::new();
    for (size, root) in sizes.iter().zip(&roots) {
        let mut reader = db.readers.acquire().await.unwrap();
        let (found, edges) = directory_root_at(&mut reader, *size).await.unwrap();
        assert_eq!(found, *root, "{size}");
        let passed: Vec<u64> = edges.iter().map(Edge::size).collect();
        let all = (1..=*size / EDGE_EVERY).map(|number| number * EDGE_EVERY);
        assert_eq!(passed, all.collect::<Vec<_>>(), "{size}");
        computed.push((*size, found, edges));
    }
    for (size, root, edges) in &computed {
        let keep = keep_directory_root(&mut tx, *size, root, edges);
        keep.await.unwrap();
    }
    tx.commit().await.unwrap();
    drop(conn);
    let mut reader = db.readers.acquire().await.unwrap();
    for (size, root) in sizes.iter().zip(&roots) {
        let known = known_directory_root(&mut reader, *size).await.unwrap();
        assert_eq!(known, Some(*root));
    }
    // From the stored edge on: without the entries before it.
    let mut conn = db.writer.lock().await;
    sqlx::query("DELETE FROM directory_leaf WHERE number < ?")
        .bind(to_db(EDGE_EVERY))
        .execute(&mut *conn)
        .await
        .unwrap();
    let (root, passed) = directory_root_at(&mut conn, EDGE_EVERY + 3).await.unwrap();
    assert_eq!((root, passed.len()), (roots[3], 0));
    assert!(directory_root_at(&mut conn, SIZE + 9).await.is_err());
}

async fn hears(db: &Database, who: &str, size: u64, at_ms: u64) {
    let mut conn = db.writer.lock().await;
    let seen = SeenHead {
        size,
        root: [1; 32],
        source: who.to_owned(),
    };
    await_directory_head(&mut conn, &seen, b"signed", at_ms)
        .await
        .unwrap();
}

async fn waiting(db: &Database, who: &str) -> Vec<u64> {
    let mut conn = db.readers.acquire().await.unwrap();
    let heads = directory_heads_of_others(&mut conn).await.unwrap();
    let of_one = heads.into_iter().filter(|head| head.source == who);
    of_one.map(|head| head.size).collect()
}

#[tokio::test]
async fn nobody_pushes_out_the_heads_of_others() {
    let (_dir, db) = database().await;
    hears(&db, "alice@acme", 5, 0).await;
    for size in 0..1_000 {
        hears(&db, "mallory@acme", 100 + size, size).await;
    }
    hears(&db, "bob@acme", 7, 2_000).await;
    hears(&db, "alice@acme", 6, 2_000).await;
    assert_eq!(waiting(&db, "alice@acme").await, [5, 6]);
    assert_eq!(waiting(&db, "bob@acme").await, [7]);
    // Of one who says much, the first and the last.
    let most = u64::try_from(MOST_OF_ONE).unwrap();
    let mut kept: Vec<u64> = (100..100 + most - 1).collect();
    kept.push(1_099);
    assert_eq!(waiting(&db, "mallory@acme").await, kept);
    // Another device of the same person, which is behind, takes the place of none.
    hears(&db, "mallory@acme", 100, 3_000).await;
    assert_eq!(waiting(&db, "mallory@acme").await, kept);
    // Since when somebody knows of more is still known.
    let mut conn = db.readers.acquire().await.unwrap();
    assert_eq!(newer_head_since(&mut conn, 5).await.unwrap(), Some(0));
}

#[tokio::test]
async fn what_waits_is_bounded_altogether() {
    let (_dir, db) = database().await;
    let most = u64::try_from(MOST_WAITING).unwrap();
    {
        let mut conn = db.writer.lock().await;
        let mut tx = db.begin(&mut conn).await.unwrap();
        for number in 0..most {
            let seen = SeenHead {
                size: number,
                root: [1; 32],
                source: format!("mallory{number}@acme"),
            };
            keep_directory_head(&mut tx, &seen, b"", 0).await.unwrap();
        }
        tx.commit().await.unwrap();
    }
    hears(&db, "alice@acme", 5, 1).await;
    assert!(waiting(&db, "alice@acme").await.is_empty());
    // Evidence always finds room, and so do heads that were checked.
    let mut conn = db.writer.lock().await;
    let seen = SeenHead {
        size: 1,
        root: [2; 32],
        source: OF_RELAY.to_owned(),
    };
    keep_directory_head(&mut conn, &seen, b"", 0).await.unwrap();
    let evidence = directory_evidence(&mut conn).await.unwrap();
    assert!(evidence.iter().any(|head| head.source == OF_RELAY));
}
