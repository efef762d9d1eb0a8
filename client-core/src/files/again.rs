//! Sending once more what could not be sent: the message stays what it was, with its files.

use sealwire_protocol::ids::{BlobId, ConversationId};
use sqlx::SqliteConnection;

use super::{
    types::{Direction, TransferState},
    upload,
};
use crate::{
    api::{Delivery, Event, MessageInfo},
    client::Client,
    error::{CoreError, Result},
    store::{self, AttachmentRow, Outgoing},
};

impl Client {
    /// Sends a message that failed once more: text, answer, thread, marks and files are those it
    /// had. Files that the relay no longer has are uploaded again from the copies in the profile.
    ///
    /// # Errors
    /// `unknown_message`; `already_sent` if it did not fail; `file_lost` if a file is neither at
    /// the relay nor in the profile, as after an upload that was cancelled; those of
    /// [`Client::send`]. The message stays failed then.
    pub async fn send_again(&self, id: &ConversationId, message: &str) -> Result<MessageInfo> {
        let mut conn = self.core.db.writer.lock().await;
        let mut tx = self.core.db.begin(&mut conn).await?;
        let line = self.line(&mut tx, id, message).await?;
        if !line.info.own || line.info.delivery != Delivery::Failed {
            return Err(CoreError::usage(
                "already_sent",
                "the message did not fail: it is on its way or was sent",
                "wait until it is sent",
            ));
        }
        let log = self.sendable(&mut tx, id).await?;
        if !self.reopen(&mut tx, line.row).await? {
            let place = store::message_place(&mut tx, line.row).await?;
            let salt = place.and_then(|(_, salt)| salt.try_into().ok());
            let salt = salt.ok_or_else(|| store::damaged("message"))?;
            let row = (line.row, &salt);
            store::enqueue(&mut tx, &log.id, row, &Outgoing::Message, 0).await?;
        }
        let line = store::unfail_message(&mut tx, line.row).await?;
        let line = line.ok_or_else(|| store::damaged("message"))?;
        let info = self.complete(&mut tx, id, line).await?;
        tx.commit().await?;
        drop(conn);
        self.core.emit(Event::Message(info.clone()));
        self.core.files.changed();
        self.core.wake(&log.id);
        Ok(info)
    }

    /// Begins the uploads that a message needs again; answers whether there are any.
    async fn reopen(&self, conn: &mut SqliteConnection, message: i64) -> Result<bool> {
        let mut files = Vec::new();
        for (id, row) in store::attachments_among(conn, &[message]).await? {
            files.push((id, row, store::transfer_of(conn, id).await?));
        }
        // The uploads end together: without any left, the files had all arrived.
        let arrived = files.iter().all(|(_, _, transfer)| transfer.is_none());
        let mut any = false;
        for (id, row, transfer) in files {
            if arrived && self.is_at_the_relay(&row) {
                continue;
            }
            if row.delete_token.is_none()
                || !self
                    .core
                    .files
                    .vault
                    .holds(&row.file.sealed_hash, row.file.size)
            {
                return Err(lost(&row));
            }
            // One that failed by itself goes on with what the relay has of it.
            if transfer.is_none_or(|row| row.info.state != TransferState::Failed) {
                self.renew(conn, id).await?;
            }
            store::start_transfer(conn, id, Direction::Upload, 0).await?;
            any = true;
        }
        Ok(any)
    }

    /// Whether a file whose upload ended is still there. One that was cancelled has no copy here.
    fn is_at_the_relay(&self, row: &AttachmentRow) -> bool {
        let kept = u64::from(row.file.expires_s) > self.core.now_s();
        let uploaded = row.delete_token.is_some();
        kept && (!uploaded
            || self
                .core
                .files
                .vault
                .holds(&row.file.sealed_hash, row.file.size))
    }

    /// Gives a file that was withdrawn a new place at the relay.
    async fn renew(&self, conn: &mut SqliteConnection, id: i64) -> Result<()> {
        let blob = BlobId::random(&mut rand::rng());
        let (read_token, delete_token) = upload::tokens();
        let expires_s = self.core.now_s() + u64::from(upload::DAYS) * 86_400;
        store::forget_transfer(conn, id).await?;
        store::move_attachment(conn, id, &blob, &read_token, &delete_token).await?;
        store::set_attachment_expiry(conn, id, expires_s).await
    }
}

fn lost(row: &AttachmentRow) -> CoreError {
    CoreError::usage(
        "file_lost",
        format!("{} is not in this profile any more", row.file.filename),
        "send the file again",
    )
}
