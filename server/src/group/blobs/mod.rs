//! Encrypted blobs: uploaded in pieces that survive a broken connection and a crash, read in
//! ranges, removed by whoever has the token or at the end of their days.
//!
//! Bytes arrive in the spool. A whole blob moves to its place; a row in blobs.db tells where it is.
//! The row comes first and goes last, so a crash leaves neither a blob without bytes nor bytes that
//! nobody counts.

mod copy;
mod download;
mod http;
mod look;
mod mover;
mod place;
mod quota;
mod reconcile;
mod rows;
mod s3;
mod spool;
mod sweep;
mod turns;
mod upload;

use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sealwire_crypto::{padme, sealed_blob_len_is_valid, sha256};
use sealwire_protocol::blob::BlobMetadata;
use sealwire_protocol::ids::BlobId;
use sealwire_protocol::problem::Code;
use subtle::ConstantTimeEq;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub(crate) use self::copy::{Held, held, is_name, lost, settle};
pub(super) use self::http::router;
pub(crate) use self::look::BlobFiles;
use self::place::Place;
pub(crate) use self::place::PlaceError;
use self::quota::{Addresses, Space, Visit};
use self::rows::{Row, Rows, State};
use self::spool::Spool;
use self::turns::Turns;
use crate::clock;
use crate::config::Config;
use crate::refusal::{Answer, Refusal, is_no_space};

/// File of the rows.
pub(crate) const DATABASE: &str = "blobs.db";
/// Directory of unfinished uploads.
const UPLOADS: &str = "uploads";
const DAY_S: u64 = 24 * 60 * 60;
const MIB: u64 = 1 << 20;

/// Why blobs cannot be served.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BlobsError {
    #[error("cannot open {DATABASE}: {0}")]
    Database(#[from] sqlx::Error),
    #[error("cannot use the directory of uploads: {0}")]
    Io(#[from] std::io::Error),
    #[error("cannot use {0}")]
    Place(#[from] PlaceError),
}

/// What an operator decides.
#[derive(Clone, Copy)]
struct Bounds {
    /// Longest sealed blob.
    length: u64,
    /// Days that a blob is kept, whatever its uploader asked.
    days: u64,
    /// How long one request may bring bytes.
    patience: Duration,
    /// How long a reader may take for one chunk.
    write: Duration,
}

/// All blobs.
pub(super) struct Blobs {
    rows: Rows,
    spool: Spool,
    place: Place,
    space: Space,
    turns: Turns,
    addresses: Arc<Addresses>,
    permits: Arc<Semaphore>,
    bounds: Bounds,
    /// Something waits in the spool to be moved.
    spooled: Notify,
    tasks: TaskTracker,
    drain: CancellationToken,
}

/// A request that brings or takes bytes, counted until it ends.
struct Guest {
    visit: Visit,
    _permit: OwnedSemaphorePermit,
}

/// How far an upload is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Progress {
    pub(super) id: BlobId,
    pub(super) offset: u64,
    pub(super) length: u64,
    /// When it goes next, seconds since the Unix epoch.
    pub(super) expires_s: u64,
}

impl Blobs {
    /// Opens what is in the data directory, and puts right what a crash left half done.
    pub(super) async fn open(
        data: &Path,
        config: &Config,
        drain: CancellationToken,
    ) -> Result<Arc<Self>, BlobsError> {
        let rows = Rows::open(&data.join(DATABASE)).await?;
        let spool = Spool::open(data.join(UPLOADS))?;
        let place = Place::open(data, &config.s3)?;
        reconcile::run(&rows, &spool, &place).await?;
        let space = Space::new(config.storage.blob_mib * MIB, rows.bytes().await?);
        let limits = &config.limits;
        let request = Duration::from_secs(config.timeouts.request_s.max(1));
        let blobs = Arc::new(Self {
            rows,
            spool,
            place,
            space,
            turns: Turns::new(drain.clone()),
            addresses: Addresses::new(
                limits.blob_mib_per_address_per_day,
                limits.blob_requests_per_address,
            ),
            permits: Arc::new(Semaphore::new(limits.blob_requests)),
            bounds: Bounds {
                length: longest(config.storage.largest_blob_mib),
                days: config.retention.blob_days.into(),
                // So that the answer comes before the request as a whole is given up.
                patience: request - request / 8,
                write: Duration::from_secs(config.timeouts.write_s.max(1)),
            },
            spooled: Notify::new(),
            tasks: TaskTracker::new(),
            drain,
        });
        if !blobs.place.is_local() {
            blobs.tasks.spawn(mover::run(Arc::clone(&blobs)));
        }
        Ok(blobs)
    }

    /// Bytes of all blobs.
    pub(super) fn used(&self) -> u64 {
        self.space.used()
    }

    /// Waits for a place among the requests that are served; to be had before a body is read.
    async fn admit(&self, address: IpAddr) -> Answer<Guest> {
        let visit = self.addresses.enter(address)?;
        let permit = Arc::clone(&self.permits).acquire_owned().await;
        Ok(Guest {
            visit,
            _permit: permit.map_err(|_| ending())?,
        })
    }

    /// Makes a blob; a repeat changes nothing.
    async fn create(&self, metadata: BlobMetadata, length: u64) -> Answer<Row> {
        if length > self.bounds.length {
            return Err(Refusal::new(
                Code::TooLarge,
                format!(
                    "A sealed blob is at most {} bytes here; send less.",
                    self.bounds.length
                ),
            ));
        }
        if !sealed_blob_len_is_valid(length) {
            return Err(Refusal::new(
                Code::Grammar,
                "This is not the length of a sealed blob; encrypt and pad before sending.",
            ));
        }
        if self.rows.find(metadata.blob).await?.is_none() {
            self.space.check(length)?;
        }
        let now = clock::now_s();
        let wanted = Row {
            metadata,
            length,
            received: 0,
            state: State::Receiving,
            created_s: now,
            touched_s: now,
            expires_s: now + u64::from(metadata.days).min(self.bounds.days) * DAY_S,
        };
        let row = self.rows.insert(&wanted).await?;
        if row.metadata != metadata || row.length != length || is_expired(&row, now) {
            return Err(conflict());
        }
        Ok(row)
    }

    /// An upload's row, if it has not expired.
    async fn row(&self, id: BlobId) -> Answer<Row> {
        match self.rows.find(id).await? {
            Some(row) if !is_expired(&row, clock::now_s()) => Ok(row),
            _ => Err(unknown()),
        }
    }

    /// How far an upload is. Whoever is at it ends, so that the answer stays true.
    async fn progress(&self, id: BlobId) -> Answer<Progress> {
        let _turn = self.turns.take(id).await;
        Ok(progress(&self.row(id).await?))
    }

    /// Removes a blob that `token` may remove.
    async fn delete(&self, id: BlobId, token: &[u8; 32]) -> Answer<()> {
        let row = self.row(id).await?;
        if !fits(token, &row.metadata.delete_token_hash) {
            return Err(unknown());
        }
        let _turn = self.turns.take(id).await;
        // What came meanwhile counts too.
        let row = self.row(id).await?;
        self.erase(&row).await?;
        self.rows.remove(&[id], None).await?;
        self.space.give_back(row.received);
        Ok(())
    }

    /// Removes a blob's bytes, wherever they are.
    async fn erase(&self, row: &Row) -> Answer<()> {
        self.spool.remove(row.id()).await.map_err(disk)?;
        if row.state != State::Receiving {
            self.place.remove(row.id()).await.map_err(store)?;
        }
        Ok(())
    }

    /// Lets work end and closes the database.
    pub(super) async fn close(&self) {
        self.drain.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        self.rows.close().await;
    }
}

/// Length of the sealed blob of a content of so many MiB.
fn longest(content_mib: u32) -> u64 {
    let padded = padme(8 + u64::from(content_mib) * MIB);
    padded + 16 * padded.div_ceil(64 * 1024)
}

/// When a blob goes: at its end, or a day after the last byte if it is not whole.
fn expires_s(row: &Row) -> u64 {
    match row.state {
        State::Receiving => row.expires_s.min(row.touched_s + DAY_S),
        State::Spooled | State::Stored => row.expires_s,
    }
}

fn is_expired(row: &Row, now_s: u64) -> bool {
    expires_s(row) <= now_s
}

fn progress(row: &Row) -> Progress {
    Progress {
        id: row.id(),
        offset: row.received,
        length: row.length,
        expires_s: expires_s(row),
    }
}

fn fits(token: &[u8; 32], hash: &[u8; 32]) -> bool {
    sha256(&[token]).ct_eq(hash).into()
}

/// The answer to an unknown blob and to a wrong token: the same, so that nobody can probe.
fn unknown() -> Refusal {
    Refusal::new(
        Code::BlobUnknown,
        "There is no such blob, or it expired, or this token does not open it.",
    )
}

fn conflict() -> Refusal {
    Refusal::new(
        Code::BlobConflict,
        "This blob id was used for other bytes or values; choose a new one.",
    )
}

fn ending() -> Refusal {
    Refusal::new(
        Code::Unavailable,
        "The relay is shutting down; what came before is kept. Go on in a moment.",
    )
}

fn disk(error: std::io::Error) -> Refusal {
    if is_no_space(&error) {
        tracing::error!("the disk is full");
        return quota::full();
    }
    Refusal::internal(&format!("blob, {}", error.kind()))
}

/// The texts of the store's errors hold paths, and with them the ids of blobs.
fn store(error: PlaceError) -> Refusal {
    use object_store::Error;
    match error {
        PlaceError::Io(error) => disk(error),
        PlaceError::Credentials(_) => Refusal::internal("blob store, credentials"),
        PlaceError::Store(error) => Refusal::internal(match error {
            Error::NotFound { .. } => "blob store, not found",
            Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => {
                "blob store, not allowed"
            }
            _ => "blob store",
        }),
    }
}

#[cfg(test)]
mod tests;
