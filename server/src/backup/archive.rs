//! The archive: ustar (POSIX.1-1988), which every `tar` reads. From 8 GiB on the size of a member is
//! spelled as GNU tar does.
//!
//! Room for the manifest is left at the beginning and filled at the end, so that everything else is
//! read once. A last member, in the format of `sha256sum`, guards the manifest.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;

use sealwire_audit::predicate::Hex;
use sealwire_crypto::sha256;
use tar::{EntryType, Header};

use super::Hashing;
use super::manifest::{Facts, MANIFEST, Manifest, Member};

/// Name of the last member.
pub(super) const GUARD: &str = "manifest.sha256";
/// Headers and members begin at multiples of it.
pub(super) const BLOCK: u64 = 512;
/// What stands behind the last member, zeros.
pub(super) const END: u64 = 2 * BLOCK;

/// The one header that a member of a backup has.
pub(super) fn header(name: &str, length: u64, mtime_s: u64) -> io::Result<Header> {
    let mut header = Header::new_ustar();
    header.set_path(name)?;
    header.set_size(length);
    header.set_mode(0o600);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(mtime_s);
    header.set_entry_type(EntryType::Regular);
    header.set_cksum();
    Ok(header)
}

/// What the last member holds.
pub(super) fn guard(manifest: &[u8]) -> String {
    format!("{}  {MANIFEST}\n", Hex(sha256(&[manifest])))
}

/// An archive that is being written.
pub(super) struct Archive {
    tar: tar::Builder<File>,
    room: usize,
    mtime_s: u64,
    members: Vec<Member>,
}

impl Archive {
    /// Begins an archive whose manifest takes up `room` bytes, or less.
    pub(super) fn begin(file: File, room: usize, mtime_s: u64) -> io::Result<Self> {
        let mut tar = tar::Builder::new(file);
        let header = header(MANIFEST, room as u64, mtime_s)?;
        tar.append(&header, io::repeat(0).take(room as u64))?;
        Ok(Self {
            tar,
            room,
            mtime_s,
            members: Vec::new(),
        })
    }

    /// Adds the next `length` bytes of `content`, which must be there.
    pub(super) fn add(&mut self, name: &str, length: u64, content: impl Read) -> io::Result<()> {
        let mut hashing = Hashing::new(content.take(length));
        self.tar
            .append(&header(name, length, self.mtime_s)?, &mut hashing)?;
        if hashing.from.limit() > 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.members.push(Member {
            name: name.to_owned(),
            length,
            sha256: hashing.finish(),
        });
        Ok(())
    }

    /// Writes manifest, guard and end, and makes all of it durable.
    pub(super) fn finish(mut self, facts: Facts) -> io::Result<(File, Manifest)> {
        let manifest = Manifest::new(facts, self.members);
        let mut bytes = serde_json::to_vec(&manifest)?;
        if bytes.len() > self.room {
            return Err(io::Error::other("the manifest is longer than its room"));
        }
        bytes.resize(self.room, b' ');
        let guard = guard(&bytes);
        let header = header(GUARD, guard.len() as u64, self.mtime_s)?;
        self.tar.append(&header, guard.as_bytes())?;
        let file = self.tar.into_inner()?;
        file.write_all_at(&bytes, BLOCK)?;
        file.sync_all()?;
        Ok((file, manifest))
    }
}
