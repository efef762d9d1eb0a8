//! `legal-hold`: that removal was suspended, or resumed.

use serde::{Deserialize, Serialize};

use super::{Hex, Predicate, Role, Time};
use crate::Malformed;

/// That removal of something was suspended, or resumed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LegalHold {
    /// Which of both.
    pub action: HoldAction,
    /// Commitment to what is held; the same for placing and releasing.
    pub scope: Hex<32>,
    /// When.
    pub at: Time,
    /// SHA-256 of the order or of its withdrawal, which are kept elsewhere. Of a text
    /// that can be guessed it hides nothing.
    pub reason_hash: Hex<32>,
}

/// Placed or released.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HoldAction {
    /// From now on nothing of it is removed.
    Placed,
    /// From now on the rules apply to it again.
    Released,
}

impl Predicate for LegalHold {
    const NAME: &'static str = "legal-hold";
    const TYPE: &'static str = base!("legal-hold");
    const SIGNER: Role = Role::Organisation;

    fn check(&self) -> Result<(), Malformed> {
        Ok(())
    }
}
