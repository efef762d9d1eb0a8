use super::*;
use crate::testing::{alice, hex, mallory, secret};

#[test]
fn the_signed_bytes_stay() {
    let code = InvitationCode::from_slice(&[7; 16]).expect("16 bytes");
    let handle = Handle::parse("alice@acme").expect("a handle");
    let device = DeviceId([1; 16]);
    let key = alice().account.public();
    let mac_of = |kind| hex(&enrolment_mac(&secret(3), kind, &handle, &key));
    insta::assert_snapshot!(
        [
            hex(&enrolment_message(&code, b"certificate", &handle)),
            hex(&challenge_message(&[2; 32], &device, "acme")),
            hex(&revocation_message(&device, 0x0102_0304)),
            mac_of(DeviceKind::Person),
            mac_of(DeviceKind::Agent),
            mac_of(DeviceKind::Custodian),
        ]
        .join("\n\n")
    );
}

#[test]
fn the_enrolment_message_holds_hashes_and_the_handle() {
    let code = InvitationCode::from_slice(&[7; 16]).expect("16 bytes");
    let handle = Handle::parse("alice@acme").expect("a handle");
    let message = enrolment_message(&code, b"certificate", &handle);
    assert_eq!(message[..32], sha256(&[&[7; 16]]));
    assert_eq!(message[32..64], sha256(&[b"certificate"]));
    assert_eq!(&message[64..], b"alice@acme");
}

#[test]
fn the_inviter_notices_another_account() {
    let (alice, mallory) = (alice(), mallory());
    let handle = alice.certificate.handle();
    let kind = DeviceKind::Agent;
    let tag = enrolment_mac(&secret(3), kind, handle, &alice.account.public());
    let check = |secret_byte, handle, key| {
        verify_enrolment_mac(&secret(secret_byte), kind, handle, &key, &tag).is_ok()
    };
    assert!(check(3, handle, alice.account.public()));
    assert!(!check(4, handle, alice.account.public()));
    assert!(!check(3, handle, mallory.account.public()));
    assert!(!check(
        3,
        mallory.certificate.handle(),
        alice.account.public()
    ));
}

#[test]
fn the_inviter_notices_another_kind() {
    const KINDS: [DeviceKind; 3] = [DeviceKind::Person, DeviceKind::Agent, DeviceKind::Custodian];
    let alice = alice();
    let (handle, key) = (alice.certificate.handle(), alice.account.public());
    for made in KINDS {
        let tag = enrolment_mac(&secret(3), made, handle, &key);
        for read in KINDS {
            let checked = verify_enrolment_mac(&secret(3), read, handle, &key, &tag);
            assert_eq!(checked.is_ok(), made == read, "{made:?} read as {read:?}");
        }
    }
}
