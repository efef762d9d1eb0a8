//! Backups: one archive of all that a relay needs to be itself again, made while it serves; whether
//! an archive or a data directory is sound; and going back to an archive.
//!
//! The databases are copied one after the other, each as it is at one moment. What refers is copied
//! before what it refers to, so that nothing in a backup points to what it does not hold:
//!
//! 1. account.db: an envelope in it may speak of a group and of a blob.
//! 2. groups.db: an entry may speak of a blob.
//! 3. blobs.db: a row speaks of the bytes of a blob.
//! 4. The bytes. A row is there before its bytes are and goes after them; so bytes that are missing now
//!    were removed since, and their row is taken out of the copy.
//!
//! The other way round, what was added in between would be spoken of and missing. This way it is
//! in the backup and nobody speaks of it, which harms nobody.

mod archive;
mod create;
mod drill;
mod manifest;
mod restore;
mod unpack;
mod verify;

use std::io;
use std::path::Path;

use sealwire_audit::predicate::{Hex, Time};
use sealwire_crypto::Sha256Stream;

pub(crate) use self::create::create;
pub(crate) use self::drill::drill;
pub(crate) use self::restore::restore;
pub(crate) use self::verify::{Report, archive, data_dir};
use crate::account;
use crate::clock;
use crate::config;
use crate::evidence;
use crate::fault::Fault;
use crate::group;
use crate::tls;

/// The databases, in the order in which they are copied.
const DATABASES: [&str; 3] = [account::DATABASE, group::DATABASE, group::blobs::DATABASE];

/// The other files that every relay has, or may have.
fn files() -> impl Iterator<Item = (&'static str, bool)> {
    let keys = evidence::KEY_FILES
        .into_iter()
        .chain([account::KEY_FILE, config::FILE]);
    keys.map(|name| (name, true))
        .chain(tls::DEV_FILES.map(|name| (name, false)))
}

fn now() -> Result<Time, Fault> {
    Time::from_millis(clock::now_ms()).map_err(Fault::of("the clock"))
}

/// SHA-256 of all that `from` gives, and how many bytes these are.
fn digest(from: impl io::Read) -> io::Result<(Hex<32>, u64)> {
    let mut hashing = Hashing::new(from);
    let length = io::copy(&mut hashing, &mut io::sink())?;
    Ok((hashing.finish(), length))
}

/// Hashes what is read.
struct Hashing<R> {
    from: R,
    hash: Sha256Stream,
}

impl<R: io::Read> Hashing<R> {
    fn new(from: R) -> Self {
        Self {
            from,
            hash: Sha256Stream::default(),
        }
    }

    fn finish(self) -> Hex<32> {
        Hex(self.hash.finish())
    }
}

impl<R: io::Read> io::Read for Hashing<R> {
    fn read(&mut self, piece: &mut [u8]) -> io::Result<usize> {
        let length = self.from.read(piece)?;
        self.hash.update(&piece[..length]);
        Ok(length)
    }
}

/// Makes everything durable that was written to the file system of a folder.
fn sync(folder: &Path) -> Result<(), Fault> {
    let fault = Fault::of::<io::Error>(folder.display());
    let open = std::fs::File::open(folder).map_err(&fault)?;
    rustix::fs::syncfs(&open).map_err(|error| fault(error.into()))
}
