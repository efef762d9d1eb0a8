//! Where a page ended, as text that fronts hand back.

use std::fmt;

use super::{Sort, query::bad_query};
use crate::error::Result;

/// Where the next page begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cursor {
    /// With smaller ids than this.
    Newest {
        /// `message.id`
        below: i64,
    },
    /// In the ranking of what was there at a moment, so that pages fit together.
    Relevance {
        /// Largest `message.id` then.
        newest: i64,
        /// The moment, milliseconds since the Unix epoch.
        at_ms: i64,
        /// Hits on the pages before.
        skip: u32,
    },
}

impl Cursor {
    /// Reads what [`Cursor::fmt`] wrote.
    ///
    /// # Errors
    /// `bad_cursor` if it is none, or of another order than `sort`.
    pub(super) fn parse(text: &str, sort: Sort) -> Result<Self> {
        let numbers: Option<Vec<i64>> = text
            .get(1..)
            .and_then(|rest| rest.split('.').map(|part| part.parse().ok()).collect());
        let cursor = match (text.as_bytes().first(), numbers.as_deref()) {
            (Some(b'n'), Some([below])) => Some(Self::Newest { below: *below }),
            (Some(b'r'), Some([newest, at_ms, skip])) if sort == Sort::Relevance => {
                u32::try_from(*skip).ok().map(|skip| Self::Relevance {
                    newest: *newest,
                    at_ms: *at_ms,
                    skip,
                })
            }
            _ => None,
        };
        cursor.ok_or_else(|| {
            let mut error = bad_query(
                "this is no place where a page of this search ended",
                "hand back `next` of the page before, with the same query and order",
            );
            error.code = "bad_cursor";
            error
        })
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Newest { below } => write!(f, "n{below}"),
            Self::Relevance {
                newest,
                at_ms,
                skip,
            } => write!(f, "r{newest}.{at_ms}.{skip}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_read_back_and_nothing_else_does() {
        let newest = Cursor::Newest { below: 77 };
        let ranked = Cursor::Relevance {
            newest: 9,
            at_ms: 1_795_478_580_000,
            skip: 20,
        };
        for cursor in [newest, ranked] {
            assert_eq!(
                Cursor::parse(&cursor.to_string(), Sort::Relevance).unwrap(),
                cursor
            );
        }
        for bad in [
            "", "n", "n1.2", "r1.2", "r1.2.-1", "x1", "é1", "n1 ", "r1.2.3",
        ] {
            assert_eq!(
                Cursor::parse(bad, Sort::Newest).unwrap_err().code,
                "bad_cursor",
                "{bad}"
            );
        }
    }
}
