//! Whether what groups.db holds can be read again.

use sealwire_protocol::ids::{EntryId, LogId};
use sealwire_protocol::log::EntryKind;
use sealwire_protocol::mls_form::check_entry;
use sqlx::{Row, SqliteConnection};

use super::super::DATABASE;
use super::rows;
use crate::database::check_rows;
use crate::fault::Fault;

/// Reads every entry, and that no lane has a gap.
pub(crate) async fn check(db: &mut SqliteConnection) -> Result<(), Fault> {
    let entries = "SELECT e.id, g.log, e.entry_id, e.kind, e.payload FROM entries e \
                   JOIN logs g ON g.id = e.log_id";
    check_rows(db, DATABASE, "entry", entries, |row| {
        let log = rows::id(row, 1, LogId::from_slice)?;
        rows::id(row, 2, EntryId::from_slice)?;
        let kind = u32::try_from(rows::number(row, 3)?)
            .ok()
            .and_then(EntryKind::from_wire);
        let payload: &[u8] = row.try_get(4)?;
        Ok(kind.is_some_and(|kind| check_entry(&log, kind, payload).is_ok()))
    })
    .await?;
    let lanes = "SELECT l.id, l.newest - l.floor = (SELECT count(*) FROM entries e \
                 WHERE e.lane_id = l.id AND e.seq BETWEEN l.floor + 1 AND l.newest) FROM lanes l";
    check_rows(db, DATABASE, "lane", lanes, |row| row.try_get(1)).await
}
