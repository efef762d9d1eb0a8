//! Accepts connections: TLS 1.3, then HTTP/1.1 (with WebSocket) or HTTP/2.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use hyper::body::Incoming;
use hyper::{Request, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use sealwire_protocol::problem::Code;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use crate::config::Timeouts;
use crate::gate::{Gate, Permit};
use crate::pulse::Pulse;
use crate::refusal::Refusal;
use crate::tls::Certificates;

const MOST_HEADERS: u32 = 16 * 1024;
const MOST_STREAMS: u32 = 64;

/// Everything that a connection needs.
pub(crate) struct Listen {
    pub(crate) certificates: Arc<Certificates>,
    pub(crate) gate: Arc<Gate>,
    pub(crate) pulse: Arc<Pulse>,
    pub(crate) router: Router,
    pub(crate) timeouts: Timeouts,
    pub(crate) drain: CancellationToken,
    pub(crate) connections: TaskTracker,
}

/// Accepts until the drain begins.
pub(crate) async fn run(listener: TcpListener, listen: Arc<Listen>) {
    loop {
        let accepted = tokio::select! {
            () = listen.drain.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file descriptors, most likely: wait for some connections to end.
                tracing::warn!(kind = %error.kind(), "cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        accept(&listen, stream, peer.ip());
    }
}

fn accept(listen: &Arc<Listen>, stream: TcpStream, address: IpAddr) {
    let Some(permit) = listen.gate.enter(address) else {
        return; // Dropped: there is no cheaper answer.
    };
    // Small frames must not wait for the acknowledgement of earlier ones.
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let work = connection(Arc::clone(listen), stream, Arc::new(permit));
    listen.connections.spawn(work);
}

async fn connection(listen: Arc<Listen>, stream: TcpStream, permit: Arc<Permit>) {
    let acceptor = TlsAcceptor::from(listen.certificates.current());
    let patience = Duration::from_secs(listen.timeouts.tls_handshake_s.max(1));
    let Ok(Ok(stream)) = timeout(patience, acceptor.accept(stream)).await else {
        return;
    };
    let service = service_fn({
        let listen = Arc::clone(&listen);
        move |request| {
            let (listen, permit) = (Arc::clone(&listen), Arc::clone(&permit));
            async move { Ok::<_, std::convert::Infallible>(respond(&listen, permit, request).await) }
        }
    });
    let mut builder = auto::Builder::new(TokioExecutor::new());
    let headers = Duration::from_secs(listen.timeouts.header_s.max(1));
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(headers)
        .max_buf_size(MOST_HEADERS as usize);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(MOST_STREAMS)
        .max_header_list_size(MOST_HEADERS)
        .keep_alive_interval(Some(headers))
        .keep_alive_timeout(headers);
    let served = builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
    tokio::pin!(served);
    tokio::select! {
        // How a connection ends says nothing that anybody could act on.
        _ = served.as_mut() => {}
        () = listen.drain.cancelled() => {
            served.as_mut().graceful_shutdown();
            drop(served.await);
        }
    }
}

async fn respond(listen: &Listen, permit: Arc<Permit>, request: Request<Incoming>) -> Response {
    if let Err(refusal) = permit.request() {
        return refusal.into_response();
    }
    let mut request = request.map(Body::new);
    request.extensions_mut().insert(permit);
    let patience = Duration::from_secs(listen.timeouts.request_s.max(1));
    let response = match timeout(patience, listen.router.clone().oneshot(request)).await {
        Ok(Ok(response)) => response,
        Ok(Err(never)) => match never {},
        Err(_) => Refusal::new(
            Code::Unavailable,
            "The request took too long; try again in a moment.",
        )
        .into_response(),
    };
    if response.status().is_server_error() {
        listen.pulse.failed();
    }
    response
}
