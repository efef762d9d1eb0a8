//! The system's keychain: where a random passphrase lies for those who want to type none.

use std::{sync::Arc, time::Duration};

use tokio::sync::{oneshot, watch};
use zeroize::Zeroizing;

/// Longest wait for a keychain to say whether it is there.
pub(crate) const PROBE: Duration = Duration::from_millis(900);
/// Longest wait for an answer; the person may be asked to unlock it.
const ANSWER: Duration = Duration::from_secs(120);
const SERVICE: &str = "sealwire";

/// A keychain did not do what it was asked, and why, without the secret.
pub type KeychainError = String;

/// Keeps secrets by name. Its methods may block.
pub trait Keychain: Send + Sync {
    /// Whether it answers.
    fn available(&self) -> bool;

    /// Keeps a secret.
    ///
    /// # Errors
    /// In words.
    fn store(&self, name: &str, secret: &str) -> Result<(), KeychainError>;

    /// Gives a secret; `None` if there is none of this name.
    ///
    /// # Errors
    /// In words.
    fn load(&self, name: &str) -> Result<Option<Zeroizing<String>>, KeychainError>;

    /// Forgets a secret.
    ///
    /// # Errors
    /// In words.
    fn remove(&self, name: &str) -> Result<(), KeychainError>;
}

/// The keychain of the system: Secret Service on Linux.
pub struct SystemKeychain;

impl Keychain for SystemKeychain {
    fn available(&self) -> bool {
        // A service may be there and have no collection to keep anything in.
        entry("probe")
            .and_then(|probe| found(probe.get_password()))
            .is_ok()
    }

    fn store(&self, name: &str, secret: &str) -> Result<(), KeychainError> {
        entry(name)?.set_password(secret).map_err(words)
    }

    fn load(&self, name: &str) -> Result<Option<Zeroizing<String>>, KeychainError> {
        found(entry(name)?.get_password())
    }

    fn remove(&self, name: &str) -> Result<(), KeychainError> {
        match entry(name)?.delete_credential() {
            Ok(()) | Err(keyring::Error::NoEntry) => Ok(()),
            Err(error) => Err(words(error)),
        }
    }
}

fn entry(name: &str) -> Result<keyring::Entry, KeychainError> {
    keyring::Entry::new(SERVICE, name).map_err(words)
}

fn found(answer: keyring::Result<String>) -> Result<Option<Zeroizing<String>>, KeychainError> {
    match answer {
        Ok(secret) => Ok(Some(Zeroizing::new(secret))),
        Err(keyring::Error::NoEntry) => Ok(None),
        Err(error) => Err(words(error)),
    }
}

/// Not every error may be printed: some carry the bytes that were found.
fn words(error: keyring::Error) -> KeychainError {
    match error {
        keyring::Error::NoStorageAccess(_) => "the keychain is locked or refuses".into(),
        keyring::Error::NoDefaultStore => "there is no keychain".into(),
        keyring::Error::PlatformFailure(_) => "the keychain failed".into(),
        keyring::Error::BadEncoding(_) => "the keychain holds something else".into(),
        _ => "the keychain does not work".into(),
    }
}

/// No keychain at all.
pub struct NoKeychain;

impl Keychain for NoKeychain {
    fn available(&self) -> bool {
        false
    }

    fn store(&self, _: &str, _: &str) -> Result<(), KeychainError> {
        Err("there is no keychain".into())
    }

    fn load(&self, _: &str) -> Result<Option<Zeroizing<String>>, KeychainError> {
        Err("there is no keychain".into())
    }

    fn remove(&self, _: &str) -> Result<(), KeychainError> {
        Err("there is no keychain".into())
    }
}

/// Asks a keychain on a thread of its own. A thread that hangs there is left behind: it is none of
/// the runtime's, which would wait for it at the end.
pub(crate) async fn ask<T: Send + 'static>(
    keychain: &Arc<dyn Keychain>,
    work: impl FnOnce(&dyn Keychain) -> Result<T, KeychainError> + Send + 'static,
) -> Result<T, KeychainError> {
    let (told, answer) = oneshot::channel();
    let keychain = Arc::clone(keychain);
    std::thread::spawn(move || {
        // Nobody may wait any more.
        let _ = told.send(work(&*keychain));
    });
    match tokio::time::timeout(ANSWER, answer).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(_)) => Err("the keychain failed".into()),
        Err(_) => Err("the keychain does not answer".into()),
    }
}

/// Begins to find out whether a keychain answers.
pub(crate) fn probe(keychain: &Arc<dyn Keychain>) -> watch::Receiver<Option<bool>> {
    let (told, answer) = watch::channel(None);
    let keychain = Arc::clone(keychain);
    std::thread::spawn(move || told.send(Some(keychain.available())));
    answer
}
