//! The life of a profile: made, opened, locked, and what happens if it cannot be opened.

use std::{
    path::PathBuf,
    sync::{Arc, Weak},
};

use sealwire_core::{
    Client, CoreError, ErrorKind,
    api::{Connection, Event},
    call,
};
use tokio::sync::broadcast::{Receiver, error::RecvError};
use zeroize::Zeroizing;

use crate::{
    disk,
    event::{HostEvent, Own},
    host::{Host, Inner, hold},
    link,
    lock::{NewLock, passphrase_needed},
    problem::{Problem, Result},
    secret::Secret,
    state::{HostState, LockKind, Phase},
    update,
};

/// Where the profile is, so that `sealwire --home … --account desktop` finds it too.
const PROFILE: &str = "profiles/desktop";
/// After these the profile cannot be opened by trying again.
const DAMAGE: &[&str] = &[
    "profile_damaged",
    // The passphrase fits, and the database does not.
    "wrong_key",
    "profile_key_damaged",
    "profile_newer",
    "internal",
];

/// Runs what takes long without a pause off the threads that serve everybody.
pub(crate) async fn apart<T: Send + 'static, F: Future<Output = Result<T, CoreError>>>(
    work: impl FnOnce() -> F + Send + 'static,
) -> Result<T> {
    let runtime = tokio::runtime::Handle::current();
    let done = tokio::task::spawn_blocking(move || runtime.block_on(work())).await;
    // A panic of what was run is a fault, and no reason to end.
    Ok(done.map_err(|_| Problem::internal("a step was not finished"))??)
}

impl Host {
    pub(crate) fn profile_dir(&self) -> PathBuf {
        self.0.options.home.join(PROFILE)
    }

    /// Looks at what there is on the disk.
    pub(crate) fn settle(&self) {
        let dir = self.profile_dir();
        let stand = match (Client::exists(&dir), dir.join("profile.key").exists()) {
            (true, _) => (Phase::Locked, None),
            (false, false) => (Phase::Empty, None),
            (false, true) => (Phase::Damaged, Some(incomplete())),
        };
        *hold(&self.0.stand) = stand;
    }

    async fn stand(&self, phase: Phase, problem: Option<Problem>) {
        *hold(&self.0.stand) = (phase, problem);
        self.tell_state().await;
    }

    /// Opens a profile whose passphrase is in the keychain.
    pub(crate) async fn open_by_keychain(&self) {
        let _turn = self.0.turn.lock().await;
        if self.phase() != Phase::Locked || self.lock_kind() != Some(LockKind::Keychain) {
            return;
        }
        match self.kept_passphrase().await {
            // Why not is told by the state.
            Ok(passphrase) => drop(self.open_client(passphrase).await),
            Err(problem) => self.stand(Phase::Locked, Some(problem)).await,
        }
    }

    /// Makes a profile by an invitation.
    pub(crate) async fn join(
        &self,
        link: Secret,
        name: String,
        lock: NewLock,
    ) -> Result<HostState> {
        let turn = self.0.turn.lock().await;
        if self.phase() != Phase::Empty {
            return Err(Problem::usage(
                "profile_exists",
                "there is an account here already",
                "unlock it",
            ));
        }
        let link = link::join(&link.0)?;
        let dir = self.profile_dir();
        disk::make_dir(dir.parent().unwrap_or(&dir))?;
        let by_keychain = matches!(lock, NewLock::Keychain {});
        let passphrase = match lock {
            NewLock::Passphrase { passphrase } => passphrase.0,
            NewLock::Keychain {} => self.make_entry().await?.passphrase,
        };
        self.stand(Phase::Opening, None).await;
        let (kdf, options) = (self.0.options.kdf, self.0.options.client.clone());
        let made = apart(move || async move {
            Client::enrol(&dir, &passphrase, &link, &name, kdf, options).await
        });
        let joined = match made.await {
            Ok(client) => self.take(client).await,
            Err(problem) => Err(problem),
        };
        if let Err(problem) = joined {
            self.settle();
            // What may still succeed stays, and is told where it can be tried again.
            let stays = self.phase() != Phase::Empty;
            if by_keychain && !stays {
                self.forget_entry().await?;
            }
            let phase = self.phase();
            self.stand(phase, stays.then(|| problem.clone())).await;
            return Err(problem);
        }
        drop(turn);
        Ok(self.state().await)
    }

    /// Opens the profile, by the keychain if no passphrase is given.
    pub(crate) async fn unlock(&self, passphrase: Option<Secret>) -> Result<HostState> {
        let turn = self.0.turn.lock().await;
        match self.phase() {
            Phase::Open => {}
            Phase::Empty => {
                return Err(Problem::new(
                    ErrorKind::Locked,
                    "no_profile",
                    "there is no account on this device yet",
                    "join with the invitation you were given",
                ));
            }
            _ => {
                let passphrase = match passphrase {
                    Some(passphrase) => passphrase.0,
                    None => match self.lock_kind() {
                        Some(LockKind::Keychain) => self.kept_passphrase().await?,
                        Some(LockKind::Passphrase) => return Err(passphrase_needed()),
                        // Why it cannot be opened is told by who tries.
                        None => Zeroizing::default(),
                    },
                };
                self.open_client(passphrase).await?;
            }
        }
        drop(turn);
        Ok(self.state().await)
    }

    /// Takes the key out of memory.
    pub(crate) async fn lock(&self) {
        let _turn = self.0.turn.lock().await;
        if self.phase() == Phase::Open {
            self.close_client().await;
            self.stand(Phase::Locked, None).await;
        }
    }

    /// Looks at a profile again that could not be opened. Nothing in it is written over.
    pub(crate) async fn recover(&self) -> HostState {
        {
            let _turn = self.0.turn.lock().await;
            if self.phase() == Phase::Damaged {
                self.settle();
                self.tell_state().await;
            }
        }
        self.open_by_keychain().await;
        self.state().await
    }

    /// Opens the profile and says where the app stands then. For whoever has the turn.
    pub(crate) async fn open_client(
        &self,
        passphrase: Zeroizing<String>,
    ) -> Result<Zeroizing<String>> {
        self.stand(Phase::Opening, None).await;
        let (dir, options) = (self.profile_dir(), self.0.options.client.clone());
        let used = passphrase.clone();
        let opened = apart(move || async move { Client::open(&dir, &used, options).await }).await;
        let taken = match opened {
            Ok(client) => self.take(client).await,
            Err(problem) => Err(problem),
        };
        let Err(problem) = taken else {
            return Ok(passphrase);
        };
        let phase = match DAMAGE.contains(&problem.code.as_str()) {
            true => Phase::Damaged,
            false => Phase::Locked,
        };
        // A wrong passphrase is told to whoever typed it, and is no state.
        let told = (problem.code != "wrong_passphrase").then(|| problem.clone());
        self.stand(phase, told).await;
        Err(problem)
    }

    /// Starts an open client.
    async fn take(&self, client: Client) -> Result<()> {
        let events = client.events();
        if let Err(error) = client.start().await {
            client.shutdown().await;
            return Err(error.into());
        }
        *self.0.client.write().await = Some(client);
        self.touch();
        self.stand(Phase::Open, None).await;
        tokio::spawn(pass_on(Arc::downgrade(&self.0), events));
        tokio::spawn(update::run(Arc::downgrade(&self.0)));
        Ok(())
    }

    /// Closes the client, if one is open. For whoever has the turn.
    pub(crate) async fn close_client(&self) {
        // First that it is closed, then that calls under way end: none begins in between.
        if self.phase() == Phase::Open {
            hold(&self.0.stand).0 = Phase::Locked;
        }
        self.0.leaving.send_replace(());
        let client = self.0.client.write().await.take();
        hold(&self.0.staged).clear();
        if let Some(client) = client {
            client.shutdown().await;
        }
    }
}

/// Tells the front end what the core tells, until the client or the host is gone.
async fn pass_on(host: Weak<Inner>, mut events: Receiver<Event>) {
    loop {
        let event = events.recv().await;
        let Some(inner) = host.upgrade() else { return };
        let host = Host(inner);
        match event {
            Ok(event) => {
                // The account may have been erased.
                if matches!(event, Event::Warning { .. }) {
                    host.tell_state().await;
                }
                if matches!(event, Event::Connection(Connection::Online)) {
                    host.reached_relay();
                }
                let Ok(client) = host.client().await else {
                    return;
                };
                match call::event(&client, event).await {
                    Ok(value) => host.tell(HostEvent::Core(Arc::new(value))),
                    // The front end reads what it could not be told.
                    Err(_) => host.tell(Own::Lag),
                }
            }
            Err(RecvError::Lagged(_)) => host.tell(Own::Lag),
            Err(RecvError::Closed) => return,
        }
    }
}

fn incomplete() -> Problem {
    Problem::new(
        ErrorKind::Io,
        "profile_incomplete",
        "the profile's database is missing",
        "put profile.db back from a copy, or move the folder of the profile away and join anew",
    )
}
