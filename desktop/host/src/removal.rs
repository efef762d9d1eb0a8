//! Taking an account off this device.

use sealwire_core::{Client, ErrorKind};
use zeroize::Zeroizing;

use crate::{
    host::Host,
    life::apart,
    problem::{Problem, Result},
    secret::Secret,
    state::{HostState, LockKind, Phase},
};

impl Host {
    /// Whether the relay has said that this account was erased.
    pub(crate) fn is_erased(&self) -> bool {
        Client::is_erased(&self.profile_dir())
    }

    /// Removes the profile with its keys and its history. Of an account that was erased, the relay gets this
    /// device's receipt; `passphrase` is needed for that if the profile is locked by one. If it is wrong, the
    /// app is locked.
    pub(crate) async fn remove_account(&self, passphrase: Option<Secret>) -> Result<HostState> {
        let turn = self.0.turn.lock().await;
        if matches!(self.phase(), Phase::Empty | Phase::Opening) {
            return Err(Problem::new(
                ErrorKind::Usage,
                "no_profile",
                "there is no account on this device",
                "join with the invitation you were given",
            ));
        }
        let (dir, erased) = (self.profile_dir(), self.is_erased());
        let passphrase = match passphrase {
            Some(passphrase) => passphrase.0,
            None if erased && self.lock_kind() == Some(LockKind::Keychain) => {
                self.kept_passphrase().await?
            }
            None => Zeroizing::default(),
        };
        self.close_client().await;
        let options = self.0.options.client.clone();
        let removed = apart(move || async move {
            match erased {
                true => {
                    let done = Client::remove_erased(&dir, || Ok(passphrase), &options).await;
                    done.map(drop)
                }
                false => Client::remove(&dir),
            }
        });
        let removed = removed.await;
        self.settle();
        if self.phase() == Phase::Empty {
            self.forget_entry().await?;
        }
        drop(turn);
        let state = self.state().await;
        self.tell_state().await;
        removed.map(|()| state)
    }
}
