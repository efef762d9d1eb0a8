//! Bytes as groups of characters that a person can copy, with a check character
//! in each group.
//!
//! The characters are those of Crockford's base32. Four of a group carry 20 bits,
//! the fifth checks them. It is taken over the field with 32 elements, with a
//! different weight at each of the five places and a different constant for each
//! group. So it catches every single wrong character, every swap of two neighbours
//! and every swap of two groups, and says which group is wrong.

use zeroize::Zeroizing;

use crate::CryptoError;

/// Without I, L, O and U.
pub(crate) const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Groups in a text.
pub(crate) const GROUPS: usize = 14;
/// Characters that carry bits in a group.
const DATA: usize = 4;
/// Characters in a group.
pub(crate) const GROUP: usize = DATA + 1;
/// Bytes that a text carries.
pub(crate) const BYTES: usize = 35;

// The bits fill the groups exactly, so every text has one meaning and every
// meaning one text.
const _: () = assert!(GROUPS * DATA * 5 == BYTES * 8);

/// 14 groups of 5 characters with dashes between.
pub(crate) fn write(bytes: &[u8; BYTES]) -> Zeroizing<String> {
    // Full capacity from the start, so that growing leaves no copy behind unwiped.
    let mut text = Zeroizing::new(String::with_capacity(GROUPS * (GROUP + 1)));
    for group in 0..GROUPS {
        if group > 0 {
            text.push('-');
        }
        let mut values = Zeroizing::new([0; DATA]);
        for (place, value) in values.iter_mut().enumerate() {
            *value = five_bits(bytes, group * DATA + place);
        }
        for value in values.iter().copied().chain([check_value(group, &*values)]) {
            text.push(char::from(ALPHABET[usize::from(value)]));
        }
    }
    text
}

/// Reads what a person typed. Upper and lower case are the same, `I` and `L` are
/// read as `1`, `O` as `0`; spaces, line ends and dashes may be anywhere.
///
/// # Errors
/// [`CryptoError::RecoveryGroup`] with the first group, counted from 1, that holds
/// a wrong character; [`CryptoError::RecoveryLength`] if characters are missing or
/// too many.
pub(crate) fn read(text: &str) -> Result<Zeroizing<[u8; BYTES]>, CryptoError> {
    let values = read_values(text)?;
    let mut bytes = Zeroizing::new([0; BYTES]);
    for (group, chunk) in values.chunks_exact(GROUP).enumerate() {
        let (data, check) = chunk.split_at(DATA);
        if check != [check_value(group, data)] {
            return Err(CryptoError::RecoveryGroup(group + 1));
        }
        for (place, value) in data.iter().enumerate() {
            put_five_bits(&mut bytes, group * DATA + place, *value);
        }
    }
    Ok(bytes)
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

    /// The check finds what it promises because of these weights alone.
    #[test]
    fn the_weights_are_distinct_and_not_zero() {
        let weight = |place: usize| {
            let mut values = [0; DATA];
            values[place] = 1;
            check_value(0, &values)
        };
        let weights = [weight(0), weight(1), weight(2), weight(3), 1];
        assert_eq!(weights, [16, 8, 4, 2, 1]);
    }

    #[test]
    fn multiplication_is_that_of_a_field() {
        // x has order 31, so its powers are all elements but zero.
        let mut value = 1;
        for _ in 0..30 {
            value = times_x(value);
            assert_ne!(value, 1);
        }
        assert_eq!(times_x(value), 1);
        assert_eq!(times_x(0), 0);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(bytes in prop::array::uniform32(any::<u8>()), rest: [u8; 3]) {
            let mut all = [0; BYTES];
            all[..32].copy_from_slice(&bytes);
            all[32..].copy_from_slice(&rest);
            prop_assert_eq!(*read(&write(&all)).unwrap(), all);
        }
    }
}
