//! Sending files, and sending them on.

use std::{sync::Arc, time::Duration};

use sealwire_crypto::SecretBytes;
use sealwire_protocol::{
    content::{Attachment, MAX_ATTACHMENTS, MAX_CAPTION},
    ids::{BlobId, ConversationId},
};

use super::{
    prepare::{self, Prepared},
    types::{Direction, NewFile, Source, TransferInfo, TransferState},
    upload,
};
use crate::{
    api::{Event, MessageInfo, Post},
    client::Client,
    error::{CoreError, ErrorKind, Result},
    store::{self, Outgoing},
    writing::Waiting,
};

/// A file of a message that is being made.
struct SealedFile {
    file: Attachment,
    /// `None` if the blob is another message's.
    delete_token: Option<SecretBytes<32>>,
}

/// What becomes of the draft of the conversation.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Drafted {
    /// It was sent.
    Sent,
    /// Something else was sent.
    Kept,
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
        post: &Post,
        files: Vec<NewFile>,
    ) -> Result<MessageInfo> {
        self.attach(id, post, files, Drafted::Sent).await
    }

    async fn attach(
        &self,
        id: &ConversationId,
        post: &Post,
        files: Vec<NewFile>,
        draft: Drafted,
    ) -> Result<MessageInfo> {
        check(&post.text, files.len())?;
        {
            let mut conn = self.core.db.readers.acquire().await?;
            self.sendable(&mut conn, id).await?;
        }
        let mut sealed = Unsent {
            client: self,
            files: Vec::new(),
        };
        for file in files {
            let prepared = self.prepare(file).await?;
            sealed.files.push(self.outgoing(prepared));
        }
        let message = self.post_with(id, post, &sealed.files, draft).await?;
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
            let reader = Box::new(self.core.files.vault.reader(&row.file)?);
            let source = Source::Reader { name, size, reader };
            let mut file = NewFile::from(source);
            // It was cleaned, or meant to be as it is, when it was sent first.
            file.keep_metadata = true;
            file.duration_ms = duration_ms;
            return self
                .attach(to, &Post::text(caption), vec![file], Drafted::Kept)
                .await;
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
        let outgoing = SealedFile {
            file: row.file,
            delete_token: None,
        };
        self.post_with(to, &Post::text(caption), &[outgoing], Drafted::Kept)
            .await
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

    fn outgoing(&self, prepared: Prepared) -> SealedFile {
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
        SealedFile {
            file,
            delete_token: Some(delete_token),
        }
    }

    /// Stores the message with its files, and their uploads if there are any.
    async fn post_with(
        &self,
        id: &ConversationId,
        post: &Post,
        files: &[SealedFile],
        draft: Drafted,
    ) -> Result<MessageInfo> {
        let mut conn = self.core.db.writer.lock().await;
        let mut tx = self.core.db.begin(&mut conn).await?;
        let Waiting {
            row: log,
            line,
            salt,
        } = self.write(&mut tx, id, post).await?;
        let message = line.row;
        let not_before = post.not_before(line.info.at_ms);
        let mut to_upload = false;
        for (place, SealedFile { file, delete_token }) in files.iter().enumerate() {
            let token = delete_token.as_ref();
            let id = store::add_attachment(&mut tx, message, place, file, token).await?;
            if token.is_some() {
                store::start_transfer(&mut tx, id, Direction::Upload, not_before).await?;
                to_upload = true;
            }
        }
        if !to_upload {
            let row = (message, &salt);
            store::enqueue(&mut tx, &log.id, row, &Outgoing::Message, not_before).await?;
        }
        if draft == Drafted::Sent {
            store::set_draft(&mut tx, id, "", &[], line.info.at_ms).await?;
        }
        let info = self.complete(&mut tx, id, line).await?;
        tx.commit().await?;
        drop(conn);
        self.core.emit(Event::Message(info.clone()));
        self.core.files.changed();
        self.core.wake(&log.id);
        Ok(info)
    }
}

/// Sealed files that no message refers to yet; removed unless one comes to.
struct Unsent<'a> {
    client: &'a Client,
    files: Vec<SealedFile>,
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
    let usage =
        |code, message: String, hint| Err(CoreError::new(ErrorKind::Usage, code, message, hint));
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
        return usage(
            "caption_too_long",
            message,
            "send it as a message of its own",
        );
    }
    Ok(())
}
