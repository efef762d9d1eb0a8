//! The part of a text that shows why it was found. FTS5 could not make it: the index holds tokens,
//! not text.

use std::ops::Range;

use serde::Serialize;
use unicode_segmentation::GraphemeCursor;

use super::{
    matching::{Needle, places},
    tokens::Tokens,
};

/// Characters of the longest snippet.
const LONGEST: usize = 160;
/// Characters shown before the first highlight.
const BEFORE: usize = 32;
/// How far a cut may move to fall between words.
const SLACK: usize = 16;

/// A piece of text with what was looked for marked in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Snippet {
    /// The piece, at most 160 characters; line breaks and other control characters are spaces.
    pub text: String,
    /// What was found, in characters (Unicode scalar values) of `text`; in order and apart.
    pub highlights: Vec<Range<usize>>,
    /// Something stands before it.
    pub cut_before: bool,
    /// Something stands after it.
    pub cut_after: bool,
}

/// The best piece of a text.
pub(super) fn snippet(text: &str, needles: &[Needle]) -> Snippet {
    let tokens = Tokens::of(text);
    let found = places(&tokens, needles);
    let best = best_start(text, &found);
    let window = window(text, best);
    let shown = &text[window.clone()];
    let inside = found.iter().filter_map(|(range, _)| {
        let range = range.start.max(window.start)..range.end.min(window.end);
        (!range.is_empty()).then_some(range)
    });
    // One walk over the piece turns bytes into characters.
    let mut walk = Walk::new(shown);
    let highlights = inside
        .map(|range| {
            let start = walk.to(range.start - window.start);
            start..walk.to(range.end - window.start)
        })
        .collect();
    Snippet {
        text: shown
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect(),
        highlights,
        cut_before: window.start > 0,
        cut_after: window.end < text.len(),
    }
}

/// The whole of a short text, marked.
pub(super) fn marked(text: &str, needles: &[Needle]) -> Option<Snippet> {
    let snippet = snippet(text, needles);
    (!snippet.highlights.is_empty()).then_some(snippet)
}

struct Walk<'a> {
    chars: std::str::CharIndices<'a>,
    count: usize,
}

impl<'a> Walk<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            chars: text.char_indices(),
            count: 0,
        }
    }

    /// Characters before a byte, which must not lie before the one asked for last.
    fn to(&mut self, byte: usize) -> usize {
        while self.chars.offset() < byte && self.chars.next().is_some() {
            self.count += 1;
        }
        self.count
    }
}

/// The place from which on the most different needles fit into one snippet.
fn best_start(text: &str, found: &[(Range<usize>, usize)]) -> Option<usize> {
    // A few hundred places tell enough, however long the text.
    let found = &found[..found.len().min(256)];
    let mut best = (0, None);
    for (number, (range, _)) in found.iter().enumerate() {
        let end = forward(text, range.start, LONGEST - BEFORE);
        let within = found[number..]
            .iter()
            .take_while(|(other, _)| other.end <= end);
        let mut kinds: Vec<usize> = within.map(|(_, needle)| *needle).collect();
        kinds.sort_unstable();
        kinds.dedup();
        if kinds.len() > best.0 || best.1.is_none() {
            best = (kinds.len(), Some(range.start));
        }
    }
    best.1
}

/// Which bytes are shown.
fn window(text: &str, best: Option<usize>) -> Range<usize> {
    if forward(text, 0, LONGEST) == text.len() {
        return 0..text.len();
    }
    let Some(best) = best else {
        return 0..cut(text, forward(text, 0, LONGEST), 0);
    };
    // Near the end of the text there is more room before.
    let from_end = backward(text, text.len(), LONGEST);
    let start = backward(text, best, BEFORE).min(from_end);
    let start = if start == 0 {
        0
    } else {
        begin(text, start, best)
    };
    let end = forward(text, start, LONGEST);
    let end = if end == text.len() {
        end
    } else {
        cut(text, end, best)
    };
    start..end
}

/// The byte that lies `count` characters after `at`.
fn forward(text: &str, at: usize, count: usize) -> usize {
    text[at..]
        .char_indices()
        .nth(count)
        .map_or(text.len(), |(offset, _)| at + offset)
}

/// The byte that lies `count` characters before `at`.
fn backward(text: &str, at: usize, count: usize) -> usize {
    if count == 0 {
        return at;
    }
    text[..at]
        .char_indices()
        .rev()
        .nth(count - 1)
        .map_or(0, |(offset, _)| offset)
}

/// A good place to begin, not before `at` and not after `last`.
fn begin(text: &str, at: usize, last: usize) -> usize {
    let candidates = || {
        text[at..last]
            .char_indices()
            .take(SLACK)
            .map(|(offset, _)| at + offset)
    };
    let after_space = candidates().find(|byte| text[..*byte].ends_with(char::is_whitespace));
    after_space
        .or_else(|| candidates().find(|byte| is_boundary(text, *byte)))
        .unwrap_or(at)
}

/// A good place to end, not after `at` and after `first`.
fn cut(text: &str, at: usize, first: usize) -> usize {
    let candidates = || {
        text[first..at]
            .char_indices()
            .rev()
            .take(SLACK)
            .map(|(offset, _)| first + offset)
    };
    let before_space =
        candidates().find(|byte| *byte > first && text[*byte..].starts_with(char::is_whitespace));
    let whole = || {
        std::iter::once(at)
            .chain(candidates())
            .find(|byte| is_boundary(text, *byte))
    };
    before_space
        .or_else(whole)
        .filter(|byte| *byte > first)
        .unwrap_or(at)
}

/// No cluster is torn here. A cluster longer than all slack is torn all the same.
fn is_boundary(text: &str, byte: usize) -> bool {
    GraphemeCursor::new(byte, text.len(), true)
        .is_boundary(text, 0)
        .unwrap_or(true)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn needle(text: &str) -> Needle {
        Needle::new(&Tokens::of(text), false)
    }

    fn shown(text: &str, needles: &[&str]) -> String {
        let needles: Vec<Needle> = needles.iter().map(|text| needle(text)).collect();
        let snippet = snippet(text, &needles);
        let mut shown = String::new();
        for (number, c) in snippet.text.chars().enumerate() {
            let starts = snippet.highlights.iter().any(|range| range.start == number);
            shown.push_str(if starts { "[" } else { "" });
            shown.push(c);
            let ends = snippet
                .highlights
                .iter()
                .any(|range| range.end == number + 1);
            shown.push_str(if ends { "]" } else { "" });
        }
        let dots = |cut| if cut { "…" } else { "" };
        format!(
            "{}{shown}{}",
            dots(snippet.cut_before),
            dots(snippet.cut_after)
        )
    }

    #[test]
    fn what_was_found_is_marked_in_any_script() {
        assert_eq!(
            shown("The Größe, the GROSSE!", &["große"]),
            "The [Größe], the [GROSSE]!"
        );
        assert_eq!(
            shown("我们今天下午见面", &["下午", "今天"]),
            "我们[今天][下午]见面"
        );
        assert_eq!(shown("a\nb e\u{301}té", &["ete"]), "a b [e\u{301}té]");
        assert_eq!(shown("👩\u{200d}🔬 👍🏽", &["👍"]), "👩\u{200d}🔬 [👍🏽]");
        assert_eq!(shown("שָׁלוֹם לך", &["שלום"]), "[שָׁלוֹם] לך");
    }

    #[test]
    fn a_long_text_is_cut_around_the_best_place() {
        let text = format!(
            "{}lonely {}apples and pears {}",
            "x ".repeat(200),
            "y ".repeat(200),
            "z ".repeat(200)
        );
        let shown = shown(&text, &["lonely", "apples", "pears"]);
        assert!(
            shown.contains("[apples] and [pears]") && !shown.contains("lonely"),
            "{shown}"
        );
        assert!(shown.starts_with("…y ") && shown.ends_with("z…"), "{shown}");
    }

    #[test]
    fn the_end_of_a_text_is_filled_up() {
        let text = format!("{}end", "word ".repeat(100));
        let shown = shown(&text, &["end"]);
        assert!(
            shown.chars().count() > 140 && shown.ends_with("[end]"),
            "{shown}"
        );
    }

    #[test]
    fn a_megabyte_of_combining_characters_is_cut() {
        let text = format!(
            "e{} found {}",
            "\u{301}".repeat(500_000),
            "\u{301}".repeat(500_000)
        );
        let snippet = snippet(&text, &[needle("found")]);
        assert!(snippet.text.chars().count() <= LONGEST);
        assert_eq!(snippet.highlights.len(), 1);
    }

    proptest! {
        #[test]
        fn any_text_gives_a_good_snippet(
            texts in prop::collection::vec(any::<String>(), 0..6),
            piece in "[a-c你👍\u{301} ]{0,80}",
            words in prop::collection::vec("[a-c你👍]{1,2}", 1..4),
        ) {
            let text = texts.join(&piece);
            let needles: Vec<Needle> = words.iter().map(|word| needle(word)).collect();
            let snippet = snippet(&text, &needles);
            let length = snippet.text.chars().count();
            prop_assert!(length <= LONGEST);
            let mut before = 0;
            for range in &snippet.highlights {
                prop_assert!(before <= range.start && range.start < range.end);
                prop_assert!(range.end <= length);
                before = range.end;
            }
            let found = places(&Tokens::of(&text), &needles);
            prop_assert_eq!(found.is_empty(), snippet.highlights.is_empty());
        }
    }
}
