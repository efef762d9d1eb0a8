//! Requests about a log, and entries in the ingest grammar.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use bytes::{BufMut as _, Bytes, BytesMut};
use sealwire_protocol::frame::{Append, ClientBody, ClientFrame, CreateLog, Subscribe, encode};
use sealwire_protocol::ids::{LogId, Pass};
use sealwire_protocol::log::EntryKind;

use crate::Result;
use crate::wire::Socket;

/// What a message of 402 bytes is padded to.
const CIPHERTEXT: usize = 512;

/// A log with its one lane.
#[derive(Clone)]
pub(crate) struct Log {
    id: Bytes,
    pass: Bytes,
    /// One MLS `PrivateMessage`, by form: this is all that a relay can see of one.
    pub(crate) payload: Bytes,
}

impl Log {
    /// Makes one at the relay.
    pub(crate) async fn create(socket: &mut Socket) -> Result<Self> {
        let id = LogId::random(&mut rand::rng());
        let pass: [u8; 32] = rand::random();
        let log = Self {
            id: Bytes::copy_from_slice(id.as_bytes()),
            pass: Bytes::copy_from_slice(&pass),
            payload: private_message(&id),
        };
        let lane = Pass::from_slice(&pass)?.lane();
        let create = CreateLog {
            log: log.id.clone(),
            lane: Bytes::copy_from_slice(lane.as_bytes()),
            retention_days: 1,
        };
        socket.ask(ClientBody::Create(create)).await?;
        Ok(log)
    }

    /// Subscribes from the beginning.
    pub(crate) async fn subscribe(&self, socket: &mut Socket) -> Result<()> {
        let subscribe = Subscribe {
            log: self.id.clone(),
            pass: self.pass.clone(),
            after: 0,
        };
        socket.ask(ClientBody::Subscribe(subscribe)).await?;
        Ok(())
    }

    /// A request to append, encoded, with a name that says when it was due.
    pub(crate) fn append(&self, request: u64, due: Instant) -> Bytes {
        encode(&ClientFrame {
            request,
            body: Some(ClientBody::Append(Append {
                log: self.id.clone(),
                pass: self.pass.clone(),
                kind: EntryKind::Application as u32,
                entry_id: stamp(due),
                head: Bytes::new(),
                cursor: 0,
                next: Bytes::new(),
                payload: self.payload.clone(),
            })),
        })
    }
}

static START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// An entry id that begins with a time.
fn stamp(due: Instant) -> Bytes {
    let nanos = due.saturating_duration_since(*START).as_nanos();
    let mut id = BytesMut::with_capacity(16);
    id.put_u64(u64::try_from(nanos).unwrap_or(u64::MAX));
    id.put_u64(rand::random());
    id.freeze()
}

/// How long ago the time in an entry id is.
pub(crate) fn age(entry_id: &[u8], now: Instant) -> Duration {
    let bytes = entry_id.first_chunk().copied().unwrap_or_default();
    let due = *START + Duration::from_nanos(u64::from_be_bytes(bytes));
    now.saturating_duration_since(due)
}

/// The form of an application message (RFC 9420 §6.3), filled with randomness.
fn private_message(log: &LogId) -> Bytes {
    let mut message = BytesMut::new();
    message.put_u16(1); // mls10
    message.put_u16(2); // mls_private_message
    message.put_u8(32);
    message.put_slice(log.as_bytes());
    message.put_u64(0); // epoch
    message.put_u8(1); // application
    message.put_u8(0); // authenticated data
    message.put_u8(28);
    message.put_slice(&rand::random::<[u8; 28]>());
    message.put_u16(0x4000 | CIPHERTEXT as u16);
    for _ in 0..CIPHERTEXT / 32 {
        message.put_slice(&rand::random::<[u8; 32]>());
    }
    message.freeze()
}
