//! Restoring a backup to see whether it can be, and removing it again.

use std::path::Path;

use sealwire_audit::predicate::{RestoreDrill, TreeSizes};

use super::restore::restore;
use super::{now, verify};
use crate::attest::Drilled;
use crate::config;
use crate::fault::Fault;

/// Restores an archive into a temporary folder within `within`, and checks what came of it.
pub(crate) async fn drill(archive: &Path, within: &Path) -> Result<Drilled, Fault> {
    let started = now()?;
    let scratch = tempfile::Builder::new()
        .prefix("sealwire-drill-")
        .tempdir_in(within)
        .map_err(Fault::of(within.display()))?;
    let data = scratch.path().join("data");
    let restored = restore(archive, &data).await?;
    let again = verify::data_dir(&data, &data.join(config::FILE)).await?;
    if again.incarnation != restored.incarnation.new {
        return Err(Fault::new("groups.db", "does not have its new incarnation"));
    }
    scratch.close().map_err(Fault::of(within.display()))?;
    let logs = restored.manifest.logs.iter().zip(&restored.report.logs);
    let trees = logs.map(|(before, after)| TreeSizes {
        log: before.log.clone(),
        before: before.size,
        after: after.size,
    });
    let audit = restored.report.logs.iter().find(|log| log.log == "audit");
    Ok(Drilled {
        origin: audit.map(|log| log.origin.clone()).unwrap_or_default(),
        said: RestoreDrill {
            started,
            ended: now()?.max(started),
            backup_sha256: restored.backup_sha256,
            trees: trees.collect(),
            rows_checked: again.row_count(),
            ok: true,
            incarnation: restored.incarnation,
        },
    })
}
