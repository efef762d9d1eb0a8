//! `legal-hold`: that removal was suspended, or resumed.

use serde::{Deserialize, Serialize};

use sealwire_crypto::SecretBytes;
use serde_json::json;

use super::{Hex, Predicate, Role, Time};
use crate::Malformed;
use crate::commitment::{Commitment, Salt};
use crate::statement::Subject;

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

impl LegalHold {
    /// The commitment to a hold: HMAC-SHA256, under its salt, of
    /// `{"accounts":[...],"name":"...","type":"legal-hold"}` in canonical JSON. No accounts are
    /// everybody's.
    ///
    /// # Errors
    /// [`Malformed`] if the names have no canonical spelling.
    pub fn scope(
        salt: &[u8; 32],
        name: &str,
        accounts: &[String],
    ) -> Result<Commitment, Malformed> {
        let salt = SecretBytes::from_slice(salt)
            .map_err(|_| Malformed::new(Self::NAME, "the salt is not 32 bytes"))?;
        let event = json!({ "accounts": accounts, "name": name, "type": "legal-hold" });
        Salt::new(salt).commit(&event)
    }

    /// What statements about a hold are about.
    #[must_use]
    pub fn subject(&self) -> Subject {
        Subject::of("legal-hold", &self.scope.0)
    }
}

impl Predicate for LegalHold {
    const NAME: &'static str = "legal-hold";
    const TYPE: &'static str = base!("legal-hold");
    const SIGNER: Role = Role::Organisation;

    fn check(&self) -> Result<(), Malformed> {
        Ok(())
    }
}
