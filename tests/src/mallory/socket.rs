//! The group plane's WebSocket, raw: any bytes may be sent.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use sealwire_protocol::{
    frame::{ClientBody, ClientFrame, ServerBody, ServerFrame, WireProblem, decode, encode},
    link::RelayAddress,
};
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Message, protocol::frame::coding::CloseCode},
};

use super::plane::tls;

/// How the relay ended a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closed(pub Option<CloseCode>);

/// One connection to the group plane.
pub struct Socket {
    stream: WebSocketStream<TlsStream<TcpStream>>,
    number: u64,
}

impl Socket {
    /// Connects anew.
    pub async fn connect(relay: &RelayAddress) -> Self {
        let tcp = TcpStream::connect((relay.host(), relay.port()))
            .await
            .expect("the relay listens");
        tcp.set_nodelay(true).expect("a socket option");
        let name = relay.host().to_owned().try_into().expect("a name");
        let stream = TlsConnector::from(Arc::new(tls()))
            .connect(name, tcp)
            .await
            .expect("TLS");
        let url = format!("wss://{relay}/group/v1/ws");
        let (stream, _) = client_async(url, stream).await.expect("a WebSocket");
        Self { stream, number: 0 }
    }

    /// Sends a message of any bytes.
    pub async fn send_raw(&mut self, message: Message) {
        // The relay may close in the middle of it; what it says is read by the caller.
        let _ = self.stream.send(message).await;
    }

    /// The next frame, pushed ones included, or how the connection ended.
    ///
    /// # Errors
    /// [`Closed`] with the close code, if there was one.
    pub async fn next(&mut self) -> Result<ServerFrame, Closed> {
        loop {
            match self.stream.next().await {
                Some(Ok(Message::Binary(bytes))) => {
                    return Ok(decode(&bytes).expect("the relay's frames are canonical"));
                }
                Some(Ok(Message::Close(frame))) => {
                    return Err(Closed(frame.map(|frame| frame.code)));
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Err(Closed(None)),
            }
        }
    }

    /// Asks and waits for the answer.
    ///
    /// # Errors
    /// The relay's refusal.
    ///
    /// # Panics
    /// If the connection ends: requests in canonical form are answered.
    pub async fn request(&mut self, body: ClientBody) -> Result<ServerBody, WireProblem> {
        self.number += 1;
        let request = self.number;
        let frame = ClientFrame {
            request,
            body: Some(body),
        };
        self.send_raw(Message::Binary(encode(&frame))).await;
        loop {
            let frame = self.next().await.expect("the connection stays open");
            if frame.request == request {
                return match frame.body.expect("a body") {
                    ServerBody::Problem(problem) => Err(problem),
                    body => Ok(body),
                };
            }
        }
    }

    /// Sends these bytes as one frame and expects that the relay ends the connection.
    ///
    /// # Panics
    /// If the relay answers instead.
    pub async fn expect_closed(mut self, bytes: impl Into<Bytes>) -> Closed {
        self.send_raw(Message::Binary(bytes.into())).await;
        match self.next().await {
            Err(closed) => closed,
            Ok(frame) => panic!("the relay answered a broken frame: {frame:?}"),
        }
    }
}
