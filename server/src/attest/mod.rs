//! What the relay attests of itself: statements that it signs and logs, on schedule and when
//! something happens. What each one says, and what it does not prove, stands in docs/predicates.

mod census;
mod configuration;
mod directory;
mod restore_drill;
mod retention;
mod ropa;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::account::AccountPlane;
use crate::config::Config;

pub(crate) use self::census::take as census;
pub(crate) use self::restore_drill::{Drilled, restore_drill};
pub(crate) use self::retention::retention_run;
pub(crate) use self::ropa::{Recorded, ropa};

const DAY_MS: u64 = 24 * 60 * 60 * 1_000;
const HOURLY: Duration = Duration::from_secs(60 * 60);

/// Attests what is due, until the relay ends. `data` is its data directory.
pub(crate) async fn run(
    account: Arc<AccountPlane>,
    data: PathBuf,
    config: Config,
    drain: CancellationToken,
) {
    if configuration::attest(&account, &config).await.is_err() {
        tracing::error!("the configuration could not be attested");
    }
    if ropa(account.evidence(), &config, false).await.is_err() {
        tracing::error!("the record of processing could not be attested");
    }
    let mut warned = false;
    let mut hourly = tokio::time::interval(HOURLY);
    loop {
        tokio::select! {
            () = drain.cancelled() => return,
            _ = hourly.tick() => {}
        }
        if account.evidence().directory_key_is_old() && !warned {
            warned = true;
            tracing::warn!(
                "the directory key is older than a year; change it with `sealwire-relay log rotate-key`"
            );
        }
        if directory::attest(&account).await.is_err() {
            tracing::error!("the directory could not be attested; it is tried again in an hour");
        }
        let census = tokio::select! {
            () = drain.cancelled() => return,
            done = census::attest(&account, &data, &config) => done,
        };
        if census.is_err() {
            tracing::error!("the stores could not be counted; it is tried again in an hour");
        }
    }
}
