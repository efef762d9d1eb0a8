//! The archive of a records custodian in a bucket with object lock, written and checked by the program
//! as its operator runs it.

use std::path::{Path, PathBuf};

use reqwest::Method;
use sealwire_core::api::{ConversationId, DeviceKind, NewFile, OrganisationPolicyChange, Post};
use sealwire_core::custody::Record;
use sealwire_tests::person::{Person, quick};
use sealwire_tests::s3::S3;
use sealwire_tests::switch::Switch;
use sealwire_tests::{Stage, programs, until};
use serde_json::{Value, json};
use tokio::process::Command;

const SECRET: &str = "a secret that nobody may see";
const PLACE: &str = "s3://records/acme";

/// What the program said and how it ended.
struct Done {
    code: i32,
    out: String,
    err: String,
}

impl Done {
    fn result(&self) -> Value {
        assert_eq!(self.code, 0, "{}{}", self.out, self.err);
        let json: Value = serde_json::from_str(self.out.trim()).expect("JSON");
        json["result"].clone()
    }

    fn error(&self) -> String {
        assert_ne!(self.code, 0, "{}", self.out);
        format!("{}{}", self.out, self.err)
    }
}

/// The custodian's machine.
struct Machine {
    home: PathBuf,
    store: Switch,
}

impl Machine {
    fn profile(&self) -> PathBuf {
        self.home.join("profiles/records")
    }

    async fn run(&self, words: &[&str]) -> Done {
        let passphrase = self.home.join("passphrase");
        std::fs::write(&passphrase, sealwire_tests::person::passphrase().as_bytes())
            .expect("written");
        let output = Command::new(programs::client())
            .env("SEALWIRE_HOME", &self.home)
            .env("SEALWIRE_TEST_OPTIONS", r#"{"reconnect_ms":50}"#)
            .env("AWS_ACCESS_KEY_ID", "id")
            .env("AWS_SECRET_ACCESS_KEY", SECRET)
            .env("AWS_REGION", "us-east-1")
            .env("AWS_ALLOW_HTTP", "true")
            .env(
                "AWS_ENDPOINT_URL",
                format!("http://{}", self.store.address()),
            )
            .args(["--json", "--no-input", "--passphrase-file"])
            .arg(passphrase)
            .arg("custodian")
            .args(words)
            .kill_on_drop(true)
            .output()
            .await
            .expect("the program runs");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let done = Done {
            code: output.status.code().unwrap_or(-1),
            out: text(&output.stdout),
            err: text(&output.stderr),
        };
        let said = format!("{}{}", done.out, done.err);
        assert!(!said.contains(SECRET), "{said}");
        done
    }

    async fn archive(&self, place: &str) -> Done {
        let lock = ["--lock", "compliance", "--retain-days", "30", "--once"];
        let words = [&["run", "--archive", place][..], &lock].concat();
        self.run(&words).await
    }

    async fn verify(&self) -> Done {
        self.run(&["verify", PLACE]).await
    }
}

/// Alice, Bob, a conversation with the custodian in it, and the custodian's machine.
async fn desk(stage: &Stage, s3: &S3) -> (Person, Person, ConversationId, Machine) {
    let alice = stage.owner("alice").await;
    let bob = stage.guest(&alice, "bob").await;
    let link = alice.invitation_of(DeviceKind::Custodian).await;
    let machine = Machine {
        home: stage.homes().join("machine"),
        store: Switch::to(s3.address()).await,
    };
    let profiles = machine.home.join("profiles");
    std::fs::create_dir_all(&profiles).expect("a home");
    let records = Person::try_enrol(&profiles, "records", &link, quick()).await;
    let mut records = records.expect("a custodian");
    let change = OrganisationPolicyChange {
        custodians: Some(vec!["records".into()]),
        ..OrganisationPolicyChange::default()
    };
    let policy = alice.publish_organisation_policy(change).await;
    policy.expect("published");
    let chat = alice.founds("Trading desk", &[&bob, &records]).await;
    bob.says(&chat, "Buy at 12.5?").await;
    until("the custodian reading", || async {
        match records.history(&chat).await.len() {
            0 => Err("nothing yet".to_owned()),
            _ => Ok(()),
        }
    })
    .await;
    records.close().await;
    (alice, bob, chat, machine)
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        match entry.file_type().expect("a type").is_dir() {
            true => copy(&entry.path(), &target),
            false => drop(std::fs::copy(entry.path(), target).expect("copied")),
        }
    }
}

async fn names(s3: &S3, prefix: &str) -> Vec<String> {
    let all = s3.versions("records").await;
    let mut names: Vec<String> = all.into_iter().map(|version| version.key).collect();
    names.retain(|name| name.starts_with(prefix));
    names.sort();
    names
}

async fn records_in(s3: &S3, name: &str) -> Vec<Record> {
    let batch = s3.get(&format!("/records/{name}")).await.expect("a batch");
    let text = String::from_utf8(batch).expect("text");
    let read = |line: &str| serde_json::from_str(line).expect("a record");
    text.lines().map(read).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_archived_is_locked_and_can_be_checked() {
    let Some(s3) = S3::start().await else { return };
    s3.bucket("records", true).await;
    let stage = Stage::set_in_memory().await;
    let (alice, bob, chat, machine) = desk(&stage, &s3).await;
    let terms = stage.homes().join("terms.txt");
    std::fs::write(&terms, "the terms").expect("a file");
    let files = vec![NewFile::at(&terms)];
    let sent = alice
        .attach_and_send(&chat, &Post::text("see here"), files)
        .await;
    sent.expect("a file on its way");
    alice.settles().await;

    let first = machine.archive(PLACE).await.result();
    let count = first["records"].as_u64().expect("a number");
    assert!(count >= 3, "{first}");
    assert_eq!(machine.archive(PLACE).await.result()["written"], 0);
    let holds = machine.verify().await.result();
    assert_eq!(
        (&holds["records"], &holds["files"]),
        (&json!(count), &json!(1))
    );
    assert_eq!(holds["custodian"], "records@acme");
    assert!(!machine.profile().join("incoming").exists());
    let mails = machine.home.join("mails");
    let mails = mails.to_str().expect("a path");
    let done = machine
        .run(&["export", PLACE, "--eml", mails])
        .await
        .result();
    assert_eq!(
        (&done["mails"], &done["without_file"]),
        (&json!(count), &json!(0))
    );

    // Every object is locked, and the store keeps whoever has its keys from removing one.
    let all = s3.versions("records").await;
    assert!(
        all.iter()
            .any(|version| version.key.starts_with("acme/files/"))
    );
    for version in &all {
        let head = s3.head(&format!("/records/{}", version.key)).await;
        assert_eq!(head["x-amz-object-lock-mode"], "COMPLIANCE", "{version:?}");
        let until = head["x-amz-object-lock-retain-until-date"].to_str();
        let until: jiff::Timestamp = until.expect("text").parse().expect("a time");
        let days = until.duration_since(jiff::Timestamp::now()).as_hours();
        assert!((29 * 24..=30 * 24).contains(&days), "{days} hours");
        let refused = s3.remove("records", version).await;
        assert_eq!(refused.as_u16(), 403, "{version:?}");
    }
    assert_eq!(s3.versions("records").await, all);

    // Mallory, who has the keys, hides what was said under a new version; it is found, and what was
    // said is still there.
    let batch = "acme/records/0000000000.jsonl";
    let path = format!("/records/{batch}");
    let good = s3.get(&path).await.expect("the batch");
    let at = good.windows(4).position(|part| part == b"12.5");
    let mut bad = good.clone();
    bad[at.expect("the offer")] = b'9';
    s3.put(&path, bad).await;
    let broken = machine.verify().await;
    assert_eq!(broken.code, 8, "{}", broken.err);
    let kept = all.iter().find(|version| version.key == batch);
    let kept = kept.expect("the version that was written");
    let old = s3.get(&format!("{path}?versionId={}", kept.id)).await;
    assert_eq!(old, Some(good.clone()));
    s3.put(&path, good).await;
    assert_eq!(machine.verify().await.code, 0);

    // And what follows goes behind it.
    bob.says(&chat, "13, then").await;
    let next = machine.archive(PLACE).await.result();
    assert_eq!(next["written"], 1, "{next}");
    assert_eq!(machine.verify().await.result()["records"], count + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_away_gets_everything_later_and_once() {
    let Some(s3) = S3::start().await else { return };
    s3.bucket("records", true).await;
    let stage = Stage::set_in_memory().await;
    let (_alice, bob, chat, machine) = desk(&stage, &s3).await;
    let nowhere = "127.0.0.1:9".parse().expect("an address");
    machine.store.turn(nowhere);
    let error = machine.archive(PLACE).await.error();
    assert!(error.contains("archive_io"), "{error}");
    machine.store.turn(s3.address());
    let count = machine.archive(PLACE).await.result()["records"].clone();
    let count = count.as_u64().expect("a number");

    // The batch is written and signed, and the power fails before the profile has noted it.
    let before = machine.home.join("before");
    copy(&machine.profile(), &before);
    bob.says(&chat, "one").await;
    bob.says(&chat, "two").await;
    assert_eq!(machine.archive(PLACE).await.result()["written"], 2);
    let signed = names(&s3, "acme/").await;
    let back = || {
        std::fs::remove_dir_all(machine.profile()).expect("gone");
        copy(&before, &machine.profile());
    };
    back();
    let again = machine.archive(PLACE).await.result();
    assert_eq!(
        (&again["records"], &again["written"]),
        (&json!(count + 2), &json!(0))
    );
    assert_eq!(
        names(&s3, "acme/").await,
        signed,
        "nothing was written again"
    );

    // The batch is written, and the power fails before it is signed: another bucket in which that is so.
    let batch = format!("acme/records/{count:010}.jsonl");
    let head = format!("acme/checkpoints/{:010}", count + 2);
    for name in signed.iter().filter(|name| **name != head) {
        let object = s3
            .get(&format!("/records/{name}"))
            .await
            .expect("an object");
        let other = name.replacen("acme/", "other/", 1);
        s3.put(&format!("/records/{other}"), object).await;
    }
    back();
    let other = machine.archive("s3://records/other").await.result();
    assert_eq!(
        (&other["records"], &other["written"]),
        (&json!(count + 2), &json!(2))
    );
    let same = [&head, &batch].map(|name| name.replacen("acme/", "other/", 1));
    for (name, other) in [&head, &batch].into_iter().zip(&same) {
        let one = s3.get(&format!("/records/{name}")).await;
        assert_eq!(one, s3.get(&format!("/records/{other}")).await, "{name}");
    }
    let written = names(&s3, &same[1]).await;
    assert_eq!(written.len(), 1, "the batch was not written again");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_custodian_signs_nothing_that_mallory_put_there() {
    let Some(s3) = S3::start().await else { return };
    s3.bucket("records", true).await;
    let stage = Stage::set_in_memory().await;
    let (_alice, bob, chat, machine) = desk(&stage, &s3).await;
    let count = machine.archive(PLACE).await.result()["records"].clone();
    let count = count.as_u64().expect("a number");
    // A record that Bob never said, where the next has to stand.
    let first = records_in(&s3, "acme/records/0000000000.jsonl").await;
    let mut forged = first.last().expect("a record").clone();
    forged.number = count;
    forged.journal += 1;
    let line = serde_json::to_string(&forged).expect("JSON") + "\n";
    let name = format!("acme/records/{count:010}.jsonl");
    s3.put(&format!("/records/{name}"), line.into_bytes()).await;
    bob.says(&chat, "what Bob said").await;
    assert_eq!(machine.archive(PLACE).await.result()["written"], 1);
    let kept = records_in(&s3, &name).await;
    assert!(format!("{kept:?}").contains("what Bob said"), "{kept:?}");
    assert_eq!(machine.verify().await.result()["records"], count + 1);

    // What is no batch at all is found, too, and a head that was not signed here is not taken.
    s3.put("/records/acme/records/notes.txt", b"hello".to_vec())
        .await;
    assert_eq!(machine.verify().await.code, 8);
    let (status, ..) = s3
        .ask(
            Method::DELETE,
            "/records/acme/records/notes.txt",
            ("x-none", ""),
            Vec::new(),
        )
        .await;
    assert!(status.is_success());
    assert_eq!(machine.verify().await.code, 0);
    let head = s3
        .get(&format!("/records/acme/checkpoints/{count:010}"))
        .await;
    s3.put(
        "/records/acme/checkpoints/0000009999",
        head.expect("a head"),
    )
    .await;
    let error = machine.archive(PLACE).await.error();
    assert!(error.contains("archive_broken"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_locks_nothing_is_refused() {
    let Some(s3) = S3::start().await else { return };
    s3.bucket("open", false).await;
    s3.bucket("records", true).await;
    let stage = Stage::set_in_memory().await;
    let (.., machine) = desk(&stage, &s3).await;
    let error = machine.archive("s3://open/acme").await.error();
    assert!(error.contains("not_locked"), "{error}");
    let error = machine
        .run(&["run", "--archive", PLACE, "--once"])
        .await
        .error();
    assert!(error.contains("no_lock"), "{error}");
    let error = machine.archive("s3://nobody-made-it").await.error();
    assert!(error.contains("NoSuchBucket"), "{error}");
    let empty = machine.verify().await;
    assert!(empty.error().contains("no archive.json"), "{}", empty.err);
    // Nothing of this has begun an archive, so it can begin where it should.
    assert_eq!(machine.archive(PLACE).await.code, 0);
}
