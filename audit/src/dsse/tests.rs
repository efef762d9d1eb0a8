use proptest::prelude::*;
use sealwire_crypto::SecretBytes;

use super::*;
use crate::testing::evidence_key;

/// Keys, payload and signatures of the published test vectors.
const SEED_A: &str = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
const SEED_B: &str = "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb";
const PAYLOAD: &str = "eyJfdHlwZSI6Imh0dHBzOi8vaW4tdG90by5pby9TdGF0ZW1lbnQvdjEifQ==";
const BY_A: &str =
    "2WAfaHm5jluo0w+0rk8uVkluELJYWjSmU9x7EUzx+AyteDGJ4/nqyJXfmAUVFIAoQafWm7AxBZNw5M9ixNHiCA==";
const BY_B: &str =
    "c1+67/aT0yqEpwx8PsVY3MLHsj9D0CZ014/Fv/QlG59P+9CobUZ7xECJ/V3USG0Ob9CiE5LjReEZUzNF2l7eBw==";

fn published(seed: &str) -> EvidenceKey {
    let seed = HEXLOWER.decode(seed.as_bytes()).unwrap();
    EvidenceKey::from_seed(&SecretBytes::from_slice(&seed).unwrap())
}

fn both() -> [EvidencePublic; 2] {
    [published(SEED_A).public(), published(SEED_B).public()]
}

fn read(payload: &str, payload_type: &str, signatures: &[&str]) -> Envelope {
    let signatures: Vec<_> = signatures
        .iter()
        .map(|sig| serde_json::json!({ "sig": sig }))
        .collect();
    let json = serde_json::json!({
        "payload": payload, "payloadType": payload_type, "signatures": signatures,
    });
    Envelope::parse(json.to_string().as_bytes()).unwrap()
}

fn count(envelope: &Envelope, needed: usize) -> Result<usize, TooFew> {
    envelope
        .verify(&both(), needed)
        .map(|signers| signers.len())
}

#[test]
fn the_published_vectors_that_are_to_be_accepted() {
    assert_eq!(count(&read(PAYLOAD, IN_TOTO, &[BY_A]), 1), Ok(1));
    assert_eq!(count(&read(PAYLOAD, IN_TOTO, &[BY_A, BY_B]), 2), Ok(2));
    let url_safe =
        "P-_KHICeR7tI6S_YyejJTRtrXhcQyQ2LYPaL8h90KjC9qN8HU_svOQ6TuDOT1HIrsGW886DbWNWcCmX5twLrAw==";
    assert_eq!(count(&read("-_-_Pj8=", IN_TOTO, &[url_safe]), 1), Ok(1));
    let umlaut =
        "xmSk/ug66ysT7ayhkCIjhAq42zgZXSsEWuzUaNL7w2eGAdF/NU6/fRXPtmfN+5DNSAs5/i2lUnHjbbjPsu0tAw==";
    let envelope = read(PAYLOAD, "application/vnd.exämple+json", &[umlaut]);
    assert_eq!(count(&envelope, 1), Ok(1));
    let empty =
        "gSggCAaTLTYyRH6FIDBem6meyIynsYy8RTHVzwx9tnTb7Bg/1jMWnuVgI/gffqmbsC2VX5/jHfkkDqsj7CDbDg==";
    assert_eq!(count(&read("", IN_TOTO, &[empty]), 1), Ok(1));
}

#[test]
fn the_published_vectors_that_are_to_be_rejected() {
    let other = read(PAYLOAD, "application/vnd.example.other+json", &[BY_A]);
    assert_eq!(
        count(&other, 1),
        Err(TooFew {
            valid: 0,
            needed: 1
        })
    );
    let twice = read(PAYLOAD, IN_TOTO, &[BY_A, BY_A]);
    assert_eq!(
        count(&twice, 2),
        Err(TooFew {
            valid: 1,
            needed: 2
        })
    );
}

#[test]
fn the_published_keys_make_the_published_signatures() {
    let mut envelope = Envelope::new(IN_TOTO, decode(PAYLOAD).unwrap());
    for seed in [SEED_A, SEED_B, SEED_A] {
        envelope.sign(&published(seed));
    }
    let made: Vec<_> = envelope
        .signatures()
        .iter()
        .map(|one| BASE64.encode(&one.signature))
        .collect();
    assert_eq!(made, [BY_A, BY_B]);
    insta::assert_snapshot!(envelope.to_json());
}

#[test]
fn lengths_are_signed() {
    assert_eq!(signed_bytes("a b", b"c"), b"DSSEv1 3 a b 1 c");
    assert_ne!(signed_bytes("a", b"1 b"), signed_bytes("a 3", b"b"));
}

#[test]
fn strangers_and_a_threshold_of_nobody_prove_nothing() {
    let mut envelope = Envelope::new(IN_TOTO, b"{}".to_vec());
    envelope.sign(&evidence_key(66));
    assert!(count(&envelope, 1).is_err());
    envelope.sign(&published(SEED_B));
    let signers = envelope.verify(&both(), 1).unwrap();
    assert_eq!(Vec::from_iter(signers), [published(SEED_B).public()]);
    assert!(count(&envelope, 0).is_err());
    assert!(envelope.verify(&[], 1).is_err());
}

#[test]
fn what_is_no_envelope() {
    let many = vec![serde_json::json!({"sig": ""}); 65];
    let many = serde_json::json!({"payload": "", "payloadType": "", "signatures": many});
    for (wrong, why) in [
        (String::new(), "is not the JSON of an envelope"),
        ("[]".to_owned(), "is not the JSON of an envelope"),
        (
            r#"{"payload":""}"#.to_owned(),
            "is not the JSON of an envelope",
        ),
        (
            r#"{"payload":"","payload":"","payloadType":"","signatures":[]}"#.to_owned(),
            "is not the JSON of an envelope",
        ),
        (
            r#"{"payload":"?","payloadType":"","signatures":[]}"#.to_owned(),
            "the payload is not base64",
        ),
        (
            r#"{"payload":"","payloadType":"","signatures":[{"sig":"A"}]}"#.to_owned(),
            "a signature is not base64",
        ),
        (many.to_string(), "has more than 64 signatures"),
        (" ".repeat(MAX_ENVELOPE + 1), "is longer than 24 MiB"),
    ] {
        assert_eq!(
            Envelope::parse(wrong.as_bytes()).unwrap_err().why,
            why,
            "{wrong:.100}"
        );
    }
    assert!(Envelope::parse("[".repeat(1_000_000).as_bytes()).is_err());
}

proptest! {
    #[test]
    fn what_is_written_is_read(
        payload_type in "(?s).{0,10}", payload in prop::collection::vec(any::<u8>(), 0..40),
        signatures in prop::collection::vec((prop::option::of("(?s).{0,5}"), prop::collection::vec(any::<u8>(), 0..70)), 0..4)
    ) {
        let signatures = signatures.into_iter().map(|(key_id, signature)| EnvelopeSignature { key_id, signature }).collect();
        let envelope = Envelope { payload_type, payload, signatures };
        prop_assert_eq!(Envelope::parse(envelope.to_json().as_bytes()), Ok(envelope));
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Envelope::parse(&bytes);
    }
}
