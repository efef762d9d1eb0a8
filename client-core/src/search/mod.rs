//! Search in the history: every word of every message that this device holds, in every script.
//!
//! Text is taken apart in Rust (`tokens`) and the tokens go into an FTS5 table within the
//! encrypted database, in the transaction that stores the message. Queries are a small language
//! (`query`); answers come newest first, or by how well they fit within a bounded number of the
//! newest. What the store has to do is `put`: taking out is done by triggers, whoever deletes
//! or rewrites a message.

mod api;
mod backfill;
mod class;
mod client;
mod compile;
mod cursor;
mod document;
mod erase;
mod fold;
mod index;
mod matching;
mod query;
mod rank;
mod run;
mod separators;
mod snippet;
#[cfg(test)]
mod tests;
mod times;
mod tokens;

pub use api::{LARGEST_PAGE, SearchHit, SearchPage, SearchRequest, Sort};
pub use query::{Clause, Filter, Has, Is, LONGEST_QUERY, MOST_CLAUSES, Query, Term, When};
pub use snippet::Snippet;

pub(crate) use backfill::run as run_backfill;
pub(crate) use document::{Document, Flags};
pub(crate) use erase::run as run_eraser;
pub(crate) use index::put;
#[cfg_attr(
    not(test),
    expect(unused_imports, reason = "for callers that keep the row")
)]
pub(crate) use index::remove;

/// Its tables, as a migration.
pub(crate) const SCHEMA: &str = include_str!("schema.sql");
