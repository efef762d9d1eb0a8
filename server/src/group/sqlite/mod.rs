//! Logs in SQLite: one writer that shares each fsync among all who wait, and readers beside it.

mod batch;
mod check;
mod checkpoint;
mod prune;
mod read;
mod rows;
mod script;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use sealwire_protocol::ids::Incarnation;
use sealwire_protocol::problem::Code;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{ConnectOptions, Connection, Executor, Row, SqliteConnection};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub(crate) use self::check::check;
use self::writer::{Job, Weight, Writer};
use super::store::{AppendDone, Committed, LaneKey, LogStore, NewEntry, NewLog, Page, PageLimit};
use crate::database::migrate;
use crate::rate::Rate;
use crate::refusal::{Answer, Refusal};
use crate::tally::{self, Count, Kind, Run};

/// The tables of the group plane.
const MIGRATIONS: &[&str] = &[include_str!("../schema.sql"), tally::TABLE];
/// Appends that may wait for the writer.
const QUEUE: usize = 16 * 1024;
/// Payload bytes that may wait for the writer.
const QUEUE_BYTES: usize = 128 << 20;
const READERS: u32 = 3;

/// What an operator decides.
#[derive(Clone, Copy)]
pub(crate) struct Options {
    /// Commits of one log.
    pub(crate) commit_rate: Rate,
    /// Most days that messages are kept, whatever their group asked.
    pub(crate) message_days: u32,
    /// Most MiB of the database file; 0 for no bound.
    pub(crate) most_mib: u64,
}

/// Logs in one SQLite file.
pub(crate) struct SqliteLogs {
    jobs: Mutex<Option<mpsc::Sender<Job>>>,
    readers: SqlitePool,
    incarnation: Incarnation,
    path: PathBuf,
    message_days: u32,
    waiting: Arc<AtomicUsize>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl SqliteLogs {
    /// Opens the file, making it if it is not there, and starts its writer.
    pub(crate) async fn open(
        path: &Path,
        options: Options,
        listener: Arc<dyn Committed>,
    ) -> Result<Self, sqlx::Error> {
        let mut db = connect(path, options.most_mib).await?;
        let incarnation = prepare(&mut db).await?;
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .acquire_timeout(Duration::from_secs(10))
            .connect_with(connection(path).read_only(true))
            .await?;
        let (jobs, queue) = mpsc::channel(QUEUE);
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let (announce, announced) = mpsc::unbounded_channel();
        let writer = Writer::open(db, incarnation, options.commit_rate, announce).await?;
        tasks.spawn(writer.run(queue));
        tasks.spawn(writer::announce(announced, listener));
        tasks.spawn(checkpoint::run(PathBuf::from(path), stop.clone()));
        Ok(Self {
            jobs: Mutex::new(Some(jobs)),
            readers,
            incarnation,
            path: path.into(),
            message_days: options.message_days,
            waiting: Arc::default(),
            tasks,
            stop,
        })
    }

    fn jobs(&self) -> Option<mpsc::Sender<Job>> {
        self.jobs
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn submit(&self, job: Job) {
        let refused = match self.jobs() {
            None => job,
            Some(jobs) => match jobs.try_send(job) {
                Ok(()) => return,
                Err(error) => error.into_inner(),
            },
        };
        refused.refuse(unavailable());
    }

    fn ask<T: Send + 'static>(
        &self,
        job: impl FnOnce(oneshot::Sender<Answer<T>>) -> Job,
    ) -> BoxFuture<'static, Answer<T>> {
        let (done, answer) = oneshot::channel();
        self.submit(job(done));
        Box::pin(async move { answer.await.unwrap_or_else(|_| Err(unavailable())) })
    }
}

impl LogStore for SqliteLogs {
    fn create(&self, log: NewLog) -> BoxFuture<'static, Answer<Incarnation>> {
        self.ask(|done| Job::Create(log, done))
    }

    fn append(&self, entry: NewEntry, done: AppendDone) {
        let bytes = entry.payload.len();
        match Weight::take(&self.waiting, bytes, QUEUE_BYTES) {
            Some(weight) => self.submit(Job::Append(entry, weight, done)),
            None => done(Err(unavailable())),
        }
    }

    fn read(&self, key: LaneKey, after: u64, limit: PageLimit) -> BoxFuture<'static, Answer<Page>> {
        let (readers, incarnation) = (self.readers.clone(), self.incarnation);
        Box::pin(async move { read::page(&readers, incarnation, key, after, limit).await })
    }

    fn sweep(&self, run: Run) -> BoxFuture<'static, Answer<()>> {
        let (readers, path, jobs) = (self.readers.clone(), self.path.clone(), self.jobs());
        let days = self.message_days;
        Box::pin(async move {
            let jobs = jobs.ok_or_else(unavailable)?;
            let steps = prune::find(&readers, run, days).await?;
            let any = !steps.is_empty();
            for step in steps {
                let (done, answer) = oneshot::channel();
                if jobs.send(Job::Prune(step, done)).await.is_err() {
                    return Err(unavailable());
                }
                answer.await.unwrap_or_else(|_| Err(unavailable()))?;
            }
            if any {
                prune::forget(&path).await?;
            }
            Ok(())
        })
    }

    fn removed(&self, run: Run) -> BoxFuture<'static, Answer<Vec<(Kind, Count)>>> {
        let readers = self.readers.clone();
        Box::pin(async move { Ok(tally::of_run(&readers, run).await?) })
    }

    fn check(&self) -> BoxFuture<'static, Answer<()>> {
        let readers = self.readers.clone();
        let writing = self.jobs().is_some_and(|jobs| !jobs.is_closed());
        Box::pin(async move {
            if !writing {
                return Err(unavailable());
            }
            readers.execute("SELECT 1").await?;
            Ok(())
        })
    }

    fn close(&self) -> BoxFuture<'static, ()> {
        self.jobs
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        self.stop.cancel();
        self.tasks.close();
        let (tasks, readers) = (self.tasks.clone(), self.readers.clone());
        Box::pin(async move {
            tasks.wait().await;
            readers.close().await;
        })
    }
}

/// Gives every log of the file a new incarnation, after a restore.
pub(crate) async fn renew_incarnation(path: &Path) -> Result<Incarnation, sqlx::Error> {
    let mut db = connect(path, 0).await?;
    prepare(&mut db).await?;
    let fresh = Incarnation::random(&mut rand::rng());
    sqlx::query("UPDATE relay SET incarnation = ? WHERE id = 1")
        .bind(fresh.as_bytes().as_slice())
        .execute(&mut db)
        .await?;
    db.close().await?;
    Ok(fresh)
}

fn unavailable() -> Refusal {
    Refusal::new(
        Code::Unavailable,
        "The relay is shutting down or overloaded; nothing was stored. Try again in a moment.",
    )
}

fn connection(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(Duration::from_secs(10))
        // The one writer takes every reference from rows it has just read.
        .foreign_keys(false)
        .pragma("secure_delete", "ON")
        // Otherwise every statement of many rows copies pages to a file, to undo it by itself.
        .pragma("temp_store", "MEMORY")
        .statement_cache_capacity(256)
        .disable_statement_logging()
}

async fn connect(path: &Path, most_mib: u64) -> Result<SqliteConnection, sqlx::Error> {
    let mut db = connection(path).create_if_missing(true).connect().await?;
    // Checkpoints run on a connection of their own, so that no append waits for one.
    db.execute("PRAGMA wal_autocheckpoint = 0").await?;
    // 32 MiB: the newest pages of the indexes are needed again and again.
    db.execute("PRAGMA cache_size = -32768").await?;
    if most_mib > 0 {
        let page: i64 = db.fetch_one("PRAGMA page_size").await?.try_get(0)?;
        let bytes = i64::try_from(most_mib)
            .unwrap_or(i64::MAX)
            .saturating_mul(1 << 20);
        let pages = bytes / page.max(1);
        db.execute(format!("PRAGMA max_page_count = {pages}").as_str())
            .await?;
    }
    Ok(db)
}

async fn prepare(db: &mut SqliteConnection) -> Result<Incarnation, sqlx::Error> {
    migrate(db, "groups.db", MIGRATIONS).await?;
    sqlx::query("INSERT OR IGNORE INTO relay (id, incarnation) VALUES (1, ?)")
        .bind(Incarnation::random(&mut rand::rng()).as_bytes().as_slice())
        .execute(&mut *db)
        .await?;
    incarnation(db).await
}

/// The incarnation of all logs of the file.
pub(crate) async fn incarnation(db: &mut SqliteConnection) -> Result<Incarnation, sqlx::Error> {
    let row = db
        .fetch_one("SELECT incarnation FROM relay WHERE id = 1")
        .await?;
    rows::id(&row, 0, Incarnation::from_slice)
}

#[cfg(test)]
mod tests;
