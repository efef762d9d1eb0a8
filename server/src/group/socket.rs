//! One WebSocket of the group plane.
//!
//! One task per connection writes what its outbox holds, reads requests, and between them reads
//! stored entries for subscriptions that are catching up, a page at a time, so that neither
//! blocks the other for long. An idle connection holds a task, a 4 KiB read buffer and no more.

use std::collections::{HashSet, VecDeque};
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::extract::{Extension, FromRequestParts, Request, State};
use axum::response::Response;
use bytes::Bytes;
use futures_util::SinkExt;
use sealwire_protocol::frame::{
    self, Append, Broadcast, Broadcasted, ClientBody, ClientFrame, Created, Entries, ServerBody,
    ServerFrame, Unsubscribed,
};
use sealwire_protocol::limits::{MAX_ENTRIES_PER_FETCH, MAX_ENTRY};
use sealwire_protocol::problem::Code;
use tokio::time::{MissedTickBehavior, timeout};

use super::GroupPlane;
use super::hub::{self, PUSH_BYTES};
use super::outbox::{Item, Outbox};
use super::request;
use super::store::{Appended, LaneKey, PageLimit};
use crate::config::Config;
use crate::gate::Permit;
use crate::rate::{Bucket, Rate};
use crate::refusal::{Answer, Refusal};

/// Requests handed on and not answered, beyond which a connection is not read.
const IN_FLIGHT: usize = 64;
/// Longest message from a client: an append, whose payload is checked against its own bound.
const MAX_REQUEST: usize = 2 * MAX_ENTRY;
/// Frames are gathered up to this before they are written.
const WRITE_BUFFER: usize = 8 * 1024;
/// Signals of one connection; a person writes into one conversation at a time.
const SIGNALS: Rate = Rate {
    interval: Duration::from_secs(1),
    burst: 10,
};
/// Bytes of payload in one answer to a fetch.
const FETCH_BYTES: usize = 1024 * 1024;

/// Bounds of every socket.
#[derive(Clone, Copy)]
pub(super) struct SocketLimits {
    frames: Rate,
    subscriptions: usize,
    queue_frames: usize,
    queue_bytes: usize,
    idle: Duration,
    write: Duration,
}

impl SocketLimits {
    pub(super) fn new(config: &Config) -> Self {
        let limits = &config.limits;
        Self {
            frames: Rate::per_second(limits.frames_per_second, limits.frame_burst),
            subscriptions: limits.subscriptions,
            queue_frames: limits.queue_frames,
            queue_bytes: limits.queue_kib * 1024,
            idle: Duration::from_secs(config.timeouts.idle_s.max(2)),
            write: Duration::from_secs(config.timeouts.write_s.max(1)),
        }
    }
}

/// `GET /group/v1/ws`
pub(super) async fn upgrade(
    State(plane): State<Arc<GroupPlane>>,
    Extension(permit): Extension<Arc<Permit>>,
    request: Request,
) -> Answer<Response> {
    let (mut parts, _) = request.into_parts();
    let upgrade = WebSocketUpgrade::from_request_parts(&mut parts, &())
        .await
        .map_err(|_| {
            Refusal::malformed("This route speaks WebSocket (RFC 6455) over HTTP/1.1 only.")
        })?;
    Ok(upgrade
        .read_buffer_size(4096)
        .write_buffer_size(WRITE_BUFFER)
        .max_message_size(MAX_REQUEST)
        .max_frame_size(MAX_REQUEST)
        .on_upgrade(move |socket| {
            let tracked = plane.sockets.token();
            async move {
                serve(socket, plane).await;
                drop((permit, tracked));
            }
        }))
}

/// Why a connection ends.
enum End {
    /// The other side is gone, or does not take what is written.
    Gone,
    /// We say why.
    Close(u16, Code),
}

struct Connection {
    plane: Arc<GroupPlane>,
    outbox: Arc<Outbox>,
    subscribed: HashSet<LaneKey>,
    catching_up: VecDeque<LaneKey>,
    bucket: Bucket,
    signals: Bucket,
    heard: Instant,
}

async fn serve(mut socket: WebSocket, plane: Arc<GroupPlane>) {
    let limits = plane.limits;
    let mut connection = Connection {
        outbox: Arc::new(Outbox::new(limits.queue_frames, limits.queue_bytes)),
        plane,
        subscribed: HashSet::new(),
        catching_up: VecDeque::new(),
        bucket: Bucket::full(Instant::now()),
        signals: Bucket::full(Instant::now()),
        heard: Instant::now(),
    };
    let end = connection.run(&mut socket).await;
    if let End::Close(code, reason) = end {
        let close = Message::Close(Some(CloseFrame {
            code,
            reason: reason.as_str().into(),
        }));
        // The other side may be gone already.
        drop(timeout(Duration::from_secs(1), socket.send(close)).await);
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        for key in &self.subscribed {
            self.plane.hub.unsubscribe(key, &self.outbox);
        }
    }
}

impl Connection {
    async fn run(&mut self, socket: &mut WebSocket) -> End {
        // Made once: every new one would take a lock that all connections share.
        let drain = self.plane.drain.clone();
        let mut drained = pin!(drain.cancelled());
        let mut ticks = tokio::time::interval(self.plane.limits.idle / 2);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        ticks.tick().await;
        loop {
            let outbox = Arc::clone(&self.outbox);
            let reading = outbox.in_flight() < IN_FLIGHT;
            let stepped = tokio::select! {
                biased;
                () = &mut drained => Err(End::Close(close_code::AWAY, Code::Unavailable)),
                () = outbox.ready() => self.write_waiting(socket).await,
                message = socket.recv(), if reading => match message {
                    Some(Ok(message)) => Box::pin(self.receive(socket, message)).await,
                    Some(Err(error)) => Err(read_failure(error)),
                    None => Err(End::Gone),
                },
                _ = ticks.tick() => self.tick(socket).await,
                () = std::future::ready(()), if !self.catching_up.is_empty() => {
                    Box::pin(self.catch_up(socket)).await
                }
            };
            if let Err(end) = stepped {
                return end;
            }
        }
    }

    /// Writes everything that waits, with one flush.
    async fn write_waiting(&mut self, socket: &mut WebSocket) -> Result<(), End> {
        let taken = self.outbox.take();
        if taken.too_slow {
            return Err(End::Close(close_code::AGAIN, Code::Unavailable));
        }
        let mut frames = Vec::with_capacity(taken.items.len());
        for item in taken.items {
            match item {
                Item::Frame(bytes) => frames.push(bytes),
                Item::CatchUp(key) => self.catching_up.push_back(key),
            }
        }
        self.write(socket, frames).await
    }

    async fn write(&self, socket: &mut WebSocket, frames: Vec<Bytes>) -> Result<(), End> {
        if frames.is_empty() {
            return Ok(());
        }
        let work = async {
            for bytes in frames {
                socket.feed(Message::Binary(bytes)).await?;
            }
            socket.flush().await
        };
        match timeout(self.plane.limits.write, work).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(End::Gone),
            Err(_) => Err(End::Close(close_code::AGAIN, Code::Unavailable)),
        }
    }

    async fn tick(&mut self, socket: &mut WebSocket) -> Result<(), End> {
        let silence = self.heard.elapsed();
        let idle = self.plane.limits.idle;
        if silence >= idle {
            return Err(End::Gone);
        }
        if silence >= idle / 3 {
            let ping = socket.send(Message::Ping(Bytes::new()));
            if !matches!(timeout(self.plane.limits.write, ping).await, Ok(Ok(()))) {
                return Err(End::Gone);
            }
        }
        Ok(())
    }

    async fn receive(&mut self, socket: &mut WebSocket, message: Message) -> Result<(), End> {
        self.heard = Instant::now();
        match message {
            Message::Binary(bytes) => self.frame(socket, &bytes).await,
            Message::Ping(_) | Message::Pong(_) => Ok(()),
            Message::Close(_) => Err(End::Gone),
            Message::Text(_) => Err(End::Close(close_code::UNSUPPORTED, Code::Malformed)),
        }
    }

    async fn frame(&mut self, socket: &mut WebSocket, bytes: &Bytes) -> Result<(), End> {
        // Without a request number there is no answer that the client could place.
        let broken = End::Close(close_code::PROTOCOL, Code::Malformed);
        let Ok(ClientFrame { request, body }) = frame::decode(bytes) else {
            return Err(broken);
        };
        let (1.., Some(body)) = (request, body) else {
            return Err(broken);
        };
        let limited = self.bucket.take(self.plane.limits.frames, Instant::now());
        let answered = match limited {
            Err(wait) => Err(Refusal::new(
                Code::RateLimited,
                "Too many requests on this connection; wait and try again.",
            )
            .after(wait)),
            Ok(()) => self.request(request, body).await,
        };
        let body = match answered {
            Ok(None) => return Ok(()),
            Ok(Some(body)) => body,
            Err(refusal) => ServerBody::Problem(refusal.to_wire()),
        };
        self.write(socket, vec![answer(request, body)]).await
    }

    /// Does what is asked; `None` if the answer comes through the outbox.
    async fn request(&mut self, request: u64, body: ClientBody) -> Answer<Option<ServerBody>> {
        let plane = Arc::clone(&self.plane);
        let body = match body {
            ClientBody::Append(append) => {
                self.append(request, append)?;
                return Ok(None);
            }
            ClientBody::Create(create) => {
                let incarnation = plane.store.create(request::create(&create)?).await?;
                ServerBody::Created(Created {
                    incarnation: Bytes::copy_from_slice(incarnation.as_bytes()),
                })
            }
            ClientBody::Subscribe(subscribe) => {
                let (key, after) = request::subscribe(&subscribe)?;
                self.subscribe(key, after).await?
            }
            ClientBody::Unsubscribe(unsubscribe) => {
                let key = request::unsubscribe(&unsubscribe)?;
                if self.subscribed.remove(&key) {
                    plane.hub.unsubscribe(&key, &self.outbox);
                }
                ServerBody::Unsubscribed(Unsubscribed {})
            }
            ClientBody::Fetch(fetch) => {
                let (key, after, entries) = request::fetch(&fetch)?;
                ServerBody::Entries(read(&plane, key, after, entries).await?)
            }
            ClientBody::Broadcast(broadcast) => {
                self.broadcast(broadcast)?;
                ServerBody::Broadcasted(Broadcasted {})
            }
        };
        Ok(Some(body))
    }

    fn append(&self, request: u64, append: Append) -> Answer<()> {
        let entry = request::append(append)?;
        let (key, cursor) = (entry.key, entry.cursor);
        let (plane, outbox) = (Arc::clone(&self.plane), Arc::clone(&self.outbox));
        outbox.begin();
        let done = move |appended: Answer<Appended>| match appended {
            Ok(Appended::At {
                seq,
                received_at,
                state,
            }) => {
                let body = ServerBody::Appended(frame::Appended {
                    seq,
                    received_at,
                    lane: state,
                });
                outbox.answer(answer(request, body));
            }
            Ok(Appended::StaleHead) => {
                tokio::spawn(async move {
                    let body = match read(&plane, key, cursor, MAX_ENTRIES_PER_FETCH).await {
                        Ok(entries) => ServerBody::StaleHead(entries),
                        Err(refusal) => ServerBody::Problem(refusal.to_wire()),
                    };
                    outbox.answer(answer(request, body));
                });
            }
            Err(refusal) => {
                outbox.answer(answer(request, ServerBody::Problem(refusal.to_wire())));
            }
        };
        self.plane.store.append(entry, Box::new(done));
        Ok(())
    }

    fn broadcast(&mut self, broadcast: Broadcast) -> Answer<()> {
        let (key, payload) = request::broadcast(broadcast)?;
        let slow =
            |wait| Refusal::new(Code::RateLimited, "Too many signals; leave some out.").after(wait);
        self.signals.take(SIGNALS, Instant::now()).map_err(slow)?;
        if self.plane.hub.broadcast(&key, &self.outbox, payload) {
            return Ok(());
        }
        Err(Refusal::new(
            Code::LaneUnknown,
            "Subscribe to the lane first; signals go among its subscribers.",
        ))
    }

    async fn subscribe(&mut self, key: LaneKey, after: u64) -> Answer<ServerBody> {
        let limits = self.plane.limits;
        if !self.subscribed.contains(&key) && self.subscribed.len() >= limits.subscriptions {
            return Err(Refusal::new(
                Code::TooLarge,
                format!(
                    "One connection subscribes to at most {} lanes; open another.",
                    limits.subscriptions
                ),
            ));
        }
        let nothing = PageLimit {
            entries: 0,
            bytes: 0,
        };
        let state = self.plane.store.read(key, after, nothing).await?.state;
        self.plane.hub.subscribe(key, &self.outbox, after);
        self.subscribed.insert(key);
        self.catching_up.push_back(key);
        Ok(ServerBody::Subscribed(state))
    }

    /// Writes one page of stored entries of one lane.
    async fn catch_up(&mut self, socket: &mut WebSocket) -> Result<(), End> {
        let Some(key) = self.catching_up.pop_front() else {
            return Ok(());
        };
        let Some(sent) = self.plane.hub.catching_up(&key, &self.outbox) else {
            return Ok(());
        };
        let limit = PageLimit {
            entries: MAX_ENTRIES_PER_FETCH,
            bytes: PUSH_BYTES,
        };
        match self.plane.store.read(key, sent, limit).await {
            Ok(page) => {
                let last = page.entries.last().map_or(sent, |entry| entry.seq);
                let at_end = last >= page.state.newest;
                if !page.entries.is_empty() {
                    let frame = hub::push(key, page.entries);
                    self.write(socket, vec![frame]).await?;
                }
                if !self.plane.hub.caught_up(&key, &self.outbox, last, at_end) {
                    self.catching_up.push_back(key);
                }
                Ok(())
            }
            // The subscription cannot go on without a gap; a new one gets a clear answer.
            Err(refusal) => Err(End::Close(close_code::AGAIN, refusal.code())),
        }
    }
}

async fn read(plane: &GroupPlane, key: LaneKey, after: u64, entries: u32) -> Answer<Entries> {
    let limit = PageLimit {
        entries,
        bytes: FETCH_BYTES,
    };
    let page = plane.store.read(key, after, limit).await?;
    Ok(Entries {
        log: Bytes::copy_from_slice(key.log.as_bytes()),
        lane: Bytes::copy_from_slice(key.lane.as_bytes()),
        entries: page.entries,
        state: Some(page.state),
    })
}

fn answer(request: u64, body: ServerBody) -> Bytes {
    frame::encode(&ServerFrame {
        request,
        body: Some(body),
    })
}

/// Tells a client that broke a rule of WebSocket which; the others are gone.
fn read_failure(error: axum::Error) -> End {
    let text = error.to_string();
    if text.contains("too long") {
        End::Close(close_code::SIZE, Code::TooLarge)
    } else {
        End::Gone
    }
}
