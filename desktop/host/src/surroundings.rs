//! What the program around the host does for it.

use std::{future::Future, path::PathBuf, pin::Pin};

use crate::state::Platform;

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

    /// Ends the program.
    fn quit(&self);
}
