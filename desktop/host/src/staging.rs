//! Files that wait to be sent, as the person reviews them.

use std::{
    collections::BTreeMap,
    io::{Cursor, Read},
    path::PathBuf,
    sync::Arc,
};

use data_encoding::BASE64;
use sealwire_core::api::{NewFile, SeenFile, Source, look_at};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::problem::{Problem, Result};

/// Most files that wait at a time.
const MOST: usize = 100;
/// Most bytes of files that came without a path, which are kept in memory.
const MOST_BYTES: usize = 256 * 1024 * 1024;
/// Largest picture in bytes of which a preview is made.
const LARGEST_PICTURE: u64 = 64 * 1024 * 1024;
/// Bytes of another file that tell its type.
const FRONT: u64 = 64 * 1024;

/// A file that waits to be sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct StagedFile {
    /// Its number here.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// Bytes.
    pub size: u64,
    /// Media type, found by its bytes.
    pub media_type: String,
    /// Width of a picture in pixels, 0 if it is none.
    pub width: u32,
    /// Height of a picture in pixels, 0 if it is none.
    pub height: u32,
    /// A small picture as a `data:` address, if it is a picture.
    pub preview: Option<String>,
}

enum Held {
    File(SeenFile),
    Bytes(Arc<Zeroizing<Vec<u8>>>),
}

/// All files that wait.
#[derive(Default)]
pub(crate) struct Staging {
    next: u64,
    files: BTreeMap<u64, (StagedFile, Held)>,
}

/// Bytes that are read where they lie.
struct Shared(Arc<Zeroizing<Vec<u8>>>);

impl AsRef<[u8]> for Shared {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Staging {
    pub(crate) fn list(&self) -> Vec<StagedFile> {
        self.files
            .values()
            .map(|(shown, _)| shown.clone())
            .collect()
    }

    fn add(&mut self, mut shown: StagedFile, held: Held) -> Result<StagedFile> {
        let bytes = |held: &Held| match held {
            Held::File(_) => 0,
            Held::Bytes(bytes) => bytes.len(),
        };
        let all: usize = self.files.values().map(|(_, held)| bytes(held)).sum();
        if self.files.len() >= MOST || all + bytes(&held) > MOST_BYTES {
            return Err(Problem::usage(
                "too_many_files",
                "too much waits to be sent",
                "send or remove some of it first",
            ));
        }
        self.next += 1;
        shown.id = self.next;
        self.files.insert(shown.id, (shown.clone(), held));
        Ok(shown)
    }

    pub(crate) fn remove(&mut self, ids: &[u64]) {
        self.files.retain(|id, _| !ids.contains(id));
    }

    pub(crate) fn clear(&mut self) {
        self.files.clear();
    }

    /// The files of these numbers, in this order, to be sent.
    pub(crate) fn to_send(&self, ids: &[u64]) -> Result<Vec<NewFile>> {
        ids.iter().map(|id| self.one(*id)).collect()
    }

    fn one(&self, id: u64) -> Result<NewFile> {
        let (shown, held) = self.files.get(&id).ok_or_else(|| {
            Problem::usage(
                "unknown_file",
                "a file does not wait here any more",
                "choose it again",
            )
        })?;
        Ok(match held {
            Held::File(seen) => NewFile::from(Source::Seen(seen.clone())),
            Held::Bytes(bytes) => NewFile::from(Source::Reader {
                name: shown.name.clone(),
                size: shown.size,
                reader: Box::new(Cursor::new(Shared(Arc::clone(bytes)))),
            }),
        })
    }
}

/// A file that was looked at and is not in the list yet.
pub(crate) struct Looked(StagedFile, Held);

impl Looked {
    /// Puts it into the list.
    pub(crate) fn stage(self, staging: &mut Staging) -> Result<StagedFile> {
        staging.add(self.0, self.1)
    }
}

/// Looks at a file on this machine. Blocks.
pub(crate) fn look_at_path(path: PathBuf) -> Result<Looked> {
    let (seen, file) = SeenFile::open(path)?;
    let (path, size) = (seen.path(), seen.size());
    let most = if size <= LARGEST_PICTURE { size } else { FRONT };
    let mut front = Vec::new();
    file.take(most)
        .read_to_end(&mut front)
        .map_err(|error| Problem::disk("read", path, &error))?;
    let name = path.file_name().unwrap_or_default();
    let name = name.to_string_lossy().into_owned();
    Ok(Looked(shown(&name, &front, size), Held::File(seen)))
}

/// Looks at bytes that the person brought. Blocks.
pub(crate) fn look_at_bytes(name: &str, bytes: Vec<u8>) -> Looked {
    let bytes = Zeroizing::new(bytes);
    Looked(
        shown(name, &bytes, bytes.len() as u64),
        Held::Bytes(Arc::new(bytes)),
    )
}

fn shown(name: &str, front: &[u8], size: u64) -> StagedFile {
    let look = look_at(name, front, size);
    let preview = (!look.thumbnail.is_empty())
        .then(|| format!("data:image/jpeg;base64,{}", BASE64.encode(&look.thumbnail)));
    StagedFile {
        id: 0,
        name: look.name,
        size,
        media_type: look.media_type,
        width: look.width,
        height: look.height,
        preview,
    }
}
