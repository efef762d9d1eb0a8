//! The organisation's policy, which the relay carries.

use reqwest::Method;
use sealwire_crypto::{OrganisationKey, SecretBytes};
use sealwire_protocol::account::{OrgRole, Organisation, PublishedPolicy};
use sealwire_protocol::organisation_policy::OrganisationPolicy;
use sealwire_protocol::problem::Code;

use crate::support::{Refused, Relay};

fn key() -> OrganisationKey {
    OrganisationKey::from_seed(&SecretBytes::fill(|bytes| bytes.fill(5)))
}

fn first() -> OrganisationPolicy {
    OrganisationPolicy {
        organisation: "acme".into(),
        serial: 1,
        previous_hash: None,
        issued_at_s: 1_764_000_000,
        max_message_days: Some(90),
        max_blob_days: Some(30),
        no_receipts: false,
        log_policy: None,
        directory_key_hash: None,
        custodians: Vec::new(),
    }
}

fn after(policy: &OrganisationPolicy) -> OrganisationPolicy {
    OrganisationPolicy {
        serial: policy.serial + 1,
        previous_hash: Some(policy.hash()),
        max_message_days: None,
        ..policy.clone()
    }
}

async fn publish(relay: &Relay, token: &str, signed: &[u8]) -> Result<u16, Refused> {
    let body = PublishedPolicy {
        policy: signed.into(),
    };
    relay
        .tell(Method::PUT, "organisation/policy", Some(token), &body)
        .await
}

async fn read(relay: &Relay, token: &str) -> Result<Vec<u8>, Refused> {
    let published: PublishedPolicy = relay.get("organisation/policy", Some(token)).await?;
    Ok(published.policy.0)
}

async fn set_key(relay: &Relay, token: &str) {
    let organisation = Organisation {
        name: "acme".into(),
        key: Some(key().public().as_bytes().into()),
    };
    relay
        .tell(Method::PUT, "organisation", Some(token), &organisation)
        .await
        .expect("set");
}

#[tokio::test]
async fn a_policy_is_carried_and_never_goes_back() {
    let mut relay = Relay::new();
    let (_, alice) = relay.alice().await;
    let (_, bob) = relay.join(&alice, "bob@acme", OrgRole::OrgMember).await;
    let none = read(&relay, &bob).await.expect_err("none yet");
    assert_eq!(none.code, Code::NoPolicy);
    let signed = first().sign(&key());
    let early = publish(&relay, &alice, &signed).await;
    assert_eq!(early.expect_err("no key yet").code, Code::BadSignature);
    set_key(&relay, &alice).await;
    for _ in 0..2 {
        assert_eq!(publish(&relay, &alice, &signed).await.expect("taken"), 204);
    }
    assert_eq!(read(&relay, &bob).await.expect("published"), signed);
    let second = after(&first());
    let next = second.sign(&key());
    publish(&relay, &alice, &next).await.expect("the next");
    let again = publish(&relay, &alice, &signed).await;
    assert_eq!(again.expect_err("back").code, Code::PolicyConflict);
    let skipping = after(&after(&second)).sign(&key());
    let skipped = publish(&relay, &alice, &skipping).await;
    assert_eq!(
        skipped.expect_err("one is missing").code,
        Code::PolicyConflict
    );
    relay.kill();
    relay.start();
    assert_eq!(read(&relay, &bob).await.expect("published"), next);
}

#[tokio::test]
async fn only_the_owner_publishes_and_only_what_the_organisation_signed() {
    let relay = Relay::new();
    let (_, alice) = relay.alice().await;
    let (_, bob) = relay.join(&alice, "bob@acme", OrgRole::OrgAdmin).await;
    set_key(&relay, &alice).await;
    let signed = first().sign(&key());
    let refused = publish(&relay, &bob, &signed).await.expect_err("an admin");
    assert_eq!(refused.code, Code::Forbidden);
    let mallory = OrganisationKey::from_seed(&SecretBytes::fill(|bytes| bytes.fill(66)));
    let foreign = OrganisationPolicy {
        organisation: "other".into(),
        ..first()
    };
    for (why, bytes, code) in [
        ("another key", first().sign(&mallory), Code::BadSignature),
        (
            "another organisation",
            foreign.sign(&key()),
            Code::Malformed,
        ),
        ("no policy", b"nonsense".to_vec(), Code::Malformed),
        ("nothing", Vec::new(), Code::Malformed),
        ("too long", vec![0; 9000], Code::Malformed),
    ] {
        let refused = publish(&relay, &alice, &bytes).await.expect_err(why);
        assert_eq!(refused.code, code, "{why}");
    }
    let none = read(&relay, &alice).await.expect_err("nothing was taken");
    assert_eq!(none.code, Code::NoPolicy);
}
