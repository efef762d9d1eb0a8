//! A query as text that reads back to the same query.

use std::fmt;

use super::{Clause, Filter, Has, Is, Query, Term};

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, clause) in self.clauses.iter().enumerate() {
            if number > 0 {
                f.write_str(" ")?;
            }
            clause.fmt(f)?;
        }
        Ok(())
    }
}

impl fmt::Display for Clause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.negated {
            f.write_str("-")?;
        }
        match &self.term {
            Term::Word { text, prefix } => {
                f.write_str(text)?;
                f.write_str(if *prefix { "*" } else { "" })
            }
            Term::Phrase { text } => write!(f, "\"{text}\""),
            Term::Filter { filter } => filter.fmt(f),
        }
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::From(who) => write!(f, "from:{}", Value(who)),
            Self::In(name) => write!(f, "in:{}", Value(name)),
            Self::Before(when) => write!(f, "before:{when}"),
            Self::After(when) => write!(f, "after:{when}"),
            Self::On(when) => write!(f, "on:{when}"),
            Self::Has(what) => write!(f, "has:{}", word_of(&Has::ALL, *what)),
            Self::Is(what) => write!(f, "is:{}", word_of(&Is::ALL, *what)),
        }
    }
}

/// In quotation marks where it would end too early without them.
struct Value<'a>(&'a str);

impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parted = self.0.chars().any(|c| c.is_whitespace() || c.is_control());
        if !parted && !self.0.starts_with('"') {
            f.write_str(self.0)
        } else {
            write!(f, "\"{}\"", self.0)
        }
    }
}

fn word_of<T: PartialEq>(all: &[(&'static str, T)], meaning: T) -> &'static str {
    let found = all.iter().find(|(_, candidate)| *candidate == meaning);
    found.map_or("", |(word, _)| word)
}
