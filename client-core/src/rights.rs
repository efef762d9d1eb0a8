//! What a person may ask of the relay: a copy of what it knows of them, and to be erased.

use sealwire_crypto::SignContext;
use sealwire_protocol::account::{Attested, B64, EraseAccount};
use sealwire_protocol::handle::Handle;
use sealwire_protocol::proof::erasure_message;
use serde::Serialize;

use crate::client::Client;
use crate::error::{CoreError, ErrorKind, Result};
use crate::farewell;

/// A statement that the relay has signed and logged about somebody, and what shows whom it is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct StatementInfo {
    /// Place of its entry in the relay's audit log.
    pub index: u64,
    /// The signed statement: a DSSE envelope, as JSON.
    pub envelope: String,
    /// Opens the statement's subject together with `event`: 32 bytes, hexadecimal.
    pub salt: String,
    /// Canonical JSON that names the person.
    pub event: String,
}

impl From<Attested> for StatementInfo {
    fn from(attested: Attested) -> Self {
        Self {
            index: attested.index,
            envelope: attested.envelope,
            salt: data_encoding::HEXLOWER.encode(&attested.salt.0),
            event: attested.event,
        }
    }
}

/// What the relay knows of this account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct OwnDataInfo {
    /// JSON; the statement names its SHA-256.
    pub data: String,
    /// That it was given out, and what was in it.
    pub statement: StatementInfo,
}

impl Client {
    /// Asks the relay for all that it knows of this account (GDPR Art. 15 and 20). Messages are not
    /// among it: those are on the devices, see [`Client::export`].
    ///
    /// # Errors
    /// Network errors.
    pub async fn own_data(&self) -> Result<OwnDataInfo> {
        let answer = self.core.account.own_data().await?;
        Ok(OwnDataInfo {
            data: answer.data,
            statement: answer.attested.into(),
        })
    }

    /// Has this account erased at the relay (GDPR Art. 17): account, devices, key packages, waiting
    /// envelopes, and what opens the entries of the logs about it. This profile stays as it is until
    /// [`Client::remove_erased`], and cannot sign in any more; others see at their next look at the directory's log that the
    /// account is gone, and take it out of the conversations.
    ///
    /// # Errors
    /// `no_account_key`, `last_owner`, `account_erased`; network errors.
    pub async fn erase_account(&self) -> Result<StatementInfo> {
        let identity = &self.core.identity;
        let key = identity.account_secret.as_ref().ok_or_else(|| {
            CoreError::new(
                ErrorKind::Policy,
                "no_account_key",
                "this device does not hold the account key",
                "use another device of the account, or ask an owner of the organisation",
            )
        })?;
        let at_s = self.core.now_s();
        let message = erasure_message(&identity.handle, at_s);
        let body = EraseAccount {
            at_s,
            signature: B64::from(key.sign(SignContext::Erasure, &message).0),
        };
        let statement = self.core.account.erase(&body).await?;
        if let Err(error) = farewell::learn(&self.core, self.dir()).await {
            tracing::debug!(code = error.code, "the relay was not told yet");
        }
        // It goes on telling, and puts right what a look that began before may have undone.
        self.core.upkeep.notify_one();
        Ok(statement.into())
    }

    /// Has somebody else's account erased at the relay, as an owner of the organisation.
    ///
    /// # Errors
    /// `forbidden` without the role for it; `last_owner`, `account_unknown`; network errors.
    pub async fn erase_member(&self, handle: &Handle) -> Result<StatementInfo> {
        let answer = self.core.account.erase_member(handle.as_str()).await?;
        Ok(answer.into())
    }
}
