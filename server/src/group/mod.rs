//! The group plane: sees groups, never who you are. No account credential is looked at here.

mod blobs;
mod commit_rate;
mod hub;
mod oneshot;
mod outbox;
mod request;
mod socket;
mod sqlite;
mod store;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::Router;
use axum::routing::{get, post};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use sealwire_protocol::ids::DeviceId;
use sealwire_protocol::limits::{ENVELOPE, MAX_BLOB};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::blobs::Blobs;
use self::hub::Hub;
use self::socket::SocketLimits;
use self::sqlite::{Options, SqliteLogs};
use self::store::LogStore;
use crate::config::Config;
use crate::http::BodyLimit;
use crate::rate::Rate;
use crate::refusal::Answer;

pub(crate) use self::sqlite::renew_incarnation;

/// File of the group plane's tables.
pub(crate) const DATABASE: &str = "groups.db";

/// Largest body of all requests but a blob's.
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
    blobs: Blobs,
    limits: SocketLimits,
    drain: CancellationToken,
    sockets: TaskTracker,
}

/// Why the group plane cannot start.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    #[error("cannot open {DATABASE}: {0}")]
    Database(#[from] sqlx::Error),
    #[error("cannot use the directory of blobs: {0}")]
    Blobs(#[from] std::io::Error),
}

impl GroupPlane {
    /// Opens the plane's own files.
    pub(crate) async fn open(
        database: &Path,
        blobs: &Path,
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
        };
        let store = SqliteLogs::open(database, options, Arc::clone(&hub) as _).await?;
        Ok(Arc::new(Self {
            store: Arc::new(store),
            hub,
            mailroom,
            blobs: Blobs::open(
                blobs,
                config.storage.blob_mib << 20,
                config.limits.blob_requests,
            )?,
            limits: SocketLimits::new(config),
            drain,
            sockets: TaskTracker::new(),
        }))
    }

    /// Removes what is older than its retention.
    pub(crate) async fn sweep(&self, now_ms: u64) -> Answer<()> {
        self.store.sweep(now_ms).await?;
        self.blobs.sweep(now_ms / 1000).await
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
        self.store.close().await;
    }
}

/// Routes under `/group/v1`.
pub(crate) fn router(plane: Arc<GroupPlane>) -> Router {
    let large = Extension(BodyLimit(MAX_BLOB + SMALL_BODY));
    Router::new()
        .route("/group/v1/ws", get(socket::upgrade))
        .route("/group/v1/key-package", post(oneshot::key_package))
        .route("/group/v1/inbox", post(oneshot::inbox))
        .route("/group/v1/blob/read", post(oneshot::read_blob))
        .layer(Extension(BodyLimit(SMALL_BODY)))
        .route("/group/v1/blob", post(oneshot::put_blob).layer(large))
        .with_state(plane)
}
