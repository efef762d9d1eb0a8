//! What the host needs of a window system.

use std::{
    env,
    future::Future,
    path::{Path, PathBuf},
    pin::Pin,
    sync::Arc,
};

use sealwire_desktop_host::{Installing, Platform, Surroundings};
use tauri::{AppHandle, Manager, Wry};
use tauri_plugin_dialog::{DialogExt, FileDialogBuilder};
use tokio::sync::oneshot;

use crate::{app, bus::There, engine, install, window::MAIN};

/// The session's window system.
pub(crate) struct Around {
    app: AppHandle,
    there: Arc<There>,
}

impl Around {
    pub(crate) fn new(app: AppHandle, there: Arc<There>) -> Self {
        Self { app, there }
    }

    /// The system's dialog for files, in front of the window.
    fn dialog(&self) -> FileDialogBuilder<Wry> {
        let dialog = self.app.dialog().file();
        match self.app.get_webview_window(MAIN) {
            Some(window) => dialog.set_parent(&window),
            None => dialog,
        }
    }
}

impl Surroundings for Around {
    fn platform(&self) -> Platform {
        Platform {
            tray: self.there.tray(),
            notifications: self.there.notifications(),
            // WebKitGTK and its compositors have no way.
            content_protection: false,
            native: true,
        }
    }

    fn open_external(&self, address: &str) -> Result<(), String> {
        engine::open(address)
    }

    fn choose_folder(&self, _: &str) -> Pin<Box<dyn Future<Output = Option<PathBuf>> + Send>> {
        let (chosen, choice) = oneshot::channel();
        self.dialog().pick_folder(move |folder| {
            // The call may have ended: the app was locked meanwhile.
            let _ = chosen.send(folder);
        });
        Box::pin(async { choice.await.ok()??.into_path().ok() })
    }

    fn choose_files(&self) -> Pin<Box<dyn Future<Output = Vec<PathBuf>> + Send>> {
        let (chosen, choice) = oneshot::channel();
        self.dialog().pick_files(move |files| {
            let _ = chosen.send(files);
        });
        Box::pin(async {
            let files = choice.await.ok().flatten().unwrap_or_default();
            let paths = files.into_iter().filter_map(|file| file.into_path().ok());
            paths.collect()
        })
    }

    fn release_key(&self) -> Option<Vec<u8>> {
        install::release_key()
    }

    fn install(&self, package: &Path) -> Installing {
        let package = package.to_owned();
        Box::pin(async move { install::install(package, env::var_os("PATH").as_deref()).await })
    }

    fn quit(&self) {
        app::quit(&self.app);
    }
}
