//! What stands in for a window system.

use std::{
    future::Future,
    path::{Path, PathBuf},
    pin::Pin,
};

use sealwire_desktop_host::{Installing, NotInstalled, Platform, Surroundings};
use tokio::sync::watch;

pub(crate) struct Around {
    downloads: Option<PathBuf>,
    release_key: Option<Vec<u8>>,
    quit: watch::Sender<bool>,
}

impl Around {
    pub(crate) fn new(
        downloads: Option<PathBuf>,
        release_key: Option<Vec<u8>>,
        quit: watch::Sender<bool>,
    ) -> Self {
        Self {
            downloads,
            release_key,
            quit,
        }
    }
}

impl Surroundings for Around {
    fn platform(&self) -> Platform {
        Platform {
            tray: false,
            notifications: false,
            content_protection: false,
            native: false,
        }
    }

    fn open_external(&self, _: &str) -> Result<(), String> {
        Err("the bridge opens nothing".into())
    }

    fn choose_folder(&self, _: &str) -> Pin<Box<dyn Future<Output = Option<PathBuf>> + Send>> {
        let folder = self.downloads.clone();
        Box::pin(async { folder })
    }

    fn choose_files(&self) -> Pin<Box<dyn Future<Output = Vec<PathBuf>> + Send>> {
        // A browser has a dialog of its own.
        Box::pin(async { Vec::new() })
    }

    fn release_key(&self) -> Option<Vec<u8>> {
        self.release_key.clone()
    }

    fn install(&self, _: &Path) -> Installing {
        let why = "the bridge installs nothing";
        Box::pin(async move { Err(NotInstalled::Failed(why.into())) })
    }

    fn quit(&self) {
        self.quit.send_replace(true);
    }
}
