//! Reading an archive that anybody may have written: nothing is taken from it but what its manifest
//! names, nothing is written but below one folder, and every byte has to be as it was written.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, BufReader, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::Path;

use tar::Entry;

use super::Hashing;
use super::archive::{BLOCK, END, GUARD, guard, header};
use super::manifest::{LONGEST, MANIFEST, Manifest};
use crate::fault::Fault;
use crate::group::blobs;

/// What is to be written to disk. Everything is read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Keep {
    All,
    AllButBlobs,
}

/// The buffered archive.
type Source<'f> = BufReader<&'f File>;

/// Unpacks an archive into an empty folder.
pub(super) fn unpack(mut file: &File, into: &Path, keep: Keep) -> Result<Manifest, Fault> {
    let broken = |error: io::Error| Fault::new("the archive", error);
    let length = file.metadata().map_err(broken)?.len();
    file.rewind().map_err(broken)?;
    let mut archive = tar::Archive::new(BufReader::with_capacity(1 << 18, file));
    // Raw: long names and other extensions would come as members, which no backup has.
    let mut reader = Reader {
        entries: archive.entries().map_err(broken)?.raw(true),
        mtime_s: None,
        end: 0,
        padding: Vec::new(),
    };
    let bytes = reader.manifest(length)?;
    let manifest = Manifest::parse(&bytes, length)?;
    for member in &manifest.members {
        let mut entry = Hashing::new(reader.next(&member.name, member.length)?);
        let written = if keep == Keep::AllButBlobs && blobs::is_name(&member.name) {
            io::copy(&mut entry, &mut io::sink())
        } else {
            create(into, &member.name).and_then(|mut file| io::copy(&mut entry, &mut file))
        };
        let written = written.map_err(Fault::of(&member.name))?;
        if written != member.length || entry.finish() != member.sha256 {
            return Err(Fault::new(
                &member.name,
                "is cut off or not what the manifest says",
            ));
        }
    }
    let wanted = guard(&bytes);
    let mut said = Vec::new();
    let mut last = reader.next(GUARD, wanted.len() as u64)?;
    last.read_to_end(&mut said).map_err(Fault::of(GUARD))?;
    if said != wanted.as_bytes() {
        return Err(Fault::new(MANIFEST, "has another SHA-256 than its guard"));
    }
    reader.finish(file, length)?;
    Ok(manifest)
}

/// The members, one after the other, each where it has to be.
struct Reader<'a, 'f> {
    entries: tar::Entries<'a, Source<'f>>,
    /// Of all members.
    mtime_s: Option<u64>,
    /// Where the last member ended.
    end: u64,
    /// Where zeros have to stand.
    padding: Vec<(u64, u64)>,
}

impl<'a, 'f> Reader<'a, 'f> {
    fn manifest(&mut self, most: u64) -> Result<Vec<u8>, Fault> {
        let entry = self.entry(MANIFEST)?;
        let length = entry.header().size().map_err(Fault::of(MANIFEST))?;
        if length > LONGEST.min(most) {
            return Err(Fault::new(MANIFEST, "is larger than any manifest"));
        }
        let mut entry = self.placed(entry, MANIFEST, length)?;
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).map_err(Fault::of(MANIFEST))?;
        if bytes.len() as u64 != length {
            return Err(Fault::new(MANIFEST, "is cut off"));
        }
        Ok(bytes)
    }

    /// The next member, which has to be this one.
    fn next(&mut self, name: &str, length: u64) -> Result<Entry<'a, Source<'f>>, Fault> {
        let entry = self.entry(name)?;
        self.placed(entry, name, length)
    }

    fn entry(&mut self, name: &str) -> Result<Entry<'a, Source<'f>>, Fault> {
        match self.entries.next() {
            Some(Ok(entry)) => Ok(entry),
            Some(Err(error)) => Err(Fault::new(name, error)),
            None => Err(Fault::new(name, "is missing: the archive ends before it")),
        }
    }

    fn placed(
        &mut self,
        entry: Entry<'a, Source<'f>>,
        name: &str,
        length: u64,
    ) -> Result<Entry<'a, Source<'f>>, Fault> {
        let fault = Fault::of::<io::Error>(name);
        let mtime_s = match self.mtime_s {
            Some(mtime_s) => mtime_s,
            None => entry.header().mtime().map_err(&fault)?,
        };
        let wanted = header(name, length, mtime_s).map_err(fault)?;
        if entry.header().as_bytes() != wanted.as_bytes() {
            let why = "another kind of member, name or size stands in its place";
            return Err(Fault::new(name, why));
        }
        self.mtime_s = Some(mtime_s);
        let end = self.end + BLOCK + length;
        self.end = end.next_multiple_of(BLOCK);
        self.padding.push((end, self.end));
        Ok(entry)
    }

    /// Nothing stands behind or between the members but zeros.
    fn finish(mut self, file: &File, length: u64) -> Result<(), Fault> {
        let broken = |why: &str| Fault::new("the archive", why);
        if self.entries.next().is_some() || self.end + END != length {
            return Err(broken("is cut off, or something stands behind its end"));
        }
        self.padding.push((self.end, length));
        let mut bytes = Vec::new();
        for (from, to) in self.padding {
            bytes.resize(usize::try_from(to - from).unwrap_or_default(), 0);
            let read = file.read_exact_at(&mut bytes, from);
            read.map_err(Fault::of("the archive"))?;
            if bytes.iter().any(|byte| *byte != 0) {
                return Err(broken("holds something between its members"));
            }
        }
        Ok(())
    }
}

/// Makes the file of a member, whose name the manifest has allowed.
fn create(into: &Path, name: &str) -> io::Result<impl Write> {
    let path = into.join(name);
    if let Some(folder) = path.parent() {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
    }
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
}
