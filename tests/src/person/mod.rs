//! Somebody with a client.

mod senses;

use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sealwire_core::api::{
    ConversationId, ConversationState, Delivery, DeviceKind, Event, Handle, MessageInfo, Options,
    OrgRole,
};
use sealwire_core::{Change, Client, CoreError, Idle, JoinLink, KdfParams, Result};
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast::error::RecvError;
use zeroize::Zeroizing;

use crate::relay::ORGANISATION;
use crate::wait::{PATIENCE, until};

/// One message as everybody must see it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Line {
    /// Sender's handle.
    pub sender: String,
    /// The text.
    pub text: String,
}

impl Line {
    /// What `name` of the tests' organisation said.
    pub fn of(name: &str, text: &str) -> Self {
        Self {
            sender: handle(name).to_string(),
            text: text.into(),
        }
    }
}

/// Somebody with a profile and, unless it was closed, an open client that works.
///
/// Dereferences to the client, so that all of its API is at hand.
pub struct Person {
    name: String,
    dir: PathBuf,
    options: Options,
    client: Option<Client>,
    warnings: Arc<Mutex<Vec<String>>>,
}

impl Deref for Person {
    type Target = Client;

    fn deref(&self) -> &Client {
        self.client.as_ref().expect("an open client")
    }
}

/// Behaviour without waits that serve only real people.
pub fn quick() -> Options {
    Options {
        welcome_delay_max_ms: 0,
        key_package_target: 4,
        key_package_low: 2,
        clock_offset_s: 0,
        passed_s: 0,
        reconnect_ms: 50,
        look_up_within_ms: 6 * 3_600_000,
        receipt_interval_ms: 0,
    }
}

/// A key derivation that costs nothing.
pub const EASY: KdfParams = KdfParams {
    memory_kib: 8,
    passes: 1,
    lanes: 1,
};

/// Everybody's passphrase.
pub fn passphrase() -> Zeroizing<String> {
    Zeroizing::new("correct horse battery staple".into())
}

/// The handle of somebody in the tests' organisation.
///
/// # Panics
/// If the name is not fit for one.
pub fn handle(name: &str) -> Handle {
    Handle::parse(&format!("{name}@{ORGANISATION}")).expect("a good name")
}

impl Person {
    /// Joins by `link` as `name`, with a profile below `home`, and starts working.
    ///
    /// # Errors
    /// As [`Client::enrol`].
    pub async fn try_enrol(
        home: &Path,
        name: &str,
        link: &JoinLink,
        options: Options,
    ) -> Result<Self> {
        let dir = home.join(name);
        let client = Client::enrol(&dir, &passphrase(), link, name, EASY, options.clone()).await?;
        let person = Self::begin(name, dir, options, client).await?;
        // Nobody can add somebody whose key packages are not at the relay yet.
        person.settles().await;
        Ok(person)
    }

    /// Opens the profile of `name` below `home` and starts working.
    ///
    /// # Errors
    /// As [`Client::open`].
    pub async fn try_open(home: &Path, name: &str, options: Options) -> Result<Self> {
        let dir = home.join(name);
        let client = Client::open(&dir, &passphrase(), options.clone()).await?;
        Self::begin(name, dir, options, client).await
    }

    /// Takes an open client, listens to what it tells, and starts it.
    ///
    /// # Errors
    /// As [`Client::start`].
    pub async fn begin(name: &str, dir: PathBuf, options: Options, client: Client) -> Result<Self> {
        let person = Self {
            name: name.into(),
            dir,
            options,
            warnings: Arc::default(),
            client: Some(client),
        };
        person.listen();
        person.start().await?;
        Ok(person)
    }

    /// Keeps the warnings that the client gives.
    fn listen(&self) {
        let mut events = self.events();
        let warnings = Arc::clone(&self.warnings);
        tokio::spawn(async move {
            loop {
                match events.recv().await {
                    Ok(Event::Warning { text, .. }) => {
                        let mut list = warnings.lock().unwrap_or_else(PoisonError::into_inner);
                        list.push(text);
                    }
                    Ok(_) | Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return,
                }
            }
        });
    }

    /// The part of the handle before the `@`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The handle.
    pub fn handle(&self) -> Handle {
        handle(&self.name)
    }

    /// Where the profile is.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Closes the client; the profile stays.
    pub async fn close(&mut self) {
        if let Some(client) = self.client.take() {
            client.shutdown().await;
        }
    }

    /// Opens the profile again.
    ///
    /// # Panics
    /// If it does not open.
    pub async fn reopen(&mut self) {
        self.close().await;
        let client = Client::open(&self.dir, &passphrase(), self.options.clone()).await;
        self.client = Some(client.expect("the profile opens again"));
        self.listen();
        self.start().await.expect("the client starts again");
    }

    /// Opens the profile again, with other options.
    ///
    /// # Panics
    /// If it does not open.
    pub async fn reopen_with(&mut self, options: Options) {
        self.options = options;
        self.reopen().await;
    }

    /// Makes an invitation for a new member of the organisation.
    ///
    /// # Panics
    /// If the relay refuses.
    pub async fn invitation(&self) -> JoinLink {
        self.invitation_of(DeviceKind::Person).await
    }

    /// Makes an invitation for a person, an agent or a records custodian.
    ///
    /// # Panics
    /// If the relay refuses.
    pub async fn invitation_of(&self, kind: DeviceKind) -> JoinLink {
        let made = self.invite_kind(OrgRole::OrgMember, kind, 3_600).await;
        let made = made.expect("an invitation");
        JoinLink::parse(&made.link).expect("a good link")
    }

    /// Founds a conversation with `members` and waits until each of them is in.
    ///
    /// # Panics
    /// If somebody does not get in.
    pub async fn founds(&self, title: &str, members: &[&Person]) -> ConversationId {
        let handles: Vec<_> = members.iter().map(|member| member.handle()).collect();
        let (chat, change) = self
            .create_conversation(title, &handles)
            .await
            .expect("a conversation");
        if let Some(change) = change {
            self.made(change).await;
        }
        for member in members {
            member.is_in(&chat).await;
        }
        chat
    }

    /// Waits until a change is made.
    ///
    /// # Panics
    /// If it is refused or not made in time.
    pub async fn made(&self, change: Change) {
        if let Err(error) = self.done(change, PATIENCE).await {
            panic!(
                "{}'s change was not made: {error} ({})",
                self.name, error.hint
            );
        }
    }

    /// Waits until this person is in a conversation and can use it.
    pub async fn is_in(&self, chat: &ConversationId) {
        let what = format!("{} being in the conversation", self.name);
        until(&what, || async {
            match self.conversation(chat).await {
                Ok(info) if info.state == ConversationState::Active => Ok(()),
                Ok(info) => Err(format!("{:?}", info.state)),
                Err(error) => Err(error.to_string()),
            }
        })
        .await;
    }

    /// Waits until this person is told to be out of a conversation.
    pub async fn is_out_of(&self, chat: &ConversationId) {
        let what = format!("{} being out of the conversation", self.name);
        until(&what, || async {
            match self.conversation(chat).await {
                Ok(info) if info.state == ConversationState::Removed => Ok(()),
                Ok(info) => Err(format!("{:?}", info.state)),
                Err(error) => Err(error.to_string()),
            }
        })
        .await;
    }

    /// Sends and waits until the message was read back from the relay.
    ///
    /// # Panics
    /// If it cannot be sent or is not confirmed in time.
    pub async fn says(&self, chat: &ConversationId, text: &str) -> MessageInfo {
        match self.try_say(chat, text).await {
            Ok(message) => message,
            Err(error) => panic!("{} could not say it: {error} ({})", self.name, error.hint),
        }
    }

    /// Sends and waits until the message was read back from the relay.
    ///
    /// # Errors
    /// As [`Client::send`]; `not_sent` if it failed later; `timed_out`.
    pub async fn try_say(&self, chat: &ConversationId, text: &str) -> Result<MessageInfo> {
        let mut events = self.events();
        let sent = self.send(chat, text).await?;
        let confirmed = async {
            loop {
                let message = match events.recv().await {
                    Ok(Event::Message(message)) if message.id == sent.id => Some(message),
                    Ok(_) => None,
                    Err(_) => self.find(chat, &sent.id).await?,
                };
                match message {
                    Some(message) if message.delivery == Delivery::Sent => return Ok(message),
                    Some(message) if message.delivery == Delivery::Failed => {
                        return Err(trouble("not_sent", "the message was refused"));
                    }
                    _ => {}
                }
            }
        };
        let confirmed = tokio::time::timeout(PATIENCE, confirmed).await;
        confirmed.unwrap_or_else(|_| Err(trouble("timed_out", "a message was not confirmed")))
    }

    async fn find(&self, chat: &ConversationId, id: &str) -> Result<Option<MessageInfo>> {
        let newest = self.newest_messages(chat, 1_000).await?;
        Ok(newest.into_iter().find(|message| message.id == id))
    }

    /// Waits until nothing is left to send, confirm or post.
    ///
    /// # Panics
    /// If that does not happen in time.
    pub async fn settles(&self) {
        let idle = self.idle(PATIENCE).await.expect("a readable database");
        assert_eq!(
            idle,
            Idle::Reached,
            "{} has something left to do",
            self.name
        );
    }

    /// Waits until this person's client is connected to the relay.
    pub async fn is_online(&self) {
        let what = format!("{} being online", self.name);
        until(&what, || async {
            match self.connection() {
                sealwire_core::api::Connection::Online => Ok(()),
                other => Err(format!("{other:?}")),
            }
        })
        .await;
    }
}

/// Waits until all people are in the same epoch with nothing left to do, and gives it.
pub async fn one_epoch(people: &[&Person], chat: &ConversationId) -> u64 {
    until("one epoch for all", || async {
        let mut epochs = Vec::new();
        for person in people {
            let left = person
                .left_to_do()
                .await
                .map_err(|error| error.to_string())?;
            epochs.push((person.epoch(chat).await, left));
        }
        let first = epochs[0].0;
        if epochs.iter().all(|epoch| *epoch == (first, 0)) {
            return Ok(first);
        }
        Err(format!("epochs and things left to do: {epochs:?}"))
    })
    .await
}

fn trouble(code: &'static str, message: &str) -> CoreError {
    CoreError::new(
        sealwire_core::ErrorKind::Io,
        code,
        message,
        "look at the test",
    )
}

/// A moment in which things that must not happen would have happened.
pub const MOMENT: Duration = Duration::from_millis(1_500);
