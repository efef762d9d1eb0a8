//! The door through which the group plane reaches devices, and nothing but devices.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use sealwire_protocol::ids::DeviceId;
use sealwire_protocol::problem::Code;
use sqlx::SqliteConnection;

use super::inbox::Waiting;
use super::{inbox, key_packages};
use crate::clock;
use crate::config::Limits;
use crate::database::SqliteFile;
use crate::group::{Mailroom, TakenKeyPackage};
use crate::refusal::{Answer, Refusal};

pub(super) struct AccountMailroom {
    pub(super) db: SqliteFile,
    pub(super) waiting: Arc<Waiting>,
    pub(super) limits: Limits,
}

impl Mailroom for AccountMailroom {
    fn take_key_package(&self, device: DeviceId) -> BoxFuture<'_, Answer<TakenKeyPackage>> {
        Box::pin(async move {
            let mut db = self.db.write().await?;
            known(&mut db, device).await?;
            let most = self.limits.one_time_key_packages_per_hour;
            let taken = key_packages::take(&mut db, device, now(), most).await?;
            db.commit().await?;
            Ok(taken)
        })
    }

    fn post(&self, device: DeviceId, envelope: Bytes) -> BoxFuture<'_, Answer<()>> {
        Box::pin(async move {
            let mut db = self.db.write().await?;
            known(&mut db, device).await?;
            let most = self.limits.inbox_envelopes;
            inbox::put(&mut db, device, &envelope, now(), most).await?;
            db.commit().await?;
            self.waiting.wake(device);
            Ok(())
        })
    }
}

fn now() -> i64 {
    i64::try_from(clock::now_s()).unwrap_or(i64::MAX)
}

/// Refuses devices that are unknown or revoked or whose account is suspended, all alike.
async fn known(db: &mut SqliteConnection, device: DeviceId) -> Answer<()> {
    let known: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM devices d JOIN accounts a ON a.id = d.account_id \
         WHERE d.device = ? AND d.revoked_at = 0 AND a.suspended = 0)",
    )
    .bind(device.as_bytes().as_slice())
    .fetch_one(db)
    .await?;
    if known {
        return Ok(());
    }
    Err(Refusal::new(
        Code::DeviceUnknown,
        "There is no such device, or it takes nothing now; look its account up in the directory.",
    ))
}
