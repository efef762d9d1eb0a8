//! What was deleted leaves the files, too.
//!
//! `secure_delete` and FTS5's option of the same name overwrite what is deleted in the pages of
//! the database. Three things stay:
//! * the beginnings of words by which FTS5 finds its pages ([`super::separators`]);
//! * copies of rows in the unused middle of pages. When SQLite (3.45.3) moves rows between
//!   neighbouring pages it leaves the old bytes, whatever `secure_delete` says, and does not find
//!   them again when such a row is deleted. Only writing the database anew removes them, which
//!   needs as much memory as it is large: done after every deletion up to a size, above it once a
//!   day after deletions, and when it is asked for;
//! * older forms of all these pages in the write-ahead log, until it is folded into the file and
//!   cut to nothing, which no reader may be in the way of.

use std::{sync::Arc, time::Duration};

use super::separators;
use crate::{core::Core, error::Result, profile::Database, store};

const SHORTEST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// Bytes of a database that is written anew after every deletion: takes about a second.
pub(super) const SMALL: u64 = 64 << 20;
const DAY_MS: u64 = 86_400_000;

/// Makes sure that no file of the profile holds what was deleted; of a large database only the
/// unused middle of pages may, unless this is to be `thorough`. False if a reader was in the way:
/// to be tried again.
pub(crate) async fn traces(db: &Database, thorough: bool) -> Result<bool> {
    erase(db, thorough, SMALL).await
}

async fn erase(db: &Database, thorough: bool, small: u64) -> Result<bool> {
    separators::tidy(db).await?;
    if separators::is_tidied(db).await? && (thorough || db.size().await? <= small) {
        db.rewrite().await?;
        separators::written(db).await?;
    }
    db.truncate_log().await
}

/// As [`traces`]; thorough once a day if the database is larger than `small`, bytes. The day is
/// noted first: what fails for want of memory must not be tried again and again.
pub(super) async fn daily(db: &Database, now_ms: u64, small: u64) -> Result<bool> {
    if !erase(db, false, small).await? {
        return Ok(false);
    }
    if !is_due(db, now_ms, small).await? {
        return Ok(true);
    }
    {
        let mut conn = db.writer.lock().await;
        let mut tx = db.begin(&mut conn).await?;
        store::set_rewritten_at(&mut tx, now_ms).await?;
        tx.commit().await?;
    }
    erase(db, true, small).await
}

/// Whether something was deleted since the database was written anew, and that is a day ago,
/// whichever way the clock was set since.
async fn is_due(db: &Database, now_ms: u64, small: u64) -> Result<bool> {
    if !separators::is_tidied(db).await? || db.size().await? <= small {
        return Ok(false);
    }
    let mut conn = db.readers.acquire().await?;
    let last = store::rewritten_at(&mut conn).await?;
    Ok(now_ms.abs_diff(last) >= DAY_MS)
}

/// Does it when [`Core::erasures`] rings, when words were taken out and nobody rang, and once at
/// the start for what an earlier run did not get to.
pub(crate) async fn run(core: Arc<Core>) {
    loop {
        let mut wait = SHORTEST_WAIT;
        while !matches!(daily(&core.db, core.now_ms(), SMALL).await, Ok(true)) {
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(LONGEST_WAIT);
        }
        while tokio::time::timeout(LONGEST_WAIT, core.erasures.notified())
            .await
            .is_err()
        {
            let untidy = separators::is_untidy(&core.db).await;
            let due = is_due(&core.db, core.now_ms(), SMALL).await;
            if matches!(untidy, Ok(true)) || matches!(due, Ok(true)) {
                break;
            }
        }
    }
}
