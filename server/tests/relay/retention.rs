//! Retention as the operator runs it, on a relay that runs and on one that is stopped.

use std::process::{Output, Stdio};

use sealwire_protocol::problem::Code;
use serde_json::Value;

use crate::support::{Blob, Lane, Relay};

impl Relay {
    fn retention_command(&self, args: &[&str]) -> Output {
        let output = Self::program()
            .args(["retention", "run", "--data"])
            .arg(self.data())
            .args(args)
            .stdin(Stdio::null())
            .output();
        output.expect("ran")
    }

    /// Runs retention; its report.
    pub async fn retention(&self) -> Value {
        let config = self.config_file();
        let config = config.to_str().expect("a path");
        let output = self.retention_command(&["--json", "--config", config]);
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        serde_json::from_slice(&output.stdout).expect("JSON")
    }
}

fn removed(report: &Value, kind: &str) -> Value {
    let list = report["removed"].as_array().expect("a list");
    let found = list.iter().find(|one| one["kind"] == kind);
    found.cloned().unwrap_or(Value::Null)
}

/// Everything that can expire, and a way to make it old.
async fn fill(relay: &Relay) -> Vec<Blob> {
    let (alice, token) = relay.alice().await;
    crate::key_packages::add(relay, &token, 1..=10, Some(99))
        .await
        .expect("added");
    relay
        .post::<()>(
            "inbox",
            &sealwire_protocol::frame::InboxPost {
                device: alice.device().as_bytes().to_vec().into(),
                envelope: vec![7; 4096].into(),
            },
        )
        .await
        .expect("posted");
    let lane = Lane::new();
    let mut socket = relay.socket().await;
    socket.create(&lane).await;
    socket.append(&lane.message(1)).await;
    socket.append(&lane.message(1)).await;
    let [whole, part, young] = [1, 2, 3].map(|_| Blob::new(50_000));
    for blob in [&whole, &young] {
        relay.put(blob, &blob.sealed).await.expect("stored");
    }
    relay.put(&part, &part.sealed[..1000]).await.expect("taken");
    let old = format!("WHERE hex(blob) != upper('{}')", young.metadata.blob);
    relay
        .sql(
            "blobs.db",
            &format!("UPDATE blobs SET created_at = 1000, touched_at = 1000 {old}"),
        )
        .await;
    relay
        .sql(
            "groups.db",
            "UPDATE entries SET received_at = 1000000 + seq",
        )
        .await;
    relay
        .sql("account.db", "UPDATE inbox SET received_at = 1000")
        .await;
    relay
        .sql("account.db", "UPDATE invitations SET expires_at = 1000")
        .await;
    relay
        .sql(
            "account.db",
            "UPDATE key_packages SET not_after = 1000 WHERE id % 2 = 0",
        )
        .await;
    relay
        .sql(
            "account.db",
            "UPDATE key_package_state SET last_resort_not_after = 1000",
        )
        .await;
    vec![whole, part, young]
}

fn check(relay: &Relay, report: &Value, blobs: &[Blob]) {
    for (kind, number, bytes) in [
        ("entry", 2, None),
        ("envelope", 1, Some(4096)),
        ("blob", 1, Some(blobs[0].len())),
        ("upload", 1, Some(1000)),
        ("key_package", 6, None),
        ("invitation", 1, Some(0)),
    ] {
        let one = removed(report, kind);
        assert_eq!(one["removed"], number, "{kind}: {report}");
        if let Some(bytes) = bytes {
            assert_eq!(one["bytes"], bytes, "{kind}");
        }
        assert_eq!(
            (&one["oldest_s"], &one["newest_s"]),
            (&1000.into(), &1000.into())
        );
    }
    assert_eq!(report["failed"], Value::Array(vec![]));
    assert!(report["ended_at_ms"].as_u64() >= report["started_at_ms"].as_u64());
    assert_eq!(
        relay.files("blobs") + relay.files("uploads"),
        1,
        "the young one"
    );
    for name in ["account.db-wal", "blobs.db-wal"] {
        let len = std::fs::metadata(relay.data().join(name)).map_or(0, |file| file.len());
        assert!(len < 40_000, "{name} still holds what was removed: {len}");
    }
}

#[tokio::test]
async fn a_running_relay_is_asked_and_counts_what_goes() {
    let relay = Relay::new();
    let blobs = fill(&relay).await;
    let report = relay.retention().await;
    check(&relay, &report, &blobs);
    let again = relay.retention().await;
    assert_eq!(again["removed"], Value::Array(vec![]));
    assert!(again["started_at_ms"].as_u64() > report["started_at_ms"].as_u64());
    let refused = relay.fetch(&blobs[0]).await.expect_err("gone");
    assert_eq!(refused.code, Code::BlobUnknown);
    assert!(relay.fetch(&blobs[2]).await.is_ok());
    let text = relay.retention_command(&[]);
    assert!(String::from_utf8_lossy(&text.stdout).contains("Nothing was past its time"));
}

#[tokio::test]
async fn a_stopped_relay_is_cleaned_too() {
    let mut relay = Relay::new();
    let blobs = fill(&relay).await;
    relay.kill();
    let report = relay.retention().await;
    check(&relay, &report, &blobs);
    relay.start();
    assert!(relay.fetch(&blobs[2]).await.is_ok());
}

#[tokio::test]
async fn key_packages_of_before_are_read_for_their_ends() {
    let relay = Relay::new();
    let (_, token) = relay.alice().await;
    crate::key_packages::add(&relay, &token, 1..=10, Some(99))
        .await
        .expect("added");
    relay
        .sql("account.db", "UPDATE key_packages SET not_after = 0")
        .await;
    // Stored before their ends were noted: they are read, and stay.
    let report = relay.retention().await;
    assert_eq!(removed(&report, "key_package"), Value::Null);
    let learned = relay
        .sql(
            "account.db",
            "UPDATE key_packages SET not_after = not_after WHERE not_after > 1",
        )
        .await;
    assert_eq!(learned, 10);
}

#[test]
fn a_folder_without_a_relay_is_told() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let output = Relay::program()
        .args(["retention", "run", "--data"])
        .arg(dir.path())
        .output()
        .expect("ran");
    assert!(!output.status.success());
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(error.contains("--data"), "{error}");
}
