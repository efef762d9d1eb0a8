//! At the start: rows and files are made to agree, whatever moment the last run died at.

use std::collections::HashMap;

use sealwire_protocol::ids::BlobId;

use super::BlobsError;
use super::place::Place;
use super::rows::{Row, Rows, State};
use super::spool::Spool;

/// Makes rows and files agree.
pub(super) async fn run(rows: &Rows, spool: &Spool, place: &Place) -> Result<(), BlobsError> {
    let mut known: HashMap<BlobId, State> = HashMap::new();
    let mut lost = Vec::new();
    for row in rows.all().await? {
        match settle(rows, spool, place, row).await? {
            Some(state) => {
                known.insert(row.id(), state);
            }
            None => lost.push(row.id()),
        }
    }
    if !lost.is_empty() {
        tracing::error!(
            count = lost.len(),
            "blobs whose files are gone were forgotten"
        );
        rows.remove(&lost, None).await?;
    }
    let is = |id: BlobId, wanted: fn(State) -> bool| known.get(&id).copied().is_some_and(wanted);
    spool.remove_strangers(|id| is(id, |state| state != State::Stored))?;
    place.remove_strangers(|id| is(id, |state| state == State::Stored))?;
    Ok(())
}

/// Where the bytes of a row are; `None` if they are gone.
async fn settle(
    rows: &Rows,
    spool: &Spool,
    place: &Place,
    row: Row,
) -> Result<Option<State>, BlobsError> {
    let there = spool.len(row.id())?;
    match row.state {
        State::Receiving => match there {
            Some(len) if len >= row.received => {
                spool.cut(row.id(), row.received)?;
                Ok(Some(State::Receiving))
            }
            // Moved to its place, which only a whole and durable upload is, and not told yet.
            None if place.len(row.id())? == Some(row.length) => {
                let stored = Row {
                    received: row.length,
                    state: State::Stored,
                    ..row
                };
                rows.advance(&stored).await?;
                Ok(Some(State::Stored))
            }
            None if row.received == 0 => Ok(Some(State::Receiving)),
            _ => Ok(None),
        },
        State::Spooled => Ok((there == Some(row.length)).then_some(State::Spooled)),
        // In a store that is not local a blob is put before its row says so, and stays.
        State::Stored if !place.is_local() => Ok(Some(State::Stored)),
        State::Stored => {
            let whole = place.len(row.id())? == Some(row.length);
            Ok(whole.then_some(State::Stored))
        }
    }
}
