//! What those see who look after the organisation: requests about data with their clocks, and how the relay
//! fares. Asked of the relay each time; nothing of it is kept here.

use sealwire_protocol::oversight::{Registers, RelayHealth};

use crate::client::Client;
use crate::error::Result;

impl Client {
    /// The registers of requests and incidents that the relay's operator keeps, with their clocks. To owners
    /// and administrators requests name their accounts, to auditors not.
    ///
    /// # Errors
    /// `forbidden` without the role for it; network errors.
    pub async fn oversight_requests(&self) -> Result<Registers> {
        self.core.account.registers().await
    }

    /// How the relay fared during the last day, or since its start: coarse figures that are about nobody.
    ///
    /// # Errors
    /// As [`Client::oversight_requests`].
    pub async fn relay_health(&self) -> Result<RelayHealth> {
        self.core.account.relay_health().await
    }
}
