//! Going back to a backup, in a folder of its own.

use std::fs::File;
use std::io;
use std::path::Path;

use sealwire_audit::predicate::{Hex, Incarnations};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::manifest::Manifest;
use super::unpack::{Keep, unpack};
use super::verify::{Report, unpacked};
use super::{digest, sync};
use crate::account::AccountPlane;
use crate::config::{self, Config};
use crate::data_dir::{DataDir, LOCK, RESTORING, keep_private};
use crate::evidence::ORGANISATION;
use crate::fault::Fault;
use crate::group;

/// A data directory that was restored.
pub(crate) struct Restored {
    pub(crate) backup_sha256: Hex<32>,
    pub(crate) manifest: Manifest,
    /// What was found in it, before anything of it was changed.
    pub(crate) report: Report,
    pub(crate) incarnation: Incarnations,
}

/// Restores an archive into a folder that is empty or not there. If that fails, the folder is as it
/// was.
pub(crate) async fn restore(archive: &Path, data: &Path) -> Result<Restored, Fault> {
    keep_private();
    let file = File::open(archive).map_err(Fault::of(archive.display()))?;
    let fault = Fault::of::<io::Error>(data.display());
    let made = match std::fs::read_dir(data) {
        Ok(mut files) => {
            if files.next().is_some() {
                let why = "is not empty; a backup is restored into an empty or a new folder only";
                return Err(Fault::new(data.display(), why));
            }
            false
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => true,
        Err(error) => return Err(fault(error)),
    };
    let dir = DataDir::open(data).map_err(Fault::of("--data"))?;
    let restored = fill(&file, data).await;
    if restored.is_err() {
        // The reason is told; what cannot be removed keeps relays away from the folder.
        drop(std::fs::remove_dir_all(data.join(RESTORING)));
        drop(std::fs::remove_file(data.join(LOCK)));
        if made {
            drop(std::fs::remove_dir(data));
        }
    }
    drop(dir);
    restored
}

/// Everything is made ready in a folder within, whose being there keeps relays away. Only then it
/// moves to its place.
async fn fill(file: &File, data: &Path) -> Result<Restored, Fault> {
    let fault = Fault::of::<io::Error>(data.display());
    let (backup_sha256, _) = digest(file).map_err(Fault::of("the archive"))?;
    let new = data.join(RESTORING);
    std::fs::create_dir(&new).map_err(&fault)?;
    let manifest = unpack(file, &new, Keep::All)?;
    let report = unpacked(&new, &manifest).await?;
    let fresh = group::renew_incarnation(&new.join(group::DATABASE)).await;
    let incarnation = Incarnations {
        old: report.incarnation,
        new: Hex(*fresh.map_err(Fault::of(group::DATABASE))?.as_bytes()),
    };
    log(&new, backup_sha256, &incarnation).await?;
    sync(&new)?;
    for entry in std::fs::read_dir(&new).map_err(&fault)? {
        let entry = entry.map_err(&fault)?;
        match std::fs::rename(entry.path(), data.join(entry.file_name())) {
            // A database that was read is still being closed, and takes away what it had beside it.
            Err(error) if error.kind() == io::ErrorKind::NotFound && is_beside(&entry) => {}
            renamed => renamed.map_err(&fault)?,
        }
    }
    sync(data)?;
    std::fs::remove_dir(&new).map_err(&fault)?;
    sync(data)?;
    Ok(Restored {
        backup_sha256,
        manifest,
        report,
        incarnation,
    })
}

/// Whether a file is the write-ahead log of a database, or its index.
fn is_beside(entry: &std::fs::DirEntry) -> bool {
    let name = entry.file_name();
    let name = name.as_encoded_bytes();
    name.ends_with(b"-wal") || name.ends_with(b"-shm")
}

/// Writes the restore into the audit log. Nothing else in the logs is touched: whoever has seen more of
/// them than the backup holds is to notice.
async fn log(dir: &Path, backup: Hex<32>, incarnation: &Incarnations) -> Result<(), Fault> {
    let config = Config::read(&dir.join(config::FILE)).map_err(Fault::of(config::FILE))?;
    let account = AccountPlane::open(dir, &config, CancellationToken::new())
        .await
        .map_err(Fault::of("account plane"))?;
    let event = json!({ "backupSha256": backup, "incarnation": incarnation });
    let evidence = account.evidence();
    let noted = async {
        let mut tx = evidence.begin().await?;
        evidence
            .note(&mut tx, "restored", ORGANISATION, &event)
            .await?;
        tx.commit().await?;
        crate::refusal::Answer::Ok(())
    };
    let noted = noted.await;
    account.close().await;
    noted.map_err(|_| Fault::new("audit log", "the restore could not be written into it"))
}
