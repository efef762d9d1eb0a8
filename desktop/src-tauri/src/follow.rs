//! Brings to the desktop what happens in the host: notifications, the tray's icon, autostart.

use std::{future::pending, time::Duration};

use sealwire_desktop_host::{Host, HostEvent, Own, Phase, Settings};
use serde_json::json;
use tauri::{AppHandle, Manager};
use tauri_plugin_autostart::ManagerExt;
use tokio::{
    sync::broadcast::{Receiver, error::RecvError},
    time::{Instant, sleep_until},
};

use crate::{
    notify::Notifier,
    tray::Tray,
    window::{self, MAIN},
    words::words,
};

/// Counting what is unread waits so long for more to happen.
const CALM: Duration = Duration::from_millis(250);

/// The desktop's parts; those that are missing are done without.
pub(crate) struct Desk {
    pub(crate) app: AppHandle,
    pub(crate) host: Host,
    pub(crate) tray: Option<Tray>,
    pub(crate) notifier: Option<std::sync::Arc<Notifier>>,
}

/// Follows the host until it is gone.
pub(crate) async fn follow(desk: Desk, mut events: Receiver<HostEvent>) {
    let mut settings = desk.host.settings();
    desk.autostart(&settings);
    desk.count().await;
    let mut count_at: Option<Instant> = None;
    loop {
        let count = async {
            match count_at {
                Some(at) => sleep_until(at).await,
                None => pending().await,
            }
        };
        let event = tokio::select! {
            () = count => {
                count_at = None;
                desk.count().await;
                continue;
            }
            event = events.recv() => event,
        };
        count_at = count_at.or(Some(Instant::now() + CALM));
        match event {
            Ok(HostEvent::Host(Own::Settings { settings: now })) => {
                desk.settings(&settings, &now);
                settings = now;
            }
            Ok(HostEvent::Host(Own::State { state })) => desk.phase(state.phase).await,
            Ok(event) => desk.notify(&event).await,
            Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return,
        }
    }
}

/// A refusal of the desktop is nobody's fault, and no reason to stop.
fn told(what: &str, done: tauri::Result<()>) {
    if let Err(error) = done {
        tracing::warn!(%error, "{what}");
    }
}

impl Desk {
    /// Shows how much is unread, and takes away notifications of what was read, here or elsewhere.
    async fn count(&self) {
        let unread = self.host.unread().await;
        if let Some(tray) = &self.tray {
            told("the tray's icon stays", tray.unread(unread));
        }
        if let Some(window) = self.app.get_webview_window(MAIN) {
            let badge = i64::try_from(unread).ok().filter(|unread| *unread > 0);
            told("the launcher's badge stays", window.set_badge_count(badge));
        }
        let Some(notifier) = &self.notifier else {
            return;
        };
        for id in notifier.conversations() {
            let params = json!({ "conversation": id });
            let chat = self.host.call(MAIN, "conversation", params).await;
            if chat.is_ok_and(|chat| chat["unread"] == 0) {
                notifier.clear(Some(&id)).await;
            }
        }
    }

    /// Whoever reads in the window needs no notification.
    async fn notify(&self, event: &HostEvent) {
        let Some(notifier) = &self.notifier else {
            return;
        };
        if window::in_front(&self.app) {
            return;
        }
        let Some(notice) = self.host.notice(event).await else {
            return;
        };
        let words = words(&self.host.settings().language);
        if let Err(error) = notifier.show(notice, words).await {
            tracing::warn!(%error, "a notification was not shown");
        }
    }

    /// What a locked app has told before is taken back.
    async fn phase(&self, phase: Phase) {
        if let Some(tray) = &self.tray {
            told("the tray's menu stays", tray.lockable(phase == Phase::Open));
        }
        if phase != Phase::Open
            && let Some(notifier) = &self.notifier
        {
            notifier.clear(None).await;
        }
    }

    fn settings(&self, before: &Settings, now: &Settings) {
        if before.autostart != now.autostart {
            self.autostart(now);
        }
        if before.language != now.language
            && let Some(tray) = &self.tray
        {
            told("the tray's menu stays", tray.speak(&now.language));
        }
    }

    /// Has the session start the app, or no longer. Written anew at each start: the program may
    /// have moved.
    fn autostart(&self, settings: &Settings) {
        let starter = self.app.autolaunch();
        let done = match settings.autostart {
            true => starter.enable(),
            false => starter.disable(),
        };
        if let Err(error) = done {
            tracing::warn!(%error, "autostart stays as it was");
        }
    }
}
