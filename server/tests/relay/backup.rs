//! Backups of a relay that serves, restores of them, and drills.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use rand::RngExt;
use sealwire_audit::dsse::Envelope;
use sealwire_audit::leaf::Leaf;
use sealwire_audit::predicate::{Predicate as _, RestoreDrill};
use sealwire_audit::statement::Statement;
use sealwire_protocol::account::OrgRole;
use sealwire_protocol::frame::{Append, ClientBody, InboxPost, ServerBody};
use serde_json::Value;
use sqlx::ConnectOptions;
use tempfile::TempDir;

use crate::support::{Blob, Lane, Person, Relay, RelayBuilder, Socket};

/// Runs the program with these words and paths.
pub fn run(words: &[&dyn AsRef<std::ffi::OsStr>]) -> Output {
    let mut command = Relay::program();
    for word in words {
        command.arg(word);
    }
    command.stdin(Stdio::null()).output().expect("ran")
}

/// What a command that has to succeed says in JSON.
pub fn told(output: &Output) -> Value {
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// What a command that has to fail says.
pub fn failure(output: &Output) -> String {
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success(), "{error}");
    assert!(error.starts_with("error: "), "{error}");
    error
}

impl Relay {
    fn backup_command(&self, to: &Path) -> Output {
        let (data, config) = (self.data(), self.config_file());
        let words: [&dyn AsRef<_>; 8] = [
            &"backup",
            &"--json",
            &"--data",
            &data,
            &"--config",
            &config,
            &"--to",
            &to,
        ];
        run(&words)
    }

    /// Makes a backup; what was said of it.
    pub fn backup(&self, to: &Path) -> Value {
        told(&self.backup_command(to))
    }
}

/// Checks a backup; what was said of it.
pub fn verify(file: &Path) -> Output {
    run(&[&"verify", &"--json", &file])
}

pub fn restore(file: &Path, data: &Path) -> Output {
    run(&[&"restore", &"--json", &file, &"--data", &data])
}

/// Everything that a relay can hold.
pub struct Filled {
    pub alice: Person,
    pub bob: Person,
    pub lane: Lane,
    pub appended: Vec<Append>,
    pub whole: Blob,
    pub part: Blob,
}

pub async fn fill(relay: &Relay) -> Filled {
    let (alice, token) = relay.alice().await;
    let (bob, _) = relay.join(&token, "bob@acme", OrgRole::OrgMember).await;
    let packages = crate::key_packages::add(relay, &token, 1..=5, Some(99)).await;
    packages.expect("added");
    let post = InboxPost {
        device: bob.device().as_bytes().to_vec().into(),
        envelope: vec![7; 4096].into(),
    };
    relay.post::<()>("inbox", &post).await.expect("posted");
    let lane = Lane::new();
    let mut socket = relay.socket().await;
    socket.create(&lane).await;
    let appended: Vec<_> = (1..20).map(|fill| lane.message(fill)).collect();
    for append in &appended {
        socket.append(append).await;
    }
    let [whole, part] = [Blob::new(200_000), Blob::new(50_000)];
    relay.put(&whole, &whole.sealed).await.expect("stored");
    relay.put(&part, &part.sealed[..1000]).await.expect("taken");
    Filled {
        alice,
        bob,
        lane,
        appended,
        whole,
        part,
    }
}

/// Appends until told to stop; what was acknowledged.
async fn append_until(mut socket: Socket, lane: Lane, stop: Arc<AtomicBool>) -> Vec<Append> {
    let mut acknowledged = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let append = lane.message(rand::rng().random());
        socket.append(&append).await;
        acknowledged.push(append);
    }
    acknowledged
}

/// Uploads blobs and removes some of them until told to stop.
async fn upload_until(relay: Arc<Relay>, stop: Arc<AtomicBool>) {
    while !stop.load(Ordering::Relaxed) {
        let [kept, gone] = [Blob::new(30_000), Blob::new(30_000)];
        for blob in [&kept, &gone] {
            relay.put(blob, &blob.sealed).await.expect("stored");
        }
        relay.delete(&gone).await.expect("removed");
    }
}

async fn entries(socket: &mut Socket, lane: &Lane) -> Vec<Bytes> {
    let mut stored = Vec::new();
    loop {
        let page = socket.fetch(lane, stored.len() as u64, 256).await;
        for entry in page.entries {
            assert_eq!(entry.seq, stored.len() as u64 + 1, "a gap");
            stored.push(entry.entry_id);
        }
        if stored.len() as u64 == page.state.expect("state").newest {
            return stored;
        }
    }
}

fn folder() -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().expect("temporary directory");
    let tar = dir.path().join("backup.tar");
    (dir, tar)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_before_a_backup_is_in_it() {
    let relay = Arc::new(Relay::new());
    let filled = fill(&relay).await;
    let old = relay.socket().await.create(&filled.lane).await;
    let stop = Arc::new(AtomicBool::new(false));
    let (socket, lane) = (relay.socket().await, filled.lane.clone());
    let appending = tokio::spawn(append_until(socket, lane, Arc::clone(&stop)));
    let uploading = tokio::spawn(upload_until(Arc::clone(&relay), Arc::clone(&stop)));
    tokio::time::sleep(Duration::from_millis(300)).await;
    let mut known = relay.socket().await;
    let before = entries(&mut known, &filled.lane).await;
    let (dir, tar) = folder();
    let (asked, to) = (Arc::clone(&relay), tar.clone());
    let said = tokio::task::spawn_blocking(move || asked.backup(&to));
    let said = said.await.expect("ended");
    stop.store(true, Ordering::Relaxed);
    let during = appending.await.expect("ended");
    uploading.await.expect("ended");
    assert!(before.len() > filled.appended.len() && during.len() > before.len() - 19);
    assert_eq!(said["lost_blobs"], 0);
    let mode = std::fs::metadata(&tar).expect("there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(std::fs::read_dir(dir.path()).expect("listed").count(), 1);
    let checked = told(&verify(&tar));
    assert_eq!(
        (&checked["ok"], &checked["sha256"]),
        (&true.into(), &said["sha256"])
    );
    assert!(
        relay.backup_command(&tar).status.code() == Some(1),
        "not overwritten"
    );

    let restored = RelayBuilder::new().start_on(|data| {
        let restored = told(&restore(&tar, data));
        assert_eq!(restored["backup_sha256"], said["sha256"]);
        assert_ne!(
            restored["incarnation"]["old"],
            restored["incarnation"]["new"]
        );
    });
    check_restored(&restored, &filled, &old, &before).await;
}

/// A relay that was restored has everything of `before`, under a new incarnation, and goes on.
async fn check_restored(restored: &Relay, filled: &Filled, old: &Bytes, before: &[Bytes]) {
    let mut socket = restored.socket().await;
    assert_ne!(socket.create(&filled.lane).await, *old);
    let stored = entries(&mut socket, &filled.lane).await;
    assert_eq!(&stored[..before.len()], before);
    for person in [&filled.alice, &filled.bob] {
        person.sign_in(restored).await.expect("signed in");
    }
    let whole = restored.fetch(&filled.whole).await.expect("read");
    assert!(whole == filled.whole.sealed);
    assert_eq!(restored.offset(&filled.part).await.expect("known"), 1000);
    assert_eq!(restored.resume(&filled.part).await, filled.part.len());
    let head = crate::log::head(restored, "audit").await;
    let leaves = crate::log::entries(restored, "audit", &head).await;
    let is_restored = |leaf: &Leaf| matches!(leaf, Leaf::Event { kind, .. } if kind == "restored");
    assert_eq!(leaves.iter().filter(|leaf| is_restored(leaf)).count(), 1);
    let (data, config) = (restored.data(), restored.config_file());
    let live: [&dyn AsRef<_>; 6] = [&"verify", &"--json", &"--data", &data, &"--config", &config];
    assert_eq!(told(&run(&live))["ok"], true, "it runs, and is checked");
    // What was written after the backup is not there, and the next may be.
    let next = filled.lane.message(1);
    let appended = socket.ask(ClientBody::Append(next)).await;
    let Ok(ServerBody::Appended(appended)) = appended else {
        panic!("{appended:?}");
    };
    assert_eq!(appended.seq, stored.len() as u64 + 1);
}

#[tokio::test]
async fn a_stopped_relay_is_backed_up_too() {
    let mut relay = Relay::new();
    let filled = fill(&relay).await;
    relay.kill();
    let (_dir, tar) = folder();
    relay.backup(&tar);
    told(&verify(&tar));
    // Under its usual name the configuration need not be given.
    std::fs::copy(relay.config_file(), relay.data().join("relay.toml")).expect("copied");
    let (data, second) = (relay.data(), tar.with_file_name("second.tar"));
    let said = run(&[&"backup", &"--data", &data, &"--to", &second]);
    let said = String::from_utf8(said.stdout).expect("text");
    assert!(
        said.contains("not encrypted") && said.contains("second.tar"),
        "{said}"
    );
    relay.start();
    filled.alice.sign_in(&relay).await.expect("signed in");
    let missing = tar.with_file_name("nowhere");
    let third = tar.with_file_name("third.tar");
    let error = failure(&run(&[&"backup", &"--data", &missing, &"--to", &third]));
    assert!(error.contains("--data"), "{error}");
}

#[tokio::test]
async fn a_folder_that_holds_something_is_not_restored_into() {
    let mut relay = Relay::new();
    let filled = fill(&relay).await;
    let (dir, tar) = folder();
    relay.backup(&tar);
    let full = dir.path().join("full");
    std::fs::create_dir(&full).expect("made");
    std::fs::write(full.join("mine"), "something").expect("written");
    let error = failure(&restore(&tar, &full));
    assert!(error.contains("not empty"), "{error}");
    assert_eq!(std::fs::read_dir(&full).expect("listed").count(), 1);
    failure(&restore(&tar, &relay.data()));
    assert!(relay.terminate().success());
    failure(&restore(&tar, &relay.data()));
    relay.start();
    filled.bob.sign_in(&relay).await.expect("as before");
    let empty = dir.path().join("empty");
    std::fs::create_dir(&empty).expect("made");
    told(&restore(&tar, &empty));
    assert!(empty.join("groups.db").exists() && !empty.join("restore.new").exists());
}

#[tokio::test]
async fn kill_9_leaves_no_backup_and_the_next_one_is_whole() {
    let relay = Relay::new();
    let blob = Blob::new(60_000_000);
    relay.put(&blob, &blob.sealed).await.expect("stored");
    let (dir, tar) = folder();
    let new = tar.with_file_name("backup.tar.new");
    for _ in 0..3 {
        let mut child = Relay::program()
            .args(["backup", "--data"])
            .arg(relay.data())
            .arg("--config")
            .arg(relay.config_file())
            .arg("--to")
            .arg(&tar)
            .stdout(Stdio::null())
            .spawn()
            .expect("started");
        let end = Instant::now() + Duration::from_secs(20);
        while std::fs::metadata(&new).map_or(0, |file| file.len()) < 1_000_000 {
            assert!(Instant::now() < end, "nothing is written");
            std::thread::sleep(Duration::from_millis(1));
        }
        child.kill().expect("killed");
        child.wait().expect("ended");
        assert!(!tar.exists());
        assert!(new.exists(), "it was killed before its end");
    }
    relay.backup(&tar);
    told(&verify(&tar));
    assert_eq!(std::fs::read_dir(dir.path()).expect("listed").count(), 1);
}

async fn newest_drill(relay: &Relay) -> Option<RestoreDrill> {
    let options = sqlx::sqlite::SqliteConnectOptions::new()
        .filename(relay.data().join("account.db"))
        .read_only(true);
    let mut db = options.connect().await.expect("opened");
    let signed: Option<Vec<u8>> = sqlx::query_scalar(
        "SELECT signed FROM statements WHERE predicate = ? ORDER BY number DESC LIMIT 1",
    )
    .bind(RestoreDrill::TYPE)
    .fetch_optional(&mut db)
    .await
    .expect("read");
    let envelope = Envelope::parse(&signed?).expect("an envelope");
    let statement = Statement::parse(envelope.payload()).expect("a statement");
    Some(RestoreDrill::parse(&statement).expect("a drill"))
}

fn drill(relay: &Relay, tar: &Path) -> Output {
    let (data, config) = (relay.data(), relay.config_file());
    let words: [&dyn AsRef<_>; 8] = [
        &"restore",
        &tar,
        &"--data",
        &data,
        &"--config",
        &config,
        &"--drill",
        &"--json",
    ];
    run(&words)
}

#[tokio::test]
async fn a_drill_is_attested_and_leaves_nothing_else() {
    let mut relay = Relay::new();
    fill(&relay).await;
    let (dir, tar) = folder();
    let said = relay.backup(&tar);
    assert!(newest_drill(&relay).await.is_none());
    for running in [true, false] {
        if !running {
            relay.kill();
        }
        let drilled = told(&drill(&relay, &tar));
        let attested = newest_drill(&relay).await.expect("attested");
        assert_eq!(serde_json::to_value(&attested).expect("JSON"), drilled);
        assert!(attested.ok && attested.rows_checked > 30);
        assert_eq!(drilled["backupSha256"], said["sha256"]);
        assert_eq!(
            drilled["incarnation"]["old"],
            said["manifest"]["incarnation"]
        );
        assert_eq!(attested.trees.len(), 2);
        for tree in &attested.trees {
            assert!(tree.before > 0 && tree.before == tree.after, "{tree:?}");
        }
        assert_eq!(std::fs::read_dir(dir.path()).expect("listed").count(), 1);
    }
    let (data, config) = (relay.data(), relay.config_file());
    let stopped: [&dyn AsRef<_>; 5] = [&"verify", &"--data", &data, &"--config", &config];
    assert!(run(&stopped).status.success(), "both are in the log");
    let other = Relay::new();
    let error = failure(&drill(&other, &tar));
    assert!(error.contains("another relay"), "{error}");
    assert!(newest_drill(&other).await.is_none());
    // A backup that went bad is told of, too.
    let mut bytes = std::fs::read(&tar).expect("read");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&tar, bytes).expect("written");
    let failed = drill(&other, &tar);
    let error = String::from_utf8_lossy(&failed.stderr).into_owned();
    assert_eq!(failed.status.code(), Some(1), "{error}");
    assert!(error.contains("cannot be restored"), "{error}");
    let attested = newest_drill(&other).await.expect("attested");
    assert!(!attested.ok && attested.incarnation.is_none());
    let why = attested.failure.expect("a reason");
    assert!(
        error.contains(&why) && !why.contains("sealwire-drill"),
        "{why}"
    );
    assert_eq!(std::fs::read_dir(dir.path()).expect("listed").count(), 1);
}
