//! `Client::insight`.

use jiff::tz::TimeZone;
use sealwire_protocol::ids::ConversationId;
use serde::Serialize;

use super::tally::Tally;
use crate::{client::Client, error::Result, expiry, profile::Database, reading, store};

/// Messages read at once.
const PAGE: u32 = 500;

/// What can be counted in a conversation. Messages that were deleted, have disappeared or are not
/// sent do not count. Days and hours are those of this machine's time zone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Insight {
    /// Conversation, hexadecimal.
    pub conversation: String,
    /// Messages.
    pub messages: u64,
    /// Who wrote them, whoever wrote most first.
    pub people: Vec<PersonInsight>,
    /// Days with messages, in order.
    pub days: Vec<DayCount>,
    /// Messages in each hour of the day, from midnight on.
    pub hours: [u64; 24],
    /// Words that come up in most messages, at most 20, those in most first.
    pub keywords: Vec<Keyword>,
}

/// What can be counted of one person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct PersonInsight {
    /// Handle.
    pub handle: String,
    /// Messages.
    pub messages: u64,
    /// Days with messages, in order.
    pub days: Vec<DayCount>,
    /// Answers: messages right after one of somebody else, within 12 hours.
    pub replies: u64,
    /// Half of the answers came within so many seconds; `None` if there was none.
    pub reply_median_s: Option<u64>,
}

/// Messages of a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct DayCount {
    /// `2026-11-24`.
    pub day: String,
    /// Messages.
    pub messages: u64,
}

/// A word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Keyword {
    /// The word, in lower case.
    pub word: String,
    /// Messages that hold it.
    pub messages: u64,
}

impl Client {
    /// Counts what there is to count in a conversation.
    ///
    /// # Errors
    /// `unknown_conversation`; if the database cannot be read.
    pub async fn insight(&self, id: &ConversationId) -> Result<Insight> {
        {
            let mut conn = self.core.db.readers.acquire().await?;
            let found = store::conversation(&mut conn, id).await?;
            found.ok_or_else(reading::unknown_conversation)?;
        }
        expiry::expire(&self.core).await?;
        of(&self.core.db, id, self.core.now_ms(), TimeZone::system()).await
    }
}

/// Counts page by page: a long conversation takes memory for its days and words, not its messages.
pub(crate) async fn of(
    db: &Database,
    id: &ConversationId,
    now_ms: u64,
    zone: TimeZone,
) -> Result<Insight> {
    let mut tally = Tally::new(zone);
    let mut after = 0;
    loop {
        let page = {
            let mut conn = db.readers.acquire().await?;
            store::spoken_after(&mut conn, id, (after, PAGE), now_ms).await?
        };
        let Some(last) = page.last() else {
            break;
        };
        after = last.position;
        page.iter().for_each(|spoken| tally.add(spoken));
    }
    Ok(Insight {
        conversation: id.to_string(),
        ..tally.finish()
    })
}
