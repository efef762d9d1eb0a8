//! What members say: text into the history, signals into wishes, positions into comparison.

use openmls::prelude::LeafNodeIndex;
use sealwire_protocol::{
    certificate::DeviceCertificate,
    content::{Content, Decoded, GroupEvent, Position},
    frame::Entry,
    policy::{Action, GroupRole},
};
use sqlx::SqliteConnection;

use super::receive::{Step, plain};
use crate::{
    api::{Delivery, Event, MessageKind},
    error::Result,
    store::{self, NewMessage, Wish},
};

/// The first member in line answers a request to leave at once, each further one this much later.
const LEAVE_STEP_MS: u64 = 20_000;

impl Step<'_> {
    pub(super) async fn take_content(
        &mut self,
        conn: &mut SqliteConnection,
        entry: &Entry,
        sender: LeafNodeIndex,
        bytes: &[u8],
    ) -> Result<()> {
        let Some(leaf) = self.place.roster.get(sender) else {
            return self
                .refuse(conn, entry, &plain("the sender has no leaf"))
                .await;
        };
        let leaf = leaf.clone();
        let decoded = match Content::decode(bytes) {
            Ok(decoded) => decoded,
            Err(error) => {
                return self.refuse(conn, entry, &plain(error.to_string())).await;
            }
        };
        let content = match &decoded {
            Decoded::Known(content) => Some(content),
            Decoded::Unknown(_) => None,
        };
        if let Some(position) = content.and_then(|content| content.position) {
            self.compare_position(conn, &position, leaf.handle().to_string(), entry)
                .await?;
        }
        if let Some(event) = content.and_then(|content| content.event.clone()) {
            return self.take_signal(conn, &event, &leaf).await;
        }
        let policy = self.core.policy(&self.place.row)?;
        let role = policy.role_of(leaf.account());
        if !role.is_some_and(|role| policy.may(role, Action::Post)) {
            return self
                .refuse(
                    conn,
                    entry,
                    &plain("the sender's role does not allow posting"),
                )
                .await;
        }
        let files = content.and_then(Content::files);
        let text = match &files {
            Some(files) => Some(files.caption.as_str()),
            None => content.and_then(Content::as_text),
        };
        let salt = content.map_or_else(|| short_hash(bytes), |content| content.salt);
        let own = *leaf.account() == self.core.identity.account;
        let message = NewMessage {
            conversation: self.place.row.conversation,
            salt,
            sender: Some(leaf.account()),
            sender_handle: leaf.handle().to_string(),
            own,
            kind: if text.is_some() {
                MessageKind::Text
            } else {
                MessageKind::Unknown
            },
            text: text.unwrap_or("This message is of a kind that a newer version can show."),
            content: if text.is_some() { &[] } else { bytes },
            at_ms: entry.received_at,
            delivery: if own {
                Delivery::Sent
            } else {
                Delivery::Received
            },
        };
        match store::insert_message(conn, &message, &mut self.history).await? {
            Some((id, info)) => {
                if let Some(files) = files {
                    crate::files::take(conn, id, files).await?;
                }
                self.events.push(Event::Message(info));
            }
            None => {
                self.refuse(conn, entry, &plain("it repeats a message of its sender"))
                    .await?;
            }
        }
        Ok(())
    }

    async fn take_signal(
        &mut self,
        conn: &mut SqliteConnection,
        event: &GroupEvent,
        leaf: &DeviceCertificate,
    ) -> Result<()> {
        if !matches!(event, GroupEvent::LeaveRequest) {
            return Ok(());
        }
        let policy = self.core.policy(&self.place.row)?;
        let leaver = policy.role_of(leaf.account());
        let outranks = |role: GroupRole| match leaver {
            Some(GroupRole::Owner | GroupRole::Admin) => role == GroupRole::Owner,
            _ => true,
        };
        let own = self.core.identity.account;
        let may = |account: &sealwire_crypto::AccountPublic| {
            account != leaf.account()
                && policy
                    .role_of(account)
                    .is_some_and(|role| policy.may(role, Action::Remove) && outranks(role))
        };
        if !may(&own) {
            return Ok(());
        }
        // Everybody comes to the same order; the later ones act only if the earlier did not.
        let mut line: Vec<_> = policy
            .members()
            .filter(|(account, _)| may(account))
            .map(|(account, _)| {
                let epoch = self.place.row.mark.epoch.to_be_bytes();
                let parts: [&[u8]; 3] = [self.place.row.id.as_bytes(), &epoch, account.as_bytes()];
                (sealwire_crypto::sha256(&parts), *account)
            })
            .collect();
        line.sort();
        let turn = line
            .iter()
            .position(|(_, account)| *account == own)
            .unwrap_or(0);
        let wish = Wish::Remove {
            handle: leaf.handle().to_string(),
        };
        let wait = LEAVE_STEP_MS * u64::try_from(turn).unwrap_or(0);
        store::add_intent(conn, &self.place.row.id, &wish, self.core.now_ms() + wait).await?;
        Ok(())
    }

    async fn compare_position(
        &mut self,
        conn: &mut SqliteConnection,
        theirs: &Position,
        handle: String,
        entry: &Entry,
    ) -> Result<()> {
        let row = &self.place.row;
        let ours = if theirs.lane == row.lane && theirs.seq < entry.seq {
            match self.hashes.get(&theirs.seq) {
                Some(hash) => Some(*hash),
                None => store::hash_at(conn, row, theirs.seq).await?,
            }
        } else {
            None
        };
        let pruned = theirs.lane == row.lane && ours.is_none() && theirs.seq < entry.seq;
        if pruned || ours.is_some_and(|ours| ours == theirs.hash) {
            return Ok(());
        }
        store::keep_evidence(
            conn,
            row,
            theirs.seq,
            ours.as_ref(),
            &theirs.hash,
            &handle,
            entry.received_at,
        )
        .await?;
        self.events.push(Event::Warning {
            conversation: Some(row.conversation.to_string()),
            text: format!(
                "The relay showed {handle} another history of this conversation than it showed \
                 you. The evidence is kept; compare the conversation in person and tell your \
                 administrator."
            ),
        });
        Ok(())
    }
}

fn short_hash(bytes: &[u8]) -> [u8; 16] {
    let mut short = [0; 16];
    short.copy_from_slice(&sealwire_crypto::sha256(&[bytes])[..16]);
    short
}
