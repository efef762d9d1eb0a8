//! `storage-census`: what lies in the relay's stores, counted on connections of its own that only
//! read.

mod files;
mod rows;
mod stored;
#[cfg(test)]
mod tests;

use std::path::Path;

use sealwire_audit::predicate::{Predicate as _, StorageCensus};

use self::files::Files;
use super::DAY_MS;
use crate::account::AccountPlane;
use crate::clock;
use crate::config::Config;
use crate::evidence::{time, unsayable};
use crate::group::PlaceError;
use crate::refusal::{Answer, Refusal};

/// Why there is no census.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CensusError {
    #[error(
        "cannot read {0}: {1}; run this as the relay's user, or on a copy of the data directory"
    )]
    Database(&'static str, sqlx::Error),
    #[error("cannot read {0}")]
    Blobs(#[from] PlaceError),
    #[error("nobody has said what stands in the column {0}; it may be of a newer relay")]
    Unclassified(String),
    #[error("this machine's clock shows no time that a statement can hold; set it")]
    Clock,
}

/// Attests once a day what lies in the stores.
pub(super) async fn attest(account: &AccountPlane, data: &Path, config: &Config) -> Answer<()> {
    let evidence = account.evidence();
    let newest = evidence.newest_statement(StorageCensus::TYPE).await?;
    let newest = newest.and_then(|newest| StorageCensus::parse(&newest).ok());
    let due = newest.map_or(0, |newest| newest.taken.millis().saturating_add(DAY_MS));
    if clock::now_ms() < due {
        return Ok(());
    }
    let census = take(data, config).await.map_err(|error| match error {
        CensusError::Database(_, error) => Refusal::from(error),
        // Their texts may hold paths, and with them the ids of blobs.
        CensusError::Blobs(_) => Refusal::internal("census, blobs"),
        CensusError::Unclassified(_) => Refusal::internal("census, a column without a class"),
        CensusError::Clock => unsayable(),
    })?;
    if census.unparsed_total > 0 {
        tracing::error!(
            count = census.unparsed_total,
            "something is stored that is not what it should be; `sealwire-relay census` tells more"
        );
    }
    let statement = census
        .statement(vec![evidence.subject()])
        .map_err(|_| unsayable())?;
    evidence.attest_alone(&statement).await
}

/// Counts everything. Rows that come or go meanwhile may be counted or not.
pub(crate) async fn take(data: &Path, config: &Config) -> Result<StorageCensus, CensusError> {
    let taken = time(clock::now_ms()).map_err(|_| CensusError::Clock)?;
    let Files {
        mut account,
        mut groups,
        mut blobs,
        bytes,
    } = Files::open(data, config).await?;
    let (mut schema_versions, mut tables) = (Vec::new(), Vec::new());
    for database in [&mut account, &mut groups, &mut blobs] {
        let version = database.schema_version().await;
        schema_versions.push(version.map_err(|error| CensusError::Database(database.file, error))?);
        tables.extend(rows::tables(database).await?);
    }
    let unreadable = |file| move |error| CensusError::Database(file, error);
    let entries = stored::entries(&mut groups.db).await;
    let mut stored = vec![entries.map_err(unreadable(groups.file))?];
    let db = &mut account.db;
    for counted in [
        stored::key_packages(db).await,
        stored::envelopes(db).await,
        stored::certificates(db).await,
        stored::policies(db).await,
        stored::leaves(db).await,
        stored::statements(db).await,
    ] {
        stored.push(counted.map_err(unreadable(account.file))?);
    }
    stored.push(stored::blobs(&mut blobs.db, &bytes).await?);
    Ok(StorageCensus {
        taken,
        schema_versions,
        tables,
        unparsed_total: stored.iter().map(|one| one.unparsed).sum(),
        stored,
    })
}
