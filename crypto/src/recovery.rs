//! Recovery keys: a secret that a person can write on paper and type again.
//!
//! The text carries 35 bytes: version (1), key (32), the first 2 bytes of a
//! SHA-256 over both. The check characters of the [groups](crate::groups) find
//! slips of the pen and say where; the hash finds what they let through, such as
//! groups of two different keys, but for one in 65,536.

use rand_core::CryptoRng;
use sha2::{Digest, Sha256};
use zeroize::{Zeroize, Zeroizing};

use crate::{CryptoError, SecretBytes, groups};

const VERSION: u8 = 1;

/// 32 random bytes with a form for people. Wiped when dropped.
pub struct RecoveryKey(SecretBytes<32>);

impl RecoveryKey {
    /// A fresh key from `rng`.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        Self(SecretBytes::generate(rng))
    }

    /// The key as 14 groups of 5 characters of Crockford's base32 with dashes
    /// between.
    #[must_use]
    pub fn to_text(&self) -> Zeroizing<String> {
        let mut payload = Zeroizing::new([0; groups::BYTES]);
        payload[0] = VERSION;
        payload[1..33].copy_from_slice(self.0.expose());
        payload[33..].copy_from_slice(&checksum(self.0.expose()));
        groups::write(&payload)
    }

    /// Reads what a person typed. Upper and lower case are the same, `I` and `L`
    /// are read as `1`, `O` as `0`; spaces, line ends and dashes may be anywhere.
    ///
    /// # Errors
    /// [`CryptoError::RecoveryGroup`] with the first group, counted from 1, that
    /// holds a wrong character; [`CryptoError::RecoveryLength`] if characters are
    /// missing or too many; [`CryptoError::UnsupportedVersion`];
    /// [`CryptoError::RecoveryChecksum`].
    pub fn parse(text: &str) -> Result<Self, CryptoError> {
        let payload = groups::read(text)?;
        if payload[0] != VERSION {
            return Err(CryptoError::UnsupportedVersion(payload[0]));
        }
        let (key, claimed) = payload[1..].split_at(32);
        if claimed != checksum(key) {
            return Err(CryptoError::RecoveryChecksum);
        }
        SecretBytes::from_slice(key).map(Self)
    }

    /// The 32 bytes.
    #[must_use]
    pub fn as_secret(&self) -> &SecretBytes<32> {
        &self.0
    }
}

fn checksum(key: &[u8]) -> [u8; 2] {
    let mut digest = Sha256::new()
        .chain_update(b"sealwire recovery key")
        .chain_update([VERSION])
        .chain_update(key)
        .finalize();
    let checksum = [digest[0], digest[1]];
    digest.as_mut_slice().zeroize();
    checksum
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        groups::{ALPHABET, GROUP},
        testing::counting_secret,
    };

    fn text_of(key: [u8; 32]) -> String {
        RecoveryKey(SecretBytes::fill(|bytes| *bytes = key))
            .to_text()
            .to_string()
    }

    fn text() -> String {
        text_of(*counting_secret().expose())
    }

    fn error(text: &str) -> CryptoError {
        RecoveryKey::parse(text)
            .err()
            .expect("should have been refused")
    }

    /// Computed with an independent implementation in Python.
    #[test]
    fn the_text_of_a_fixed_key() {
        insta::assert_snapshot!(
            text(),
            @"04005-20G38-0G2GV-C1R8A-14505-P30D5-1R7HK-048J6-2CA1D-A5GQM-30CHD-M6RWB-3MF1K-YB56H"
        );
    }

    #[test]
    fn people_may_be_careless_with_case_spaces_and_lookalikes() {
        let good = text();
        let forms = [
            good.clone(),
            good.to_lowercase(),
            good.replace('-', ""),
            good.replace('-', " "),
            good.replace('-', "\n"),
            good.replace('-', " – "),
            format!("  {good}\n"),
            good.replace('0', "O"),
            good.replace('0', "o").replace('1', "l"),
            good.replace('1', "I"),
            good.replace('1', "i"),
        ];
        for form in forms {
            let key = RecoveryKey::parse(&form).unwrap();
            assert!(key.as_secret().ct_eq(counting_secret().expose()), "{form}");
        }
    }

    #[test]
    fn every_single_wrong_character_is_caught_and_its_group_named() {
        let good = text();
        for (place, was) in good.char_indices().filter(|(_, c)| *c != '-') {
            for wrong in ALPHABET
                .iter()
                .map(|c| char::from(*c))
                .filter(|c| *c != was)
            {
                let mut bad = good.clone();
                bad.replace_range(place..=place, &wrong.to_string());
                assert_eq!(
                    error(&bad),
                    CryptoError::RecoveryGroup(place / 6 + 1),
                    "{bad}"
                );
            }
            for foreign in ["U", "u", "!", "é", "１"] {
                let mut bad = good.clone();
                bad.replace_range(place..=place, foreign);
                assert_eq!(
                    error(&bad),
                    CryptoError::RecoveryGroup(place / 6 + 1),
                    "{bad}"
                );
            }
        }
    }

    #[test]
    fn missing_and_extra_characters_are_explained() {
        let good = text();
        let expected = 70;
        assert_eq!(
            error(""),
            CryptoError::RecoveryLength { found: 0, expected }
        );
        assert_eq!(
            error(&good[..good.len() - 1]),
            CryptoError::RecoveryGroup(14)
        );
        assert_eq!(
            error(&good.replacen("20G38", "20G3", 1)),
            CryptoError::RecoveryGroup(2)
        );
        assert_eq!(
            error(&good.replacen("20G38", "20G338", 1)),
            CryptoError::RecoveryGroup(2)
        );
        assert_eq!(
            error(&good[6..]),
            CryptoError::RecoveryLength {
                found: 65,
                expected
            }
        );
        let unspaced = good.replace('-', "");
        assert_eq!(
            error(&unspaced[1..]),
            CryptoError::RecoveryLength {
                found: 69,
                expected
            }
        );
        let twice = format!("{good}-{good}");
        assert_eq!(
            error(&twice),
            CryptoError::RecoveryLength {
                found: 140,
                expected
            }
        );
    }

    #[test]
    fn groups_of_different_keys_do_not_belong_together() {
        let (alice, bob) = (text_of([1; 32]), text_of([2; 32]));
        let mixed = format!("{}{}", &alice[..42], &bob[42..]);
        assert_eq!(error(&mixed), CryptoError::RecoveryChecksum);
    }

    #[test]
    fn other_versions_are_named() {
        let mut payload = [0; groups::BYTES];
        payload[0] = 2;
        let error = error(&groups::write(&payload));
        assert_eq!(error, CryptoError::UnsupportedVersion(2));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(key: [u8; 32]) {
            let parsed = RecoveryKey::parse(&text_of(key)).unwrap();
            prop_assert!(parsed.as_secret().ct_eq(&key));
        }

        #[test]
        fn any_single_substitution_is_caught(
            key: [u8; 32],
            place in 0usize..70,
            other in 0usize..32,
        ) {
            let mut typed = text_of(key).replace('-', "").into_bytes();
            prop_assume!(typed[place] != ALPHABET[other]);
            typed[place] = ALPHABET[other];
            let typed = String::from_utf8(typed).unwrap();
            prop_assert_eq!(error(&typed), CryptoError::RecoveryGroup(place / GROUP + 1));
        }

        #[test]
        fn any_swap_of_neighbours_is_caught(key: [u8; 32], place in 0usize..69) {
            let mut typed = text_of(key).replace('-', "").into_bytes();
            prop_assume!(typed[place] != typed[place + 1]);
            typed.swap(place, place + 1);
            let typed = String::from_utf8(typed).unwrap();
            prop_assert_eq!(error(&typed), CryptoError::RecoveryGroup(place / GROUP + 1));
        }

        #[test]
        fn any_swap_of_groups_is_caught(key: [u8; 32], a in 0usize..14, b in 0usize..14) {
            prop_assume!(a != b);
            let text = text_of(key);
            let mut groups: Vec<&str> = text.split('-').collect();
            groups.swap(a, b);
            let first = a.min(b) + 1;
            prop_assert_eq!(error(&groups.join("-")), CryptoError::RecoveryGroup(first));
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,100}") {
            let _ = RecoveryKey::parse(&text);
        }
    }
}
