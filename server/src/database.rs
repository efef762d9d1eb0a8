//! What the relay's SQLite files have in common.

use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{ConnectOptions, Connection, Executor, Row, Sqlite, SqliteConnection, Transaction};

mod inspect;

pub(crate) use self::inspect::{
    alone, check_form, check_rows, copy, count_rows, read_only, version,
};

const READERS: u32 = 3;
const PATIENCE: Duration = Duration::from_secs(10);

/// An open file: one connection that writes, a few that read.
#[derive(Clone)]
pub(crate) struct SqliteFile {
    writer: SqlitePool,
    pub(crate) readers: SqlitePool,
}

impl SqliteFile {
    /// Opens the file, making it if it is not there.
    pub(crate) async fn open(
        path: &Path,
        migrations: &[&'static str],
    ) -> Result<Self, sqlx::Error> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(PATIENCE)
            .pragma("secure_delete", "ON")
            .disable_statement_logging();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let mut db = options.clone().create_if_missing(true).connect().await?;
        migrate(&mut db, &name, migrations).await?;
        // Dropped, it would close at some later time, and remove files that others may be moving.
        db.close().await?;
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
    ///
    /// In a task, since a request whose caller goes away is dropped: dropped while it begins (sqlx
    /// 0.8.6), the transaction would stay open, and nothing could be written any more.
    pub(crate) async fn write(&self) -> Result<Transaction<'static, Sqlite>, sqlx::Error> {
        let writer = self.writer.clone();
        tokio::spawn(async move { writer.begin_with("BEGIN IMMEDIATE").await })
            .await
            .map_err(|_| sqlx::Error::WorkerCrashed)?
    }

    /// Empties the write-ahead log, which still holds what was deleted. Without effect while
    /// somebody reads an older state for longer than the connection's patience.
    pub(crate) async fn truncate_log(&self) -> Result<(), sqlx::Error> {
        let mut db = self.writer.acquire().await?;
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)").await?;
        Ok(())
    }

    /// Whether it can be read.
    pub(crate) async fn check(&self) -> Result<(), sqlx::Error> {
        self.readers.execute("SELECT 1").await.map(drop)
    }

    /// Closes all connections.
    pub(crate) async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

/// Brings a file to the present version: each of `migrations` that it lacks, in one transaction
/// each. `file` is its name, for people.
pub(crate) async fn migrate(
    db: &mut SqliteConnection,
    file: &str,
    migrations: &[&'static str],
) -> Result<(), sqlx::Error> {
    let version: i64 = db.fetch_one("PRAGMA user_version").await?.try_get(0)?;
    let done = usize::try_from(version)
        .ok()
        .filter(|done| *done <= migrations.len())
        .ok_or_else(|| {
            let text = format!("{file} was written by a newer relay (schema {version})");
            sqlx::Error::Configuration(text.into())
        })?;
    for (index, migration) in migrations.iter().enumerate().skip(done) {
        let mut step = db.begin_with("BEGIN IMMEDIATE").await?;
        step.execute(*migration).await?;
        step.execute(format!("PRAGMA user_version = {}", index + 1).as_str())
            .await?;
        step.commit().await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use futures_util::poll;
    use tokio::time::sleep;

    use super::*;

    #[tokio::test]
    async fn a_file_gets_what_it_lacks_and_a_newer_one_is_refused() {
        let mut db = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        const FIRST: &str = "CREATE TABLE a (x INTEGER NOT NULL) STRICT; INSERT INTO a VALUES (1)";
        const SECOND: &str = "ALTER TABLE a ADD COLUMN y INTEGER NOT NULL DEFAULT 7";
        migrate(&mut db, "a.db", &[FIRST]).await.unwrap();
        migrate(&mut db, "a.db", &[FIRST, SECOND]).await.unwrap();
        migrate(&mut db, "a.db", &[FIRST, SECOND]).await.unwrap();
        let row = db.fetch_one("SELECT sum(x), sum(y) FROM a").await.unwrap();
        assert_eq!((row.get::<i64, _>(0), row.get::<i64, _>(1)), (1, 7));
        let error = migrate(&mut db, "a.db", &[FIRST]).await.unwrap_err();
        assert!(error.to_string().contains("newer"), "{error}");
    }

    #[tokio::test]
    async fn callers_who_go_away_while_a_transaction_begins_hold_up_nobody() {
        let dir = tempfile::tempdir().expect("a directory");
        let file = SqliteFile::open(&dir.path().join("a.db"), &[]).await;
        let file = file.expect("a database");
        for polls in 1..8 {
            {
                let mut begin = pin!(file.write());
                for _ in 0..polls {
                    if poll!(begin.as_mut()).is_ready() {
                        break;
                    }
                    sleep(Duration::from_millis(3)).await;
                }
            }
            let next = file.write().await;
            next.expect("a transaction").commit().await.expect("done");
        }
    }
}
