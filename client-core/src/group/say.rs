//! From a row of the outbox to the content that says it.

use sealwire_crypto::SignContext;
use sealwire_protocol::{
    content::{
        Content, Expiration, GroupEvent, Marks, MessageId, Position, Priority as Pressing,
        acknowledgement_message,
    },
    ids::ConversationId,
};
use sqlx::SqliteConnection;

use crate::{
    api::Priority,
    core::Core,
    error::{CoreError, Result},
    files,
    store::{self, Confirmation, LogRow, OutboxRow, Outgoing},
};

/// The content that `row` says now; `None` if there is nothing to say any more.
pub(super) async fn say(
    core: &Core,
    conn: &mut SqliteConnection,
    place: &LogRow,
    row: &mut OutboxRow,
    position: Position,
) -> Result<Option<Content>> {
    let salt = row.salt;
    let event = |event| Content::event(salt, event, position);
    Ok(Some(match &row.outgoing {
        Outgoing::Message => message(conn, row, position).await?,
        Outgoing::Joined => event(GroupEvent::Joined),
        Outgoing::LeaveRequest => event(GroupEvent::LeaveRequest),
        Outgoing::Edit { target, text } => {
            Content::edit(salt, store::id_of(target)?, text, position)
                .map_err(CoreError::internal)?
        }
        Outgoing::Delete { target } => Content::delete(salt, store::id_of(target)?, position),
        Outgoing::React { target, emoji } => {
            if own_reaction(core, conn, place, row.id, (target, emoji))
                .await?
                .is_some()
            {
                return Ok(None);
            }
            Content::reaction(salt, store::id_of(target)?, emoji, position)
                .map_err(CoreError::internal)?
        }
        Outgoing::Unreact { target, emoji, .. } => {
            let reaction = own_reaction(core, conn, place, row.id, (target, emoji)).await?;
            let Some(reaction) = reaction else {
                return Ok(None);
            };
            row.outgoing = Outgoing::Unreact {
                target: target.clone(),
                emoji: emoji.clone(),
                reaction: Some(store::hex_id(&reaction)),
            };
            Content::delete(salt, reaction, position)
        }
        Outgoing::Receipt { delivered, read } => {
            let id = |id: &Option<String>| id.as_deref().map(store::id_of).transpose();
            event(GroupEvent::Receipt {
                delivered: id(delivered)?,
                read: id(read)?,
            })
        }
        Outgoing::Acknowledge { target, at_s } => {
            let target = store::id_of(target)?;
            let confirmation = core.confirmation(&place.conversation, &target, *at_s);
            event(GroupEvent::Acknowledged {
                target,
                at_s: *at_s,
                signature: sealwire_crypto::Signature(confirmation.signature),
            })
        }
    }))
}

/// The reaction of this account that stands once everything before the outbox row `before` is read
/// back: what was said and is on its way counts.
async fn own_reaction(
    core: &Core,
    conn: &mut SqliteConnection,
    place: &LogRow,
    before: i64,
    (target, emoji): (&str, &str),
) -> Result<Option<MessageId>> {
    for row in store::encrypted_before(conn, &place.id, before).await? {
        match &row.outgoing {
            Outgoing::React {
                target: t,
                emoji: e,
            } if t == target && e == emoji => {
                return Ok(row.message_id);
            }
            Outgoing::Unreact {
                target: t,
                emoji: e,
                ..
            } if t == target && e == emoji => return Ok(None),
            _ => {}
        }
    }
    let target = store::id_of(target)?;
    let own = &core.identity.account;
    store::reaction_of(conn, &place.conversation, &target, own, emoji).await
}

async fn message(
    conn: &mut SqliteConnection,
    row: &OutboxRow,
    position: Position,
) -> Result<Content> {
    let (line, expire_after_s) = store::message_to_send(conn, row.message).await?;
    let text = &line.info.text;
    let mut content = match files::content(conn, row.message, row.salt, text, position).await? {
        Some(with_files) => with_files,
        None => Content::text(row.salt, text, position).map_err(CoreError::internal)?,
    };
    content.in_reply_to = line.reply_to;
    content.topic = line.thread.map_or_else(Vec::new, |root| root.0.to_vec());
    content.expires = (expire_after_s > 0).then_some(Expiration {
        relative: true,
        time_s: expire_after_s,
    });
    content.set_marks(&Marks {
        mentions_all: line.mentions_all,
        mentions: line.mentions,
        priority: match line.info.priority {
            Priority::Normal => Pressing::Normal,
            Priority::Important => Pressing::Important,
            Priority::Urgent => Pressing::Urgent,
        },
        acknowledge: line.asks,
    });
    Ok(content)
}

impl Core {
    /// Confirms a message in this account's name, at the second `at_s`.
    pub(super) fn confirmation(
        &self,
        conversation: &ConversationId,
        target: &MessageId,
        at_s: u64,
    ) -> Confirmation {
        let signed = acknowledgement_message(conversation, target, at_s);
        let key = &self.identity.device_key;
        Confirmation {
            target: *target,
            account: self.identity.account,
            handle: self.identity.handle.to_string(),
            at_s,
            signature: key.sign(SignContext::Acknowledgement, &signed).0,
            certificate: self.certificate.as_bytes().to_vec(),
        }
    }
}
