//! Where whole blobs lie, `blobs/ab/<id>`: a local directory, or an S3-compatible store.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::BoxStream;
use object_store::aws::AmazonS3Builder;
use object_store::buffered::BufWriter;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{GetOptions, GetRange, GetResultPayload, ObjectStore, ObjectStoreExt};
use sealwire_protocol::ids::BlobId;
use serde::Deserialize;
use tokio::io::AsyncWriteExt;
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::spool::{absent, make_dir, remove_strangers};
use crate::config::S3;

/// Whole blobs.
const BLOBS: &str = "blobs";
/// Part of a multipart upload; two are in memory at once.
const PART: usize = 8 << 20;
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

/// The keys of an S3 store, as its file holds them.
#[derive(Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(deny_unknown_fields)]
struct Credentials {
    access_key_id: String,
    secret_access_key: String,
    #[serde(default)]
    session_token: String,
}

/// A blob's bytes.
pub(super) enum Source {
    /// A file, to be read from the beginning of the range.
    File(File, Range<u64>),
    /// A stream of the range.
    Stream(BoxStream<'static, object_store::Result<Bytes>>),
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
            let store = LocalFileSystem::new_with_prefix(data)?.with_fsync(true);
            return Ok(Self {
                store: Arc::new(store),
                prefix: Path::default(),
                local: Some(data.into()),
            });
        }
        // The HTTP client below takes the process's cryptography.
        drop(rustls::crypto::ring::default_provider().install_default());
        Ok(Self {
            store: Arc::new(s3_builder(s3)?.build()?),
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

    /// Copies a file here.
    pub(super) async fn put(&self, id: BlobId, file: File) -> Result<(), PlaceError> {
        let mut file = tokio::fs::File::from_std(file);
        let mut writer = BufWriter::with_capacity(Arc::clone(&self.store), self.path(id), PART)
            .with_max_concurrency(2);
        let copied = tokio::io::copy(&mut file, &mut writer).await;
        let done = match copied {
            Ok(_) => writer.shutdown().await,
            Err(error) => Err(error),
        };
        if let Err(error) = done {
            // Else its parts would stay, and cost.
            drop(writer.abort().await);
            return Err(error.into());
        }
        Ok(())
    }

    /// Opens a range of a blob; `None` if it is not here.
    pub(super) async fn get(
        &self,
        id: BlobId,
        range: Range<u64>,
    ) -> Result<Option<Source>, PlaceError> {
        let options = GetOptions {
            range: Some(GetRange::Bounded(range.clone())),
            ..GetOptions::default()
        };
        match self.store.get_opts(&self.path(id), options).await {
            Ok(found) => Ok(Some(match found.payload {
                GetResultPayload::File(file, _) => Source::File(file, range),
                GetResultPayload::Stream(stream) => Source::Stream(stream),
            })),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
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

/// Reads what stands next in a file, at most so much at once and up to `left` bytes.
pub(super) fn read_chunk(file: &mut File, left: u64) -> io::Result<Bytes> {
    use std::io::Read;
    let most = usize::try_from(left).map_or(READ, |left| left.min(READ));
    let mut chunk = vec![0; most];
    file.read_exact(&mut chunk)?;
    Ok(chunk.into())
}

fn s3_builder(s3: &S3) -> Result<AmazonS3Builder, PlaceError> {
    let mut builder = if s3.credentials.as_os_str().is_empty() {
        // AWS_ACCESS_KEY_ID and the like.
        AmazonS3Builder::from_env()
    } else {
        let keys = credentials(&s3.credentials)?;
        let builder = AmazonS3Builder::new()
            .with_access_key_id(&keys.access_key_id)
            .with_secret_access_key(&keys.secret_access_key);
        match keys.session_token.as_str() {
            "" => builder,
            token => builder.with_token(token),
        }
    };
    if !s3.endpoint.is_empty() {
        builder = builder
            .with_endpoint(&s3.endpoint)
            .with_allow_http(s3.endpoint.starts_with("http://"));
    }
    Ok(builder
        .with_bucket_name(&s3.bucket)
        .with_region(&s3.region))
}

fn credentials(path: &FilePath) -> Result<Credentials, PlaceError> {
    use std::os::unix::fs::PermissionsExt;
    let wrong = |what: &str| PlaceError::Credentials(format!("{} {what}", path.display()));
    let mode = std::fs::metadata(path)
        .map_err(|error| wrong(&format!("cannot be read: {error}")))?
        .permissions()
        .mode();
    if mode & 0o077 != 0 {
        return Err(wrong("may be read by others; run chmod 600 on it"));
    }
    let text = zeroize::Zeroizing::new(
        std::fs::read_to_string(path)
            .map_err(|error| wrong(&format!("cannot be read: {error}")))?,
    );
    // The parser's own text quotes the line, and with it the secret.
    toml::from_str(&text).map_err(|_| {
        wrong("must hold access_key_id = \"…\" and secret_access_key = \"…\", and nothing else")
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn errors_about_credentials_never_quote_them() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keys");
        let told = |text: &str, mode: u32| {
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            credentials(&path).err().map(|error| error.to_string())
        };
        let good = "access_key_id = \"id\"\nsecret_access_key = \"hush\"\n";
        assert_eq!(told(good, 0o600), None);
        assert!(told(good, 0o640).expect("refused").contains("chmod 600"));
        for bad in ["secret_access_key = \"hush\"", "hush", "secret_access_key = hush"] {
            let text = told(bad, 0o600).expect("refused");
            assert!(!text.contains("hush") && text.contains("access_key_id"), "{text}");
        }
        assert!(credentials(&dir.path().join("none")).is_err());
    }
}
