//! Taking an account off this device.

use sealwire_core::{Client, ErrorKind};
use zeroize::Zeroizing;

use crate::{
    host::Host,
    life::apart,
    lock::passphrase_needed,
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
    /// device's receipt, unless `unconfirmed`: then it gets none, and no passphrase is asked for. Else `passphrase`
    /// is needed for the receipt if the profile is locked by one; if it is wrong, the app is locked.
    ///
    /// # Errors
    /// `no_profile`; `passphrase_needed` and `no_keychain`, when nothing has happened; those of
    /// [`Client::remove_erased`].
    pub(crate) async fn remove_account(
        &self,
        passphrase: Option<Secret>,
        unconfirmed: bool,
    ) -> Result<HostState> {
        let turn = self.0.turn.lock().await;
        if matches!(self.phase(), Phase::Empty | Phase::Opening) {
            return Err(Problem::new(
                ErrorKind::Usage,
                "no_profile",
                "there is no account on this device",
                "join with the invitation you were given",
            ));
        }
        let (dir, confirmed) = (self.profile_dir(), self.is_erased() && !unconfirmed);
        let passphrase = match passphrase {
            Some(passphrase) => passphrase.0,
            None if confirmed => self.leaving_passphrase().await?,
            None => Zeroizing::default(),
        };
        self.close_client().await;
        let options = self.0.options.client.clone();
        let removed = apart(move || async move {
            match confirmed {
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

    /// What opens the profile so that its receipt can be signed; nothing is needed once it is.
    async fn leaving_passphrase(&self) -> Result<Zeroizing<String>> {
        match self.lock_kind() {
            None => Ok(Zeroizing::default()),
            Some(LockKind::Keychain) => self.kept_passphrase().await,
            Some(LockKind::Passphrase) => Err(passphrase_needed()),
        }
    }
}
