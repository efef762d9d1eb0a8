//! What the program around the host does for it.

use std::{
    future::Future,
    path::{Path, PathBuf},
    pin::Pin,
};

use crate::state::Platform;

/// Why a package was not installed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotInstalled {
    /// Leave could not be had: the person has to run this command.
    ByHand(String),
    /// The package is there without what it needs: the person has to run this command.
    Unfinished(String),
    /// They would not, or it failed; in words.
    Failed(String),
}

/// What installs a package, while it does.
pub type Installing = Pin<Box<dyn Future<Output = Result<(), NotInstalled>> + Send>>;

/// A window system, or what stands in for one.
pub trait Surroundings: Send + Sync {
    /// What there is.
    fn platform(&self) -> Platform;

    /// Shows an address outside of the app. It was checked: `https`, `http` or `mailto`.
    ///
    /// # Errors
    /// Why not, in words.
    fn open_external(&self, address: &str) -> Result<(), String>;

    /// Asks the person into which folder to save a file of this name; `None` if they would not.
    fn choose_folder(&self, name: &str) -> Pin<Box<dyn Future<Output = Option<PathBuf>> + Send>>;

    /// Asks the person which files to send; none if they would not.
    fn choose_files(&self) -> Pin<Box<dyn Future<Output = Vec<PathBuf>> + Send>>;

    /// The public key whose updates the program takes, PEM; `None` if it takes none. Only what nobody but the
    /// system's administrator could have put there counts.
    fn release_key(&self) -> Option<Vec<u8>>;

    /// Installs a package, which was checked, after the system has asked for leave. A later version that is
    /// there already stays, which is no failure.
    fn install(&self, package: &Path) -> Installing;

    /// Ends the program.
    fn quit(&self);
}
