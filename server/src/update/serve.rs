//! Serving updates to anybody, beside the log: who asks is not signed in, so the relay does not learn which
//! account runs which version.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Extension, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use sealwire_audit::dsse::Envelope;
use sealwire_audit::predicate::Hex;
use sealwire_audit::update::{Offer, is_target};
use sealwire_protocol::problem::Code;
use tokio::fs::File;
use tokio::io::AsyncReadExt as _;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

use super::Updates;
use super::rows::{self, Offered};
use crate::evidence::LogName;
use crate::gate::Permit;
use crate::http::Path;
use crate::refusal::{Answer, Refusal};

const CHUNK: usize = 64 * 1024;
/// Chunks that wait for the connection.
const AHEAD: usize = 2;
/// A reader that takes nothing for so long is disconnected.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long a download may take beside what its bytes may.
const HEAD_START: Duration = Duration::from_secs(60);
/// Bytes a second that a reader takes at least, on average.
const SLOWEST: u64 = 32 * 1024;
/// A year: what has this digest never changes.
const FOR_GOOD: &str = "public, max-age=31536000, immutable";

/// Routes under `/update/v1`.
pub(crate) fn router(updates: Arc<Updates>) -> Router {
    Router::new()
        .route("/update/v1/{target}", get(offer))
        .route("/update/v1/file/{sha256}", get(package))
        .with_state(updates)
}

fn nothing() -> Refusal {
    Refusal::new(Code::NotFound, "There is no such update.")
}

impl Updates {
    /// What is offered for a kind of machine: logged in a head that everybody can read, and there.
    async fn offered(&self, target: &str) -> Answer<Option<Offered>> {
        let mut db = self.db.readers.acquire().await?;
        let newest = rows::newest(&mut db, target).await?;
        let Some(newest) = newest.filter(|one| self.shelf.holds(&one.sha256, one.size)) else {
            return Ok(None);
        };
        let published = self.evidence.published(LogName::Audit).await?;
        Ok((newest.number < published).then_some(newest))
    }
}

async fn offer(
    State(updates): State<Arc<Updates>>,
    Path(target): Path<String>,
) -> Answer<Response> {
    if !is_target(&target) {
        return Err(nothing());
    }
    let offered = updates.offered(&target).await?.ok_or_else(nothing)?;
    let damaged = || Refusal::internal("a stored update is damaged");
    let logged = updates.evidence.statements(offered.number, 1).await?;
    let logged = logged.into_iter().next();
    let logged = logged.filter(|one| one.number == offered.number);
    let signed = logged.ok_or_else(damaged)?.signed;
    let offer = Offer {
        envelope: Envelope::parse(&signed).map_err(|_| damaged())?,
        number: offered.number,
        size: offered.size,
        sha256: offered.sha256,
    };
    let head = [
        (CONTENT_TYPE, "application/json"),
        (CACHE_CONTROL, "no-cache"),
    ];
    Ok((head, offer.to_json().map_err(|_| damaged())?).into_response())
}

async fn package(
    State(updates): State<Arc<Updates>>,
    Extension(peer): Extension<Arc<Permit>>,
    Path(sha256): Path<String>,
) -> Answer<Response> {
    let sha256 = Hex::<32>::try_from(sha256).map_err(|_| nothing())?;
    let all = {
        let mut db = updates.db.readers.acquire().await?;
        rows::all(&mut db).await?
    };
    let offered = all
        .iter()
        .find(|one| one.sha256 == sha256 && !one.withdrawn)
        .ok_or_else(nothing)?;
    let place = updates.places.take(peer.network())?;
    // Withdrawn since the row was read, or lost.
    let file = File::open(updates.shelf.path(&sha256)).await;
    let file = file.map_err(|_| nothing())?;
    let head = [
        (
            CONTENT_TYPE,
            "application/vnd.debian.binary-package".to_owned(),
        ),
        (CACHE_CONTROL, FOR_GOOD.to_owned()),
        (CONTENT_LENGTH, offered.size.to_string()),
    ];
    Ok((head, body(file, offered.size, place)).into_response())
}

/// How long a package of `size` bytes may take.
fn longest(size: u64) -> Duration {
    HEAD_START + Duration::from_secs(size / SLOWEST)
}

/// Sends a file as the reader takes it, and breaks off if that takes too long. `kept` is let go at the end.
fn body(file: File, size: u64, kept: impl Send + 'static) -> Body {
    let (chunks, waiting) = mpsc::channel::<io::Result<Bytes>>(AHEAD);
    let end = Instant::now() + longest(size);
    tokio::spawn(async move {
        let _kept = kept;
        let mut file = file.take(size);
        loop {
            let mut chunk = Vec::with_capacity(CHUNK);
            let read = (&mut file).take(CHUNK as u64).read_to_end(&mut chunk).await;
            let (chunk, last) = match read {
                Ok(0) => return,
                Ok(_) => (Ok(chunk.into()), false),
                // Told as a broken connection: the head has been sent.
                Err(_) => (Err(io::Error::other("the package could not be read")), true),
            };
            // Also if the reader is gone.
            let patience = end.min(Instant::now() + PATIENCE);
            match timeout_at(patience, chunks.send(chunk)).await {
                Ok(Ok(())) if !last => {}
                _ => return,
            }
        }
    });
    Body::from_stream(futures_util::stream::unfold(
        waiting,
        |mut waiting| async move { waiting.recv().await.map(|chunk| (chunk, waiting)) },
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_package_has_hours_and_a_small_one_minutes() {
        assert_eq!(longest(0).as_secs(), 60);
        assert_eq!(longest(32 * 1024 * 100).as_secs(), 160);
        assert_eq!(longest(512 * 1024 * 1024).as_secs(), 60 + 16_384);
    }
}
