use proptest::prelude::*;
use sealwire_crypto::{OrganisationKey, SecretBytes};

use super::*;

fn key(seed: u8) -> OrganisationKey {
    OrganisationKey::from_seed(&SecretBytes::fill(|bytes: &mut [u8; 32]| bytes.fill(seed)))
}

fn changed(
    present: Option<&OrganisationPolicy>,
    organisation: &str,
    now_s: u64,
    change: &OrganisationPolicyChange,
) -> OrganisationPolicy {
    let mut next = successor(present, organisation, now_s);
    apply(&mut next, change);
    next
}

fn days(messages: u32) -> OrganisationPolicyChange {
    OrganisationPolicyChange {
        max_message_days: Some(messages),
        ..OrganisationPolicyChange::default()
    }
}

/// The first `count` policies of acme.
fn policies(count: u32) -> Vec<OrganisationPolicy> {
    let mut all: Vec<OrganisationPolicy> = Vec::new();
    for number in 1..=count {
        all.push(changed(all.last(), "acme", 1, &days(number)));
    }
    all
}

fn code(known: Option<&[u8]>, shown: Option<&[u8]>) -> Option<&'static str> {
    let public = key(5).public();
    judge(known, shown, &public, "acme")
        .err()
        .map(|error| error.code)
}

#[test]
fn newer_policies_are_taken_and_others_refused() {
    let signed: Vec<Vec<u8>> = policies(4).iter().map(|p| p.sign(&key(5))).collect();
    let public = key(5).public();
    let takes = |known: Option<&[u8]>, shown: &[u8]| {
        judge(known, Some(shown), &public, "acme")
            .expect("trusted")
            .map(|(_, policy)| policy.serial)
    };
    assert_eq!(takes(None, &signed[0]), Some(1));
    assert_eq!(
        takes(None, &signed[2]),
        Some(3),
        "a device that joined late"
    );
    assert_eq!(takes(Some(&signed[0]), &signed[1]), Some(2));
    assert_eq!(
        takes(Some(&signed[0]), &signed[3]),
        Some(4),
        "some were missed"
    );
    assert_eq!(takes(Some(&signed[1]), &signed[1]), None);

    assert_eq!(code(None, None), None);
    assert_eq!(code(Some(&signed[1]), None), Some("policy_rolled_back"));
    assert_eq!(
        code(Some(&signed[1]), Some(&signed[0])),
        Some("policy_rolled_back")
    );
    let mallory = policies(2)[1].sign(&key(66));
    for known in [None, Some(signed[0].as_slice())] {
        assert_eq!(code(known, Some(&mallory)), Some("policy_not_genuine"));
        assert_eq!(code(known, Some(b"nonsense")), Some("policy_not_genuine"));
    }
    let foreign = changed(None, "other", 1, &days(1)).sign(&key(5));
    assert_eq!(code(None, Some(&foreign)), Some("policy_not_genuine"));
    // Two of one serial, and one that does not follow.
    let other = changed(policies(1).first(), "acme", 1, &days(77));
    assert_eq!(
        code(Some(&signed[1]), Some(&other.sign(&key(5)))),
        Some("policy_conflict")
    );
    let loose = OrganisationPolicy {
        previous_hash: Some([0; 32]),
        ..policies(3)[2].clone()
    };
    assert_eq!(
        code(Some(&signed[1]), Some(&loose.sign(&key(5)))),
        Some("policy_conflict")
    );
}

#[test]
fn a_change_leaves_the_rest_as_it_was() {
    let first = changed(None, "acme", 7, &days(90));
    let second = OrganisationPolicyChange {
        max_file_days: Some(30),
        receipts: Some(false),
        ..OrganisationPolicyChange::default()
    };
    let second = changed(Some(&first), "acme", 8, &second);
    assert!(first.follows(None) && second.follows(Some(&first)));
    assert_eq!(
        (second.max_message_days, second.max_blob_days),
        (Some(90), Some(30))
    );
    assert!(second.no_receipts && !first.no_receipts);
    let third = changed(Some(&second), "acme", 9, &days(0));
    assert_eq!(
        (third.max_message_days, third.max_blob_days),
        (None, Some(30))
    );
    let same = changed(
        Some(&third),
        "acme",
        9,
        &OrganisationPolicyChange::default(),
    );
    assert!(says_the_same(&third, &same) && !says_the_same(&second, &third));
}

proptest! {
    /// Whatever the relay shows in whatever order, the serial never falls.
    #[test]
    fn the_serial_never_goes_back(shown in prop::collection::vec(prop::option::of(0usize..6), 0..20)) {
        let signed: Vec<Vec<u8>> = policies(6).iter().map(|p| p.sign(&key(5))).collect();
        let public = key(5).public();
        let mut known: Option<(Vec<u8>, u64)> = None;
        for shown in shown {
            let bytes = shown.map(|number| signed[number].as_slice());
            let before = known.as_ref().map_or(0, |(_, serial)| *serial);
            let judged = judge(known.as_ref().map(|(bytes, _)| bytes.as_slice()), bytes, &public, "acme");
            if let Ok(Some((bytes, policy))) = judged {
                prop_assert!(policy.serial > before);
                known = Some((bytes.to_vec(), policy.serial));
            }
        }
    }
}
