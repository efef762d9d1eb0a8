//! What a person does with files.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use sealwire_crypto::{BlobKey, SecretBytes};
use sealwire_protocol::{
    content::{Attachment, MAX_ATTACHMENTS, MAX_CAPTION},
    ids::{BlobId, ConversationId},
    policy::Action,
};
use zeroize::Zeroizing;

use super::{
    export,
    prepare::{self, Prepared},
    types::{AttachmentInfo, Direction, NewFile, Source, TransferInfo, TransferState},
    upload,
    vault::{Reader, Sealed},
};
use crate::{
    api::{Delivery, Event, MessageInfo, MessageKind},
    client::Client,
    error::{CoreError, ErrorKind, Result},
    random,
    store::{self, AttachmentRow, History, NewMessage, Which},
};

/// A file of a message that is being made.
struct Outgoing {
    file: Attachment,
    /// `None` if the blob is another message's.
    delete_token: Option<SecretBytes<32>>,
}

impl Client {
    /// Sends files with a text beside them, which may be empty. When this returns the files are
    /// encrypted in the profile and need their sources no more; they are uploaded in the
    /// background, also after a restart, and the message goes out when all are at the relay.
    ///
    /// # Errors
    /// `no_file`, `too_many_files`, `caption_too_long`; those of [`Client::send`];
    /// `file_missing`, `not_a_file`, `file_too_large`, `source_changed`, `disk_full`,
    /// `metadata_stays` (a picture that would tell where it was taken). Nothing is sent then.
    pub async fn attach_and_send(
        &self,
        id: &ConversationId,
        caption: &str,
        files: Vec<NewFile>,
    ) -> Result<MessageInfo> {
        check(caption, files.len())?;
        {
            let mut conn = self.core.db.readers.acquire().await?;
            self.writable(&mut conn, id, Action::Post, "write").await?;
        }
        let mut sealed = Unsent {
            client: self,
            files: Vec::new(),
        };
        for file in files {
            let prepared = self.prepare(file).await?;
            sealed.files.push(self.outgoing(prepared));
        }
        let message = self.post(id, caption, &sealed.files).await?;
        sealed.files.clear();
        Ok(message)
    }

    /// Sends a file on to a conversation. It is uploaded anew under another key, so that nothing
    /// tells the relay that both have it; with `reuse` the message refers to the same blob
    /// instead, which does tell, and ends with the first message's.
    ///
    /// # Errors
    /// `not_downloaded` unless `reuse`; `attachment_gone` with `reuse` if the relay no longer has
    /// it; those of [`Client::attach_and_send`].
    pub async fn forward(
        &self,
        attachment: i64,
        to: &ConversationId,
        caption: &str,
        reuse: bool,
    ) -> Result<MessageInfo> {
        let row = self.attachment_row(attachment).await?;
        if !reuse {
            let name = row.file.filename.clone();
            let duration_ms = Some(row.file.preview.duration_ms);
            let size = row.file.size;
            let reader = Box::new(self.reader(&row.file)?);
            let source = Source::Reader { name, size, reader };
            let mut file = NewFile::from(source);
            // It was cleaned, or meant to be as it is, when it was sent first.
            file.keep_metadata = true;
            file.duration_ms = duration_ms;
            return self.attach_and_send(to, caption, vec![file]).await;
        }
        check(caption, 1)?;
        let under_way = {
            let mut conn = self.core.db.readers.acquire().await?;
            store::transfer_of(&mut conn, attachment).await?
        };
        let uploading = under_way.is_some_and(|row| row.info.direction == Direction::Upload);
        if uploading || u64::from(row.file.expires_s) <= self.core.now_s() {
            return Err(CoreError::new(
                ErrorKind::Usage,
                "attachment_gone",
                "the relay does not have the file",
                "fetch it if you have not, and send it anew",
            ));
        }
        let outgoing = Outgoing {
            file: row.file,
            delete_token: None,
        };
        self.post(to, caption, &[outgoing]).await
    }

    async fn prepare(&self, file: NewFile) -> Result<Prepared> {
        let core = Arc::clone(&self.core);
        let place = self.core.files.desk.clone().acquire_owned().await;
        let place = place.map_err(CoreError::internal)?;
        let work = move || {
            let mut told = None;
            let prepared = prepare::prepare(&core.files.vault, file, &mut |name, bytes, total| {
                let now = std::time::Instant::now();
                if told.is_some_and(|told| now < told + Duration::from_millis(250)) {
                    return;
                }
                told = Some(now);
                core.emit(Event::Transfer(TransferInfo {
                    id: 0,
                    attachment: 0,
                    name: name.into(),
                    direction: Direction::Upload,
                    state: TransferState::Sealing,
                    bytes,
                    total,
                    reason: String::new(),
                }));
            });
            drop(place);
            prepared
        };
        tokio::task::spawn_blocking(work)
            .await
            .map_err(CoreError::internal)?
    }

    fn outgoing(&self, prepared: Prepared) -> Outgoing {
        let (read_token, delete_token) = upload::tokens();
        let expires = self.core.now_s() + u64::from(upload::DAYS) * 86_400;
        let file = Attachment {
            blob: BlobId::random(&mut rand::rng()),
            read_token,
            key: prepared.sealed.key,
            sealed_hash: prepared.sealed.hash,
            size: prepared.sealed.size,
            expires_s: u32::try_from(expires).unwrap_or(u32::MAX),
            media_type: prepared.media_type,
            filename: prepared.name,
            preview: prepared.preview,
        };
        Outgoing {
            file,
            delete_token: Some(delete_token),
        }
    }

    /// Stores the message with its files, and their uploads if there are any.
    async fn post(
        &self,
        id: &ConversationId,
        caption: &str,
        files: &[Outgoing],
    ) -> Result<MessageInfo> {
        let salt = random::salt();
        let mut conn = self.core.db.writer.lock().await;
        let mut tx = self.core.db.begin(&mut conn).await?;
        let log = self.writable(&mut tx, id, Action::Post, "write").await?;
        let message = NewMessage {
            conversation: *id,
            salt,
            sender: Some(&self.core.identity.account),
            sender_handle: self.core.identity.handle.to_string(),
            own: true,
            kind: MessageKind::Text,
            text: caption,
            content: &[],
            at_ms: self.core.now_ms(),
            delivery: Delivery::Pending,
        };
        let mut history = History::open(&mut tx, id).await?;
        let (message, info) = store::insert_message(&mut tx, &message, &mut history)
            .await?
            .ok_or_else(|| CoreError::internal("a message id was drawn twice"))?;
        let mut to_upload = false;
        for (place, Outgoing { file, delete_token }) in files.iter().enumerate() {
            let token = delete_token.as_ref();
            let id = store::add_attachment(&mut tx, message, place, file, token).await?;
            if token.is_some() {
                store::start_transfer(&mut tx, id, Direction::Upload).await?;
                to_upload = true;
            }
        }
        if !to_upload {
            store::enqueue(&mut tx, &log.id, message, &salt, "").await?;
        }
        tx.commit().await?;
        drop(conn);
        self.core.emit(Event::Message(info.clone()));
        self.core.files.changed();
        self.core.wake(&log.id);
        Ok(info)
    }

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
        if let Some(info) = failed {
            self.core.emit(Event::Message(info));
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
        let salt = data_encoding::HEXLOWER.decode(message.id.as_bytes());
        let salt = salt.unwrap_or_default();
        self.list(Which::Message(&id, &salt, &message.sender)).await
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

    async fn attachment_row(&self, id: i64) -> Result<AttachmentRow> {
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
        store::start_transfer(&mut tx, id, Direction::Download).await?;
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
        let reader = self.reader(&file)?;
        let dir = dir.to_owned();
        tokio::task::spawn_blocking(move || export::save(reader, &dir, &file.filename))
            .await
            .map_err(CoreError::internal)?
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
        let mut reader = self.reader(&file)?;
        let work = move || {
            let mut content = Zeroizing::new(Vec::with_capacity(most));
            std::io::Read::read_to_end(&mut reader, &mut content).map_err(export::reading)?;
            Ok(content)
        };
        tokio::task::spawn_blocking(work)
            .await
            .map_err(CoreError::internal)?
    }

    fn reader(&self, file: &Attachment) -> Result<Reader> {
        self.core.files.vault.open(&Sealed {
            hash: file.sealed_hash,
            size: file.size,
            key: BlobKey::from_slice(file.key.expose()).map_err(CoreError::internal)?,
        })
    }
}

/// Sealed files that no message refers to yet; removed unless one comes to.
struct Unsent<'a> {
    client: &'a Client,
    files: Vec<Outgoing>,
}

impl Drop for Unsent<'_> {
    fn drop(&mut self) {
        let vault = &self.client.core.files.vault;
        for outgoing in &self.files {
            // What cannot be removed now goes when the profile is opened next.
            let _ = vault.remove(&vault.path(&outgoing.file.sealed_hash));
        }
    }
}

fn check(caption: &str, files: usize) -> Result<()> {
    let usage = |code, message: String, hint| {
        Err(CoreError::new(ErrorKind::Usage, code, message, hint))
    };
    if files == 0 {
        return usage("no_file", "there is no file to send".into(), "name one");
    }
    if files > MAX_ATTACHMENTS {
        let message = format!("{files} files are too many; {MAX_ATTACHMENTS} go into a message");
        return usage("too_many_files", message, "send several messages");
    }
    if caption.len() > MAX_CAPTION {
        let message = format!(
            "the text beside the files has {} bytes; {MAX_CAPTION} fit",
            caption.len()
        );
        return usage("caption_too_long", message, "send it as a message of its own");
    }
    Ok(())
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
        "download_stopped" => (ErrorKind::Usage, "download_stopped", "nobody fetches the file"),
        _ => (ErrorKind::Io, "download_failed", ""),
    };
    if other.is_empty() {
        return CoreError::new(kind, code, message, hint);
    }
    let message = match reason {
        "" => other.to_owned(),
        reason => format!("{other}: {reason}"),
    };
    CoreError::new(kind, code, message, "fetch it again; what has arrived is kept")
}

