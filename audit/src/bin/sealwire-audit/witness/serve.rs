//! The witness as an HTTP server.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use sealwire_audit::witness::{MAX_REQUEST, Refusal, Request};
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};

use super::folder::{Folder, KeptLog};
use crate::failure::Failure;
use crate::output::Output;

/// How long a body may take to arrive.
const PATIENCE: Duration = Duration::from_secs(10);

/// A log, under the lock that makes judging and keeping one act.
struct Slot {
    log: KeptLog,
    /// Keeping its head has failed once. What the disk holds is not known until the
    /// next start, so nothing is cosigned until then.
    failed: bool,
}

struct Witness {
    folder: Folder,
    logs: BTreeMap<String, Mutex<Slot>>,
}

/// An answer before it is HTTP.
struct Answer {
    status: u16,
    kind: &'static str,
    body: String,
}

const TEXT: &str = "text/plain; charset=utf-8";

impl Answer {
    fn text(status: u16, body: impl std::fmt::Display) -> Self {
        Self {
            status,
            kind: TEXT,
            body: format!("{body}\n"),
        }
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, [(header::CONTENT_TYPE, self.kind)], self.body).into_response()
    }
}

/// Serves until it is told to stop.
pub(crate) fn run(mut folder: Folder, listen: SocketAddr, out: &Output) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure {
        kind: crate::failure::Kind::Io,
        message: format!("{listen}: {error}"),
        hint: "choose another --listen",
        found: None,
    };
    let slot = |log: KeptLog| {
        let origin = log.known().origin().to_owned();
        (origin, Mutex::new(Slot { log, failed: false }))
    };
    let logs = folder.take_logs().into_iter().map(slot).collect();
    let witness = Arc::new(Witness { folder, logs });
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(failed)?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind(listen)
            .await
            .map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
        let line = format!("listening on http://{address}");
        out.result(&line, &json!({ "listening": address }));
        let stop = async move {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
        };
        axum::serve(listener, router(witness))
            .with_graceful_shutdown(stop)
            .await
            .map_err(failed)
    })
}

fn router(witness: Arc<Witness>) -> Router {
    Router::new()
        .route("/add-checkpoint", post(add_checkpoint))
        .route("/vkey", get(vkey))
        .with_state(witness)
}

/// The public key of the witness, for those who set it up.
async fn vkey(State(witness): State<Arc<Witness>>) -> Answer {
    Answer::text(200, witness.folder.key().verifier())
}

async fn add_checkpoint(State(witness): State<Arc<Witness>>, body: Body) -> Answer {
    let body = match tokio::time::timeout(PATIENCE, to_bytes(body, MAX_REQUEST)).await {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => return Answer::text(413, "the body is too long or was cut off"),
        Err(_) => return Answer::text(408, "the body took too long"),
    };
    let answer = tokio::task::spawn_blocking(move || answer(&witness, &body));
    let failed = |_| Answer::text(500, "the witness failed");
    answer.await.unwrap_or_else(failed)
}

fn answer(witness: &Witness, body: &[u8]) -> Answer {
    let request = match Request::parse(body) {
        Ok(request) => request,
        Err(why) => return Answer::text(400, why),
    };
    let Some(slot) = witness.logs.get(request.checkpoint().origin()) else {
        return Answer::text(404, "this witness does not cosign this log");
    };
    let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
    if slot.failed {
        return Answer::text(500, "what this witness has seen could not be stored");
    }
    let accepted = match slot.log.known().judge(&request) {
        Ok(accepted) => accepted,
        Err(refusal) => return refuse(&mut slot, &refusal),
    };
    // A panic between here and the end leaves the slot as one that failed.
    slot.failed = true;
    if slot.log.keep(&accepted).is_err() {
        return Answer::text(500, "what this witness has seen could not be stored");
    }
    slot.failed = false;
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let Ok(now) = now else {
        return Answer::text(500, "the clock of this witness is wrong");
    };
    match accepted.cosign(witness.folder.key(), now.as_secs()) {
        Ok(line) => Answer {
            status: 200,
            kind: TEXT,
            body: line.to_string(),
        },
        Err(why) => Answer::text(500, why),
    }
}

fn refuse(slot: &mut Slot, refusal: &Refusal) -> Answer {
    if let Some(evidence) = refusal.evidence()
        && slot.log.keep_evidence(evidence).is_err()
    {
        return Answer::text(500, "evidence against this log could not be stored");
    }
    match refusal.size() {
        Some(size) => Answer {
            status: refusal.status(),
            kind: "text/x.tlog.size",
            body: format!("{size}\n"),
        },
        None => Answer::text(refusal.status(), refusal),
    }
}
