use proptest::prelude::*;

use super::*;
use crate::testing::{alice, anything, bob, damaged, hex};

fn receipt() -> RemovalReceipt {
    RemovalReceipt {
        device: alice().id(),
        number: 3,
        conversation: ConversationId([9; 16]),
        at_s: 1_764_000_000,
        messages: 450,
        files: 2,
        oldest_s: 1_750_000_000,
        newest_s: 1_756_000_000,
        messages_kept_s: Some(7_776_000),
        files_kept_s: Some(2_592_000),
        policy_serial: 2,
    }
}

#[test]
fn the_bytes_of_receipts_stay() {
    insta::assert_snapshot!(hex(&receipt().sign(&alice().device)));
}

#[test]
fn a_receipt_opens_to_its_devices_certificate_only() {
    let signed = receipt().sign(&alice().device);
    let verify = |signed: &[u8], who: &crate::testing::Person| {
        RemovalReceipt::verify(signed, &who.certificate)
    };
    assert_eq!(verify(&signed, &alice()), Ok(receipt()));
    assert_eq!(verify(&signed, &bob()), Err(BadSignature));
    // Bob's device cannot speak for Alice's.
    let forged = receipt().sign(&bob().device);
    assert_eq!(verify(&forged, &alice()), Err(BadSignature));
    assert_eq!(verify(&forged, &bob()), Err(BadSignature));
}

#[test]
fn a_signature_for_something_else_does_not_serve() {
    let body = receipt().encode();
    let signature = alice().device.sign(SignContext::Acknowledgement, &body);
    let signed = signed::join(body, &signature);
    assert_eq!(
        RemovalReceipt::verify(&signed, &alice().certificate),
        Err(BadSignature)
    );
}

#[test]
fn what_breaks_a_rule_is_refused() {
    let wire = |change: fn(&mut WireReceipt)| {
        let mut wire: WireReceipt = canonical::decode(&receipt().encode()).expect("canonical");
        change(&mut wire);
        RemovalReceipt::parse(&wire.encode_to_vec()).err()
    };
    assert_eq!(wire(|_| {}), None);
    assert_eq!(wire(|wire| wire.messages_kept_s = 0), None);
    assert_eq!(wire(|wire| wire.version = 2), Some(UnknownVersion(2)));
    for (why, refused) in [
        ("no number", wire(|wire| wire.number = 0)),
        ("a short device", wire(|wire| wire.device.truncate(15))),
        ("a long name", wire(|wire| wire.conversation.push(1))),
        (
            "back in time",
            wire(|wire| wire.newest_s = wire.oldest_s - 1),
        ),
        ("nothing", wire(|wire| (wire.messages, wire.files) = (0, 0))),
    ] {
        assert_eq!(refused, Some(Malformed), "{why}");
    }
    let long = vec![0; MAX_REMOVAL_RECEIPT + 1];
    assert_eq!(RemovalReceipt::parse(&long), Err(Malformed));
    assert_eq!(
        RemovalReceipt::verify(&long, &alice().certificate),
        Err(Malformed)
    );
}

proptest! {
    #[test]
    fn any_bytes_are_canonical_or_refused(bytes in anything(200)) {
        if let Ok(receipt) = RemovalReceipt::parse(&bytes) {
            prop_assert_eq!(receipt.encode(), bytes);
        }
    }

    #[test]
    fn a_damaged_receipt_never_opens(bytes in damaged(receipt().sign(&alice().device))) {
        if let Ok(opened) = RemovalReceipt::verify(&bytes, &alice().certificate) {
            prop_assert_eq!(opened, receipt());
            prop_assert_eq!(bytes, receipt().sign(&alice().device));
        }
    }

    #[test]
    fn every_receipt_fits(number: u64, count: u64, times: (u64, u64), bounds: (u64, u64)) {
        let largest = RemovalReceipt {
            number: number.max(1),
            messages: count.max(1),
            files: count,
            oldest_s: times.0.min(times.1),
            newest_s: times.0.max(times.1),
            messages_kept_s: Some(bounds.0.max(1)),
            files_kept_s: Some(bounds.1.max(1)),
            policy_serial: number,
            ..receipt()
        };
        let signed = largest.sign(&alice().device);
        prop_assert_eq!(RemovalReceipt::verify(&signed, &alice().certificate), Ok(largest));
    }
}
