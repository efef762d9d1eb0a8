//! Asking to be let into a conversation.

use super::*;

fn request(from: &Person) -> JoinRequest {
    let conversation = ConversationId([5; 16]);
    JoinRequest::new(&secret(7), conversation, &from.certificate, vec![6; 8])
}

#[test]
fn a_request_arrives_whole_and_its_bytes_stay() {
    let body = Body::JoinRequest(request(&bob()));
    let bytes = send(&body, &bob(), &alice()).expect("fits");
    let opened = receive(&alice(), &bytes).expect("for Alice");
    assert!(opened.body.to_wire() == body.to_wire());
    assert_eq!(opened.sender.as_ref(), Some(&bob().certificate));
    let content = Content {
        sender: bob().certificate.as_bytes().to_vec(),
        recipient: vec![8; 16],
        sent_at_s: 1_500,
        body: Some(body.to_wire()),
    };
    insta::assert_snapshot!(hex(&content.encode_to_vec()));
}

#[test]
fn a_request_shows_that_its_sender_had_the_link() {
    let made = request(&bob());
    let sender = &bob().certificate;
    assert!(made.verify_mac(&secret(7), sender).is_ok());
    assert!(made.verify_mac(&secret(8), sender).is_err());
    // Mallory passes on what Bob wrote, under her own name.
    assert!(made.verify_mac(&secret(7), &mallory().certificate).is_err());
    for change in [
        |request: &mut JoinRequest| request.conversation = ConversationId([6; 16]),
        |request: &mut JoinRequest| request.key_package.push(0),
        |request: &mut JoinRequest| request.mac[0] ^= 1,
    ] {
        let mut changed = request(&bob());
        change(&mut changed);
        assert!(changed.verify_mac(&secret(7), sender).is_err());
    }
}

#[test]
fn a_request_needs_a_sender() {
    let sealed = seal_envelope(
        &Body::JoinRequest(request(&bob())),
        None,
        &bob().device,
        (alice().id(), &alice().inbox.public()),
        1_500,
        &mut rng(),
    );
    assert_eq!(sealed.err(), Some(EnvelopeError::SenderMissing));
}
