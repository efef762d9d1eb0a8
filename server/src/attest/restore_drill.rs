//! `restore-drill`.

use sealwire_audit::predicate::{Predicate as _, RestoreDrill};
use serde::{Deserialize, Serialize};

use crate::clock;
use crate::evidence::Evidence;

/// A drill that ended, told by whoever held it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Drilled {
    /// Name of the audit log in the backup; `None` if the backup could not be restored.
    pub(crate) origin: Option<String>,
    pub(crate) said: RestoreDrill,
}

/// Attests a drill with a backup of this relay, or with one that says no more whose it is. If it cannot be,
/// says why.
pub(crate) async fn restore_drill(
    evidence: &Evidence,
    drilled: &Drilled,
) -> Result<(), &'static str> {
    let subject = evidence.subject();
    if drilled.origin.is_some() && subject.name != drilled.origin {
        return Err("the backup is of another relay; pass --data of the one that it was made of");
    }
    if drilled.said.ended.millis() > clock::now_ms() {
        return Err("the drill ended in the future; set the clock");
    }
    let statement = drilled.said.statement(vec![subject]);
    let statement = statement.map_err(|_| "the drill does not have the form of a statement")?;
    let attested = evidence.attest_alone(&statement).await;
    attested.map_err(|_| "the drill could not be attested; the relay's log says why")
}
