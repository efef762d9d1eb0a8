//! Notifications of the desktop (Desktop Notifications Specification 1.2). The host says what they
//! may tell.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use futures_util::StreamExt;
use sealwire_desktop_host::{Notice, Target};
use zbus::{Connection, zvariant::Value};

use crate::words::Words;

/// Name of the app's desktop entry.
const ENTRY: &str = "sealwire-desktop";
/// The action of a click on the notification itself.
const CLICK: &str = "default";
/// The action of answering within the notification, and what a service is called able to that has it.
/// It is KDE's, beside the specification.
const REPLY: &str = "inline-reply";

/// The desktop's service.
#[zbus::proxy(
    interface = "org.freedesktop.Notifications",
    default_service = "org.freedesktop.Notifications",
    default_path = "/org/freedesktop/Notifications",
    gen_blocking = false
)]
trait Service {
    /// Shows one; gives its number.
    #[expect(clippy::too_many_arguments, reason = "the specification has so many")]
    fn notify(
        &self,
        app_name: &str,
        replaces: u32,
        icon: &str,
        summary: &str,
        body: &str,
        actions: &[&str],
        hints: HashMap<&str, Value<'_>>,
        expires_ms: i32,
    ) -> zbus::Result<u32>;

    /// Takes one away.
    fn close_notification(&self, id: u32) -> zbus::Result<()>;

    /// What the service can do.
    fn get_capabilities(&self) -> zbus::Result<Vec<String>>;

    /// An action of one was chosen.
    #[zbus(signal)]
    fn action_invoked(&self, id: u32, action: String) -> zbus::Result<()>;

    /// One was answered.
    #[zbus(signal)]
    fn notification_replied(&self, id: u32, text: String) -> zbus::Result<()>;

    /// One is gone.
    #[zbus(signal)]
    fn notification_closed(&self, id: u32, reason: u32) -> zbus::Result<()>;
}

/// What somebody does with a notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Goes where it leads.
    Clicked(Target),
    /// Writes this there.
    Replied(Target, String),
}

/// The notifications that are shown.
pub(crate) struct Notifier {
    service: ServiceProxy<'static>,
    shown: Mutex<HashMap<u32, Target>>,
}

impl Notifier {
    /// # Errors
    /// The bus is gone.
    pub(crate) async fn new(bus: &Connection) -> zbus::Result<Self> {
        Ok(Self {
            service: ServiceProxy::new(bus).await?,
            shown: Mutex::default(),
        })
    }

    fn shown(&self) -> MutexGuard<'_, HashMap<u32, Target>> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Shows a notification.
    ///
    /// # Errors
    /// Nothing shows it.
    pub(crate) async fn show(&self, notice: Notice, words: Words) -> zbus::Result<()> {
        let can = self.service.get_capabilities().await?;
        let actions = actions(&can, &notice, words);
        let body = if can.iter().any(|can| can == "body-markup") {
            escaped(&notice.body)
        } else {
            notice.body
        };
        let hints = HashMap::from([
            ("desktop-entry", Value::from(ENTRY)),
            ("category", Value::from("im.received")),
        ]);
        let id = self
            .service
            .notify(
                "Sealwire",
                0,
                ENTRY,
                &notice.title,
                &body,
                &actions,
                hints,
                -1,
            )
            .await?;
        self.shown().insert(id, notice.target);
        Ok(())
    }

    /// The conversations that notifications tell of.
    pub(crate) fn conversations(&self) -> Vec<String> {
        let mut all: Vec<_> = self
            .shown()
            .values()
            .map(|target| target.conversation.clone())
            .collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Takes away what tells of a conversation, or everything.
    pub(crate) async fn clear(&self, conversation: Option<&str>) {
        let concerned = |target: &Target| conversation.is_none_or(|id| target.conversation == id);
        let gone: Vec<u32> = self
            .shown()
            .extract_if(|_, target| concerned(target))
            .map(|(id, _)| id)
            .collect();
        for id in gone {
            // One that is gone already is none the worse.
            let _ = self.service.close_notification(id).await;
        }
    }

    /// Calls `answered` with what people do with each, for as long as the bus is there.
    ///
    /// # Errors
    /// The bus is gone.
    pub(crate) async fn follow(&self, answered: impl Fn(Answer)) -> zbus::Result<()> {
        let mut actions = self.service.receive_action_invoked().await?;
        let mut replies = self.service.receive_notification_replied().await?;
        let mut closed = self.service.receive_notification_closed().await?;
        loop {
            tokio::select! {
                // A service closes what was answered: the answer comes first.
                biased;
                Some(reply) = replies.next() => {
                    let args = reply.args()?;
                    if let Some(target) = self.shown().remove(&args.id) {
                        answered(Answer::Replied(target, args.text));
                    }
                }
                Some(action) = actions.next() => {
                    let args = action.args()?;
                    if let Some(target) = self.shown().remove(&args.id) {
                        answered(Answer::Clicked(target));
                    }
                }
                Some(closed) = closed.next() => {
                    self.shown().remove(&closed.args()?.id);
                }
                else => return Ok(()),
            }
        }
    }
}

/// What can be done with a notification, each with its word, where the service is able to `can`.
fn actions(can: &[String], notice: &Notice, words: Words) -> Vec<&'static str> {
    let mut actions = vec![CLICK, words.open];
    if notice.answerable && can.iter().any(|can| can == REPLY) {
        actions.extend([REPLY, words.reply]);
    }
    actions
}

/// Text that is to stay text where some HTML is understood.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answering_is_offered_where_there_is_a_field_for_it() {
        let words = crate::words::words("en");
        let notice = |answerable| Notice {
            title: "bob@acme".into(),
            body: String::new(),
            target: Target {
                conversation: "0a".into(),
                message: None,
            },
            answerable,
        };
        let plain = ["body".to_owned(), "actions".to_owned()];
        let able = ["actions".to_owned(), "inline-reply".to_owned()];
        let click = ["default", "Open Sealwire"];
        assert_eq!(actions(&plain, &notice(true), words), click);
        assert_eq!(actions(&able, &notice(false), words), click);
        assert_eq!(
            actions(&able, &notice(true), words),
            ["default", "Open Sealwire", "inline-reply", "Reply"]
        );
    }

    #[test]
    fn what_looks_like_markup_is_text() {
        assert_eq!(escaped("<b>&amp;</b>"), "&lt;b&gt;&amp;amp;&lt;/b&gt;");
    }
}
