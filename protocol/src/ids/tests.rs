use proptest::prelude::*;

use super::*;
use crate::testing::rng;

#[test]
fn an_identifier_shows_as_hexadecimal_and_reads_back() {
    let id = DeviceId::random(&mut rng());
    assert_eq!(DeviceId::from_hex(&id.to_string()), Ok(id));
    assert_eq!(
        format!("{:?}", BlobId([0xab; 16])),
        format!("BlobId({})", "ab".repeat(16))
    );
    assert!(DeviceId::from_hex(&"AB".repeat(16)).is_err());
}

#[test]
fn random_identifiers_differ() {
    let mut rng = rng();
    assert_ne!(LogId::random(&mut rng), LogId::random(&mut rng));
}

#[test]
fn a_lane_is_the_hash_of_its_pass() {
    let pass = Pass::from_slice(&[1; 32]).expect("32 bytes");
    assert_eq!(pass.lane().0, sealwire_crypto::sha256(&[&[1; 32]]));
    assert_eq!(
        Pass::from_slice(&[1; 31]).err().map(|e| e.to_string()),
        Some("Pass must be 32 bytes, got 31".into())
    );
}

proptest! {
    #[test]
    fn only_the_exact_length_is_an_identifier(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
        prop_assert_eq!(EntryId::from_slice(&bytes).is_ok(), bytes.len() == 16);
        prop_assert_eq!(LogId::from_slice(&bytes).is_ok(), bytes.len() == 32);
    }

    #[test]
    fn any_text_is_hexadecimal_or_refused(text in "[0-9a-fA-F]{30,34}|.{0,40}") {
        if let Ok(id) = EntryId::from_hex(&text) {
            prop_assert_eq!(id.to_string(), text);
        }
    }
}
