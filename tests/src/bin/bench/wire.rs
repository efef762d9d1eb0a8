//! Connections of the load: TLS 1.3 and WebSocket as any client has them, and as little else as
//! possible.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use prost::Message as _;
use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use sealwire_protocol::frame::{ClientBody, ClientFrame, ServerBody, ServerFrame, encode};
use sealwire_protocol::limits::MAX_FRAME;
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::{TlsConnector, client::TlsStream};
use tokio_tungstenite::tungstenite::{Message, protocol::WebSocketConfig};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use crate::Result;

const PATIENCE: Duration = Duration::from_secs(60);

/// Makes connections to one relay.
#[derive(Clone)]
pub(crate) struct Dialler {
    address: SocketAddr,
    tls: TlsConnector,
}

impl Dialler {
    /// To the relay at `address`.
    pub(crate) fn new(address: SocketAddr) -> Result<Self> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Anybody))
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        config.resumption = Resumption::disabled();
        Ok(Self {
            address,
            tls: Arc::new(config).into(),
        })
    }

    /// A new connection. `source` sets the last two numbers of a loopback address to come from:
    /// each has its own ports.
    pub(crate) async fn dial(&self, source: Option<u16>) -> Result<Socket> {
        tokio::time::timeout(PATIENCE, self.try_dial(source)).await?
    }

    async fn try_dial(&self, source: Option<u16>) -> Result<Socket> {
        let socket = TcpSocket::new_v4()?;
        if let Some(source) = source {
            let [high, low] = source.to_be_bytes();
            socket.bind((Ipv4Addr::new(127, 0, high, low), 0).into())?;
        }
        let stream = socket.connect(self.address).await?;
        stream.set_nodelay(true)?;
        let name = ServerName::from(self.address.ip());
        let stream = self.tls.connect(name, stream).await?;
        let url = format!("wss://{}/group/v1/ws", self.address);
        let config = WebSocketConfig::default()
            .read_buffer_size(16 * 1024)
            .max_message_size(Some(MAX_FRAME))
            .max_frame_size(Some(MAX_FRAME));
        let (stream, _) = client_async_with_config(url, stream, Some(config)).await?;
        Ok(Socket { stream })
    }
}

/// A connection to the group plane.
pub(crate) struct Socket {
    stream: WebSocketStream<TlsStream<TcpStream>>,
}

impl Socket {
    /// Puts one encoded frame into the buffer.
    pub(crate) async fn feed(&mut self, frame: Bytes) -> Result<()> {
        Ok(self.stream.feed(Message::Binary(frame)).await?)
    }

    /// Sends what is in the buffer.
    pub(crate) async fn flush(&mut self) -> Result<()> {
        Ok(self.stream.flush().await?)
    }

    /// The next frame. Can be dropped and called again.
    pub(crate) async fn next(&mut self) -> Result<ServerFrame> {
        loop {
            match self.stream.next().await {
                Some(Ok(Message::Binary(bytes))) => return Ok(ServerFrame::decode(bytes)?),
                Some(Ok(Message::Close(frame))) => {
                    return Err(format!("the relay ended a connection: {frame:?}").into());
                }
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(error.into()),
                None => return Err("the relay ended a connection".into()),
            }
        }
    }

    /// Asks and waits for the answer; nothing else may be under way.
    pub(crate) async fn ask(&mut self, body: ClientBody) -> Result<ServerBody> {
        let frame = encode(&ClientFrame {
            request: 1,
            body: Some(body),
        });
        self.feed(frame).await?;
        self.flush().await?;
        loop {
            let frame = self.next().await?;
            match frame.body {
                Some(ServerBody::Problem(problem)) => return Err(problem.detail.into()),
                Some(body) if frame.request == 1 => return Ok(body),
                _ => {}
            }
        }
    }
}

/// Trusts anybody: the certificate is not what is measured.
#[derive(Debug)]
struct Anybody;

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        rustls::crypto::ring::default_provider()
            .signature_verification_algorithms
            .supported_schemes()
    }
}
