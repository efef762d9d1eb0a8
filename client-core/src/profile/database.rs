//! The profile's database: SQLite encrypted by SQLCipher, one writer, a few readers.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sealwire_crypto::SecretBytes;
use sqlx::pool::PoolOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqlitePool};
use sqlx::{ConnectOptions, Connection, Executor, Row, Sqlite, Transaction, TransactionManager};
use tokio::sync::{Mutex, MutexGuard};
use zeroize::Zeroizing;

use super::files::{check_private_file, create_private, disk};
use crate::error::{CoreError, ErrorKind, Result};

const PAGE: u64 = 4096;
const READERS: u32 = 4;
const BUSY: Duration = Duration::from_secs(5);
/// After this long without work a reader gives back its cache; a new one takes a millisecond.
const IDLE: Duration = Duration::from_secs(60);
/// How an SQLite file that is not encrypted begins.
const PLAIN: &[u8] = b"SQLite format 3\0";

// `cipher_memory_security`, which wipes every buffer, stays off: it makes reads eight times and
// writes twice as slow (`cost_of_memory_security`). Keys are wiped without it.
const WRITER: &str = "PRAGMA temp_store = MEMORY; PRAGMA journal_mode = WAL; \
     PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; PRAGMA foreign_keys = ON;";
// Searching reads many pages again and again; each one that is not kept is decrypted anew.
const READER: &str = "PRAGMA temp_store = MEMORY; PRAGMA foreign_keys = ON; \
     PRAGMA query_only = ON; PRAGMA cache_size = -16384;";

/// An open database.
pub(crate) struct Database {
    /// The one connection that writes; see [`Database::begin`].
    pub(crate) writer: Mutex<SqliteConnection>,
    /// Connections that read the newest committed state beside the writer.
    pub(crate) readers: SqlitePool,
}

impl Database {
    /// Opens the database at `path`, or makes it if `create` is set (it must not exist then).
    ///
    /// # Errors
    /// Kind `Locked`: codes `no_profile` and `wrong_key`. Kind `Io`: codes `profile_exists` and
    /// `profile_damaged`.
    pub(crate) async fn open(path: &Path, key: &SecretBytes<32>, create: bool) -> Result<Self> {
        if create {
            // SQLite gives its other files the mode of this one.
            create_private(path, b"")?;
        } else {
            look_at(path)?;
        }
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(false)
            .busy_timeout(BUSY)
            .disable_statement_logging();
        // Before SQLCipher does it: otherwise libcrypto frees itself when the process ends, under
        // the threads that still close their connections (openssl issue 6214).
        openssl_sys::init();
        let mut writer = options.connect().await.map_err(opening)?;
        set_key(&mut writer, key).await.map_err(opening)?;
        probe(&mut writer).await.map_err(opening)?;
        writer.execute(WRITER).await.map_err(opening)?;

        let key = SecretBytes::<32>::from_slice(key.expose()).map_err(CoreError::internal)?;
        let key = Arc::new(key);
        let readers = PoolOptions::<Sqlite>::new()
            .max_connections(READERS)
            .test_before_acquire(false)
            .idle_timeout(IDLE)
            .max_lifetime(None)
            .after_connect(move |connection, _| {
                let key = Arc::clone(&key);
                Box::pin(async move {
                    set_key(connection, &key).await?;
                    connection.execute(READER).await.map(drop)
                })
            })
            .connect_lazy_with(options);
        Ok(Self {
            writer: Mutex::new(writer),
            readers,
        })
    }

    /// Starts a transaction that may write. It takes the write lock at once, so that it cannot
    /// fail half-way because somebody else wrote first.
    pub(crate) async fn begin<'c>(
        &self,
        connection: &'c mut MutexGuard<'_, SqliteConnection>,
    ) -> Result<Transaction<'c, Sqlite>> {
        mend(connection).await?;
        Ok(connection.begin_with("BEGIN IMMEDIATE").await?)
    }

    /// Brings the schema up to date: each migration that is not recorded yet runs in a
    /// transaction of its own, in order.
    ///
    /// # Errors
    /// Code `profile_newer` if the database has migrations that this list does not name.
    pub(crate) async fn migrate(&self, migrations: &[(&str, &str)]) -> Result<()> {
        let mut writer = self.writer.lock().await;
        writer
            .execute(
                "CREATE TABLE IF NOT EXISTS schema_migration (
                     name TEXT PRIMARY KEY NOT NULL,
                     applied_at INTEGER NOT NULL
                 ) STRICT",
            )
            .await?;
        let applied: Vec<String> = sqlx::query_scalar("SELECT name FROM schema_migration")
            .fetch_all(&mut *writer)
            .await?;
        let known = |name: &String| migrations.iter().any(|(known, _)| known == name);
        if !applied.iter().all(known) {
            return Err(CoreError::new(
                ErrorKind::Io,
                "profile_newer",
                "the profile was made by a newer version of this program",
                "update this program; nothing was changed",
            ));
        }
        for (name, sql) in migrations {
            if applied.iter().any(|applied| applied == name) {
                continue;
            }
            let mut transaction = self.begin(&mut writer).await?;
            sqlx::raw_sql(sql).execute(&mut *transaction).await?;
            sqlx::query("INSERT INTO schema_migration (name, applied_at) VALUES (?, unixepoch())")
                .bind(*name)
                .execute(&mut *transaction)
                .await?;
            transaction.commit().await?;
        }
        Ok(())
    }

    /// Bytes of the database, without its log.
    pub(crate) async fn size(&self) -> Result<u64> {
        let mut reader = self.readers.acquire().await?;
        let pages: i64 = sqlx::query_scalar("PRAGMA page_count")
            .fetch_one(&mut *reader)
            .await?;
        Ok(u64::try_from(pages).unwrap_or(0) * PAGE)
    }

    /// Writes all pages anew, so that nothing is in them but what the tables hold. Takes as much
    /// memory as the database is large.
    pub(crate) async fn rewrite(&self) -> Result<()> {
        let mut writer = self.writer.lock().await;
        mend(&mut writer).await?;
        writer.execute("VACUUM").await?;
        Ok(())
    }

    /// Folds the write-ahead log into the file and cuts it to nothing. False if a reader is in the
    /// way; it does not wait for one, since the writer is needed for other things.
    pub(crate) async fn truncate_log(&self) -> Result<bool> {
        let mut writer = self.writer.lock().await;
        mend(&mut writer).await?;
        writer.execute("PRAGMA busy_timeout = 0").await?;
        let answer = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)")
            .fetch_one(&mut *writer)
            .await;
        let back = format!("PRAGMA busy_timeout = {}", BUSY.as_millis());
        writer.execute(back.as_str()).await?;
        Ok(answer?.get_unchecked::<i64, _>("busy") == 0)
    }

    /// Ends all connections; the write-ahead log goes into the file.
    pub(crate) async fn close(self) -> Result<()> {
        self.readers.close().await;
        Ok(self.writer.into_inner().close().await?)
    }
}

/// Leaves no transaction open that nobody holds, and brings sqlx back in step with SQLite.
///
/// When the disk is full, SQLite may undo the whole transaction by itself. The rollback that
/// sqlx then sends fails, and it goes on believing in a transaction (0.8.6). And a transaction
/// whose beginning was given up half-way stays open. Nothing could ever be written again.
async fn mend(connection: &mut SqliteConnection) -> Result<()> {
    if !connection.is_in_transaction() {
        return Ok(());
    }
    // The rollback of a dropped transaction waits in a queue; this waits for it.
    connection.ping().await?;
    if !connection.is_in_transaction() {
        return Ok(());
    }
    // So that there is one to roll back; fails if there is one already.
    let _ = connection.execute("BEGIN").await;
    Ok(<Sqlite as sqlx::Database>::TransactionManager::rollback(connection).await?)
}

/// What can be told without the key.
fn look_at(path: &Path) -> Result<()> {
    check_private_file(path).map_err(|error| match error.code {
        "profile_missing" => CoreError::new(
            ErrorKind::Locked,
            "no_profile",
            "there is no profile here",
            "check the path of the profile, or join with an invitation first",
        ),
        _ => error,
    })?;
    let reading = |error: std::io::Error| disk("read", path, &error);
    let length = std::fs::metadata(path).map_err(reading)?.len();
    // After a power cut the write-ahead log may still mend the length.
    if (length == 0 || length % PAGE != 0) && !has_log(path) {
        return Err(damaged("its length is wrong"));
    }
    if length < PLAIN.len() as u64 {
        return Ok(());
    }
    let mut start = [0; PLAIN.len()];
    std::fs::File::open(path)
        .and_then(|mut file| std::io::Read::read_exact(&mut file, &mut start))
        .map_err(reading)?;
    if start == PLAIN {
        return Err(damaged("it is not encrypted"));
    }
    Ok(())
}

/// A write-ahead log with content is there.
fn has_log(path: &Path) -> bool {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    std::fs::metadata(log).is_ok_and(|found| found.len() > 0)
}

/// Gives SQLCipher the key itself: a passphrase would be stretched at every connection. Not one
/// of the connect options, which live as long as the pool and can be printed.
async fn set_key(connection: &mut SqliteConnection, key: &SecretBytes<32>) -> sqlx::Result<()> {
    let mut pragma = Zeroizing::new(String::with_capacity(96));
    pragma.push_str("PRAGMA key = \"x'");
    for byte in key.expose() {
        let _ = write!(pragma, "{byte:02x}");
    }
    pragma.push_str("'\";");
    connection.execute(pragma.as_str()).await.map(drop)
}

/// The first read: a wrong key shows only now.
async fn probe(connection: &mut SqliteConnection) -> sqlx::Result<()> {
    let _: i64 = sqlx::query_scalar("SELECT count(*) FROM sqlite_master")
        .fetch_one(connection)
        .await?;
    Ok(())
}

fn opening(error: sqlx::Error) -> CoreError {
    let code = match &error {
        sqlx::Error::Database(inner) => inner.code().and_then(|code| code.parse::<i32>().ok()),
        _ => None,
    };
    // The low byte is the primary code: SQLITE_NOTADB, SQLITE_CORRUPT.
    match code.map(|code| code & 0xff) {
        Some(26) => CoreError::new(
            ErrorKind::Locked,
            "wrong_key",
            "the profile's database does not open with the profile's key",
            "profile.key belongs to another profile, or the database is damaged: put both back \
             from the same copy, or start a new profile and restore a backup",
        ),
        Some(11) => damaged("parts of it are missing"),
        _ => error.into(),
    }
}

fn damaged(why: &str) -> CoreError {
    CoreError::new(
        ErrorKind::Io,
        "profile_damaged",
        format!("the profile's database is damaged: {why}"),
        "keep the files for a closer look; put back a copy, or start a new profile and restore a \
         backup",
    )
}
