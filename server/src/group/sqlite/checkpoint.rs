//! Moves the write-ahead log into the database file, beside the writer.

use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::{ConnectOptions, Executor, SqliteConnection};
use tokio_util::sync::CancellationToken;

const EVERY: Duration = Duration::from_millis(500);
/// From here on pages are moved, without making anybody wait.
const SOON: u64 = 4 << 20;
/// From here on the writer waits until the log is empty, so that it cannot grow for ever.
const NOW: u64 = 256 << 20;

/// Runs until stopped.
pub(super) async fn run(path: PathBuf, stop: CancellationToken) {
    let mut log = path.clone().into_os_string();
    log.push("-wal");
    let mut db: Option<SqliteConnection> = None;
    while stop
        .run_until_cancelled(tokio::time::sleep(EVERY))
        .await
        .is_some()
    {
        let bytes = tokio::fs::metadata(&log).await.map_or(0, |file| file.len());
        let statement = match bytes {
            NOW.. => "PRAGMA wal_checkpoint(RESTART)",
            SOON.. => "PRAGMA wal_checkpoint(PASSIVE)",
            _ => continue,
        };
        if let Err(error) = checkpoint(&mut db, &path, statement).await {
            tracing::warn!(kind = ?error.as_database_error().and_then(|e| e.code()), "checkpoint failed");
            db = None;
        }
    }
}

async fn checkpoint(
    db: &mut Option<SqliteConnection>,
    path: &Path,
    statement: &str,
) -> Result<(), sqlx::Error> {
    if db.is_none() {
        *db = Some(super::connection(path).connect().await?);
    }
    if let Some(db) = db {
        db.execute(statement).await?;
    }
    Ok(())
}
