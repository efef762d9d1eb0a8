//! blobs.db: what is known of each blob. A row is made before the first byte is stored and goes
//! after the last is removed, so that a crash leaves no bytes that nobody counts.

use std::path::Path;

use sealwire_protocol::blob::BlobMetadata;
use sealwire_protocol::ids::BlobId;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use crate::database::SqliteFile;
use crate::tally::{self, Count, Kind, Run};

const MIGRATIONS: &[&str] = &[include_str!("schema.sql"), tally::TABLE];

/// How far a blob is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// Bytes are missing.
    Receiving = 0,
    /// All its bytes are in the spool.
    Spooled = 1,
    /// All its bytes are in the store.
    Stored = 2,
}

/// One blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) metadata: BlobMetadata,
    pub(super) length: u64,
    pub(super) received: u64,
    pub(super) state: State,
    pub(super) created_s: u64,
    pub(super) touched_s: u64,
    pub(super) expires_s: u64,
}

impl Row {
    pub(super) fn id(&self) -> BlobId {
        self.metadata.blob
    }
}

pub(super) const COLUMNS: &str = "blob, read_token_hash, delete_token_hash, days, length, received, state, \
                       created_at, touched_at, expires_at";

/// A handle on the database.
#[derive(Clone)]
pub(super) struct Rows(SqliteFile);

impl Rows {
    /// Opens the file, making it if it is not there.
    pub(super) async fn open(path: &Path) -> Result<Self, sqlx::Error> {
        SqliteFile::open(path, MIGRATIONS).await.map(Self)
    }

    pub(super) async fn find(&self, id: BlobId) -> Result<Option<Row>, sqlx::Error> {
        sqlx::query(&format!("SELECT {COLUMNS} FROM blobs WHERE blob = ?"))
            .bind(id.as_bytes().as_slice())
            .fetch_optional(&self.0.readers)
            .await?
            .map(|row| read(&row))
            .transpose()
    }

    /// Adds a blob unless its id is taken; the row that is there then.
    pub(super) async fn insert(&self, row: &Row) -> Result<Row, sqlx::Error> {
        let mut db = self.0.write().await?;
        sqlx::query(&format!(
            "INSERT OR IGNORE INTO blobs ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        ))
        .bind(row.id().as_bytes().as_slice())
        .bind(row.metadata.read_token_hash.as_slice())
        .bind(row.metadata.delete_token_hash.as_slice())
        .bind(row.metadata.days)
        .bind(signed(row.length))
        .bind(signed(row.received))
        .bind(row.state as i64)
        .bind(signed(row.created_s))
        .bind(signed(row.touched_s))
        .bind(signed(row.expires_s))
        .execute(&mut *db)
        .await?;
        let found = sqlx::query(&format!("SELECT {COLUMNS} FROM blobs WHERE blob = ?"))
            .bind(row.id().as_bytes().as_slice())
            .fetch_one(&mut *db)
            .await?;
        db.commit().await?;
        read(&found)
    }

    /// Writes how far a blob is.
    pub(super) async fn advance(&self, row: &Row) -> Result<(), sqlx::Error> {
        let mut db = self.0.write().await?;
        sqlx::query("UPDATE blobs SET received = ?, state = ?, touched_at = ? WHERE blob = ?")
            .bind(signed(row.received))
            .bind(row.state as i64)
            .bind(signed(row.touched_s))
            .bind(row.id().as_bytes().as_slice())
            .execute(&mut *db)
            .await?;
        db.commit().await
    }

    /// Forgets blobs whose bytes are gone, and counts them if retention removed them.
    pub(super) async fn remove(
        &self,
        ids: &[BlobId],
        counts: Option<(Run, &[(Kind, Count)])>,
    ) -> Result<(), sqlx::Error> {
        let mut db = self.0.write().await?;
        for id in ids {
            sqlx::query("DELETE FROM blobs WHERE blob = ?")
                .bind(id.as_bytes().as_slice())
                .execute(&mut *db)
                .await?;
        }
        if let Some((run, counts)) = counts {
            for (kind, count) in counts {
                tally::record(&mut db, run, *kind, *count).await?;
            }
        }
        db.commit().await
    }

    /// Blobs that have to go: past their end, created before `created_before`, or unfinished and
    /// not touched since `touched_before`. At most `most`.
    pub(super) async fn expired(
        &self,
        now_s: u64,
        created_before: u64,
        touched_before: u64,
        most: u32,
    ) -> Result<Vec<Row>, sqlx::Error> {
        let rows = sqlx::query(&format!(
            "SELECT {COLUMNS} FROM blobs WHERE expires_at <= ?1 OR created_at < ?2 \
             OR (state = 0 AND touched_at <= ?3) ORDER BY id LIMIT ?4"
        ))
        .bind(signed(now_s))
        .bind(signed(created_before))
        .bind(signed(touched_before))
        .bind(most)
        .fetch_all(&self.0.readers)
        .await?;
        rows.iter().map(read).collect()
    }

    /// Blobs that wait in the spool to be stored, the oldest first.
    pub(super) async fn spooled(&self, most: u32) -> Result<Vec<Row>, sqlx::Error> {
        let rows = sqlx::query(&format!(
            "SELECT {COLUMNS} FROM blobs WHERE state = 1 ORDER BY touched_at LIMIT ?"
        ))
        .bind(most)
        .fetch_all(&self.0.readers)
        .await?;
        rows.iter().map(read).collect()
    }

    /// Every blob.
    pub(super) async fn all(&self) -> Result<Vec<Row>, sqlx::Error> {
        let rows = sqlx::query(&format!("SELECT {COLUMNS} FROM blobs"))
            .fetch_all(&self.0.readers)
            .await?;
        rows.iter().map(read).collect()
    }

    /// Bytes of all blobs together.
    pub(super) async fn bytes(&self) -> Result<u64, sqlx::Error> {
        let bytes: i64 = sqlx::query_scalar("SELECT coalesce(sum(received), 0) FROM blobs")
            .fetch_one(&self.0.readers)
            .await?;
        Ok(u64::try_from(bytes).unwrap_or(0))
    }

    /// What one run of retention removed; old counts go.
    pub(super) async fn counts(&self, run: Run) -> Result<Vec<(Kind, Count)>, sqlx::Error> {
        tally::of_run(&self.0.readers, run).await
    }

    /// Ends a run of retention.
    pub(super) async fn forget(&self, run: Run) -> Result<(), sqlx::Error> {
        let mut db = self.0.write().await?;
        tally::forget(&mut db, run).await?;
        db.commit().await?;
        self.0.truncate_log().await
    }

    /// Closes all connections.
    pub(super) async fn close(&self) {
        self.0.close().await;
    }
}

/// A row of [`COLUMNS`].
pub(super) fn read(row: &SqliteRow) -> Result<Row, sqlx::Error> {
    let damaged =
        || sqlx::Error::Decode("the database holds a value that the relay never writes".into());
    let bytes = |column: usize| row.try_get::<&[u8], _>(column);
    let number = |column: usize| -> Result<u64, sqlx::Error> {
        u64::try_from(row.try_get::<i64, _>(column)?).map_err(|_| damaged())
    };
    Ok(Row {
        metadata: BlobMetadata {
            blob: BlobId::from_slice(bytes(0)?).map_err(|_| damaged())?,
            read_token_hash: bytes(1)?.try_into().map_err(|_| damaged())?,
            delete_token_hash: bytes(2)?.try_into().map_err(|_| damaged())?,
            days: u32::try_from(number(3)?).map_err(|_| damaged())?,
        },
        length: number(4)?,
        received: number(5)?,
        state: match number(6)? {
            0 => State::Receiving,
            1 => State::Spooled,
            2 => State::Stored,
            _ => return Err(damaged()),
        },
        created_s: number(7)?,
        touched_s: number(8)?,
        expires_s: number(9)?,
    })
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
