//! Reads the requests of the WebSocket into what the store takes.

use bytes::Bytes;
use sealwire_protocol::frame::{Append, Broadcast, CreateLog, Fetch, Subscribe, Unsubscribe};
use sealwire_protocol::ids::{EntryId, IdError, Lane, LogId, Pass};
use sealwire_protocol::limits::{EPHEMERAL, MAX_ENTRIES_PER_FETCH, MAX_ENTRY};
use sealwire_protocol::log::EntryKind;
use sealwire_protocol::mls_form::check_entry;
use sealwire_protocol::problem::Code;

use super::store::{LaneKey, NewEntry, NewLog};
use crate::refusal::{Answer, Refusal};

const RETENTION_DAYS: std::ops::RangeInclusive<u32> = 1..=30;

fn bad_id(error: IdError) -> Refusal {
    Refusal::malformed(format!("{error}."))
}

/// A lane, shown by its pass.
fn opened(log: &[u8], pass: &[u8]) -> Answer<LaneKey> {
    Ok(LaneKey {
        log: LogId::from_slice(log).map_err(bad_id)?,
        lane: Pass::from_slice(pass).map_err(bad_id)?.lane(),
    })
}

pub(super) fn create(request: &CreateLog) -> Answer<NewLog> {
    if !RETENTION_DAYS.contains(&request.retention_days) {
        return Err(Refusal::malformed("A log is kept for 1 to 30 days."));
    }
    Ok(NewLog {
        first: LaneKey {
            log: LogId::from_slice(&request.log).map_err(bad_id)?,
            lane: Lane::from_slice(&request.lane).map_err(bad_id)?,
        },
        retention_days: request.retention_days,
    })
}

pub(super) fn append(request: Append) -> Answer<NewEntry> {
    let key = opened(&request.log, &request.pass)?;
    let kind = EntryKind::from_wire(request.kind)
        .ok_or_else(|| Refusal::malformed("The kind of an entry is 1 or 2."))?;
    let entry_id = EntryId::from_slice(&request.entry_id).map_err(bad_id)?;
    let head = match request.head.len() {
        0 => None,
        _ => Some(EntryId::from_slice(&request.head).map_err(bad_id)?),
    };
    let next = match (kind, request.next.len()) {
        (EntryKind::Application, 0) => None,
        (EntryKind::Application, _) => {
            return Err(Refusal::malformed(
                "Only a commit opens a lane; leave `next` empty.",
            ));
        }
        (EntryKind::Commit, _) => Some(Lane::from_slice(&request.next).map_err(bad_id)?),
    };
    if request.payload.len() > MAX_ENTRY {
        return Err(Refusal::new(
            Code::TooLarge,
            format!("An entry is at most {MAX_ENTRY} bytes; larger content goes by blob."),
        ));
    }
    check_entry(&key.log, kind, &request.payload).map_err(|error| {
        Refusal::new(
            Code::Grammar,
            format!("Not the one MLS PrivateMessage that belongs here: {error}."),
        )
    })?;
    Ok(NewEntry {
        key,
        kind,
        entry_id,
        head,
        cursor: request.cursor,
        next,
        payload: request.payload,
    })
}

pub(super) fn subscribe(request: &Subscribe) -> Answer<(LaneKey, u64)> {
    Ok((opened(&request.log, &request.pass)?, request.after))
}

pub(super) fn unsubscribe(request: &Unsubscribe) -> Answer<LaneKey> {
    Ok(LaneKey {
        log: LogId::from_slice(&request.log).map_err(bad_id)?,
        lane: Lane::from_slice(&request.lane).map_err(bad_id)?,
    })
}

pub(super) fn fetch(request: &Fetch) -> Answer<(LaneKey, u64, u32)> {
    if !(1..=MAX_ENTRIES_PER_FETCH).contains(&request.limit) {
        return Err(Refusal::malformed(format!(
            "The limit of a fetch is 1 to {MAX_ENTRIES_PER_FETCH}."
        )));
    }
    let key = opened(&request.log, &request.pass)?;
    Ok((key, request.after, request.limit))
}

pub(super) fn broadcast(request: Broadcast) -> Answer<(LaneKey, Bytes)> {
    let key = opened(&request.log, &request.pass)?;
    if request.payload.len() != EPHEMERAL {
        return Err(Refusal::new(
            Code::Grammar,
            format!("A signal has exactly {EPHEMERAL} bytes."),
        ));
    }
    Ok((key, request.payload))
}
