//! One WebSocket connection after the other, for as long as the socket lives.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Sink, SinkExt, Stream, StreamExt};
use rand::RngExt;
use sealwire_protocol::limits::MAX_FRAME;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep, timeout};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error as WsError, Message};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use super::socket::Shared;
use super::tls::Endpoint;
use crate::error::CoreError;

const CONNECT: Duration = Duration::from_secs(20);
const CONNECT_ADDRESS: Duration = Duration::from_secs(5);
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// How long things may take.
#[derive(Clone, Copy)]
pub(super) struct Timing {
    /// Wait after a lost connection; doubled up to a minute.
    pub(super) reconnect: Duration,
    /// Time between pings.
    pub(super) ping: Duration,
    /// A live relay answers pings, so this much silence means that the connection is dead.
    pub(super) silence: Duration,
    /// Longest wait of a request for a connection, and then for the answer.
    pub(super) patience: Duration,
}

impl Timing {
    /// What people get.
    pub(super) fn new(reconnect_ms: u64) -> Self {
        Self {
            reconnect: Duration::from_millis(reconnect_ms.max(1)).min(LONGEST_WAIT),
            ping: Duration::from_secs(25),
            silence: Duration::from_secs(60),
            patience: Duration::from_secs(30),
        }
    }
}

/// How a connection ended.
struct End {
    reason: String,
    /// It worked, so the next attempt need not wait long.
    worked: bool,
}

/// Connects, serves, waits, and again, until the socket is shut down.
pub(super) async fn keep(shared: Arc<Shared>, endpoint: Endpoint, timing: Timing) {
    let mut wait = timing.reconnect;
    let work = async {
        loop {
            let attempt = async {
                match timeout(CONNECT, connect(&endpoint)).await {
                    Ok(Ok(stream)) => serve(&shared, stream, timing).await,
                    Ok(Err(reason)) => failed(reason),
                    Err(_) => failed(format!("{} does not answer", endpoint.address)),
                }
            };
            let end = tokio::select! {
                end = attempt => end,
                () = shared.asked_anew() => {
                    wait = timing.reconnect;
                    shared.offline("connecting anew".into());
                    continue;
                }
            };
            if end.worked {
                wait = timing.reconnect;
            }
            shared.offline(end.reason);
            wait = tokio::select! {
                () = sleep(jittered(wait)) => (wait * 2).min(LONGEST_WAIT),
                () = shared.asked_anew() => timing.reconnect,
            };
        }
    };
    tokio::select! {
        () = work => {}
        () = shared.stopped() => {}
    }
}

fn failed(reason: String) -> End {
    End {
        reason,
        worked: false,
    }
}

/// Between half of it and all of it: after an outage the clients do not come back as one.
fn jittered(wait: Duration) -> Duration {
    wait.mul_f64(rand::rng().random_range(0.5..=1.0))
}

async fn connect(endpoint: &Endpoint) -> Result<WebSocketStream<TlsStream<TcpStream>>, String> {
    let words = |error: CoreError| error.message;
    let config = endpoint.tls_config(&[b"http/1.1"], false).map_err(words)?;
    let name = endpoint.server_name().map_err(words)?;
    let tcp = connect_tcp(endpoint)
        .await
        .map_err(|error| words(endpoint.failure(&error)))?;
    // Small frames must not wait for the answer to earlier ones.
    tcp.set_nodelay(true)
        .map_err(|error| words(endpoint.failure(&error)))?;
    let tls = TlsConnector::from(Arc::new(config))
        .connect(name, tcp)
        .await
        .map_err(|error| words(endpoint.failure(&error)))?;
    let limits = WebSocketConfig::default()
        .max_message_size(Some(MAX_FRAME))
        .max_frame_size(Some(MAX_FRAME));
    let url = format!("wss://{}/group/v1/ws", endpoint.address);
    match client_async_with_config(url, tls, Some(limits)).await {
        Ok((stream, _)) => Ok(stream),
        Err(WsError::Http(response)) => Err(format!(
            "the relay at {} answered with HTTP status {}",
            endpoint.address,
            response.status()
        )),
        Err(error) => Err(words(endpoint.failure(&error))),
    }
}

/// The first of the relay's addresses that answers. One that swallows packets, as IPv6 often does
/// where it is half set up, must not use up the time of the others.
async fn connect_tcp(endpoint: &Endpoint) -> io::Result<TcpStream> {
    let mut failure = io::Error::from(io::ErrorKind::HostUnreachable);
    for address in tokio::net::lookup_host(endpoint.to_resolve()).await? {
        match timeout(CONNECT_ADDRESS, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => failure = error,
            Err(_) => failure = io::ErrorKind::TimedOut.into(),
        }
    }
    Err(failure)
}

/// Carries frames both ways until the connection ends.
async fn serve(
    shared: &Shared,
    stream: WebSocketStream<TlsStream<TcpStream>>,
    timing: Timing,
) -> End {
    let Some((connection, outbound)) = shared.online() else {
        return failed("closed".into());
    };
    let (sink, stream) = stream.split();
    let mut worked = false;
    // Side by side, so that a relay that is slow to read cannot keep us from reading.
    let reason = tokio::select! {
        reason = read(shared, connection, stream, timing.silence, &mut worked) => reason,
        reason = write(outbound, sink, timing.ping) => reason,
    };
    End { reason, worked }
}

/// Reads until something is wrong; `worked` tells whether anything right came.
async fn read(
    shared: &Shared,
    connection: u64,
    mut stream: impl Stream<Item = Result<Message, WsError>> + Unpin,
    silence: Duration,
    worked: &mut bool,
) -> String {
    loop {
        let message = match timeout(silence, stream.next()).await {
            Err(_) => return "the relay has fallen silent".into(),
            Ok(None) => return "the relay closed the connection".into(),
            Ok(Some(Err(error))) => return format!("the connection was lost: {error}"),
            Ok(Some(Ok(message))) => message,
        };
        let taken = match &message {
            Message::Binary(bytes) => shared.receive(connection, bytes),
            Message::Ping(_) | Message::Pong(_) => Ok(()),
            Message::Close(_) => return "the relay closed the connection".into(),
            Message::Text(_) | Message::Frame(_) => Err("text".into()),
        };
        if let Err(what) = taken {
            *worked = false;
            tracing::warn!(connection, %what, "the relay broke the protocol; connecting anew");
            return format!("the relay sent {what}");
        }
        *worked = true;
    }
}

/// Writes what is asked for, and pings.
async fn write(
    mut outbound: mpsc::UnboundedReceiver<Bytes>,
    mut sink: impl Sink<Message, Error = WsError> + Unpin,
    ping: Duration,
) -> String {
    let mut pings = interval_at(Instant::now() + ping, ping);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let message = tokio::select! {
            bytes = outbound.recv() => match bytes {
                Some(bytes) => Message::Binary(bytes),
                None => return "closed".into(),
            },
            _ = pings.tick() => Message::Ping(Bytes::new()),
        };
        if let Err(error) = sink.send(message).await {
            return format!("the connection was lost: {error}");
        }
    }
}
