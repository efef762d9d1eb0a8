//! account.db: one connection that writes, a few that read.

use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{ConnectOptions, Executor, Row, Sqlite, SqliteConnection, Transaction};

use super::token::KeyError;
use crate::database::{migrate, truncate_log};
use crate::refusal::Answer;
use crate::tally;

/// The tables of the account plane.
const MIGRATIONS: &[&str] = &[
    include_str!("schema/0001_start.sql"),
    include_str!("schema/0002_retention.sql"),
    tally::TABLE,
];
const READERS: u32 = 3;
const PATIENCE: Duration = Duration::from_secs(10);

/// Why the account plane cannot start.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    #[error("cannot open account.db: {0}")]
    Database(#[from] sqlx::Error),
    #[error(
        "this data directory belongs to the organisation {0:?}; set `organisation` back, or pass \
         another --data"
    )]
    OtherOrganisation(String),
    #[error(transparent)]
    TokenKey(#[from] KeyError),
}

/// A handle on the database.
#[derive(Clone)]
pub(super) struct Database {
    writer: SqlitePool,
    pub(super) readers: SqlitePool,
}

impl Database {
    /// Opens the file, making it for `organisation` if it is not there.
    pub(super) async fn open(path: &Path, organisation: &str) -> Result<Self, OpenError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(PATIENCE)
            .pragma("secure_delete", "ON")
            .disable_statement_logging();
        let mut db = options.clone().create_if_missing(true).connect().await?;
        prepare(&mut db, organisation).await?;
        drop(db);
        let pool = |most| {
            SqlitePoolOptions::new()
                .max_connections(most)
                .acquire_timeout(PATIENCE)
        };
        Ok(Self {
            writer: pool(1).connect_with(options.clone()).await?,
            readers: pool(READERS).connect_with(options.read_only(true)).await?,
        })
    }

    /// Begins a transaction that may write; there is one at a time.
    pub(super) async fn write(&self) -> Result<Transaction<'static, Sqlite>, sqlx::Error> {
        let writer = self.writer.clone();
        // In a task, since a request whose caller goes away is dropped: dropped while it begins
        // (sqlx 0.8.6), the transaction would stay open, and nothing could be written any more.
        tokio::spawn(async move { writer.begin_with("BEGIN IMMEDIATE").await })
            .await
            .map_err(|_| sqlx::Error::WorkerCrashed)?
    }

    /// Empties the write-ahead log, which still holds what was deleted.
    pub(super) async fn truncate_log(&self) -> Result<(), sqlx::Error> {
        let mut db = self.writer.acquire().await?;
        truncate_log(&mut db).await
    }

    /// Whether it can serve.
    pub(super) async fn check(&self) -> Answer<()> {
        self.readers.execute("SELECT 1").await?;
        Ok(())
    }

    /// Closes all connections.
    pub(super) async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

async fn prepare(db: &mut SqliteConnection, organisation: &str) -> Result<(), OpenError> {
    migrate(db, "account.db", MIGRATIONS).await?;
    sqlx::query("INSERT OR IGNORE INTO organisation (id, name, key) VALUES (1, ?, x'')")
        .bind(organisation)
        .execute(&mut *db)
        .await?;
    let row = db
        .fetch_one("SELECT o.name, EXISTS (SELECT 1 FROM accounts) FROM organisation o")
        .await?;
    let (name, enrolled): (String, bool) = (row.try_get(0)?, row.try_get(1)?);
    if name == organisation {
        return Ok(());
    }
    if enrolled {
        return Err(OpenError::OtherOrganisation(name));
    }
    sqlx::query("UPDATE organisation SET name = ?")
        .bind(organisation)
        .execute(db)
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use futures_util::poll;
    use tokio::time::sleep;

    use super::*;

    #[tokio::test]
    async fn callers_who_go_away_while_a_transaction_begins_hold_up_nobody() {
        let dir = tempfile::tempdir().expect("a directory");
        let db = Database::open(&dir.path().join("account.db"), "acme").await;
        let db = db.expect("a database");
        for polls in 1..8 {
            {
                let mut begin = pin!(db.write());
                for _ in 0..polls {
                    if poll!(begin.as_mut()).is_ready() {
                        break;
                    }
                    sleep(Duration::from_millis(3)).await;
                }
            }
            let next = db.write().await;
            next.expect("a transaction").commit().await.expect("done");
        }
    }
}
