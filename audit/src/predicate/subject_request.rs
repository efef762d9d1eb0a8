//! `subject-request`: that a request of somebody about their data was answered.

use serde::{Deserialize, Serialize};

use super::spelled::{given, in_order};
use super::{Hex, Predicate, Role, Time};
use crate::Malformed;

/// That a request was answered which no program fulfils by itself. Nothing here names anybody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SubjectRequest {
    /// Commitment to the request and whose it is.
    pub subject: Hex<32>,
    /// What was asked for.
    pub right: Right,
    /// Whose clock runs.
    pub law: Law,
    /// When it came.
    pub received: Time,
    /// When the answer was due, with the extension if there was one.
    pub due: Time,
    /// When the time was extended; left out if it was not.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    pub extended: Option<Time>,
    /// When it was answered.
    pub answered: Time,
    /// With what result.
    pub outcome: Outcome,
}

/// What somebody may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Right {
    /// A copy of what is known (GDPR Art. 15 and 20, CCPA 1798.110).
    Access,
    /// Erasure (GDPR Art. 17, CCPA 1798.105).
    Erasure,
    /// Correction (GDPR Art. 16, CCPA 1798.106).
    Rectification,
    /// That it is stored and not used (GDPR Art. 18).
    Restriction,
    /// That it is not used for something (GDPR Art. 21, CCPA 1798.120).
    Objection,
}

/// Which law gives how much time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Law {
    /// One month, and two more (GDPR Art. 12 (3)).
    Gdpr,
    /// 45 days, and 45 more (CCPA 1798.130 (a)(2)).
    Ccpa,
}

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It was done.
    Done,
    /// It was refused, with reasons given to whoever asked.
    Refused,
}

impl Predicate for SubjectRequest {
    const NAME: &'static str = "subject-request";
    const TYPE: &'static str = base!("subject-request");
    const SIGNER: Role = Role::Relay;

    fn check(&self) -> Result<(), Malformed> {
        if !in_order(&[self.received, self.answered]) {
            return Err(Malformed::new(Self::NAME, "is answered before it came"));
        }
        if !in_order(&[self.received, self.due]) {
            return Err(Malformed::new(Self::NAME, "is due before it came"));
        }
        Ok(())
    }
}
