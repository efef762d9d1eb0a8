//! The organisation's policy: published by its owner, kept to by everybody, and believed only when
//! the organisation signed it and it is not older than what was seen.

use std::path::Path;

use data_encoding::BASE64;
use sealwire_core::api::{Options, OrganisationPolicyChange, OrganisationPolicyInfo, Setting};
use sealwire_crypto::{OrganisationKey, SecretBytes};
use sealwire_protocol::certificate::DeviceCertificate;
use sealwire_protocol::organisation_policy::OrganisationPolicy;
use sealwire_protocol::removal::{RemovalReceipt, RemovalReceiptError};
use sealwire_tests::person::quick;
use sealwire_tests::{Person, Stage, until};
use sqlx::{ConnectOptions as _, Connection as _};

fn later(days: u64) -> Options {
    Options {
        passed_s: days * 86_400,
        ..quick()
    }
}

fn messages(days: u32) -> OrganisationPolicyChange {
    OrganisationPolicyChange {
        max_message_days: Some(days),
        ..OrganisationPolicyChange::default()
    }
}

async fn publishes(owner: &Person, change: OrganisationPolicyChange) -> OrganisationPolicyInfo {
    let published = owner.publish_organisation_policy(change).await;
    published.expect("published")
}

async fn left(person: &Person, chat: &sealwire_core::api::ConversationId, expected: usize) {
    let what = format!("{} having {expected} messages", person.name());
    until(&what, || async {
        match person.history(chat).await.len() {
            left if left == expected => Ok(()),
            left => Err(format!("{left}")),
        }
    })
    .await;
}

/// What the relay shows as the policy, changed behind its back; `None` removes it.
async fn relay_shows(stage: &mut Stage, signed: Option<&[u8]>) {
    stage.relay.kill().await;
    let mut database = open(stage.relay.data()).await;
    let query = match signed {
        Some(signed) => sqlx::query("UPDATE policies SET signed = ?").bind(signed),
        None => sqlx::query("DELETE FROM policies"),
    };
    let done = query.execute(&mut database).await.expect("changed");
    assert_eq!(done.rows_affected(), 1);
    database.close().await.expect("a closed database");
    stage.relay.restart().await;
}

async fn open(data: &Path) -> sqlx::SqliteConnection {
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(data.join("account.db"));
    options.connect().await.expect("the relay's database")
}

async fn shown(stage: &Stage) -> Vec<u8> {
    let mut database = open(stage.relay.data()).await;
    let signed = sqlx::query_scalar("SELECT signed FROM policies");
    let signed = signed.fetch_one(&mut database).await.expect("a policy");
    database.close().await.expect("a closed database");
    signed
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_keeps_to_the_strictest_and_signs_for_it() {
    let stage = Stage::set_in_memory().await;
    let mut alice = stage.owner("alice").await;
    let mut bob = stage.guest(&alice, "bob").await;
    let plans = alice.founds("Plans", &[&bob]).await;
    let lunch = alice.founds("Lunch", &[&bob]).await;
    for chat in [&plans, &lunch] {
        alice.says(chat, "a secret").await;
        bob.hears(chat, "a secret").await;
    }
    assert_eq!(bob.fetch_organisation_policy().await.expect("asked"), None);
    // The conversation asks for less than the organisation will.
    let change = alice.set(&lunch, Setting::Retention(3 * 86_400)).await;
    alice.made(change.expect("a wish")).await;

    // Bob holds no key of the organisation; Alice publishes.
    let refused = bob.publish_organisation_policy(messages(10)).await;
    assert_eq!(
        refused.expect_err("no key").code,
        "organisation_key_elsewhere"
    );
    let bad = alice.publish_organisation_policy(messages(36_501)).await;
    assert_eq!(bad.expect_err("too long").code, "bad_policy");
    let policy = publishes(&alice, messages(10)).await;
    assert_eq!((policy.serial, policy.max_message_days), (1, Some(10)));
    assert_eq!(
        publishes(&alice, messages(10)).await,
        policy,
        "nothing to change"
    );
    let seen = bob.fetch_organisation_policy().await.expect("fetched");
    assert_eq!(seen.as_ref(), Some(&policy));

    // Five days later the conversation's own bound is over, not the organisation's.
    for person in [&mut alice, &mut bob] {
        person.reopen_with(later(5)).await;
        assert_eq!(
            person.organisation_policy(),
            Some(policy.clone()),
            "known offline"
        );
        left(person, &lunch, 0).await;
        left(person, &plans, 1).await;
    }
    // A stricter policy takes effect as soon as it arrives.
    let policy = publishes(&alice, messages(2)).await;
    assert_eq!(policy.serial, 2);
    left(&alice, &plans, 0).await;
    left(&bob, &plans, 1).await;
    bob.fetch_organisation_policy().await.expect("fetched");
    left(&bob, &plans, 0).await;

    // Each device has signed for what it removed, and anybody can check it.
    let receipts = bob.removal_receipts().await.expect("receipts");
    let of = |chat: &sealwire_core::api::ConversationId| {
        let chat = chat.to_string();
        receipts.iter().find(|receipt| receipt.conversation == chat)
    };
    let (by_setting, by_policy) = (of(&lunch).expect("one"), of(&plans).expect("one"));
    assert_eq!(
        (by_setting.messages_kept_s, by_setting.policy_serial),
        (Some(3 * 86_400), 1)
    );
    assert_eq!(
        (by_policy.messages_kept_s, by_policy.policy_serial),
        (Some(2 * 86_400), 2)
    );
    let numbers: Vec<u64> = receipts.iter().map(|receipt| receipt.number).collect();
    assert!(
        numbers.iter().copied().eq(1..=receipts.len() as u64),
        "{numbers:?}"
    );
    let certificate = BASE64
        .decode(by_policy.certificate.as_bytes())
        .expect("Base64");
    let certificate = DeviceCertificate::from_bytes(&certificate).expect("a certificate");
    assert_eq!(certificate.handle(), &bob.handle());
    let signed = BASE64.decode(by_policy.signed.as_bytes()).expect("Base64");
    let receipt = RemovalReceipt::verify(&signed, &certificate).expect("genuine");
    assert!(receipt.messages >= 1 && receipt.oldest_s <= receipt.newest_s);
    for word in ["a secret", "alice", "bob", "Plans"] {
        let holds = signed
            .windows(word.len())
            .any(|part| part == word.as_bytes());
        assert!(!holds, "the receipt says {word}");
    }
    let of_alice = alice.removal_receipts().await.expect("receipts");
    let other = BASE64
        .decode(of_alice[0].certificate.as_bytes())
        .expect("Base64");
    let other = DeviceCertificate::from_bytes(&other).expect("a certificate");
    assert_eq!(
        RemovalReceipt::verify(&signed, &other),
        Err(RemovalReceiptError::BadSignature)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_cannot_go_back_or_forge() {
    let mut stage = Stage::set_in_memory().await;
    let alice = stage.owner("alice").await;
    let mut bob = stage.guest(&alice, "bob").await;
    publishes(&alice, messages(365)).await;
    let first = shown(&stage).await;
    let strict = publishes(&alice, messages(30)).await;
    let second = shown(&stage).await;
    bob.fetch_organisation_policy().await.expect("fetched");
    assert_eq!(bob.organisation_policy(), Some(strict.clone()));

    let mallory = OrganisationKey::from_seed(&SecretBytes::fill(|bytes: &mut [u8; 32]| {
        bytes.fill(66);
    }));
    let forged = OrganisationPolicy {
        organisation: "acme".into(),
        serial: 3,
        previous_hash: Some([1; 32]),
        issued_at_s: 1,
        max_message_days: Some(1),
        max_blob_days: None,
        no_receipts: false,
        log_policy: None,
        directory_key_hash: None,
        custodians: Vec::new(),
        holds: Vec::new(),
        attestation_key: None,
    }
    .sign(&mallory);
    for (show, code, words) in [
        (Some(first), "policy_rolled_back", "older policy"),
        (Some(forged), "policy_not_genuine", "did not sign"),
        (None, "policy_rolled_back", "older policy"),
    ] {
        relay_shows(&mut stage, show.as_deref()).await;
        bob.reopen().await;
        // Its person is told without asking, and what was known goes on counting.
        bob.is_told(words).await;
        let refused = bob.fetch_organisation_policy().await.expect_err(code);
        assert_eq!(refused.code, code);
        assert_eq!(bob.organisation_policy(), Some(strict.clone()));
        if show.is_none() {
            break;
        }
        relay_shows(&mut stage, Some(&second)).await;
        bob.fetch_organisation_policy()
            .await
            .expect("genuine again");
    }
}
