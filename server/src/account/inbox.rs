//! Inboxes of devices.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Router};
use sealwire_crypto::sha256;
use sealwire_protocol::account::{B64, Inbox, InboxAck, InboxItem};
use sealwire_protocol::ids::DeviceId;
use sealwire_protocol::limits::MAX_INBOX_ITEMS;
use sealwire_protocol::problem::Code;
use serde::Deserialize;
use sqlx::SqliteConnection;
use tokio::sync::Notify;

use super::access::{Action, route};
use super::session::Caller;
use super::{AccountPlane, Plane};
use crate::http::{Json, Query};
use crate::refusal::{Answer, Refusal};

const LONGEST_WAIT_S: u64 = 30;
const MOST_ACKS: usize = 2_000;

pub(super) fn router(plane: &Plane) -> Router<Plane> {
    let router = route(Router::new(), plane, Action::ReadInbox, read);
    route(router, plane, Action::AckInbox, ack)
}

/// Devices that wait for an envelope.
#[derive(Default)]
pub(super) struct Waiting(Mutex<HashMap<DeviceId, Weak<Notify>>>);

impl Waiting {
    fn join(&self, device: DeviceId) -> Arc<Notify> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(notify) = waiting.get(&device).and_then(Weak::upgrade) {
            return notify;
        }
        // Those who gave up are let go before the map has to grow.
        if waiting.len() == waiting.capacity() {
            waiting.retain(|_, notify| notify.strong_count() > 0);
        }
        let notify = Arc::new(Notify::new());
        waiting.insert(device, Arc::downgrade(&notify));
        notify
    }

    /// An envelope came.
    pub(super) fn wake(&self, device: DeviceId) {
        let waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(notify) = waiting.get(&device).and_then(Weak::upgrade) {
            notify.notify_waiters();
        }
    }
}

#[derive(Deserialize)]
struct Range {
    #[serde(default)]
    after: u64,
    #[serde(default)]
    wait: u64,
}

async fn read(
    State(plane): State<Plane>,
    Extension(caller): Extension<Caller>,
    Query(range): Query<Range>,
) -> Answer<Json<Inbox>> {
    let wait = Duration::from_secs(range.wait.min(LONGEST_WAIT_S));
    let end = tokio::time::Instant::now() + wait;
    let notify = plane.waiting.join(caller.device);
    loop {
        // Before looking, so that nothing is missed that comes in between.
        let came = notify.notified();
        tokio::pin!(came);
        came.as_mut().enable();
        let items = items(&plane, caller.device, range.after).await?;
        if !items.is_empty() || tokio::time::Instant::now() >= end {
            return Ok(Json(Inbox { items }));
        }
        tokio::select! {
            () = came => {}
            () = tokio::time::sleep_until(end) => {}
            () = plane.drain.cancelled() => return Ok(Json(Inbox { items })),
        }
    }
}

async fn items(plane: &AccountPlane, device: DeviceId, after: u64) -> Answer<Vec<InboxItem>> {
    let rows: Vec<(i64, Vec<u8>)> = sqlx::query_as(
        "SELECT id, envelope FROM inbox WHERE device = ? AND id > ? ORDER BY id LIMIT ?",
    )
    .bind(device.as_bytes().as_slice())
    .bind(i64::try_from(after).unwrap_or(i64::MAX))
    .bind(MAX_INBOX_ITEMS as i64)
    .fetch_all(&plane.db.readers)
    .await?;
    let item = |(id, envelope): (i64, Vec<u8>)| InboxItem {
        id: u64::try_from(id).unwrap_or(0),
        envelope: B64(envelope),
    };
    Ok(rows.into_iter().map(item).collect())
}

async fn ack(
    State(plane): State<Plane>,
    Extension(caller): Extension<Caller>,
    Json(ack): Json<InboxAck>,
) -> Answer<StatusCode> {
    if ack.ids.len() > MOST_ACKS {
        return Err(Refusal::new(
            Code::TooLarge,
            format!("Acknowledge at most {MOST_ACKS} envelopes at once."),
        ));
    }
    let mut db = plane.db.write().await?;
    for id in ack.ids {
        sqlx::query("DELETE FROM inbox WHERE device = ? AND id = ?")
            .bind(caller.device.as_bytes().as_slice())
            .bind(i64::try_from(id).unwrap_or(i64::MAX))
            .execute(&mut *db)
            .await?;
    }
    db.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Stores an envelope; the same one only once. To be called in a transaction.
pub(super) async fn put(
    db: &mut SqliteConnection,
    device: DeviceId,
    envelope: &[u8],
    now_s: i64,
    most: u32,
) -> Answer<()> {
    let id = device.as_bytes().as_slice();
    let hash = sha256(&[envelope]);
    let (known, held): (bool, i64) = sqlx::query_as(
        "SELECT EXISTS (SELECT 1 FROM inbox WHERE device = ?1 AND hash = ?2), \
         (SELECT count(*) FROM inbox WHERE device = ?1)",
    )
    .bind(id)
    .bind(hash.as_slice())
    .fetch_one(&mut *db)
    .await?;
    if known {
        return Ok(());
    }
    if held >= i64::from(most) {
        return Err(Refusal::new(
            Code::InboxFull,
            "The device's inbox is full; try again when it was online.",
        ));
    }
    sqlx::query("INSERT INTO inbox (device, hash, envelope, received_at) VALUES (?, ?, ?, ?)")
        .bind(id)
        .bind(hash.as_slice())
        .bind(envelope)
        .bind(now_s)
        .execute(db)
        .await?;
    Ok(())
}
