//! The group plane: sees groups, never who you are. No account credential is looked at here.

pub(crate) mod blobs;
mod commit_rate;
mod hub;
#[cfg(test)]
pub(crate) mod measure;
mod oneshot;
mod outbox;
mod request;
mod socket;
mod sqlite;
mod store;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::routing::{get, post};
use axum::{Extension, Router};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use sealwire_protocol::ids::DeviceId;
use sealwire_protocol::limits::ENVELOPE;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::blobs::{Blobs, BlobsError};
use self::hub::Hub;
use self::socket::SocketLimits;
use self::sqlite::{Options, SqliteLogs};
use self::store::LogStore;
use crate::config::Config;
use crate::http::BodyLimit;
use crate::rate::Rate;
use crate::refusal::Answer;
use crate::tally::{Count, Kind, Run};

pub(crate) use self::blobs::{BlobFiles, DATABASE as BLOBS_DATABASE, PlaceError};
pub(crate) use self::sqlite::{check, incarnation, renew_incarnation};

/// File of the group plane's tables.
pub(crate) const DATABASE: &str = "groups.db";

/// Largest body of the requests that are read as a whole.
const SMALL_BODY: usize = 2 * ENVELOPE;

/// A key package of a device.
pub(crate) struct TakenKeyPackage {
    /// The `MLSMessage`.
    pub(crate) bytes: Bytes,
    /// Others may receive it too.
    pub(crate) last_resort: bool,
}

/// All that the group plane may ask of the account plane, and by device alone.
pub(crate) trait Mailroom: Send + Sync {
    /// Takes one key package of a device.
    fn take_key_package(&self, device: DeviceId) -> BoxFuture<'_, Answer<TakenKeyPackage>>;

    /// Puts one sealed envelope into a device's inbox.
    fn post(&self, device: DeviceId, envelope: Bytes) -> BoxFuture<'_, Answer<()>>;
}

/// State of the group plane.
pub(crate) struct GroupPlane {
    store: Arc<dyn LogStore>,
    hub: Arc<Hub>,
    mailroom: Arc<dyn Mailroom>,
    blobs: Arc<Blobs>,
    limits: SocketLimits,
    drain: CancellationToken,
    sockets: TaskTracker,
}

/// Why the group plane cannot start.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    #[error("cannot open {DATABASE}: {0}")]
    Database(#[from] sqlx::Error),
    #[error(transparent)]
    Blobs(#[from] BlobsError),
}

impl GroupPlane {
    /// Opens the plane's own files.
    pub(crate) async fn open(
        data: &Path,
        config: &Config,
        mailroom: Arc<dyn Mailroom>,
        drain: CancellationToken,
    ) -> Result<Arc<Self>, OpenError> {
        let hub = Arc::new(Hub::new());
        let options = Options {
            commit_rate: Rate {
                interval: Duration::from_millis(config.limits.commit_interval_ms),
                burst: config.limits.commit_burst.max(1),
            },
            most_mib: config.storage.group_database_mib,
            message_days: config.retention.message_days,
        };
        let store = SqliteLogs::open(&data.join(DATABASE), options, Arc::clone(&hub) as _).await?;
        Ok(Arc::new(Self {
            store: Arc::new(store),
            hub,
            mailroom,
            blobs: Blobs::open(data, config, drain.child_token()).await?,
            limits: SocketLimits::new(config),
            drain,
            sockets: TaskTracker::new(),
        }))
    }

    /// Removes entries that are older than their retention.
    pub(crate) async fn sweep_entries(&self, run: Run) -> Answer<()> {
        self.store.sweep(run).await
    }

    /// Removes blobs at their end, and uploads that nobody goes on with.
    pub(crate) async fn sweep_blobs(&self, run: Run) -> Answer<()> {
        self.blobs.sweep(run).await
    }

    /// What one run of retention removed.
    pub(crate) async fn removed(&self, run: Run) -> Answer<Vec<(Kind, Count)>> {
        let mut removed = self.store.removed(run).await?;
        removed.extend(self.blobs.removed(run).await?);
        Ok(removed)
    }

    /// Connections that are open.
    pub(crate) fn connections(&self) -> u64 {
        self.sockets.len() as u64
    }

    /// Messages that were taken since the start.
    pub(crate) fn messages(&self) -> u64 {
        self.hub.messages()
    }

    /// Bytes of all blobs.
    pub(crate) fn blob_bytes(&self) -> u64 {
        self.blobs.used()
    }

    /// Whether it can serve.
    pub(crate) async fn check(&self) -> Answer<()> {
        self.store.check().await
    }

    /// Waits for the sockets, which the drain told to end, then closes the store.
    pub(crate) async fn close(&self, patience: Duration) {
        self.sockets.close();
        if tokio::time::timeout(patience, self.sockets.wait())
            .await
            .is_err()
        {
            tracing::warn!("some connections did not end in time");
        }
        self.blobs.close().await;
        self.store.close().await;
    }
}

/// Routes under `/group/v1`.
pub(crate) fn router(plane: Arc<GroupPlane>) -> Router {
    let blobs = blobs::router(Arc::clone(&plane.blobs));
    Router::new()
        .route("/group/v1/ws", get(socket::upgrade))
        .route("/group/v1/key-package", post(oneshot::key_package))
        .route("/group/v1/inbox", post(oneshot::inbox))
        .layer(Extension(BodyLimit(SMALL_BODY)))
        .with_state(plane)
        .merge(blobs)
}
