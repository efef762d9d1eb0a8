//! What a character is to the search: by script (UAX #24) and general category (UAX #44).

use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};
use unicode_script::{Script, UnicodeScript};

/// What a folded character is.
#[derive(PartialEq)]
pub(super) enum Class {
    /// Part of a word.
    Letter(Script),
    /// Belongs to the letter before it.
    Mark,
    /// A token of its own.
    Single,
    /// Half of a flag.
    Flag,
    /// Persian writes parts of a word with this between them; elsewhere it is `Nothing`.
    NonJoiner,
    /// Cannot be seen and parts nothing.
    Nothing,
    /// Parts words.
    Break,
}

/// Tells what a folded character is.
pub(super) fn class(c: char) -> Class {
    if c.is_ascii() {
        return if c.is_ascii_alphanumeric() {
            Class::Letter(if c.is_ascii_digit() {
                Script::Common
            } else {
                Script::Latin
            })
        } else {
            Class::Break
        };
    }
    match c {
        '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}' | '\u{30fc}' => return Class::Single,
        '\u{1f1e6}'..='\u{1f1ff}' => return Class::Flag,
        '\u{1f3fb}'..='\u{1f3ff}' => return Class::Single,
        _ => {}
    }
    let category = c.general_category();
    match category {
        GeneralCategory::OtherSymbol => return Class::Single,
        GeneralCategory::Format if c == '\u{200c}' => return Class::NonJoiner,
        GeneralCategory::Format => return Class::Nothing,
        _ => {}
    }
    let script = c.script();
    let mark = matches!(
        category,
        GeneralCategory::NonspacingMark
            | GeneralCategory::SpacingMark
            | GeneralCategory::EnclosingMark
    );
    match (mark || c.is_alphanumeric(), mark) {
        (true, _) if is_unspaced(script) => Class::Single,
        (_, true) => Class::Mark,
        (true, _) => Class::Letter(script),
        _ => Class::Break,
    }
}

/// Scripts that put no spaces between words, and Hangul, whose words carry their endings.
fn is_unspaced(script: Script) -> bool {
    matches!(
        script,
        Script::Han
            | Script::Hiragana
            | Script::Katakana
            | Script::Hangul
            | Script::Bopomofo
            | Script::Yi
            | Script::Tangut
            | Script::Nushu
            | Script::Thai
            | Script::Lao
            | Script::Khmer
            | Script::Myanmar
            | Script::Tibetan
            | Script::Tai_Le
            | Script::New_Tai_Lue
            | Script::Tai_Tham
            | Script::Tai_Viet
            | Script::Javanese
            | Script::Balinese
    )
}
