use proptest::prelude::*;

use super::*;
use crate::dsse::IN_TOTO;
use crate::testing::evidence_key;

fn envelope(signers: &[u8]) -> (Envelope, Vec<EvidencePublic>) {
    let mut envelope = Envelope::new(
        IN_TOTO,
        b"{\"_type\":\"https://in-toto.io/Statement/v1\"}".to_vec(),
    );
    for seed in signers {
        envelope.sign(&evidence_key(*seed));
    }
    let keys = signers
        .iter()
        .map(|seed| evidence_key(*seed).public())
        .collect();
    (envelope, keys)
}

fn attestation(signers: &[u8]) -> Attestation {
    let (envelope, keys) = envelope(signers);
    Attestation::of(&envelope, &keys).unwrap()
}

/// The form that Sigstore's verifiers read; it may not change.
#[test]
fn entries_have_one_spelling() {
    let leaves = [
        Leaf::Attestation(attestation(&[1])),
        Leaf::event("custodian-added", Commitment([7; 32])).unwrap(),
    ];
    let spelled = leaves.map(|leaf| String::from_utf8(leaf.to_bytes().unwrap()).unwrap());
    insta::assert_snapshot!(spelled.join("\n"));
    let directory = Leaf::Directory {
        index: DirectoryIndex([1; 16]),
        commitment: Commitment([2; 32]),
    };
    let expected = [[1; 16].as_slice(), &[2; 32]].concat();
    assert_eq!(directory.to_bytes(), Ok(expected.clone()));
    assert_eq!(Leaf::parse(&expected), Ok(directory));
}

#[test]
fn what_is_logged_is_of_its_envelope_alone() {
    let logged = attestation(&[1, 2]);
    assert!(logged.is_of(&envelope(&[1, 2]).0));
    assert_eq!(logged.signers().count(), 2);
    for other in [&[1][..], &[2, 1], &[1, 2, 3], &[]] {
        assert!(!logged.is_of(&envelope(other).0), "{other:?}");
    }
    let mut changed = Envelope::new(IN_TOTO, b"{}".to_vec());
    changed.sign(&evidence_key(1));
    changed.sign(&evidence_key(2));
    assert!(!logged.is_of(&changed));
}

#[test]
fn only_what_known_keys_have_signed_is_logged() {
    let (envelope, keys) = envelope(&[1, 2]);
    assert!(Attestation::of(&envelope, &keys[..1]).is_err());
    assert!(Attestation::of(&Envelope::new(IN_TOTO, vec![]), &keys).is_err());
}

#[test]
fn what_is_no_entry() {
    let text = |leaf: &Leaf| String::from_utf8(leaf.to_bytes().unwrap()).unwrap();
    let signed = text(&Leaf::Attestation(attestation(&[1])));
    let event = text(&Leaf::event("erasure", Commitment([7; 32])).unwrap());
    for wrong in [
        String::new(),
        "{}".to_owned(),
        "[]".to_owned(),
        signed.replace("0.0.2", "0.0.1"),
        signed.replace("PKIX_ED25519", "PKIX_ED25519_PH"),
        signed.replace("\"MCow", "\"MCox"),
        signed.replace("\"kind\"", "\"kinds\""),
        signed.replace("\"signatures\":[", "\"signatures\":[] ,\"s\":["),
        event.replace("07", "7"),
        event.replace("erasure", "Erasure"),
        event.replace("erasure", ""),
        event.replace("}", ",\"who\":\"alice@acme\"}"),
        event.replace(":", ": "),
    ] {
        assert!(Leaf::parse(wrong.as_bytes()).is_err(), "{wrong}");
    }
    for length in [0, 15, 16, 47, 49, 64] {
        assert!(Leaf::parse(&vec![0; length]).is_err(), "{length}");
    }
    assert!(Leaf::event(&"a".repeat(65), Commitment([0; 32])).is_err());
}

proptest! {
    #[test]
    fn what_is_read_is_written_so(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        if let Ok(leaf) = Leaf::parse(&bytes) {
            prop_assert_eq!(leaf.to_bytes().unwrap(), bytes);
        }
    }

    #[test]
    fn every_entry_is_read_back(kind in "[a-z0-9-]{1,64}", commitment: [u8; 32], signers in prop::collection::vec(1_u8..5, 1..4)) {
        for leaf in [Leaf::event(&kind, Commitment(commitment)).unwrap(), Leaf::Attestation(attestation(&signers))] {
            prop_assert_eq!(Leaf::parse(&leaf.to_bytes().unwrap()), Ok(leaf));
        }
    }
}
