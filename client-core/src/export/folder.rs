//! A folder that gets its name when all of it is there.

use std::{
    ffi::OsString,
    fs::{self, DirBuilder},
    io,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

use tokio::io::AsyncWriteExt;

use crate::{
    error::{CoreError, ErrorKind, Result},
    files::disk,
};

const DIR_MODE: u32 = 0o700;
/// Text gathered before it is written, bytes.
const GATHER: usize = 256 * 1024;

/// A new folder under a temporary name; removed unless finished.
pub(super) struct Folder {
    temporary: PathBuf,
    target: PathBuf,
    finished: bool,
}

impl Folder {
    /// Makes the folder, beside the place `target` where it will be.
    ///
    /// # Errors
    /// `export_exists`, `bad_folder`, `file_missing`, `file_disk`.
    pub(super) fn begin(target: &Path) -> Result<Self> {
        let Some(name) = target.file_name() else {
            return Err(CoreError::new(
                ErrorKind::Usage,
                "bad_folder",
                format!("{} is no name for a new folder", target.display()),
                "give the name of a folder that is not there yet",
            ));
        };
        if fs::symlink_metadata(target).is_ok() {
            return Err(exists(target));
        }
        let mut unfinished = OsString::from(name);
        unfinished.push(format!(".unfinished-{:08x}", rand::random::<u32>()));
        let temporary = target.with_file_name(unfinished);
        DirBuilder::new()
            .mode(DIR_MODE)
            .create(&temporary)
            .map_err(|error| writing(target, &error))?;
        Ok(Self {
            temporary,
            target: target.to_owned(),
            finished: false,
        })
    }

    /// Makes a folder within it.
    pub(super) fn folder(&self, name: &str) -> Result<PathBuf> {
        let path = self.temporary.join(name);
        DirBuilder::new()
            .mode(DIR_MODE)
            .create(&path)
            .map_err(|error| writing(&self.target, &error))?;
        Ok(path)
    }

    /// Makes a text in it.
    pub(super) fn text(&self, name: &str) -> Result<Text> {
        let file = disk::create_new(&self.temporary.join(name));
        let file = file.map_err(|error| writing(&self.target, &error))?;
        Ok(Text {
            file: tokio::fs::File::from_std(file),
            gathered: String::with_capacity(GATHER),
            target: self.target.clone(),
        })
    }

    /// Gives it its name, if that is still free.
    pub(super) fn finish(mut self) -> Result<PathBuf> {
        let named = disk::sync_dir(&self.temporary).and_then(|()| {
            take_name(&self.temporary, &self.target)?;
            self.finished = true;
            disk::sync_dir(parent(&self.target))
        });
        match named {
            Ok(()) => Ok(self.target.clone()),
            Err(error) if taken(&error) => Err(exists(&self.target)),
            Err(error) => Err(writing(&self.target, &error)),
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !self.finished {
            // What cannot be removed keeps a name that says what it is.
            let _ = fs::remove_dir_all(&self.temporary);
        }
    }
}

/// A text that is being written.
pub(super) struct Text {
    file: tokio::fs::File,
    /// What is written next.
    pub(super) gathered: String,
    target: PathBuf,
}

impl Text {
    /// Writes what was gathered if it is much.
    pub(super) async fn flush_some(&mut self) -> Result<()> {
        if self.gathered.len() < GATHER {
            return Ok(());
        }
        self.flush().await
    }

    async fn flush(&mut self) -> Result<()> {
        let written = self.file.write_all(self.gathered.as_bytes()).await;
        written.map_err(|error| writing(&self.target, &error))?;
        self.gathered.clear();
        Ok(())
    }

    /// Writes the rest and makes it durable.
    pub(super) async fn finish(mut self) -> Result<()> {
        self.flush().await?;
        // A file of tokio still writes when its last write has returned.
        let done = match self.file.flush().await {
            Ok(()) => self.file.sync_all().await,
            failed => failed,
        };
        done.map_err(|error| writing(&self.target, &error))
    }
}

/// The folder in which `path` is.
fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Renames a folder to a name that must be free.
fn take_name(from: &Path, to: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        // Some file systems cannot; a plain rename replaces at most an empty folder.
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) => {
            if fs::symlink_metadata(to).is_ok() {
                return Err(io::ErrorKind::AlreadyExists.into());
            }
            fs::rename(from, to)
        }
        other => Ok(other?),
    }
}

fn taken(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::AlreadyExists | io::ErrorKind::DirectoryNotEmpty
    )
}

fn exists(target: &Path) -> CoreError {
    CoreError::new(
        ErrorKind::Usage,
        "export_exists",
        format!(
            "{} is there already, and nothing is written over",
            target.display()
        ),
        "give the name of a folder that is not there yet",
    )
}

fn writing(target: &Path, error: &io::Error) -> CoreError {
    let mut error = disk::failed("write into", target, error);
    if error.code == "disk_full" {
        error.hint = "free some space, then repeat; what was written is removed".into();
    }
    error
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn names(dir: &Path) -> Vec<String> {
        let entries = fs::read_dir(dir).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[tokio::test]
    async fn it_has_its_name_only_when_it_is_whole() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("team");
        let folder = Folder::begin(&target).unwrap();
        let mut text = folder.text("a.md").unwrap();
        text.gathered.push_str("hello");
        text.finish().await.unwrap();
        assert!(!target.exists());
        assert!(names(dir.path())[0].starts_with("team.unfinished-"));
        assert_eq!(folder.finish().unwrap(), target);
        assert_eq!(names(dir.path()), ["team"]);
        assert_eq!(fs::read(target.join("a.md")).unwrap(), b"hello");
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&target), mode(&target.join("a.md"))), (0o700, 0o600));
    }

    #[tokio::test]
    async fn given_up_it_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::begin(&dir.path().join("team")).unwrap();
        let mut text = folder.text("a.md").unwrap();
        text.gathered.push_str("hello");
        text.finish().await.unwrap();
        drop(folder);
        assert!(names(dir.path()).is_empty());
    }

    #[test]
    fn nothing_is_written_over() {
        let dir = tempfile::tempdir().unwrap();
        let (file, empty, link) = ("file", "empty", "link");
        fs::write(dir.path().join(file), b"mine").unwrap();
        fs::create_dir(dir.path().join(empty)).unwrap();
        symlink(dir.path().join("nowhere"), dir.path().join(link)).unwrap();
        for name in [file, empty, link] {
            let refused = Folder::begin(&dir.path().join(name)).err().unwrap();
            assert_eq!(refused.code, "export_exists", "{name}");
        }
        // Somebody takes the name meanwhile.
        let late = dir.path().join("late");
        let folder = Folder::begin(&late).unwrap();
        fs::create_dir(&late).unwrap();
        assert_eq!(folder.finish().unwrap_err().code, "export_exists");
        assert_eq!(names(dir.path()), ["empty", "file", "late", "link"]);
        assert!(names(&late).is_empty());
    }

    #[test]
    fn there_must_be_a_place_for_it() {
        let dir = tempfile::tempdir().unwrap();
        for (path, code) in [
            (dir.path().join(".."), "bad_folder"),
            (PathBuf::from("/"), "bad_folder"),
            (dir.path().join("no/such"), "file_missing"),
        ] {
            let refused = Folder::begin(&path).err().unwrap();
            assert_eq!(refused.code, code, "{}", path.display());
        }
    }
}
