//! The profile's folder of files: sealed bytes, named after their hash. What opens them is in the
//! database.
//!
//! What is sent is read once and sealed here before anything is promised; uploads, and the
//! sender's own copy, come from these bytes. So a source that changes later changes nothing, and
//! no key ever seals two contents. What is received is kept as it came.

use std::{
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom, Write},
    ops::Range,
    path::{Path, PathBuf},
};

use data_encoding::HEXLOWER;
use sealwire_crypto::{BlobKey, BlobOpener, BlobSealer, Sha256Stream, sealed_blob_len};
use sealwire_protocol::content::Attachment;
use zeroize::Zeroizing;

use super::{disk, source::Input};
use crate::{
    error::{CoreError, ErrorKind, Result},
    profile::create_private_dir,
};

/// Sealed bytes gathered before they are written.
const GATHER: usize = 1024 * 1024;
/// Largest chunk of content.
const CHUNK: usize = 64 * 1024;

/// What is needed to find and open a sealed file.
pub(super) struct Sealed {
    pub(super) hash: [u8; 32],
    pub(super) size: u64,
    pub(super) key: BlobKey,
}

/// Where sealed files are.
#[derive(Clone)]
pub(crate) struct Vault(PathBuf);

impl Vault {
    /// The folder in the profile `dir`; made when first needed.
    pub(crate) fn new(dir: &Path) -> Self {
        Self(dir.join("files"))
    }

    /// The file that holds the sealed bytes of this hash, if it is there.
    pub(super) fn path(&self, hash: &[u8; 32]) -> PathBuf {
        self.0.join(HEXLOWER.encode(hash))
    }

    /// Where the download of an attachment gathers.
    pub(super) fn part(&self, attachment: i64) -> PathBuf {
        self.0.join(format!("{attachment}.part"))
    }

    /// Makes the folder.
    pub(super) fn prepare(&self) -> Result<()> {
        create_private_dir(&self.0)
    }

    /// Whether all of a content of `size` bytes is here.
    pub(crate) fn holds(&self, hash: &[u8; 32], size: u64) -> bool {
        let found = fs::metadata(self.path(hash));
        sealed_blob_len(size).is_ok_and(|len| found.is_ok_and(|found| found.len() == len))
    }

    /// Seals all of `input` under a fresh key. Afterwards the sealed bytes are durable. `progress`
    /// is told how many bytes were read.
    ///
    /// # Errors
    /// Those of [`Input`]; `disk_full`.
    pub(super) fn seal(&self, input: &mut Input, progress: &mut dyn FnMut(u64)) -> Result<Sealed> {
        self.prepare()?;
        let size = input.size;
        let key = BlobKey::generate(&mut rand::rng());
        let mut sealer = BlobSealer::new(&key, size).map_err(CoreError::internal)?;
        let temporary = self.0.join(format!("{:032x}.new", rand::random::<u128>()));
        let writing = |error: io::Error| disk::failed("write", &temporary, &error);
        let mut file = disk::create_new(&temporary).map_err(writing)?;
        let unfinished = disk::Unfinished::new(&temporary);
        let mut hash = Sha256Stream::default();
        let mut content = Zeroizing::new(vec![0; CHUNK]);
        let mut gathered = Vec::with_capacity(GATHER + CHUNK + 1024);
        let mut read = 0;
        while let Some(wanted) = sealer.wants() {
            input.fill(&mut content[..wanted])?;
            read += wanted as u64;
            sealer
                .seal(&content[..wanted], &mut gathered)
                .map_err(CoreError::internal)?;
            if gathered.len() >= GATHER || sealer.wants().is_none() {
                hash.update(&gathered);
                file.write_all(&gathered).map_err(writing)?;
                gathered.clear();
                progress(read);
            }
        }
        input.check_unchanged()?;
        file.sync_all().map_err(writing)?;
        let hash = hash.finish();
        fs::rename(&temporary, self.path(&hash))
            .and_then(|()| disk::sync_dir(&self.0))
            .map_err(writing)?;
        unfinished.keep();
        Ok(Sealed { hash, size, key })
    }

    /// Opens a file that is here.
    ///
    /// # Errors
    /// `not_downloaded`.
    pub(super) fn open(&self, sealed: &Sealed) -> Result<Reader> {
        let path = self.path(&sealed.hash);
        if !self.holds(&sealed.hash, sealed.size) {
            return Err(CoreError::new(
                ErrorKind::Usage,
                "not_downloaded",
                "the file is not on this device yet",
                "fetch it first: `sealwire file get`",
            ));
        }
        let file = File::open(&path).map_err(|error| disk::failed("read", &path, &error))?;
        let opener = BlobOpener::new(&sealed.key, sealed.size).map_err(CoreError::internal)?;
        Ok(Reader {
            file,
            opener,
            next: 0,
            sealed: Vec::new(),
            content: Zeroizing::new(Vec::with_capacity(CHUNK + 32)),
            at: 0,
        })
    }

    /// Opens a file of a message that is here.
    ///
    /// # Errors
    /// `not_downloaded`.
    pub(super) fn reader(&self, file: &Attachment) -> Result<Reader> {
        self.open(&Sealed {
            hash: file.sealed_hash,
            size: file.size,
            key: BlobKey::from_slice(file.key.expose()).map_err(CoreError::internal)?,
        })
    }

    /// Removes a file; one that is gone already is none the worse.
    pub(super) fn remove(&self, path: &Path) -> Result<()> {
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(disk::failed("remove", path, &error))
            }
            _ => Ok(()),
        }
    }

    /// Removes what a crash left, and files that `keep` does not name.
    pub(super) fn sweep(&self, keep: &dyn Fn(&str) -> bool) -> Result<()> {
        let entries = match fs::read_dir(&self.0) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(disk::failed("read", &self.0, &error)),
        };
        for entry in entries.flatten() {
            if !keep(&entry.file_name().to_string_lossy()) {
                self.remove(&entry.path())?;
            }
        }
        Ok(())
    }
}

/// Reads the content of a sealed file, chunk by chunk.
pub(super) struct Reader {
    file: File,
    opener: BlobOpener,
    next: u64,
    sealed: Vec<u8>,
    content: Zeroizing<Vec<u8>>,
    /// How much of `content` was given out.
    at: usize,
}

impl Reader {
    /// The next chunk of content; `None` after the last that holds any.
    pub(super) fn chunk(&mut self) -> io::Result<Option<&[u8]>> {
        if self.next >= self.opener.chunks() || self.opener.content_range(self.next).is_empty() {
            // An empty content has one chunk without any.
            return Ok(None);
        }
        let Range { start, end } = self.opener.sealed_range(self.next);
        self.sealed.resize((end - start) as usize, 0);
        self.file.seek(SeekFrom::Start(start))?;
        self.file.read_exact(&mut self.sealed)?;
        self.content.clear();
        self.opener
            .open(self.next, &self.sealed, &mut self.content)
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "the copy here is damaged"))?;
        self.next += 1;
        self.at = 0;
        Ok(Some(&self.content))
    }
}

impl Read for Reader {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.at >= self.content.len() && self.chunk()?.is_none() {
            return Ok(0);
        }
        let piece = &self.content[self.at..];
        let length = piece.len().min(out.len());
        out[..length].copy_from_slice(&piece[..length]);
        self.at += length;
        Ok(length)
    }
}
