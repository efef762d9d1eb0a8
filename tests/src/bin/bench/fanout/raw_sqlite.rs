//! What the disk and SQLite give if nothing else is done: one loop that appends the same bytes in
//! transactions of the same size, with the relay's pragmas, on the relay's core.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, Executor as _, Row as _, SqliteConnection};

use crate::Result;
use crate::cores::Cores;

/// The relay's own tables and indexes.
const RELAY: &str = include_str!("../../../../../server/src/group/schema.sql");
const BARE: &str = "CREATE TABLE entries \
    (id INTEGER NOT NULL PRIMARY KEY, entry_id BLOB NOT NULL, payload BLOB NOT NULL) STRICT";

/// What is appended to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The relay's table of entries with its indexes, so many groups in turn.
    Relay { groups: usize },
    /// A table that keeps entries in their order and finds none again.
    Bare,
}

/// A file with one table.
pub(super) struct Table {
    path: PathBuf,
    kind: Kind,
    bytes: usize,
}

impl Table {
    /// Entries will have so many bytes.
    pub(super) fn at(path: PathBuf, kind: Kind, bytes: usize) -> Self {
        Self { path, kind, bytes }
    }

    /// Appends in transactions of `batch` entries; gives entries a second.
    pub(super) fn append_for(
        &mut self,
        cores: &Cores,
        length: Duration,
        batch: usize,
    ) -> Result<f64> {
        let (path, kind, bytes) = (self.path.clone(), self.kind, self.bytes);
        // Threads run where the thread that starts them does, and so will SQLite's.
        let loop_ = cores
            .as_relay(|| std::thread::spawn(move || append(path, kind, bytes, length, batch)))?;
        loop_.join().map_err(|_| "the raw loop failed")?
    }
}

fn append(path: PathBuf, kind: Kind, bytes: usize, length: Duration, batch: usize) -> Result<f64> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    runtime.block_on(async {
        let mut db = open(path, kind).await?;
        let rate = append_batches(&mut db, kind, bytes, length, batch).await?;
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)").await?;
        db.close().await?;
        Ok(rate)
    })
}

async fn open(path: PathBuf, kind: Kind) -> Result<SqliteConnection> {
    let new = !path.exists();
    let mut db = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(false)
        .pragma("secure_delete", "ON")
        .pragma("temp_store", "MEMORY")
        .statement_cache_capacity(128)
        .disable_statement_logging()
        .connect()
        .await?;
    db.execute("PRAGMA wal_autocheckpoint = 0").await?;
    db.execute("PRAGMA cache_size = -32768").await?;
    if new {
        let schema = match kind {
            Kind::Relay { .. } => RELAY,
            Kind::Bare => BARE,
        };
        db.execute(schema).await?;
    }
    Ok(db)
}

/// One prepared statement a transaction: what sqlx adds to a statement is not to count.
async fn append_batches(
    db: &mut SqliteConnection,
    kind: Kind,
    bytes: usize,
    length: Duration,
    batch: usize,
) -> Result<f64> {
    let (columns, row) = match kind {
        Kind::Relay { .. } => (
            "entry_id, payload, lane_id, seq, log_id, kind, received_at, next",
            "(?, ?, ?, ?, ?, 2, 1764000000000, x'')",
        ),
        Kind::Bare => ("entry_id, payload", "(?, ?)"),
    };
    let rows = vec![row; batch].join(", ");
    let insert = format!("INSERT OR FAIL INTO entries ({columns}) VALUES {rows}");
    let payload = vec![0x5a_u8; bytes];
    let count = "SELECT count(*) FROM entries";
    let first: i64 = db.fetch_one(count).await?.try_get(0)?;
    let start = Instant::now();
    let mut at = first;
    while start.elapsed() < length {
        db.execute("BEGIN IMMEDIATE").await?;
        let mut query = sqlx::query(&insert);
        for _ in 0..batch {
            let id: [u8; 16] = rand::random();
            query = query.bind(id.to_vec()).bind(&payload);
            if let Kind::Relay { groups } = kind {
                let groups = i64::try_from(groups)?;
                let (group, seq) = (at % groups, at / groups);
                query = query.bind(group).bind(seq).bind(group);
            }
            at += 1;
        }
        query.execute(&mut *db).await?;
        db.execute("COMMIT").await?;
    }
    Ok((at - first) as f64 / start.elapsed().as_secs_f64())
}
