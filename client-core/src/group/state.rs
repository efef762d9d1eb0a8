//! A group's MLS state in memory, kept while steps succeed and dropped at any error.

use openmls::prelude::{GroupId, MlsGroup};
use sealwire_protocol::ids::LogId;
use sqlx::SqliteConnection;

use crate::{
    core::Core,
    error::{CoreError, ErrorKind, Result},
    mls::{Provider, Roster},
    store::{LogRow, LogState},
};
use openmls_traits::OpenMlsProvider;

/// MLS state with the generation of the row it was saved with.
pub(crate) struct Loaded {
    pub(crate) group: MlsGroup,
    pub(crate) roster: Roster,
    pub(crate) generation: u64,
}

/// A row and the MLS state that belongs to it, for one step.
pub(crate) struct Place {
    pub(crate) row: LogRow,
    pub(crate) group: MlsGroup,
    pub(crate) roster: Roster,
}

impl Place {
    /// Loads the row, and takes `cached` if it is of the same generation. Loading MLS state costs
    /// ten times a send in a large group.
    pub(crate) async fn load(
        core: &Core,
        conn: &mut SqliteConnection,
        log: &LogId,
        cached: Option<Loaded>,
    ) -> Result<Self> {
        let row = LogRow::load(conn, log)
            .await?
            .ok_or_else(|| CoreError::internal("the group is not in the profile"))?;
        if let Some(cached) = cached.filter(|cached| cached.generation == row.generation) {
            return Ok(Self {
                row,
                group: cached.group,
                roster: cached.roster,
            });
        }
        let group = {
            let provider = Provider::new(&core.crypto, conn);
            MlsGroup::load(provider.storage(), &GroupId::from_slice(log.as_bytes()))?
        };
        let group = group.ok_or_else(|| {
            CoreError::new(
                ErrorKind::Halted,
                "no_state",
                "the encryption state of this conversation is missing on this device",
                "ask a member to add this device again: `sealwire chat rejoin`",
            )
        })?;
        row.check(&group)?;
        let roster = Roster::of(&group).map_err(CoreError::internal)?;
        Ok(Self { row, group, roster })
    }

    /// Saves the row with the mark of the MLS state.
    pub(crate) async fn save(&mut self, conn: &mut SqliteConnection) -> Result<()> {
        self.row.save(conn, Some(&self.group)).await
    }

    /// What to keep after the transaction was committed.
    pub(crate) fn into_loaded(self) -> Option<Loaded> {
        (self.row.state == LogState::Active || self.row.state == LogState::Creating).then_some(
            Loaded {
                generation: self.row.generation,
                group: self.group,
                roster: self.roster,
            },
        )
    }
}
