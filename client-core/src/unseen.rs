//! Whom and what this device does not show.

use std::collections::HashSet;

use crate::api::{Event, MessageInfo};

/// Blocked people and what is hidden with them; kept in memory, since every event asks for it.
#[derive(Default)]
pub(crate) struct Unseen {
    /// Handles.
    pub(crate) blocked: HashSet<String>,
    /// Conversations, hexadecimal.
    pub(crate) hidden: HashSet<String>,
}

impl Unseen {
    /// The event as fronts may see it; `None` if they may not.
    pub(crate) fn pass(&self, mut event: Event) -> Option<Event> {
        let hidden = match &mut event {
            Event::Message(info) | Event::Changed(info) => {
                self.fold(info);
                self.hidden.contains(&info.conversation)
            }
            Event::Conversation(info) => self.hidden.contains(&info.id),
            Event::Gone { conversation, .. } | Event::Receipts { conversation } => {
                self.hidden.contains(conversation)
            }
            Event::Warning {
                conversation: Some(id),
                ..
            } => self.hidden.contains(id),
            _ => false,
        };
        (!hidden).then_some(event)
    }

    /// Marks what a blocked person wrote.
    pub(crate) fn fold(&self, info: &mut MessageInfo) {
        info.folded = !info.own && self.blocked.contains(&info.sender);
    }
}
