use std::time::Duration;

use axum::body::Bytes;
use futures_util::{SinkExt, StreamExt};
use sealwire_protocol::frame::{
    self, ClientBody, ClientFrame, Entries, Fetch, ServerBody, ServerFrame, Unsubscribed,
    WireProblem,
};
use sealwire_protocol::ids::LogId;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_rustls::server::TlsStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use super::{Identity, TestRelay};
use crate::error::{CoreError, ErrorKind};
use crate::net::connection::Timing;
use crate::net::{GroupSocket, LinkState, NetError, Push, Pushed};

const LOG: LogId = LogId([1; 32]);
const OTHER: LogId = LogId([2; 32]);
const SOON: Duration = Duration::from_secs(10);

type Socket = WebSocketStream<TlsStream<TcpStream>>;

/// A relay that hands each WebSocket connection to the test.
async fn relay() -> (TestRelay, mpsc::UnboundedReceiver<Socket>) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let relay = TestRelay::start(move |_, stream| {
        let sender = sender.clone();
        async move {
            if let Ok(socket) = tokio_tungstenite::accept_async(stream).await {
                let _ = sender.send(socket);
            }
        }
    })
    .await;
    (relay, receiver)
}

fn quick() -> Timing {
    Timing {
        reconnect: Duration::from_millis(20),
        ping: Duration::from_millis(100),
        silence: Duration::from_secs(5),
        patience: Duration::from_secs(5),
    }
}

fn spawn(relay: &TestRelay) -> GroupSocket {
    GroupSocket::spawn_with(relay.endpoint.clone(), quick())
}

fn fetch(after: u64) -> ClientBody {
    ClientBody::Fetch(Fetch {
        log: Bytes::copy_from_slice(LOG.as_bytes()),
        pass: Bytes::from_static(&[0; 32]),
        after,
        limit: 1,
    })
}

fn entries(log: LogId, lane: u8) -> Entries {
    Entries {
        log: Bytes::copy_from_slice(log.as_bytes()),
        lane: Bytes::copy_from_slice(&[lane; 32]),
        entries: Vec::new(),
        state: None,
    }
}

async fn next_request(socket: &mut Socket) -> ClientFrame {
    loop {
        if let Message::Binary(bytes) = soon(socket.next()).await.unwrap().unwrap() {
            return frame::decode(&bytes).unwrap();
        }
    }
}

async fn answer(socket: &mut Socket, request: u64, body: ServerBody) {
    let body = Some(body);
    let bytes = frame::encode(&ServerFrame { request, body });
    socket.send(Message::Binary(bytes)).await.unwrap();
}

async fn soon<T>(future: impl Future<Output = T>) -> T {
    timeout(SOON, future).await.expect("takes too long")
}

async fn online(socket: &GroupSocket, number: u64) {
    let mut state = socket.state();
    let wanted = |state: &LinkState| matches!(state, LinkState::Online(n) if *n >= number);
    soon(state.wait_for(wanted)).await.unwrap();
}

async fn offline(socket: &GroupSocket, words: &str) -> String {
    let mut state = socket.state();
    let wanted =
        |state: &LinkState| matches!(state, LinkState::Offline(why) if why.contains(words));
    match &*soon(state.wait_for(wanted)).await.unwrap() {
        LinkState::Offline(why) => why.clone(),
        LinkState::Online(_) => unreachable!(),
    }
}

#[tokio::test]
async fn answers_find_their_requests_in_any_order() {
    let (relay, mut sockets) = relay().await;
    let socket = spawn(&relay);
    let calls: Vec<_> = (0..50)
        .map(|i| {
            let socket = socket.clone();
            tokio::spawn(async move { socket.request(fetch(i)).await })
        })
        .collect();
    let mut peer = soon(sockets.recv()).await.unwrap();
    let mut requests = Vec::new();
    for _ in 0..50 {
        requests.push(next_request(&mut peer).await);
    }
    for request in requests.into_iter().rev() {
        let Some(ClientBody::Fetch(asked)) = request.body else {
            panic!("not a fetch");
        };
        let lane = u8::try_from(asked.after).unwrap();
        let body = ServerBody::Entries(entries(LOG, lane));
        answer(&mut peer, request.request, body).await;
    }
    for (i, call) in (0u8..).zip(calls) {
        let Ok(ServerBody::Entries(got)) = soon(call).await.unwrap() else {
            panic!("no entries");
        };
        assert_eq!(got.lane[..], [i; 32]);
    }
}

#[tokio::test]
async fn a_refusal_keeps_its_words() {
    let (relay, mut sockets) = relay().await;
    let socket = spawn(&relay);
    let asking = tokio::spawn(async move { socket.request(fetch(0)).await });
    let mut peer = soon(sockets.recv()).await.unwrap();
    let request = next_request(&mut peer).await.request;
    let refusal = WireProblem {
        code: "commit_rate".into(),
        status: 429,
        detail: "wait two seconds".into(),
        retry_after_ms: 2000,
    };
    answer(&mut peer, request, ServerBody::Problem(refusal)).await;
    let error = CoreError::from(soon(asking).await.unwrap().unwrap_err());
    assert_eq!(error.kind, ErrorKind::RateLimited);
    assert_eq!(error.retry_after_ms, Some(2000));
    assert_eq!(error.message, "the relay refused: Too many commits");
    assert_eq!(error.hint, "wait two seconds");
}

#[tokio::test]
async fn a_lost_connection_ends_requests_and_comes_back() {
    let (relay, mut sockets) = relay().await;
    let socket = spawn(&relay);
    let mut pushes = socket.register(LOG);
    let asking = {
        let socket = socket.clone();
        tokio::spawn(async move { socket.request(fetch(0)).await })
    };
    let mut first = soon(sockets.recv()).await.unwrap();
    next_request(&mut first).await;
    answer(&mut first, 0, ServerBody::Entries(entries(LOG, 1))).await;
    answer(&mut first, 0, ServerBody::Entries(entries(OTHER, 9))).await;
    while pushes.is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    drop(first);
    assert!(matches!(
        soon(asking).await.unwrap(),
        Err(NetError::Disconnected)
    ));
    online(&socket, 2).await;
    let mut second = soon(sockets.recv()).await.unwrap();
    answer(&mut second, 0, ServerBody::Entries(entries(LOG, 2))).await;
    // Each push says on which connection it came, and only those of the log arrive.
    let (old, new) = (
        soon(pushes.recv()).await.unwrap(),
        soon(pushes.recv()).await.unwrap(),
    );
    let lane = |push: &Push| match &push.pushed {
        Pushed::Entries(entries) => entries.lane[0],
        Pushed::Ephemeral(_) => 0,
    };
    assert_eq!((old.connection, lane(&old)), (1, 1));
    assert_eq!((new.connection, lane(&new)), (2, 2));
    socket.unregister(&LOG);
    assert!(soon(pushes.recv()).await.is_none());
    assert!(relay.seen().iter().all(|seen| !seen.resumed));
}

#[tokio::test]
async fn malformed_frames_end_the_connection() {
    let (relay, mut sockets) = relay().await;
    let socket = spawn(&relay);
    let bad = [
        Message::Text("hello".into()),
        Message::Binary(Bytes::from_static(&[0xff; 8])),
        // No body.
        Message::Binary(frame::encode(&ServerFrame {
            request: 1,
            body: None,
        })),
        // Never asked.
        Message::Binary(frame::encode(&ServerFrame {
            request: 77,
            body: Some(ServerBody::Unsubscribed(Unsubscribed {})),
        })),
        // A log id of the wrong length.
        Message::Binary(frame::encode(&ServerFrame {
            request: 0,
            body: Some(ServerBody::Entries(Entries::default())),
        })),
    ];
    for message in bad {
        let mut peer = soon(sockets.recv()).await.unwrap();
        peer.send(message).await.unwrap();
        let closed = soon(async {
            while let Some(Ok(message)) = peer.next().await {
                assert!(!matches!(message, Message::Binary(_)));
            }
        });
        closed.await;
    }
    let mut peer = soon(sockets.recv()).await.unwrap();
    let asking = tokio::spawn(async move { socket.request(fetch(0)).await });
    let request = next_request(&mut peer).await.request;
    answer(&mut peer, request, ServerBody::Entries(entries(LOG, 0))).await;
    soon(asking).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_silent_relay_is_left_and_a_quiet_one_is_not() {
    let (relay, mut sockets) = relay().await;
    let timing = Timing {
        silence: Duration::from_millis(500),
        ..quick()
    };
    let socket = GroupSocket::spawn_with(relay.endpoint.clone(), timing);
    // Never read, so no ping is answered.
    let silent = soon(sockets.recv()).await.unwrap();
    offline(&socket, "silent").await;
    drop(silent);
    let mut quiet = soon(sockets.recv()).await.unwrap();
    let stayed = timeout(Duration::from_millis(1200), async {
        while let Some(Ok(_)) = quiet.next().await {}
    });
    assert!(stayed.await.is_err(), "answering pings is enough");
}

#[tokio::test]
async fn a_new_connection_is_made_at_once_when_asked_for() {
    let (relay, mut sockets) = relay().await;
    let timing = Timing {
        reconnect: Duration::from_secs(600),
        silence: Duration::from_secs(600),
        ..quick()
    };
    let socket = GroupSocket::spawn_with(relay.endpoint.clone(), timing);
    let before = soon(sockets.recv()).await.unwrap();
    // One that seems to stand is left.
    socket.reconnect();
    let lost = soon(sockets.recv()).await.unwrap();
    drop(before);
    // And a long wait after a lost one ends.
    drop(lost);
    offline(&socket, "connection").await;
    socket.reconnect();
    soon(sockets.recv()).await.unwrap();
}

#[tokio::test]
async fn another_certificate_keeps_the_socket_offline_and_says_so() {
    let (relay, _sockets) = relay().await;
    let mut endpoint = relay.endpoint.clone();
    endpoint.tls = Identity::new().pin();
    let socket = GroupSocket::spawn(endpoint.clone(), 20);
    let why = offline(&socket, "another certificate").await;
    assert!(why.contains(&endpoint.address.to_string()), "{why}");
}

#[tokio::test]
async fn a_relay_that_speaks_no_websocket_is_named() {
    let relay = TestRelay::http(axum::Router::new()).await;
    let socket = spawn(&relay);
    let why = offline(&socket, "404").await;
    assert!(why.contains(&relay.endpoint.address.to_string()), "{why}");
}

#[tokio::test]
async fn a_request_does_not_wait_for_ever() {
    let (relay, mut sockets) = relay().await;
    let timing = Timing {
        patience: Duration::from_millis(300),
        ..quick()
    };
    let socket = GroupSocket::spawn_with(relay.endpoint.clone(), timing);
    let mut peer = soon(sockets.recv()).await.unwrap();
    let asking = {
        let socket = socket.clone();
        tokio::spawn(async move { socket.request(fetch(0)).await })
    };
    let late = next_request(&mut peer).await.request;
    assert!(matches!(
        soon(asking).await.unwrap(),
        Err(NetError::Disconnected)
    ));
    // The late answer harms nobody: the connection goes on.
    answer(&mut peer, late, ServerBody::Unsubscribed(Unsubscribed {})).await;
    let asking = tokio::spawn(async move { socket.request(fetch(0)).await });
    let request = next_request(&mut peer).await.request;
    answer(
        &mut peer,
        request,
        ServerBody::Unsubscribed(Unsubscribed {}),
    )
    .await;
    soon(asking).await.unwrap().unwrap();
}

#[tokio::test]
async fn shutdown_and_the_last_clone_end_the_connection() {
    let (relay, mut sockets) = relay().await;
    let socket = spawn(&relay);
    let mut peer = soon(sockets.recv()).await.unwrap();
    online(&socket, 1).await;
    socket.shutdown();
    soon(async { while let Some(Ok(_)) = peer.next().await {} }).await;
    assert!(matches!(
        soon(socket.request(fetch(0))).await,
        Err(NetError::Disconnected)
    ));
    assert_eq!(
        *socket.state().borrow(),
        LinkState::Offline("closed".into())
    );

    let another = spawn(&relay);
    let mut peer = soon(sockets.recv()).await.unwrap();
    drop(another);
    soon(async { while let Some(Ok(_)) = peer.next().await {} }).await;
    let quiet = timeout(Duration::from_millis(300), sockets.recv()).await;
    assert!(quiet.is_err(), "nobody connects any more");
}
