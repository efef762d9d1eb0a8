//! Where whole blobs lie, `blobs/ab/<id>`: a local directory, or an S3-compatible store.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{
    GetOptions, GetRange, GetResultPayload, ObjectStore, ObjectStoreExt, PutPayloadMut,
    WriteMultipart,
};
use sealwire_protocol::ids::BlobId;

use super::spool::{absent, blocking, make_dir, remove_strangers};
use crate::config::S3;

/// Whole blobs.
pub(super) const BLOBS: &str = "blobs";
/// Part of a multipart upload.
const PART: usize = 8 << 20;
/// Parts that are on their way at once; one more is being read.
const PARTS: usize = 2;
/// What is read of a file at once.
const READ: usize = 256 << 10;

/// Why the place cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PlaceError {
    #[error("the directory of blobs: {0}")]
    Io(#[from] io::Error),
    #[error("option `s3.credentials`: {0}")]
    Credentials(String),
    /// The texts of this crate's errors name bucket and address, never a secret.
    #[error("the store of blobs: {0}")]
    Store(#[from] object_store::Error),
}

/// Bytes of a blob, one chunk after the other.
pub(super) enum Bytestream {
    /// So many bytes of a file, from where it stands.
    File(Option<File>, u64),
    Stream(BoxStream<'static, object_store::Result<Bytes>>),
}

impl Bytestream {
    /// A range of a file.
    pub(super) async fn of(mut file: File, range: Range<u64>) -> io::Result<Self> {
        let file = blocking(move || {
            file.seek(SeekFrom::Start(range.start))?;
            Ok(file)
        })
        .await?;
        Ok(Self::File(Some(file), range.end - range.start))
    }

    /// The next chunk; `None` at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, PlaceError> {
        match self {
            Self::Stream(stream) => Ok(stream.next().await.transpose()?),
            Self::File(_, 0) => Ok(None),
            Self::File(file, left) => {
                let Some(mut taken) = file.take() else {
                    return Ok(None);
                };
                let most = usize::try_from(*left).map_or(READ, |left| left.min(READ));
                let (taken, chunk) = blocking(move || {
                    let mut chunk = vec![0; most];
                    taken.read_exact(&mut chunk)?;
                    Ok((taken, chunk))
                })
                .await?;
                *file = Some(taken);
                *left -= chunk.len() as u64;
                Ok(Some(chunk.into()))
            }
        }
    }
}

/// Whole blobs.
#[derive(Clone)]
pub(super) struct Place {
    store: Arc<dyn ObjectStore>,
    prefix: Path,
    /// The local directory that `store` is rooted in.
    local: Option<PathBuf>,
}

impl Place {
    /// In the data directory, or in S3 if a bucket is named.
    pub(super) fn open(data: &FilePath, s3: &S3) -> Result<Self, PlaceError> {
        if s3.bucket.is_empty() {
            make_dir(&data.join(BLOBS))?;
        }
        Self::to_read(data, s3)
    }

    /// As it is, to be read.
    pub(super) fn to_read(data: &FilePath, s3: &S3) -> Result<Self, PlaceError> {
        if s3.bucket.is_empty() {
            let store = LocalFileSystem::new_with_prefix(data)?.with_fsync(true);
            return Ok(Self {
                store: Arc::new(store),
                prefix: Path::default(),
                local: Some(data.into()),
            });
        }
        Ok(Self {
            store: Arc::new(super::s3::open(s3)?),
            prefix: Path::from(s3.prefix.as_str()),
            local: None,
        })
    }

    fn path(&self, id: BlobId) -> Path {
        let name = id.to_string();
        let shard = name[..2].to_owned();
        self.prefix.clone().join(BLOBS).join(shard).join(name)
    }

    /// Whether finished uploads only have to be renamed.
    pub(super) fn is_local(&self) -> bool {
        self.local.is_some()
    }

    /// Moves a finished and durable upload here, durably. Local only.
    pub(super) async fn adopt(&self, spool: &str, id: BlobId) -> Result<(), PlaceError> {
        let from = Path::from(spool).join(id.to_string());
        self.store.rename(&from, &self.path(id)).await?;
        Ok(())
    }

    /// Copies a file of so many bytes here.
    pub(super) async fn put(&self, id: BlobId, file: File, length: u64) -> Result<(), PlaceError> {
        let mut bytes = Bytestream::File(Some(file), length);
        if length <= PART as u64 {
            let mut whole = PutPayloadMut::new();
            while let Some(chunk) = bytes.next().await? {
                whole.push(chunk);
            }
            self.store.put(&self.path(id), whole.freeze()).await?;
            return Ok(());
        }
        let upload = self.store.put_multipart(&self.path(id)).await?;
        let mut parts = WriteMultipart::new_with_chunk_size(upload, PART);
        match copy(&mut bytes, &mut parts).await {
            Ok(()) => {
                parts.finish().await?;
                Ok(())
            }
            Err(error) => {
                // Else its parts would stay, and cost.
                parts.abort().await?;
                Err(error)
            }
        }
    }

    /// Opens a range of a blob; `None` if it is not here.
    pub(super) async fn get(
        &self,
        id: BlobId,
        range: Range<u64>,
    ) -> Result<Option<Bytestream>, PlaceError> {
        let options = GetOptions {
            range: Some(GetRange::Bounded(range.clone())),
            ..GetOptions::default()
        };
        match self.store.get_opts(&self.path(id), options).await {
            Ok(found) => Ok(Some(match found.payload {
                GetResultPayload::File(file, _) => Bytestream::of(file, range).await?,
                GetResultPayload::Stream(stream) => Bytestream::Stream(stream),
            })),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Length of a blob's file, and its first bytes, at most so many; `None` if it is not here.
    pub(super) async fn beginning(
        &self,
        id: BlobId,
        most: u64,
    ) -> Result<Option<(u64, Bytes)>, PlaceError> {
        let path = self.path(id);
        let options = GetOptions {
            range: Some(GetRange::Bounded(0..most)),
            ..GetOptions::default()
        };
        match self.store.get_opts(&path, options).await {
            Ok(found) => {
                let length = found.meta.size;
                Ok(Some((length, found.bytes().await?)))
            }
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            // Nothing has no range.
            Err(error) => match self.store.head(&path).await {
                Ok(found) if found.size == 0 => Ok(Some((0, Bytes::new()))),
                _ => Err(error.into()),
            },
        }
    }

    /// Removes a blob, if it is here.
    pub(super) async fn remove(&self, id: BlobId) -> Result<(), PlaceError> {
        match self.store.delete(&self.path(id)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Length of a blob's file; `None` if there is none. Local only.
    pub(super) fn len(&self, id: BlobId) -> io::Result<Option<u64>> {
        let Some(data) = &self.local else {
            return Ok(None);
        };
        let name = id.to_string();
        let file = data.join(BLOBS).join(&name[..2]).join(name);
        absent(std::fs::metadata(file).map(|file| file.len()))
    }

    /// Removes all files but those of `known`. Local only: in S3 nothing but our own order of rows
    /// and objects tells which are ours.
    pub(super) fn remove_strangers(&self, known: impl Fn(BlobId) -> bool) -> io::Result<()> {
        let Some(data) = &self.local else {
            return Ok(());
        };
        let blobs = data.join(BLOBS);
        remove_strangers(&blobs, &known)?;
        for shard in std::fs::read_dir(blobs)? {
            remove_strangers(&shard?.path(), &known)?;
        }
        Ok(())
    }
}

async fn copy(bytes: &mut Bytestream, parts: &mut WriteMultipart) -> Result<(), PlaceError> {
    while let Some(chunk) = bytes.next().await? {
        parts.wait_for_capacity(PARTS).await?;
        parts.put(chunk);
    }
    Ok(())
}
