//! What a notification of the system says.

use sealwire_core::{
    Client, Result,
    api::{ConversationInfo, ConversationState, Post},
};
use serde_json::Value;

use crate::{
    event::{HostEvent, Target},
    settings::NotificationContent,
};

/// Characters of a message in a notification.
const LONGEST: usize = 200;

/// A notification of the system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Who wrote and where, or the name of the app.
    pub title: String,
    /// The text, or empty if nothing is to be shown of it.
    pub body: String,
    /// Where a click leads.
    pub target: Target,
    /// An answer may be written in it: it says who wrote, and one can write there.
    pub answerable: bool,
}

fn muted(chat: &ConversationInfo, now_ms: u64) -> bool {
    chat.local.muted_until.is_some_and(|until| until > now_ms)
}

fn now_ms() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| since.as_millis() as u64)
}

pub(crate) async fn unread(client: &Client) -> u64 {
    let chats = client.conversations().await.unwrap_or_default();
    let now = now_ms();
    let heard = chats.iter().filter(|chat| !muted(chat, now));
    heard.map(|chat| chat.unread).sum()
}

/// Only a new message of somebody else, in a conversation that is not muted or that names this
/// account, deserves one.
pub(crate) async fn of(
    client: &Client,
    event: &HostEvent,
    content: NotificationContent,
) -> Option<Notice> {
    let HostEvent::Core(message) = event else {
        return None;
    };
    let text = |name: &str| message[name].as_str();
    let new = text("event") == Some("message") && text("kind") == Some("text");
    if !new || message["own"] != Value::Bool(false) || message["folded"] == Value::Bool(true) {
        return None;
    }
    let target = Target {
        conversation: text("conversation")?.to_owned(),
        message: text("id").map(str::to_owned),
    };
    let id = sealwire_core::parse_conversation(&target.conversation).ok()?;
    let chat = client.conversation(&id).await.ok()?;
    let read = message["position"]
        .as_u64()
        .is_some_and(|at| at <= chat.read_position);
    if read || muted(&chat, now_ms()) && message["mentions_me"] != Value::Bool(true) {
        return None;
    }
    let sender = text("sender").unwrap_or_default();
    let title = match content {
        NotificationContent::None => "Sealwire".to_owned(),
        _ if chat.peer.is_some() => sender.to_owned(),
        _ => format!("{sender} · {}", chat.name),
    };
    let body = match content {
        NotificationContent::Full => call_text(text("text").unwrap_or_default()),
        _ => String::new(),
    };
    Some(Notice {
        title,
        body,
        target,
        answerable: content != NotificationContent::None && chat.state == ConversationState::Active,
    })
}

/// Sends an answer to where a notification leads; one without words is none.
pub(crate) async fn reply(client: &Client, target: &Target, text: &str) -> Result<()> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(());
    }
    let id = sealwire_core::parse_conversation(&target.conversation)?;
    client.post(&id, &Post::text(text)).await.map(drop)
}

/// The text in a line.
fn call_text(text: &str) -> String {
    sealwire_core::call::plain(text, LONGEST)
}
