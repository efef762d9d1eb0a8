//! Fetching files: sealed as they are, checked chunk by chunk, from wherever the last attempt
//! ended.

use std::{
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom, Write},
    path::PathBuf,
};

use sealwire_crypto::{BlobKey, BlobOpener, SEALED_CHUNK, Sha256Stream, sealed_blob_len};
use zeroize::Zeroizing;

use super::{disk, run::Progress, types::TransferState, vault::Vault};
use crate::{
    core::Core,
    error::{CoreError, ErrorKind, Result},
    net::{BlobClient, damaged},
    store::{self, TransferRow},
};

/// How often a file is fetched anew from where it is damaged.
pub(super) const TRIES: u32 = 3;
/// Bytes that gather before they are checked and written.
const GATHER: usize = 16 * SEALED_CHUNK as usize;
/// Bytes between two notes of how far it is.
const NOTE: u64 = 4 * 1024 * 1024;

/// Fetches one file into the vault.
pub(super) async fn run(core: &Core, row: &TransferRow) -> Result<()> {
    let file = {
        let mut conn = core.db.readers.acquire().await?;
        store::attachment(&mut conn, row.info.attachment).await?
    };
    let file = file
        .ok_or_else(|| CoreError::internal("a transfer without its file"))?
        .file;
    let mut progress = Progress::new(core, row);
    let vault = core.files.vault.clone();
    if !vault.holds(&file.sealed_hash, file.size) {
        let len = sealed_blob_len(file.size).map_err(CoreError::internal)?;
        let key = BlobKey::from_slice(file.key.expose()).map_err(CoreError::internal)?;
        let (path, size) = (vault.part(row.info.attachment), file.size);
        vault.prepare()?;
        let mut part = blocking(move || Part::open(path, &key, size)).await?;
        progress.reached(part.len()).await?;
        if part.len() < len {
            let relay = BlobClient::new(&core.identity.endpoint)?;
            let offset = part.len();
            let coming = relay.read(&file.blob, &file.read_token, offset, len).await;
            let mut coming = coming.map_err(gone)?;
            let (mut gathered, mut noted) = (Vec::with_capacity(GATHER), offset);
            loop {
                let next = coming.next().await?;
                let end = next.is_none();
                gathered.extend_from_slice(&next.unwrap_or_default());
                if gathered.len() >= GATHER || end {
                    let bytes = std::mem::take(&mut gathered);
                    (part, gathered) = blocking(move || part.take(bytes)).await?;
                    if part.len() >= noted + NOTE {
                        noted = part.len();
                        progress.reached(noted).await?;
                    }
                }
                if end {
                    break;
                }
            }
            if part.len() < len {
                return Err(CoreError::network("the file broke off"));
            }
        }
        let hash = file.sealed_hash;
        blocking(move || part.finish(&vault, &hash)).await?;
    }
    let mut conn = core.db.writer.lock().await;
    let mut tx = core.db.begin(&mut conn).await?;
    store::end_transfer(&mut tx, row.info.id).await?;
    tx.commit().await?;
    drop(conn);
    progress.ended(TransferState::Done);
    Ok(())
}

fn gone(error: CoreError) -> CoreError {
    if error.code != "blob_unknown" {
        return error;
    }
    CoreError::new(
        ErrorKind::Usage,
        "attachment_gone",
        "the relay does not have the file any more",
        "ask the sender to send it again",
    )
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(CoreError::internal)?
}

/// A file that is coming: whole sealed chunks, each of which opens in its place.
struct Part {
    path: PathBuf,
    file: File,
    opener: BlobOpener,
    next: u64,
    hash: Sha256Stream,
    opened: Zeroizing<Vec<u8>>,
}

impl Part {
    /// Opens what there is and checks it: after a power cut it may not be what was written.
    fn open(path: PathBuf, key: &BlobKey, size: u64) -> Result<Self> {
        let opener = BlobOpener::new(key, size).map_err(CoreError::internal)?;
        let file = disk::open_or_create(&path).map_err(|error| writing(&error))?;
        let mut part = Self {
            path,
            file,
            opener,
            next: 0,
            hash: Sha256Stream::default(),
            opened: Vec::with_capacity(SEALED_CHUNK as usize).into(),
        };
        let mut chunk = vec![0; SEALED_CHUNK as usize];
        while part.next < part.opener.chunks() {
            let range = part.opener.sealed_range(part.next);
            let chunk = &mut chunk[..(range.end - range.start) as usize];
            match part.file.read_exact(chunk) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => break,
                Err(error) => return Err(writing(&error)),
            }
            if part.check(chunk).is_err() {
                break;
            }
        }
        let len = part.len();
        part.file
            .set_len(len)
            .and_then(|()| part.file.seek(SeekFrom::Start(len)))
            .map_err(|error| writing(&error))?;
        Ok(part)
    }

    /// Sealed bytes that are here and good.
    fn len(&self) -> u64 {
        match self.next {
            0 => 0,
            next => self.opener.sealed_range(next - 1).end,
        }
    }

    /// Whether `chunk` is the next one; counts it if so.
    fn check(&mut self, chunk: &[u8]) -> Result<()> {
        self.opened.clear();
        self.opener
            .open(self.next, chunk, &mut self.opened)
            .map_err(|_| damaged())?;
        self.hash.update(chunk);
        self.next += 1;
        Ok(())
    }

    /// Checks and writes the whole chunks in `bytes`, and gives back the rest.
    fn take(mut self, bytes: Vec<u8>) -> Result<(Self, Vec<u8>)> {
        let before = self.len();
        let mut rest = bytes.as_slice();
        let mut checked = Ok(());
        while self.next < self.opener.chunks() && checked.is_ok() {
            let range = self.opener.sealed_range(self.next);
            let Some((chunk, after)) = rest.split_at_checked((range.end - range.start) as usize)
            else {
                break;
            };
            checked = self.check(chunk);
            if checked.is_ok() {
                rest = after;
            }
        }
        // What was good before a bad chunk is kept.
        let good = bytes.len() - rest.len();
        if let Err(error) = self.file.write_all(&bytes[..good]) {
            // On a full disk the database needs room to note that it is full.
            let _ = self.file.set_len(before.saturating_sub(GATHER as u64));
            return Err(writing(&error));
        }
        checked?;
        if self.next == self.opener.chunks() && !rest.is_empty() {
            return Err(damaged());
        }
        Ok((self, rest.to_vec()))
    }

    /// Gives the file its name if it is the one that the message speaks of.
    fn finish(self, vault: &Vault, hash: &[u8; 32]) -> Result<()> {
        if self.hash.finish() != *hash {
            // Every chunk was sealed with the key, but not for this message.
            vault.remove(&self.path)?;
            return Err(damaged());
        }
        let target = vault.path(hash);
        self.file
            .sync_all()
            .and_then(|()| fs::rename(&self.path, &target))
            .and_then(|()| disk::sync_dir(target.parent().unwrap_or(&target)))
            .map_err(|error| writing(&error))
    }
}

fn writing(error: &io::Error) -> CoreError {
    disk::failed(
        "write",
        std::path::Path::new("the file into the profile"),
        error,
    )
}

#[cfg(test)]
mod tests;
