//! Making markers.

use rand::{Rng, RngExt as _};

/// Letters and digits that nobody takes for one another.
const SIGNS: &[u8] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// Ordinary words, 64 of them: each is worth six bits.
const WORDS: &[&str] = &[
    "apple", "april", "autumn", "bakery", "basket", "bicycle", "bridge", "butter", "candle",
    "castle", "cherry", "circle", "coffee", "copper", "corner", "cotton", "desert", "dinner",
    "doctor", "dragon", "engine", "evening", "feather", "finger", "forest", "garden", "guitar",
    "hammer", "harbour", "honey", "island", "jacket", "kitchen", "ladder", "lantern", "lemon",
    "letter", "library", "market", "meadow", "mirror", "morning", "mountain", "needle", "orange",
    "paper", "pepper", "pigeon", "pillow", "planet", "pocket", "rabbit", "river", "saddle",
    "sailor", "silver", "spider", "summer", "teacher", "thunder", "tunnel", "velvet", "window",
    "winter",
];

/// Twenty-four small letters and digits: 120 bits, so that chance cannot make it, and of a
/// kind that survives every text processing.
#[must_use]
pub fn token(rng: &mut impl Rng) -> String {
    let sign = |_| SIGNS[rng.random_range(0..SIGNS.len())] as char;
    (0..24).map(sign).collect()
}

/// Twelve ordinary words: 72 bits that look like what people write.
#[must_use]
pub fn sentence(rng: &mut impl Rng) -> String {
    let words: Vec<&str> = (0..12)
        .map(|_| WORDS[rng.random_range(0..WORDS.len())])
        .collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_two_are_alike() {
        let distinct: BTreeSet<_> = WORDS.iter().collect();
        assert_eq!((distinct.len(), WORDS.len(), SIGNS.len()), (64, 64, 32));
        let mut rng = rand::rng();
        assert_ne!(token(&mut rng), token(&mut rng));
        assert_ne!(sentence(&mut rng), sentence(&mut rng));
        assert_eq!(token(&mut rng).len(), 24);
        assert_eq!(sentence(&mut rng).split(' ').count(), 12);
    }
}
