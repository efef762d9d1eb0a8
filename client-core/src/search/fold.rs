//! One spelling for what people take for the same text.
//!
//! A grapheme cluster (UAX #29) is decomposed by compatibility (NFKD, UAX #15), loses the marks
//! that people leave out when they type in a hurry, is folded in case, and is composed again
//! (NFC). So "Ｇｒüße", "GRÜSSE" and "grusse" are one word, "が" stays apart from "か", and no
//! vowel of a script in which marks *are* the vowels is lost.

use unicode_normalization::UnicodeNormalization;

/// Adds the folded form of one grapheme cluster to `out`.
pub(super) fn fold_cluster(cluster: &str, out: &mut String) {
    if let [byte] = cluster.as_bytes() {
        out.push(char::from(byte.to_ascii_lowercase()));
        return;
    }
    let kept = cluster.nfkd().filter(|c| !is_dropped(*c)).map(similar);
    // Case folding without a table of its own: upper case joins what lower case keeps apart.
    let folded = kept
        .flat_map(char::to_uppercase)
        .flat_map(char::to_lowercase);
    out.extend(folded.filter(|c| !is_dropped(*c)).nfc());
}

/// A text folded as a whole, for comparison.
#[cfg(test)]
pub(super) fn fold(text: &str) -> String {
    use unicode_segmentation::UnicodeSegmentation;
    let mut out = String::new();
    for cluster in text.graphemes(true) {
        fold_cluster(cluster, &mut out);
    }
    out
}

/// Marks beside letters that are readable without them, and characters that cannot be seen.
/// Vowel signs of Indic and South-East Asian scripts and the voicing of kana are none of these.
const fn is_dropped(c: char) -> bool {
    matches!(c,
        // Latin, Greek, Cyrillic; selectors and frames of emoji
        '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{1ab0}'..='\u{1aff}'
        | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{fe20}'..='\u{fe2f}' | '\u{e0100}'..='\u{e01ef}'
        // Points of Hebrew; vowels, hamza and lengthening of Arabic
        | '\u{591}'..='\u{5bd}' | '\u{5bf}' | '\u{5c1}'..='\u{5c2}' | '\u{5c4}'..='\u{5c5}'
        | '\u{5c7}' | '\u{610}'..='\u{61a}' | '\u{640}' | '\u{64b}'..='\u{65f}' | '\u{670}'
        | '\u{6d6}'..='\u{6dc}' | '\u{6df}'..='\u{6e4}' | '\u{6e7}'..='\u{6e8}'
        | '\u{6ea}'..='\u{6ed}'
        // Soft hyphen, joiners, marks of direction, tags
        | '\u{ad}' | '\u{180b}'..='\u{180f}' | '\u{200d}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

/// Letters that do not decompose though people type one for the other.
const fn similar(c: char) -> char {
    match c {
        'ø' | 'Ø' => 'o',
        'ł' | 'Ł' => 'l',
        'đ' | 'Đ' | 'ð' | 'Ð' => 'd',
        'ħ' | 'Ħ' => 'h',
        // Keyboards of Persian and Urdu beside those of Arabic
        '\u{649}' | '\u{64a}' => '\u{6cc}',
        '\u{643}' => '\u{6a9}',
        '\u{6c1}' | '\u{6be}' | '\u{6d5}' => '\u{647}',
        '\u{660}'..='\u{669}' => digit(c, '\u{660}'),
        '\u{6f0}'..='\u{6f9}' => digit(c, '\u{6f0}'),
        other => other,
    }
}

const fn digit(c: char, zero: char) -> char {
    // Ten digits, so it fits.
    (b'0' + (c as u32 - zero as u32) as u8) as char
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_people_take_for_the_same_is_the_same() {
        for (one, other) in [
            ("Größe", "grosse"),
            ("ＡＢＣ１２３", "abc123"),
            ("Ångström", "angstrom"),
            ("ΣΊΣΥΦΟΣ", "σισυφος"),
            ("Ёлка", "елка"),
            ("İstanbul", "istanbul"),
            ("ısı", "ISI"),
            ("Łódź", "lodz"),
            ("ﬁn", "fin"),
            ("שָׁלוֹם", "שלום"),
            ("مُحَمَّد", "محمد"),
            ("أحمد", "احمد"),
            ("علي", "علی"),
            ("٢٠٢٦", "2026"),
            ("ｶﾞ", "ガ"),
            ("각", "각"),
            ("👍\u{fe0f}", "👍"),
        ] {
            assert_eq!(fold(one), fold(other), "{one} {other}");
        }
    }

    #[test]
    fn what_differs_stays_apart() {
        for (one, other) in [
            ("が", "か"),
            ("की", "कु"),
            ("ที่", "ทิ"),
            ("กา", "ก"),
            ("各", "格"),
        ] {
            assert_ne!(fold(one), fold(other), "{one} {other}");
        }
    }

    proptest! {
        #[test]
        fn folding_twice_changes_nothing(text in any::<String>()) {
            let once = fold(&text);
            prop_assert_eq!(fold(&once), once);
        }
    }
}
