//! A query into what the database is asked.

use jiff::ZonedDateTime;
use sealwire_protocol::ids::ConversationId;
use sqlx::{Row, SqliteConnection};

use super::{
    Filter, Is, Query, Term,
    document::{Flags, flag_token, name_token},
    matching::Needle,
    query::bad_query,
    times::Times,
    tokens::Tokens,
};
use crate::error::{CoreError, Result};

/// Shortest beginning of an identifier that is taken for one.
const SHORTEST_ID: usize = 4;
/// Shortest beginning of a word that finds the word; there are too many with one letter.
const SHORTEST_PREFIX: usize = 2;

/// A query, ready to run.
pub(super) struct Plan {
    /// In FTS5's language. It is put together here from quoted tokens, which hold no quotation
    /// marks, so nothing that a person types can break out of it.
    pub(super) expression: String,
    /// What is looked for in texts, for highlights and ranks.
    pub(super) needles: Vec<Needle>,
    /// When it was written.
    pub(super) times: Times,
}

/// Understands `query` in the calendar of `now`.
pub(super) async fn plan(
    conn: &mut SqliteConnection,
    query: &Query,
    filters: &[Filter],
    now: &ZonedDateTime,
) -> Result<Plan> {
    let mut parts = Parts::default();
    for clause in &query.clauses {
        match &clause.term {
            Term::Word { text, prefix } => parts.text(text, *prefix, clause.negated),
            Term::Phrase { text } => parts.text(text, false, clause.negated),
            Term::Filter { filter } => parts.filter(conn, filter, clause.negated, now).await?,
        }
    }
    for filter in filters {
        parts.filter(conn, filter, false, now).await?;
    }
    if !parts.asks {
        return Err(bad_query(
            "there is nothing to look for",
            "write a word, or a filter like from:alice, has:link or on:today",
        ));
    }
    Ok(parts.finish())
}

#[derive(Default)]
struct Parts {
    words: Vec<String>,
    facts: Vec<String>,
    without: Vec<String>,
    /// Any one of each group suffices.
    senders: Option<Vec<String>>,
    conversations: Option<Vec<String>>,
    on: Option<Times>,
    times: Times,
    needles: Vec<Needle>,
    asks: bool,
}

impl Parts {
    fn text(&mut self, text: &str, prefix: bool, negated: bool) {
        let tokens = Tokens::of(text);
        if tokens.is_empty() {
            return;
        }
        self.asks = true;
        let last = tokens.get(tokens.len() - 1);
        let prefix = prefix && last.chars().count() >= SHORTEST_PREFIX;
        let phrase = format!("\"{}\"{}", tokens.joined(), if prefix { " *" } else { "" });
        if negated {
            self.without.push(format!("{{words files}} : {phrase}"));
        } else {
            self.words.push(phrase);
            self.needles.push(Needle::new(&tokens, prefix));
        }
    }

    async fn filter(
        &mut self,
        conn: &mut SqliteConnection,
        filter: &Filter,
        negated: bool,
        now: &ZonedDateTime,
    ) -> Result<()> {
        self.asks = true;
        match filter {
            Filter::From(who) => {
                let tokens = senders(conn, who).await?;
                self.choice(tokens, negated, |parts| &mut parts.senders);
            }
            Filter::In(name) => {
                let tokens = conversations(conn, name).await?;
                self.choice(tokens, negated, |parts| &mut parts.conversations);
            }
            Filter::Before(when) => {
                let times = Times::of(i64::MIN..when.range(now).start);
                self.times.keep(&times, negated);
            }
            Filter::After(when) => {
                let times = Times::of(when.range(now).end..i64::MAX);
                self.times.keep(&times, negated);
            }
            Filter::On(when) => {
                let day = Times::of(when.range(now));
                if negated {
                    self.times.keep(&day, true);
                } else {
                    self.on.get_or_insert_with(Times::none).add(&day);
                }
            }
            Filter::Has(what) => self.fact(Flags::bit_of(*what), negated),
            Filter::Is(what) => self.fact(Flags::bit_of_kind(*what), negated),
        }
        Ok(())
    }

    fn fact(&mut self, bit: u32, negated: bool) {
        if negated {
            self.without
                .push(format!("facts : \"{}\"", flag_token(bit)));
        } else {
            self.facts.push(format!("\"{}\"", flag_token(bit)));
        }
    }

    fn choice(
        &mut self,
        tokens: Vec<String>,
        negated: bool,
        place: fn(&mut Self) -> &mut Option<Vec<String>>,
    ) {
        if negated {
            let without = tokens.iter().map(|token| format!("facts : {token}"));
            self.without.extend(without);
        } else {
            place(self).get_or_insert_default().extend(tokens);
        }
    }

    fn finish(mut self) -> Plan {
        for choice in [self.senders.take(), self.conversations.take()] {
            // A token that no message has, if nobody of that name ever wrote.
            let any = choice.map(|tokens| match tokens.is_empty() {
                true => "\"none\"".to_owned(),
                false => format!("({})", tokens.join(" OR ")),
            });
            self.facts.extend(any);
        }
        if let Some(on) = &self.on {
            self.times.keep(on, false);
        }
        let mut with = Vec::new();
        if !self.words.is_empty() {
            with.push(format!("{{words files}} : ({})", self.words.join(" AND ")));
        }
        if with.is_empty() && self.facts.is_empty() {
            // Every message has this one.
            self.facts.push("\"m\"".to_owned());
        }
        if !self.facts.is_empty() {
            with.push(format!("facts : ({})", self.facts.join(" AND ")));
        }
        let mut expression = format!("({})", with.join(" AND "));
        for without in &self.without {
            expression.push_str(&format!(" NOT ({without})"));
        }
        Plan {
            expression,
            needles: self.needles,
            times: self.times,
        }
    }
}

/// Tokens of everybody that `who` can mean.
async fn senders(conn: &mut SqliteConnection, who: &str) -> Result<Vec<String>> {
    let who = who.to_lowercase();
    if who == "me" {
        return Ok(vec![format!(
            "\"{}\"",
            flag_token(Flags::bit_of_kind(Is::Own))
        )]);
    }
    let rows = sqlx::query("SELECT id, name FROM search_name WHERE kind = 'sender'")
        .fetch_all(conn)
        .await?;
    let means = |row: &&sqlx::sqlite::SqliteRow| {
        let handle = String::from_utf8_lossy(row.get("name")).to_lowercase();
        handle == who || handle.split('@').next() == Some(&who)
    };
    let token = |row: &sqlx::sqlite::SqliteRow| format!("\"{}\"", name_token(row.get("id")));
    Ok(rows.iter().filter(means).map(token).collect())
}

/// Tokens of all conversations that `name` can mean. A whole identifier means one only.
async fn conversations(conn: &mut SqliteConnection, name: &str) -> Result<Vec<String>> {
    let rows = sqlx::query(
        "SELECT c.id, c.name, coalesce(n.id, 0) AS number FROM conversation AS c
         LEFT JOIN search_name AS n ON n.kind = 'conversation' AND n.name = c.id",
    )
    .fetch_all(conn)
    .await?;
    let lower = name.to_lowercase();
    let mut found = Vec::new();
    for row in &rows {
        let id = ConversationId::from_slice(row.get("id")).map_err(CoreError::internal)?;
        let id = id.to_string();
        let token = format!("\"{}\"", name_token(row.get("number")));
        if id == lower {
            return Ok(vec![token]);
        }
        let begins = lower.len() >= SHORTEST_ID && id.starts_with(&lower);
        if begins || row.get::<&str, _>("name").to_lowercase() == lower {
            found.push(token);
        }
    }
    if found.is_empty() {
        return Err(bad_query(
            format!("`in:` names {name:?}, and no conversation is called that"),
            "`sealwire chat list` shows all; write in:\"Two words\" if the name has a space",
        ));
    }
    Ok(found)
}
