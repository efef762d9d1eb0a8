//! What was deleted leaves the files, too.
//!
//! `secure_delete` and FTS5's option of the same name overwrite what is deleted in the pages of
//! the database. Three things stay: the beginnings of words by which FTS5 finds its pages
//! ([`super::separators`]), copies of rows in unused parts of pages, and older forms of all these pages in the write-ahead log until it is
//! folded into the file and cut to nothing, which no reader may be in the way of.

use std::{sync::Arc, time::Duration};

use super::separators;
use crate::{core::Core, error::Result, profile::Database};

const SHORTEST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// Largest profile in bytes that is written anew after every deletion: a second's work.
const COMPACTED: i64 = 64 * 1024 * 1024;

/// Makes sure that no file of the profile holds what was deleted. False if a reader was in the
/// way: to be tried again.
pub(crate) async fn traces(db: &Database) -> Result<bool> {
    let untidy = separators::is_untidy(db).await?;
    separators::tidy(db).await?;
    if untidy {
        compact(db).await?;
    }
    db.truncate_log().await
}

/// Writes a small profile anew. When SQLite moves rows between pages, it leaves copies of them in
/// the unused middle of the old page, `secure_delete` or not, and what is deleted later stays there.
async fn compact(db: &Database) -> Result<()> {
    let mut conn = db.writer.lock().await;
    let bytes: i64 = sqlx::query_scalar(
        "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()",
    )
    .fetch_one(&mut *conn)
    .await?;
    if bytes <= COMPACTED {
        sqlx::query("VACUUM").execute(&mut *conn).await?;
    }
    Ok(())
}

/// Does it when [`Core::erasures`] rings, when words were taken out and nobody rang, and once at
/// the start for what an earlier run did not get to.
pub(crate) async fn run(core: Arc<Core>) {
    loop {
        let mut wait = SHORTEST_WAIT;
        while !matches!(traces(&core.db).await, Ok(true)) {
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(LONGEST_WAIT);
        }
        while tokio::time::timeout(LONGEST_WAIT, core.erasures.notified())
            .await
            .is_err()
        {
            if matches!(separators::is_untidy(&core.db).await, Ok(true)) {
                break;
            }
        }
    }
}
