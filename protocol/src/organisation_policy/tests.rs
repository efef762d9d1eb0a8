use proptest::prelude::*;

use super::*;
use crate::testing::{anything, damaged, hex, secret};

fn key() -> OrganisationKey {
    OrganisationKey::from_seed(&secret(1))
}

fn first() -> OrganisationPolicy {
    OrganisationPolicy {
        organisation: "acme".into(),
        serial: 1,
        previous_hash: None,
        issued_at_s: 1_764_000_000,
        max_message_days: Some(365),
        max_blob_days: None,
        no_receipts: false,
        log_policy: None,
        directory_key_hash: None,
        custodians: Vec::new(),
        holds: Vec::new(),
        attestation_key: None,
    }
}

fn second() -> OrganisationPolicy {
    OrganisationPolicy {
        serial: 2,
        previous_hash: Some(first().hash()),
        max_message_days: Some(90),
        max_blob_days: Some(30),
        no_receipts: true,
        log_policy: None,
        directory_key_hash: None,
        custodians: Vec::new(),
        holds: Vec::new(),
        attestation_key: None,
        ..first()
    }
}

#[test]
fn the_bytes_of_policies_stay() {
    let all = [first(), second()].map(|policy| hex(&policy.sign(&key())));
    insta::assert_snapshot!(all.join("\n\n"));
}

#[test]
fn a_policy_opens_to_the_organisation_key_only() {
    let signed = second().sign(&key());
    assert_eq!(
        OrganisationPolicy::verify(&signed, &key().public()),
        Ok(second())
    );
    let mallory = OrganisationKey::from_seed(&secret(66)).public();
    assert_eq!(
        OrganisationPolicy::verify(&signed, &mallory),
        Err(BadSignature)
    );
}

#[test]
fn a_signature_for_something_else_does_not_serve() {
    let body = first().encode();
    let signature = key().sign(SignContext::Endorsement, &body);
    let signed = signed::join(body, &signature);
    assert_eq!(
        OrganisationPolicy::verify(&signed, &key().public()),
        Err(BadSignature)
    );
}

#[test]
fn a_policy_follows_the_one_before_it() {
    assert!(first().follows(None));
    assert!(!second().follows(None));
    assert!(second().follows(Some(&first())));
    assert!(!first().follows(Some(&second())), "never back");
    assert!(!first().follows(Some(&first())));
    let changed = |change: fn(&mut OrganisationPolicy)| {
        let mut policy = second();
        change(&mut policy);
        policy.follows(Some(&first()))
    };
    assert!(!changed(|policy| policy.serial = 3));
    assert!(!changed(|policy| policy.previous_hash = Some([0; 32])));
    assert!(!changed(|policy| policy.organisation = "other".into()));
    let last = OrganisationPolicy {
        serial: u64::MAX,
        ..second()
    };
    assert!(!first().follows(Some(&last)));
}

#[test]
fn what_breaks_a_rule_is_refused() {
    let wire = |change: fn(&mut WirePolicy)| {
        let mut wire: WirePolicy = canonical::decode(&second().encode()).expect("canonical");
        change(&mut wire);
        OrganisationPolicy::parse(&wire.encode_to_vec()).err()
    };
    assert_eq!(wire(|_| {}), None);
    assert_eq!(wire(|wire| wire.version = 2), Some(UnknownVersion(2)));
    assert_eq!(wire(|wire| wire.version = 0), Some(UnknownVersion(0)));
    for (why, refused) in [
        ("no name", wire(|wire| wire.organisation.clear())),
        ("a name", wire(|wire| wire.organisation = "Acme".into())),
        ("no serial", wire(|wire| wire.serial = 0)),
        ("a first after another", wire(|wire| wire.serial = 1)),
        ("nothing before", wire(|wire| wire.previous_hash.clear())),
        ("a short hash", wire(|wire| wire.previous_hash.truncate(31))),
        ("days", wire(|wire| wire.max_message_days = 36_501)),
        ("days of blobs", wire(|wire| wire.max_blob_days = u32::MAX)),
    ] {
        assert_eq!(refused, Some(Malformed), "{why}");
    }
    let long = vec![0; MAX_ORGANISATION_POLICY + 1];
    assert_eq!(OrganisationPolicy::parse(&long), Err(Malformed));
    assert_eq!(
        OrganisationPolicy::verify(&long, &key().public()),
        Err(Malformed)
    );
}

#[test]
fn a_newer_version_is_told_from_nonsense_when_it_is_signed() {
    // With version 9 in front and field 15 at its end.
    let newer = [&[8, 9], &second().encode()[2..], &[0x78, 1]].concat();
    let sign =
        |key: &OrganisationKey| signed::join(newer.clone(), &key.sign(SignContext::Policy, &newer));
    let verify = |signed: &[u8]| OrganisationPolicy::verify(signed, &key().public()).err();
    assert_eq!(verify(&sign(&key())), Some(UnknownVersion(9)));
    let mallory = OrganisationKey::from_seed(&secret(66));
    assert_eq!(verify(&sign(&mallory)), Some(BadSignature));
}

proptest! {
    #[test]
    fn any_bytes_are_canonical_or_refused(bytes in anything(200)) {
        if let Ok(policy) = OrganisationPolicy::parse(&bytes) {
            prop_assert_eq!(policy.encode(), bytes);
        }
    }

    #[test]
    fn damaged_bodies_are_canonical_or_refused(bytes in damaged(second().encode())) {
        if let Ok(policy) = OrganisationPolicy::parse(&bytes) {
            prop_assert_eq!(policy.encode(), bytes);
        }
    }

    #[test]
    fn a_damaged_policy_never_opens(bytes in damaged(second().sign(&key()))) {
        if let Ok(policy) = OrganisationPolicy::verify(&bytes, &key().public()) {
            prop_assert_eq!(policy, second());
            prop_assert_eq!(bytes, second().sign(&key()));
        }
    }
}
