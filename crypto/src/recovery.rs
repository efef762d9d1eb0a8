//! Recovery keys: a secret that a person can write on paper and type again.
//!
//! The text is 14 groups of 5 characters of Crockford's base32. Four characters
//! of a group carry 20 bits, the fifth checks them. The 280 bits are: version
//! (1 byte), key (32 bytes), the first 2 bytes of a SHA-256 over both.
//!
//! The check character is taken over the field with 32 elements, with a different
//! weight at each of the five places and a different constant for each group. So
//! it catches every single wrong character, every swap of two neighbours and
//! every swap of two groups, and says which group is wrong; the hash catches what
//! is left but for one in 65,536.

use rand_core::CryptoRng;
use sha2::{Digest, Sha256};
use zeroize::{Zeroize, Zeroizing};

use crate::{CryptoError, SecretBytes};

const VERSION: u8 = 1;
/// Without I, L, O and U.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const GROUPS: usize = 14;
/// Characters that carry bits in a group.
const DATA: usize = 4;
/// Characters in a group.
const GROUP: usize = DATA + 1;
const BYTES: usize = 35;

// The bits fill the groups exactly, so every text has one meaning and every
// meaning one text.
const _: () = assert!(GROUPS * DATA * 5 == BYTES * 8);

/// 32 random bytes with a form for people. Wiped when dropped.
pub struct RecoveryKey(SecretBytes<32>);

impl RecoveryKey {
    /// A fresh key from `rng`.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        Self(SecretBytes::generate(rng))
    }

    /// The key as 14 groups of 5 characters with dashes between.
    #[must_use]
    pub fn to_text(&self) -> Zeroizing<String> {
        let payload = self.payload();
        let mut text = Zeroizing::new(String::with_capacity(GROUPS * (GROUP + 1)));
        for group in 0..GROUPS {
            if group > 0 {
                text.push('-');
            }
            let mut values = Zeroizing::new([0; DATA]);
            for (place, value) in values.iter_mut().enumerate() {
                *value = five_bits(&payload, group * DATA + place);
            }
            for value in values.iter().copied().chain([check_value(group, &*values)]) {
                text.push(char::from(ALPHABET[usize::from(value)]));
            }
        }
        text
    }

    /// Reads what a person typed. Upper and lower case are the same, `I` and `L`
    /// are read as `1`, `O` as `0`; spaces, line ends and dashes may be anywhere.
    ///
    /// # Errors
    /// [`CryptoError::RecoveryGroup`] with the first group, counted from 1, that
    /// holds a wrong character; [`CryptoError::RecoveryLength`] if characters are
    /// missing or too many; [`CryptoError::RecoveryChecksum`];
    /// [`CryptoError::UnsupportedVersion`].
    pub fn parse(text: &str) -> Result<Self, CryptoError> {
        let values = read_values(text)?;
        let mut payload = Zeroizing::new([0; BYTES]);
        for (group, chunk) in values.chunks_exact(GROUP).enumerate() {
            let (data, check) = chunk.split_at(DATA);
            if check != [check_value(group, data)] {
                return Err(CryptoError::RecoveryGroup(group + 1));
            }
            for (place, value) in data.iter().enumerate() {
                put_five_bits(&mut payload, group * DATA + place, *value);
            }
        }
        let (key, checksum) = payload[1..].split_at(32);
        if checksum != hash(payload[0], key) {
            return Err(CryptoError::RecoveryChecksum);
        }
        if payload[0] != VERSION {
            return Err(CryptoError::UnsupportedVersion(payload[0]));
        }
        SecretBytes::from_slice(key).map(Self)
    }

    /// The 32 bytes.
    #[must_use]
    pub fn as_secret(&self) -> &SecretBytes<32> {
        &self.0
    }

    fn payload(&self) -> Zeroizing<[u8; BYTES]> {
        let mut payload = Zeroizing::new([0; BYTES]);
        payload[0] = VERSION;
        payload[1..33].copy_from_slice(self.0.expose());
        payload[33..].copy_from_slice(&hash(VERSION, self.0.expose()));
        payload
    }
}

fn hash(version: u8, key: &[u8]) -> [u8; 2] {
    let mut digest = Sha256::new()
        .chain_update(b"sealwire recovery key")
        .chain_update([version])
        .chain_update(key)
        .finalize();
    let checksum = [digest[0], digest[1]];
    digest.as_mut_slice().zeroize();
    checksum
}

/// The `index`-th five bits, from the most significant.
fn five_bits(bytes: &[u8; BYTES], index: usize) -> u8 {
    let bit = index * 5;
    let high = u16::from(bytes[bit / 8]) << 8;
    let low = bytes.get(bit / 8 + 1).copied().map_or(0, u16::from);
    (((high | low) >> (11 - bit % 8)) & 31) as u8
}

fn put_five_bits(bytes: &mut [u8; BYTES], index: usize, value: u8) {
    let bit = index * 5;
    let [high, low] = (u16::from(value) << (11 - bit % 8)).to_be_bytes();
    bytes[bit / 8] |= high;
    if let Some(next) = bytes.get_mut(bit / 8 + 1) {
        *next |= low;
    }
}

/// Horner's rule in GF(2⁵) modulo x⁵ + x² + 1: the weights of the four values are
/// x⁴, x³, x² and x, that of the check value is 1, all different and none zero.
fn check_value(group: usize, values: &[u8]) -> u8 {
    let start = u8::try_from(group).expect("14 groups");
    let sum = values.iter().fold(0, |sum, value| times_x(sum ^ value));
    sum ^ start
}

fn times_x(value: u8) -> u8 {
    ((value << 1) ^ ((value >> 4) * 0b10_0101)) & 31
}

/// The values of all characters, separators left out.
fn read_values(text: &str) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
    let expected = GROUPS * GROUP;
    let mut values = Zeroizing::new(Vec::with_capacity(expected));
    let mut found = 0;
    for c in text.chars().filter(|c| !is_separator(*c)) {
        if found < expected {
            values.push(value_of(c).ok_or(CryptoError::RecoveryGroup(found / GROUP + 1))?);
        }
        found += 1;
    }
    if found != expected {
        return Err(wrong_length(text, found));
    }
    Ok(values)
}

fn is_separator(c: char) -> bool {
    c.is_whitespace() || matches!(c, '-' | '‐' | '‑' | '–' | '—')
}

fn value_of(c: char) -> Option<u8> {
    let c = match c.to_ascii_uppercase() {
        'I' | 'L' => '1',
        'O' => '0',
        c => c,
    };
    let place = ALPHABET.iter().position(|known| char::from(*known) == c)?;
    u8::try_from(place).ok()
}

/// Names the group when the person kept to 14 groups and exactly one has a wrong
/// length; a count is the best answer otherwise.
fn wrong_length(text: &str, found: usize) -> CryptoError {
    let lengths: Vec<usize> = text
        .split(is_separator)
        .map(|group| group.chars().count())
        .filter(|length| *length > 0)
        .collect();
    let mut wrong = (1..).zip(&lengths).filter(|(_, length)| **length != GROUP);
    match (lengths.len(), wrong.next(), wrong.next()) {
        (GROUPS, Some((group, _)), None) => CryptoError::RecoveryGroup(group),
        _ => CryptoError::RecoveryLength {
            found,
            expected: GROUPS * GROUP,
        },
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::counting_secret;

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

    fn text_of_payload(payload: &[u8; BYTES]) -> String {
        let mut text = String::new();
        for group in 0..GROUPS {
            let values: Vec<u8> = (0..DATA)
                .map(|place| five_bits(payload, group * DATA + place))
                .collect();
            let check = check_value(group, &values);
            text.extend(
                values
                    .iter()
                    .chain([&check])
                    .map(|v| char::from(ALPHABET[usize::from(*v)])),
            );
        }
        text
    }

    #[test]
    fn groups_of_different_keys_do_not_belong_together() {
        let (alice, bob) = (text_of([1; 32]), text_of([2; 32]));
        let mixed = format!("{}{}", &alice[..42], &bob[42..]);
        assert_eq!(error(&mixed), CryptoError::RecoveryChecksum);
    }

    #[test]
    fn other_versions_are_named() {
        let mut payload = [0; BYTES];
        payload[0] = 2;
        let checksum = hash(2, &payload[1..33]);
        payload[33..].copy_from_slice(&checksum);
        assert_eq!(
            error(&text_of_payload(&payload)),
            CryptoError::UnsupportedVersion(2)
        );
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
