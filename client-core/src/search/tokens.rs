//! Text into tokens. The index stores what comes out of here, and queries go the same way.
//!
//! * A **word** is a run of letters, digits and their marks in one script: "Wi-Fi" gives two,
//!   "covid19" one. Words are found whole, or by their beginning if a query asks for that.
//! * In scripts that put no spaces between words (Chinese, Japanese, Korean, Thai, Lao, Khmer,
//!   Burmese and their kin) **every character** is a token, as is every emoji and other symbol. A
//!   run of them in a query is a phrase, so any part of such a text is found, from one character
//!   on. A flag is one token; the parts of a joined emoji are one each.
//! * Between two such characters that something stands between, a **gap** is put, so that no
//!   phrase reaches over the end of a sentence.
//! * Punctuation is nothing else.

use std::ops::Range;

use unicode_script::Script;
use unicode_segmentation::UnicodeSegmentation;

use super::{
    class::{Class, class},
    fold::fold_cluster,
};

/// Version of these rules and the tables below them. With another number, what is indexed is
/// indexed anew.
pub(crate) const RULES: i64 = 1;

/// The token between characters that do not touch: punctuation, which no token of a text is.
pub(crate) const GAP: &str = "·";

/// Longer words go on as the next token; nobody types them, and a row must stay bounded.
const LONGEST: usize = 64;

/// One token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token {
    /// Where in [`Tokens::joined`], bytes.
    at: Range<usize>,
    /// Where in the text, bytes, on the borders of grapheme clusters.
    pub(crate) source: Range<usize>,
}

/// The tokens of a text.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Tokens {
    joined: String,
    list: Vec<Token>,
}

impl Tokens {
    /// Takes a text apart.
    pub(crate) fn of(text: &str) -> Self {
        let mut scanner = Scanner::default();
        scanner.out.joined.reserve(text.len() + text.len() / 4);
        let mut at = 0;
        while at < text.len() {
            let end = at + cluster_len(&text[at..]);
            scanner.cluster(&text[at..end], at..end);
            at = end;
        }
        scanner.end_word();
        scanner.out
    }

    /// All tokens with spaces between them: what the index is given.
    pub(crate) fn joined(&self) -> &str {
        &self.joined
    }

    /// Takes what [`Tokens::joined`] gave.
    pub(crate) fn into_joined(self) -> String {
        self.joined
    }

    /// How many there are, gaps included.
    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there is nothing to find.
    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// One token as it is in the index.
    pub(crate) fn get(&self, number: usize) -> &str {
        &self.joined[self.list[number].at.clone()]
    }

    /// Where in the text one token comes from, bytes.
    pub(crate) fn source(&self, number: usize) -> Range<usize> {
        self.list[number].source.clone()
    }

    /// All of them as they are in the index.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        self.list.iter().map(|token| &self.joined[token.at.clone()])
    }
}

/// Bytes of the first grapheme cluster. Finding its end costs more than all else, so the two
/// kinds of text that cannot combine are told by sight.
fn cluster_len(text: &str) -> usize {
    let mut chars = text.chars();
    let Some(first) = chars.next() else { return 0 };
    if is_plain(first) && chars.next().is_none_or(is_plain) {
        return first.len_utf8();
    }
    text.graphemes(true)
        .next()
        .map_or(first.len_utf8(), str::len)
}

/// Never joins with a neighbour of this kind (line breaks aside, which are no tokens).
const fn is_plain(c: char) -> bool {
    matches!(c, '\0'..='\u{7f}' | '\u{3041}'..='\u{3096}' | '\u{30a1}'..='\u{30fa}'
        | '\u{4e00}'..='\u{9fff}' | '\u{ff01}'..='\u{ff0f}' | '\u{3001}'..='\u{3011}')
}

#[derive(Default)]
struct Scanner {
    out: Tokens,
    folded: String,
    word: Option<Word>,
    /// The newest token is a character of its own, and whether something stood after it.
    single: bool,
    parted: bool,
}

struct Word {
    at: usize,
    chars: usize,
    script: Script,
    source: Range<usize>,
}

impl Scanner {
    fn cluster(&mut self, cluster: &str, source: Range<usize>) {
        let mut folded = std::mem::take(&mut self.folded);
        folded.clear();
        fold_cluster(cluster, &mut folded);
        let mut chars = folded.chars();
        while let Some(c) = chars.next() {
            match class(c) {
                Class::Letter(script) => self.letter(c, script, &source),
                Class::Mark => self.mark(c, &source),
                Class::Single => self.single(c, None, &source),
                Class::Flag => self.single(c, chars.next(), &source),
                Class::Nothing => {}
                Class::NonJoiner if !self.in_arabic() => {}
                Class::NonJoiner | Class::Break => {
                    self.end_word();
                    self.parted = true;
                }
            }
        }
        self.folded = folded;
    }

    fn letter(&mut self, c: char, script: Script, source: &Range<usize>) {
        let neutral = |script| matches!(script, Script::Common | Script::Inherited);
        let goes_on = self.word.as_ref().is_some_and(|word| {
            word.chars < LONGEST
                && (neutral(script) || neutral(word.script) || word.script == script)
        });
        if !goes_on {
            self.end_word();
            self.space();
            self.word = Some(Word {
                at: self.out.joined.len(),
                chars: 0,
                script,
                source: source.clone(),
            });
        }
        if let Some(word) = &mut self.word {
            if neutral(word.script) {
                word.script = script;
            }
            word.chars += 1;
            word.source.end = source.end;
            self.out.joined.push(c);
        }
    }

    /// A mark without its letter is nothing; a heap of them is bounded like a word.
    fn mark(&mut self, c: char, source: &Range<usize>) {
        if let Some(word) = self.word.as_mut().filter(|word| word.chars < LONGEST) {
            word.chars += 1;
            word.source.end = source.end;
            self.out.joined.push(c);
        }
    }

    fn single(&mut self, c: char, second: Option<char>, source: &Range<usize>) {
        self.end_word();
        if self.single && self.parted {
            self.space();
            let at = self.out.joined.len();
            self.out.joined.push_str(GAP);
            self.push(at, source.start..source.start);
        }
        self.space();
        let at = self.out.joined.len();
        self.out.joined.push(c);
        self.out.joined.extend(second);
        self.push(at, source.clone());
        self.single = true;
        self.parted = false;
    }

    fn in_arabic(&self) -> bool {
        self.word
            .as_ref()
            .is_some_and(|word| word.script == Script::Arabic)
    }

    fn end_word(&mut self) {
        if let Some(word) = self.word.take() {
            self.push(word.at, word.source);
            self.single = false;
            self.parted = false;
        }
    }

    fn space(&mut self) {
        if !self.out.joined.is_empty() {
            self.out.joined.push(' ');
        }
    }

    fn push(&mut self, at: usize, source: Range<usize>) {
        let at = at..self.out.joined.len();
        self.out.list.push(Token { at, source });
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tokens(text: &str) -> String {
        Tokens::of(text).into_joined().replace(GAP, "|")
    }

    #[test]
    fn every_script_in_its_way() {
        for (text, expected) in [
            ("Hello, World!", "hello world"),
            (
                "don't stop: example.com/a?b=c",
                "don t stop example com a b c",
            ),
            ("Wi-Fi covid19 3.14", "wi fi covid19 3 14"),
            ("你好，世界", "你 好 | 世 界"),
            ("iPhone手机 12号", "iphone 手 机 12 号"),
            ("コーヒーを飲む", "コ ー ヒ ー を 飲 む"),
            ("한국어 좋아요", "한 국 어 | 좋 아 요"),
            ("שלום עולם", "שלום עולם"),
            ("می\u{200c}خواهم", "می خواهم"),
            ("नमस्ते दुनिया", "नमस्ते दुनिया"),
            ("ที่นี่", "ท ี ่ น ี ่"),
            ("👍🏽👩\u{200d}🔬 🇩🇪🇫🇷", "👍 🏽 👩 🔬 | 🇩🇪 🇫🇷"),
            ("Telegramканал", "telegram канал"),
            ("ｈａｌｆ　ｗｉｄｔｈ", "half width"),
            ("1️⃣ ✓", "1 ✓"),
            ("\u{301}\u{301} !? · \u{e000}", ""),
        ] {
            assert_eq!(tokens(text), expected, "{text}");
        }
    }

    #[test]
    fn a_long_word_goes_on_as_the_next() {
        let list = Tokens::of(&"x".repeat(150));
        let lengths: Vec<usize> = list.iter().map(str::len).collect();
        assert_eq!(lengths, [64, 64, 22]);
    }

    #[test]
    fn a_megabyte_of_combining_characters_is_one_short_token() {
        for mark in ['\u{301}', '\u{93f}'] {
            let text = format!("क{}", String::from(mark).repeat(500_000));
            let list = Tokens::of(&text);
            assert_eq!(list.len(), 1);
            assert!(list.get(0).chars().count() <= LONGEST);
        }
    }

    proptest! {
        #[test]
        fn tokens_are_clean_and_point_into_the_text(text in any::<String>()) {
            let list = Tokens::of(&text);
            for number in 0..list.len() {
                let token = list.get(number);
                prop_assert!(!token.is_empty() && !token.contains(' '), "{:?}", token);
                prop_assert!(!token.chars().any(|c| c.is_ascii() && !c.is_ascii_alphanumeric()));
                let source = list.source(number);
                prop_assert!(text.get(source).is_some());
            }
            let again = list.joined().split(' ').filter(|token| !token.is_empty());
            prop_assert!(again.eq(list.iter()));
        }

        #[test]
        fn the_short_cut_changes_nothing(text in "[a-zA-Z0-9 你好。ー가각e\u{301}\u{3099}か\r\n👍🏽🇩🇪\u{200d}]{0,40}") {
            let mut at = 0;
            for cluster in text.graphemes(true) {
                // CR LF is one cluster and no token, so it may be parted.
                if cluster != "\r\n" {
                    prop_assert_eq!(cluster_len(&text[at..]), cluster.len());
                }
                at += cluster.len();
            }
        }
    }
}
