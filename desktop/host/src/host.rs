//! The host as the program around it uses it.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use sealwire_core::{Client, KdfParams, api::Options, call};
use serde_json::Value;
use tokio::sync::{RwLock, RwLockReadGuard, broadcast, watch};

use crate::{
    attachment::{self, Content, Form},
    calls, disk,
    event::{HostEvent, Own, Target},
    idle, keychain,
    keychain::{Keychain, SystemKeychain},
    link::DeepLink,
    notice::{self, Notice},
    problem::{Problem, Result},
    settings::{Settings, SettingsFile},
    staging::{self, StagedFile, Staging},
    state::{HostState, Phase},
    surroundings::Surroundings,
    update::Updates,
};

/// Events that a slow listener may be behind.
const BEHIND: usize = 1024;

/// What a host is made of.
pub struct HostOptions {
    /// The folder of profile and settings.
    pub home: PathBuf,
    /// The program around it.
    pub surroundings: Arc<dyn Surroundings>,
    /// Where a random passphrase can be kept.
    pub keychain: Arc<dyn Keychain>,
    /// Cost of opening a profile that is made or locked anew. Tests make it small.
    pub kdf: KdfParams,
    /// How the client behaves.
    pub client: Options,
    /// How long a minute without the person is. Tests make it short.
    pub minute: Duration,
}

impl HostOptions {
    /// For people: the system's keychain, and a passphrase that is hard to guess.
    pub fn new(home: impl Into<PathBuf>, surroundings: Arc<dyn Surroundings>) -> Self {
        Self {
            home: home.into(),
            surroundings,
            keychain: Arc::new(SystemKeychain),
            kdf: KdfParams::default(),
            client: Options::default(),
            minute: Duration::from_secs(60),
        }
    }
}

/// The app without its window. Clones are the same app.
#[derive(Clone)]
pub struct Host(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) options: HostOptions,
    pub(crate) settings: Mutex<SettingsFile>,
    pub(crate) client: RwLock<Option<Client>>,
    /// Told before the profile is closed: calls under way end.
    pub(crate) leaving: watch::Sender<()>,
    /// Held by whoever opens or closes the profile.
    pub(crate) turn: tokio::sync::Mutex<()>,
    pub(crate) stand: Mutex<(Phase, Option<Problem>)>,
    pub(crate) staged: Mutex<Staging>,
    pub(crate) link: Mutex<Option<DeepLink>>,
    pub(crate) updates: Updates,
    /// When the person was last active.
    pub(crate) active: Mutex<Instant>,
    keychain: watch::Receiver<Option<bool>>,
    began: tokio::time::Instant,
    events: broadcast::Sender<HostEvent>,
}

pub(crate) fn hold<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Host {
    /// A host on the folder `options.home`, which is made if it is missing. Opens nothing yet.
    ///
    /// # Errors
    /// `storage` if the folder cannot be used.
    pub fn new(options: HostOptions) -> Result<Self> {
        disk::make_dir(&options.home)?;
        let settings = SettingsFile::open(&options.home)?;
        let host = Self(Arc::new(Inner {
            settings: Mutex::new(settings),
            client: RwLock::default(),
            leaving: watch::channel(()).0,
            turn: tokio::sync::Mutex::default(),
            stand: Mutex::new((Phase::Empty, None)),
            staged: Mutex::default(),
            link: Mutex::default(),
            updates: Updates::default(),
            active: Mutex::new(Instant::now()),
            keychain: keychain::probe(&options.keychain),
            began: tokio::time::Instant::now(),
            events: broadcast::channel(BEHIND).0,
            options,
        }));
        host.settle();
        Ok(host)
    }

    /// Starts working, in a Tokio runtime: opens a profile whose key is in the keychain, and locks
    /// when nobody is there.
    pub async fn begin(&self) {
        let minute = self.0.options.minute;
        tokio::spawn(idle::run(Arc::downgrade(&self.0), minute));
        self.open_by_keychain().await;
    }

    /// Closes the profile: for the end of the program. Waits for an installation that is under way, which must not
    /// be left half done.
    pub async fn close(&self) {
        let _turn = self.0.turn.lock().await;
        self.close_client().await;
        self.installation_ended().await;
    }

    /// Answers a call of the window `window` (`main` or `viewer`).
    ///
    /// # Errors
    /// `not_for_window`, `unknown_call`, `bad_params`, `locked`; those of the call.
    pub async fn call(&self, window: &str, method: &str, params: Value) -> Result<Value> {
        calls::answer(self, window, method, params).await
    }

    /// What happens from now on.
    pub fn events(&self) -> broadcast::Receiver<HostEvent> {
        self.0.events.subscribe()
    }

    /// A file of a message, decrypted.
    ///
    /// # Errors
    /// `locked`, `unknown_attachment`, `not_downloaded`, `file_too_large`, `copy_damaged`.
    pub async fn attachment(&self, id: i64, form: Form) -> Result<Content> {
        let read = async {
            let client = self.client().await?;
            attachment::read(&client, id, form).await
        };
        self.until_closed(read).await
    }

    /// Puts files of this machine into the list of what waits to be sent. Those that cannot be
    /// read are left out, and the first reason is given if none can.
    ///
    /// # Errors
    /// `file_missing`, `not_a_file`, `file_disk`, `storage`, `too_many_files`, `locked`.
    pub async fn stage_paths(&self, paths: Vec<PathBuf>) -> Result<Vec<StagedFile>> {
        let look = move || {
            paths
                .into_iter()
                .map(staging::look_at_path)
                .collect::<Vec<_>>()
        };
        let looked = tokio::task::spawn_blocking(look).await;
        let mut problem = None;
        let mut added = Vec::new();
        for file in looked.map_err(Problem::internal)? {
            match self.add_staged(file) {
                Ok(file) => added.push(file),
                Err(error) => problem = problem.or(Some(error)),
            }
        }
        match problem {
            Some(problem) if added.is_empty() => Err(problem),
            _ => {
                self.tell_staged();
                Ok(added)
            }
        }
    }

    /// Puts bytes into the list of what waits to be sent.
    ///
    /// # Errors
    /// `too_many_files`, `locked`.
    pub async fn stage_bytes(&self, name: &str, bytes: Vec<u8>) -> Result<StagedFile> {
        let name = name.to_owned();
        let look = move || staging::look_at_bytes(&name, bytes);
        let looked = tokio::task::spawn_blocking(look)
            .await
            .map_err(Problem::internal)?;
        let file = self.add_staged(Ok(looked))?;
        self.tell_staged();
        Ok(file)
    }

    fn add_staged(&self, looked: Result<staging::Looked>) -> Result<StagedFile> {
        if self.phase() != Phase::Open {
            return Err(Problem::locked());
        }
        looked?.stage(&mut hold(&self.0.staged))
    }

    pub(crate) fn tell_staged(&self) {
        let files = hold(&self.0.staged).list();
        self.tell(Own::Staged { files });
    }

    /// Takes a link from outside and asks the person about it. Nothing is done with it.
    ///
    /// # Errors
    /// `bad_link`.
    pub fn offer_link(&self, text: &str) -> Result<()> {
        let link = DeepLink::parse(text)?;
        *hold(&self.0.link) = Some(link.clone());
        self.tell(Own::Link { link });
        Ok(())
    }

    /// The person wants to see a conversation: a notification was clicked.
    pub fn open(&self, target: Target) {
        self.tell(Own::Open { target });
    }

    /// The machine has slept: the connection is made anew.
    pub async fn woke(&self) {
        if let Ok(client) = self.client().await {
            client.reconnect();
        }
    }

    /// Files are dragged over the window, or no longer.
    pub fn drag(&self, over: bool) {
        self.tell(Own::Drag { over });
    }

    /// What the person set.
    pub fn settings(&self) -> Settings {
        hold(&self.0.settings).now().clone()
    }

    /// What a system notification is to say about an event; `None` if it deserves none.
    pub async fn notice(&self, event: &HostEvent) -> Option<Notice> {
        let client = self.client().await.ok()?;
        notice::of(&client, event, self.settings().notifications).await
    }

    /// Sends an answer that was written in a notification, without the space around it; one without
    /// words is none.
    ///
    /// # Errors
    /// `locked`, `unknown_conversation`, `not_allowed`; those of the call `post`.
    pub async fn reply(&self, target: &Target, text: &str) -> Result<()> {
        let sent = async {
            let client = self.client().await?;
            Ok(notice::reply(&client, target, text).await?)
        };
        self.until_closed(sent).await
    }

    /// Messages that the person has not read, in conversations that are not muted; 0 if locked.
    pub async fn unread(&self) -> u64 {
        match self.client().await {
            Ok(client) => notice::unread(&client).await,
            Err(_) => 0,
        }
    }

    /// Where the app stands.
    pub async fn state(&self) -> HostState {
        let (phase, problem) = hold(&self.0.stand).clone();
        let client = self.0.client.read().await;
        HostState {
            phase,
            lock: self.lock_kind(),
            keychain: self.keychain_answers().await,
            account: client.as_ref().map(Client::account),
            connection: client.as_ref().map(Client::connection),
            erased: self.is_erased(),
            problem: problem.or_else(|| hold(&self.0.settings).problem.clone()),
            version: env!("CARGO_PKG_VERSION").into(),
            platform: self.0.options.surroundings.platform(),
        }
    }

    pub(crate) async fn keychain_answers(&self) -> bool {
        let mut answer = self.0.keychain.clone();
        let limit = self.0.began + keychain::PROBE;
        let answer = tokio::time::timeout_at(limit, answer.wait_for(Option::is_some));
        // Polled before the time is looked at, so an answer that came late counts too.
        matches!(answer.await, Ok(Ok(answer)) if *answer == Some(true))
    }

    /// Whether it has not even said yet that it is there, long after it was asked.
    pub(crate) fn keychain_is_silent(&self) -> bool {
        self.0.began.elapsed() > keychain::PROBE && self.0.keychain.borrow().is_none()
    }

    pub(crate) fn phase(&self) -> Phase {
        hold(&self.0.stand).0
    }

    /// The open client, for a moment.
    pub(crate) async fn client(&self) -> Result<RwLockReadGuard<'_, Client>> {
        let client = self.0.client.read().await;
        // Looked at after the client was taken: whoever closes it has said so before.
        if self.phase() != Phase::Open {
            return Err(Problem::locked());
        }
        RwLockReadGuard::try_map(client, Option::as_ref).map_err(|_| Problem::locked())
    }

    /// Does something with the open client. It ends when the profile is closed.
    pub(crate) async fn until_closed<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        let mut leaving = self.0.leaving.subscribe();
        tokio::select! {
            done = work => done,
            _ = leaving.changed() => Err(Problem::locked()),
        }
    }

    /// Answers a call of the core.
    pub(crate) async fn core_call(&self, method: &str, params: &Value) -> Result<Value> {
        let answer = async {
            let client = self.client().await?;
            Ok(call::call(&client, method, params).await?)
        };
        self.until_closed(answer).await
    }

    pub(crate) fn tell(&self, event: impl Into<HostEvent>) {
        // Nobody may listen yet.
        let _ = self.0.events.send(event.into());
    }

    pub(crate) async fn tell_state(&self) {
        let state = Box::new(self.state().await);
        self.tell(Own::State { state });
    }
}
