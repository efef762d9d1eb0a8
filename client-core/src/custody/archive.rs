//! An archive that is written, in a folder or in a bucket.

use std::{
    fs,
    path::{Path, PathBuf},
};

use sealwire_audit::{merkle::Edge, note::SignerKey};

use super::{
    bucket::{Lock, Shelf},
    folder::{Folder, sync_parent},
    place::Opened,
    record::Record,
    writing,
};
use crate::error::{CoreError, Result};

/// An archive that is written.
pub(super) struct Archive {
    place: Written,
    /// Writing failed, and nobody knows how far it came.
    stale: bool,
}

enum Written {
    Folder(Folder),
    /// With the path on this device where files wait until the store has them.
    Bucket(Shelf, PathBuf),
}

impl Archive {
    /// Opens an archive. `edge` is its tree as it was last written, `scratch` a file of this device that may
    /// be written; `lock` is needed in a bucket.
    ///
    /// # Errors
    /// `archive_broken`, `archive_io`, `no_lock`; those of the store.
    pub(super) async fn open(
        place: Opened,
        key: SignerKey,
        lock: Option<Lock>,
        edge: Edge,
        scratch: PathBuf,
    ) -> Result<Self> {
        let place = match place {
            Opened::Folder(dir) => Written::Folder(Folder::open(&dir, key)?),
            Opened::Bucket(bucket) => {
                let lock = lock.ok_or_else(no_lock)?;
                Written::Bucket(Shelf::open(bucket, key, lock, edge).await?, scratch)
            }
        };
        Ok(Self {
            place,
            stale: false,
        })
    }

    /// Records in it.
    pub(super) const fn size(&self) -> u64 {
        self.edge().size()
    }

    /// Its tree.
    pub(super) const fn edge(&self) -> &Edge {
        match &self.place {
            Written::Folder(folder) => folder.edge(),
            Written::Bucket(shelf, _) => shelf.edge(),
        }
    }

    /// Device and journal number of the newest record; `None` if it was not read.
    pub(super) fn last(&self) -> Option<(&str, u64)> {
        match &self.place {
            Written::Folder(folder) => folder.last(),
            Written::Bucket(shelf, _) => shelf.last(),
        }
    }

    /// Reads anew what is there, if writing failed.
    ///
    /// # Errors
    /// As [`Archive::open`].
    pub(super) async fn settle(&mut self) -> Result<()> {
        if !self.stale {
            return Ok(());
        }
        match &mut self.place {
            Written::Folder(folder) => folder.reload()?,
            Written::Bucket(shelf, _) => shelf.reload().await?,
        }
        self.stale = false;
        Ok(())
    }

    /// Writes records behind the others, in a folder to those of `day` (`2026-11-26`) or of a later one that
    /// has begun; answers how many it wrote. When it returns they are durable, and the head is signed anew.
    ///
    /// # Errors
    /// `archive_io`, those of the store: then nothing but [`Archive::settle`] helps.
    pub(super) async fn append(&mut self, day: &str, records: Vec<Record>) -> Result<u64> {
        self.stale = true;
        let written = match &mut self.place {
            Written::Folder(folder) => folder.append(day, records)?,
            Written::Bucket(shelf, _) => shelf.append(records).await?,
        };
        self.stale = false;
        Ok(written)
    }

    /// Where a file is written before its hash is known.
    pub(super) fn incoming(&self) -> PathBuf {
        match &self.place {
            Written::Folder(folder) => folder.file("incoming"),
            Written::Bucket(_, scratch) => scratch.clone(),
        }
    }

    /// Takes a file of this length and hash that stands in [`Archive::incoming`].
    ///
    /// # Errors
    /// `archive_io`; those of the store.
    pub(super) async fn keep(&self, len: u64, sha256: &str) -> Result<()> {
        let from = self.incoming();
        match &self.place {
            Written::Folder(folder) => {
                let path = folder.file(sha256);
                fs::rename(&from, &path)
                    .and_then(|()| sync_parent(&path))
                    .map_err(|error| writing(&path, &error))
            }
            Written::Bucket(shelf, _) => {
                let kept = shelf.keep(&from, len, sha256).await;
                forget(&from);
                kept
            }
        }
    }
}

/// Removes what was only on its way; the next run would write over it.
pub(super) fn forget(scratch: &Path) {
    drop(fs::remove_file(scratch));
}

pub(super) fn no_lock() -> CoreError {
    CoreError::usage(
        "no_lock",
        "it is not said how the objects of the bucket are to be locked",
        "add --lock compliance or --lock governance, and --retain-days",
    )
}
