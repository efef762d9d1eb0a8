//! Encrypted blobs: one file each, `blobs/ab/<id>`, so that no append waits for a large one.
//!
//! A file is magic (8), expiry in seconds since the Unix epoch (8, big endian), SHA-256 of the
//! read token (32), ciphertext. It gets its name when it is whole and durable.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use sealwire_protocol::ids::BlobId;
use sealwire_protocol::limits::MAX_BLOB;
use sealwire_protocol::problem::Code;
use subtle::ConstantTimeEq;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::refusal::{Answer, Refusal, is_no_space};

const MAGIC: &[u8; 8] = b"swblob1\n";
const HEADER: usize = 48;

/// A blob to store; its form has been checked.
pub(super) struct NewBlob {
    pub(super) id: BlobId,
    pub(super) token_hash: [u8; 32],
    pub(super) expires_s: u64,
    pub(super) content: Bytes,
}

/// The directory of blobs.
pub(super) struct Blobs {
    dir: Arc<Dir>,
    permits: Arc<Semaphore>,
}

struct Dir {
    path: PathBuf,
    most_bytes: u64,
    bytes: AtomicU64,
    temporary: AtomicU64,
}

impl Blobs {
    /// Opens the directory and counts what is in it.
    pub(super) fn open(path: &Path, most_bytes: u64, at_once: usize) -> io::Result<Self> {
        make_dir(path)?;
        let dir = Dir {
            path: path.into(),
            most_bytes,
            bytes: AtomicU64::new(0),
            temporary: AtomicU64::new(0),
        };
        let mut bytes = 0;
        dir.walk(|path, len| {
            if is_temporary(path) {
                std::fs::remove_file(path)?;
            } else {
                bytes += len;
            }
            Ok(())
        })?;
        dir.bytes.store(bytes, Ordering::Relaxed);
        Ok(Self {
            dir: Arc::new(dir),
            permits: Arc::new(Semaphore::new(at_once)),
        })
    }

    /// Waits for a place among the requests that are served; to be had before a body is read.
    pub(super) async fn place(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.permits).acquire_owned().await.ok()
    }

    /// Stores a blob durably; a repeat changes nothing.
    pub(super) async fn put(&self, blob: NewBlob) -> Answer<()> {
        self.blocking(move |dir| dir.put(&blob)).await
    }

    /// Reads a blob that `token` opens and that has not expired.
    pub(super) async fn read(&self, id: BlobId, token: Bytes, now_s: u64) -> Answer<Bytes> {
        self.blocking(move |dir| dir.read(id, &token, now_s)).await
    }

    /// Removes what has expired.
    pub(super) async fn sweep(&self, now_s: u64) -> Answer<()> {
        self.blocking(move |dir| dir.sweep(now_s)).await
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Dir) -> Result<Answer<T>, io::Error> + Send + 'static,
    ) -> Answer<T> {
        let dir = Arc::clone(&self.dir);
        match tokio::task::spawn_blocking(move || work(&dir)).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) if is_no_space(&error) => Err(full()),
            Ok(Err(error)) => Err(Refusal::internal(&format!("blob, {}", error.kind()))),
            Err(_) => Err(Refusal::internal("blob, panic")),
        }
    }
}

fn full() -> Refusal {
    Refusal::new(
        Code::StorageFull,
        "The relay has no space for blobs and nothing was stored; ask its operator to make space.",
    )
}

fn make_dir(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

fn is_temporary(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "new")
}

impl Dir {
    fn file(&self, id: BlobId) -> PathBuf {
        let name = id.to_string();
        self.path.join(&name[..2]).join(name)
    }

    fn put(&self, blob: &NewBlob) -> io::Result<Answer<()>> {
        let len = (HEADER + blob.content.len()) as u64;
        let file = self.file(blob.id);
        if file.exists() {
            return self.compare(blob);
        }
        if self.bytes.load(Ordering::Relaxed) + len > self.most_bytes {
            return Ok(Err(full()));
        }
        let parent = file.parent().unwrap_or(&self.path);
        make_dir(parent)?;
        let number = self.temporary.fetch_add(1, Ordering::Relaxed);
        let temporary = parent.join(format!("{}-{number}.new", blob.id));
        // A link, unlike a rename, does not replace a file that came first.
        let stored = write(&temporary, blob).and_then(|()| std::fs::hard_link(&temporary, &file));
        let removed = std::fs::remove_file(&temporary);
        match stored {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::AlreadyExists => return self.compare(blob),
            Err(error) => return Err(error),
        }
        removed?;
        File::open(parent)?.sync_all()?;
        File::open(&self.path)?.sync_all()?;
        self.bytes.fetch_add(len, Ordering::Relaxed);
        Ok(Ok(()))
    }

    fn compare(&self, blob: &NewBlob) -> io::Result<Answer<()>> {
        let conflict = Refusal::new(
            Code::BlobConflict,
            "This blob id was used for other bytes; choose a new one.",
        );
        let same = load(&self.file(blob.id))?
            .is_some_and(|old| old.token_hash == blob.token_hash && old.content == blob.content);
        Ok(if same { Ok(()) } else { Err(conflict) })
    }

    fn read(&self, id: BlobId, token: &[u8], now_s: u64) -> io::Result<Answer<Bytes>> {
        let hash = sealwire_crypto::sha256(&[token]);
        Ok(match load(&self.file(id))? {
            Some(found) if bool::from(found.token_hash.ct_eq(&hash)) && found.expires_s > now_s => {
                Ok(found.content)
            }
            _ => Err(Refusal::new(
                Code::BlobUnknown,
                "There is no such blob, or it expired, or this token does not open it.",
            )),
        })
    }

    fn sweep(&self, now_s: u64) -> io::Result<Answer<()>> {
        self.walk(|path, len| {
            if is_temporary(path) {
                return Ok(());
            }
            let mut header = [0; HEADER];
            File::open(path)?.read_exact(&mut header)?;
            if expiry(&header) <= now_s {
                std::fs::remove_file(path)?;
                self.bytes.fetch_sub(len, Ordering::Relaxed);
            }
            Ok(())
        })?;
        Ok(Ok(()))
    }

    fn walk(&self, mut each: impl FnMut(&Path, u64) -> io::Result<()>) -> io::Result<()> {
        for shard in std::fs::read_dir(&self.path)? {
            let shard = shard?;
            if !shard.file_type()?.is_dir() {
                continue;
            }
            for file in std::fs::read_dir(shard.path())? {
                let file = file?;
                let len = file.metadata()?.len();
                each(&file.path(), len)?;
            }
        }
        Ok(())
    }
}

fn write(path: &Path, blob: &NewBlob) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(MAGIC)?;
    file.write_all(&blob.expires_s.to_be_bytes())?;
    file.write_all(&blob.token_hash)?;
    file.write_all(&blob.content)?;
    file.sync_all()
}

fn expiry(header: &[u8; HEADER]) -> u64 {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&header[8..16]);
    u64::from_be_bytes(bytes)
}

fn load(path: &Path) -> io::Result<Option<NewBlob>> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut header = [0; HEADER];
    file.read_exact(&mut header)?;
    let mut content = Vec::new();
    file.take(MAX_BLOB as u64).read_to_end(&mut content)?;
    let mut token_hash = [0; 32];
    token_hash.copy_from_slice(&header[16..]);
    Ok(Some(NewBlob {
        id: BlobId([0; 16]),
        token_hash,
        expires_s: expiry(&header),
        content: content.into(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_000_000;

    fn blob(content: &'static [u8]) -> NewBlob {
        NewBlob {
            id: BlobId([0xab; 16]),
            token_hash: sealwire_crypto::sha256(&[b"token"]),
            expires_s: NOW + 10,
            content: Bytes::from_static(content),
        }
    }

    fn token() -> Bytes {
        Bytes::from_static(b"token")
    }

    #[tokio::test]
    async fn only_the_token_opens_a_blob_and_only_until_it_expires() {
        let dir = tempfile::tempdir().expect("temporary directory");
        let blobs = Blobs::open(dir.path(), 1000, 4).expect("opened");
        blobs.put(blob(b"sealed")).await.expect("stored");
        let id = blob(b"").id;
        assert_eq!(
            blobs.read(id, token(), NOW).await,
            Ok(Bytes::from_static(b"sealed"))
        );
        let unknown = |answer: Answer<Bytes>| answer.expect_err("refused").code();
        let wrong = Bytes::from_static(b"wrong");
        assert_eq!(unknown(blobs.read(id, wrong, NOW).await), Code::BlobUnknown);
        let late = blobs.read(id, token(), NOW + 10).await;
        assert_eq!(unknown(late), Code::BlobUnknown);
        let other = BlobId([1; 16]);
        assert_eq!(
            unknown(blobs.read(other, token(), NOW).await),
            Code::BlobUnknown
        );
    }

    #[tokio::test]
    async fn a_repeat_succeeds_and_other_bytes_do_not() {
        let dir = tempfile::tempdir().expect("temporary directory");
        let blobs = Blobs::open(dir.path(), 1000, 4).expect("opened");
        blobs.put(blob(b"sealed")).await.expect("stored");
        blobs.put(blob(b"sealed")).await.expect("repeated");
        let refusal = blobs.put(blob(b"other")).await.expect_err("conflict");
        assert_eq!(refusal.code(), Code::BlobConflict);
    }

    #[tokio::test]
    async fn space_is_bounded_and_given_back() {
        let dir = tempfile::tempdir().expect("temporary directory");
        let blobs = Blobs::open(dir.path(), 60, 4).expect("opened");
        blobs.put(blob(b"sealed")).await.expect("stored");
        let more = NewBlob {
            id: BlobId([2; 16]),
            ..blob(b"sealed")
        };
        let refusal = blobs.put(more).await.expect_err("full");
        assert_eq!(refusal.code(), Code::StorageFull);
        // What is there counts after a restart too.
        let blobs = Blobs::open(dir.path(), 60, 4).expect("opened again");
        let more = || NewBlob {
            id: BlobId([2; 16]),
            ..blob(b"sealed")
        };
        assert!(blobs.put(more()).await.is_err());
        blobs.sweep(NOW + 9).await.expect("nothing expired");
        assert!(blobs.put(more()).await.is_err());
        blobs.sweep(NOW + 10).await.expect("swept");
        blobs.put(more()).await.expect("space again");
    }

    #[tokio::test]
    async fn what_a_crash_left_half_written_goes() {
        let dir = tempfile::tempdir().expect("temporary directory");
        std::fs::create_dir(dir.path().join("ab")).expect("made");
        let half = dir.path().join("ab").join("abab-0.new");
        std::fs::write(&half, b"half").expect("written");
        Blobs::open(dir.path(), 1000, 4).expect("opened");
        assert!(!half.exists());
    }
}
