//! Ending logs: both, when what was logged since a backup is lost for good and their witnesses rightly refuse
//! the rest for ever; or the directory's alone, to go on under another directory key. What is left of them is
//! put aside for those who want to look; the next start begins others, under other names and keys.
//!
//! A mark in the data directory keeps relays away until it is done, so that a renewal that broke off is
//! only ever finished, and no second history of the old logs begins.

use std::io;
use std::path::{Path, PathBuf};

use sealwire_audit::checkpoint::Checkpoint;
use sealwire_audit::tile::{Kind, Resource, WIDTH};
use sqlx::{Connection as _, Executor as _, SqliteConnection};

use super::check::{LogHead, check};
use super::{LogName, keys, rows};
use crate::data_dir::{RENEWING, write_private};
use crate::database;
use crate::fault::Fault;

/// Where ended logs lie in the data directory, each renewal in a folder of its own.
const ENDED: &str = "ended-logs";

/// In the order in which nothing refers to what is gone.
const FORGET_DIRECTORY: &[&str] = &[
    "DELETE FROM tree_events WHERE tree = 1",
    "DELETE FROM tree_erasures",
    "DELETE FROM tree_tiles WHERE tree = 1",
    "DELETE FROM tree_bundles WHERE tree = 1",
    "DELETE FROM trees WHERE tree = 1",
    // The log is named after it.
    "DELETE FROM directory_keys",
];

/// As [`FORGET_DIRECTORY`].
const FORGET_BOTH: &[&str] = &[
    // Their provenance is in no log then.
    "DELETE FROM updates",
    "DELETE FROM tree_events",
    "DELETE FROM tree_subjects",
    "DELETE FROM tree_erasures",
    "DELETE FROM statements",
    "DELETE FROM tree_tiles",
    "DELETE FROM tree_bundles",
    "DELETE FROM trees",
    "DELETE FROM directory_keys",
];

/// Which logs are to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    Both,
    /// The directory's alone.
    Directory,
}

/// Logs that were ended.
pub(crate) struct Ended {
    pub(crate) heads: Vec<LogHead>,
    /// Where they lie.
    pub(crate) folder: PathBuf,
}

impl Ended {
    /// Which they were: of an end that had broken off, those with which it had begun.
    pub(crate) fn which(&self) -> Ending {
        which(&self.heads)
    }
}

fn which(heads: &[LogHead]) -> Ending {
    if heads.iter().any(|head| head.log == LogName::Audit.as_str()) {
        Ending::Both
    } else {
        Ending::Directory
    }
}

/// Ends logs of `file`, the account plane's database in `dir`. May be done again after it broke off; then
/// what had begun is ended, whatever is asked for.
pub(crate) async fn end(dir: &Path, file: &str, ending: Ending) -> Result<Ended, Fault> {
    let mut db = database::alone(&dir.join(file))
        .await
        .map_err(Fault::of(file))?;
    let heads = marked(&mut db, dir, ending).await?;
    let folder = folder(dir, &heads)?;
    let present: Vec<String> = sqlx::query_scalar("SELECT origin FROM trees")
        .fetch_all(&mut db)
        .await
        .map_err(Fault::of(file))?;
    if present.iter().any(|present| is_of(&heads, present)) {
        put_aside(&mut db, &heads, &folder).await?;
        forget(&mut db, which(&heads))
            .await
            .map_err(Fault::of(file))?;
    }
    db.close().await.map_err(Fault::of(file))?;
    for name in keys::LOG_FILES {
        let path = dir.join(name);
        let origin = keys::origin(&path).map_err(Fault::of(name))?;
        if origin.is_some_and(|origin| is_of(&heads, &origin)) {
            std::fs::remove_file(&path).map_err(Fault::of(name))?;
        }
    }
    Ok(Ended { heads, folder })
}

/// The heads of the logs that end, from the mark, which is set first.
async fn marked(
    db: &mut SqliteConnection,
    dir: &Path,
    ending: Ending,
) -> Result<Vec<LogHead>, Fault> {
    let mark = dir.join(RENEWING);
    match std::fs::read(&mark) {
        Ok(bytes) => serde_json::from_slice(&bytes).map_err(Fault::of(RENEWING)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let mut heads = check(db, dir).await?;
            if ending == Ending::Directory {
                heads.retain(|head| head.log == LogName::Directory.as_str());
            }
            let bytes = serde_json::to_vec(&heads).map_err(Fault::of(RENEWING))?;
            write_private(&mark, &bytes).map_err(Fault::of(RENEWING))?;
            Ok(heads)
        }
        Err(error) => Err(Fault::new(RENEWING, error)),
    }
}

fn is_of(heads: &[LogHead], origin: &str) -> bool {
    heads.iter().any(|head| head.origin == origin)
}

/// Named after the key that the logs are named after, and their length.
fn folder(dir: &Path, heads: &[LogHead]) -> Result<PathBuf, Fault> {
    // That of the directory's alone has a name that no end of both has.
    let (log, suffix) = match which(heads) {
        Ending::Both => (LogName::Audit, ""),
        Ending::Directory => (LogName::Directory, "-directory"),
    };
    let head = heads.iter().find(|head| head.log == log.as_str());
    let name = head.and_then(|head| {
        let hash = head.origin.rsplit('/').nth(1)?.get(..16)?;
        Some(format!("{hash}-{}{suffix}", head.size))
    });
    let name = name.ok_or_else(|| Fault::new(log.as_str(), "has no name of a known form"))?;
    Ok(dir.join(ENDED).join(name))
}

/// Writes what others could read of the logs into a folder, as `tlog-tiles` lays it out.
async fn put_aside(
    db: &mut SqliteConnection,
    heads: &[LogHead],
    folder: &Path,
) -> Result<(), Fault> {
    if folder.exists() {
        return Ok(());
    }
    let fault = Fault::of::<io::Error>(ENDED);
    let new = folder.with_extension("new");
    if new.exists() {
        std::fs::remove_dir_all(&new).map_err(&fault)?;
    }
    for log in LogName::ALL {
        if let Some(head) = heads.iter().find(|head| head.log == log.as_str()) {
            put_log_aside(db, log, head.size, &new.join(log.as_str())).await?;
        }
    }
    if which(heads) == Ending::Both {
        put_statements_aside(db, &new).await?;
    }
    std::fs::rename(&new, folder).map_err(&fault)
}

async fn put_statements_aside(db: &mut SqliteConnection, folder: &Path) -> Result<(), Fault> {
    let statements: Vec<(i64, Vec<u8>)> = sqlx::query_as("SELECT number, signed FROM statements")
        .fetch_all(db)
        .await
        .map_err(Fault::of(ENDED))?;
    for (number, signed) in statements {
        write(&folder.join(format!("statements/{number}.json")), &signed)
            .map_err(Fault::of(ENDED))?;
    }
    Ok(())
}

async fn put_log_aside(
    db: &mut SqliteConnection,
    log: LogName,
    size: u64,
    folder: &Path,
) -> Result<(), Fault> {
    let unreadable = |_| Fault::new(log.as_str(), "cannot be read from account.db");
    let fault = Fault::of::<io::Error>(ENDED);
    let mut sizes = vec![size];
    if let Some(head) = rows::head(db, log).await.map_err(unreadable)? {
        write(&folder.join("checkpoint"), head.to_string().as_bytes()).map_err(&fault)?;
        let served = Checkpoint::parse(head.text())
            .map_err(|_| Fault::new(log.as_str(), "serves a head of no known form"))?;
        sizes.push(served.size());
    }
    let tiles: Vec<(i64, i64)> = sqlx::query_as(
        "SELECT level, number FROM tree_tiles WHERE tree = ?1 \
         UNION ALL SELECT -1, number FROM tree_bundles WHERE tree = ?1",
    )
    .bind(log.number())
    .fetch_all(&mut *db)
    .await
    .map_err(Fault::of(ENDED))?;
    for (level, number) in tiles {
        let level = u8::try_from(level).ok();
        let number = u64::try_from(number).unwrap_or(0);
        for size in &sizes {
            let width = width(*size, level.unwrap_or(0), number);
            let kind = level.map_or(Kind::Entries, Kind::Hashes);
            // Of width 0: a tree of this size does not have it.
            let Ok(resource) = Resource::new(kind, number, width) else {
                continue;
            };
            let bytes = rows::resource(db, log, resource)
                .await
                .map_err(unreadable)?;
            if let Some(bytes) = bytes {
                write(&folder.join(resource.to_string()), &bytes).map_err(&fault)?;
            }
        }
    }
    Ok(())
}

/// How wide a tile is in a tree of this size.
fn width(size: u64, level: u8, number: u64) -> u16 {
    let nodes = size.checked_shr(u32::from(level) * 8).unwrap_or(0);
    let here = nodes.saturating_sub(number.saturating_mul(WIDTH.into()));
    u16::try_from(here).map_or(WIDTH, |here| here.min(WIDTH))
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent)?;
    }
    write_private(path, bytes)
}

/// Forgets logs at once, and leaves nothing of them in the file.
async fn forget(db: &mut SqliteConnection, ending: Ending) -> Result<(), sqlx::Error> {
    let statements = match ending {
        Ending::Both => FORGET_BOTH,
        Ending::Directory => FORGET_DIRECTORY,
    };
    db.execute("PRAGMA secure_delete = ON").await?;
    let mut tx = db.begin().await?;
    for statement in statements {
        tx.execute(*statement).await?;
    }
    tx.commit().await?;
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)").await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_are_as_wide_as_the_tree_has_them() {
        assert_eq!(
            (width(300, 0, 0), width(300, 0, 1), width(300, 0, 2)),
            (256, 44, 0)
        );
        assert_eq!(
            (width(300, 1, 0), width(300, 2, 0), width(65_536, 1, 0)),
            (1, 0, 256)
        );
        assert_eq!(width(u64::MAX, 9, 0), 0);
    }
}
