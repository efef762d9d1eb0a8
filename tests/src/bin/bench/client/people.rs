//! Two real clients, and accounts that only fill the group.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use openmls_rust_crypto::OpenMlsRustCrypto;
use sealwire_core::api::{
    ConversationId, ConversationState, Event, Handle, MessageKind, Options, OrgRole,
};
use sealwire_core::{Client, JoinLink, KdfParams};
use sealwire_tests::mallory::{Identity, Plane};
use tempfile::TempDir;
use tokio::sync::broadcast::{Receiver, error::RecvError};
use tokio::time::{sleep, timeout};
use zeroize::Zeroizing;

use super::raw_mls;
use crate::cores::Cores;
use crate::relay::Relay;
use crate::{Result, note};

/// Longer than anything takes.
const PATIENCE: Duration = Duration::from_secs(900);
const LOOK: Duration = Duration::from_millis(20);
/// Accounts that enrol at the same time.
const ENROLLING: usize = 8;
/// Members that are added with one commit: its key packages have to fit into one entry.
const STEP: usize = 400;
/// The passphrase is not what is measured.
const EASY: KdfParams = KdfParams {
    memory_kib: 8,
    passes: 1,
    lanes: 1,
};

fn options() -> Options {
    Options {
        welcome_delay_max_ms: 0,
        key_package_target: 4,
        key_package_low: 1,
        look_up_within_ms: 6 * 3_600_000,
        receipt_interval_ms: 0,
        ..Options::default()
    }
}

fn passphrase() -> Zeroizing<String> {
    Zeroizing::new("correct horse battery staple".into())
}

fn handle(name: &str) -> Result<Handle> {
    Ok(Handle::parse(&format!("{name}@acme"))?)
}

/// A text as people write them, 100 bytes.
pub(super) fn text(number: u32) -> String {
    format!(
        "{number:06} {:-<93}",
        "the quick brown fox jumps over the lazy dog, and then home "
    )
}

/// Where a profile is.
pub(super) struct Home(PathBuf);

impl Home {
    /// At `dir`.
    pub(super) const fn at(dir: PathBuf) -> Self {
        Self(dir)
    }

    /// The directory.
    pub(super) fn dir(&self) -> &Path {
        &self.0
    }

    /// Opens the profile and starts working.
    pub(super) async fn open(&self) -> Result<Client> {
        let client = Client::open(&self.0, &passphrase(), options()).await?;
        client.start().await?;
        Ok(client)
    }

    async fn enrol(&self, name: &str, link: &JoinLink) -> Result<Client> {
        let client = Client::enrol(&self.0, &passphrase(), link, name, EASY, options()).await?;
        client.start().await?;
        Ok(client)
    }
}

/// A conversation of some size, in which only Alice and Bob have clients.
pub(super) struct Cast {
    /// Alice's profile, closed.
    pub(super) alice: Home,
    /// Bob's profile, closed.
    pub(super) bob: Home,
    /// Their conversation.
    pub(super) chat: ConversationId,
    /// How long it took to found it, from the wish to the last Welcome.
    pub(super) founding: Duration,
    _relay: Relay,
    _homes: TempDir,
}

impl Cast {
    /// Enrols `size` accounts and founds their conversation.
    pub(super) async fn call(cores: &Cores, size: usize) -> Result<Self> {
        note(format_args!("client: a conversation of {size}"));
        let homes = tempfile::Builder::new()
            .prefix("sealwire-bench-")
            .tempdir_in(in_memory())?;
        let relay = Relay::start_in(&in_memory(), cores, "")?;
        let alice_home = Home::at(homes.path().join("alice"));
        let bob_home = Home::at(homes.path().join("bob"));
        let alice = alice_home
            .enrol("alice", &JoinLink::parse(&relay.owner_link)?)
            .await?;
        let bob = bob_home.enrol("bob", &invitation(&alice).await?).await?;
        sleep(Duration::from_secs(1)).await;
        let mut members = vec![handle("bob")?];
        members.extend(fill(&alice, size.saturating_sub(2)).await?);
        let start = Instant::now();
        let chat = found(&alice, &members).await?;
        let founding = start.elapsed();
        is_in(&bob, &chat).await?;
        sent(&bob).await?;
        alice.shutdown().await;
        bob.shutdown().await;
        Ok(Self {
            alice: alice_home,
            bob: bob_home,
            chat,
            founding,
            _relay: relay,
            _homes: homes,
        })
    }
}

/// Founds the conversation, in steps whose commits the relay takes.
async fn found(alice: &Client, members: &[Handle]) -> Result<ConversationId> {
    let mut steps = members.chunks(STEP);
    let first = steps.next().unwrap_or_default();
    let (chat, change) = alice.create_conversation("Load", first).await?;
    if let Some(change) = change {
        alice.done(change, PATIENCE).await?;
    }
    for step in steps {
        let change = alice.add_members(&chat, step).await?;
        alice.done(change, PATIENCE).await?;
    }
    sent(alice).await?;
    Ok(chat)
}

/// What is measured is work, not the disk.
fn in_memory() -> PathBuf {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() {
        memory.into()
    } else {
        std::env::temp_dir()
    }
}

async fn invitation(host: &Client) -> Result<JoinLink> {
    let made = host.invite(OrgRole::OrgMember, 3_600).await?;
    Ok(JoinLink::parse(&made.link)?)
}

/// Enrols accounts that have key packages and nothing else.
async fn fill(host: &Client, count: usize) -> Result<Vec<Handle>> {
    stream::iter(0..count)
        .map(|number| async move {
            let name = format!("fill-{number}");
            let link = invitation(host).await?;
            let plane = Plane::new(link.relay.clone());
            let who = Identity::new(&format!("{name}@acme"));
            let refused = |problem| format!("{name}: {problem:?}");
            plane.enrol(&link, &who).await.map_err(refused)?;
            let session = plane.sign_in(&who).await.map_err(refused)?;
            let package = raw_mls::key_package(&OpenMlsRustCrypto::default(), &who)?;
            let bytes = raw_mls::bytes_of(&package)?;
            session.put_key_packages(&[bytes]).await.map_err(refused)?;
            handle(&name)
        })
        .buffer_unordered(ENROLLING)
        .try_collect()
        .await
}

/// Waits until nothing is left to send. Looks seldom, so that looking costs nothing.
pub(super) async fn sent(client: &Client) -> Result<()> {
    let start = Instant::now();
    while client.left_to_do().await? > 0 {
        if start.elapsed() > PATIENCE {
            return Err("a client did not finish".into());
        }
        sleep(LOOK).await;
    }
    Ok(())
}

async fn is_in(client: &Client, chat: &ConversationId) -> Result<()> {
    let start = Instant::now();
    loop {
        match client.conversation(chat).await {
            Ok(info) if info.state == ConversationState::Active => return Ok(()),
            other if start.elapsed() > PATIENCE => {
                return Err(format!("Bob did not get in: {other:?}").into());
            }
            _ => sleep(LOOK).await,
        }
    }
}

/// Bob's client from its start on, and what it tells.
pub(super) struct Listener {
    /// The client.
    pub(super) client: Client,
    events: Receiver<Event>,
    chat: ConversationId,
    heard: u64,
}

impl Listener {
    /// Opens the profile at `home` and starts working. Nothing is unread there.
    pub(super) async fn open(home: &Home, chat: ConversationId) -> Result<Self> {
        let client = Client::open(&home.0, &passphrase(), options()).await?;
        let events = client.events();
        client.start().await?;
        Ok(Self {
            client,
            events,
            chat,
            heard: 0,
        })
    }

    /// Waits until so many messages came since the last [`Listener::reads`]. Fronts hear of them
    /// as events, and so does this.
    pub(super) async fn hears(&mut self, count: u64) -> Result<()> {
        timeout(PATIENCE, self.hear(count)).await?
    }

    async fn hear(&mut self, count: u64) -> Result<()> {
        while self.heard < count {
            match self.events.recv().await {
                Ok(Event::Message(message)) if message.kind == MessageKind::Text => {
                    self.heard += 1;
                }
                Ok(_) => {}
                // Some were not heard, so they are counted.
                Err(RecvError::Lagged(_)) => loop {
                    sleep(LOOK).await;
                    if self.unread().await? >= count {
                        self.events = self.events.resubscribe();
                        self.heard = count;
                        break;
                    }
                },
                Err(RecvError::Closed) => return Err("the client ended".into()),
            }
        }
        Ok(())
    }

    async fn unread(&self) -> Result<u64> {
        Ok(self.client.conversation(&self.chat).await?.unread)
    }

    /// Marks all as read; there have to be so many.
    pub(super) async fn reads(&mut self, count: u64) -> Result<()> {
        let unread = self.unread().await?;
        if unread != count {
            return Err(format!("{unread} messages came instead of {count}").into());
        }
        self.heard = 0;
        Ok(self.client.mark_read(&self.chat).await?)
    }
}
