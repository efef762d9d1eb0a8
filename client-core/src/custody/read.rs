//! Reading an archive, in whatever place it is.

use std::{
    fs::{self, File},
    io,
    path::Path,
};

use data_encoding::HEXLOWER;
use sealwire_crypto::Sha256Stream;

use super::{
    CHECKPOINT, FILES, RECORDS, broken,
    folder::{self, Lines},
    place::Opened,
    tree, writing,
};
use crate::error::Result;

/// Records that lie together.
pub(super) struct Part {
    /// Its name in the archive.
    pub(super) name: String,
    /// With which record it has to begin, if its name says so.
    pub(super) first: Option<u64>,
    lines: Source,
}

enum Source {
    Lines(Lines),
    Batch { bytes: Vec<u8>, at: usize },
}

impl Part {
    /// The next line, without its end.
    pub(super) fn next(&mut self) -> Result<Option<Vec<u8>>> {
        match &mut self.lines {
            Source::Lines(lines) => lines.next(),
            Source::Batch { bytes, at } => {
                let line = tree::whole_lines(&bytes[*at..]).next().map(<[u8]>::to_vec);
                *at += line.as_ref().map_or(0, |line| line.len() + 1);
                Ok(line)
            }
        }
    }

    /// After the last line: whether something stands behind its end.
    pub(super) fn is_torn(&self) -> bool {
        match &self.lines {
            Source::Lines(lines) => lines.is_torn(),
            Source::Batch { bytes, at } => *at != bytes.len(),
        }
    }
}

impl Opened {
    /// A small file of the archive; `None` if there is none.
    pub(super) async fn small(&self, name: &str) -> Result<Option<Vec<u8>>> {
        match self {
            Self::Bucket(bucket) => bucket.get(name).await,
            Self::Folder(dir) => {
                let path = dir.join(name);
                match fs::read(&path) {
                    Ok(bytes) => Ok(Some(bytes)),
                    Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
                    Err(error) => Err(writing(&path, &error)),
                }
            }
        }
    }

    /// The newest signed head, as it stands there.
    pub(super) async fn head(&self) -> Result<Vec<u8>> {
        let head = match self {
            Self::Folder(_) => self.small(CHECKPOINT).await?,
            Self::Bucket(bucket) => bucket.newest_head().await?.map(|(_, bytes)| bytes),
        };
        head.ok_or_else(|| broken("it has no signed head"))
    }

    /// What [`Opened::part`] gives, in the order of records.
    pub(super) async fn parts(&self) -> Result<Vec<String>> {
        match self {
            Self::Folder(dir) => folder::days(dir),
            Self::Bucket(bucket) => {
                let firsts = bucket.batches().await?;
                Ok(firsts.iter().map(ToString::to_string).collect())
            }
        }
    }

    /// A part of the records.
    pub(super) async fn part(&self, part: &str) -> Result<Part> {
        match self {
            Self::Folder(dir) => Ok(Part {
                name: format!("{RECORDS}/{part}.jsonl"),
                first: None,
                lines: Source::Lines(Lines::open(&folder::day_path(dir, part))?),
            }),
            Self::Bucket(bucket) => {
                let first = part.parse().map_err(crate::CoreError::internal)?;
                let name = super::bucket::batch_name(first);
                let bytes = bucket.batch(first).await?;
                let bytes = bytes.ok_or_else(|| broken(format!("{name} is gone")))?;
                Ok(Part {
                    name,
                    first: Some(first),
                    lines: Source::Batch { bytes, at: 0 },
                })
            }
        }
    }

    /// Whether the file of this hash is there and has it.
    pub(super) async fn has_file(&self, sha256: &str) -> Result<bool> {
        let Ok(wanted) = HEXLOWER.decode(sha256.as_bytes()) else {
            return Ok(false);
        };
        let hash = match self {
            Self::Bucket(bucket) => bucket.file_hash(sha256).await?,
            Self::Folder(dir) => hash_of(&dir.join(FILES).join(sha256))?,
        };
        Ok(hash.is_some_and(|hash| hash[..] == wanted))
    }

    /// The bytes of a file of the archive.
    pub(super) async fn file(&self, sha256: &str) -> Result<Vec<u8>> {
        let name = format!("{FILES}/{sha256}");
        let bytes = self.small(&name).await?;
        bytes.ok_or_else(|| broken(format!("{name} is gone")))
    }
}

fn hash_of(path: &Path) -> Result<Option<[u8; 32]>> {
    if !fs::symlink_metadata(path).is_ok_and(|found| found.is_file()) {
        return Ok(None);
    }
    let failed = |error: io::Error| writing(path, &error);
    let mut file = File::open(path).map_err(failed)?;
    let mut hash = Sha256Stream::default();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match io::Read::read(&mut file, &mut buffer).map_err(failed)? {
            0 => break,
            read => hash.update(&buffer[..read]),
        }
    }
    Ok(Some(hash.finish()))
}
