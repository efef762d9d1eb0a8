//! What fronts ask and get.

use serde::{Deserialize, Serialize};

use super::{Filter, Query, snippet::Snippet};
use crate::api::DeviceKind;

/// Hits that a page may have.
pub const LARGEST_PAGE: u32 = 100;

/// What to look for.
#[derive(Debug, Clone, Default)]
pub struct SearchRequest {
    /// In the language of [`Query`].
    pub query: String,
    /// Somebody is still typing: the last word may go on.
    pub typing: bool,
    /// Filters beside those of the query; all have to hold, with the same choice within a name.
    pub filters: Vec<Filter>,
    /// Which hits come first.
    pub sort: Sort,
    /// Hits of a page, 1 to [`LARGEST_PAGE`].
    pub limit: u32,
    /// [`SearchPage::next`] of the page before; the rest of the request has to be the same.
    pub cursor: Option<String>,
}

/// Which hits come first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Sort {
    /// What this device took in last.
    #[default]
    Newest,
    /// What fits best (BM25), newer ones before older ones that fit as well.
    Relevance,
}

/// Some of what was found.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct SearchPage {
    /// The query as it was understood.
    pub query: Query,
    /// The hits, best first.
    pub hits: Vec<SearchHit>,
    /// Where the next page begins; `None` if there is no more.
    pub next: Option<String>,
    /// There were too many hits to rank them all: only so many of the newest were compared.
    pub ranked_newest: Option<u64>,
    /// All history was looked through. False while a profile from before there was a search is
    /// still being taken in, newest first.
    pub complete: bool,
}

/// A message that was found, and where to jump to.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct SearchHit {
    /// Conversation, hexadecimal.
    pub conversation: String,
    /// Name of the conversation.
    pub conversation_name: String,
    /// Identifier of the message, hexadecimal.
    pub id: String,
    /// Its place in the history; 0 while pending.
    pub position: u64,
    /// Sender's handle.
    pub sender: String,
    /// What the sender is.
    pub sender_kind: DeviceKind,
    /// Sent from this account.
    pub own: bool,
    /// Milliseconds since the Unix epoch.
    pub at_ms: u64,
    /// The part of the text that shows why it was found, or its beginning.
    pub snippet: Snippet,
    /// Names of files in which something was found.
    pub files: Vec<Snippet>,
}
