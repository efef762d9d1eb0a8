//! Somebody in the middle who holds the relay's own key, as a hostile relay would: sees every
//! frame of the group plane, and drops, repeats, delays, refuses or cuts.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use futures_util::{Sink, SinkExt as _, Stream, StreamExt as _};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use sealwire_core::JoinLink;
use sealwire_protocol::frame::{self, ClientFrame, ServerBody, ServerFrame, WireProblem};
use sealwire_protocol::problem::Code;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use tokio_tungstenite::tungstenite::{Error as WsError, Message};

use crate::{Relay, raw, switch};

/// A frame on its way.
#[derive(Debug, Clone, Copy)]
pub enum Seen<'a> {
    /// From a client to the relay.
    Asked(&'a ClientFrame),
    /// From the relay to a client.
    Told(&'a ServerFrame),
}

/// What happens to a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// It goes on.
    Pass,
    /// It is lost.
    Drop,
    /// It goes on, twice.
    Twice,
    /// It goes on after the next one in its direction.
    Late,
    /// The connection ends instead.
    Cut,
    /// A client's request is refused with this code; the relay never sees it.
    Refuse(Code),
}

type Rule = Arc<dyn Fn(Seen<'_>) -> Act + Send + Sync>;

/// The one in the middle. Ends when dropped.
pub struct Middle {
    address: SocketAddr,
    _task: JoinSet<()>,
}

impl Middle {
    /// Stands between clients and `relay`, and treats frames by `rule`.
    ///
    /// # Panics
    /// If it cannot listen or has no key.
    pub async fn before(
        relay: &Relay,
        rule: impl Fn(Seen<'_>) -> Act + Send + Sync + 'static,
    ) -> Self {
        let acceptor = TlsAcceptor::from(Arc::new(server_config(relay.data())));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.expect("a free port");
        let address = listener.local_addr().expect("its address");
        let (relay, rule): (_, Rule) = (relay.address(), Arc::new(rule));
        let mut task = JoinSet::new();
        task.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, rule) = (acceptor.clone(), Arc::clone(&rule));
                // A connection that ends by an error is an ordinary thing here.
                connections.spawn(async move { carry(stream, &acceptor, relay, &rule).await });
            }
        });
        Self {
            address,
            _task: task,
        }
    }

    /// The same link, but through the middle.
    ///
    /// # Panics
    /// If the address cannot be named.
    pub fn turn(&self, link: JoinLink) -> JoinLink {
        switch::at(link, self.address)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

fn server_config(data: &Path) -> ServerConfig {
    let certificates = CertificateDer::pem_file_iter(data.join("dev-certificate.pem"));
    let certificates = certificates.expect("the relay's certificate");
    let certificates = certificates.collect::<Result<_, _>>().expect("PEM");
    let key = PrivateKeyDer::from_pem_file(data.join("dev-key.pem")).expect("the relay's key");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .expect("TLS 1.3")
        .with_no_client_auth()
        .with_single_cert(certificates, key)
        .expect("a certificate with its key");
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config
}

/// Carries one connection; only WebSockets are looked into.
async fn carry(
    stream: TcpStream,
    acceptor: &TlsAcceptor,
    relay: SocketAddr,
    rule: &Rule,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut client = acceptor.accept(stream).await?;
    let head = read_head(&mut client).await?;
    if head.starts_with(b"GET /group/v1/ws ") {
        let (reader, writer) = tokio::io::split(client);
        let whole = tokio::io::join(io::Cursor::new(head).chain(reader), writer);
        return meddle(whole, relay, rule).await;
    }
    let mut relay = raw::tls(relay).await?;
    relay.write_all(&head).await?;
    tokio::io::copy_bidirectional(&mut client, &mut relay).await?;
    Ok(())
}

/// The first bytes of a request, to the end of its headers.
async fn read_head(client: &mut TlsStream<TcpStream>) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        if client.read_buf(&mut head).await? == 0 {
            break;
        }
    }
    Ok(head)
}

async fn meddle(
    client: impl AsyncRead + AsyncWrite + Unpin,
    relay: SocketAddr,
    rule: &Rule,
) -> io::Result<()> {
    let mut down = tokio_tungstenite::accept_async_with_config(client, Some(raw::limits()))
        .await
        .map_err(io::Error::other)?;
    let mut up = raw::websocket(relay).await?;
    let (mut late_up, mut late_down) = (None, None);
    loop {
        let goes_on = tokio::select! {
            message = down.next() => {
                let Some(Ok(message)) = message else { return Ok(()) };
                upwards(message, rule, &mut up, &mut down, &mut late_up).await
            }
            message = up.next() => {
                let Some(Ok(message)) = message else { return Ok(()) };
                let act = act_on_answer(&message, rule);
                forward(message, act, &mut down, &mut late_down).await
            }
        };
        if !goes_on.map_err(io::Error::other)? {
            return Ok(());
        }
    }
}

/// Treats what a client asks; `false` ends the connection.
async fn upwards(
    message: Message,
    rule: &Rule,
    up: &mut (impl Sink<Message, Error = WsError> + Unpin),
    down: &mut (impl Sink<Message, Error = WsError> + Stream + Unpin),
    late: &mut Option<Message>,
) -> Result<bool, WsError> {
    let Message::Binary(bytes) = &message else {
        return forward(message, Act::Pass, up, late).await;
    };
    let Ok(asked) = frame::decode::<ClientFrame>(bytes) else {
        return forward(message, Act::Pass, up, late).await;
    };
    match rule(Seen::Asked(&asked)) {
        Act::Refuse(code) => {
            down.send(refusal(asked.request, code)).await?;
            Ok(true)
        }
        act => forward(message, act, up, late).await,
    }
}

fn act_on_answer(message: &Message, rule: &Rule) -> Act {
    let Message::Binary(bytes) = message else {
        return Act::Pass;
    };
    let told = frame::decode::<ServerFrame>(bytes);
    told.map_or(Act::Pass, |told| rule(Seen::Told(&told)))
}

fn refusal(request: u64, code: Code) -> Message {
    let problem = WireProblem {
        code: code.as_str().into(),
        status: u32::from(code.status()),
        detail: "Refused by somebody in the middle.".into(),
        retry_after_ms: 0,
    };
    Message::Binary(frame::encode(&ServerFrame {
        request,
        body: Some(ServerBody::Problem(problem)),
    }))
}

async fn forward(
    message: Message,
    act: Act,
    sink: &mut (impl Sink<Message, Error = WsError> + Unpin),
    late: &mut Option<Message>,
) -> Result<bool, WsError> {
    match act {
        Act::Cut => return Ok(false),
        Act::Drop | Act::Refuse(_) => return Ok(true),
        Act::Late if late.is_none() => {
            *late = Some(message);
            return Ok(true);
        }
        Act::Twice => {
            sink.send(message.clone()).await?;
            sink.send(message).await?;
        }
        Act::Pass | Act::Late => sink.send(message).await?,
    }
    if let Some(late) = late.take() {
        sink.send(late).await?;
    }
    Ok(true)
}
