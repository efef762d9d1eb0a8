//! Making a backup of a relay that runs, or of one that is stopped.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Seek};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use sealwire_audit::predicate::{Hex, SchemaVersion, Time};
use sqlx::Connection;
use zeroize::Zeroizing;

use super::archive::Archive;
use super::manifest::{Facts, LONGEST, Manifest, Member, Place};
use super::{DATABASES, digest, files, now};
use crate::account;
use crate::config::{self, Config};
use crate::data_dir::keep_private;
use crate::database;
use crate::evidence;
use crate::fault::Fault;
use crate::group::{
    self,
    blobs::{self, Held},
};

const DAY_MS: u64 = 24 * 60 * 60 * 1_000;

/// A backup that was made.
pub(crate) struct Made {
    pub(crate) manifest: Manifest,
    pub(crate) sha256: Hex<32>,
    pub(crate) bytes: u64,
    /// Blobs whose rows were there without bytes: the relay had lost them before.
    pub(crate) lost: usize,
}

/// Writes a backup of the relay in `data` to `target`, which must not be there yet.
pub(crate) async fn create(data: &Path, config: &Path, target: &Path) -> Result<Made, Fault> {
    keep_private();
    if target.symlink_metadata().is_ok() {
        return Err(Fault::new(
            target.display(),
            "is there already and is not overwritten; choose another name",
        ));
    }
    let settings = read_config(config)?;
    let unfinished = Unfinished::begin(target)?;
    let copies = Copies {
        folder: unfinished.copies.clone(),
    };
    for name in DATABASES {
        let copied = database::copy(&data.join(name), &copies.path(name)).await;
        copied.map_err(Fault::of(name))?;
    }
    let facts = copies.facts(data, &settings).await?;
    let (file, manifest, lost) = write(data, config, &unfinished, &copies, facts).await?;
    let fault = Fault::of::<io::Error>(unfinished.file.display().to_string());
    (&file).rewind().map_err(&fault)?;
    let (sha256, bytes) = digest(&file).map_err(&fault)?;
    unfinished.done(target)?;
    Ok(Made {
        manifest,
        sha256,
        bytes,
        lost,
    })
}

fn read_config(path: &Path) -> Result<Config, Fault> {
    if !path.exists() {
        let why = "is not there; pass --config with the relay's configuration file";
        return Err(Fault::new(path.display(), why));
    }
    let config = Config::read(path).and_then(|config| config.check().map(|()| config));
    config.map_err(Fault::of(path.display()))
}

/// What goes unless the backup is made: the archive, and in any case the copies.
struct Unfinished {
    file: PathBuf,
    copies: PathBuf,
    open: File,
}

impl Unfinished {
    /// Takes the place of what a killed backup left.
    fn begin(target: &Path) -> Result<Self, Fault> {
        let beside = |end: &str| {
            let mut name = target.as_os_str().to_owned();
            name.push(end);
            PathBuf::from(name)
        };
        let (file, copies) = (beside(".new"), beside(".copies"));
        let fault = Fault::of::<io::Error>(file.display().to_string());
        let open = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&file)
            .map_err(&fault)?;
        if open.try_lock().is_err() {
            let why = "another backup is being written there; wait for it";
            return Err(Fault::new(file.display(), why));
        }
        open.set_len(0).map_err(&fault)?;
        let fault = Fault::of::<io::Error>(copies.display().to_string());
        match std::fs::remove_dir_all(&copies) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(fault(error)),
            _ => {}
        }
        DirBuilder::new()
            .mode(0o700)
            .create(&copies)
            .map_err(fault)?;
        Ok(Self { file, copies, open })
    }

    /// Gives the archive its name, durably.
    fn done(self, target: &Path) -> Result<(), Fault> {
        let fault = Fault::of::<io::Error>(target.display());
        std::fs::rename(&self.file, target).map_err(&fault)?;
        let folder = target.parent().filter(|path| !path.as_os_str().is_empty());
        let folder = File::open(folder.unwrap_or(Path::new("."))).map_err(&fault)?;
        folder.sync_all().map_err(fault)
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // Gone already if all went well.
        drop(std::fs::remove_file(&self.file));
        drop(std::fs::remove_dir_all(&self.copies));
    }
}

/// The copies of the databases.
struct Copies {
    folder: PathBuf,
}

impl Copies {
    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn length(&self, name: &str) -> Result<u64, Fault> {
        let file = std::fs::metadata(self.path(name)).map_err(Fault::of(name))?;
        Ok(file.len())
    }

    /// What the copies say, having been checked as far as the logs go: a backup of damaged logs
    /// would be found out too late.
    async fn facts(&self, data: &Path, config: &Config) -> Result<Facts, Fault> {
        let mut schemas = Vec::new();
        for name in DATABASES {
            let fault = Fault::of::<sqlx::Error>(name);
            let mut db = database::read_only(&self.path(name))
                .await
                .map_err(&fault)?;
            schemas.push(SchemaVersion {
                database: name.to_owned(),
                version: database::version(&mut db).await.map_err(&fault)?,
            });
        }
        let fault = Fault::of::<sqlx::Error>(account::DATABASE);
        let path = self.path(account::DATABASE);
        let mut account = database::read_only(&path).await.map_err(fault)?;
        let logs = evidence::check(&mut account, data).await?;
        let fault = Fault::of::<sqlx::Error>(group::DATABASE);
        let path = self.path(group::DATABASE);
        let mut groups = database::read_only(&path).await.map_err(&fault)?;
        let incarnation = group::incarnation(&mut groups).await.map_err(fault)?;
        let created = now()?;
        let keep = u64::from(config.backup.keep_days) * DAY_MS;
        Ok(Facts {
            created,
            delete_by: Time::from_millis(created.millis() + keep)
                .map_err(Fault::of("backup.keep_days"))?,
            schemas,
            incarnation: Hex(*incarnation.as_bytes()),
            logs,
            blobs: if config.s3.bucket.is_empty() {
                Place::Here {}
            } else {
                Place::Elsewhere {
                    bucket: config.s3.bucket.clone(),
                    prefix: config.s3.prefix.clone(),
                }
            },
        })
    }
}

/// Writes the archive. Gives it, its manifest, and how many blobs were lost.
async fn write(
    data: &Path,
    config: &Path,
    unfinished: &Unfinished,
    copies: &Copies,
    facts: Facts,
) -> Result<(File, Manifest, usize), Fault> {
    let small = small_files(data, config)?;
    let local = facts.blobs == Place::Here {};
    let fault = Fault::of::<sqlx::Error>(blobs::DATABASE);
    let path = copies.path(blobs::DATABASE);
    let mut rows = database::alone(&path).await.map_err(&fault)?;
    let held = blobs::held(&mut rows, local).await.map_err(&fault)?;
    let room = room(&facts, copies, &small, &held)?;
    let fault = Fault::of::<io::Error>(unfinished.file.display());
    let file = unfinished.open.try_clone().map_err(&fault)?;
    let mut archive = Archive::begin(file, room, facts.created.millis() / 1_000).map_err(&fault)?;
    for (name, content) in &small {
        let added = archive.add(name, content.len() as u64, content.as_slice());
        added.map_err(Fault::of(name))?;
    }
    for name in [account::DATABASE, group::DATABASE] {
        add_copy(&mut archive, copies, name)?;
    }
    let lost = add_blobs(&mut archive, data, &held, &mut rows, local).await?;
    // After the blobs: rows of those that went meanwhile are no longer in it.
    rows.close().await.map_err(Fault::of(blobs::DATABASE))?;
    add_copy(&mut archive, copies, blobs::DATABASE)?;
    let (file, manifest) = archive.finish(facts).map_err(&fault)?;
    Ok((file, manifest, lost))
}

/// Name and content.
type SmallFile = (&'static str, Zeroizing<Vec<u8>>);

/// Keys, certificate, configuration.
fn small_files(data: &Path, config: &Path) -> Result<Vec<SmallFile>, Fault> {
    let mut found = Vec::new();
    for (name, needed) in files() {
        let path = match name {
            config::FILE => config.to_owned(),
            _ => data.join(name),
        };
        match std::fs::read(&path) {
            Ok(content) => found.push((name, Zeroizing::new(content))),
            Err(error) if error.kind() == io::ErrorKind::NotFound && !needed => {}
            Err(error) => return Err(Fault::new(path.display(), error)),
        }
    }
    Ok(found)
}

/// How long the manifest may become: with every blob that is there now.
fn room(
    facts: &Facts,
    copies: &Copies,
    small: &[SmallFile],
    held: &[Held],
) -> Result<usize, Fault> {
    let member = |name: String, length| Member {
        name,
        length,
        sha256: Hex([0; 32]),
    };
    let mut members = Vec::new();
    for (name, content) in small {
        members.push(member((*name).to_owned(), content.len() as u64));
    }
    for name in DATABASES {
        members.push(member(name.to_owned(), copies.length(name)?));
    }
    members.extend(held.iter().map(|blob| member(blob.name(), blob.bytes())));
    let manifest = Manifest::new(facts.clone(), members);
    let bytes = serde_json::to_vec(&manifest).map_err(Fault::of("manifest"))?;
    if bytes.len() as u64 > LONGEST {
        let why = "there are too many blobs for one backup; keep them in an S3 store";
        return Err(Fault::new(blobs::DATABASE, why));
    }
    Ok(bytes.len())
}

fn add_copy(archive: &mut Archive, copies: &Copies, name: &str) -> Result<(), Fault> {
    let file = File::open(copies.path(name)).map_err(Fault::of(name))?;
    let added = archive.add(name, copies.length(name)?, file);
    added.map_err(Fault::of(name))
}

/// Adds the bytes of blobs; the rows of those that have none any more are put right in the copy.
async fn add_blobs(
    archive: &mut Archive,
    data: &Path,
    held: &[Held],
    rows: &mut sqlx::SqliteConnection,
    local: bool,
) -> Result<usize, Fault> {
    let fault = Fault::of::<sqlx::Error>(blobs::DATABASE);
    let path = data.join(blobs::DATABASE);
    let mut live = database::read_only(&path).await.map_err(&fault)?;
    let mut missing = Vec::new();
    for blob in held {
        match blob.open(data).map_err(Fault::of("a blob"))? {
            Some(file) => {
                let added = archive.add(&blob.name(), blob.bytes(), file);
                added.map_err(Fault::of("a blob"))?;
            }
            None => missing.push(blob),
        }
    }
    let lost = blobs::settle(rows, &mut live, &missing, local).await;
    lost.map_err(fault)
}
