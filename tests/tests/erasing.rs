//! Somebody who is erased: at the relay, in its logs, and in the conversations of others.

use data_encoding::HEXLOWER;
use sealwire_core::ErrorKind;
use sealwire_core::api::StatementInfo;
use sealwire_tests::{Person, Stage, until};
use serde_json::Value;

const STATEMENTS: &str = "https://sealwire.example/attestation/";

/// What a statement says, which `openssl` and others can check beside us.
fn said(statement: &StatementInfo) -> Value {
    let envelope: Value = serde_json::from_str(&statement.envelope).expect("JSON");
    let payload = envelope["payload"].as_str().expect("a payload");
    let payload = data_encoding::BASE64.decode(payload.as_bytes());
    serde_json::from_slice(&payload.expect("base64")).expect("JSON")
}

/// Everything that lies in the relay's data, as one text of bytes.
fn stored(stage: &Stage) -> Vec<u8> {
    let files = std::fs::read_dir(stage.relay.data()).expect("the relay's data");
    let files = files.map(|file| file.expect("a file").path());
    let databases = files.filter(|file| {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        name.contains(".db")
    });
    databases
        .flat_map(|file| std::fs::read(file).expect("readable"))
        .collect()
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes
        .windows(text.len())
        .any(|part| part == text.as_bytes())
}

async fn is_taken_out(alice: &Person, bob: &Person, chat: &sealwire_core::api::ConversationId) {
    until("Bob being taken out", || async {
        // A head is published some moments after what it covers, and read again only after minutes.
        let log = alice.check_directory_log().await;
        log.map_err(|error| error.to_string())?;
        let members = alice
            .members(chat)
            .await
            .map_err(|error| error.to_string())?;
        let there = members
            .iter()
            .any(|member| member.handle == bob.handle().to_string());
        if there {
            Err("he is still there".to_owned())
        } else {
            Ok(())
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bob_is_erased_everywhere_within_reach() {
    let mut stage = Stage::set_in_memory().await;
    let (alice, mut bob, carol) = stage.alice_bob_carol().await;
    let chat = alice.founds("Lunch", &[&bob, &carol]).await;
    bob.says(&chat, "remember me").await;
    carol.hears(&chat, "remember me").await;
    let pair = alice.direct(&bob.handle()).await;
    let (pair, founded) = pair.expect("a conversation of two");
    alice.made(founded.expect("a new one")).await;
    bob.is_in(&pair).await;
    assert!(holds(&stored(&stage), "bob@acme"));

    let statement = bob.erase_account().await.expect("erased");
    let what = said(&statement);
    assert_eq!(what["predicateType"], format!("{STATEMENTS}erasure/v1"));
    assert!(!what.to_string().contains("bob"), "{what}");
    let removed = what["predicate"]["removed"].as_array().expect("counts");
    assert!(
        removed
            .iter()
            .any(|kind| kind["kind"] == "device" && kind["count"] == 1)
    );
    // Whom it is about, only Bob can show.
    let salt = HEXLOWER.decode(statement.salt.as_bytes()).expect("hex");
    let salt = sealwire_crypto::SecretBytes::from_slice(&salt).expect("32 bytes");
    let opened = sealwire_crypto::hmac(&salt, statement.event.as_bytes());
    assert_eq!(what["predicate"]["subject"], HEXLOWER.encode(&opened));
    assert!(statement.event.contains("bob@acme"));

    // Nothing of him is left in the relay's files, and it knows him no more.
    assert!(!holds(&stored(&stage), "bob@acme"));
    bob.reopen().await;
    let refused = bob.erase_account().await.expect_err("the second time");
    assert_eq!(refused.kind, ErrorKind::Locked, "{refused}");
    let unknown = alice.lookup(&bob.handle()).await.expect_err("gone");
    assert_eq!(unknown.code, "unknown_handle");
    is_taken_out(&alice, &bob, &chat).await;
    alice.says(&chat, "Bob has left us").await;
    carol.hears(&chat, "Bob has left us").await;

    // The handle is free, and nobody takes the new Bob for the old one.
    bob.close().await;
    stage.relay.restart().await;
    let again = comes_back(&stage, &alice).await;
    let looked = alice.lookup(&again.handle()).await.expect("found");
    assert!(looked.key_changed);
    let first = carol.lookup(&again.handle()).await.expect("found");
    assert!(first.key_changed);

    // Where Alice writes to him it is said, once.
    alice.lookup(&again.handle()).await.expect("found");
    let told = |lines: Vec<String>| {
        let line = "the key of bob@acme has changed";
        lines.iter().filter(|one| one.as_str() == line).count()
    };
    assert_eq!(told(alice.happenings(&pair).await), 1);
    assert_eq!(told(alice.happenings(&chat).await), 0, "he is out of it");
}

/// Somebody enrols as `bob`, after the first one's account was erased.
async fn comes_back(stage: &Stage, alice: &Person) -> Person {
    let link = alice.invitation().await;
    let home = stage.homes().join("again");
    std::fs::create_dir(&home).expect("a home");
    let again = Person::try_enrol(&home, "bob", &link, sealwire_tests::person::quick()).await;
    again.expect("another Bob")
}

#[tokio::test(flavor = "multi_thread")]
async fn another_key_counts_once_its_number_was_compared() {
    let stage = Stage::set_in_memory().await;
    let (alice, mut bob, _) = stage.alice_bob_carol().await;
    let (pair, founded) = alice.direct(&bob.handle()).await.expect("a pair");
    alice.made(founded.expect("a new one")).await;
    let old = alice.lookup(&bob.handle()).await.expect("found");
    let old = old.safety_number;
    let marked = alice.set_verified(&bob.handle(), Some(&old)).await;
    assert!(marked.expect("compared").verified);
    bob.erase_account().await.expect("erased");
    bob.close().await;

    let again = comes_back(&stage, &alice).await;
    let handle = again.handle();
    let looked = alice.lookup(&handle).await.expect("found");
    assert!(looked.key_changed && !looked.verified);
    let refused = alice.direct(&handle).await.expect_err("not compared");
    assert_eq!(refused.code, "untrusted_identity");
    let refused = alice.set_verified(&handle, Some(&old)).await;
    assert_eq!(
        refused.expect_err("the old number").code,
        "untrusted_identity"
    );
    assert!(alice.contact(&handle).await.expect("known").key_changed);

    // Both see the same number, and it is not the old one.
    let theirs = again.lookup(&alice.handle()).await.expect("found");
    assert_eq!(theirs.safety_number, looked.safety_number);
    assert_ne!(looked.safety_number, old);
    let code = again.safety_qr(&alice.handle()).await.expect("a code");
    let same = alice.matches_safety_qr(&handle, &code).await;
    assert!(same.expect("an answer"));
    let taken = alice.set_verified(&handle, Some(&theirs.safety_number));
    let taken = taken.await.expect("compared");
    assert!(taken.verified && !taken.key_changed);

    let (fresh, founded) = alice.direct(&handle).await.expect("a pair");
    assert_ne!(fresh, pair, "the old one was with another account");
    alice.made(founded.expect("a new one")).await;
    again.is_in(&fresh).await;
    again.says(&fresh, "It is me").await;
    alice.hears(&fresh, "It is me").await;
    let still = alice.lookup(&handle).await.expect("found");
    assert!(still.verified && !still.key_changed);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_relay_knows_is_given_out_and_attested() {
    let stage = Stage::set_in_memory().await;
    let (alice, bob, _) = stage.alice_bob_carol().await;
    let own = bob.own_data().await.expect("given out");
    let data: Value = serde_json::from_str(&own.data).expect("JSON");
    assert_eq!(data["account"]["handle"], "bob@acme");
    assert_eq!(data["devices"].as_array().map(Vec::len), Some(1));
    assert_eq!(data["directoryLog"].as_array().map(Vec::len), Some(2));
    assert!(!own.data.contains("alice"), "{data}");
    let what = said(&own.statement);
    assert_eq!(
        what["predicateType"],
        format!("{STATEMENTS}access-export/v1")
    );
    let digest = sealwire_crypto::sha256(&[own.data.as_bytes()]);
    assert_eq!(what["predicate"]["exportSha256"], HEXLOWER.encode(&digest));
    assert_eq!(
        what["subject"][0]["digest"]["sha256"],
        HEXLOWER.encode(&digest)
    );
    let refused = bob
        .erase_member(&alice.handle())
        .await
        .expect_err("not his");
    assert_eq!(refused.code, "forbidden");
    let refused = alice.erase_account().await.expect_err("the last owner");
    assert_eq!(refused.code, "last_owner");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_suspended_is_taken_out() {
    let stage = Stage::set_in_memory().await;
    let (alice, bob, carol) = stage.alice_bob_carol().await;
    let chat = alice.founds("Lunch", &[&bob, &carol]).await;
    alice
        .set_suspended(&bob.handle(), true)
        .await
        .expect("suspended");
    is_taken_out(&alice, &bob, &chat).await;
    let change = alice.add_members(&chat, &[bob.handle()]).await;
    let change = change.expect("a wish");
    let refused = alice.done(change, sealwire_tests::PATIENCE).await;
    let refused = refused.expect_err("suspended");
    assert!(refused.message.contains("is suspended"), "{refused}");
}
