//! From the journal into the archive.

use std::time::Duration;

use jiff::Timestamp;
use sealwire_audit::merkle::Edge;
use sealwire_protocol::content::{Content, Decoded};
use serde::Serialize;

use super::{
    archive::{self, Archive},
    attachment, begin, broken,
    bucket::Lock,
    place::Place,
    record::Record,
};
use crate::{
    client::{Client, Idle},
    core::Core,
    error::{CoreError, Result},
    store::{self, ArchiveRow, JournalRow},
};

/// Records that are written at once.
const BATCH: u32 = 64;
/// Between two looks when nothing rings.
const PAUSE: Duration = Duration::from_secs(5);
/// How long a catching-up may take.
const CATCH_UP: Duration = Duration::from_secs(600);

/// How an archive stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ArchiveInfo {
    /// Records in it.
    pub records: u64,
    /// Of those, written by this call.
    pub written: u64,
}

impl Client {
    /// Writes what this records custodian reads into the archive in `place`, which is begun if it is not
    /// there; `lock` says how the objects of a bucket are locked. With `once` it ends when every
    /// conversation that is known here was read to its end and all of it is written; else only with the
    /// client. `tell` hears of each batch.
    ///
    /// # Errors
    /// `not_a_custodian`, `archive_elsewhere`, `archive_taken`, `archive_broken`, `archive_io`; of a bucket
    /// `no_lock`, `not_locked`, `bad_bucket`, `bucket_refused`; with `once`, `timed_out`.
    pub async fn keep_archive(
        &self,
        place: impl Into<Place>,
        lock: Option<Lock>,
        once: bool,
        tell: &mut dyn FnMut(&ArchiveInfo),
    ) -> Result<ArchiveInfo> {
        let core = &self.core;
        let mut archive = self.open_archive(&place.into(), lock).await?;
        let mut info = ArchiveInfo {
            records: archive.size(),
            written: 0,
        };
        if once && self.caught_up(CATCH_UP).await? == Idle::TimedOut {
            return Err(CoreError::new(
                crate::ErrorKind::Io,
                "timed_out",
                "the relay did not give everything in time",
                "nothing is lost; run it again",
            ));
        }
        forget_archived(core, &archive).await?;
        let mut progress = core.progress.subscribe();
        loop {
            progress.borrow_and_update();
            loop {
                let written = match drain(core, &mut archive).await {
                    // What passes is waited for, unless somebody waits for this to end.
                    Err(error) if error.may_pass() && !once => {
                        tracing::warn!(code = error.code, "not archived yet");
                        break;
                    }
                    drained => drained?,
                };
                if written == 0 {
                    break;
                }
                info.written += written;
                info.records = archive.size();
                tell(&info);
            }
            if once {
                return Ok(info);
            }
            let _ = tokio::time::timeout(PAUSE, progress.changed()).await;
        }
    }

    async fn open_archive(&self, place: &Place, lock: Option<Lock>) -> Result<Archive> {
        let opened = place.open()?;
        let (key, known) = begin::key(&self.core, &opened, lock).await?;
        let edge = Edge::from_bytes(&known.edge).unwrap_or_default();
        let scratch = self.dir().join("incoming");
        archive::forget(&scratch);
        let archive = Archive::open(opened, key, lock, edge, scratch).await?;
        if archive.size() < known.size {
            return Err(broken(format!(
                "it has {} records, and {} were written",
                archive.size(),
                known.size
            )));
        }
        Ok(archive)
    }
}

/// Number of the newest row of this journal that is in the archive; 0 if none is.
fn archived(core: &Core, archive: &Archive) -> u64 {
    match archive.last() {
        Some((device, number)) if device == core.identity.device.to_string() => number,
        _ => 0,
    }
}

/// Forgets what is in the archive.
async fn forget_archived(core: &Core, archive: &Archive) -> Result<()> {
    let row = ArchiveRow {
        size: archive.size(),
        edge: archive.edge().to_bytes(),
    };
    let mut conn = core.db.writer.lock().await;
    let mut tx = core.db.begin(&mut conn).await?;
    store::archived(&mut tx, archived(core, archive), &row).await?;
    tx.commit().await?;
    Ok(())
}

/// Moves one batch; answers how many records it had.
async fn drain(core: &Core, archive: &mut Archive) -> Result<u64> {
    archive.settle().await?;
    let done = archived(core, archive);
    let rows = {
        let mut conn = core.db.readers.acquire().await?;
        store::journal_after(&mut conn, done, BATCH).await?
    };
    if rows.is_empty() {
        return Ok(0);
    }
    let now_ms = core.now_ms();
    let mut records = Vec::with_capacity(rows.len());
    for row in &rows {
        records.push(complete(core, archive, row, now_ms).await?);
    }
    let written = archive.append(&day(now_ms), records).await?;
    forget_archived(core, archive).await?;
    Ok(written)
}

/// The record of a row, its files brought into the archive.
async fn complete(core: &Core, archive: &Archive, row: &JournalRow, now_ms: u64) -> Result<Record> {
    let mut record: Record = serde_json::from_slice(&row.record).map_err(CoreError::internal)?;
    record.journal = row.number;
    record.archived_at = now_ms;
    if row.content.is_empty() {
        return Ok(record);
    }
    if let Ok(Decoded::Known(content)) = Content::decode(&row.content) {
        let files = content.files();
        for file in files.iter().flat_map(|files| &files.attachments) {
            record
                .files
                .push(attachment::keep(core, archive, file).await?);
        }
    }
    Ok(record)
}

fn day(now_ms: u64) -> String {
    let at = i64::try_from(now_ms)
        .ok()
        .and_then(|ms| Timestamp::from_millisecond(ms).ok())
        .unwrap_or(Timestamp::UNIX_EPOCH);
    at.to_zoned_datetime(jiff::tz::TimeZone::UTC)
        .date()
        .to_string()
}
