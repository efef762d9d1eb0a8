//! Updates of the app: looked for once a day, fetched when there is one, and installed when the person says so. What
//! fails is repeated before the day is over.

mod known;
mod problem;
mod state;

use std::{
    sync::{
        Mutex, Weak,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use sealwire_core::update::{Installed, signer_of};
use tokio::sync::watch;

pub use self::state::{UpdateInfo, UpdateStage, UpdateState};
use self::{
    known::{Known, now_ms},
    problem::{changed, impossible, no_update},
};
use crate::{
    event::Own,
    host::{Host, Inner, hold},
    problem::Result,
    state::Phase,
};

/// Where packages lie, beside the profiles.
const FOLDER: &str = "updates";
/// Bytes between two events while a package comes.
const TOLD_EVERY: u64 = 2 * 1024 * 1024;

/// Updates of this program.
#[derive(Default)]
pub(crate) struct Updates {
    /// Held by whoever looks, fetches or installs.
    turn: tokio::sync::Mutex<()>,
    known: Mutex<Known>,
    /// Rung when the next look may be due sooner than it was.
    bell: watch::Sender<()>,
}

/// Looks for updates while the profile is open.
pub(crate) async fn run(host: Weak<Inner>) {
    let mut least = Duration::ZERO;
    loop {
        let Some(inner) = host.upgrade() else { return };
        let host_now = Host(inner);
        let mut leaving = host_now.0.leaving.subscribe();
        if host_now.phase() != Phase::Open || host_now.installed().is_none() {
            return;
        }
        // It was found, and is not here yet.
        if host_now.update_state().stage == UpdateStage::Available {
            drop(host_now.fetch_update().await);
        }
        // First that it is listened to, then what is known: nothing is missed in between.
        let mut bell = host_now.0.updates.bell.subscribe();
        let wait = host_now.until_due(least);
        drop(host_now);
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            Ok(()) = bell.changed() => continue,
            _ = leaving.changed() => return,
        }
        let Some(inner) = host.upgrade() else { return };
        let host_now = Host(inner);
        least = host_now.0.options.minute;
        // What goes wrong is told by the state.
        drop(host_now.check_update().await);
    }
}

impl Host {
    /// What this program is, to those who make updates of it; `None` if it takes none.
    fn installed(&self) -> Option<Installed> {
        let release_key = self.0.options.surroundings.release_key()?;
        signer_of(&release_key).ok()?;
        Some(Installed {
            release_key,
            // Packages are made for Debian alone.
            target: format!("{}-unknown-linux-gnu", std::env::consts::ARCH),
            version: env!("CARGO_PKG_VERSION").into(),
        })
    }

    /// How long until the next look, at least `least` as a rule.
    fn until_due(&self, least: Duration) -> Duration {
        hold(&self.0.updates.known).until_due(now_ms(), self.0.options.minute, least)
    }

    /// The connection to the relay is there again.
    pub(crate) fn reached_relay(&self) {
        hold(&self.0.updates.known).reached();
        self.0.updates.bell.send_replace(());
    }

    /// Waits for the end of an installation that is under way.
    pub(crate) async fn installation_ended(&self) {
        drop(self.0.updates.turn.lock().await);
    }

    /// How it stands.
    pub(crate) fn update_state(&self) -> UpdateState {
        let installed = self.installed();
        let signer = installed.and_then(|installed| signer_of(&installed.release_key).ok());
        let known = hold(&self.0.updates.known);
        UpdateState {
            stage: match signer {
                Some(_) => known.stage,
                None => UpdateStage::Impossible,
            },
            signer,
            update: known.found.as_ref().map(UpdateInfo::of),
            fetched: known.fetched,
            problem: known.problem.clone(),
            command: known.command.clone(),
            checked_ms: known.checked_ms,
        }
    }

    fn tell_update(&self) -> UpdateState {
        let update = self.update_state();
        self.tell(Own::Update {
            update: Box::new(update.clone()),
        });
        update
    }

    fn set_update(&self, change: impl FnOnce(&mut Known)) -> UpdateState {
        change(&mut hold(&self.0.updates.known));
        self.0.updates.bell.send_replace(());
        self.tell_update()
    }

    /// Asks the relay. What it offers out of order, and why it could not be asked, is told by the state.
    ///
    /// # Errors
    /// `no_release_key`, `locked`.
    pub(crate) async fn check_update(&self) -> Result<UpdateState> {
        let installed = self.installed().ok_or_else(impossible)?;
        // Also if somebody else is about it: how that goes is told to whoever waits.
        hold(&self.0.updates.known).attempt();
        let Ok(_turn) = self.0.updates.turn.try_lock() else {
            return Ok(self.update_state());
        };
        let asked = async { Ok(self.client().await?.check_update(&installed).await?) };
        let found = self.until_closed(asked).await;
        if matches!(&found, Err(problem) if problem.code == "locked") {
            return found.map(|_| self.update_state());
        }
        Ok(self.set_update(|known| known.take(found)))
    }

    /// Fetches the package of the update that was found.
    ///
    /// # Errors
    /// `no_update`; `locked` if the app was locked meanwhile.
    pub(crate) async fn fetch_update(&self) -> Result<UpdateState> {
        let Ok(_turn) = self.0.updates.turn.try_lock() else {
            return Ok(self.update_state());
        };
        let found = hold(&self.0.updates.known).found.clone();
        let update = found.ok_or_else(no_update)?;
        self.set_update(|known| {
            known.attempt();
            known.stage = UpdateStage::Fetching;
            known.fetched = 0;
            known.problem = None;
        });
        let folder = self.0.options.home.join(FOLDER);
        let told = AtomicU64::new(0);
        let progress = |bytes: u64| {
            hold(&self.0.updates.known).fetched = bytes;
            if bytes >= told.load(Ordering::Relaxed) + TOLD_EVERY {
                told.store(bytes, Ordering::Relaxed);
                self.tell_update();
            }
        };
        let fetched = async {
            let client = self.client().await?;
            Ok(client.fetch_update(&update, &folder, progress).await?)
        };
        match self.until_closed(fetched).await {
            Ok(file) => Ok(self.set_update(|known| known.arrived(file, update.size()))),
            Err(problem) if problem.code == "locked" => {
                self.set_update(|known| known.stage = UpdateStage::Available);
                Err(problem)
            }
            Err(problem) => Ok(self.set_update(|known| known.fail(problem))),
        }
    }

    /// Installs the package that was fetched, once it was looked at again.
    ///
    /// # Errors
    /// `no_update` if none is ready.
    pub(crate) async fn install_update(&self) -> Result<UpdateState> {
        let Ok(_turn) = self.0.updates.turn.try_lock() else {
            return Ok(self.update_state());
        };
        let ready = {
            let known = hold(&self.0.updates.known);
            let is_ready = known.stage == UpdateStage::Ready;
            is_ready.then(|| known.found.clone().zip(known.file.clone()))
        };
        let (update, file) = ready.flatten().ok_or_else(no_update)?;
        self.set_update(|known| {
            known.stage = UpdateStage::Installing;
            known.problem = None;
            known.command = None;
        });
        let (looked, path) = (update.clone(), file.clone());
        let whole = tokio::task::spawn_blocking(move || looked.is_whole(&path)).await;
        if !matches!(whole, Ok(true)) {
            return Ok(self.set_update(|known| {
                known.file = None;
                known.fail(changed());
            }));
        }
        let installed = self.0.options.surroundings.install(&file).await;
        Ok(self.set_update(|known| known.installed(installed)))
    }
}
