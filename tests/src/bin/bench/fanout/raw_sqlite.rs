//! What the disk and SQLite give if nothing else is done: one loop that appends the same bytes in
//! transactions of the same size, with the relay's pragmas, on the relay's core.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, Executor as _, SqliteConnection};

use crate::Result;
use crate::cores::Cores;

/// A file with one table.
pub(super) struct Table {
    path: PathBuf,
    bytes: usize,
}

impl Table {
    /// Entries will have so many bytes.
    pub(super) fn at(path: PathBuf, bytes: usize) -> Self {
        Self { path, bytes }
    }

    /// Appends in transactions of `batch` entries; gives entries a second.
    pub(super) fn append_for(
        &mut self,
        cores: &Cores,
        length: Duration,
        batch: usize,
    ) -> Result<f64> {
        let (path, bytes) = (self.path.clone(), self.bytes);
        // Threads run where the thread that starts them does, and so will SQLite's.
        let loop_ =
            cores.as_relay(|| std::thread::spawn(move || append(path, bytes, length, batch)))?;
        loop_.join().map_err(|_| "the raw loop failed")?
    }
}

fn append(path: PathBuf, bytes: usize, length: Duration, batch: usize) -> Result<f64> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    runtime.block_on(async {
        let mut db = open(path).await?;
        let rate = append_batches(&mut db, bytes, length, batch).await?;
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)").await?;
        db.close().await?;
        Ok(rate)
    })
}

async fn open(path: PathBuf) -> Result<SqliteConnection> {
    let mut db = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .pragma("secure_delete", "ON")
        .statement_cache_capacity(128)
        .disable_statement_logging()
        .connect()
        .await?;
    db.execute("PRAGMA wal_autocheckpoint = 0").await?;
    db.execute(
        "CREATE TABLE IF NOT EXISTS entries \
         (place INTEGER NOT NULL PRIMARY KEY, entry_id BLOB NOT NULL, payload BLOB NOT NULL) STRICT",
    )
    .await?;
    Ok(db)
}

/// One prepared statement a transaction: what sqlx adds to a statement is not to count.
async fn append_batches(
    db: &mut SqliteConnection,
    bytes: usize,
    length: Duration,
    batch: usize,
) -> Result<f64> {
    let rows = vec!["(?, ?)"; batch].join(", ");
    let insert = format!("INSERT INTO entries (entry_id, payload) VALUES {rows}");
    let payload = vec![0x5a_u8; bytes];
    let start = Instant::now();
    let mut appended = 0_u32;
    while start.elapsed() < length {
        db.execute("BEGIN IMMEDIATE").await?;
        let mut query = sqlx::query(&insert);
        for _ in 0..batch {
            let id: [u8; 16] = rand::random();
            query = query.bind(id.to_vec()).bind(&payload);
        }
        query.execute(&mut *db).await?;
        db.execute("COMMIT").await?;
        appended += u32::try_from(batch)?;
    }
    Ok(f64::from(appended) / start.elapsed().as_secs_f64())
}
