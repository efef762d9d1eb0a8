//! The relay's files, opened to be read beside whoever writes them.

use std::path::Path;
use std::time::Duration;

use sealwire_audit::predicate::SchemaVersion;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Executor, SqliteConnection};

use super::CensusError;
use crate::account;
use crate::config::Config;
use crate::group::{self, BlobFiles};

const PATIENCE: Duration = Duration::from_secs(10);
/// SQLite's code for a file that it cannot open.
const CANNOT_OPEN: &str = "14";

/// A database that is only read.
pub(super) struct Database {
    /// Its file's name.
    pub(super) file: &'static str,
    pub(super) db: SqliteConnection,
}

/// All that the relay stores.
pub(super) struct Files {
    pub(super) account: Database,
    pub(super) groups: Database,
    pub(super) blobs: Database,
    pub(super) bytes: BlobFiles,
}

impl Files {
    pub(super) async fn open(data: &Path, config: &Config) -> Result<Self, CensusError> {
        Ok(Self {
            account: Database::open(data, account::DATABASE).await?,
            groups: Database::open(data, group::DATABASE).await?,
            blobs: Database::open(data, group::BLOBS_DATABASE).await?,
            bytes: BlobFiles::open(data, config)?,
        })
    }
}

impl Database {
    pub(super) async fn open(data: &Path, file: &'static str) -> Result<Self, CensusError> {
        let path = data.join(file);
        let unreadable = |error| CensusError::Database(file, error);
        let options = SqliteConnectOptions::new()
            .filename(&path)
            .read_only(true)
            .busy_timeout(PATIENCE)
            .disable_statement_logging();
        let db = match connect(&options).await {
            // Of a relay that was stopped there is no `-shm`, and where nobody may write none can be
            // made. Without a `-wal` nothing is missing in the file, and nobody writes to it.
            Err(sqlx::Error::Database(error))
                if error.code().as_deref() == Some(CANNOT_OPEN) && !has_log(&path) =>
            {
                connect(&options.immutable(true)).await
            }
            other => other,
        };
        let db = db.map_err(unreadable)?;
        Ok(Self { file, db })
    }

    /// The name that its tables have before theirs.
    pub(super) fn name(&self) -> &'static str {
        self.file.strip_suffix(".db").unwrap_or(self.file)
    }

    /// Number of its newest migration.
    pub(super) async fn schema_version(&mut self) -> Result<SchemaVersion, sqlx::Error> {
        let version: i64 = sqlx::query_scalar("PRAGMA user_version")
            .fetch_one(&mut self.db)
            .await?;
        Ok(SchemaVersion {
            database: self.file.to_owned(),
            version: u64::try_from(version).unwrap_or(0),
        })
    }
}

async fn connect(options: &SqliteConnectOptions) -> Result<SqliteConnection, sqlx::Error> {
    let mut db = options.connect().await?;
    // Only the first reading opens the write-ahead log.
    db.execute("SELECT count(*) FROM sqlite_schema").await?;
    Ok(db)
}

fn has_log(path: &Path) -> bool {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    std::fs::metadata(log).is_ok_and(|log| log.len() > 0)
}
