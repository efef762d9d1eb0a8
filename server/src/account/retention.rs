//! Retention of the account plane: envelopes that nobody fetched, key packages past their lifetime,
//! invitations that ran out. Each kind in transactions of its own, counted where it is removed.

use sqlx::SqliteConnection;

use super::key_packages;
use crate::config::Retention;
use crate::database::SqliteFile;
use crate::refusal::Answer;
use crate::tally::{self, Count, Kind, Run};

const DAY_S: u64 = 24 * 60 * 60;
/// Rows that are read at once to learn their ends.
const STEP: i64 = 500;

/// One rule: what goes of a table if its time is before a moment.
struct Rule {
    kind: Kind,
    /// Bytes and time of what goes, and the condition with one parameter.
    table: &'static str,
    bytes: &'static str,
    time: &'static str,
    condition: &'static str,
    before: u64,
}

/// Removes what is past its time.
pub(super) async fn sweep(db: &SqliteFile, days: &Retention, run: Run) -> Answer<()> {
    learn_ends(db).await?;
    let ago = |days: u32| run.now_s().saturating_sub(u64::from(days) * DAY_S);
    for rule in [
        Rule {
            kind: Kind::Envelope,
            table: "inbox",
            bytes: "length(envelope)",
            time: "received_at",
            condition: "received_at < ?",
            before: ago(days.envelope_days),
        },
        Rule {
            kind: Kind::KeyPackage,
            table: "key_packages",
            bytes: "length(bytes)",
            time: "not_after",
            condition: "not_after < ? AND not_after > 0",
            before: run.now_s(),
        },
        // Used or not: until then people are told what became of theirs.
        Rule {
            kind: Kind::Invitation,
            table: "invitations",
            bytes: "0",
            time: "expires_at",
            condition: "expires_at < ?",
            before: ago(days.invitation_days),
        },
    ] {
        apply(db, &rule, run).await?;
    }
    last_resorts(db, run).await?;
    let mut write = db.write().await?;
    tally::forget(&mut write, run).await?;
    sqlx::query("DELETE FROM retention_runs WHERE started < ?")
        .bind(signed(run.started_ms.saturating_sub(tally::KEPT_MS)))
        .execute(&mut *write)
        .await?;
    write.commit().await?;
    db.truncate_log().await?;
    Ok(())
}

async fn apply(db: &SqliteFile, rule: &Rule, run: Run) -> Answer<()> {
    let mut write = db.write().await?;
    let Rule {
        table,
        bytes,
        time,
        condition,
        ..
    } = rule;
    let count = format!(
        "SELECT count(*), coalesce(sum({bytes}), 0), coalesce(min({time}), 0), \
         coalesce(max({time}), 0) FROM {table} WHERE {condition}"
    );
    let row = sqlx::query(&count)
        .bind(signed(rule.before))
        .fetch_one(&mut *write)
        .await?;
    let count = Count::from_row(&row, 0)?;
    if count.removed == 0 {
        return Ok(());
    }
    let delete = format!("DELETE FROM {table} WHERE {condition}");
    sqlx::query(&delete)
        .bind(signed(rule.before))
        .execute(&mut *write)
        .await?;
    tally::record(&mut write, run, rule.kind, count).await?;
    write.commit().await?;
    Ok(())
}

/// Last resorts stand in a row that stays.
async fn last_resorts(db: &SqliteFile, run: Run) -> Answer<()> {
    const EXPIRED: &str = "last_resort <> x'' AND last_resort_not_after > 0 AND \
                           last_resort_not_after < ?";
    let mut write = db.write().await?;
    let row = sqlx::query(&format!(
        "SELECT count(*), coalesce(sum(length(last_resort)), 0), \
         coalesce(min(last_resort_not_after), 0), coalesce(max(last_resort_not_after), 0) \
         FROM key_package_state WHERE {EXPIRED}"
    ))
    .bind(signed(run.now_s()))
    .fetch_one(&mut *write)
    .await?;
    let count = Count::from_row(&row, 0)?;
    sqlx::query(&format!(
        "UPDATE key_package_state SET last_resort = x'', last_resort_used = 0, \
         last_resort_not_after = 0 WHERE {EXPIRED}"
    ))
    .bind(signed(run.now_s()))
    .execute(&mut *write)
    .await?;
    tally::record(&mut write, run, Kind::KeyPackage, count).await?;
    write.commit().await?;
    Ok(())
}

/// Reads the lifetimes of key packages that were stored before they were noted.
async fn learn_ends(db: &SqliteFile) -> Answer<()> {
    for (select, update) in [
        (
            "SELECT id, bytes FROM key_packages WHERE not_after = 0 LIMIT ?",
            "UPDATE key_packages SET not_after = ? WHERE id = ?",
        ),
        (
            "SELECT rowid, last_resort FROM key_package_state \
             WHERE last_resort <> x'' AND last_resort_not_after = 0 LIMIT ?",
            "UPDATE key_package_state SET last_resort_not_after = ? WHERE rowid = ?",
        ),
    ] {
        loop {
            let mut write = db.write().await?;
            let more = learn_some(&mut write, select, update).await?;
            write.commit().await?;
            if !more {
                break;
            }
        }
    }
    Ok(())
}

/// Whether there may be more.
async fn learn_some(db: &mut SqliteConnection, select: &str, update: &str) -> Answer<bool> {
    let rows: Vec<(i64, Vec<u8>)> = sqlx::query_as(select)
        .bind(STEP)
        .fetch_all(&mut *db)
        .await?;
    for (id, bytes) in &rows {
        // What cannot be read has no lifetime, and goes.
        let end = key_packages::end(bytes).unwrap_or(1);
        sqlx::query(update)
            .bind(end)
            .bind(id)
            .execute(&mut *db)
            .await?;
    }
    Ok(!rows.is_empty())
}

/// Notes that a run begins.
pub(super) async fn begin(db: &SqliteFile, run: Run) -> Answer<()> {
    let mut write = db.write().await?;
    sqlx::query("INSERT INTO retention_runs (started, ended, failed) VALUES (?, 0, 0)")
        .bind(signed(run.started_ms))
        .execute(&mut *write)
        .await?;
    write.commit().await?;
    Ok(())
}

/// Notes that a run ended.
pub(super) async fn end(
    db: &mut SqliteConnection,
    run: Run,
    ended_ms: u64,
    failed: usize,
) -> Answer<()> {
    sqlx::query("UPDATE retention_runs SET ended = ?, failed = ? WHERE started = ?")
        .bind(signed(ended_ms))
        .bind(signed(failed as u64))
        .bind(signed(run.started_ms))
        .execute(db)
        .await?;
    Ok(())
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
