//! Characters that reorder what is shown (UAX #9), cannot be seen, or steer a program. An export
//! writes them out, as the terminal does (Unicode UTS #55).

/// Whether a character is to be written out. The joiners U+200C and U+200D stay: Persian and emoji
/// need them. Line breaks and tabs are for the caller.
pub(super) fn deceives(c: char) -> bool {
    (c.is_control() && !matches!(c, '\n' | '\t'))
        || matches!(c,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
            | '\u{ad}' | '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{200b}'
            | '\u{2028}' | '\u{2029}' | '\u{2060}'..='\u{2065}' | '\u{206a}'..='\u{206f}'
            | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// A character written out: `\u{202e}`.
pub(super) fn written(c: char) -> String {
    c.escape_unicode().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_deceives_is_written_and_what_scripts_need_stays() {
        for c in [
            '\u{202e}',
            '\u{2066}',
            '\u{200b}',
            '\u{7}',
            '\u{1b}',
            '\r',
            '\u{e0041}',
        ] {
            assert!(deceives(c), "{c:?}");
        }
        for c in [
            '\u{200d}', '\u{200c}', '\u{fe0f}', '\n', '\t', '见', 'é', '\u{301}', 'ש',
        ] {
            assert!(!deceives(c), "{c:?}");
        }
        assert_eq!(written('\u{202e}'), "\\u{202e}");
    }
}
