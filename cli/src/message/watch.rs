//! `sealwire message watch`: what is written, as it happens.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use clap::Args;
use sealwire_core::{
    Client, Result,
    api::{Connection, ConversationId, Delivery, Event, MessageInfo},
    parse_conversation,
};
use tokio::{
    sync::broadcast::{Receiver, error::RecvError},
    time,
};

use super::timeline::Timeline;
use crate::{
    chat::resolve_online,
    context::Context,
    exit::{Failure, Outcome},
    output::Page,
};

/// History is read in pages of so many lines.
const PAGE: u32 = 500;

/// Options of `message watch`.
#[derive(Debug, Args)]
pub(crate) struct Watch {
    /// Only this conversation: its name, its id, or the beginning of the id
    #[arg(long)]
    chat: Option<String>,
    /// First show what follows this position in the conversation's history
    #[arg(long, value_name = "POSITION", requires = "chat")]
    since: Option<u64>,
    /// Stop after so many seconds
    #[arg(long = "for", value_name = "SECONDS")]
    seconds: Option<u64>,
}

/// Runs the command.
pub(super) async fn run(context: &Context, options: Watch) -> Outcome {
    let interrupted = || async { tokio::signal::ctrl_c().await };
    let client = context.open().await?;
    let only = match &options.chat {
        Some(text) => tokio::select! {
            id = resolve_online(&client, text) => Some(id?),
            _ = interrupted() => return Err(Failure::Interrupted),
        },
        None => None,
    };
    let mut watcher = Watcher::new(context, &client, only).await?;
    let end = async {
        match options.seconds {
            Some(seconds) => time::sleep(Duration::from_secs(seconds)).await,
            None => std::future::pending().await,
        }
    };
    let outcome = tokio::select! {
        outcome = watcher.follow(options.since) => outcome,
        () = end => Ok(()),
        _ = interrupted() => Err(Failure::Interrupted),
    };
    watcher.mark_read().await?;
    client.shutdown().await;
    outcome
}

/// Prints every line of history once, and in order within a conversation.
pub(super) struct Watcher<'a> {
    context: &'a Context,
    client: &'a Client,
    events: Receiver<Event>,
    only: Option<ConversationId>,
    timeline: Timeline,
    /// Last position printed, by conversation.
    printed: HashMap<String, u64>,
    /// Conversations of which something was printed.
    touched: HashSet<String>,
    /// Conversation and handle of those who were said to be typing.
    typing: HashSet<(String, String)>,
    connection: Option<Connection>,
}

impl<'a> Watcher<'a> {
    pub(super) async fn new(
        context: &'a Context,
        client: &'a Client,
        only: Option<ConversationId>,
    ) -> Result<Self> {
        let events = client.events();
        let chats = client.conversations().await?;
        let mut printed = HashMap::new();
        for chat in &chats {
            let newest = client
                .newest_messages(&parse_conversation(&chat.id)?, 1)
                .await?;
            let position = newest.first().map_or(0, |message| message.position);
            printed.insert(chat.id.clone(), position);
        }
        let names = chats.into_iter().map(|chat| (chat.id, chat.name)).collect();
        Ok(Self {
            context,
            client,
            events,
            timeline: Timeline::new(only.is_none().then_some(names)),
            only,
            printed,
            touched: HashSet::new(),
            typing: HashSet::new(),
            connection: None,
        })
    }

    async fn follow(&mut self, since: Option<u64>) -> Outcome {
        if let (Some(since), Some(id)) = (since, self.only) {
            self.printed.insert(id.to_string(), since);
            self.catch_up(&id).await?;
        }
        self.client.start().await?;
        while self.next().await? {}
        Ok(())
    }

    /// Waits for what happens next and prints it; `false` when nothing will happen any more.
    pub(super) async fn next(&mut self) -> Outcome<bool> {
        match self.events.recv().await {
            Ok(event) => self.event(event)?,
            // Events were lost behind many others; the history was not.
            Err(RecvError::Lagged(_)) => {
                for chat in self.client.conversations().await? {
                    self.catch_up(&parse_conversation(&chat.id)?).await?;
                }
            }
            Err(RecvError::Closed) => return Ok(false),
        }
        Ok(true)
    }

    /// Prints what has happened already.
    pub(super) fn drain(&mut self) -> Outcome {
        while let Ok(event) = self.events.try_recv() {
            self.event(event)?;
        }
        Ok(())
    }

    /// Prints what stands in the history and was not printed.
    async fn catch_up(&mut self, id: &ConversationId) -> Outcome {
        if self.only.is_some_and(|only| only != *id) {
            return Ok(());
        }
        loop {
            let after = self.printed.get(&id.to_string()).copied().unwrap_or(0);
            let page = self.client.messages_after(id, after, PAGE).await?;
            let placed: Vec<_> = page
                .into_iter()
                .filter(|line| line.position > after)
                .collect();
            for line in &placed {
                self.message(line)?;
            }
            if placed.len() < PAGE as usize {
                return Ok(());
            }
        }
    }

    fn event(&mut self, event: Event) -> Outcome {
        let concerns = |id: &str| self.only.is_none_or(|only| only.to_string() == id);
        match event {
            Event::Message(message) if concerns(&message.conversation) => self.message(&message),
            Event::Changed(message) if concerns(&message.conversation) => self.changed(&message),
            Event::Message(_) | Event::Changed(_) => Ok(()),
            Event::Conversation(chat) => {
                self.timeline.rename(&chat.id, &chat.name);
                if self.context.out.is_json() && concerns(&chat.id) {
                    return self.json(&Event::Conversation(chat));
                }
                Ok(())
            }
            Event::Warning { conversation, text } => {
                self.context.out.warn(&text);
                if self.context.out.is_json() {
                    return self.json(&Event::Warning { conversation, text });
                }
                Ok(())
            }
            Event::Typing {
                conversation,
                handle,
                on,
            } if concerns(&conversation) => self.types(conversation, handle, on),
            Event::Connection(now) => self.connected(now),
            _ => Ok(()),
        }
    }

    fn message(&mut self, message: &MessageInfo) -> Outcome {
        if message.position > 0 {
            let last = self
                .printed
                .entry(message.conversation.clone())
                .or_default();
            if message.position <= *last {
                return Ok(());
            }
            *last = message.position;
        }
        if message.delivery == Delivery::Pending && !self.context.out.is_json() {
            // It comes once more when it has its place.
            return Ok(());
        }
        self.show(message)
    }

    /// Prints a line that is another now, if it was printed before.
    fn changed(&mut self, message: &MessageInfo) -> Outcome {
        let last = self.printed.get(&message.conversation).copied();
        if last.is_none_or(|last| message.position > last) {
            return Ok(());
        }
        if self.context.out.is_json() {
            return self.json(&Event::Changed(message.clone()));
        }
        let mut page = Page::new(self.context.out.width());
        self.timeline.print_change(&mut page, message);
        self.context.out.page(&page)
    }

    /// Prints one line of history, whether or not it was printed before.
    pub(super) fn show(&mut self, message: &MessageInfo) -> Outcome {
        self.touched.insert(message.conversation.clone());
        self.typing
            .remove(&(message.conversation.clone(), message.sender.clone()));
        if self.context.out.is_json() {
            return self.json(&Event::Message(message.clone()));
        }
        let mut page = Page::new(self.context.out.width());
        self.timeline.print(&mut page, message);
        self.context.out.page(&page)
    }

    /// Says that somebody types, once until they have written or ceased to.
    fn types(&mut self, conversation: String, handle: String, on: bool) -> Outcome {
        if self.context.out.is_json() {
            return self.json(&Event::Typing {
                conversation,
                handle,
                on,
            });
        }
        let who = (conversation, handle);
        if !on {
            self.typing.remove(&who);
        } else if !self.typing.contains(&who) {
            self.context.out.note(&format!("{} is typing…", who.1));
            self.typing.insert(who);
        }
        Ok(())
    }

    fn connected(&mut self, now: Connection) -> Outcome {
        let before = self.connection.replace(now.clone());
        if before.as_ref() == Some(&now) {
            return Ok(());
        }
        if self.context.out.is_json() {
            return self.json(&Event::Connection(now));
        }
        match (before, now) {
            (Some(Connection::Online), Connection::Offline(reason)) => {
                self.context
                    .out
                    .note(&format!("Offline: {reason}. Trying again…"));
            }
            (Some(Connection::Offline(_)), Connection::Online) => {
                self.context.out.note("Connected.");
            }
            _ => {}
        }
        Ok(())
    }

    fn json(&self, event: &Event) -> Outcome {
        self.context.out.result(event, |_| {})
    }

    /// Everything of which something was printed counts as read.
    pub(super) async fn mark_read(&self) -> Result<()> {
        for chat in &self.touched {
            self.client.mark_read(&parse_conversation(chat)?).await?;
        }
        Ok(())
    }
}
