//! Reads ranges of lanes.

use futures_util::TryStreamExt;
use sealwire_protocol::frame::LaneState;
use sealwire_protocol::ids::Incarnation;
use sqlx::{Row, SqliteConnection, SqlitePool};

use super::super::store::{LaneKey, Page, PageLimit, check_cursor, lane_unknown};
use super::rows;
use super::writer::lane_state;
use crate::refusal::Answer;

/// One page after `after`, all of it from one moment.
pub(super) async fn page(
    readers: &SqlitePool,
    incarnation: Incarnation,
    key: LaneKey,
    after: u64,
    limit: PageLimit,
) -> Answer<Page> {
    let mut snapshot = readers.begin().await?;
    let (lane_id, state) = lane(&mut snapshot, incarnation, key).await?;
    check_cursor(state.floor, state.newest, after)?;
    let mut page = Page {
        state,
        entries: Vec::new(),
    };
    if limit.entries > 0 && after < page.state.newest {
        let mut bytes = 0;
        let mut found = sqlx::query(
            "SELECT lane_id, seq, entry_id, kind, received_at, next, payload FROM entries \
             WHERE lane_id = ? AND seq > ? ORDER BY seq LIMIT ?",
        )
        .bind(lane_id)
        .bind(rows::signed(after))
        .bind(limit.entries)
        .fetch(&mut *snapshot);
        while let Some(row) = found.try_next().await? {
            let (_, entry) = rows::entry(&row)?;
            bytes += entry.payload.len();
            if bytes > limit.bytes && !page.entries.is_empty() {
                break;
            }
            page.entries.push(entry);
        }
    }
    snapshot.commit().await?;
    Ok(page)
}

async fn lane(
    db: &mut SqliteConnection,
    incarnation: Incarnation,
    key: LaneKey,
) -> Answer<(i64, LaneState)> {
    let row = sqlx::query(
        "SELECT l.id, l.floor, l.newest FROM lanes l JOIN logs g ON g.id = l.log_id \
         WHERE l.lane = ? AND g.log = ?",
    )
    .bind(key.lane.as_bytes().as_slice())
    .bind(key.log.as_bytes().as_slice())
    .fetch_optional(&mut *db)
    .await?
    .ok_or_else(lane_unknown)?;
    let id: i64 = row.try_get(0)?;
    let (floor, newest) = (rows::number(&row, 1)?, rows::number(&row, 2)?);
    let used = rows::used_branches(db, &[id])
        .await?
        .remove(&id)
        .unwrap_or_default();
    Ok((id, lane_state(incarnation, floor, newest, &used)))
}
