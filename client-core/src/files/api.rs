//! What a person does with files that are in messages.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use sealwire_protocol::ids::ConversationId;
use zeroize::Zeroizing;

use super::{
    export,
    types::{AttachmentInfo, Direction, TransferInfo, TransferState},
};
use crate::{
    api::{Event, MessageInfo},
    client::Client,
    error::{CoreError, ErrorKind, Result},
    store::{self, AttachmentRow, Which},
};

impl Client {
    /// Transfers that are under way or have failed.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn transfers(&self) -> Result<Vec<TransferInfo>> {
        let mut conn = self.core.db.readers.acquire().await?;
        let rows = store::transfers(&mut conn).await?;
        Ok(rows.into_iter().map(|row| row.info).collect())
    }

    /// Stops a transfer. With an upload its message is not sent, and what of it is at the relay is
    /// removed there as soon as the relay answers.
    ///
    /// # Errors
    /// `unknown_transfer`, also if it is done.
    pub async fn cancel_transfer(&self, id: i64) -> Result<()> {
        let mut conn = self.core.db.writer.lock().await;
        let mut tx = self.core.db.begin(&mut conn).await?;
        let row = store::transfer(&mut tx, id).await?;
        let row = row.ok_or_else(|| unknown("unknown_transfer", "transfer under way"))?;
        let mut failed = None;
        match row.info.direction {
            Direction::Download => store::end_transfer(&mut tx, id).await?,
            Direction::Upload => {
                if let Some(found) = store::attachment(&mut tx, row.info.attachment).await? {
                    store::withdraw_files(&mut tx, found.message, None).await?;
                    failed = store::fail_message(&mut tx, found.message).await?;
                }
            }
        }
        tx.commit().await?;
        drop(conn);
        self.core.files.changed();
        if row.info.direction == Direction::Download {
            let vault = &self.core.files.vault;
            vault.remove(&vault.part(row.info.attachment))?;
        }
        if let Some(line) = failed {
            self.core.emit(Event::Message(line.info));
        }
        let state = TransferState::Cancelled;
        let info = TransferInfo { state, ..row.info };
        self.core.emit(Event::Transfer(info));
        Ok(())
    }

    /// The files of a conversation, the oldest first.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn attachments(&self, id: &ConversationId) -> Result<Vec<AttachmentInfo>> {
        self.list(Which::Of(id)).await
    }

    /// The files that one message carries, in its order.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn attachments_of(&self, message: &MessageInfo) -> Result<Vec<AttachmentInfo>> {
        let id = crate::parse_conversation(&message.conversation)?;
        let uid = data_encoding::HEXLOWER.decode(message.id.as_bytes());
        let uid = uid.unwrap_or_default();
        self.list(Which::Message(&id, &uid, &message.sender)).await
    }

    /// One file.
    ///
    /// # Errors
    /// `unknown_attachment`.
    pub async fn attachment(&self, id: i64) -> Result<AttachmentInfo> {
        let found = self.list(Which::One(id)).await?.pop();
        found.ok_or_else(|| unknown("unknown_attachment", "file of this number"))
    }

    async fn list(&self, which: Which<'_>) -> Result<Vec<AttachmentInfo>> {
        let infos = {
            let mut conn = self.core.db.readers.acquire().await?;
            store::attachment_infos(&mut conn, which).await?
        };
        let here = |(info, hash): (AttachmentInfo, [u8; 32])| AttachmentInfo {
            downloaded: self.core.files.vault.holds(&hash, info.size),
            ..info
        };
        Ok(infos.into_iter().map(here).collect())
    }

    pub(super) async fn attachment_row(&self, id: i64) -> Result<AttachmentRow> {
        let mut conn = self.core.db.readers.acquire().await?;
        let row = store::attachment(&mut conn, id).await?;
        row.ok_or_else(|| unknown("unknown_attachment", "file of this number"))
    }

    /// A small JPEG of a picture, at most 16 KiB; empty if there is none.
    ///
    /// # Errors
    /// `unknown_attachment`.
    pub async fn thumbnail(&self, id: i64) -> Result<Vec<u8>> {
        Ok(self.attachment_row(id).await?.file.preview.thumbnail)
    }

    /// Begins to fetch a file, or goes on where an attempt ended; does nothing if it is here.
    ///
    /// # Errors
    /// `unknown_attachment`.
    pub async fn download(&self, id: i64) -> Result<()> {
        let file = self.attachment_row(id).await?.file;
        if self.core.files.vault.holds(&file.sealed_hash, file.size) {
            return Ok(());
        }
        let mut conn = self.core.db.writer.lock().await;
        let mut tx = self.core.db.begin(&mut conn).await?;
        store::start_transfer(&mut tx, id, Direction::Download, 0).await?;
        tx.commit().await?;
        drop(conn);
        self.core.files.changed();
        Ok(())
    }

    /// Waits until a file that was asked for is here.
    ///
    /// # Errors
    /// Why it cannot be had (`attachment_gone`, `attachment_damaged`, `disk_full`);
    /// `download_stopped` if nobody fetches it; `timed_out` after `limit` without any progress.
    pub async fn downloaded(&self, id: i64, limit: Duration) -> Result<()> {
        let mut progress = self.core.progress.subscribe();
        let file = self.attachment_row(id).await?.file;
        let (mut bytes, mut since) = (None, tokio::time::Instant::now());
        loop {
            progress.borrow_and_update();
            if self.core.files.vault.holds(&file.sealed_hash, file.size) {
                return Ok(());
            }
            let row = {
                let mut conn = self.core.db.readers.acquire().await?;
                store::transfer_of(&mut conn, id).await?
            };
            match row {
                Some(row) if row.info.state == TransferState::Failed => {
                    return Err(failure(&row.code, &row.info.reason));
                }
                Some(row) => {
                    if bytes.replace(row.info.bytes) != Some(row.info.bytes) {
                        since = tokio::time::Instant::now();
                    } else if since.elapsed() > limit {
                        return Err(failure("timed_out", &row.info.reason));
                    }
                }
                None if self.core.files.vault.holds(&file.sealed_hash, file.size) => {}
                None => return Err(failure("download_stopped", "")),
            }
            let _ = tokio::time::timeout(Duration::from_millis(250), progress.changed()).await;
        }
    }

    /// Opens a file that is here into a new file in `dir`, and says where. Nothing is replaced:
    /// if the name is taken, a number is added.
    ///
    /// # Errors
    /// `unknown_attachment`, `not_downloaded`, `copy_damaged`, `disk_full`, `file_missing` if
    /// there is no such folder.
    pub async fn save_as(&self, id: i64, dir: &Path) -> Result<PathBuf> {
        let file = self.attachment_row(id).await?.file;
        let vault = &self.core.files.vault;
        let saved = export::save_named(vault, &file, dir, file.filename.clone()).await?;
        Ok(saved.path)
    }

    /// The content of a file that is here, for showing it, if it has at most `most` bytes.
    ///
    /// # Errors
    /// `unknown_attachment`, `not_downloaded`, `copy_damaged`, `file_too_large`.
    pub async fn read_attachment(&self, id: i64, most: usize) -> Result<Zeroizing<Vec<u8>>> {
        let file = self.attachment_row(id).await?.file;
        if file.size > most as u64 {
            return Err(CoreError::new(
                ErrorKind::Usage,
                "file_too_large",
                "the file is too large to be shown here",
                "save it, and open it from there",
            ));
        }
        let mut reader = self.core.files.vault.reader(&file)?;
        let work = move || {
            let mut content = Zeroizing::new(Vec::with_capacity(most));
            std::io::Read::read_to_end(&mut reader, &mut content).map_err(export::reading)?;
            Ok(content)
        };
        tokio::task::spawn_blocking(work)
            .await
            .map_err(CoreError::internal)?
    }
}

fn unknown(code: &'static str, what: &str) -> CoreError {
    CoreError::new(
        ErrorKind::Usage,
        code,
        format!("there is no {what}"),
        "`sealwire file list` shows all",
    )
}

/// A stored error as it was.
fn failure(code: &str, reason: &str) -> CoreError {
    let (message, hint) = reason.split_once("; ").unwrap_or((reason, ""));
    let (kind, code, other) = match code {
        "attachment_gone" => (ErrorKind::Usage, "attachment_gone", ""),
        "attachment_damaged" => (ErrorKind::Untrusted, "attachment_damaged", ""),
        "disk_full" => (ErrorKind::Io, "disk_full", ""),
        "timed_out" => (ErrorKind::Io, "timed_out", "the file is not here yet"),
        "download_stopped" => (
            ErrorKind::Usage,
            "download_stopped",
            "nobody fetches the file",
        ),
        _ => (ErrorKind::Io, "download_failed", ""),
    };
    if other.is_empty() {
        return CoreError::new(kind, code, message, hint);
    }
    let message = match reason {
        "" => other.to_owned(),
        reason => format!("{other}: {reason}"),
    };
    CoreError::new(
        kind,
        code,
        message,
        "fetch it again; what has arrived is kept",
    )
}
