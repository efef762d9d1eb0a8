//! What members say: into the history what is said, into wishes and marks what is signalled.

use openmls::prelude::LeafNodeIndex;
use sealwire_crypto::SignContext;
use sealwire_protocol::{
    certificate::DeviceCertificate,
    content::{
        Content, Decoded, GroupEvent, Marks, Meaning, MessageId, Position, Priority as Pressing,
        acknowledgement_message,
    },
    frame::Entry,
    ids::DeviceId,
    policy::{Action, GroupRole},
};
use sqlx::SqliteConnection;

use super::receive::{Step, plain};
use crate::{
    api::{Delivery, Event, MessageInfo, MessageKind, Priority},
    custody::{self, Heard},
    error::Result,
    store::{self, Confirmation, Line, NewMessage, Outcome, Outgoing, Said, Traits, Wish},
    transparency,
};

/// The first member in line answers a request to leave at once, each further one this much later.
const LEAVE_STEP_MS: u64 = 20_000;
/// What is shown instead of a message of a newer version.
const UNKNOWN: &str = "This message is of a kind that a newer version can show.";

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
        if let Some(head) = content.and_then(|content| content.log_head) {
            let handle = leaf.handle().as_str();
            self.events
                .extend(transparency::heard(self.core, conn, head, handle).await?);
        }
        if let Some(event) = content.and_then(|content| content.event.clone()) {
            return self.take_signal(conn, entry, &event, &leaf).await;
        }
        let policy = self.core.policy(&self.place.row)?;
        let role = policy.role_of(leaf.account());
        let meaning = content.map_or(Meaning::Unknown, Content::meaning);
        let (allowed, what) = match meaning {
            // Where only admins write, the others react all the same, and delete what they wrote
            // before.
            Meaning::Reaction { .. } | Meaning::Delete { .. } => (
                role.is_some_and(|role| policy.may_react(role)),
                "the sender's role does not allow reacting",
            ),
            _ => (
                role.is_some_and(|role| policy.may(role, Action::Post)),
                "the sender's role does not allow posting",
            ),
        };
        if !allowed {
            return self.refuse(conn, entry, &plain(what)).await;
        }
        let salt = content.map_or_else(|| short_hash(bytes), |content| content.salt);
        let conversation = self.place.row.conversation;
        let said = Said {
            conversation,
            id: MessageId::derive(leaf.account(), &conversation, bytes, &salt),
            sender: *leaf.account(),
            handle: leaf.handle().to_string(),
            moderator: role.is_some_and(|role| policy.may(role, Action::Delete)),
            place: self.order(entry),
            at_ms: entry.received_at,
        };
        if self.core.keeps_records() {
            let heard = Heard {
                leaf: &leaf,
                said: custody::Said::of(content, &said.id, bytes),
                bytes,
                files: content.is_some_and(|content| content.files().is_some()),
                sequence: entry.seq,
                received_at: entry.received_at,
            };
            custody::note_content(self.core, conn, &self.place.row, heard).await?;
        }
        if self.is_too_late(entry) {
            return Ok(());
        }
        let calls_all = role.is_some_and(|role| policy.may(role, Action::MentionAll));
        let refused = match meaning {
            Meaning::Message | Meaning::Unknown => {
                let sent = (salt, calls_all, leaf.device());
                self.take_message(conn, &said, sent, content, bytes).await?
            }
            said_of_another => self.take_said(conn, &said, &said_of_another).await?,
        };
        match refused {
            Some(reason) => self.refuse(conn, entry, &plain(reason)).await,
            None => Ok(()),
        }
    }

    /// Where an entry of the present lane stands among all entries of the group.
    pub(super) fn order(&self, entry: &Entry) -> u64 {
        store::place(self.place.row.mark.epoch, entry.seq)
    }

    /// A message into the history; answers why not, if it is refused.
    async fn take_message(
        &mut self,
        conn: &mut SqliteConnection,
        said: &Said,
        (salt, calls_all, device): ([u8; 16], bool, DeviceId),
        content: Option<&Content>,
        bytes: &[u8],
    ) -> Result<Option<&'static str>> {
        let files = content.and_then(Content::files);
        let text = match &files {
            Some(files) => Some(files.caption.as_str()),
            None => content
                .filter(|content| content.meaning() == Meaning::Message)
                .map(|content| content.as_text().unwrap_or_default()),
        };
        let own = said.sender == self.core.identity.account;
        let mut traits = content.map_or_else(Traits::default, |content| {
            self.traits(content, calls_all, own, said.at_ms)
        });
        traits.id = Some(said.id);
        traits.place = said.place;
        traits.device = Some(device);
        let message = NewMessage {
            conversation: said.conversation,
            salt,
            sender: Some(&said.sender),
            sender_handle: said.handle.clone(),
            own,
            kind: if text.is_some() {
                MessageKind::Text
            } else {
                MessageKind::Unknown
            },
            text: text.unwrap_or(UNKNOWN),
            content: if text.is_some() { &[] } else { bytes },
            at_ms: said.at_ms,
            delivery: if own {
                Delivery::Sent
            } else {
                Delivery::Received
            },
            traits,
        };
        match store::insert_message(conn, &message, &mut self.history).await? {
            Some(line) => {
                if let Some(files) = files {
                    crate::files::take(conn, line.row, files).await?;
                }
                self.placed(conn, line, said).await?;
                Ok(None)
            }
            None => Ok(Some("it repeats a message of its sender")),
        }
    }

    /// A message has its place: what was said of it before it came takes effect.
    pub(super) async fn placed(
        &mut self,
        conn: &mut SqliteConnection,
        line: Line,
        said: &Said,
    ) -> Result<()> {
        self.expires |= line.info.expires_at_ms.is_some();
        if self.history.has_strays() && store::settle_strays(conn, &line, said).await? {
            let line = store::message_by_id(conn, &said.conversation, &said.id).await?;
            return self.show(conn, line, Event::Message).await;
        }
        let plain = line.reply_to.is_none()
            && line.thread.is_none()
            && line.mentions.is_empty()
            && !line.asks;
        if plain {
            self.events.push(Event::Message(line.info));
            return Ok(());
        }
        self.show(conn, Some(line), Event::Message).await
    }

    /// Tells the fronts how a message is now.
    async fn show_changed(&mut self, conn: &mut SqliteConnection, id: &MessageId) -> Result<()> {
        let conversation = self.place.row.conversation;
        let line = store::message_by_id(conn, &conversation, id).await?;
        self.show(conn, line, Event::Changed).await
    }

    async fn show(
        &mut self,
        conn: &mut SqliteConnection,
        line: Option<Line>,
        event: fn(MessageInfo) -> Event,
    ) -> Result<()> {
        let conversation = self.place.row.conversation;
        let own = &self.core.identity.account;
        let lines = line.into_iter().collect();
        let messages = store::complete(conn, &conversation, own, lines).await?;
        self.events.extend(messages.into_iter().map(event));
        Ok(())
    }

    fn traits(&self, content: &Content, calls_all: bool, own: bool, at_ms: u64) -> Traits {
        let Marks {
            mentions_all,
            mentions,
            priority,
            acknowledge,
        } = content.marks();
        let mentions_me =
            !own && (mentions_all && calls_all || mentions.contains(&self.core.identity.account));
        let expires = content.expires.filter(|expires| expires.time_s > 0);
        let seconds = expires.map_or(0, |expires| expires.time_s);
        let relative = expires.is_some_and(|expires| expires.relative);
        Traits {
            reply_to: content.in_reply_to,
            thread: content.topic.as_slice().try_into().ok().map(MessageId),
            priority: match priority {
                Pressing::Normal => Priority::Normal,
                Pressing::Important => Priority::Important,
                Pressing::Urgent => Priority::Urgent,
            },
            asks: acknowledge,
            mentions,
            mentions_all: mentions_all && calls_all,
            mentions_me,
            expire_after_s: if relative { seconds } else { 0 },
            expires_at: match (relative, own) {
                (false, _) => u64::from(seconds) * 1_000,
                (true, true) => at_ms.saturating_add(u64::from(seconds) * 1_000),
                (true, false) => 0,
            },
            ..Traits::default()
        }
    }

    /// An edit, deletion or reaction; answers why not, if it is refused.
    pub(super) async fn take_said(
        &mut self,
        conn: &mut SqliteConnection,
        said: &Said,
        meaning: &Meaning<'_>,
    ) -> Result<Option<&'static str>> {
        let history = &mut self.history;
        let outcome = match meaning {
            Meaning::Edit { target, text } => {
                store::edit(conn, history, said, (target, text)).await?
            }
            Meaning::Delete { target } => store::delete(conn, history, said, target).await?,
            Meaning::Reaction { target, emoji } => {
                store::react(conn, history, said, (target, emoji)).await?
            }
            Meaning::Message | Meaning::Unknown => Outcome::Nothing,
        };
        match outcome {
            Outcome::Changed(id) => self.show_changed(conn, &id).await.map(|()| None),
            Outcome::Nothing => Ok(None),
            Outcome::Refused(reason) => Ok(Some(reason)),
        }
    }

    async fn take_signal(
        &mut self,
        conn: &mut SqliteConnection,
        entry: &Entry,
        event: &GroupEvent,
        leaf: &DeviceCertificate,
    ) -> Result<()> {
        match event {
            GroupEvent::LeaveRequest => self.take_leave_request(conn, leaf).await,
            GroupEvent::Receipt { delivered, read } => {
                self.take_receipt(conn, leaf, (delivered.as_ref(), read.as_ref()))
                    .await
            }
            GroupEvent::Acknowledged {
                target,
                at_s,
                signature,
            } => {
                let conversation = self.place.row.conversation;
                let signed = acknowledgement_message(&conversation, target, *at_s);
                let key = leaf.signature_key();
                if key
                    .verify(SignContext::Acknowledgement, &signed, signature)
                    .is_err()
                {
                    let refusal = plain("its confirmation is not signed by its sender");
                    return self.refuse(conn, entry, &refusal).await;
                }
                if self.core.keeps_records() {
                    let heard = Heard {
                        leaf,
                        said: custody::Said::Confirmation {
                            target: data_encoding::HEXLOWER.encode(&target.0),
                            at: *at_s,
                        },
                        bytes: &signed,
                        files: false,
                        sequence: entry.seq,
                        received_at: entry.received_at,
                    };
                    custody::note_content(self.core, conn, &self.place.row, heard).await?;
                }
                let confirmation = Confirmation {
                    target: *target,
                    account: *leaf.account(),
                    handle: leaf.handle().to_string(),
                    at_s: *at_s,
                    signature: signature.0,
                    certificate: leaf.as_bytes().to_vec(),
                };
                self.take_confirmation(conn, &confirmation).await
            }
            _ => Ok(()),
        }
    }

    pub(super) async fn take_confirmation(
        &mut self,
        conn: &mut SqliteConnection,
        confirmation: &Confirmation,
    ) -> Result<()> {
        let conversation = self.place.row.conversation;
        if store::add_confirmation(conn, &conversation, confirmation).await? {
            self.show_changed(conn, &confirmation.target).await?;
        }
        Ok(())
    }

    /// What one's own other device has shown need not be shown again here.
    async fn take_receipt(
        &mut self,
        conn: &mut SqliteConnection,
        leaf: &DeviceCertificate,
        (delivered, read): (Option<&MessageId>, Option<&MessageId>),
    ) -> Result<()> {
        let conversation = self.place.row.conversation;
        if *leaf.account() == self.core.identity.account {
            self.history.save(conn).await?;
            let place = store::place_of(conn, &conversation, read).await?;
            store::read_up_to(conn, &conversation, place, self.core.now_ms()).await?;
            self.history = store::History::open(conn, &conversation).await?;
            self.expires = true;
            return Ok(());
        }
        let who = (leaf.account(), leaf.handle().as_str());
        store::note_receipt(conn, &conversation, who, (delivered, read)).await?;
        self.receipts = true;
        Ok(())
    }

    async fn take_leave_request(
        &mut self,
        conn: &mut SqliteConnection,
        leaf: &DeviceCertificate,
    ) -> Result<()> {
        let policy = self.core.policy(&self.place.row)?;
        let leaver = policy.role_of(leaf.account());
        let outranks = |role: GroupRole| match leaver {
            Some(role_of_leaver) if is_high(role_of_leaver) => role == GroupRole::Owner,
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

/// Owners and admins.
const fn is_high(role: GroupRole) -> bool {
    matches!(role, GroupRole::Owner | GroupRole::Admin)
}

/// What a row of the outbox that is no message does to one.
pub(super) fn meaning_of(outgoing: &Outgoing) -> Result<Meaning<'_>> {
    Ok(match outgoing {
        Outgoing::Edit { target, text } => Meaning::Edit {
            target: store::id_of(target)?,
            text,
        },
        Outgoing::React { target, emoji } => Meaning::Reaction {
            target: store::id_of(target)?,
            emoji,
        },
        Outgoing::Delete { target }
        | Outgoing::Unreact {
            reaction: Some(target),
            ..
        } => Meaning::Delete {
            target: store::id_of(target)?,
        },
        _ => Meaning::Unknown,
    })
}

fn short_hash(bytes: &[u8]) -> [u8; 16] {
    let mut short = [0; 16];
    short.copy_from_slice(&sealwire_crypto::sha256(&[bytes])[..16]);
    short
}
