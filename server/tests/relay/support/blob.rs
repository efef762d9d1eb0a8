//! Blobs and what a client does with them.

use reqwest::{Method, RequestBuilder, Response};
use sealwire_crypto::{BlobKey, seal_blob, sha256};
use sealwire_protocol::blob::{BlobMetadata, encode_token};
use sealwire_protocol::ids::BlobId;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::Relay;
use super::http::{Refused, refused};

/// Alice's blob, with everything that only she knows.
#[derive(Clone)]
pub struct Blob {
    pub metadata: BlobMetadata,
    pub sealed: Vec<u8>,
    pub read_token: [u8; 32],
    pub delete_token: [u8; 32],
}

impl Blob {
    /// A blob of so many bytes of content.
    pub fn new(content: usize) -> Self {
        let mut rng = rand::rng();
        let [read_token, delete_token] = [BlobKey::generate(&mut rng), BlobKey::generate(&mut rng)]
            .map(|random| *random.expose());
        let key = BlobKey::generate(&mut rng);
        Self {
            metadata: BlobMetadata {
                blob: BlobId::random(&mut rng),
                read_token_hash: sha256(&[&read_token]),
                delete_token_hash: sha256(&[&delete_token]),
                days: 30,
            },
            sealed: seal_blob(&key, &vec![3; content]),
            read_token,
            delete_token,
        }
    }

    pub fn path(&self) -> String {
        format!("/group/v1/blobs/{}", self.metadata.blob)
    }

    pub fn len(&self) -> u64 {
        self.sealed.len() as u64
    }
}

/// A number in a header.
pub fn header(response: &Response, name: &str) -> u64 {
    let value = response.headers()[name].to_str().expect("text");
    value.parse().expect("a number")
}

async fn checked(request: RequestBuilder) -> Result<Response, Refused> {
    let response = request.send().await.expect("sent");
    if response.status().is_success() {
        return Ok(response);
    }
    Err(refused(response).await)
}

impl Relay {
    pub fn tus(&self, method: Method, path: &str) -> RequestBuilder {
        self.request(method, path, None)
            .header("tus-resumable", "1.0.0")
    }

    pub fn creation(&self, blob: &Blob) -> RequestBuilder {
        self.tus(Method::POST, "/group/v1/blobs")
            .header("upload-length", blob.len())
            .header("upload-metadata", blob.metadata.encode())
    }

    /// Makes a blob without bytes.
    pub async fn make(&self, blob: &Blob) -> Result<Response, Refused> {
        checked(self.creation(blob)).await
    }

    /// Makes a blob with these bytes.
    pub async fn put(&self, blob: &Blob, bytes: &[u8]) -> Result<u64, Refused> {
        let request = self
            .creation(blob)
            .header("content-type", "application/offset+octet-stream")
            .body(bytes.to_vec());
        let response = checked(request).await?;
        assert_eq!(response.status(), 201);
        assert_eq!(response.headers()["location"], blob.path().as_str());
        Ok(header(&response, "upload-offset"))
    }

    /// Where an upload stands.
    pub async fn offset(&self, blob: &Blob) -> Result<u64, Refused> {
        let response = self.tus(Method::HEAD, &blob.path()).send().await;
        let response = response.expect("sent");
        if response.status() == 404 {
            // Answers to HEAD have no body.
            return Err(Refused {
                code: sealwire_protocol::problem::Code::BlobUnknown,
            });
        }
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["cache-control"], "no-store");
        assert_eq!(header(&response, "upload-length"), blob.len());
        Ok(header(&response, "upload-offset"))
    }

    /// Sends a blob's bytes from `offset` on, as many as `bytes`.
    pub async fn patch(&self, blob: &Blob, offset: u64, bytes: &[u8]) -> Result<u64, Refused> {
        let request = self
            .tus(Method::PATCH, &blob.path())
            .header("upload-offset", offset)
            .header("content-type", "application/offset+octet-stream")
            .body(bytes.to_vec());
        let response = checked(request).await?;
        assert_eq!(response.status(), 204);
        Ok(header(&response, "upload-offset"))
    }

    /// Goes on with an upload to its end.
    pub async fn resume(&self, blob: &Blob) -> u64 {
        let offset = self.offset(blob).await.expect("known");
        let rest = &blob.sealed[usize::try_from(offset).expect("small")..];
        self.patch(blob, offset, rest).await.expect("taken")
    }

    pub async fn download(&self, blob: &Blob, range: Option<&str>) -> Result<Response, Refused> {
        let mut request = self.request(Method::GET, &blob.path(), None).header(
            "sealwire-read-token",
            encode_token(&blob.read_token).as_str(),
        );
        if let Some(range) = range {
            request = request.header("range", range);
        }
        checked(request).await
    }

    /// All bytes of a blob.
    pub async fn fetch(&self, blob: &Blob) -> Result<Vec<u8>, Refused> {
        let response = self.download(blob, None).await?;
        assert_eq!(header(&response, "content-length"), blob.len());
        Ok(response.bytes().await.expect("whole").to_vec())
    }

    pub async fn delete(&self, blob: &Blob) -> Result<(), Refused> {
        let request = self.tus(Method::DELETE, &blob.path()).header(
            "sealwire-delete-token",
            encode_token(&blob.delete_token).as_str(),
        );
        checked(request).await.map(drop)
    }

    /// A connection on which a PATCH has begun: it announces everything that is missing.
    pub async fn slow_patch(&self, blob: &Blob, offset: u64) -> SlowPatch {
        let mut tls = self.tls();
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        let tcp = TcpStream::connect(self.authority())
            .await
            .expect("connected");
        let name = rustls::pki_types::ServerName::try_from("127.0.0.1").expect("a name");
        let connector = tokio_rustls::TlsConnector::from(std::sync::Arc::new(tls));
        let mut stream = connector.connect(name, tcp).await.expect("TLS");
        let head = format!(
            "PATCH {} HTTP/1.1\r\nhost: relay\r\ntus-resumable: 1.0.0\r\n\
             content-type: application/offset+octet-stream\r\nupload-offset: {offset}\r\n\
             content-length: {}\r\n\r\n",
            blob.path(),
            blob.len() - offset
        );
        stream.write_all(head.as_bytes()).await.expect("written");
        SlowPatch { stream }
    }
}

/// A PATCH that is sent bit by bit.
pub struct SlowPatch {
    stream: tokio_rustls::client::TlsStream<TcpStream>,
}

impl SlowPatch {
    pub async fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.expect("written");
        self.stream.flush().await.expect("flushed");
    }

    /// What the relay answers.
    pub async fn answer(mut self) -> String {
        let mut answer = vec![0; 4096];
        let len = self.stream.read(&mut answer).await.expect("an answer");
        String::from_utf8_lossy(&answer[..len]).into_owned()
    }
}
