//! `ropa`.

use sealwire_audit::predicate::{Predicate as _, Ropa};
use serde::{Deserialize, Serialize};

use crate::clock;
use crate::config::Config;
use crate::evidence::{Evidence, time, unsayable};
use crate::refusal::Answer;
use crate::ropa::Record;

/// A record, and what became of it.
#[derive(Serialize, Deserialize)]
pub(crate) struct Recorded {
    pub(crate) record: Record,
    /// Whether it was attested just now.
    pub(crate) attested: bool,
}

/// Makes the record of the settings in force, and attests it if it is whole and the newest statement says
/// something else, or `anyway`.
pub(crate) async fn ropa(evidence: &Evidence, config: &Config, anyway: bool) -> Answer<Recorded> {
    let record = Record::of(config, time(clock::now_ms())?);
    let mut attested = false;
    // Nobody else attests one between the look at the newest and this one.
    let mut tx = evidence.begin().await?;
    if record.missing.is_empty() && (anyway || is_new(evidence, &record.said).await?) {
        let statement = record.said.statement(vec![evidence.subject()]);
        let statement = statement.map_err(|_| unsayable())?;
        evidence.attest(&mut tx, &statement).await?;
        attested = true;
    }
    tx.commit().await?;
    Ok(Recorded { record, attested })
}

async fn is_new(evidence: &Evidence, said: &Ropa) -> Answer<bool> {
    let Some(newest) = evidence.newest_statement(Ropa::TYPE).await? else {
        return Ok(true);
    };
    let same = |newest: Ropa| {
        let generated = newest.generated;
        newest
            == Ropa {
                generated,
                ..said.clone()
            }
    };
    Ok(!Ropa::parse(&newest).is_ok_and(same))
}
