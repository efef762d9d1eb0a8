//! From a message in the outbox to an entry that can be sent, in one step.

use openmls::prelude::MlsGroup;
use openmls_traits::OpenMlsProvider;
use sealwire_protocol::{
    content::{Content, Position},
    ids::EntryId,
};
use sqlx::SqliteConnection;

use super::state::Place;
use crate::{
    core::Core,
    error::{CoreError, Result},
    files,
    mls::{LARGE_PADDING, MlsSigner, PADDING, Provider, join_config},
    store::{self, OutboxRow},
};

/// What an application message adds to its content, at most: length, signature, AEAD tag.
const OVERHEAD: usize = 128;

/// Encrypts `row` at the sender's present position and stores the bytes with it.
///
/// The ratchet moves in the same transaction: bytes once stored are sent again as they are, and
/// no generation is used for two messages.
pub(crate) async fn encrypt(
    core: &Core,
    conn: &mut SqliteConnection,
    place: &mut Place,
    row: &mut OutboxRow,
) -> Result<()> {
    let position = Position {
        lane: place.row.lane,
        seq: place.row.cursor,
        hash: place.row.running_hash,
    };
    let content = match &row.signal {
        Some(signal) => Content::event(row.salt, signal.clone(), position),
        None => {
            let text = store::message_text(conn, row.message).await?;
            match files::content(conn, row.message, row.salt, &text, position).await? {
                Some(with_files) => with_files,
                None => Content::text(row.salt, &text, position).map_err(CoreError::internal)?,
            }
        }
    }
    .encode();
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
    let entry_id = EntryId::random(&mut rand::rng());
    store::set_encrypted(conn, row.id, &entry_id, &payload).await?;
    row.entry_id = Some(entry_id);
    row.payload = payload;
    Ok(())
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
