use proptest::prelude::*;

use super::*;
use crate::testing::{alice, anything, bob, damaged, hex, mallory};

fn body() -> CertificateBody {
    alice().certificate.body().clone()
}

#[test]
fn the_bytes_of_a_certificate_stay() {
    insta::assert_snapshot!(hex(alice().certificate.as_bytes()));
}

#[test]
fn what_alice_signed_is_read_back() {
    let alice = alice();
    let read = DeviceCertificate::from_bytes(alice.certificate.as_bytes());
    assert_eq!(read, Ok(alice.certificate));
}

#[test]
fn the_signer_is_the_account_that_the_certificate_names() {
    let (alice, mallory) = (alice(), mallory());
    let signed = alice.certificate.body().clone().sign(&mallory.account);
    assert_eq!(signed.account(), &mallory.account.public());
}

#[test]
fn mallory_cannot_sign_for_alice() {
    let body = body().to_wire().encode_to_vec();
    let signature = mallory()
        .account
        .sign(SignContext::DeviceCertificate, &body);
    let forged = WireCertificate {
        body,
        signature: signature.as_bytes().to_vec(),
    }
    .encode_to_vec();
    let read = UnverifiedCertificate::parse(&forged).expect("well formed");
    assert_eq!(read.verify(), Err(CertificateError::Signature));
}

#[test]
fn a_signature_for_another_purpose_is_refused() {
    let body = body().to_wire().encode_to_vec();
    let signature = alice().account.sign(SignContext::Revocation, &body);
    let forged = WireCertificate {
        body,
        signature: signature.as_bytes().to_vec(),
    };
    assert_eq!(
        DeviceCertificate::from_bytes(&forged.encode_to_vec()),
        Err(CertificateError::Signature)
    );
}

/// Signs a body that only a faulty or newer program makes.
fn with_wire(change: impl FnOnce(&mut WireBody)) -> Result<DeviceCertificate, CertificateError> {
    let mut wire = body().to_wire();
    change(&mut wire);
    signed(wire.encode_to_vec())
}

fn signed(body: Vec<u8>) -> Result<DeviceCertificate, CertificateError> {
    let signature = alice().account.sign(SignContext::DeviceCertificate, &body);
    let wire = WireCertificate {
        body,
        signature: signature.as_bytes().to_vec(),
    };
    DeviceCertificate::from_bytes(&wire.encode_to_vec())
}

#[test]
fn every_field_is_checked_although_signed() {
    use CertificateError as E;
    assert!(with_wire(|_| {}).is_ok());
    let id = |got| {
        Err(E::Id(IdError {
            kind: "DeviceId",
            expected: 16,
            got,
        }))
    };
    assert_eq!(
        with_wire(|w| w.handle = "Alice@acme".into()),
        Err(E::Handle(
            Handle::parse("Alice@acme").expect_err("a capital")
        ))
    );
    assert_eq!(with_wire(|w| w.account_key.truncate(31)), Err(E::Key));
    assert_eq!(with_wire(|w| w.device.push(0)), id(17));
    assert_eq!(with_wire(|w| w.device.clear()), id(0));
    assert_eq!(with_wire(|w| w.kind = 0), Err(E::Kind(0)));
    assert_eq!(with_wire(|w| w.kind = 4), Err(E::Kind(4)));
    assert_eq!(with_wire(|w| w.signature_key = vec![0xff; 32]), Err(E::Key));
    assert_eq!(with_wire(|w| w.inbox_key.push(0)), Err(E::Key));
}

#[test]
fn a_newer_version_is_called_newer_even_with_new_fields() {
    assert_eq!(
        with_wire(|wire| wire.version = 2),
        Err(CertificateError::UnknownVersion(2))
    );
    let mut newer = body().to_wire().encode_to_vec();
    newer[1] = 2;
    newer.extend_from_slice(&[0x7a, 1, b'x']);
    assert_eq!(signed(newer), Err(CertificateError::UnknownVersion(2)));
}

#[test]
fn fields_that_version_1_does_not_have_are_refused() {
    let mut extended = body().to_wire().encode_to_vec();
    extended.extend_from_slice(&[0x7a, 1, b'x']);
    assert_eq!(signed(extended), Err(CertificateError::Malformed));
}

#[test]
fn too_long_is_said_before_anything_is_read() {
    assert_eq!(
        UnverifiedCertificate::parse(&[0; MAX_CERTIFICATE + 1]),
        Err(CertificateError::TooLong(1025))
    );
}

#[test]
fn the_longest_certificate_fits() {
    let name = "a".repeat(63);
    let mut body = body();
    body.handle = Handle::parse(&format!("{name}@{name}")).expect("a handle");
    (body.not_before_s, body.not_after_s) = (u64::MAX, u64::MAX);
    let longest = body.sign(&alice().account);
    assert!(longest.as_bytes().len() <= MAX_CERTIFICATE);
    assert!(DeviceCertificate::from_bytes(longest.as_bytes()).is_ok());
}

#[test]
fn a_renewal_keeps_account_handle_and_device() {
    let alice = alice();
    let renewed = |change: fn(&mut CertificateBody)| {
        let mut body = body();
        change(&mut body);
        body.sign(&alice.account)
    };
    let later = renewed(|body| body.not_after_s = 9_000);
    assert!(later.is_renewal_of(&alice.certificate));
    let other_keys = renewed(|body| body.signature_key = bob().device.public());
    assert!(other_keys.is_renewal_of(&alice.certificate));
    let other_device = renewed(|body| body.device = DeviceId([9; 16]));
    assert!(!other_device.is_renewal_of(&alice.certificate));
    assert!(other_device.same_account(&alice.certificate));
    let other_handle = renewed(|body| body.handle = bob().certificate.handle().clone());
    assert!(!other_handle.same_account(&alice.certificate));
    let other_account = body().sign(&mallory().account);
    assert!(!other_account.is_renewal_of(&alice.certificate));
    assert!(!other_account.same_account(&alice.certificate));
}

#[test]
fn both_ends_of_the_validity_count() {
    let certificate = alice().certificate;
    for (now_s, valid) in [(999, false), (1_000, true), (2_000, true), (2_001, false)] {
        assert_eq!(certificate.valid_at(now_s), valid, "{now_s}");
    }
}

proptest! {
    #[test]
    fn no_bytes_make_the_parser_panic(bytes in anything(600)) {
        prop_assert!(DeviceCertificate::from_bytes(&bytes).is_err());
    }

    #[test]
    fn a_damaged_certificate_is_refused(bytes in damaged(alice().certificate.as_bytes().to_vec())) {
        let alice = alice().certificate;
        match DeviceCertificate::from_bytes(&bytes) {
            Ok(read) => prop_assert_eq!(read.as_bytes(), alice.as_bytes()),
            Err(_) => prop_assert_ne!(bytes, alice.as_bytes()),
        }
    }
}
