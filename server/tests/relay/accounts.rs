//! Enrolment, sign-in, devices, directory.

use reqwest::Method;
use sealwire_crypto::{OrganisationKey, SignContext};
use sealwire_protocol::account::{
    B64, DirectoryEntry, Enrolled, Invitation, Invitations, Me, NewDevice, NewInvitation, OrgRole,
    Organisation, OwnData, Session,
};
use sealwire_protocol::certificate::DeviceKind;
use sealwire_protocol::link::InvitationCode;
use sealwire_protocol::problem::Code;

use crate::support::{Person, Relay};

#[tokio::test]
async fn alice_becomes_the_owner_by_the_link_of_the_first_start() {
    let relay = Relay::new();
    let alice = Person::new("alice@acme");
    let link = relay.owner_link().expect("a link");
    assert_eq!(link.organisation, "acme");
    assert_eq!(link.relay.to_string(), relay.authority());
    let enrolled = alice.enrol(&relay, &link.code).await.expect("enrolled");
    assert_eq!(enrolled.role, OrgRole::OrgOwner);
    assert_eq!(enrolled.organisation.name, "acme");
    let token = alice.sign_in(&relay).await.expect("signed in");
    let me: Me = relay.get("me", Some(&token)).await.expect("me");
    assert_eq!(
        (me.handle.as_str(), me.role),
        ("alice@acme", OrgRole::OrgOwner)
    );
    assert_eq!(me.device, alice.device().into());
}

#[tokio::test]
async fn an_enrolment_whose_answer_was_lost_can_be_repeated() {
    let relay = Relay::new();
    let (alice, token) = relay.alice().await;
    let code = relay.invite(&token, OrgRole::OrgMember).await;
    let bob = Person::new("bob@acme");
    let enrolment = bob.enrolment(&code);
    let path = "enrol";
    let first = relay.tell(Method::POST, path, None, &enrolment).await;
    assert_eq!(first.expect("enrolled"), 201);
    let again = relay.tell(Method::POST, path, None, &enrolment).await;
    assert_eq!(again.expect("the same"), 200);
    let enrolled: Enrolled = relay
        .ask(Method::POST, path, None, &enrolment)
        .await
        .expect("the same");
    assert_eq!(enrolled.handle, "bob@acme");
    for other in [Person::new("mallory@acme"), bob.another_device()] {
        let refused = other.enrol(&relay, &code).await.expect_err("used");
        assert_eq!(refused.code, Code::InvitationUsed);
    }
    let link = relay.owner_link().expect("the link of this start");
    let refused = bob.enrol(&relay, &link.code).await.expect_err("used");
    assert_eq!(refused.code, Code::InvitationUsed);
    drop(alice);
}

#[tokio::test]
async fn invitations_that_are_unknown_expired_or_withdrawn() {
    let relay = Relay::new();
    let (_, token) = relay.alice().await;
    let bob = Person::new("bob@acme");
    let unknown = InvitationCode::from_slice(&[9; 16]).expect("a code");
    let refused = bob.enrol(&relay, &unknown).await.expect_err("unknown");
    assert_eq!(refused.code, Code::InvitationUnknown);

    let short = InvitationCode::from_slice(&[8; 16]).expect("a code");
    let new = NewInvitation {
        code_hash: short.hash().into(),
        role: OrgRole::OrgMember,
        kind: DeviceKind::Person,
        expires_in_s: 1,
    };
    let made: Invitation = relay
        .ask(Method::POST, "invitations", Some(&token), &new)
        .await
        .expect("invited");
    tokio::time::sleep(std::time::Duration::from_millis(2100)).await;
    let refused = bob.enrol(&relay, &short).await.expect_err("expired");
    assert_eq!(refused.code, Code::InvitationExpired);

    let withdrawn = relay.invite(&token, OrgRole::OrgMember).await;
    let list: Invitations = relay
        .get("invitations", Some(&token))
        .await
        .expect("listed");
    assert!(list.invitations[0].id > made.id, "newest first");
    let path = format!("invitations/{}", list.invitations[0].id);
    let done = relay.tell(Method::DELETE, &path, Some(&token), &()).await;
    assert_eq!(done.expect("withdrawn"), 204);
    let refused = bob.enrol(&relay, &withdrawn).await.expect_err("withdrawn");
    assert_eq!(refused.code, Code::InvitationUnknown);
}

#[tokio::test]
async fn the_inviter_sees_who_came_and_their_mac() {
    let relay = Relay::new();
    let (_, token) = relay.alice().await;
    let code = relay.invite(&token, OrgRole::OrgMember).await;
    let mut enrolment = Person::new("bob@acme").enrolment(&code);
    enrolment.mac = B64(vec![7; 32]);
    let _: Enrolled = relay
        .ask(Method::POST, "enrol", None, &enrolment)
        .await
        .expect("enrolled");
    let list: Invitations = relay
        .get("invitations", Some(&token))
        .await
        .expect("listed");
    assert_eq!(list.invitations[0].used_by.as_deref(), Some("bob@acme"));
    assert_eq!(list.invitations[0].mac, Some(B64(vec![7; 32])));
}

#[tokio::test]
async fn mallory_enrols_nobody() {
    let relay = Relay::new();
    let (_, token) = relay.alice().await;
    let code = relay.invite(&token, OrgRole::OrgMember).await;
    let (bob, mallory) = (Person::new("bob@acme"), Person::new("mallory@acme"));
    let good = bob.enrolment(&code);

    let mut wrong_proof = good.clone();
    wrong_proof.proof = mallory.enrolment(&code).proof;
    let mut other_certificate = good.clone();
    other_certificate.certificate = mallory.certificate.as_bytes().into();
    let mut damaged = good.clone();
    *damaged.certificate.0.last_mut().expect("bytes") ^= 1;
    let mut taken = mallory.enrolment(&code);
    taken.handle = "alice@acme".into();
    let mut foreign = good.clone();
    foreign.handle = "bob@other".into();
    let mut capital = good.clone();
    capital.handle = "Bob@acme".into();
    let imposter = Person::new("alice@acme").enrolment(&code);
    for (what, enrolment, code) in [
        ("proof by another", wrong_proof, Code::BadCertificate),
        (
            "another's certificate",
            other_certificate,
            Code::BadCertificate,
        ),
        ("damaged certificate", damaged, Code::BadCertificate),
        ("handle not the certificate's", taken, Code::BadCertificate),
        ("another organisation", foreign, Code::HandleInvalid),
        ("capital letters", capital, Code::HandleInvalid),
        ("alice's handle", imposter, Code::HandleTaken),
    ] {
        let refused = relay.tell(Method::POST, "enrol", None, &enrolment).await;
        assert_eq!(refused.expect_err(what).code, code, "{what}");
    }
    // None of this used the invitation up.
    bob.enrol(&relay, &code).await.expect("enrolled");
}

#[tokio::test]
async fn a_challenge_is_good_once_and_for_its_device() {
    let relay = Relay::new();
    let (alice, token) = relay.alice().await;
    let (bob, _) = relay.join(&token, "bob@acme", OrgRole::OrgMember).await;
    let sign_in = async |request: &_| {
        let answer: Result<Session, _> = relay.ask(Method::POST, "session", None, request).await;
        answer.map(|session| session.expires_in_s)
    };
    let request = alice.answer(&alice.challenge(&relay).await);
    assert_eq!(sign_in(&request).await.expect("signed in"), 15 * 60);
    let again = sign_in(&request).await.expect_err("used");
    assert_eq!(again.code, Code::BadSignature);
    // Bob cannot answer for Alice, with his own challenge or hers.
    let mut forged = bob.answer(&alice.challenge(&relay).await);
    forged.device = alice.device().into();
    assert_eq!(
        sign_in(&forged).await.expect_err("forged").code,
        Code::BadSignature
    );
    let stolen = bob.answer(&alice.challenge(&relay).await);
    assert_eq!(
        sign_in(&stolen).await.expect_err("stolen").code,
        Code::BadSignature
    );
    let stranger = Person::new("carol@acme");
    let request = stranger.answer(&stranger.challenge(&relay).await);
    assert_eq!(
        sign_in(&request).await.expect_err("unknown").code,
        Code::DeviceUnknown
    );
}

#[tokio::test]
async fn suspension_acts_at_once_and_can_be_undone() {
    let relay = Relay::new();
    let (_, alice) = relay.alice().await;
    let (person, bob) = relay.join(&alice, "bob@acme", OrgRole::OrgMember).await;
    let done = relay
        .tell(Method::POST, "members/bob@acme/suspend", Some(&alice), &())
        .await;
    assert_eq!(done.expect("suspended"), 204);
    let refused = relay
        .get::<Me>("me", Some(&bob))
        .await
        .expect_err("suspended");
    assert_eq!(refused.code, Code::Suspended);
    let refused = person.sign_in(&relay).await.expect_err("suspended");
    assert_eq!(refused.code, Code::Suspended);
    let entry: DirectoryEntry = relay
        .get("directory/bob@acme", Some(&alice))
        .await
        .expect("bob");
    assert!(entry.suspended);
    relay
        .tell(Method::POST, "members/bob@acme/resume", Some(&alice), &())
        .await
        .expect("resumed");
    assert!(relay.get::<Me>("me", Some(&bob)).await.is_ok());
}

#[tokio::test]
async fn devices_are_added_renewed_and_revoked() {
    let relay = Relay::new();
    let (alice, token) = relay.alice().await;
    let (bob, _) = relay.join(&token, "bob@acme", OrgRole::OrgMember).await;
    let telephone = alice.another_device();
    let add = async |person: &Person| {
        let new = NewDevice {
            certificate: person.certificate.as_bytes().into(),
        };
        relay
            .tell(Method::POST, "devices", Some(&token), &new)
            .await
    };
    assert_eq!(add(&telephone).await.expect("added"), 201);
    assert_eq!(add(&telephone).await.expect("renewed"), 201);
    let refused = add(&bob.another_device()).await.expect_err("bob's");
    assert_eq!(refused.code, Code::BadCertificate);
    let second = telephone.sign_in(&relay).await.expect("signed in");

    let path = format!("devices/{}", telephone.device());
    let mut forged = alice.revocation(telephone.device());
    forged.signature = bob.revocation(telephone.device()).signature;
    let refused = relay
        .tell(Method::DELETE, &path, Some(&token), &forged)
        .await;
    assert_eq!(refused.expect_err("forged").code, Code::BadSignature);
    let revocation = alice.revocation(telephone.device());
    for _ in 0..2 {
        let done = relay
            .tell(Method::DELETE, &path, Some(&token), &revocation)
            .await;
        assert_eq!(done.expect("revoked"), 204);
    }
    let refused = relay
        .get::<Me>("me", Some(&second))
        .await
        .expect_err("revoked");
    assert_eq!(refused.code, Code::DeviceUnknown);
    assert_eq!(
        add(&telephone).await.expect_err("revoked").code,
        Code::BadCertificate
    );
    let entry: DirectoryEntry = relay
        .get("directory/alice@acme", Some(&token))
        .await
        .expect("alice");
    assert_eq!(
        entry.certificates,
        [B64::from(alice.certificate.as_bytes())]
    );
    assert_eq!(entry.revocations, [revocation]);
    // Bob cannot revoke Alice's devices, not even with her signature.
    let (_, carol) = relay.join(&token, "carol@acme", OrgRole::OrgMember).await;
    let path = format!("devices/{}", alice.device());
    let stolen = alice.revocation(alice.device());
    let refused = relay
        .tell(Method::DELETE, &path, Some(&carol), &stolen)
        .await;
    assert_eq!(refused.expect_err("not hers").code, Code::BadSignature);
}

#[tokio::test]
async fn the_organisation_key_is_set_once() {
    let relay = Relay::new();
    let (_, token) = relay.alice().await;
    let with = |key: &OrganisationKey| Organisation {
        name: "acme".into(),
        key: Some(key.public().as_bytes().into()),
    };
    let key = OrganisationKey::generate(&mut rand::rng());
    let set = async |organisation: &Organisation| {
        relay
            .tell(Method::PUT, "organisation", Some(&token), organisation)
            .await
    };
    assert_eq!(set(&with(&key)).await.expect("set"), 204);
    assert_eq!(set(&with(&key)).await.expect("repeated"), 204);
    let other = OrganisationKey::generate(&mut rand::rng());
    let refused = set(&with(&other)).await.expect_err("another");
    assert_eq!(refused.code, Code::OrganisationKeySet);
    let found: Organisation = relay.get("organisation", None).await.expect("public");
    assert_eq!(found, with(&key));
}

#[tokio::test]
async fn bad_requests_get_problem_details() {
    let relay = Relay::new();
    let (_, token) = relay.alice().await;
    let refused = relay.tell(Method::POST, "enrol", None, &"text").await;
    assert_eq!(refused.expect_err("not an object").code, Code::Malformed);
    let refused = relay
        .get::<Me>("nowhere", None)
        .await
        .expect_err("no route");
    assert_eq!(refused.code, Code::NotFound);
    let refused = relay.tell(Method::PUT, "me", Some(&token), &()).await;
    assert_eq!(refused.expect_err("no method").code, Code::NotFound);
    let refused = relay.get::<Me>("me", Some("forged.token.here")).await;
    assert_eq!(refused.expect_err("forged").code, Code::Unauthenticated);
    let refused = relay.get::<Me>("inbox?wait=soon", Some(&token)).await;
    assert_eq!(refused.expect_err("not a number").code, Code::Malformed);
    let large = "x".repeat(3 << 20);
    let refused = relay.tell(Method::POST, "enrol", None, &large).await;
    assert_eq!(refused.expect_err("large").code, Code::TooLarge);
    // An unknown field would be a wish silently ignored.
    let extra = serde_json::json!({ "device": "AAAAAAAAAAAAAAAAAAAAAA", "extra": 1 });
    let refused = relay.tell(Method::POST, "challenge", None, &extra).await;
    assert_eq!(refused.expect_err("extra").code, Code::Malformed);
}

#[tokio::test]
async fn a_signature_for_something_else_signs_nobody_in() {
    let relay = Relay::new();
    let (alice, _) = relay.alice().await;
    let challenge = alice.challenge(&relay).await;
    let mut request = alice.answer(&challenge);
    let message = [&challenge[..], alice.device().as_bytes(), b"other"].concat();
    let signature = alice.key.sign(SignContext::Challenge, &message);
    request.signature = signature.as_bytes().into();
    let refused = relay.tell(Method::POST, "session", None, &request).await;
    assert_eq!(
        refused.expect_err("another relay's").code,
        Code::BadSignature
    );
}

/// Over HTTP/1.1 a refusal in the middle of a long body is easily lost.
#[tokio::test]
async fn a_long_body_without_a_session_gets_the_refusal() {
    let relay = Relay::new();
    let long = vec!["x".repeat(1000); 1000];
    let refused = relay.tell(Method::POST, "key-packages", None, &long).await;
    assert_eq!(refused.expect_err("no session").code, Code::Unauthenticated);
}

#[tokio::test]
async fn what_leaves_a_trace_for_ever_is_bounded_a_day() {
    let mut relay = Relay::new();
    let (alice, token) = relay.alice().await;
    let renew = async |relay: &Relay, number: u64| {
        let mut body = alice.certificate.body().clone();
        body.not_after_s += number;
        let new = NewDevice {
            certificate: body.sign(&alice.account).as_bytes().into(),
        };
        relay
            .tell(Method::POST, "devices", Some(&token), &new)
            .await
    };
    for number in 1..=50 {
        renew(&relay, number).await.expect("renewed");
        renew(&relay, number)
            .await
            .expect("the same again counts for nothing");
    }
    let refused = renew(&relay, 51).await.expect_err("too much for a day");
    assert_eq!(refused.code, Code::RateLimited);
    // A restart forgives nothing.
    relay.terminate();
    relay.start();
    let refused = renew(&relay, 52).await.expect_err("too much for a day");
    assert_eq!(refused.code, Code::RateLimited);

    for _ in 0..10 {
        let _: OwnData = relay.get("me/data", Some(&token)).await.expect("a copy");
    }
    let refused = relay.get::<OwnData>("me/data", Some(&token)).await;
    assert_eq!(refused.expect_err("too much").code, Code::RateLimited);
}
