//! Looking at the files of blobs, beside a relay that writes them.

use std::io::{self, Read};
use std::path::Path;

use bytes::Bytes;
use sealwire_protocol::ids::BlobId;

use super::UPLOADS;
use super::place::{Place, PlaceError};
use super::spool::{Spool, blocking};
use crate::config::Config;

/// How much of a blob is looked at, in bytes.
const LOOKED_AT: u64 = 4096;

/// Where blobs lie.
pub(crate) struct BlobFiles {
    spool: Spool,
    place: Place,
}

/// How a blob begins.
pub(crate) struct Beginning {
    /// Bytes of its file as a whole.
    pub(crate) length: u64,
    /// The first of them, at most 4,096.
    pub(crate) bytes: Bytes,
}

impl BlobFiles {
    /// Nothing is made that is not there.
    pub(crate) fn open(data: &Path, config: &Config) -> Result<Self, PlaceError> {
        Ok(Self {
            spool: Spool::to_read(data.join(UPLOADS)),
            place: Place::to_read(data, &config.s3)?,
        })
    }

    /// The beginning of a blob, wherever it is; `None` if it is nowhere.
    pub(crate) async fn beginning(&self, id: BlobId) -> Result<Option<Beginning>, PlaceError> {
        // In this order: it moves from the one to the other.
        let found = match self.spool.read(id).await? {
            Some(file) => Some(blocking(move || of_file(file)).await?),
            None => self.place.beginning(id, LOOKED_AT).await?,
        };
        Ok(found.map(|(length, bytes)| Beginning { length, bytes }))
    }
}

fn of_file(file: std::fs::File) -> io::Result<(u64, Bytes)> {
    let length = file.metadata()?.len();
    let mut bytes = Vec::new();
    file.take(LOOKED_AT).read_to_end(&mut bytes)?;
    Ok((length, bytes.into()))
}
