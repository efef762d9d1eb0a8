//! What the index found, found again in the text: for highlights, and to count it for ranks.

use std::ops::Range;

use super::tokens::Tokens;

/// A word or phrase that is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Needle {
    tokens: Vec<String>,
    prefix: bool,
}

impl Needle {
    /// The `tokens` one after the other; with `prefix` the last may go on.
    pub(super) fn new(tokens: &Tokens, prefix: bool) -> Self {
        Self {
            tokens: tokens.iter().map(str::to_owned).collect(),
            prefix,
        }
    }

    /// In FTS5's language.
    pub(super) fn phrase(&self) -> String {
        let star = if self.prefix { " *" } else { "" };
        format!("\"{}\"{star}", self.tokens.join(" "))
    }

    /// Where it stands, as numbers of tokens.
    pub(super) fn find<'a>(&'a self, text: &'a Tokens) -> impl Iterator<Item = Range<usize>> + 'a {
        let length = self.tokens.len();
        (0..(text.len() + 1).saturating_sub(length))
            .filter(move |at| self.is_at(text, *at))
            .map(move |at| at..at + length)
    }

    fn is_at(&self, text: &Tokens, at: usize) -> bool {
        let last = self.tokens.len() - 1;
        self.tokens.iter().enumerate().all(|(number, token)| {
            let there = text.get(at + number);
            if self.prefix && number == last {
                there.starts_with(token.as_str())
            } else {
                there == token
            }
        })
    }
}

/// Where the needles stand in the text, bytes, in order and apart; with each which needle it is.
pub(super) fn places(text: &Tokens, needles: &[Needle]) -> Vec<(Range<usize>, usize)> {
    let mut found: Vec<(Range<usize>, usize)> = Vec::new();
    for (number, needle) in needles.iter().enumerate() {
        let bytes =
            |tokens: Range<usize>| text.source(tokens.start).start..text.source(tokens.end - 1).end;
        found.extend(needle.find(text).map(|tokens| (bytes(tokens), number)));
    }
    found.sort_by_key(|(range, _)| (range.start, range.end));
    let mut apart: Vec<(Range<usize>, usize)> = Vec::with_capacity(found.len());
    for (range, number) in found {
        match apart.last_mut() {
            Some((before, _)) if range.start < before.end => {
                before.end = before.end.max(range.end);
            }
            _ => apart.push((range, number)),
        }
    }
    apart
}
