//! What an export says: the one source of all its forms, and exactly what is in the JSON.

use serde::Serialize;

use super::{source::Said, times};
use crate::{
    api::{Delivery, Info, MemberInfo, MessageKind, Priority, ReactionInfo},
    insight::Insight,
};

/// Name and version of the form; another version is another name.
pub(crate) const SCHEMA: &str = "sealwire-export-1";

/// What stands above the messages.
#[derive(Debug, Serialize)]
pub(super) struct Head {
    pub(super) schema: &'static str,
    pub(super) conversation: String,
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) topic: String,
    pub(super) exported_at: String,
    pub(super) exported_by: String,
    pub(super) members: Vec<Member>,
    /// For the page alone.
    #[serde(skip)]
    pub(super) insight: Option<Insight>,
}

/// Somebody who is in the conversation at the time of the export.
#[derive(Debug, Serialize)]
pub(super) struct Member {
    pub(super) handle: String,
    pub(super) role: String,
    pub(super) kind: String,
}

impl From<MemberInfo> for Member {
    fn from(info: MemberInfo) -> Self {
        Self {
            handle: info.handle,
            role: info.role,
            kind: info.kind,
        }
    }
}

/// One line of the history.
#[derive(Debug, Serialize)]
pub(super) struct Entry {
    pub(super) id: String,
    /// `None` if it is in nobody else's history.
    pub(super) position: Option<u64>,
    pub(super) sender: String,
    pub(super) own: bool,
    pub(super) kind: MessageKind,
    pub(super) at: String,
    pub(super) text: String,
    pub(super) delivery: Delivery,
    pub(super) event: Option<Info>,
    pub(super) edited: Option<Edited>,
    pub(super) deleted: Option<Deleted>,
    pub(super) reply_to: Option<Reply>,
    pub(super) thread: Option<String>,
    pub(super) reactions: Vec<Reaction>,
    pub(super) mentions: Vec<String>,
    pub(super) priority: Priority,
    pub(super) acknowledgements: Option<Vec<By>>,
    pub(super) disappears_at: Option<String>,
    pub(super) blocked: bool,
    pub(super) attachments: Vec<Attached>,
    /// The same as `at`, for the other forms.
    #[serde(skip)]
    pub(super) at_ms: u64,
}

/// The text was changed.
#[derive(Debug, Serialize)]
pub(super) struct Edited {
    pub(super) at: String,
    /// What it was before, oldest first.
    pub(super) earlier: Vec<Earlier>,
}

/// A text that a message has had.
#[derive(Debug, Serialize)]
pub(super) struct Earlier {
    pub(super) at: String,
    pub(super) text: String,
}

/// The message was taken back.
#[derive(Debug, Serialize)]
pub(super) struct Deleted {
    pub(super) by: String,
    pub(super) at: String,
}

/// What a message answers.
#[derive(Debug, Serialize)]
pub(super) struct Reply {
    /// `None` if the message is not on this device.
    pub(super) id: Option<String>,
    pub(super) sender: String,
    pub(super) text: String,
}

/// An emoji at a message.
#[derive(Debug, Serialize)]
pub(super) struct Reaction {
    pub(super) emoji: String,
    pub(super) people: Vec<String>,
}

/// Somebody confirmed the message.
#[derive(Debug, Serialize)]
pub(super) struct By {
    pub(super) by: String,
    pub(super) at: String,
}

/// A file of a message.
#[derive(Debug, Serialize)]
pub(super) struct Attached {
    pub(super) name: String,
    pub(super) media_type: String,
    pub(super) size: u64,
    pub(super) on_device: bool,
    /// Where it is in the folder of the export, if it is there.
    pub(super) path: Option<String>,
    /// Of the content, if it is in the folder.
    pub(super) sha256: Option<String>,
}

impl Entry {
    /// Of a line of the store, and its files.
    pub(super) fn new(said: Said, attachments: Vec<Attached>) -> Self {
        let Said { info, earlier, .. } = said;
        let edited = info.edited_at_ms.map(|at_ms| Edited {
            at: times::utc(at_ms),
            earlier: earlier
                .into_iter()
                .map(|text| Earlier {
                    at: times::utc(text.at_ms),
                    text: text.text,
                })
                .collect(),
        });
        Self {
            position: (info.position > 0).then_some(info.position),
            at: times::utc(info.at_ms),
            at_ms: info.at_ms,
            edited,
            deleted: info.deleted.map(|deleted| Deleted {
                by: deleted.by,
                at: times::utc(deleted.at_ms),
            }),
            reply_to: info.reply_to.map(|quote| Reply {
                id: quote.id,
                sender: quote.sender,
                text: quote.text,
            }),
            reactions: info.reactions.into_iter().map(reaction).collect(),
            acknowledgements: info.acknowledgements.map(|list| {
                list.into_iter()
                    .map(|found| By {
                        by: found.by,
                        at: times::utc(found.at_s.saturating_mul(1_000)),
                    })
                    .collect()
            }),
            disappears_at: info.expires_at_ms.map(times::utc),
            blocked: info.folded,
            attachments,
            id: info.id,
            sender: info.sender,
            own: info.own,
            kind: info.kind,
            text: info.text,
            delivery: info.delivery,
            event: info.info,
            thread: info.thread,
            mentions: info.mentions,
            priority: info.priority,
        }
    }
}

fn reaction(info: ReactionInfo) -> Reaction {
    Reaction {
        emoji: info.emoji,
        people: info.people,
    }
}
