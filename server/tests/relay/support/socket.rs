//! A WebSocket of the group plane, and a lane to write to.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use rand::RngExt;
use rustls::pki_types::ServerName;
use sealwire_protocol::frame::{
    self, Append, Appended, ClientBody, ClientFrame, CreateLog, Entries, Fetch, LaneState,
    ServerBody, ServerFrame, Subscribe,
};
use sealwire_protocol::ids::{EntryId, Lane as LaneId, LogId};
use sealwire_protocol::log::EntryKind;
use sealwire_protocol::problem::Code;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::{WebSocketStream, client_async};

use super::{Relay, mls};

const PATIENCE: Duration = Duration::from_secs(30);

pub struct Socket {
    stream: WebSocketStream<TlsStream<TcpStream>>,
    next: u64,
    pushed: VecDeque<Entries>,
}

/// What a member of a group knows of its newest lane.
#[derive(Clone)]
pub struct Lane {
    pub log: LogId,
    pub pass: [u8; 32],
    pub head: Option<EntryId>,
    pub cursor: u64,
}

impl Lane {
    pub fn new() -> Self {
        Self {
            log: LogId::random(&mut rand::rng()),
            pass: rand::rng().random(),
            head: None,
            cursor: 0,
        }
    }

    pub fn id(&self) -> LaneId {
        LaneId(sealwire_crypto::sha256(&[&self.pass]))
    }

    /// The lane that a commit with this pass would open.
    pub fn child(&self, pass: [u8; 32]) -> Self {
        Self {
            log: self.log,
            pass,
            head: None,
            cursor: 0,
        }
    }

    pub fn message(&self, fill: u8) -> Append {
        append_of(self, EntryKind::Application, fill, None)
    }

    pub fn commit(&self, fill: u8, child: &Lane) -> Append {
        append_of(self, EntryKind::Commit, fill, Some(child.id()))
    }
}

pub fn append_of(lane: &Lane, kind: EntryKind, fill: u8, next: Option<LaneId>) -> Append {
    let bytes = |id: &[u8]| Bytes::copy_from_slice(id);
    Append {
        log: bytes(lane.log.as_bytes()),
        pass: bytes(&lane.pass),
        kind: kind as u32,
        entry_id: bytes(EntryId::random(&mut rand::rng()).as_bytes()),
        head: lane
            .head
            .map_or(Bytes::new(), |head| bytes(head.as_bytes())),
        cursor: lane.cursor,
        next: next.map_or(Bytes::new(), |next| bytes(next.as_bytes())),
        payload: mls::private_message(&lane.log, kind, fill, 256),
    }
}

impl Relay {
    pub async fn tcp(&self) -> TlsStream<TcpStream> {
        let mut config = self.tls();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let tcp = TcpStream::connect(self.authority())
            .await
            .expect("connected");
        tcp.set_nodelay(true).expect("no delay");
        let name = ServerName::try_from("127.0.0.1").expect("a name");
        let connector = TlsConnector::from(Arc::new(config));
        connector.connect(name, tcp).await.expect("TLS")
    }

    pub async fn socket(&self) -> Socket {
        let url = format!("wss://{}/group/v1/ws", self.authority());
        let (stream, _) = client_async(url, self.tcp().await).await.expect("upgraded");
        Socket {
            stream,
            next: 1,
            pushed: VecDeque::new(),
        }
    }
}

impl Socket {
    /// Sends; whether the connection still stood.
    pub async fn try_send(&mut self, message: Message) -> bool {
        self.stream.send(message).await.is_ok()
    }

    /// Sends a request without waiting; its number.
    pub async fn start(&mut self, body: ClientBody) -> u64 {
        self.start_or_fail(body).await.expect("sent")
    }

    /// Sends a request if the connection still stands.
    pub async fn start_or_fail(&mut self, body: ClientBody) -> Option<u64> {
        let request = self.next;
        self.next += 1;
        let bytes = frame::encode(&ClientFrame {
            request,
            body: Some(body),
        });
        self.try_send(Message::Binary(bytes))
            .await
            .then_some(request)
    }

    /// The next frame, or `None` at the end of the connection.
    pub async fn receive(&mut self) -> Option<Result<ServerFrame, Option<CloseFrame>>> {
        loop {
            match timeout(PATIENCE, self.stream.next())
                .await
                .expect("in time")?
            {
                Ok(Message::Binary(bytes)) => {
                    return Some(Ok(frame::decode(&bytes).expect("canonical")));
                }
                Ok(Message::Close(close)) => return Some(Err(close)),
                Ok(_) => {}
                Err(_) => return None,
            }
        }
    }

    async fn frame(&mut self) -> ServerFrame {
        match self.receive().await {
            Some(Ok(frame)) => frame,
            Some(Err(close)) => panic!("closed: {close:?}"),
            None => panic!("the connection is gone"),
        }
    }

    /// Waits for the answer to a request; what is pushed meanwhile is kept.
    pub async fn answer(&mut self, request: u64) -> Result<ServerBody, (Code, u64)> {
        loop {
            let frame = self.frame().await;
            let body = frame.body.expect("a body");
            match (frame.request, body) {
                (0, ServerBody::Entries(entries)) => self.pushed.push_back(entries),
                (number, ServerBody::Problem(problem)) if number == request => {
                    assert!(!problem.detail.is_empty());
                    let code = Code::parse(&problem.code).expect("a known code");
                    return Err((code, problem.retry_after_ms));
                }
                (number, body) if number == request => return Ok(body),
                (number, body) => panic!("unexpected answer to {number}: {body:?}"),
            }
        }
    }

    pub async fn ask(&mut self, body: ClientBody) -> Result<ServerBody, (Code, u64)> {
        let request = self.start(body).await;
        self.answer(request).await
    }

    /// The code of a refusal.
    pub async fn refused(&mut self, body: ClientBody) -> Code {
        match self.ask(body).await {
            Err((code, _)) => code,
            Ok(body) => panic!("not refused: {body:?}"),
        }
    }

    /// Makes the log of a lane; its incarnation.
    pub async fn create(&mut self, lane: &Lane) -> Bytes {
        match self.ask(create_of(lane)).await {
            Ok(ServerBody::Created(created)) => created.incarnation,
            other => panic!("not created: {other:?}"),
        }
    }

    pub async fn append(&mut self, append: &Append) -> Appended {
        match self.ask(ClientBody::Append(append.clone())).await {
            Ok(ServerBody::Appended(appended)) => appended,
            other => panic!("not appended: {other:?}"),
        }
    }

    pub async fn append_refused(&mut self, append: &Append) -> Code {
        self.refused(ClientBody::Append(append.clone())).await
    }

    pub async fn stale(&mut self, append: &Append) -> Entries {
        match self.ask(ClientBody::Append(append.clone())).await {
            Ok(ServerBody::StaleHead(entries)) => entries,
            other => panic!("not stale: {other:?}"),
        }
    }

    pub async fn fetch(&mut self, lane: &Lane, after: u64, limit: u32) -> Entries {
        match self.ask(fetch_of(lane, after, limit)).await {
            Ok(ServerBody::Entries(entries)) => entries,
            other => panic!("not fetched: {other:?}"),
        }
    }

    pub async fn subscribe(&mut self, lane: &Lane, after: u64) -> LaneState {
        match self.ask(subscribe_of(lane, after)).await {
            Ok(ServerBody::Subscribed(state)) => state,
            other => panic!("not subscribed: {other:?}"),
        }
    }

    /// The next entries pushed.
    pub async fn pushed(&mut self) -> Entries {
        if let Some(entries) = self.pushed.pop_front() {
            return entries;
        }
        let frame = self.frame().await;
        match (frame.request, frame.body) {
            (0, Some(ServerBody::Entries(entries))) => entries,
            other => panic!("not pushed: {other:?}"),
        }
    }

    /// Everything pushed of one lane up to `last`; checks that it is contiguous from `after`.
    pub async fn pushed_until(&mut self, after: u64, last: u64) -> Vec<frame::Entry> {
        let mut all = Vec::new();
        let mut seq = after;
        while seq < last {
            for entry in self.pushed().await.entries {
                assert_eq!(entry.seq, seq + 1, "a gap or a repeat");
                seq = entry.seq;
                all.push(entry);
            }
        }
        all
    }
}

pub fn create_of(lane: &Lane) -> ClientBody {
    ClientBody::Create(CreateLog {
        log: Bytes::copy_from_slice(lane.log.as_bytes()),
        lane: Bytes::copy_from_slice(lane.id().as_bytes()),
        retention_days: 30,
    })
}

pub fn fetch_of(lane: &Lane, after: u64, limit: u32) -> ClientBody {
    ClientBody::Fetch(Fetch {
        log: Bytes::copy_from_slice(lane.log.as_bytes()),
        pass: Bytes::copy_from_slice(&lane.pass),
        after,
        limit,
    })
}

pub fn subscribe_of(lane: &Lane, after: u64) -> ClientBody {
    ClientBody::Subscribe(Subscribe {
        log: Bytes::copy_from_slice(lane.log.as_bytes()),
        pass: Bytes::copy_from_slice(&lane.pass),
        after,
    })
}
