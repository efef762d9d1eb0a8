//! `incident`: that something went wrong, and what was done by when.

use serde::{Deserialize, Serialize};

use super::spelled::given;
use super::{Predicate, Role, Time};
use crate::Malformed;

/// That something went wrong, whom it affects, and which notices were due and given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Incident {
    /// When it was noticed; the clocks run from here.
    pub noticed: Time,
    /// Of what kind it is, for example `availability` or `disclosure`.
    pub kind: String,
    /// What happened. Names nobody.
    pub what: String,
    /// About how many people it affects; left out while nobody knows.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    pub affected_estimate: Option<u64>,
    /// Which notices the law asks for.
    pub clocks: Vec<Clock>,
    /// What was done about it.
    pub measures: Vec<String>,
}

/// By when something is due.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Clock {
    /// Which one.
    pub name: ClockName,
    /// When it is due.
    pub due: Time,
    /// When it was done; left out until then.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    pub met: Option<Time>,
}

/// The time that the law gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum ClockName {
    /// Early warning (NIS 2 Art. 23 (4) a).
    #[serde(rename = "24h")]
    OneDay,
    /// Notice to the authority (GDPR Art. 33, NIS 2 Art. 23 (4) b).
    #[serde(rename = "72h")]
    ThreeDays,
    /// Final report (NIS 2 Art. 23 (4) d), or answer to a person (GDPR Art. 12 (3)).
    #[serde(rename = "one-month")]
    OneMonth,
}

impl Predicate for Incident {
    const NAME: &'static str = "incident";
    const TYPE: &'static str = base!("incident");
    const SIGNER: Role = Role::Relay;

    fn check(&self) -> Result<(), Malformed> {
        if self.clocks.iter().any(|clock| clock.due < self.noticed) {
            return Err(Malformed::new(Self::NAME, "a clock is due before it runs"));
        }
        Ok(())
    }
}
