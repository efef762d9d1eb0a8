//! The organisation's policy, which the relay carries.

use std::time::{SystemTime, UNIX_EPOCH};

use reqwest::Method;
use sealwire_audit::predicate::{Hex, HoldAction, LegalHold, Predicate as _, Time};
use sealwire_crypto::{EvidenceKey, OrganisationKey, SecretBytes};
use sealwire_protocol::account::{OrgRole, Organisation, PublishedPolicy};
use sealwire_protocol::handle::Handle;
use sealwire_protocol::organisation_policy::{Held, Hold, OrganisationPolicy};
use sealwire_protocol::problem::Code;

use crate::registers::said;
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
        holds: Vec::new(),
        attestation_key: None,
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
    publish_with(relay, token, signed, &[]).await
}

async fn publish_with(
    relay: &Relay,
    token: &str,
    signed: &[u8],
    statements: &[Vec<u8>],
) -> Result<u16, Refused> {
    let statements = statements.iter().map(|one| one.as_slice().into());
    let body = PublishedPolicy {
        policy: signed.into(),
        statements: statements.collect(),
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
        ("too long", vec![0; 33_000], Code::Malformed),
    ] {
        let refused = publish(&relay, &alice, &bytes).await.expect_err(why);
        assert_eq!(refused.code, code, "{why}");
    }
    let none = read(&relay, &alice).await.expect_err("nothing was taken");
    assert_eq!(none.code, Code::NoPolicy);
}

fn hold() -> Hold {
    Hold {
        name: "matter-17".into(),
        held: Held::Accounts(vec![Handle::parse("bob@acme").expect("a handle")]),
        order_hash: [7; 32],
        placed_at_s: 1_764_000_000,
        salt: [8; 32],
    }
}

fn now_ms() -> u64 {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("a clock");
    u64::try_from(now.as_millis()).expect("a time")
}

fn says(hold: &Hold, action: HoldAction) -> LegalHold {
    let scope = LegalHold::scope(&hold.salt, &hold.name, &["bob@acme".into()]);
    LegalHold {
        action,
        scope: Hex(scope.expect("a scope").0),
        at: Time::from_millis(now_ms()).expect("a time"),
        reason_hash: Hex(hold.order_hash),
    }
}

fn attested(hold: &LegalHold, key: &EvidenceKey) -> Vec<u8> {
    let statement = hold.statement(vec![hold.subject()]).expect("a statement");
    let mut envelope = statement.to_envelope().expect("an envelope");
    envelope.sign(key);
    envelope.to_json().into_bytes()
}

/// What the organisation attested, as the relay keeps it.
async fn kept(relay: &Relay) -> Vec<LegalHold> {
    let all = said::<LegalHold>(relay).await;
    all.into_iter().map(|(_, hold)| hold).collect()
}

#[tokio::test]
async fn a_hold_comes_and_goes_with_exactly_its_attestation() {
    let relay = Relay::new();
    let (_, alice) = relay.alice().await;
    set_key(&relay, &alice).await;
    publish(&relay, &alice, &first().sign(&key()))
        .await
        .expect("published");
    let attests = key().attestations();
    let placing = OrganisationPolicy {
        holds: vec![hold()],
        attestation_key: Some(attests.public()),
        ..after(&first())
    };
    let mallory = OrganisationKey::from_seed(&SecretBytes::fill(|bytes| bytes.fill(66)));
    let placed = says(&hold(), HoldAction::Placed);
    let good = attested(&placed, &attests);
    let other = |change: fn(&mut LegalHold)| {
        let mut other = placed.clone();
        change(&mut other);
        vec![attested(&other, &key().attestations())]
    };
    let stray = placed.statement(vec![sealwire_audit::statement::Subject::of("hold", b"x")]);
    let mut stray = stray
        .expect("a statement")
        .to_envelope()
        .expect("an envelope");
    stray.sign(&attests);
    for (why, statements) in [
        ("none", Vec::new()),
        (
            "another key",
            vec![attested(&placed, &mallory.attestations())],
        ),
        ("released", other(|hold| hold.action = HoldAction::Released)),
        ("another hold", other(|hold| hold.scope = Hex([1; 32]))),
        (
            "another order",
            other(|hold| hold.reason_hash = Hex([1; 32])),
        ),
        (
            "long ago",
            other(|hold| hold.at = Time::from_millis(1_000).expect("a time")),
        ),
        ("about something else", vec![stray.to_json().into_bytes()]),
        ("no statement", vec![b"{}".to_vec()]),
        ("two", vec![good.clone(), good.clone()]),
    ] {
        let refused = publish_with(&relay, &alice, &placing.sign(&key()), &statements).await;
        assert_eq!(refused.expect_err(why).code, Code::HoldUnattested, "{why}");
    }
    let keyless = OrganisationPolicy {
        attestation_key: None,
        ..placing.clone()
    };
    let refused = publish_with(
        &relay,
        &alice,
        &keyless.sign(&key()),
        std::slice::from_ref(&good),
    )
    .await;
    assert_eq!(refused.expect_err("no key").code, Code::HoldUnattested);
    assert!(kept(&relay).await.is_empty());
    let signed = placing.sign(&key());
    // A lost answer may be repeated; it is logged once.
    for _ in 0..2 {
        let done = publish_with(&relay, &alice, &signed, std::slice::from_ref(&good)).await;
        assert_eq!(done.expect("taken"), 204);
    }
    assert_eq!(kept(&relay).await, std::slice::from_ref(&placed));

    let releasing = OrganisationPolicy {
        holds: Vec::new(),
        ..after(&placing)
    };
    let refused = publish(&relay, &alice, &releasing.sign(&key())).await;
    assert_eq!(refused.expect_err("in silence").code, Code::HoldUnattested);
    let released = LegalHold {
        reason_hash: Hex([9; 32]),
        ..says(&hold(), HoldAction::Released)
    };
    let statement = attested(&released, &attests);
    let done = publish_with(&relay, &alice, &releasing.sign(&key()), &[statement]).await;
    assert_eq!(done.expect("released"), 204);
    assert_eq!(kept(&relay).await, [placed, released]);
}
