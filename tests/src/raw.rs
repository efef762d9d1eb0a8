//! The group plane without a client: single frames, as somebody with an own program would send.

use std::net::SocketAddr;
use std::sync::Arc;

use futures_util::{SinkExt as _, StreamExt as _};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use sealwire_protocol::frame::{self, ClientBody, ClientFrame, ServerBody, ServerFrame};
use sealwire_protocol::limits::MAX_FRAME;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};
use tokio_tungstenite::tungstenite::{Message, protocol::WebSocketConfig};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use crate::wait::PATIENCE;

/// What a relay serves to anybody at `path`, as text.
///
/// # Panics
/// If it does not serve it.
pub async fn get(address: SocketAddr, path: &str) -> String {
    let mut stream = tls(address).await.expect("a connection to the relay");
    let ask = format!("GET {path} HTTP/1.1\r\nhost: relay\r\nconnection: close\r\n\r\n");
    stream.write_all(ask.as_bytes()).await.expect("asked");
    let mut answer = String::new();
    // The relay need not say goodbye.
    drop(stream.read_to_string(&mut answer).await);
    let (head, body) = answer.split_once("\r\n\r\n").expect("an answer");
    assert!(head.starts_with("HTTP/1.1 200"), "{path}: {head}");
    body.to_owned()
}

/// A WebSocket to the group plane.
pub struct Raw {
    socket: WebSocketStream<TlsStream<TcpStream>>,
    requests: u64,
}

impl Raw {
    /// Connects, whatever certificate is shown.
    ///
    /// # Panics
    /// If nobody answers.
    pub async fn connect(address: SocketAddr) -> Self {
        Self {
            socket: websocket(address).await.expect("a connection to the relay"),
            requests: 0,
        }
    }

    /// Sends a request and waits for its answer; what is pushed meanwhile is dropped.
    ///
    /// # Panics
    /// If no answer comes.
    pub async fn ask(&mut self, body: ClientBody) -> ServerBody {
        self.requests += 1;
        let frame = ClientFrame {
            request: self.requests,
            body: Some(body),
        };
        let message = Message::Binary(frame::encode(&frame));
        self.socket.send(message).await.expect("a request sent");
        let answer = async {
            while let Some(Ok(message)) = self.socket.next().await {
                let Message::Binary(bytes) = message else {
                    continue;
                };
                let frame: ServerFrame = frame::decode(&bytes).expect("a frame of the relay");
                if frame.request == self.requests {
                    return frame.body;
                }
            }
            None
        };
        let answer = tokio::time::timeout(PATIENCE, answer).await;
        answer.ok().flatten().expect("an answer of the relay")
    }
}

/// A TLS connection that takes any certificate.
pub(crate) async fn tls(address: SocketAddr) -> std::io::Result<TlsStream<TcpStream>> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(std::io::Error::other)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anybody))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let name = ServerName::from(address.ip());
    TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
}

/// A WebSocket to the relay's group plane.
pub(crate) async fn websocket(
    address: SocketAddr,
) -> std::io::Result<WebSocketStream<TlsStream<TcpStream>>> {
    let stream = tls(address).await?;
    let url = format!("wss://{address}/group/v1/ws");
    let socket = client_async_with_config(url, stream, Some(limits())).await;
    Ok(socket.map_err(std::io::Error::other)?.0)
}

pub(crate) fn limits() -> WebSocketConfig {
    WebSocketConfig::default()
        .max_message_size(Some(MAX_FRAME))
        .max_frame_size(Some(MAX_FRAME))
}

/// Trusts anybody: what is tested here is not the certificate.
#[derive(Debug)]
struct Anybody;

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        rustls::crypto::ring::default_provider()
            .signature_verification_algorithms
            .supported_schemes()
    }
}
