//! Unfinished uploads: one file each in `uploads/`, written in order and made durable before it is
//! told how far it is.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use sealwire_protocol::ids::BlobId;
use tokio::task::spawn_blocking;

/// The directory of unfinished uploads.
#[derive(Clone)]
pub(super) struct Spool {
    path: PathBuf,
}

impl Spool {
    /// Opens the directory, making it if it is not there.
    pub(super) fn open(path: PathBuf) -> io::Result<Self> {
        make_dir(&path)?;
        Ok(Self { path })
    }

    /// The directory as it is, to be read.
    pub(super) fn to_read(path: PathBuf) -> Self {
        Self { path }
    }

    fn file(&self, id: BlobId) -> PathBuf {
        self.path.join(id.to_string())
    }

    /// Opens an upload to be gone on with at `offset`. What stands beyond was never told of, and
    /// goes.
    pub(super) async fn resume(&self, id: BlobId, offset: u64) -> io::Result<Upload> {
        let (dir, path) = (self.path.clone(), self.file(id));
        blocking(move || {
            let file = OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .mode(0o600)
                .open(path)?;
            let len = file.metadata()?.len();
            if len < offset {
                return Err(io::Error::new(ErrorKind::InvalidData, "bytes are missing"));
            }
            file.set_len(offset)?;
            if offset == 0 {
                File::open(dir)?.sync_all()?;
            }
            Ok(Upload {
                file: Arc::new(file),
                end: offset,
            })
        })
        .await
    }

    /// Opens an upload to be read; `None` if there is none.
    pub(super) async fn read(&self, id: BlobId) -> io::Result<Option<File>> {
        let path = self.file(id);
        blocking(move || absent(File::open(path))).await
    }

    /// Length of an upload's file; `None` if there is none.
    pub(super) fn len(&self, id: BlobId) -> io::Result<Option<u64>> {
        absent(std::fs::metadata(self.file(id)).map(|file| file.len()))
    }

    /// Cuts what stands beyond `offset`.
    pub(super) fn cut(&self, id: BlobId, offset: u64) -> io::Result<()> {
        OpenOptions::new()
            .write(true)
            .open(self.file(id))?
            .set_len(offset)
    }

    /// Removes an upload, if it is there.
    pub(super) async fn remove(&self, id: BlobId) -> io::Result<()> {
        let path = self.file(id);
        blocking(move || absent(std::fs::remove_file(path)).map(drop)).await
    }

    /// Removes all files but those of `known`.
    pub(super) fn remove_strangers(&self, known: impl Fn(BlobId) -> bool) -> io::Result<()> {
        remove_strangers(&self.path, &known)
    }
}

/// Removes the files of a directory that are not the blobs of `known`.
pub(super) fn remove_strangers(dir: &Path, known: &impl Fn(BlobId) -> bool) -> io::Result<()> {
    for file in std::fs::read_dir(dir)? {
        let file = file?;
        let id = file.file_name().to_str().map(BlobId::from_hex);
        if !matches!(id, Some(Ok(id)) if known(id)) && !file.file_type()?.is_dir() {
            std::fs::remove_file(file.path())?;
        }
    }
    Ok(())
}

/// Makes a private directory.
pub(super) fn make_dir(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// `None` if there is no such file.
pub(super) fn absent<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Runs work that waits for the disk.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    spawn_blocking(work)
        .await
        .unwrap_or_else(|_| Err(io::Error::other("a panic")))
}

/// An upload that is being written.
pub(super) struct Upload {
    file: Arc<File>,
    end: u64,
}

impl Upload {
    /// How far it is written, durable or not.
    pub(super) fn end(&self) -> u64 {
        self.end
    }

    /// Writes what comes next. After an error nothing of it counts.
    pub(super) async fn write(&mut self, bytes: Bytes) -> io::Result<()> {
        let (file, at, len) = (Arc::clone(&self.file), self.end, bytes.len() as u64);
        blocking(move || file.write_all_at(&bytes, at)).await?;
        self.end += len;
        Ok(())
    }

    /// Whether the file holds these bytes at `at`.
    pub(super) async fn holds(&self, bytes: Bytes, at: u64) -> io::Result<bool> {
        let file = Arc::clone(&self.file);
        blocking(move || {
            let mut there = vec![0; bytes.len()];
            file.read_exact_at(&mut there, at)?;
            Ok(there == bytes)
        })
        .await
    }

    /// Makes durable what was written.
    pub(super) async fn sync(&self) -> io::Result<()> {
        let file = Arc::clone(&self.file);
        blocking(move || file.sync_data()).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: BlobId = BlobId([1; 16]);

    #[tokio::test]
    async fn what_was_not_told_of_is_written_again() {
        let dir = tempfile::tempdir().unwrap();
        let spool = Spool::open(dir.path().join("uploads")).unwrap();
        let mut upload = spool.resume(ID, 0).await.unwrap();
        upload.write(Bytes::from_static(b"sealed")).await.unwrap();
        upload.sync().await.unwrap();
        drop(upload);
        let mut upload = spool.resume(ID, 4).await.unwrap();
        assert_eq!(spool.len(ID).unwrap(), Some(4));
        upload.write(Bytes::from_static(b"ING")).await.unwrap();
        assert!(upload.holds(Bytes::from_static(b"seal"), 0).await.unwrap());
        assert!(!upload.holds(Bytes::from_static(b"ed"), 4).await.unwrap());
        assert!(spool.resume(ID, 8).await.is_err(), "bytes are missing");
        spool.remove(ID).await.unwrap();
        spool.remove(ID).await.unwrap();
        assert!(spool.read(ID).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn strangers_go() {
        let dir = tempfile::tempdir().unwrap();
        let spool = Spool::open(dir.path().join("uploads")).unwrap();
        drop(spool.resume(ID, 0).await.unwrap());
        drop(spool.resume(BlobId([2; 16]), 0).await.unwrap());
        std::fs::write(dir.path().join("uploads").join("notes"), "").unwrap();
        spool.remove_strangers(|id| id == ID).unwrap();
        let left: Vec<_> = std::fs::read_dir(dir.path().join("uploads"))
            .unwrap()
            .map(|file| file.unwrap().file_name().into_string().unwrap())
            .collect();
        assert_eq!(left, [ID.to_string()]);
    }
}
