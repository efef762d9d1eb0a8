//! Retention: what has to go, and letting it go in small transactions.
//!
//! A lane's floor only rises over a prefix. Application messages go after the log's retention,
//! commits after thirty days, so a message that stands after a younger commit waits for it. The
//! lane itself stays long after its last entry, so that a device that was away learns that it
//! missed something, and not that its lane is unknown.

use std::collections::HashSet;

use sqlx::{ConnectOptions, Executor, QueryBuilder, Row, Sqlite, SqliteConnection, SqlitePool};

use super::rows::{self, signed};
use crate::tally::{self, Count, Kind, Run};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// Commits stay this long whatever the retention, so that a weekend offline forces no rejoin.
const COMMIT_DAYS: i64 = 30;
/// Lanes stay this long after their last entry: whoever comes back within a year, and a bit, is told
/// that they missed something.
const LANE_DAYS: i64 = 400;
/// Entries that go in one transaction.
const STEP: u64 = 2_000;
/// Lanes in one transaction.
const LANES: usize = 200;

/// One transaction's worth.
pub(super) struct Prune {
    /// Whose work it is.
    run: Run,
    /// Lanes and their new floors.
    floors: Vec<(i64, u64)>,
    /// Lanes that everybody left and that hold nothing any more.
    dead: Vec<i64>,
}

impl Prune {
    fn of(run: Run) -> Self {
        Self {
            run,
            floors: Vec::new(),
            dead: Vec::new(),
        }
    }
}

/// Finds what has to go. Messages stay for `most_days` at most.
pub(super) async fn find(
    readers: &SqlitePool,
    run: Run,
    most_days: u32,
) -> Result<Vec<Prune>, sqlx::Error> {
    let now = signed(run.started_ms);
    let commits_before = now - COMMIT_DAYS * DAY_MS;
    let expired = sqlx::query(
        "SELECT id, floor, keep FROM ( \
           SELECT l.id, l.floor, coalesce(( \
             SELECT e.seq - 1 FROM entries e WHERE e.lane_id = l.id AND e.seq > l.floor \
               AND e.received_at >= CASE e.kind WHEN 1 THEN ?1 \
                 ELSE ?2 - min(g.retention_days, ?4) * ?3 END \
             ORDER BY e.seq LIMIT 1), l.newest) AS keep \
           FROM lanes l JOIN logs g ON g.id = l.log_id WHERE l.floor < l.newest) \
         WHERE keep > floor",
    )
    .bind(commits_before)
    .bind(now)
    .bind(DAY_MS)
    .bind(most_days)
    .fetch_all(readers)
    .await?;
    let mut steps = Vec::new();
    let (mut step, mut room) = (Prune::of(run), STEP);
    for row in expired {
        let id: i64 = row.try_get(0)?;
        let (mut floor, keep) = (rows::number(&row, 1)?, rows::number(&row, 2)?);
        while floor < keep {
            let to = keep.min(floor + room);
            room -= to - floor;
            floor = to;
            step.floors.push((id, to));
            if room == 0 || step.floors.len() == LANES {
                steps.push(std::mem::replace(&mut step, Prune::of(run)));
                room = STEP;
            }
        }
    }
    let dead = dead(readers, now - LANE_DAYS * DAY_MS).await?;
    steps.push(step);
    steps.extend(dead.chunks(LANES).map(|dead| Prune {
        dead: dead.to_vec(),
        ..Prune::of(run)
    }));
    steps.retain(|step| !step.floors.is_empty() || !step.dead.is_empty());
    Ok(steps)
}

/// Empty lanes that everybody left before `touched_before`. A lane goes only with or after the one
/// it came from: as long as a lane is there, so is what tells that its commits' lanes are in use.
async fn dead(readers: &SqlitePool, touched_before: i64) -> Result<Vec<i64>, sqlx::Error> {
    let left = sqlx::query(
        "SELECT id, parent, EXISTS (SELECT 1 FROM lanes p WHERE p.id = l.parent) FROM lanes l \
         WHERE newest > 0 AND floor = newest AND touched_at < ? \
         AND EXISTS (SELECT 1 FROM lanes c WHERE c.parent = l.id AND c.newest > 0) \
         ORDER BY id",
    )
    .bind(touched_before)
    .fetch_all(readers)
    .await?;
    // A lane has a higher id than the one it came from.
    let mut dead = Vec::new();
    let mut seen = HashSet::new();
    for row in left {
        let (id, parent): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
        if !row.try_get::<bool, _>(2)? || seen.contains(&parent) {
            seen.insert(id);
            dead.push(id);
        }
    }
    Ok(dead)
}

/// Does one step.
pub(super) async fn apply(db: &mut SqliteConnection, step: &Prune) -> Result<(), sqlx::Error> {
    db.execute("BEGIN IMMEDIATE").await?;
    let mut count = Count::default();
    for &(lane, floor) in &step.floors {
        sqlx::query("UPDATE lanes SET floor = ? WHERE id = ?")
            .bind(signed(floor))
            .bind(lane)
            .execute(&mut *db)
            .await?;
        count.merge(counted(db, lane, floor).await?);
        sqlx::query("DELETE FROM entries WHERE lane_id = ? AND seq <= ?")
            .bind(lane)
            .bind(signed(floor))
            .execute(&mut *db)
            .await?;
    }
    tally::record(db, step.run, Kind::Entry, count).await?;
    tally::forget(db, step.run).await?;
    if !step.dead.is_empty() {
        // Somebody may have written there since they were found.
        let mut query =
            QueryBuilder::<Sqlite>::new("DELETE FROM lanes WHERE floor = newest AND id IN (");
        let mut list = query.separated(", ");
        for lane in &step.dead {
            list.push_bind(*lane);
        }
        query.push(")");
        db.execute(query.build()).await?;
    }
    db.execute("COMMIT").await?;
    Ok(())
}

/// What goes of a lane up to a new floor.
async fn counted(db: &mut SqliteConnection, lane: i64, floor: u64) -> Result<Count, sqlx::Error> {
    let row = sqlx::query(
        "SELECT count(*), coalesce(sum(length(payload)), 0), \
         coalesce(min(received_at), 0) / 1000, coalesce(max(received_at), 0) / 1000 \
         FROM entries WHERE lane_id = ? AND seq <= ?",
    )
    .bind(lane)
    .bind(signed(floor))
    .fetch_one(db)
    .await?;
    Count::from_row(&row, 0)
}

/// Empties the write-ahead log, which still holds what was deleted.
pub(super) async fn forget(path: &std::path::Path) -> Result<(), sqlx::Error> {
    let mut db = super::connection(path).connect().await?;
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)").await?;
    Ok(())
}
