//! Text into a query.

use super::{Clause, Filter, Has, Is, LONGEST_QUERY, MOST_CLAUSES, Query, Term, When};
use crate::error::{CoreError, ErrorKind, Result};

const NAMES: [&str; 7] = ["from", "in", "before", "after", "on", "has", "is"];

pub(crate) fn bad_query(message: impl Into<String>, hint: impl Into<String>) -> CoreError {
    CoreError::new(ErrorKind::Usage, "bad_query", message, hint)
}

impl Query {
    /// Reads a query. While somebody is `typing`, the last word may go on and the last quotation
    /// mark may be missing.
    ///
    /// # Errors
    /// `bad_query`, with what is wrong and how to write it.
    pub fn parse(text: &str, typing: bool) -> Result<Self> {
        let chars: Vec<char> = text.chars().collect();
        if chars.len() > LONGEST_QUERY {
            return Err(bad_query(
                format!(
                    "the query has {} characters; {LONGEST_QUERY} fit",
                    chars.len()
                ),
                "look for the rarest of the words only",
            ));
        }
        let mut reader = Reader {
            chars: &chars,
            at: 0,
            typing,
        };
        let mut clauses = Vec::new();
        while let Some(clause) = reader.clause()? {
            clauses.push(clause);
        }
        if clauses.len() > MOST_CLAUSES {
            return Err(bad_query(
                format!(
                    "the query has {} conditions; {MOST_CLAUSES} fit",
                    clauses.len()
                ),
                "leave out the most frequent words",
            ));
        }
        if typing {
            goes_on(&mut clauses, chars.len());
        }
        Ok(Self { clauses })
    }
}

/// A word at the very end is still being typed.
fn goes_on(clauses: &mut [Clause], end: usize) {
    if let Some(Clause {
        span,
        term: Term::Word { prefix, .. },
        negated: false,
    }) = clauses.last_mut()
        && span.end == end
    {
        *prefix = true;
    }
}

struct Reader<'a> {
    chars: &'a [char],
    at: usize,
    typing: bool,
}

impl Reader<'_> {
    fn clause(&mut self) -> Result<Option<Clause>> {
        while self.peek().is_some_and(is_space) {
            self.at += 1;
        }
        let start = self.at;
        if self.peek().is_none() {
            return Ok(None);
        }
        let next = self.chars.get(start + 1).copied();
        let negated = self.peek() == Some('-') && next.is_some_and(|c| !is_space(c) && c != '-');
        self.at += usize::from(negated);
        let term = match self.filter_name() {
            Some(name) => self.filter(name)?,
            None if self.peek().is_some_and(is_quote) => Term::Phrase {
                text: self.phrase()?,
            },
            None => word(&self.bare()),
        };
        Ok(Some(Clause {
            span: start..self.at,
            negated,
            term,
        }))
    }

    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    /// The name of a filter and the colon after it.
    fn filter_name(&mut self) -> Option<&'static str> {
        let rest = &self.chars[self.at..];
        let length = rest.iter().take(8).position(|c| matches!(c, ':' | '：'))?;
        let written: String = rest[..length].iter().collect();
        let name = NAMES
            .into_iter()
            .find(|name| written.eq_ignore_ascii_case(name))?;
        self.at += length + 1;
        Some(name)
    }

    fn filter(&mut self, name: &'static str) -> Result<Term> {
        let from = self.at;
        let value = if self.peek().is_some_and(is_quote) {
            self.phrase()?
        } else {
            self.bare()
        };
        let value = bare_value(name, &value);
        if value.is_empty() {
            let example = example(name);
            return Err(bad_query(
                format!("after `{name}:` at character {from} a value is missing"),
                format!("write {example}, without a space after the colon"),
            ));
        }
        Ok(Term::Filter {
            filter: filter(name, value)?,
        })
    }

    /// Up to the closing quotation mark, which is skipped.
    fn phrase(&mut self) -> Result<String> {
        let open = self.at;
        self.at += 1;
        let rest = &self.chars[self.at..];
        match rest.iter().position(|c| is_quote(*c)) {
            Some(length) => {
                self.at += length + 1;
                Ok(rest[..length].iter().collect())
            }
            None if self.typing => {
                self.at = self.chars.len();
                Ok(rest.iter().collect())
            }
            None => Err(bad_query(
                format!("the quotation mark at character {} is not closed", open + 1),
                "put another one where the phrase ends, or leave it out: punctuation means nothing",
            )),
        }
    }

    /// Up to the next space.
    fn bare(&mut self) -> String {
        let rest = &self.chars[self.at..];
        let length = rest.iter().position(|c| is_space(*c)).unwrap_or(rest.len());
        self.at += length;
        rest[..length].iter().collect()
    }
}

fn word(written: &str) -> Term {
    let text = written.trim_end_matches('*');
    Term::Word {
        text: text.to_owned(),
        prefix: text.len() < written.len(),
    }
}

/// Without what can stand around a value and is no part of it.
fn bare_value<'a>(name: &str, value: &'a str) -> &'a str {
    let around = |c| is_space(c) || is_quote(c);
    let at = |c| name == "from" && c == '@';
    value
        .trim_start_matches(|c| around(c) || at(c))
        .trim_end_matches(around)
}

/// A filter from its name and value.
fn filter(name: &str, value: &str) -> Result<Filter> {
    let when = || {
        When::parse(value).ok_or_else(|| {
            bad_query(
                format!("`{name}:` needs a day, and {value:?} is none"),
                format!("write {name}:2026-03-05, {name}:2026-03, {name}:2026, {name}:today or {name}:yesterday"),
            )
        })
    };
    Ok(match name {
        "from" => Filter::From(value.to_owned()),
        "in" => Filter::In(value.to_owned()),
        "before" => Filter::Before(when()?),
        "after" => Filter::After(when()?),
        "on" => Filter::On(when()?),
        "has" => Filter::Has(Has::parse(value).ok_or_else(|| unknown(name, value, &Has::words()))?),
        _ => Filter::Is(Is::parse(value).ok_or_else(|| unknown(name, value, &Is::words()))?),
    })
}

fn unknown(name: &str, value: &str, words: &[&str]) -> CoreError {
    bad_query(
        format!("`{name}:` does not know {value:?}"),
        format!("it can be one of: {}", words.join(", ")),
    )
}

fn example(name: &str) -> &'static str {
    match name {
        "from" => "from:alice",
        "in" => "in:Team or in:\"Two words\"",
        "before" => "before:2026-03-05",
        "after" => "after:2026-03",
        "on" => "on:today",
        "has" => "has:link",
        _ => "is:own",
    }
}

const fn is_quote(c: char) -> bool {
    matches!(c, '"' | '“' | '”' | '„' | '＂')
}

/// Spaces end a word, and so does whatever steers a terminal or a line.
fn is_space(c: char) -> bool {
    c.is_whitespace() || c.is_control()
}
