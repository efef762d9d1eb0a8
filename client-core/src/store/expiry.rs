//! Messages that disappear.

use sqlx::SqliteConnection;

use super::{
    Removed, from_db,
    retention::{STEP, recount_unread, remove_lines},
    to_db,
};
use crate::error::Result;

/// When the next message disappears that no legal hold keeps, milliseconds since the Unix epoch.
pub(crate) async fn next_expiry(conn: &mut SqliteConnection) -> Result<Option<u64>> {
    let next: Option<i64> = sqlx::query_scalar(
        "SELECT min(expires_at) FROM message WHERE expires_at > 0
                 AND conversation NOT IN (SELECT conversation FROM held)",
    )
    .fetch_one(conn)
    .await?;
    Ok(next.map(from_db))
}

/// Removes messages whose time is over and that no legal hold keeps, at most 200; answers what they
/// were.
pub(crate) async fn expire(conn: &mut SqliteConnection, now_ms: u64) -> Result<Removed> {
    let rows = sqlx::query(
        "SELECT * FROM message WHERE expires_at > 0 AND expires_at <= ?
             AND conversation NOT IN (SELECT conversation FROM held)
         ORDER BY expires_at LIMIT ?",
    )
    .bind(to_db(now_ms))
    .bind(STEP)
    .fetch_all(&mut *conn)
    .await?;
    let removed = remove_lines(conn, &rows).await?;
    for line in &removed.gone {
        recount_unread(conn, &line.conversation, std::slice::from_ref(line)).await?;
    }
    Ok(removed)
}
