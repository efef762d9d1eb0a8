use proptest::prelude::*;

use super::*;
use crate::testing::{alice, anything, bob, damaged, hex};

fn receipt(copies: Copies) -> ErasureReceipt {
    ErasureReceipt {
        device: alice().id(),
        at_s: 1_764_000_000,
        copies,
    }
}

#[test]
fn the_bytes_of_receipts_stay() {
    insta::assert_snapshot!(
        [
            hex(&receipt(Copies::Kept).sign(&alice().device)),
            hex(&receipt(Copies::Removed).sign(&alice().device)),
            hex(&device_hash(&alice().id())),
            hex(&device_key_hash(&alice().id(), &alice().device.public())),
        ]
        .join("\n\n")
    );
}

#[test]
fn a_receipt_opens_to_its_key_only() {
    let signed = receipt(Copies::Removed).sign(&alice().device);
    let verify = |key: &DeviceKey| ErasureReceipt::verify(&signed, &key.public());
    assert_eq!(verify(&alice().device), Ok(receipt(Copies::Removed)));
    assert_eq!(verify(&bob().device), Err(BadSignature));
}

#[test]
fn a_signature_for_something_else_does_not_serve() {
    let body = receipt(Copies::Removed).encode();
    let signature = alice().device.sign(SignContext::RemovalReceipt, &body);
    let signed = signed::join(body, &signature);
    assert_eq!(
        ErasureReceipt::verify(&signed, &alice().device.public()),
        Err(BadSignature)
    );
}

#[test]
fn what_breaks_a_rule_is_refused() {
    let wire = |change: fn(&mut WireReceipt)| {
        let body = receipt(Copies::Kept).encode();
        let mut wire: WireReceipt = canonical::decode(&body).expect("canonical");
        change(&mut wire);
        ErasureReceipt::parse(&wire.encode_to_vec()).err()
    };
    assert_eq!(wire(|_| {}), None);
    assert_eq!(wire(|wire| wire.version = 2), Some(UnknownVersion(2)));
    assert_eq!(wire(|wire| wire.device.truncate(15)), Some(Malformed));
    assert_eq!(wire(|wire| wire.copies = 0), Some(Malformed));
    assert_eq!(wire(|wire| wire.copies = 3), Some(Malformed));
    let long = vec![0; MAX_ERASURE_RECEIPT + 1];
    assert_eq!(
        ErasureReceipt::verify(&long, &alice().device.public()),
        Err(Malformed)
    );
}

proptest! {
    #[test]
    fn any_bytes_are_canonical_or_refused(bytes in anything(100)) {
        if let Ok(receipt) = ErasureReceipt::parse(&bytes) {
            prop_assert_eq!(receipt.encode(), bytes);
        }
    }

    #[test]
    fn a_damaged_receipt_never_opens(
        bytes in damaged(receipt(Copies::Kept).sign(&alice().device)),
    ) {
        let key = alice().device.public();
        if let Ok(opened) = ErasureReceipt::verify(&bytes, &key) {
            prop_assert_eq!(opened, receipt(Copies::Kept));
        }
    }

    #[test]
    fn every_receipt_fits(at_s: u64) {
        let largest = ErasureReceipt { at_s, ..receipt(Copies::Removed) };
        let signed = largest.sign(&alice().device);
        prop_assert_eq!(ErasureReceipt::verify(&signed, &alice().device.public()), Ok(largest));
    }
}
