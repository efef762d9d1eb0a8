//! The files of what is searched.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// What is read at once.
const PIECE: usize = 1 << 20;

/// Shows every file below `path` to `look`. Links within folders, sockets and devices hold nothing
/// of their own; what is named itself is read whatever it is.
pub(super) fn each(
    path: &Path,
    look: &mut dyn FnMut(&Path) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let unreadable = |path: &Path| {
        let path = path.to_owned();
        move |error: io::Error| Failure::file(&path, &error)
    };
    let named = fs::metadata(path).map_err(unreadable(path))?;
    if !named.is_dir() {
        return look(path);
    }
    let mut folders = vec![path.to_owned()];
    while let Some(folder) = folders.pop() {
        let mut entries: Vec<(PathBuf, fs::FileType)> = Vec::new();
        for entry in fs::read_dir(&folder).map_err(unreadable(&folder))? {
            let entry = entry.map_err(unreadable(&folder))?;
            let kind = entry.file_type().map_err(unreadable(&folder))?;
            entries.push((entry.path(), kind));
        }
        entries.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        for (path, kind) in entries {
            if kind.is_dir() {
                folders.push(path);
            } else if kind.is_file() {
                look(&path)?;
            }
        }
    }
    Ok(())
}

/// Shows all bytes of a file to `take`, piece by piece. Gives their number; `None` if the file went
/// before it could be opened, as those of a running program do.
pub(super) fn read(path: &Path, take: &mut dyn FnMut(&[u8])) -> io::Result<Option<u64>> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let (mut piece, mut all) = (vec![0; PIECE], 0);
    loop {
        match file.read(&mut piece) {
            Ok(0) => return Ok(Some(all)),
            Ok(length) => {
                take(&piece[..length]);
                all += length as u64;
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
