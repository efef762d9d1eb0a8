//! Numbers about a conversation: who writes when, how fast people answer, and which words come up.
//!
//! All of it is counted on this device from what is stored there, when somebody asks; nothing is
//! kept and nothing is sent. There is no model of any language in it, only a dictionary of Chinese
//! words to tell where one ends.

mod api;
mod tally;
mod words;

#[cfg(test)]
pub(crate) use api::of;
pub use api::{DayCount, Insight, Keyword, PersonInsight};
