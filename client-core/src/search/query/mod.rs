//! What is asked for: words, phrases and filters, as a tree that keeps where it stands in the
//! text.
//!
//! ```text
//! query   = clause*                        all of them have to hold
//! clause  = "-"? ( filter | phrase | word )
//! phrase  = '"' text '"'                   also “…” and „…“
//! word    = text without spaces, "*"?      with the star, its beginning suffices
//! filter  = name ":" ( phrase | word )     from in before after on has is
//! ```
//! Filters of one name give a choice for `from`, `in` and `on`; all others have to hold together.
//! Whatever is none of these is text, and punctuation in text means nothing, so there is no
//! character that has to be escaped. `-` and `"` are meant as themselves within a word.

mod dates;
mod parse;
mod print;
#[cfg(test)]
mod tests;

use std::ops::Range;

use serde::Serialize;

pub use dates::When;
pub(crate) use parse::bad_query;

/// Characters that a query may have.
pub const LONGEST_QUERY: usize = 1_000;
/// Clauses that a query may have.
pub const MOST_CLAUSES: usize = 32;

/// A query that was understood.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Query {
    /// What all has to hold.
    pub clauses: Vec<Clause>,
}

/// One condition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Clause {
    /// Where it stands in the query, in characters (Unicode scalar values).
    pub span: Range<usize>,
    /// It must not hold.
    pub negated: bool,
    /// The condition itself.
    #[serde(flatten)]
    pub term: Term,
}

/// What a message must have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Term {
    /// A word; words joined by punctuation count as a phrase.
    Word {
        /// As written, without the star.
        text: String,
        /// The last word may go on.
        prefix: bool,
    },
    /// Words one after the other.
    Phrase {
        /// As written, without quotation marks.
        text: String,
    },
    /// Something other than words.
    Filter {
        /// The filter.
        #[serde(flatten)]
        filter: Filter,
    },
}

/// A condition on something other than words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case", tag = "filter", content = "value")]
pub enum Filter {
    /// Written by: a handle, its part before the `@`, or `me`.
    From(String),
    /// In a conversation: its name, its identifier, or the first four or more digits of that.
    In(String),
    /// Before a day, month or year began.
    Before(When),
    /// After a day, month or year had ended.
    After(When),
    /// Within a day, month or year.
    On(When),
    /// With something in it.
    Has(Has),
    /// Of some kind.
    Is(Is),
}

/// What a message can have in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Has {
    /// The address of a page.
    Link,
    /// A file of any kind.
    File,
    /// A picture.
    Image,
    /// A voice note or other sound.
    Audio,
    /// A film.
    Video,
    /// A mention of this account.
    Mention,
}

/// What a message can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Is {
    /// Written from this account.
    Own,
    /// Changed after it was sent.
    Edited,
    /// An answer to another message.
    Reply,
    /// Sent with priority.
    Important,
}

impl Has {
    pub(super) const ALL: [(&'static str, Self); 6] = [
        ("link", Self::Link),
        ("file", Self::File),
        ("image", Self::Image),
        ("audio", Self::Audio),
        ("video", Self::Video),
        ("mention", Self::Mention),
    ];

    /// Reads the word of a filter.
    pub fn parse(word: &str) -> Option<Self> {
        let found = Self::ALL
            .iter()
            .find(|(known, _)| word.eq_ignore_ascii_case(known));
        found.map(|(_, meaning)| *meaning)
    }

    /// All words there are.
    pub fn words() -> Vec<&'static str> {
        Self::ALL.iter().map(|(word, _)| *word).collect()
    }
}

impl Is {
    pub(super) const ALL: [(&'static str, Self); 4] = [
        ("own", Self::Own),
        ("edited", Self::Edited),
        ("reply", Self::Reply),
        ("important", Self::Important),
    ];

    /// Reads the word of a filter.
    pub fn parse(word: &str) -> Option<Self> {
        let found = Self::ALL
            .iter()
            .find(|(known, _)| word.eq_ignore_ascii_case(known));
        found.map(|(_, meaning)| *meaning)
    }

    /// All words there are.
    pub fn words() -> Vec<&'static str> {
        Self::ALL.iter().map(|(word, _)| *word).collect()
    }
}
