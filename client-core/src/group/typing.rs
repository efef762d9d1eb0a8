//! Who is typing: a hint that passes, sent to those who are there, stored by nobody.

use std::collections::VecDeque;

use bytes::Bytes;
use openmls::prelude::LeafNodeIndex;
use sealwire_crypto::EphemeralKey;
use sealwire_protocol::{
    ephemeral::{EPHEMERAL_LABEL, Typing},
    frame::{Broadcast, ClientBody, Ephemeral},
    ids::Lane,
    policy::Action,
};

use super::{
    actor::{Actor, bytes_of},
    state::Place,
};
use crate::{
    api::Event,
    error::{CoreError, Result},
    store::{self, LogRow, TYPING},
};

/// A signal whose sender stands further back than this is an old one, said again.
const MOST_BEHIND: u64 = 64;
/// Nonces of signals that were heard, so that a repeat is noticed.
const REMEMBERED: usize = 64;
const NONCE: usize = 12;

/// What an actor knows of signals in the present epoch.
#[derive(Default)]
pub(super) struct Signals {
    key: Option<(Lane, EphemeralKey)>,
    heard: VecDeque<[u8; NONCE]>,
}

impl Signals {
    /// Whether this signal comes for the first time.
    fn is_new(&mut self, sealed: &[u8]) -> bool {
        let Some(nonce) = sealed.first_chunk::<NONCE>() else {
            return false;
        };
        if self.heard.contains(nonce) {
            return false;
        }
        self.heard.push_back(*nonce);
        if self.heard.len() > REMEMBERED {
            self.heard.pop_front();
        }
        true
    }
}

impl Actor {
    /// Tells the others that somebody began or ceased to type here, if that is to be told. Whether
    /// it arrives is of no importance.
    pub(super) async fn tell_typing(&mut self, row: &LogRow) -> Result<()> {
        let Some(on) = self.core.take_typing(&self.log) else {
            return Ok(());
        };
        if !self.may_signal(row).await? {
            return Ok(());
        }
        let Some(leaf) = self.ready_for_signals(row).await? else {
            return Ok(());
        };
        let Some((lane, key)) = &self.signals.key else {
            return Ok(());
        };
        let typing = Typing {
            leaf: leaf.u32(),
            cursor: row.cursor,
            on,
        };
        let payload = typing.seal(key, &self.log, lane, &mut rand::rng());
        let body = ClientBody::Broadcast(Broadcast {
            log: bytes_of(&self.log),
            pass: Bytes::copy_from_slice(row.pass.expose()),
            payload: payload.into(),
        });
        // Messages do not wait for it.
        let socket = self.core.socket.clone();
        tokio::spawn(async move {
            if let Err(error) = socket.request(body).await {
                tracing::debug!(%error, "a signal was not taken");
            }
        });
        Ok(())
    }

    /// Shows that another member is typing.
    pub(super) async fn hear(&mut self, signal: &Ephemeral) -> Result<()> {
        let row = self.row().await?;
        let of_here = signal.lane.as_ref() == row.lane.as_bytes() && self.lane == Some(row.lane);
        if !of_here || !self.may_signal(&row).await? {
            return Ok(());
        }
        self.ready_for_signals(&row).await?;
        let Some((lane, key)) = &self.signals.key else {
            return Ok(());
        };
        let Ok(typing) = Typing::open(key, &self.log, lane, &signal.payload) else {
            tracing::debug!("a signal does not open");
            return Ok(());
        };
        if typing.cursor.saturating_add(MOST_BEHIND) < row.cursor
            || !self.signals.is_new(&signal.payload)
        {
            return Ok(());
        }
        let leaf = self
            .cache
            .as_ref()
            .and_then(|loaded| loaded.roster.get(LeafNodeIndex::new(typing.leaf)));
        let Some(leaf) = leaf else {
            return Ok(());
        };
        let policy = self.core.policy(&row)?;
        let posts = policy
            .role_of(leaf.account())
            .is_some_and(|role| policy.may(role, Action::Post));
        let handle = leaf.handle().to_string();
        let own = *leaf.account() == self.core.identity.account;
        if posts && !own && !self.core.unseen().blocked.contains(&handle) {
            self.core.emit(Event::Typing {
                conversation: row.conversation.to_string(),
                handle,
                on: typing.on,
            });
        }
        Ok(())
    }

    /// Whether this person wants signals, and the rules of the conversation let them be.
    async fn may_signal(&self, row: &LogRow) -> Result<bool> {
        if !self.may_tell(row)? {
            return Ok(false);
        }
        let mut conn = self.core.db.readers.acquire().await?;
        store::has_mark(&mut conn, TYPING).await
    }

    /// Exports the key of the present epoch, once; answers the own leaf.
    async fn ready_for_signals(&mut self, row: &LogRow) -> Result<Option<LeafNodeIndex>> {
        let known = self.signals.key.as_ref().map(|(lane, _)| *lane);
        if self.cache.is_none() || known != Some(row.lane) {
            let mut conn = self.core.db.writer.lock().await;
            let mut tx = self.core.db.begin(&mut conn).await?;
            let place = Place::load(&self.core, &mut tx, &self.log, self.cache.take()).await?;
            let secret = place
                .group
                .export_secret(&self.core.crypto, EPHEMERAL_LABEL, self.log.as_bytes(), 32)
                .map(zeroize::Zeroizing::new)
                .map_err(CoreError::internal)?;
            let key = EphemeralKey::from_slice(&secret).map_err(CoreError::internal)?;
            self.signals.key = Some((place.row.lane, key));
            self.cache = place.into_loaded();
        }
        Ok(self
            .cache
            .as_ref()
            .map(|loaded| loaded.group.own_leaf_index()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeat_is_noticed_and_memory_is_bounded() {
        let mut signals = Signals::default();
        assert!(signals.is_new(&[1; 128]));
        assert!(!signals.is_new(&[1; 128]));
        assert!(!signals.is_new(&[1; 11]), "too short to be one");
        for number in 0..=255 {
            signals.is_new(&[number; 128]);
        }
        assert_eq!(signals.heard.len(), REMEMBERED);
    }
}
