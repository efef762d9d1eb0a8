//! Small private files.

use std::{
    fs::{self, DirBuilder},
    io::{self, Read, Write},
    os::unix::fs::DirBuilderExt,
    path::Path,
};

use crate::problem::{Problem, Result};

/// Makes a folder that only its owner can enter, unless there is one.
pub(crate) fn make_dir(path: &Path) -> Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|error| Problem::disk("make the folder", path, &error))
}

/// Reads a file of at most `most` bytes; `None` if there is none.
pub(crate) fn read(path: &Path, most: u64) -> Result<Option<Vec<u8>>> {
    let file = match fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Problem::disk("read", path, &error)),
    };
    let mut content = Vec::new();
    file.take(most)
        .read_to_end(&mut content)
        .map_err(|error| Problem::disk("read", path, &error))?;
    Ok(Some(content))
}

/// Writes a file that only its owner can read, in place of an older one. After a crash there is
/// the old content or the new.
pub(crate) fn write(path: &Path, content: &[u8]) -> Result<()> {
    let dir = path.parent().unwrap_or(Path::new("."));
    let write = || -> io::Result<()> {
        // Made with mode 0600.
        let mut file = tempfile::NamedTempFile::new_in(dir)?;
        file.write_all(content)?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        fs::File::open(dir)?.sync_all()
    };
    write().map_err(|error| Problem::disk("write", path, &error))
}

/// Removes a file; one that is gone already is none the worse.
pub(crate) fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(Problem::disk("remove", path, &error))
        }
        _ => Ok(()),
    }
}
