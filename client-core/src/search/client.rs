//! `Client::search`.

use jiff::{Timestamp, tz::TimeZone};

use super::{
    LARGEST_PAGE, Query, SearchPage, SearchRequest, backfill, compile, cursor::Cursor, erase,
    query::bad_query, run,
};
use crate::{client::Client, error::Result, store::to_db};

impl Client {
    /// Looks through the history of all conversations.
    ///
    /// # Errors
    /// `bad_query` with what is wrong and how to write it; `bad_cursor`; if the database cannot be
    /// read.
    pub async fn search(&self, request: &SearchRequest) -> Result<SearchPage> {
        let query = Query::parse(&request.query, request.typing)?;
        if !(1..=LARGEST_PAGE).contains(&request.limit) {
            return Err(bad_query(
                format!("a page cannot have {} hits", request.limit),
                format!("ask for 1 to {LARGEST_PAGE}"),
            ));
        }
        let cursor = request.cursor.as_deref();
        let cursor = cursor
            .map(|text| Cursor::parse(text, request.sort))
            .transpose()?;
        let now_ms = to_db(self.core.now_ms());
        let now = Timestamp::from_millisecond(now_ms).unwrap_or(Timestamp::UNIX_EPOCH);
        let now = now.to_zoned_datetime(TimeZone::system());
        let mut conn = self.core.db.readers.acquire().await?;
        let plan = compile::plan(&mut conn, &query, &request.filters, &now).await?;
        let found = run::page(&mut conn, &plan, request, cursor, now_ms).await?;
        let mut hits = found.hits;
        let own = hits.iter_mut().filter(|hit| hit.own);
        own.for_each(|hit| hit.sender_kind = self.core.certificate.kind());
        Ok(SearchPage {
            query,
            hits,
            next: found.next.map(|cursor| cursor.to_string()),
            ranked_newest: found.ranked_newest,
            complete: backfill::is_complete(&mut conn).await?,
        })
    }

    /// Takes in all history that the search does not know yet. There is some once, in a profile
    /// from before there was a search, and after an update that changed how text is taken apart;
    /// [`Client::start`] does this in the background.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn finish_search_index(&self) -> Result<()> {
        while backfill::step(&self.core.db).await? {}
        Ok(())
    }

    /// Makes sure that what was deleted is in no file of the profile any more. False if the profile
    /// was being read and this should be asked again. [`Client::start`] does it by itself after
    /// deletions, only that a database over 64 MiB is not written anew each time but once a day:
    /// that takes a second and as much memory for each 64 MiB.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn erase_traces(&self) -> Result<bool> {
        erase::traces(&self.core.db, true).await
    }
}
