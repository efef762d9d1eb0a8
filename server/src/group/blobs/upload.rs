//! Bytes on their way in: from the connection to the disk, a few at a time.

use std::sync::Arc;
use std::time::Duration;

use axum::body::BodyDataStream;
use bytes::Bytes;
use futures_util::StreamExt;
use sealwire_protocol::blob::BlobMetadata;
use sealwire_protocol::ids::BlobId;
use sealwire_protocol::problem::Code;
use tokio::time::Instant;

use super::rows::{Row, State};
use super::spool::Upload;
use super::turns::Turn;
use super::{Blobs, Guest, Progress, UPLOADS, conflict, disk, ending, progress, store};
use crate::clock;
use crate::http::discard;
use crate::refusal::{Answer, Refusal};

/// After so many bytes what was written is made durable, so that a crash costs no more.
const STEP: u64 = 8 << 20;
/// A connection that brings nothing for so long is given up.
const SILENCE: Duration = Duration::from_secs(30);

/// Makes a blob and takes its first bytes, if there are any.
pub(super) async fn create(
    blobs: Arc<Blobs>,
    guest: Guest,
    metadata: BlobMetadata,
    length: u64,
    body: Option<BodyDataStream>,
) -> Answer<Progress> {
    let turn = blobs.turns.take(metadata.blob).await;
    let row = match blobs.create(metadata, length).await {
        Ok(row) => row,
        Err(refusal) => return Err(refused(refusal, body).await),
    };
    let Some(body) = body else {
        return Ok(progress(&row));
    };
    receive(blobs, guest, turn, row, 0, body).await
}

/// Goes on with an upload at `offset`.
pub(super) async fn append(
    blobs: Arc<Blobs>,
    guest: Guest,
    id: BlobId,
    offset: u64,
    body: BodyDataStream,
) -> Answer<Progress> {
    let turn = blobs.turns.take(id).await;
    let row = match blobs.row(id).await {
        Ok(row) if row.received == offset => row,
        other => {
            drop(turn);
            let refusal = other.err().unwrap_or_else(wrong_offset);
            return Err(refused(refusal, Some(body)).await);
        }
    };
    receive(blobs, guest, turn, row, offset, body).await
}

/// Over HTTP/1.1 a client hears a refusal only when it has sent the rest.
pub(super) async fn refused(refusal: Refusal, body: Option<BodyDataStream>) -> Refusal {
    if let Some(body) = body {
        discard(body).await;
    }
    refusal
}

fn wrong_offset() -> Refusal {
    Refusal::new(
        Code::OffsetConflict,
        "The upload does not stand at this offset; ask with HEAD where it stands.",
    )
}

/// How the bytes of a request ended.
enum End {
    /// With the body.
    Whole,
    /// They took too long; the client goes on with another request.
    Late,
    /// With this refusal. What came before counts.
    Refused(Refusal),
}

/// Reads a body that begins at `offset` into an upload. Bytes that are there already are compared.
/// Runs to its end even if nobody waits for the answer any more.
async fn receive(
    blobs: Arc<Blobs>,
    guest: Guest,
    turn: Turn,
    row: Row,
    offset: u64,
    body: BodyDataStream,
) -> Answer<Progress> {
    let tasks = blobs.tasks.clone();
    let work = async move {
        match row.state {
            State::Receiving => {
                let mut receiving = Receiving::begin(&blobs, row, guest).await?;
                let end = receiving.read(&turn, offset, body).await;
                receiving.finish(end).await
            }
            State::Spooled | State::Stored => {
                let _guest = guest;
                compare(&blobs, &turn, &row, offset, body).await
            }
        }
    };
    match tasks.spawn(work).await {
        Ok(answer) => answer,
        Err(_) => Err(Refusal::internal("blob upload, panic")),
    }
}

/// An upload that bytes come for.
struct Receiving<'a> {
    blobs: &'a Blobs,
    row: Row,
    guest: Guest,
    upload: Upload,
}

impl<'a> Receiving<'a> {
    async fn begin(blobs: &'a Blobs, row: Row, guest: Guest) -> Answer<Self> {
        let upload = blobs.spool.resume(row.id(), row.received).await;
        Ok(Self {
            blobs,
            row,
            guest,
            upload: upload.map_err(disk)?,
        })
    }

    async fn read(&mut self, turn: &Turn, offset: u64, mut body: BodyDataStream) -> End {
        let end = Instant::now() + self.blobs.bounds.patience;
        let mut at = offset;
        loop {
            let silence = (Instant::now() + SILENCE).min(end);
            let next = tokio::select! {
                biased;
                () = turn.stop.cancelled() => return End::Refused(self.stopped()),
                () = tokio::time::sleep_until(silence) => return End::Late,
                next = body.next() => next,
            };
            let chunk = match next {
                None => return End::Whole,
                Some(Ok(chunk)) => chunk,
                Some(Err(_)) => {
                    return End::Refused(Refusal::malformed(
                        "The body could not be read to its end; go on where HEAD says.",
                    ));
                }
            };
            if let Err(refusal) = self.take(&mut at, chunk).await {
                return End::Refused(refused(refusal, Some(body)).await);
            }
        }
    }

    fn stopped(&self) -> Refusal {
        if self.blobs.drain.is_cancelled() {
            return ending();
        }
        Refusal::new(
            Code::OffsetConflict,
            "A newer request goes on with this upload; ask with HEAD where it stands.",
        )
    }

    /// Compares what is there already and writes the rest.
    async fn take(&mut self, at: &mut u64, mut chunk: Bytes) -> Answer<()> {
        if at.saturating_add(chunk.len() as u64) > self.row.length {
            return Err(too_much());
        }
        let written = self.upload.end();
        if *at < written {
            let overlap =
                usize::try_from(written - *at).map_or(chunk.len(), |n| n.min(chunk.len()));
            let known = chunk.split_to(overlap);
            let len = known.len() as u64;
            if !self.upload.holds(known, *at).await.map_err(disk)? {
                return Err(conflict());
            }
            *at += len;
        }
        let len = chunk.len() as u64;
        if len == 0 {
            return Ok(());
        }
        self.guest.visit.pay(len)?;
        self.blobs.space.take(len)?;
        if let Err(error) = self.upload.write(chunk).await {
            self.blobs.space.give_back(len);
            return Err(disk(error));
        }
        *at += len;
        if self.upload.end() - self.row.received >= STEP && self.upload.end() < self.row.length {
            self.checkpoint().await?;
        }
        Ok(())
    }

    /// Makes durable what was written, then tells the row.
    async fn checkpoint(&mut self) -> Answer<()> {
        if self.upload.end() == self.row.received {
            return Ok(());
        }
        self.upload.sync().await.map_err(disk)?;
        let row = Row {
            received: self.upload.end(),
            touched_s: clock::now_s(),
            ..self.row
        };
        self.blobs.rows.advance(&row).await?;
        self.row = row;
        Ok(())
    }

    async fn finish(mut self, end: End) -> Answer<Progress> {
        let kept = if self.upload.end() == self.row.length {
            self.complete().await
        } else {
            self.checkpoint().await
        };
        // What is not durable does not count, and will be written again.
        self.blobs
            .space
            .give_back(self.upload.end() - self.row.received);
        match end {
            End::Refused(refusal) => Err(refusal),
            End::Whole | End::Late => kept.map(|()| progress(&self.row)),
        }
    }

    /// The last byte is there: the blob moves to its place, or waits for that.
    async fn complete(&mut self) -> Answer<()> {
        self.upload.sync().await.map_err(disk)?;
        let local = self.blobs.place.is_local();
        if local {
            let moved = self.blobs.place.adopt(UPLOADS, self.row.id()).await;
            moved.map_err(store)?;
        }
        let row = Row {
            received: self.row.length,
            state: if local { State::Stored } else { State::Spooled },
            touched_s: clock::now_s(),
            ..self.row
        };
        self.blobs.rows.advance(&row).await?;
        self.row = row;
        if !local {
            self.blobs.spooled.notify_one();
        }
        Ok(())
    }
}

fn too_much() -> Refusal {
    Refusal::new(
        Code::TooLarge,
        "These are more bytes than the blob was announced to have.",
    )
}

/// A body for a blob that is whole: the repeat of a request whose answer was lost, or a conflict.
async fn compare(
    blobs: &Blobs,
    turn: &Turn,
    row: &Row,
    offset: u64,
    mut body: BodyDataStream,
) -> Answer<Progress> {
    let mut stored = blobs.bytes(row, offset..row.length).await?;
    let mut known = Bytes::new();
    let end = Instant::now() + blobs.bounds.patience;
    loop {
        let next = tokio::select! {
            biased;
            () = turn.stop.cancelled() => return Err(ending()),
            () = tokio::time::sleep_until(end) => return Ok(progress(row)),
            next = body.next() => next,
        };
        let mut chunk = match next {
            None => return Ok(progress(row)),
            Some(Ok(chunk)) => chunk,
            Some(Err(_)) => return Err(Refusal::malformed("The body broke off; send it again.")),
        };
        while !chunk.is_empty() {
            if known.is_empty() {
                match stored.next().await.map_err(store)? {
                    Some(more) => known = more,
                    None => {
                        return Err(refused(too_much(), Some(body)).await);
                    }
                }
            }
            let len = chunk.len().min(known.len());
            if chunk.split_to(len) != known.split_to(len) {
                return Err(refused(conflict(), Some(body)).await);
            }
        }
    }
}
