//! Uploads on bad days.

use std::time::Duration;

use sealwire_protocol::blob::BlobMetadata;
use sealwire_protocol::problem::Code;

use crate::support::{Blob, Relay, RelayBuilder};

/// Lets a process ignore the signal that a bound on file sizes sends, so that it sees the error.
const DEAF: [&str; 4] = ["sh", "-c", "trap '' XFSZ; exec \"$@\"", "sh"];
const MIB: usize = 1 << 20;

/// Waits until an upload's spool file has so many bytes.
async fn spooled(relay: &Relay, blob: &Blob, bytes: u64) {
    let file = relay
        .data()
        .join("uploads")
        .join(blob.metadata.blob.to_string());
    for _ in 0..1000 {
        if std::fs::metadata(&file).is_ok_and(|file| file.len() >= bytes) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{bytes} bytes do not arrive");
}

#[tokio::test]
async fn what_came_before_a_connection_broke_counts() {
    let relay = Relay::new();
    let blob = Blob::new(2 * MIB);
    relay.make(&blob).await.expect("made");
    let mut patch = relay.slow_patch(&blob, 0).await;
    patch.send(&blob.sealed[..MIB]).await;
    spooled(&relay, &blob, MIB as u64).await;
    drop(patch);
    assert_eq!(relay.offset(&blob).await.expect("known"), MIB as u64);
    assert_eq!(relay.resume(&blob).await, blob.len());
    assert!(relay.fetch(&blob).await.expect("read") == blob.sealed);
    assert_eq!(relay.files("uploads"), 0);
}

#[tokio::test]
async fn kill_9_in_the_middle_loses_nothing_that_was_told() {
    let mut relay = Relay::new();
    let blob = Blob::new(20 * MIB);
    relay.make(&blob).await.expect("made");
    let first = MIB as u64;
    relay
        .patch(&blob, 0, &blob.sealed[..MIB])
        .await
        .expect("taken");
    let mut patch = relay.slow_patch(&blob, first).await;
    patch.send(&blob.sealed[MIB..12 * MIB]).await;
    spooled(&relay, &blob, 12 * first).await;
    relay.kill();
    relay.start();
    let offset = relay.offset(&blob).await.expect("known");
    // What was told, and what was made durable every 8 MiB since.
    assert!((9 * first..=12 * first).contains(&offset), "{offset}");
    assert_eq!(relay.resume(&blob).await, blob.len());
    assert!(relay.fetch(&blob).await.expect("read") == blob.sealed);
}

#[tokio::test]
async fn the_same_offset_twice_is_refused() {
    let relay = Relay::new();
    let blob = Blob::new(200_000);
    relay.make(&blob).await.expect("made");
    let (first, rest) = blob.sealed.split_at(1000);
    assert_eq!(relay.patch(&blob, 0, first).await.expect("taken"), 1000);
    for offset in [0, 999, 1001, u64::MAX] {
        let refused = relay
            .patch(&blob, offset, first)
            .await
            .expect_err("refused");
        assert_eq!(refused.code, Code::OffsetConflict, "{offset}");
    }
    let more = [rest, b"more"].concat();
    let refused = relay.patch(&blob, 1000, &more).await.expect_err("too much");
    assert_eq!(refused.code, Code::TooLarge);
    assert_eq!(relay.resume(&blob).await, blob.len());
    // Whole: nothing changes it any more.
    let again = relay.patch(&blob, 0, first).await.expect_err("whole");
    assert_eq!(again.code, Code::OffsetConflict);
    let refused = relay.patch(&blob, blob.len(), b"more").await;
    assert_eq!(refused.expect_err("whole").code, Code::TooLarge);
    assert_eq!(
        relay.patch(&blob, blob.len(), b"").await.expect("nothing"),
        blob.len()
    );
    assert!(relay.fetch(&blob).await.expect("read") == blob.sealed);
}

#[tokio::test]
async fn the_same_id_with_other_bytes_or_values_is_a_conflict() {
    let relay = Relay::new();
    let blob = Blob::new(100_000);
    let half = &blob.sealed[..50_000];
    assert_eq!(relay.put(&blob, half).await.expect("taken"), 50_000);
    let mut other = blob.sealed.clone();
    other[10] ^= 1;
    let conflict = |refused: Result<u64, crate::support::Refused>| {
        assert_eq!(refused.expect_err("refused").code, Code::BlobConflict);
    };
    conflict(relay.put(&blob, &other).await);
    assert_eq!(
        relay.put(&blob, &blob.sealed).await.expect("repeated"),
        blob.len()
    );
    // Now that it is whole, too; a repeat of it all is answered as the first.
    conflict(relay.put(&blob, &other).await);
    assert_eq!(
        relay.put(&blob, &blob.sealed).await.expect("repeated"),
        blob.len()
    );
    for metadata in [
        BlobMetadata {
            days: 29,
            ..blob.metadata
        },
        BlobMetadata {
            read_token_hash: [1; 32],
            ..blob.metadata
        },
        BlobMetadata {
            delete_token_hash: [1; 32],
            ..blob.metadata
        },
    ] {
        let other = Blob {
            metadata,
            ..blob.clone()
        };
        conflict(relay.put(&other, &blob.sealed).await);
    }
    let longer = Blob {
        metadata: blob.metadata,
        ..Blob::new(300_000)
    };
    conflict(relay.put(&longer, &longer.sealed).await);
    assert!(relay.fetch(&blob).await.expect("read") == blob.sealed);
}

#[tokio::test]
async fn a_newer_request_ends_the_older() {
    let relay = Relay::new();
    let blob = Blob::new(MIB);
    relay.make(&blob).await.expect("made");
    let mut old = relay.slow_patch(&blob, 0).await;
    old.send(&blob.sealed[..5000]).await;
    spooled(&relay, &blob, 5000).await;
    assert_eq!(relay.resume(&blob).await, blob.len());
    let answer = old.answer().await;
    assert!(answer.starts_with("HTTP/1.1 409 "), "{answer}");
    assert!(relay.fetch(&blob).await.expect("read") == blob.sealed);
}

#[tokio::test]
async fn a_full_disk_in_the_middle_is_told_and_the_upload_goes_on_later() {
    let relay = RelayBuilder::new().wrapped(&DEAF).start();
    let blob = Blob::new(6 * MIB);
    relay.make(&blob).await.expect("made");
    relay.bound_files(Some(3 * MIB as u64));
    let refused = relay.patch(&blob, 0, &blob.sealed).await.expect_err("full");
    assert_eq!(refused.code, Code::StorageFull);
    let offset = relay.offset(&blob).await.expect("known");
    assert!((1..=3 * MIB as u64).contains(&offset), "{offset}");
    relay.bound_files(None);
    assert_eq!(relay.resume(&blob).await, blob.len());
    assert!(relay.fetch(&blob).await.expect("read") == blob.sealed);
}

#[tokio::test]
async fn full_storage_is_told_and_space_comes_back() {
    let mut relay = RelayBuilder::new()
        .section("[storage]\nblob_mib = 3")
        .start();
    let (first, second) = (Blob::new(2 * MIB), Blob::new(2 * MIB));
    relay.make(&second).await.expect("made while there is room");
    relay.put(&first, &first.sealed).await.expect("stored");
    let refused = relay.patch(&second, 0, &second.sealed).await;
    assert_eq!(refused.expect_err("full").code, Code::StorageFull);
    relay.kill();
    relay.start();
    let third = Blob::new(2 * MIB);
    let refused = relay
        .make(&third)
        .await
        .expect_err("full after a restart, too");
    assert_eq!(refused.code, Code::StorageFull);
    relay.delete(&first).await.expect("removed");
    assert_eq!(relay.resume(&second).await, second.len());
}

#[tokio::test]
async fn an_address_uploads_so_much_a_day() {
    let relay = RelayBuilder::new()
        .limit("blob_mib_per_address_per_day", 1)
        .start();
    let blob = Blob::new(2 * MIB);
    relay.make(&blob).await.expect("made");
    let refused = relay
        .patch(&blob, 0, &blob.sealed)
        .await
        .expect_err("too much");
    assert_eq!(refused.code, Code::RateLimited);
    let offset = relay.offset(&blob).await.expect("known");
    assert!(
        (1..MIB as u64).contains(&offset),
        "what came before counts: {offset}"
    );
}

/// Ten at once, each with a connection that brings a little at a time.
#[tokio::test]
async fn slow_uploaders_cost_little_memory() {
    const EACH: usize = 24 * MIB;
    let relay = Relay::new();
    let (before, _) = relay.memory();
    let mut uploads = Vec::new();
    for _ in 0..10 {
        let blob = Blob::new(EACH);
        relay.make(&blob).await.expect("made");
        let patch = relay.slow_patch(&blob, 0).await;
        uploads.push((blob, patch, 0));
    }
    while uploads[0].2 < EACH {
        for (blob, patch, sent) in &mut uploads {
            let end = (*sent + 500_000).min(blob.sealed.len());
            patch.send(&blob.sealed[*sent..end]).await;
            *sent = end;
        }
    }
    for (blob, mut patch, sent) in uploads {
        patch.send(&blob.sealed[sent..]).await;
        let answer = patch.answer().await;
        assert!(answer.starts_with("HTTP/1.1 204 "), "{answer}");
        assert_eq!(relay.offset(&blob).await.expect("known"), blob.len());
    }
    let (_, most) = relay.memory();
    println!(
        "10 uploads of 24 MiB at once: {} MiB more",
        (most - before) >> 20
    );
    assert!(most - before < 64 << 20, "{before} before, {most} at most");
}

#[tokio::test]
async fn a_blob_that_expires_during_a_download_is_gone_for_the_next() {
    let relay = Relay::new();
    let blob = Blob::new(8 * MIB);
    relay.put(&blob, &blob.sealed).await.expect("stored");
    let mut download = relay.download(&blob, None).await.expect("begun");
    let mut got = download
        .chunk()
        .await
        .expect("bytes")
        .expect("some")
        .to_vec();
    relay
        .sql("blobs.db", "UPDATE blobs SET expires_at = 1")
        .await;
    let refused = relay.fetch(&blob).await.expect_err("expired");
    assert_eq!(refused.code, Code::BlobUnknown);
    assert!(relay.offset(&blob).await.is_err());
    let report = relay.retention().await;
    assert_eq!(report["removed"][0]["kind"], "blob");
    assert_eq!(relay.files("blobs"), 0);
    // What has begun may end or be cut off, but never brings anything else.
    while let Ok(Some(chunk)) = download.chunk().await {
        got.extend_from_slice(&chunk);
    }
    assert!(blob.sealed.starts_with(&got));
    let range = relay.download(&blob, Some("bytes=5-")).await;
    assert_eq!(range.expect_err("gone").code, Code::BlobUnknown);
}

/// Whatever moment the relay died at, rows and files agree after its next start.
#[tokio::test]
async fn rows_and_files_agree_after_a_crash() {
    let mut relay = Relay::new();
    let [whole, part, lost, moved] = [1, 2, 3, 4].map(|_| Blob::new(100_000));
    for blob in [&whole, &lost, &moved] {
        relay.put(blob, &blob.sealed).await.expect("stored");
    }
    relay.put(&part, &part.sealed[..7000]).await.expect("taken");
    relay.kill();
    let data = relay.data();
    let file = |blob: &Blob| {
        let name = blob.metadata.blob.to_string();
        data.join("blobs").join(&name[..2]).join(name)
    };
    // Died between moving a whole upload and saying so.
    let id = moved.metadata.blob;
    let undone =
        format!("UPDATE blobs SET state = 0, received = 5 WHERE hex(blob) = upper('{id}')");
    assert_eq!(relay.sql("blobs.db", &undone).await, 1);
    // Wrote more than it had told of.
    let upload = data.join("uploads").join(part.metadata.blob.to_string());
    let mut bytes = std::fs::read(&upload).expect("there");
    bytes.extend_from_slice(&[0; 500]);
    std::fs::write(&upload, bytes).expect("written");
    // Files that no row knows, and a row without a file.
    let stranger = Blob::new(1).metadata.blob.to_string();
    std::fs::write(data.join("uploads").join(&stranger), "stray").expect("written");
    std::fs::create_dir_all(data.join("blobs").join(&stranger[..2])).expect("made");
    std::fs::write(
        data.join("blobs").join(&stranger[..2]).join(&stranger),
        "stray",
    )
    .expect("written");
    std::fs::remove_file(file(&lost)).expect("removed");
    relay.start();
    assert_eq!(relay.files("uploads"), 1);
    assert_eq!(relay.files("blobs"), 2);
    assert_eq!(relay.offset(&part).await.expect("known"), 7000);
    assert_eq!(relay.resume(&part).await, part.len());
    for blob in [&whole, &part, &moved] {
        assert!(relay.fetch(blob).await.expect("read") == blob.sealed);
    }
    assert!(relay.offset(&lost).await.is_err(), "forgotten");
    assert!(relay.log().contains("files are gone"));
}
