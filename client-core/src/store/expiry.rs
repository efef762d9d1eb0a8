//! Messages that disappear.

use sqlx::SqliteConnection;

use super::{Line, forget, from_db, read_line, remove_message, to_db};
use crate::error::Result;

/// Messages that go in one transaction.
const STEP: u32 = 200;

/// When the next message disappears, milliseconds since the Unix epoch.
pub(crate) async fn next_expiry(conn: &mut SqliteConnection) -> Result<Option<u64>> {
    let next: Option<i64> =
        sqlx::query_scalar("SELECT min(expires_at) FROM message WHERE expires_at > 0")
            .fetch_one(conn)
            .await?;
    Ok(next.map(from_db))
}

/// Removes messages whose time is over, at most 200; answers what they were.
pub(crate) async fn expire(conn: &mut SqliteConnection, now_ms: u64) -> Result<Vec<Line>> {
    let rows = sqlx::query(
        "SELECT * FROM message WHERE expires_at > 0 AND expires_at <= ? ORDER BY expires_at LIMIT ?",
    )
    .bind(to_db(now_ms))
    .bind(STEP)
    .fetch_all(&mut *conn)
    .await?;
    let lines = rows.iter().map(read_line).collect::<Result<Vec<_>>>()?;
    for line in &lines {
        if let Some(id) = &line.message_id {
            forget(conn, &line.conversation, id).await?;
        }
        remove_message(conn, line.row).await?;
    }
    Ok(lines)
}
