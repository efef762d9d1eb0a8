//! The one API for all fronts.

use std::{path::Path, sync::Arc, time::Duration};

use sealwire_crypto::KdfParams;
use sealwire_protocol::{handle::Handle, ids::LogId};
use tokio::{sync::broadcast, task::JoinSet};
use zeroize::Zeroizing;

use crate::{
    api::{self, AccountInfo, Connection, Event, Options, OrgRole},
    core::Core,
    error::{CoreError, ErrorKind, Result},
    expiry, farewell,
    files::{self, Transfers},
    group, inbox,
    net::{AccountClient, GroupSocket, LinkState},
    organisation,
    profile::{Database, ProfileLock, change_passphrase, create_private_dir, unlock},
    retention, search,
    store::{self, Identity, LogRow},
    transparency, upkeep,
};

/// An open profile. Network work begins with [`Client::start`]; everything stored can be read
/// without it.
pub struct Client {
    pub(crate) core: Arc<Core>,
    tasks: Arc<std::sync::Mutex<JoinSet<()>>>,
    lock: ProfileLock,
}

/// What stops an [`Client::idle`] wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Idle {
    /// Everything that was to be sent is confirmed.
    Reached,
    /// The time was over.
    TimedOut,
}

pub(crate) const DATABASE: &str = "profile.db";

impl Client {
    /// Whether `dir` holds a profile, or what is left of one whose removal is not confirmed yet.
    pub fn exists(dir: &Path) -> bool {
        dir.join(DATABASE).exists() || Self::is_leaving(dir)
    }

    /// Opens the profile in `dir`.
    ///
    /// # Errors
    /// `no_profile`, `profile_in_use`, `wrong_passphrase`, `profile_damaged`,
    /// `not_linked_yet` (this device waits for approval), `profile_removed`.
    pub async fn open(
        dir: &Path,
        passphrase: &Zeroizing<String>,
        options: Options,
    ) -> Result<Self> {
        if !Self::exists(dir) {
            return Err(CoreError::new(
                ErrorKind::Locked,
                "no_profile",
                "there is no account on this device yet",
                "join with the invitation you were given: `sealwire account create`",
            ));
        }
        if Self::is_leaving(dir) {
            return Err(farewell::gone());
        }
        let lock = ProfileLock::acquire(dir)?;
        let db = open_database(dir, passphrase).await?;
        Self::with_database(db, lock, options).await
    }

    pub(crate) async fn with_database(
        db: Database,
        lock: ProfileLock,
        options: Options,
    ) -> Result<Self> {
        let (identity, unfinished) = {
            let mut conn = db.readers.acquire().await?;
            Identity::load(&mut conn).await?
        };
        let (identity, certificate) = crate::enrol::finish(&db, identity, unfinished).await?;
        let signer = Arc::new(crate::enrol::Signer::of(&identity));
        let account = AccountClient::new(identity.endpoint.clone(), Some(signer))?;
        let socket = GroupSocket::spawn(identity.endpoint.clone(), options.reconnect_ms);
        let files = Transfers::open(lock.dir(), &db).await?;
        let core = Core::new(db, identity, certificate, options, account, socket, files);
        crate::local::reload(&core).await?;
        organisation::load(&core).await?;
        transparency::load(&core).await?;
        Ok(Self {
            core: Arc::new(core),
            tasks: Arc::default(),
            lock,
        })
    }

    /// Starts following groups and the inbox and sending what waits.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn start(&self) -> Result<()> {
        let logs = {
            let mut conn = self.core.db.readers.acquire().await?;
            LogRow::ids(&mut conn).await?
        };
        for log in logs {
            self.follow(log);
        }
        self.spawn(upkeep::run_poster(self.core.clone()));
        self.spawn(upkeep::run_account(
            self.core.clone(),
            self.dir().to_owned(),
        ));
        self.spawn(expiry::run(self.core.clone()));
        self.spawn(organisation::run(self.core.clone()));
        self.spawn(transparency::run(self.core.clone()));
        self.spawn(retention::run(self.core.clone()));
        self.spawn(search::run_backfill(self.core.clone()));
        self.spawn(search::run_eraser(self.core.clone()));
        let tasks = self.tasks.clone();
        let core = self.core.clone();
        self.spawn(inbox::run(self.core.clone(), move |log| {
            follow(&core, &tasks, log);
        }));
        for direction in [api::Direction::Upload, api::Direction::Download] {
            self.spawn(files::run(self.core.clone(), direction));
        }
        self.spawn(report_connection(self.core.clone()));
        Ok(())
    }

    /// The folder of the profile.
    pub(crate) fn dir(&self) -> &Path {
        self.lock.dir()
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        lock(&self.tasks).spawn(task);
    }

    pub(crate) fn follow(&self, log: LogId) {
        follow(&self.core, &self.tasks, log);
    }

    /// Puts another passphrase on the profile in `dir`, which must not be open.
    ///
    /// # Errors
    /// `profile_in_use`, `wrong_passphrase`, `weak_passphrase`.
    pub fn change_passphrase(
        dir: &Path,
        old: &Zeroizing<String>,
        new: &Zeroizing<String>,
        kdf: KdfParams,
    ) -> Result<()> {
        let _lock = ProfileLock::acquire(dir)?;
        change_passphrase(dir, old, new, kdf, &mut rand::rng())
    }

    /// The relay's clock minus this device's, seconds, as of the newest sign-in.
    pub fn clock_difference_s(&self) -> Option<i64> {
        let offset = self.core.account.relay_time_offset_s()?;
        Some(offset.saturating_sub(self.core.options.clock_offset_s))
    }

    /// Asks the relay who it is, and compares with what this profile has pinned.
    ///
    /// # Errors
    /// `organisation_key` if it shows another organisation; network errors.
    pub async fn check_relay(&self) -> Result<()> {
        let shown = self.core.account.organisation().await?;
        let identity = &self.core.identity;
        let pinned = identity.organisation_key.map(|key| key.as_bytes().to_vec());
        if shown.name == identity.organisation && shown.key.map(|key| key.0) == pinned {
            return Ok(());
        }
        Err(crate::enrol::wrong_organisation())
    }

    /// Role of the account in the organisation, as the relay has it now.
    ///
    /// # Errors
    /// Network and sign-in errors.
    pub async fn organisation_role(&self) -> Result<OrgRole> {
        Ok(self.core.account.me().await?.role)
    }

    /// Ends all work. What is stored goes on at the next start.
    pub async fn shutdown(self) {
        self.core.socket.shutdown();
        let mut tasks = std::mem::take(&mut *lock(&self.tasks));
        tasks.shutdown().await;
        if let Some(core) = Arc::into_inner(self.core) {
            // Everything is stored already; closing only folds the log into the file.
            let _ = core.db.close().await;
        }
    }

    /// What happens from now on.
    pub fn events(&self) -> broadcast::Receiver<Event> {
        self.core.events.subscribe()
    }

    /// The profile's own account.
    pub fn account(&self) -> AccountInfo {
        let identity = &self.core.identity;
        AccountInfo {
            handle: identity.handle.to_string(),
            organisation: identity.organisation.clone(),
            organisation_fingerprint: identity
                .organisation_key
                .map(|key| sealwire_crypto::fingerprint(key.as_bytes())),
            fingerprint: sealwire_crypto::fingerprint(identity.account.as_bytes()),
            device: identity.device.to_string(),
            relay: format!("{}", identity.endpoint.address),
            holds_organisation_key: identity.organisation_secret.is_some(),
        }
    }

    /// State of the connection that carries groups.
    pub fn connection(&self) -> Connection {
        connection(&self.core.socket.state().borrow())
    }

    /// Makes that connection anew, even if it seems to stand: for when the machine has slept.
    pub fn reconnect(&self) {
        self.core.socket.reconnect();
    }

    /// Waits until the log of every group that works here was read to its end once since
    /// [`Client::start`], or `limit` is over.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn caught_up(&self, limit: Duration) -> Result<Idle> {
        self.wait_for(limit, async || {
            let mut conn = self.core.db.readers.acquire().await?;
            let working = LogRow::working(&mut conn).await?;
            Ok(working.iter().all(|log| self.core.has_caught_up(log)))
        })
        .await
    }

    /// Waits until nothing is left to send, confirm, post or upload, or `limit` is over.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn idle(&self, limit: Duration) -> Result<Idle> {
        self.wait_for(limit, async || Ok(self.left_to_do().await? == 0))
            .await
    }

    async fn wait_for(
        &self,
        limit: Duration,
        reached: impl AsyncFn() -> Result<bool>,
    ) -> Result<Idle> {
        let mut progress = self.core.progress.subscribe();
        let wait = async {
            loop {
                progress.borrow_and_update();
                if reached().await? {
                    return Ok(());
                }
                // A due time passes without anybody ringing.
                let _ = tokio::time::timeout(Duration::from_millis(250), progress.changed()).await;
            }
        };
        match tokio::time::timeout(limit, wait).await {
            Ok(Ok(())) => Ok(Idle::Reached),
            Ok(Err(error)) => Err(error),
            Err(_) => Ok(Idle::TimedOut),
        }
    }

    /// Messages, wishes and postings that are not done, and key packages without which nobody
    /// could add this device.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn left_to_do(&self) -> Result<u64> {
        let mut conn = self.core.db.readers.acquire().await?;
        Ok(store::outbox_len(&mut conn).await?
            + store::intents_waiting(&mut conn).await?
            + store::postings_len(&mut conn).await?
            + store::uploads_waiting(&mut conn).await?
            + u64::from(!store::has_last_resort(&mut conn).await?)
            + store::logs_creating(&mut conn).await?)
    }

    /// Reads the inbox once now and starts following what was joined; answers how many items
    /// there were.
    ///
    /// # Errors
    /// Network and sign-in errors.
    pub async fn check_inbox(&self) -> Result<usize> {
        inbox::read(&self.core, 0, &|log| self.follow(log)).await
    }

    /// Parses a handle; a bare name is of the own organisation.
    ///
    /// # Errors
    /// `bad_handle`.
    pub fn parse_handle(&self, text: &str) -> Result<Handle> {
        let full = if text.contains('@') {
            text.to_owned()
        } else {
            format!("{text}@{}", self.core.identity.organisation)
        };
        Handle::parse(&full).map_err(|error| {
            CoreError::new(
                ErrorKind::Usage,
                "bad_handle",
                error.to_string(),
                "a handle looks like alice or alice@acme",
            )
        })
    }
}

fn lock<T>(mutex: &std::sync::Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}

fn follow(core: &Arc<Core>, tasks: &std::sync::Mutex<JoinSet<()>>, log: LogId) {
    if core.start_following(&log) {
        lock(tasks).spawn(group::run(core.clone(), log));
    } else {
        core.wake(&log);
    }
}

fn connection(state: &LinkState) -> Connection {
    match state {
        LinkState::Online(_) => Connection::Online,
        LinkState::Offline(reason) => Connection::Offline(reason.clone()),
    }
}

async fn report_connection(core: Arc<Core>) {
    let mut state = core.socket.state();
    loop {
        let now = connection(&state.borrow_and_update());
        core.emit(Event::Connection(now));
        if state.changed().await.is_err() {
            return;
        }
    }
}

/// Opens the database of the profile in `dir`.
pub(crate) async fn open_database(dir: &Path, passphrase: &Zeroizing<String>) -> Result<Database> {
    let key = unlock(dir, passphrase)?;
    let db = Database::open(&dir.join(DATABASE), &key, false).await?;
    migrate(&db).await?;
    Ok(db)
}

/// Brings the database to the newest schema.
pub(crate) async fn migrate(db: &Database) -> Result<()> {
    {
        let mut conn = db.writer.lock().await;
        crate::mls::Storage::new(&mut conn)
            .run_migrations()
            .map_err(CoreError::internal)?;
    }
    db.migrate(store::MIGRATIONS).await?;
    let mut conn = db.writer.lock().await;
    store::fill_kinds(&mut conn).await
}

/// Makes the directory of a new profile.
pub(crate) fn new_dir(dir: &Path) -> Result<()> {
    if Client::exists(dir) {
        return Err(CoreError::new(
            ErrorKind::Usage,
            "profile_exists",
            "there is an account in this place already",
            "use it, or choose another place with --home",
        ));
    }
    create_private_dir(dir)
}
