//! What the profile's key is wrapped with, and changing it.
//!
//! A file beside the profile names the entry of the keychain; without it there is a passphrase.
//! The file is written before the profile is locked by the entry and removed after it is locked by
//! a passphrase: in between, a crash leaves a file that does not fit, and then the passphrase is
//! asked for.

use std::path::PathBuf;

use data_encoding::BASE64URL_NOPAD;
use sealwire_core::{Client, ErrorKind};
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::{
    disk,
    host::{Host, hold},
    keychain,
    life::apart,
    problem::{Problem, Result},
    secret::Secret,
    state::{HostState, LockKind, Phase},
};

const NAME: &str = "keychain";
const LARGEST: u64 = 64;

/// How a profile is to be locked.
#[derive(Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case", tag = "kind", deny_unknown_fields)]
pub(crate) enum NewLock {
    /// By a passphrase of at least 8 characters.
    Passphrase {
        /// The passphrase.
        passphrase: Secret,
    },
    /// By a random passphrase in the system's keychain.
    Keychain {},
}

/// A passphrase that was made, and where it lies.
pub(crate) struct Entry {
    name: String,
    pub(crate) passphrase: Zeroizing<String>,
}

fn random<const N: usize>() -> Zeroizing<String> {
    let bytes = Zeroizing::new(rand::random::<[u8; N]>());
    Zeroizing::new(BASE64URL_NOPAD.encode(&*bytes))
}

pub(crate) fn refused(why: String) -> Problem {
    Problem::new(
        ErrorKind::Io,
        "no_keychain",
        why,
        "unlock the system's keychain, or use a passphrase instead",
    )
}

pub(crate) fn passphrase_needed() -> Problem {
    Problem::new(
        ErrorKind::Locked,
        "passphrase_needed",
        "this profile is locked by a passphrase",
        "type it",
    )
}

impl Host {
    fn entry_file(&self) -> PathBuf {
        self.0.options.home.join(NAME)
    }

    fn entry_name(&self) -> Option<String> {
        let name = disk::read(&self.entry_file(), LARGEST).ok()??;
        String::from_utf8(name).ok()
    }

    /// How the profile is locked, if there is one; not if only its receipt for the relay is left.
    pub(crate) fn lock_kind(&self) -> Option<LockKind> {
        if self.phase() == Phase::Empty || Client::is_leaving(&self.profile_dir()) {
            return None;
        }
        Some(match self.entry_name() {
            Some(_) => LockKind::Keychain,
            None => LockKind::Passphrase,
        })
    }

    /// The passphrase in the keychain.
    pub(crate) async fn kept_passphrase(&self) -> Result<Zeroizing<String>> {
        let missing = || refused("the key of this profile is not in the keychain".into());
        let name = self.entry_name().ok_or_else(missing)?;
        let load = move |keychain: &dyn keychain::Keychain| keychain.load(&name);
        let found = keychain::ask(&self.0.options.keychain, load).await;
        found.map_err(refused)?.ok_or_else(missing)
    }

    /// Makes a passphrase, puts it into the keychain and notes where.
    pub(crate) async fn make_entry(&self) -> Result<Entry> {
        if !self.keychain_answers().await {
            return Err(refused("the system has no keychain that answers".into()));
        }
        let entry = Entry {
            name: format!("profile-{}", *random::<9>()),
            passphrase: random::<32>(),
        };
        let (name, secret) = (entry.name.clone(), entry.passphrase.clone());
        let store = move |keychain: &dyn keychain::Keychain| keychain.store(&name, &secret);
        keychain::ask(&self.0.options.keychain, store)
            .await
            .map_err(refused)?;
        disk::write(&self.entry_file(), entry.name.as_bytes())?;
        Ok(entry)
    }

    /// Forgets the entry of the keychain, and that there was one.
    pub(crate) async fn forget_entry(&self) -> Result<()> {
        let Some(name) = self.entry_name() else {
            return Ok(());
        };
        disk::remove(&self.entry_file())?;
        if self.keychain_is_silent() {
            // Nobody is kept waiting for it.
            tracing::warn!("the keychain does not answer; the old entry may stay there");
            return Ok(());
        }
        let remove = move |keychain: &dyn keychain::Keychain| keychain.remove(&name);
        if let Err(why) = keychain::ask(&self.0.options.keychain, remove).await {
            // It opens nothing any more.
            tracing::warn!(why, "the old entry stays in the keychain");
        }
        Ok(())
    }

    /// Locks the profile with something else. If the old passphrase is wrong, the app is locked:
    /// somebody else may sit there.
    pub(crate) async fn change_lock(&self, old: Option<Secret>, new: NewLock) -> Result<HostState> {
        let turn = self.0.turn.lock().await;
        if matches!(self.phase(), Phase::Empty | Phase::Damaged | Phase::Opening) {
            return Err(Problem::locked());
        }
        let was = self.lock_kind();
        let old = match old {
            Some(old) => old.0,
            None => self.kept_passphrase().await?,
        };
        let new = match new {
            NewLock::Passphrase { passphrase } => Some(passphrase.0),
            NewLock::Keychain {} if was == Some(LockKind::Keychain) => {
                drop(turn);
                return Ok(self.state().await);
            }
            NewLock::Keychain {} => None,
        };
        let open = self.phase() == Phase::Open;
        self.close_client().await;
        let changed = self.rewrap(old.clone(), new).await;
        if open {
            let passphrase = match &changed {
                Ok(new) => new.clone(),
                Err(_) => old,
            };
            // Why not is told by the state.
            let opened = self.open_client(passphrase).await;
            changed.and(opened)?;
        } else {
            changed?;
        }
        drop(turn);
        Ok(self.state().await)
    }

    /// Wraps the key anew, by `new` or by a fresh entry of the keychain, and gives what by.
    async fn rewrap(
        &self,
        old: Zeroizing<String>,
        new: Option<Zeroizing<String>>,
    ) -> Result<Zeroizing<String>> {
        let by_keychain = new.is_none();
        let new = match new {
            Some(new) => new,
            None => self.make_entry().await?.passphrase,
        };
        let (dir, kdf) = (self.profile_dir(), self.0.options.kdf);
        let wrapped = new.clone();
        let changed =
            apart(move || async move { Client::change_passphrase(&dir, &old, &wrapped, kdf) });
        match changed.await {
            Ok(()) if by_keychain => Ok(new),
            Ok(()) => {
                self.forget_entry().await?;
                Ok(new)
            }
            Err(error) => {
                if by_keychain {
                    self.forget_entry().await?;
                }
                Err(error)
            }
        }
    }

    /// The person is there.
    pub(crate) fn touch(&self) {
        *hold(&self.0.active) = std::time::Instant::now();
    }
}
