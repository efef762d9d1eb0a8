//! Queries as people type them into Sealwire, in Tantivy's terms.

use std::ops::Bound;

use sealwire_peer::{Result, quoted};
use tantivy::query::{BooleanQuery, Query, QueryParser, RangeQuery, RegexQuery, TermQuery};
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::time::{Date, Duration, Month};
use tantivy::{Index, Term};

/// Fields of a message.
#[derive(Clone, Copy)]
pub(crate) struct Fields {
    pub(crate) id: Field,
    pub(crate) text: Field,
    pub(crate) sender: Field,
    pub(crate) chat: Field,
    pub(crate) at_ms: Field,
    pub(crate) link: Field,
}

impl Fields {
    /// All parts of a query have to be true.
    pub(crate) fn query(self, index: &Index, text: &str) -> Result<Box<dyn Query>> {
        let parts: Result<Vec<_>> = parts(text)
            .into_iter()
            .map(|part| self.part(index, &part))
            .collect();
        Ok(Box::new(BooleanQuery::intersection(parts?)))
    }

    /// That it is in this conversation.
    pub(crate) fn in_chat(self, chat: u64) -> Box<dyn Query> {
        exactly(Term::from_field_u64(self.chat, chat))
    }

    fn part(self, index: &Index, part: &str) -> Result<Box<dyn Query>> {
        if let Some(prefix) = part.strip_suffix('*') {
            let pattern = format!("{}.*", prefix.to_lowercase());
            return Ok(Box::new(RegexQuery::from_pattern(&pattern, self.text)?));
        }
        Ok(match part.split_once(':') {
            Some(("from", who)) => exactly(Term::from_field_text(self.sender, who)),
            Some(("in", name)) => {
                let number = name.trim_matches('"').trim_start_matches("Chat ");
                self.in_chat(number.parse()?)
            }
            Some(("has", "link")) => exactly(Term::from_field_bool(self.link, true)),
            Some(("on", when)) => {
                let (start, end) = range_ms(when)?;
                self.times(Bound::Included(start), Bound::Excluded(end))
            }
            Some(("before", when)) => {
                self.times(Bound::Unbounded, Bound::Excluded(range_ms(when)?.0))
            }
            Some(("after", when)) => {
                self.times(Bound::Included(range_ms(when)?.1), Bound::Unbounded)
            }
            _ => {
                let mut parser = QueryParser::for_index(index, vec![self.text]);
                parser.set_conjunction_by_default();
                parser.parse_query(&quoted(part, ""))?
            }
        })
    }

    fn times(self, from: Bound<i64>, to: Bound<i64>) -> Box<dyn Query> {
        let term = |at: i64| Term::from_field_i64(self.at_ms, at);
        Box::new(RangeQuery::new(from.map(term), to.map(term)))
    }
}

fn exactly(term: Term) -> Box<dyn Query> {
    Box::new(TermQuery::new(term, IndexRecordOption::Basic))
}

/// Takes a query apart at the spaces that are not in quotes.
fn parts(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut quoted = false;
    for c in text.chars() {
        quoted ^= c == '"';
        match parts.last_mut() {
            Some(part) if c != ' ' || quoted => part.push(c),
            _ => parts.push(String::new()),
        }
    }
    parts
}

/// The milliseconds of a day or month, `2026-10-31` or `2026-10`, in UTC.
fn range_ms(when: &str) -> Result<(i64, i64)> {
    let numbers: Vec<&str> = when.split('-').collect();
    let (year, month, day) = match numbers[..] {
        [year, month] => (year, month, None),
        [year, month, day] => (year, month, Some(day.parse()?)),
        _ => return Err(format!("{when} is no day or month").into()),
    };
    let (year, month) = (year.parse()?, Month::try_from(month.parse::<u8>()?)?);
    let start = Date::from_calendar_date(year, month, day.unwrap_or(1))?;
    let days = day.map_or(month.length(year), |_| 1);
    let ms = |date: Date| date.midnight().assume_utc().unix_timestamp() * 1_000;
    Ok((ms(start), ms(start + Duration::days(days.into()))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_keep_spaces() {
        assert_eq!(parts(r#"a in:"Chat 2" b"#), ["a", r#"in:"Chat 2""#, "b"]);
    }

    #[test]
    fn days_and_months() {
        const DAY: i64 = 86_400_000;
        assert_eq!(range_ms("1970-01-02").unwrap(), (DAY, 2 * DAY));
        assert_eq!(range_ms("1970-02").unwrap(), (31 * DAY, 59 * DAY));
        assert!(range_ms("1970").is_err());
    }
}
