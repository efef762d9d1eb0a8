use proptest::prelude::*;
use prost::Message;
use sealwire_crypto::{BlobKey, SignContext};
use static_assertions::assert_not_impl_any;

use super::{
    wire::{Content, SignedEnvelope},
    *,
};
use crate::{
    ids::{BlobId, ConversationId, DeviceId, LogId},
    testing::{Person, alice, anything, bob, damaged, hex, mallory, rng, secret},
};

mod join_request;

assert_not_impl_any!(Body: Clone, std::fmt::Debug);
assert_not_impl_any!(BlobRef: Clone, std::fmt::Debug);
assert_not_impl_any!(LinkGrant: Clone, std::fmt::Debug);

fn blob_ref() -> BlobRef {
    BlobRef {
        blob: BlobId([1; 16]),
        read_token: secret(2),
        key: BlobKey::from_slice(&[3; 32]).expect("32 bytes"),
    }
}

fn welcome() -> Body {
    Body::Welcome(Welcome {
        log: LogId([4; 32]),
        conversation: ConversationId([5; 16]),
        blob: blob_ref(),
    })
}

fn rejoin(len: usize) -> Body {
    Body::Rejoin(Rejoin {
        log: LogId([4; 32]),
        key_package: vec![6; len],
    })
}

/// Alice's second device.
fn tablet() -> Person {
    Person::device_of(alice().account, "alice@acme", 9)
}

fn link_request() -> Body {
    let new = tablet();
    Body::LinkRequest(LinkRequest::new(
        &secret(7),
        new.id(),
        new.device.public(),
        new.inbox.public(),
    ))
}

fn grant(account: Person, to: &Person) -> Body {
    Body::LinkGrant(Box::new(LinkGrant {
        certificate: to.certificate.clone(),
        account_key: account.account,
        roster: Some(blob_ref()),
    }))
}

fn send(body: &Body, from: &Person, to: &Person) -> Result<Vec<u8>, EnvelopeError> {
    let certificate = match body {
        Body::LinkRequest(_) => None,
        _ => Some(&from.certificate),
    };
    let inbox = to.inbox.public();
    seal_envelope(
        body,
        certificate,
        &from.device,
        (to.id(), &inbox),
        1_500,
        &mut rng(),
    )
}

fn receive(to: &Person, bytes: &[u8]) -> Result<OpenedEnvelope, EnvelopeError> {
    open_envelope(&to.inbox, &to.id(), bytes)
}

fn refusal(to: &Person, bytes: &[u8]) -> EnvelopeError {
    receive(to, bytes).err().expect("a refusal")
}

#[test]
fn every_body_arrives_whole_in_4096_bytes() {
    let (alice, bob, tablet) = (alice(), bob(), tablet());
    for (body, from, to) in [
        (welcome(), &alice, &bob),
        (rejoin(3_000), &bob, &alice),
        (link_request(), &tablet, &alice),
        (grant(self::alice(), &tablet), &alice, &tablet),
    ] {
        let bytes = send(&body, from, to).expect("fits");
        assert_eq!(bytes.len(), crate::limits::ENVELOPE);
        let opened = receive(to, &bytes).expect("for this device");
        assert_eq!(opened.sent_at_s, 1_500);
        assert!(opened.body.to_wire() == body.to_wire());
        let sender = (!matches!(body, Body::LinkRequest(_))).then(|| from.certificate.clone());
        assert_eq!(opened.sender, sender);
    }
}

#[test]
fn the_bytes_under_the_seal_stay() {
    let (alice, tablet) = (alice(), tablet());
    let content = |body: &Body, sender: &[u8]| {
        Content {
            sender: sender.to_vec(),
            recipient: vec![8; 16],
            sent_at_s: 1_500,
            body: Some(body.to_wire()),
        }
        .encode_to_vec()
    };
    let certificate = alice.certificate.as_bytes();
    insta::assert_snapshot!(
        [
            content(&welcome(), certificate),
            content(&rejoin(8), certificate),
            content(&link_request(), &[]),
            content(&grant(self::alice(), &tablet), certificate),
        ]
        .map(|bytes| hex(&bytes))
        .join("\n\n")
    );
}

#[test]
fn the_sealed_bytes_stay() {
    let bytes = send(&welcome(), &alice(), &bob()).expect("fits");
    insta::assert_snapshot!(hex(&sealwire_crypto::sha256(&[&bytes])), @"1a6d203d5e7a61ace94df9501925eb3d3b9711d35bba0611a849526e9782a887");
}

#[test]
fn mallory_cannot_open_what_is_for_bob() {
    let bytes = send(&welcome(), &alice(), &bob()).expect("fits");
    assert_eq!(refusal(&mallory(), &bytes), EnvelopeError::OpenFailed);
    let other_device = open_envelope(&bob().inbox, &DeviceId([99; 16]), &bytes);
    assert_eq!(other_device.err(), Some(EnvelopeError::OpenFailed));
}

#[test]
fn mallory_cannot_write_in_alices_name() {
    let (alice, mallory, bob) = (alice(), mallory(), bob());
    let inbox = bob.inbox.public();
    let bytes = seal_envelope(
        &welcome(),
        Some(&alice.certificate),
        &mallory.device,
        (bob.id(), &inbox),
        1_500,
        &mut rng(),
    )
    .expect("fits");
    assert_eq!(refusal(&bob, &bytes), EnvelopeError::Signature);
}

/// Seals `content` as it stands, as a faulty or hostile sender would.
fn seal_content(content: &Content, signer: &Person, to: &Person) -> Vec<u8> {
    let content = content.encode_to_vec();
    let signature = signer.device.sign(SignContext::Envelope, &content);
    let signed = SignedEnvelope {
        content,
        signature: signature.as_bytes().to_vec(),
    };
    seal_plaintext(&seal::pad(&signed).expect("fits"), to)
}

fn seal_plaintext(plaintext: &[u8], to: &Person) -> Vec<u8> {
    let aad = seal::authenticated(&to.id());
    let sealed = sealwire_crypto::seal(&to.inbox.public(), INFO, &aad, plaintext, &mut rng());
    [&[VERSION], &sealed.expect("a good key")[..]].concat()
}

fn content(change: impl FnOnce(&mut Content)) -> Vec<u8> {
    let (alice, bob) = (alice(), bob());
    let mut content = Content {
        sender: alice.certificate.as_bytes().to_vec(),
        recipient: bob.id().0.to_vec(),
        sent_at_s: 1_500,
        body: Some(welcome().to_wire()),
    };
    change(&mut content);
    seal_content(&content, &alice, &bob)
}

#[test]
fn mallory_cannot_pass_on_what_alice_wrote_to_her() {
    let to_mallory = content(|content| content.recipient = mallory().id().0.to_vec());
    assert_eq!(refusal(&bob(), &to_mallory), EnvelopeError::Recipient);
}

#[test]
fn a_sender_is_named_unless_it_asks_for_a_certificate() {
    let bob = bob();
    assert!(receive(&bob, &content(|_| {})).is_ok());
    let nobody = content(|content| content.sender.clear());
    assert_eq!(refusal(&bob, &nobody), EnvelopeError::SenderMissing);
    let both = content(|content| content.body = Some(link_request().to_wire()));
    assert_eq!(refusal(&bob, &both), EnvelopeError::SenderUnexpected);
    let nothing = content(|content| content.body = None);
    assert_eq!(refusal(&bob, &nothing), EnvelopeError::UnknownBody);
    let damaged = content(|content| content.sender[10] ^= 1);
    assert!(matches!(
        refusal(&bob, &damaged),
        EnvelopeError::Certificate(_)
    ));

    let inbox = bob.inbox.public();
    let seal = |body: &Body, sender: Option<&Person>| {
        let sender = sender.map(|person| &person.certificate);
        let to = (bob.id(), &inbox);
        seal_envelope(body, sender, &alice().device, to, 0, &mut rng()).err()
    };
    assert_eq!(seal(&welcome(), None), Some(EnvelopeError::SenderMissing));
    assert_eq!(
        seal(&link_request(), Some(&alice())),
        Some(EnvelopeError::SenderUnexpected)
    );
}

#[test]
fn bytes_of_another_size_or_version_are_refused() {
    let bob = bob();
    let mut bytes = send(&welcome(), &alice(), &bob).expect("fits");
    assert_eq!(refusal(&bob, &bytes[1..]), EnvelopeError::Size(4_095));
    assert_eq!(refusal(&bob, &[]), EnvelopeError::Size(0));
    bytes[0] = 2;
    assert_eq!(refusal(&bob, &bytes), EnvelopeError::UnknownVersion(2));
}

#[test]
fn padding_must_be_zero_and_lengths_true() {
    let bob = bob();
    let mut plaintext = vec![0; PLAINTEXT];
    plaintext[PLAINTEXT - 1] = 1;
    assert_eq!(
        refusal(&bob, &seal_plaintext(&plaintext, &bob)),
        EnvelopeError::Malformed
    );
    let endless = vec![0xff; PLAINTEXT];
    assert_eq!(
        refusal(&bob, &seal_plaintext(&endless, &bob)),
        EnvelopeError::Malformed
    );
}

#[test]
fn a_body_that_does_not_fit_is_refused_with_its_size() {
    let (alice, bob) = (alice(), bob());
    let fits = |len| send(&rejoin(len), &alice, &bob);
    let most = (0..MAX_SIGNED)
        .rev()
        .find(|len| fits(*len).is_ok())
        .expect("some fit");
    assert!(most > 3_400, "{most}");
    let error = fits(most + 1).expect_err("too large");
    assert_eq!(
        error,
        EnvelopeError::TooLarge {
            got: MAX_SIGNED + 1,
            limit: MAX_SIGNED
        }
    );
    assert!(receive(&bob, &fits(most).expect("fits")).is_ok());
}

#[test]
fn only_somebody_with_the_link_can_ask_to_be_linked() {
    let Body::LinkRequest(mut request) = link_request() else {
        unreachable!("a link request")
    };
    assert!(request.verify_mac(&secret(7)).is_ok());
    assert!(request.verify_mac(&secret(8)).is_err());
    request.inbox_key = mallory().inbox.public();
    assert!(request.verify_mac(&secret(7)).is_err());
}

#[test]
fn a_link_request_is_signed_with_the_key_it_proposes() {
    let forged = send(&link_request(), &mallory(), &alice()).expect("fits");
    assert_eq!(refusal(&alice(), &forged), EnvelopeError::Signature);
}

#[test]
fn a_grant_must_be_whole() {
    let (alice, tablet) = (alice(), tablet());
    let refused = |body: Body, from: &Person| {
        refusal(&tablet, &send(&body, from, &tablet).expect("fits")) == EnvelopeError::Grant
    };
    assert!(
        refused(grant(self::alice(), &bob()), &alice),
        "another's certificate"
    );
    assert!(
        refused(grant(mallory(), &tablet), &alice),
        "another account's key"
    );
    assert!(
        refused(grant(self::alice(), &tablet), &mallory()),
        "another sender"
    );
}

#[test]
fn blobs_read_back_and_stay() {
    let welcome = WelcomeBlob {
        welcome: vec![1; 8],
        ratchet_tree: vec![2; 8],
        name: "Plans".into(),
    };
    let roster = RosterBlob {
        groups: vec![RosterGroup {
            log: LogId([3; 32]),
            conversation: ConversationId([4; 16]),
        }],
    };
    insta::assert_snapshot!([hex(&welcome.encode()), hex(&roster.encode())].join("\n\n"));
    assert_eq!(WelcomeBlob::parse(&welcome.encode()), Ok(welcome));
    assert_eq!(RosterBlob::parse(&roster.encode()), Ok(roster));
    let long = RosterBlob {
        groups: vec![
            RosterGroup {
                log: LogId([3; 32]),
                conversation: ConversationId([4; 16])
            };
            MAX_ROSTER + 1
        ],
    };
    assert_eq!(
        RosterBlob::parse(&long.encode()),
        Err(EnvelopeError::Malformed)
    );
}

proptest! {
    #[test]
    fn no_bytes_make_the_parsers_panic(bytes in anything(5_000)) {
        prop_assert!(receive(&bob(), &bytes).is_err());
        if let Ok(blob) = WelcomeBlob::parse(&bytes) {
            prop_assert_eq!(blob.encode(), bytes.clone());
        }
        if let Ok(blob) = RosterBlob::parse(&bytes) {
            prop_assert_eq!(blob.encode(), bytes);
        }
    }

    #[test]
    fn no_plaintext_makes_the_parser_panic(mut bytes in anything(PLAINTEXT)) {
        bytes.resize(PLAINTEXT, 0);
        prop_assert!(receive(&bob(), &seal_plaintext(&bytes, &bob())).is_err());
    }

    #[test]
    fn a_damaged_plaintext_is_refused(at in 0..600usize, bit in 0..8u32) {
        let bob = bob();
        let sealed = content(|_| {});
        let aad = seal::authenticated(&bob.id());
        let mut plaintext = sealwire_crypto::open(&bob.inbox, INFO, &aad, &sealed[1..]).expect("whole");
        plaintext[at] ^= 1 << bit;
        prop_assert!(receive(&bob, &seal_plaintext(&plaintext, &bob)).is_err());
    }

    #[test]
    fn a_damaged_envelope_is_refused(bytes in damaged(content(|_| {}))) {
        prop_assume!(bytes != content(|_| {}));
        prop_assert!(receive(&bob(), &bytes).is_err());
    }
}
