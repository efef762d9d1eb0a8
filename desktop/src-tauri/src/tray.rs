//! The icon in the tray and its menu.

use std::path::Path;

use sealwire_desktop_host::Host;
use tauri::{
    AppHandle, Manager, Wry,
    image::Image,
    menu::{Menu, MenuItem, PredefinedMenuItem},
    tray::{TrayIcon, TrayIconBuilder},
};

use crate::{
    app::quit,
    badge,
    window::{self, MAIN},
    words::words,
};

const ICON: Image<'_> = tauri::include_image!("icons/32x32.png");
/// Where the picture lies for whoever draws it, below the app's folder: two apps in one session would
/// write over each other's in the usual place.
const PICTURES: &str = "tray";
/// The largest number that is told; more is `99+`.
const MOST: u64 = 99;

/// The tray's icon.
pub(crate) struct Tray {
    icon: TrayIcon,
    open: MenuItem<Wry>,
    lock: MenuItem<Wry>,
    quit: MenuItem<Wry>,
}

impl Tray {
    /// Puts the icon there.
    ///
    /// # Errors
    /// The desktop refuses.
    pub(crate) fn new(app: &AppHandle, home: &Path, language: &str) -> tauri::Result<Self> {
        let words = words(language);
        let item = |id: &str, text| MenuItem::with_id(app, id, text, true, None::<&str>);
        let (open, lock) = (item("open", words.open)?, item("lock", words.lock)?);
        let quit = item("quit", words.quit)?;
        let line = PredefinedMenuItem::separator(app)?;
        let menu = Menu::with_items(app, &[&open, &lock, &line, &quit])?;
        let icon = TrayIconBuilder::with_id(MAIN)
            .temp_dir_path(home.join(PICTURES))
            .icon(ICON)
            .menu(&menu)
            .on_menu_event(|app, event| chosen(app, event.id().as_ref()))
            .build(app)?;
        Ok(Self {
            icon,
            open,
            lock,
            quit,
        })
    }

    /// Shows how much is unread.
    ///
    /// # Errors
    /// The desktop refuses.
    pub(crate) fn unread(&self, unread: u64) -> tauri::Result<()> {
        let icon = match unread {
            0 => ICON,
            _ => Image::new_owned(
                badge::mark(ICON.rgba(), ICON.width()),
                ICON.width(),
                ICON.height(),
            ),
        };
        self.icon.set_icon(Some(icon))?;
        self.icon.set_title(Some(number(unread)))
    }

    /// Takes the words of another language.
    ///
    /// # Errors
    /// The desktop refuses.
    pub(crate) fn speak(&self, language: &str) -> tauri::Result<()> {
        let words = words(language);
        self.open.set_text(words.open)?;
        self.lock.set_text(words.lock)?;
        self.quit.set_text(words.quit)
    }

    /// Whether there is something to lock.
    ///
    /// # Errors
    /// The desktop refuses.
    pub(crate) fn lockable(&self, open: bool) -> tauri::Result<()> {
        self.lock.set_enabled(open)
    }
}

/// A number beside the icon; nothing for none.
fn number(unread: u64) -> String {
    match unread {
        0 => String::new(),
        1..=MOST => unread.to_string(),
        _ => format!("{MOST}+"),
    }
}

fn chosen(app: &AppHandle, item: &str) {
    match item {
        "open" => window::show(app),
        "lock" => {
            let host = app.state::<Host>().inner().clone();
            tauri::async_runtime::spawn(async move {
                let none = serde_json::json!({});
                if let Err(problem) = host.call(MAIN, "lock", none).await {
                    tracing::warn!(code = problem.code, "the app was not locked");
                }
            });
        }
        "quit" => quit(app),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_stays_short() {
        let cases = [(0, ""), (1, "1"), (99, "99"), (100, "99+")];
        for (unread, text) in cases {
            assert_eq!(number(unread), text);
        }
    }
}
