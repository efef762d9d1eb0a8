//! The group socket: one WebSocket that comes back by itself.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use sealwire_protocol::frame::{
    self, ClientBody, ClientFrame, Entries, Ephemeral, ServerBody, ServerFrame, WireProblem,
};
use sealwire_protocol::ids::LogId;
use sealwire_protocol::limits::MAX_FRAME;
use sealwire_protocol::problem::{Code, Problem};
use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio::time::timeout;

use super::connection::{self, Timing};
use super::refusal::presentable;
use super::tls::Endpoint;
use crate::error::CoreError;

/// Whether the relay can be reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LinkState {
    /// Not connected, and why, in words.
    Offline(String),
    /// Connected; the number grows with every connection. Subscriptions of an earlier one are
    /// gone.
    Online(u64),
}

/// What the relay sent by itself.
#[derive(Debug)]
pub(crate) struct Push {
    /// The connection it came on, as in [`LinkState::Online`]. Pushes of an earlier connection
    /// may still wait in the channel when the next one stands; skip them by this number.
    pub(crate) connection: u64,
    /// What came.
    pub(crate) pushed: Pushed,
}

/// Of a lane that is subscribed to.
#[derive(Debug)]
pub(crate) enum Pushed {
    /// Entries.
    Entries(Entries),
    /// A signal.
    Ephemeral(Ephemeral),
}

/// Why a request has no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NetError {
    /// No connection, or it ended before the answer came: the outcome is unknown.
    #[error("the connection to the relay was lost")]
    Disconnected,
    /// The relay refused.
    #[error("the relay refused: {}", .0.title)]
    Refused(Problem),
    /// The request or the answer breaks the protocol.
    #[error("{0}")]
    Protocol(String),
}

impl From<NetError> for CoreError {
    fn from(error: NetError) -> Self {
        match error {
            NetError::Disconnected => Self::network(error),
            NetError::Refused(problem) => Self::from_problem(&problem),
            NetError::Protocol(what) => Self::new(
                crate::error::ErrorKind::Io,
                "relay_malformed",
                what,
                "check that relay and client are of versions that fit, then repeat",
            ),
        }
    }
}

/// The socket; clones are the same socket, and the last one to go ends it.
#[derive(Clone)]
pub(crate) struct GroupSocket(Arc<Owner>);

/// Ends the task when nobody is left to use it.
struct Owner(Arc<Shared>);

impl Drop for Owner {
    fn drop(&mut self) {
        self.0.stop();
    }
}

/// What the users of the socket and its task share.
pub(super) struct Shared {
    link: Mutex<Link>,
    routes: Mutex<HashMap<LogId, mpsc::UnboundedSender<Push>>>,
    state: watch::Sender<LinkState>,
    stopped: Notify,
    anew: Notify,
    timing: Timing,
}

#[derive(Default)]
struct Link {
    up: Option<Up>,
    connections: u64,
    last_request: u64,
    closed: bool,
}

/// A standing connection.
struct Up {
    outbound: mpsc::UnboundedSender<Bytes>,
    waiting: HashMap<u64, oneshot::Sender<ServerBody>>,
}

impl GroupSocket {
    /// Starts connecting, and keeps at it until [`GroupSocket::shutdown`]. Waits `reconnect_ms`
    /// after a lost connection, doubled up to a minute. Needs a tokio runtime.
    pub(crate) fn spawn(endpoint: Endpoint, reconnect_ms: u64) -> Self {
        Self::spawn_with(endpoint, Timing::new(reconnect_ms))
    }

    pub(super) fn spawn_with(endpoint: Endpoint, timing: Timing) -> Self {
        let connecting = LinkState::Offline(format!("connecting to {}", endpoint.address));
        let shared = Arc::new(Shared {
            link: Mutex::default(),
            routes: Mutex::default(),
            state: watch::Sender::new(connecting),
            stopped: Notify::new(),
            anew: Notify::new(),
            timing,
        });
        tokio::spawn(connection::keep(Arc::clone(&shared), endpoint, timing));
        Self(Arc::new(Owner(shared)))
    }

    /// Asks the relay. Waits up to 30 s for a connection, then up to 30 s for the answer.
    ///
    /// # Errors
    /// [`NetError`]; a refusal by the relay is one of them. Dropping the future leaves the
    /// outcome unknown.
    pub(crate) async fn request(&self, body: ClientBody) -> Result<ServerBody, NetError> {
        let shared = &self.0.0;
        let (waiting, answer) = timeout(shared.timing.patience, shared.send_when_online(body))
            .await
            .map_err(|_| NetError::Disconnected)??;
        let answer = timeout(shared.timing.patience, answer).await;
        drop(waiting);
        match answer {
            Ok(Ok(ServerBody::Problem(problem))) => Err(NetError::Refused(from_wire(problem))),
            Ok(Ok(body)) => Ok(body),
            Ok(Err(_)) | Err(_) => Err(NetError::Disconnected),
        }
    }

    /// Receives what the relay pushes of a log, until [`GroupSocket::unregister`] or the next
    /// registration of the same log. Register first and subscribe then: pushes that come before
    /// the registration are dropped, and some may come before the answer to the subscription.
    pub(crate) fn register(&self, log: LogId) -> mpsc::UnboundedReceiver<Push> {
        let (sender, receiver) = mpsc::unbounded_channel();
        lock(&self.0.0.routes).insert(log, sender);
        receiver
    }

    /// Stops receiving what is pushed of a log.
    pub(crate) fn unregister(&self, log: &LogId) {
        lock(&self.0.0.routes).remove(log);
    }

    /// The state of the connection, as it changes.
    pub(crate) fn state(&self) -> watch::Receiver<LinkState> {
        self.0.0.state.subscribe()
    }

    /// Connects anew at once, even if a connection seems to stand: after a sleep of the machine it
    /// does not, and only silence would tell.
    pub(crate) fn reconnect(&self) {
        // One permit is kept if the task is not waiting just now.
        self.0.0.anew.notify_one();
    }

    /// Ends the socket for good; requests in flight get [`NetError::Disconnected`].
    pub(crate) fn shutdown(&self) {
        self.0.0.stop();
    }
}

/// Forgets a request when its future ends or is dropped.
struct Waiting<'a> {
    shared: &'a Shared,
    request: u64,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if let Some(up) = lock(&self.shared.link).up.as_mut() {
            up.waiting.remove(&self.request);
        }
    }
}

impl Shared {
    async fn send_when_online(
        &self,
        body: ClientBody,
    ) -> Result<(Waiting<'_>, oneshot::Receiver<ServerBody>), NetError> {
        let mut state = self.state.subscribe();
        let mut frame = ClientFrame {
            request: 0,
            body: Some(body),
        };
        loop {
            if let Some(sent) = self.try_send(&mut frame)? {
                return Ok(sent);
            }
            // The sender lives as long as `self`.
            state.changed().await.map_err(|_| NetError::Disconnected)?;
        }
    }

    fn try_send(
        &self,
        frame: &mut ClientFrame,
    ) -> Result<Option<(Waiting<'_>, oneshot::Receiver<ServerBody>)>, NetError> {
        let mut link = lock(&self.link);
        if link.closed {
            return Err(NetError::Disconnected);
        }
        link.last_request += 1;
        let request = link.last_request;
        let Some(up) = link.up.as_mut() else {
            return Ok(None);
        };
        frame.request = request;
        let bytes = frame::encode(frame);
        if bytes.len() > MAX_FRAME {
            return Err(NetError::Protocol(format!(
                "a request of {} bytes is more than a relay takes",
                bytes.len()
            )));
        }
        let (sender, receiver) = oneshot::channel();
        if up.outbound.send(bytes).is_err() {
            // The connection has just ended; the state says so in a moment.
            return Ok(None);
        }
        up.waiting.insert(request, sender);
        let waiting = Waiting {
            shared: self,
            request,
        };
        Ok(Some((waiting, receiver)))
    }

    /// A connection stands: requests may go, and then everybody hears of it.
    pub(super) fn online(&self) -> Option<(u64, mpsc::UnboundedReceiver<Bytes>)> {
        let (outbound, queue) = mpsc::unbounded_channel();
        let mut link = lock(&self.link);
        if link.closed {
            return None;
        }
        link.connections += 1;
        link.up = Some(Up {
            outbound,
            waiting: HashMap::new(),
        });
        self.state.send_replace(LinkState::Online(link.connections));
        Some((link.connections, queue))
    }

    /// The connection is gone, or could not be made. Every waiting request ends.
    pub(super) fn offline(&self, reason: String) {
        let mut link = lock(&self.link);
        link.up = None;
        let reason = if link.closed { "closed".into() } else { reason };
        self.state.send_replace(LinkState::Offline(reason));
    }

    fn stop(&self) {
        let mut link = lock(&self.link);
        link.closed = true;
        link.up = None;
        self.state.send_replace(LinkState::Offline("closed".into()));
        // One permit is kept if the task is not waiting just now.
        self.stopped.notify_one();
    }

    /// Resolves once the socket is shut down.
    pub(super) async fn stopped(&self) {
        self.stopped.notified().await;
    }

    /// Resolves once somebody wants a new connection.
    pub(super) async fn asked_anew(&self) {
        self.anew.notified().await;
    }

    /// Takes one message of the relay to whom it is for.
    ///
    /// # Errors
    /// Says what is malformed; the connection is then of no use.
    pub(super) fn receive(&self, connection: u64, bytes: &Bytes) -> Result<(), String> {
        let frame: ServerFrame = frame::decode(bytes).map_err(|error| error.to_string())?;
        let body = frame.body.ok_or("a frame without a body")?;
        if frame.request != 0 {
            let mut link = lock(&self.link);
            if frame.request > link.last_request {
                return Err("an answer to a request that was never sent".into());
            }
            let waiting = link.up.as_mut().map(|up| &mut up.waiting);
            // Nobody waits any more for an answer that took too long.
            if let Some(sender) = waiting.and_then(|waiting| waiting.remove(&frame.request)) {
                let _ = sender.send(body);
            }
            return Ok(());
        }
        match body {
            ServerBody::Entries(entries) => {
                let log = entries.log.clone();
                self.push(connection, &log, Pushed::Entries(entries))
            }
            ServerBody::Ephemeral(signal) => {
                let log = signal.log.clone();
                self.push(connection, &log, Pushed::Ephemeral(signal))
            }
            ServerBody::Problem(problem) => Err(format!(
                "a refusal of the connection: {}",
                from_wire(problem).detail
            )),
            _ => Err("an answer to no request".into()),
        }
    }

    fn push(&self, connection: u64, log: &[u8], pushed: Pushed) -> Result<(), String> {
        let log = LogId::from_slice(log).map_err(|error| error.to_string())?;
        let mut routes = lock(&self.routes);
        if let Some(route) = routes.get(&log) {
            let push = Push { connection, pushed };
            if route.send(push).is_err() {
                routes.remove(&log);
            }
        }
        Ok(())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The same refusal as the account plane gives. A code of a newer relay keeps its name.
fn from_wire(wire: WireProblem) -> Problem {
    let title = Code::parse(&wire.code).map_or(wire.code.clone(), |code| code.title().into());
    presentable(Problem {
        kind: format!("{}{}", Problem::TYPE_PREFIX, wire.code),
        title,
        status: u16::try_from(wire.status).unwrap_or(500),
        retry_after_ms: (wire.retry_after_ms > 0).then_some(wire.retry_after_ms),
        detail: wire.detail,
    })
}
