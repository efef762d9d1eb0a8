//! Moves whole blobs from the spool to a store that is not local, for as long as it takes.

use std::sync::Arc;
use std::time::Duration;

use super::rows::{Row, State};
use super::{Blobs, disk, store};
use crate::refusal::Answer;

/// Looks even if nobody said that something waits.
const IDLE: Duration = Duration::from_secs(60);
/// Wait after a failure.
const RETRY: Duration = Duration::from_secs(5);
const AT_ONCE: u32 = 16;

/// Runs until the relay ends.
pub(super) async fn run(blobs: Arc<Blobs>) {
    let drain = blobs.drain.clone();
    while !drain.is_cancelled() {
        let wait = match round(&blobs).await {
            Ok(0) => IDLE,
            Ok(_) => continue,
            Err(_) => {
                tracing::warn!("whole blobs could not be moved to their store; trying again");
                RETRY
            }
        };
        tokio::select! {
            () = drain.cancelled() => {}
            () = tokio::time::sleep(wait) => {}
            () = blobs.spooled.notified(), if wait == IDLE => {}
        }
    }
}

/// Moves some; how many there were.
async fn round(blobs: &Blobs) -> Answer<usize> {
    let waiting = blobs.rows.spooled(AT_ONCE).await?;
    for row in &waiting {
        move_one(blobs, row).await?;
    }
    Ok(waiting.len())
}

async fn move_one(blobs: &Blobs, row: &Row) -> Answer<()> {
    let turn = blobs.turns.take(row.id()).await;
    // It may have been removed while this waited for its turn.
    let Some(row) = blobs.rows.find(row.id()).await? else {
        return Ok(());
    };
    if row.state != State::Spooled {
        return Ok(());
    }
    let file = blobs.spool.read(row.id()).await.map_err(disk)?;
    let Some(file) = file else {
        // Nothing can be done but to say so: the next start forgets it.
        return Err(crate::refusal::Refusal::internal("a blob without bytes"));
    };
    tokio::select! {
        // Somebody removes it, or the relay ends: it is begun anew, if it is still there.
        () = turn.stop.cancelled() => return Ok(()),
        put = blobs.place.put(row.id(), file, row.length) => put.map_err(store)?,
    }
    let stored = Row {
        state: State::Stored,
        ..row
    };
    blobs.rows.advance(&stored).await?;
    blobs.spool.remove(row.id()).await.map_err(disk)
}
