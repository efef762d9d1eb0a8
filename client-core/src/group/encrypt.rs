//! From a message in the outbox to an entry that can be sent, in one step.

use openmls::prelude::MlsGroup;
use openmls_traits::OpenMlsProvider;
use sealwire_protocol::{
    content::{MessageId, Position},
    ids::EntryId,
};
use sqlx::SqliteConnection;

use super::{say::say, state::Place};
use crate::{
    core::Core,
    error::{CoreError, Result},
    mls::{LARGE_PADDING, MlsSigner, PADDING, Provider, join_config},
    store::{self, OutboxRow},
};

/// What an application message adds to its content, at most: length, signature, AEAD tag.
const OVERHEAD: usize = 128;

/// Encrypts `row` at the sender's present position and stores the bytes with it. `false` if there
/// is nothing to say any more, and the row is gone.
///
/// The ratchet moves in the same transaction: bytes once stored are sent again as they are, and
/// no generation is used for two messages.
pub(crate) async fn encrypt(
    core: &Core,
    conn: &mut SqliteConnection,
    place: &mut Place,
    row: &mut OutboxRow,
) -> Result<bool> {
    let position = Position {
        lane: place.row.lane,
        seq: place.row.cursor,
        hash: place.row.running_hash,
    };
    let conversation = place.row.conversation;
    let Some(mut content) = say(core, conn, &place.row, row, position).await? else {
        store::remove(conn, row.id).await?;
        return Ok(false);
    };
    content.log_head = core.transparency.head();
    let content = content.encode();
    let payload = {
        let provider = Provider::new(&core.crypto, conn);
        let large = content.len() + OVERHEAD > 4096;
        set_padding(
            &mut place.group,
            &provider,
            if large { LARGE_PADDING } else { PADDING },
        )?;
        place
            .group
            .create_message(&provider, &MlsSigner(&core.identity.device_key), &content)
            .map_err(CoreError::internal)?
            .to_bytes()
            .map_err(CoreError::internal)?
    };
    let own = &core.identity.account;
    row.message_id = Some(MessageId::derive(own, &conversation, &content, &row.salt));
    row.entry_id = Some(EntryId::random(&mut rand::rng()));
    row.payload = payload;
    store::set_encrypted(conn, row).await?;
    Ok(true)
}

/// Sets the padding of what is encrypted next; rarely changes, so rarely writes.
pub(crate) fn set_padding(
    group: &mut MlsGroup,
    provider: &Provider<'_>,
    padding: usize,
) -> Result<()> {
    if group.configuration().padding_size() != padding {
        group.set_configuration(provider.storage(), &join_config(padding))?;
    }
    Ok(())
}
