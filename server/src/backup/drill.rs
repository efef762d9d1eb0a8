//! Restoring a backup to see whether it can be, and removing it again.

use std::fs::File;
use std::path::Path;

use sealwire_audit::predicate::{Hex, RestoreDrill, Time, TreeSizes};

use super::restore::{Restored, restore};
use super::verify::Report;
use super::{digest, now, verify};
use crate::attest::Drilled;
use crate::config;
use crate::fault::Fault;

/// Restores an archive into a temporary folder within `within`, and checks what came of it. A backup that
/// cannot be restored makes a drill that failed.
///
/// # Errors
/// If the archive cannot be read at all or there is no such folder: nothing was tried then.
pub(crate) async fn drill(archive: &Path, within: &Path) -> Result<Drilled, Fault> {
    let started = now()?;
    let file = File::open(archive).map_err(Fault::of(archive.display()))?;
    let (backup_sha256, _) = digest(&file).map_err(Fault::of(archive.display()))?;
    let scratch = tempfile::Builder::new()
        .prefix("sealwire-drill-")
        .tempdir_in(within)
        .map_err(Fault::of(within.display()))?;
    let data = scratch.path().join("data");
    let tried = tried(archive, &data).await;
    scratch.close().map_err(Fault::of(within.display()))?;
    let ended = now()?.max(started);
    Ok(match tried {
        Ok((restored, again)) => passed(started, ended, restored, &again),
        Err(fault) => Drilled {
            origin: None,
            said: RestoreDrill {
                started,
                ended,
                backup_sha256,
                trees: Vec::new(),
                rows_checked: 0,
                ok: false,
                // Where the folder lay is nobody's business.
                failure: Some(fault.to_string().replace(&*data.to_string_lossy(), "DATA")),
                incarnation: None,
            },
        },
    })
}

async fn tried(archive: &Path, data: &Path) -> Result<(Restored, Report), Fault> {
    let restored = restore(archive, data).await?;
    let again = verify::data_dir(data, &data.join(config::FILE)).await?;
    if again.incarnation != restored.incarnation.new {
        return Err(Fault::new("groups.db", "does not have its new incarnation"));
    }
    Ok((restored, again))
}

fn passed(started: Time, ended: Time, restored: Restored, again: &Report) -> Drilled {
    let logs = restored.manifest.logs.iter().zip(&restored.report.logs);
    let trees = logs.map(|(before, after)| TreeSizes {
        log: before.log.clone(),
        before: before.size,
        after: after.size,
    });
    let backup_sha256: Hex<32> = restored.backup_sha256;
    let audit = restored.report.logs.iter().find(|log| log.log == "audit");
    Drilled {
        origin: Some(audit.map(|log| log.origin.clone()).unwrap_or_default()),
        said: RestoreDrill {
            started,
            ended,
            backup_sha256,
            trees: trees.collect(),
            rows_checked: again.row_count(),
            ok: true,
            failure: None,
            incarnation: Some(restored.incarnation),
        },
    }
}
