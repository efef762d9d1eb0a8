//! Statements of the writer. Each serves many rows at once: with sqlx every statement costs a
//! round trip to its thread, which at one statement an entry would cost more than the entry.

use std::collections::HashMap;

use bytes::Bytes;
use sealwire_protocol::frame::Entry;
use sealwire_protocol::ids::{EntryId, IdError, Lane, LogId};
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row, Sqlite, SqliteConnection};

use super::super::store::{LaneKey, NewLog};
use super::script::Script;

/// Rows in one statement. With the padding below, few different statements are ever prepared.
const CHUNK: usize = 128;
/// Most branches that are told of one lane.
pub(super) const MOST_BRANCHES: usize = 64;

/// A lane as the writer knows it.
#[derive(Clone)]
pub(super) struct LaneRow {
    pub(super) id: i64,
    pub(super) log_id: i64,
    pub(super) parent: i64,
    pub(super) opened_by: Option<EntryId>,
    pub(super) floor: u64,
    pub(super) newest: u64,
    pub(super) head: Option<EntryId>,
    pub(super) touched_at: u64,
    /// This lane's commits whose child lane holds entries.
    pub(super) used: Vec<EntryId>,
}

/// A log as the writer knows it.
#[derive(Clone, Copy)]
pub(super) struct LogRow {
    pub(super) id: i64,
    pub(super) log: NewLog,
}

/// An entry to write.
#[derive(Clone)]
pub(super) struct EntryRow {
    pub(super) lane: LaneKey,
    pub(super) lane_id: i64,
    pub(super) log_id: i64,
    pub(super) entry: Entry,
}

/// An entry that was written before.
pub(super) struct Known {
    pub(super) lane_id: i64,
    pub(super) entry: Entry,
}

/// A number that is never negative.
pub(super) fn number(row: &SqliteRow, column: usize) -> Result<u64, sqlx::Error> {
    let value: i64 = row.try_get(column)?;
    u64::try_from(value).map_err(|_| damaged())
}

/// An identifier.
pub(super) fn id<T>(
    row: &SqliteRow,
    column: usize,
    parse: impl FnOnce(&[u8]) -> Result<T, IdError>,
) -> Result<T, sqlx::Error> {
    let bytes: &[u8] = row.try_get(column)?;
    parse(bytes).map_err(|_| damaged())
}

/// An identifier that may be absent.
pub(super) fn optional_id<T>(
    row: &SqliteRow,
    column: usize,
    parse: impl FnOnce(&[u8]) -> Result<T, IdError>,
) -> Result<Option<T>, sqlx::Error> {
    let bytes: &[u8] = row.try_get(column)?;
    if bytes.is_empty() {
        return Ok(None);
    }
    parse(bytes).map(Some).map_err(|_| damaged())
}

fn damaged() -> sqlx::Error {
    sqlx::Error::Decode("the database holds a value that the relay never writes".into())
}

/// An entry from the columns lane_id, seq, entry_id, kind, received_at, next, payload.
pub(super) fn entry(row: &SqliteRow) -> Result<(i64, Entry), sqlx::Error> {
    let bytes = |column| -> Result<Bytes, sqlx::Error> {
        let bytes: Vec<u8> = row.try_get(column)?;
        Ok(bytes.into())
    };
    let entry = Entry {
        seq: number(row, 1)?,
        entry_id: bytes(2)?,
        kind: u32::try_from(number(row, 3)?).map_err(|_| damaged())?,
        received_at: number(row, 4)?,
        next: bytes(5)?,
        payload: bytes(6)?,
    };
    Ok((row.try_get(0)?, entry))
}

/// Repeats the last value up to a power of two: a lookup of it twice changes nothing, and there
/// are few different statements.
fn padded<T>(values: &[T]) -> impl Iterator<Item = &T> {
    let missing = values.len().next_power_of_two() - values.len();
    values
        .iter()
        .chain(std::iter::repeat_n(values.last(), missing).flatten())
}

/// Loads lanes by their hash, whatever their log.
pub(super) async fn lanes(
    db: &mut SqliteConnection,
    wanted: &[Lane],
) -> Result<Vec<(LaneKey, LaneRow)>, sqlx::Error> {
    let mut found = Vec::new();
    for chunk in wanted.chunks(CHUNK) {
        let mut query = QueryBuilder::<Sqlite>::new(
            "SELECT g.log, l.lane, l.id, l.log_id, l.parent, l.opened_by, l.floor, l.newest, \
             l.head, l.touched_at FROM lanes l JOIN logs g ON g.id = l.log_id WHERE l.lane IN (",
        );
        let mut list = query.separated(", ");
        for lane in padded(chunk) {
            list.push_bind(lane.as_bytes().as_slice());
        }
        query.push(")");
        for row in query.build().fetch_all(&mut *db).await? {
            found.push(lane_row(&row)?);
        }
    }
    let ids: Vec<i64> = found.iter().map(|(_, row)| row.id).collect();
    let mut used = used_branches(db, &ids).await?;
    for (_, row) in &mut found {
        row.used = used.remove(&row.id).unwrap_or_default();
    }
    Ok(found)
}

fn lane_row(row: &SqliteRow) -> Result<(LaneKey, LaneRow), sqlx::Error> {
    let key = LaneKey {
        log: id(row, 0, LogId::from_slice)?,
        lane: id(row, 1, Lane::from_slice)?,
    };
    let row = LaneRow {
        id: row.try_get(2)?,
        log_id: row.try_get(3)?,
        parent: row.try_get(4)?,
        opened_by: optional_id(row, 5, EntryId::from_slice)?,
        floor: number(row, 6)?,
        newest: number(row, 7)?,
        head: optional_id(row, 8, EntryId::from_slice)?,
        touched_at: number(row, 9)?,
        used: Vec::new(),
    };
    Ok((key, row))
}

/// For each lane, its commits whose child lane holds entries, in the order of their making.
pub(super) async fn used_branches(
    db: &mut SqliteConnection,
    lanes: &[i64],
) -> Result<HashMap<i64, Vec<EntryId>>, sqlx::Error> {
    let mut used: HashMap<i64, Vec<EntryId>> = HashMap::new();
    for chunk in lanes.chunks(CHUNK) {
        let mut query = QueryBuilder::<Sqlite>::new(
            "SELECT parent, opened_by FROM lanes WHERE newest > 0 AND parent IN (",
        );
        let mut list = query.separated(", ");
        for lane in padded(chunk) {
            list.push_bind(*lane);
        }
        query.push(") ORDER BY id");
        for row in query.build().fetch_all(&mut *db).await? {
            let branches = used.entry(row.try_get(0)?).or_default();
            if branches.len() < MOST_BRANCHES {
                branches.push(id(&row, 1, EntryId::from_slice)?);
            }
        }
    }
    Ok(used)
}

/// Loads logs by their id on the wire.
pub(super) async fn logs(
    db: &mut SqliteConnection,
    wanted: &[LogId],
) -> Result<Vec<LogRow>, sqlx::Error> {
    let mut found = Vec::new();
    for chunk in wanted.chunks(CHUNK) {
        let mut query = QueryBuilder::<Sqlite>::new(
            "SELECT id, log, first_lane, retention_days FROM logs WHERE log IN (",
        );
        let mut list = query.separated(", ");
        for log in padded(chunk) {
            list.push_bind(log.as_bytes().as_slice());
        }
        query.push(")");
        for row in query.build().fetch_all(&mut *db).await? {
            let first = LaneKey {
                log: id(&row, 1, LogId::from_slice)?,
                lane: id(&row, 2, Lane::from_slice)?,
            };
            let retention_days = u32::try_from(number(&row, 3)?).unwrap_or(30);
            found.push(LogRow {
                id: row.try_get(0)?,
                log: NewLog {
                    first,
                    retention_days,
                },
            });
        }
    }
    Ok(found)
}

/// Looks entries up by log and entry id.
pub(super) async fn known(
    db: &mut SqliteConnection,
    wanted: &[(i64, EntryId)],
) -> Result<HashMap<(i64, EntryId), Known>, sqlx::Error> {
    let mut found = HashMap::new();
    for chunk in wanted.chunks(CHUNK) {
        let mut query = QueryBuilder::<Sqlite>::new("WITH q (l, e) AS (VALUES ");
        let mut list = query.separated(", ");
        for (log, entry) in padded(chunk) {
            list.push("(")
                .push_bind_unseparated(*log)
                .push_unseparated(", ")
                .push_bind_unseparated(entry.as_bytes().as_slice())
                .push_unseparated(")");
        }
        query.push(
            ") SELECT n.lane_id, n.seq, n.entry_id, n.kind, n.received_at, n.next, n.payload, \
             n.log_id FROM q CROSS JOIN entries n ON n.log_id = q.l AND n.entry_id = q.e",
        );
        for row in query.build().fetch_all(&mut *db).await? {
            let (lane_id, entry) = entry(&row)?;
            let key = (row.try_get(7)?, id(&row, 2, EntryId::from_slice)?);
            found.insert(key, Known { lane_id, entry });
        }
    }
    Ok(found)
}

/// Splits into runs whose lengths are powers of two, so that there are few different statements.
fn runs<T>(mut rows: &[T]) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        if rows.is_empty() {
            return None;
        }
        let len = (1 << rows.len().ilog2()).min(CHUNK);
        let (run, rest) = rows.split_at(len);
        rows = rest;
        Some(run)
    })
}

/// Adds logs.
pub(super) async fn insert_logs<'r>(
    script: &mut Script<'_, 'r>,
    rows: &'r [LogRow],
    now_ms: i64,
) -> Result<(), sqlx::Error> {
    for run in runs(rows) {
        let query = script.next(run.len()).await?;
        query.push("INSERT INTO logs (id, log, first_lane, retention_days, created_at) ");
        query.push_values(run, |mut values, row| {
            values
                .push_bind(row.id)
                .push_bind(row.log.first.log.as_bytes().as_slice())
                .push_bind(row.log.first.lane.as_bytes().as_slice())
                .push_bind(row.log.retention_days)
                .push_bind(now_ms);
        });
        query.push(";");
    }
    Ok(())
}

/// Adds lanes, or writes what changed of them.
pub(super) async fn upsert_lanes<'r>(
    script: &mut Script<'_, 'r>,
    rows: &'r [(LaneKey, LaneRow)],
) -> Result<(), sqlx::Error> {
    for run in runs(rows) {
        let query = script.next(run.len()).await?;
        query.push(
            "INSERT INTO lanes (id, log_id, lane, parent, opened_by, floor, newest, head, \
             touched_at) ",
        );
        query.push_values(run, |mut values, (key, row)| {
            let bytes = |id: &Option<EntryId>| id.map_or(Vec::new(), |id| id.0.to_vec());
            values
                .push_bind(row.id)
                .push_bind(row.log_id)
                .push_bind(key.lane.as_bytes().as_slice())
                .push_bind(row.parent)
                .push_bind(bytes(&row.opened_by))
                .push_bind(signed(row.floor))
                .push_bind(signed(row.newest))
                .push_bind(bytes(&row.head))
                .push_bind(signed(row.touched_at));
        });
        query.push(
            " ON CONFLICT (id) DO UPDATE SET newest = excluded.newest, head = excluded.head, \
             touched_at = excluded.touched_at;",
        );
    }
    Ok(())
}

/// Adds entries. On a conflict the whole transaction is rolled back, so the statement need not be
/// able to undo itself.
pub(super) async fn insert_entries<'r>(
    script: &mut Script<'_, 'r>,
    rows: &'r [EntryRow],
) -> Result<(), sqlx::Error> {
    for run in runs(rows) {
        let query = script.next(run.len()).await?;
        query.push(
            "INSERT OR FAIL INTO entries (lane_id, seq, log_id, entry_id, kind, received_at, next, payload) ",
        );
        query.push_values(run, |mut values, row| {
            values
                .push_bind(row.lane_id)
                .push_bind(signed(row.entry.seq))
                .push_bind(row.log_id)
                .push_bind(row.entry.entry_id.as_ref())
                .push_bind(row.entry.kind)
                .push_bind(signed(row.entry.received_at))
                .push_bind(row.entry.next.as_ref())
                .push_bind(row.entry.payload.as_ref());
        });
        query.push(";");
    }
    Ok(())
}

/// As SQLite stores it.
pub(super) fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_cover_everything_once_in_order() {
        let rows: Vec<usize> = (0..CHUNK * 2 + 77).collect();
        let runs: Vec<&[usize]> = runs(&rows).collect();
        assert_eq!(runs.concat(), rows);
        assert!(runs.iter().all(|run| run.len().is_power_of_two()));
    }

    #[test]
    fn padding_repeats_the_last() {
        let all: Vec<_> = padded(&[1, 2, 3, 4, 5]).copied().collect();
        assert_eq!(all, [1, 2, 3, 4, 5, 5, 5, 5]);
        assert_eq!(padded(&[1]).count(), 1);
    }
}
