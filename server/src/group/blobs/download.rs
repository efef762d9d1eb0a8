//! Bytes on their way out: from wherever they lie to the connection, a few at a time.

use std::io;
use std::ops::Range;
use std::sync::Arc;

use axum::body::Body;
use bytes::Bytes;
use sealwire_protocol::ids::BlobId;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::place::Bytestream;
use super::rows::{Row, State};
use super::{Blobs, disk, fits, store, unknown};
use crate::refusal::Answer;

/// Chunks that wait for the connection.
const AHEAD: usize = 2;

impl Blobs {
    /// The row of a whole blob that `token` opens.
    pub(super) async fn readable(&self, id: BlobId, token: &[u8; 32]) -> Answer<Row> {
        let row = self.row(id).await?;
        let may = fits(token, &row.metadata.read_token_hash) && row.state != State::Receiving;
        may.then_some(row).ok_or_else(unknown)
    }

    /// Opens a range of a whole blob, which must not be empty.
    pub(super) async fn bytes(&self, row: &Row, range: Range<u64>) -> Answer<Bytestream> {
        if range.is_empty() {
            return Ok(Bytestream::File(None, 0));
        }
        if row.state == State::Spooled
            && let Some(file) = self.spool.read(row.id()).await.map_err(disk)?
        {
            return Bytestream::of(file, range).await.map_err(disk);
        }
        // Stored, or moved since the row was read.
        match self.place.get(row.id(), range).await.map_err(store)? {
            Some(bytes) => Ok(bytes),
            // Removed since the row was read, or lost.
            None => match self.rows.find(row.id()).await? {
                None => Err(unknown()),
                Some(_) => {
                    tracing::error!("a blob without bytes");
                    Err(unknown())
                }
            },
        }
    }

    /// Sends bytes as the reader takes them. `kept` is let go at the end. A reader that takes
    /// nothing for a while is disconnected.
    pub(super) fn body(self: &Arc<Self>, mut bytes: Bytestream, kept: impl Send + 'static) -> Body {
        let (chunks, waiting) = mpsc::channel::<io::Result<Bytes>>(AHEAD);
        let (patience, drain) = (self.bounds.write, self.drain.clone());
        self.tasks.spawn(async move {
            let _kept = kept;
            let work = async {
                loop {
                    let (chunk, last) = match bytes.next().await {
                        Ok(Some(chunk)) => (Ok(chunk), false),
                        Ok(None) => return,
                        // Told as a broken connection: the head has been sent.
                        Err(error) => {
                            drop(store(error));
                            (Err(io::Error::other("the blob could not be read")), true)
                        }
                    };
                    match timeout(patience, chunks.send(chunk)).await {
                        Ok(Ok(())) if !last => {}
                        _ => return,
                    }
                }
            };
            tokio::select! {
                () = drain.cancelled() => {}
                () = work => {}
            }
        });
        Body::from_stream(futures_util::stream::unfold(
            waiting,
            |mut waiting| async move {
                let chunk = waiting.recv().await?;
                Some((chunk, waiting))
            },
        ))
    }
}
