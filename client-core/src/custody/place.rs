//! Where an archive lies: a folder, or a bucket of an S3-compatible store.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use super::bucket::Bucket;
use crate::error::{CoreError, Result};

/// Where an archive lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A folder.
    Folder(PathBuf),
    /// A bucket of an S3-compatible store.
    Bucket {
        /// Its name.
        bucket: String,
        /// Before all names in it; empty for none.
        prefix: String,
    },
}

const SCHEME: &str = "s3://";

impl Place {
    /// Reads `s3://BUCKET/PREFIX`, or a path.
    ///
    /// # Errors
    /// `bad_place` if it names no bucket, or an empty part of a prefix.
    pub fn parse(text: &str) -> Result<Self> {
        let Some(rest) = text.strip_prefix(SCHEME) else {
            return Ok(Self::Folder(text.into()));
        };
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let prefix = prefix.strip_suffix('/').unwrap_or(prefix);
        let good = |part: &str| !part.is_empty() && part != "." && part != "..";
        if !good(bucket) || !(prefix.is_empty() || prefix.split('/').all(good)) {
            return Err(CoreError::usage(
                "bad_place",
                format!("{text:?} names no place in a bucket"),
                "write it as s3://BUCKET or s3://BUCKET/PREFIX",
            ));
        }
        Ok(Self::Bucket {
            bucket: bucket.into(),
            prefix: prefix.into(),
        })
    }

    /// Opens the bucket, if it is one; asks nothing of it yet.
    pub(super) fn open(&self) -> Result<Opened> {
        Ok(match self {
            Self::Folder(dir) => Opened::Folder(dir.clone()),
            Self::Bucket { bucket, prefix } => Opened::Bucket(Bucket::open(bucket, prefix)?),
        })
    }
}

impl From<&Path> for Place {
    fn from(dir: &Path) -> Self {
        Self::Folder(dir.into())
    }
}

impl From<&PathBuf> for Place {
    fn from(dir: &PathBuf) -> Self {
        Self::Folder(dir.clone())
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(dir) => write!(f, "{}", dir.display()),
            Self::Bucket { bucket, prefix } if prefix.is_empty() => write!(f, "{SCHEME}{bucket}"),
            Self::Bucket { bucket, prefix } => write!(f, "{SCHEME}{bucket}/{prefix}"),
        }
    }
}

/// A place that can be read.
pub(super) enum Opened {
    Folder(PathBuf),
    Bucket(Bucket),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_as_they_are_shown() {
        for text in [
            "archive",
            "/srv/records",
            "s3://records",
            "s3://records/acme/one",
        ] {
            let place = Place::parse(text).expect("a place");
            assert_eq!(place.to_string(), text);
            let is_bucket = matches!(place, Place::Bucket { .. });
            assert_eq!(is_bucket, text.starts_with("s3"));
        }
        let slash = Place::parse("s3://records/acme/").expect("a place");
        assert_eq!(slash.to_string(), "s3://records/acme");
        for bad in [
            "s3://",
            "s3:///acme",
            "s3://records//acme",
            "s3://records/../acme",
        ] {
            assert_eq!(Place::parse(bad).expect_err(bad).code, "bad_place");
        }
    }
}
