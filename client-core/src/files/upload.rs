//! Bringing sealed files to the relay, and removing them there.

use std::{
    fs::File,
    io::{Read, Seek, SeekFrom},
    path::PathBuf,
};

use bytes::Bytes;
use sealwire_crypto::{SecretBytes, sealed_blob_len};
use sealwire_protocol::ids::{BlobId, ConversationId};
use sqlx::SqliteConnection;

use super::{
    run::Progress,
    types::{Direction, TransferState},
};
use crate::{
    api::Event,
    core::Core,
    error::{CoreError, Result},
    net::{BlobClient, NewBlob},
    store::{self, AttachmentRow, LogRow, LogState, Outgoing, TransferRow},
};

/// Sealed bytes of one request.
const PIECE: u64 = 4 * 1024 * 1024;
/// Days that the relay keeps a file, the most it takes.
pub(super) const DAYS: u32 = sealwire_protocol::limits::MAX_BLOB_DAYS;

async fn load(core: &Core, row: &TransferRow) -> Result<AttachmentRow> {
    let mut conn = core.db.readers.acquire().await?;
    store::attachment(&mut conn, row.info.attachment)
        .await?
        .ok_or_else(|| CoreError::internal("a transfer without its file"))
}

/// Brings one file to the relay, from wherever the relay says that it is; then lets its message
/// go, if it is the last.
pub(super) async fn run(core: &Core, row: &TransferRow) -> Result<()> {
    let found = load(core, row).await?;
    let Some(delete_token) = &found.delete_token else {
        return Err(CoreError::internal("an upload without its token"));
    };
    let file = &found.file;
    let len = sealed_blob_len(file.size).map_err(CoreError::internal)?;
    let relay = BlobClient::new(&core.identity.endpoint)?;
    let new = NewBlob {
        blob: file.blob,
        read_token: &file.read_token,
        delete_token,
        days: DAYS,
        len,
    };
    let mut offset = match relay.create(&new).await {
        // Nobody has heard of this id yet, so another does as well.
        Err(error) if error.code == "blob_conflict" => return rename(core, row).await,
        other => other?,
    };
    let mut progress = Progress::new(core, row);
    progress.reached(offset).await?;
    let path = core.files.vault.path(&file.sealed_hash);
    while offset < len {
        let piece = read(path.clone(), offset, PIECE.min(len - offset)).await?;
        offset = relay.append(&file.blob, offset, len, piece).await?;
        progress.reached(offset).await?;
    }
    finish(core, row, found.message).await?;
    progress.ended(TransferState::Done);
    Ok(())
}

async fn read(path: PathBuf, offset: u64, len: u64) -> Result<Bytes> {
    let read = move || -> std::io::Result<Bytes> {
        let mut file = File::open(&path)?;
        file.seek(SeekFrom::Start(offset))?;
        let mut piece = Vec::with_capacity(usize::try_from(len).unwrap_or(0));
        file.take(len).read_to_end(&mut piece)?;
        if piece.len() as u64 != len {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        Ok(piece.into())
    };
    tokio::task::spawn_blocking(read)
        .await
        .map_err(CoreError::internal)?
        .map_err(|_| {
            CoreError::new(
                crate::error::ErrorKind::Internal,
                "file_lost",
                "the encrypted copy of the file in this profile is gone or damaged",
                "send the file again",
            )
        })
}

async fn rename(core: &Core, row: &TransferRow) -> Result<()> {
    let blob = BlobId::random(&mut rand::rng());
    let (read_token, delete_token) = tokens();
    let mut conn = core.db.writer.lock().await;
    let mut tx = core.db.begin(&mut conn).await?;
    store::move_attachment(
        &mut tx,
        row.info.attachment,
        &blob,
        &read_token,
        &delete_token,
    )
    .await?;
    tx.commit().await?;
    Ok(())
}

/// Tokens for a blob: to read and to remove it.
pub(super) fn tokens() -> (SecretBytes<32>, SecretBytes<32>) {
    let mut rng = rand::rng();
    (
        SecretBytes::generate(&mut rng),
        SecretBytes::generate(&mut rng),
    )
}

/// The file is at the relay. With the last one its message goes into the outbox.
async fn finish(core: &Core, row: &TransferRow, message: i64) -> Result<()> {
    let mut conn = core.db.writer.lock().await;
    let mut tx = core.db.begin(&mut conn).await?;
    // Cancelled in the last moment: then it is not the upload that ends it.
    let now = store::transfer(&mut tx, row.info.id).await?;
    if now.is_none_or(|now| now.info.state != TransferState::Waiting) {
        return Ok(());
    }
    store::end_transfer(&mut tx, row.info.id).await?;
    let sent = if store::uploads_left(&mut tx, message).await? == 0 {
        release(&mut tx, message).await?
    } else {
        None
    };
    tx.commit().await?;
    drop(conn);
    match sent {
        Some(Released::Sent(log)) => core.wake(&log),
        Some(Released::Failed(info)) => core.emit(Event::Message(*info)),
        None => {}
    }
    Ok(())
}

/// What became of a message whose files are all there.
enum Released {
    Sent(sealwire_protocol::ids::LogId),
    Failed(Box<crate::api::MessageInfo>),
}

/// Puts a message into the outbox of the group that carries its conversation now.
async fn release(conn: &mut SqliteConnection, message: i64) -> Result<Option<Released>> {
    let Some((conversation, salt)) = store::message_place(conn, message).await? else {
        return Ok(None);
    };
    let conversation =
        ConversationId::from_slice(&conversation).map_err(|_| store::damaged("message"))?;
    let salt = salt.try_into().map_err(|_| store::damaged("message"))?;
    let log = match store::conversation(conn, &conversation).await? {
        Some(row) => LogRow::load(conn, &row.log).await?,
        None => None,
    };
    match log {
        Some(log) if log.state != LogState::Removed => {
            let row = (message, &salt);
            store::enqueue(conn, &log.id, row, &Outgoing::Message, 0).await?;
            Ok(Some(Released::Sent(log.id)))
        }
        _ => {
            store::withdraw_files(conn, message, None).await?;
            let line = store::fail_message(conn, message).await?;
            Ok(line.map(|line| Released::Failed(Box::new(line.info))))
        }
    }
}

/// Removes at the relay what a message that is not sent had there, and the copy here unless the
/// message can be sent again.
pub(super) async fn withdraw(core: &Core, row: &TransferRow) -> Result<()> {
    let found = load(core, row).await?;
    if let Some(token) = &found.delete_token {
        let relay = BlobClient::new(&core.identity.endpoint)?;
        match relay.delete(&found.file.blob, token).await {
            Err(error) if error.may_pass() => return Err(error),
            // What the relay refuses for good ends there by itself, with its days.
            _ => {}
        }
    }
    let mut conn = core.db.writer.lock().await;
    let mut tx = core.db.begin(&mut conn).await?;
    if !store::upload_failed(&mut tx, found.message).await? {
        let vault = &core.files.vault;
        vault.remove(&vault.path(&found.file.sealed_hash))?;
    }
    store::end_transfer(&mut tx, row.info.id).await?;
    tx.commit().await?;
    Ok(())
}

/// Ends an upload and with it the message: the text is kept, what is at the relay is removed.
pub(super) async fn fail(core: &Core, row: &TransferRow, error: &CoreError) -> Result<()> {
    let mut conn = core.db.writer.lock().await;
    let mut tx = core.db.begin(&mut conn).await?;
    store::stop_transfer(&mut tx, row.info.id, error, None).await?;
    let message = store::attachment(&mut tx, row.info.attachment).await?;
    let mut failed = None;
    if let Some(found) = message
        && row.info.state == TransferState::Waiting
    {
        store::withdraw_files(&mut tx, found.message, Some(row.info.id)).await?;
        let line = store::fail_message(&mut tx, found.message).await?;
        failed = line.map(|line| line.info);
    }
    tx.commit().await?;
    drop(conn);
    core.progressed();
    let conversation = failed.as_ref().map(|info| info.conversation.clone());
    if let Some(info) = failed {
        core.emit(Event::Message(info));
    }
    core.emit(Event::Warning {
        conversation,
        text: format!(
            "{} was not sent: {}. {}",
            row.info.name, error.message, error.hint
        ),
    });
    let mut info = row.info.clone();
    (info.direction, info.state) = (Direction::Upload, TransferState::Failed);
    info.reason = format!("{}; {}", error.message, error.hint);
    core.emit(Event::Transfer(info));
    Ok(())
}
