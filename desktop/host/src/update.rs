//! Updates of the app: looked for once a day, fetched when there is one, and installed when the person says so.

mod state;

use std::{
    path::PathBuf,
    sync::{
        Mutex, Weak,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use sealwire_core::{
    ErrorKind,
    update::{Installed, Update, signer_of},
};

pub use self::state::{UpdateInfo, UpdateStage, UpdateState};
use crate::{
    event::Own,
    host::{Host, Inner, hold},
    problem::{Problem, Result},
    state::Phase,
    surroundings::NotInstalled,
};

/// Where packages lie, beside the profiles.
const FOLDER: &str = "updates";
/// Bytes between two events while a package comes.
const TOLD_EVERY: u64 = 2 * 1024 * 1024;

/// What is known of updates.
#[derive(Default)]
pub(crate) struct Updates {
    /// Held by whoever looks, fetches or installs.
    turn: tokio::sync::Mutex<()>,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    stage: UpdateStage,
    found: Option<Update>,
    /// The package, once it is whole.
    file: Option<PathBuf>,
    fetched: u64,
    problem: Option<Problem>,
    command: Option<String>,
    checked_ms: Option<u64>,
}

/// Looks for updates while the profile is open, once a day.
pub(crate) async fn run(host: Weak<Inner>) {
    let mut least = Duration::ZERO;
    loop {
        let Some(inner) = host.upgrade() else { return };
        let host_now = Host(inner);
        let mut leaving = host_now.0.leaving.subscribe();
        if host_now.phase() != Phase::Open || host_now.installed().is_none() {
            return;
        }
        // It was found, and the app was locked before it was here.
        if host_now.update_state().stage == UpdateStage::Available {
            drop(host_now.fetch_update().await);
        }
        let wait = host_now.until_due().max(least);
        least = host_now.0.options.minute;
        drop(host_now);
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            _ = leaving.changed() => return,
        }
        let Some(inner) = host.upgrade() else { return };
        let host_now = Host(inner);
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

    /// How long until the next look.
    fn until_due(&self) -> Duration {
        let day = self.0.options.minute * 24 * 60;
        let Some(checked_ms) = hold(&self.0.updates.known).checked_ms else {
            return Duration::ZERO;
        };
        let since = Duration::from_millis(now_ms().saturating_sub(checked_ms));
        day.saturating_sub(since)
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
        self.tell_update()
    }

    /// Asks the relay. What it offers out of order, and why it could not be asked, is told by the state.
    ///
    /// # Errors
    /// `no_release_key`, `locked`.
    pub(crate) async fn check_update(&self) -> Result<UpdateState> {
        let installed = self.installed().ok_or_else(impossible)?;
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
            Ok(file) => Ok(self.set_update(|known| {
                known.stage = UpdateStage::Ready;
                known.fetched = update.size();
                known.file = Some(file);
            })),
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
        Ok(self.set_update(|known| match installed {
            Ok(()) => known.stage = UpdateStage::Installed,
            // It stays ready: they may try again.
            Err(NotInstalled::ByHand(command)) => {
                known.stage = UpdateStage::Ready;
                known.command = Some(command);
                known.problem = Some(by_hand());
            }
            Err(NotInstalled::Failed(why)) => {
                known.stage = UpdateStage::Ready;
                known.problem = Some(not_installed(&why));
            }
        }))
    }
}

impl Known {
    /// What the relay was found to offer.
    fn take(&mut self, found: Result<Option<Update>>) {
        self.checked_ms = Some(now_ms());
        match found {
            // It waits for its start, whatever the relay says.
            _ if self.stage == UpdateStage::Installed => {}
            Ok(found) if found.is_some() && found == self.found && self.file.is_some() => {
                self.stage = UpdateStage::Ready;
                self.problem = None;
            }
            Ok(found) => {
                self.stage = match found {
                    Some(_) => UpdateStage::Available,
                    None => UpdateStage::None,
                };
                self.found = found;
                self.file = None;
                self.problem = None;
                self.command = None;
            }
            // The relay is out of reach: what was found before still holds.
            Err(problem) if self.file.is_some() && problem.kind == "io" => {}
            Err(problem) => {
                self.found = None;
                self.file = None;
                self.fail(problem);
            }
        }
    }

    fn fail(&mut self, problem: Problem) {
        self.stage = UpdateStage::Failed;
        self.problem = Some(problem);
    }
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(0))
}

fn impossible() -> Problem {
    Problem::usage(
        "no_release_key",
        "this app was built without updates",
        "install a package that was made with a release key",
    )
}

fn no_update() -> Problem {
    Problem::usage(
        "no_update",
        "there is no update that could be taken",
        "check for updates first",
    )
}

fn changed() -> Problem {
    Problem::new(
        ErrorKind::Untrusted,
        "update_damaged",
        "the package has changed since it was fetched",
        "nothing was installed; check for updates again",
    )
}

fn by_hand() -> Problem {
    Problem::new(
        ErrorKind::Usage,
        "update_by_hand",
        "this system has no way to ask for an administrator's leave",
        "run the command that is shown",
    )
}

fn not_installed(why: &str) -> Problem {
    Problem::new(
        ErrorKind::Io,
        "update_not_installed",
        format!("the update was not installed: {why}"),
        "try again",
    )
}
