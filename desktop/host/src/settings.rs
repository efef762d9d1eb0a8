//! What the person set, in one JSON file.

use std::path::{Path, PathBuf};

use sealwire_core::ErrorKind;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    disk,
    problem::{Problem, Result},
};

const NAME: &str = "desktop.json";
/// Largest settings file in bytes that is read.
const LARGEST: u64 = 1024 * 1024;

macro_rules! choices {
    ($($(#[doc = $doc:literal])* $name:ident { $($(#[doc = $why:literal])* $choice:ident),* $(,)? })*) => {
        $(
            $(#[doc = $doc])*
            #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
            #[cfg_attr(feature = "types", derive(ts_rs::TS))]
            #[serde(rename_all = "snake_case")]
            pub enum $name { $($(#[doc = $why])* $choice),* }
        )*
    };
}

choices! {
    /// Colours.
    Theme {
        /// As the system has it.
        System,
        /// Dark on light.
        Light,
        /// Light on dark.
        Dark,
    }
    /// How far colours stand apart.
    Contrast {
        /// As the system has it.
        System,
        /// Further.
        More,
    }
    /// Room between things.
    Density {
        /// More.
        Comfortable,
        /// Less.
        Compact,
    }
    /// What a notification shows.
    NotificationContent {
        /// That there is something.
        None,
        /// Who wrote, and where.
        Name,
        /// The message too.
        Full,
    }
}

/// Makes the settings and, of the same fields, what changes some of them.
macro_rules! settings {
    ($($(#[doc = $doc:literal])* $field:ident: $type:ty = $default:expr;)*) => {
        /// What the person set.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[cfg_attr(feature = "types", derive(ts_rs::TS))]
        pub struct Settings { $($(#[doc = $doc])* pub $field: $type),* }

        /// Settings to change; the others stay.
        #[derive(Debug, Clone, Default, Deserialize)]
        #[cfg_attr(feature = "types", derive(ts_rs::TS), ts(optional_fields))]
        #[serde(deny_unknown_fields, default)]
        pub struct SettingsChange { $($(#[doc = $doc])* pub $field: Option<$type>),* }

        impl Default for Settings {
            fn default() -> Self {
                Self { $($field: $default),* }
            }
        }

        impl Settings {
            fn with(mut self, change: SettingsChange) -> Self {
                $(if let Some(value) = change.$field { self.$field = value; })*
                self
            }
        }
    };
}

settings! {
    /// Colours.
    theme: Theme = Theme::System;
    /// How far colours stand apart.
    contrast: Contrast = Contrast::System;
    /// Room between things.
    density: Density = Density::Comfortable;
    /// `system`, or a language tag (BCP 47).
    language: String = "system".into();
    /// Size of everything in per cent, 80 to 200.
    zoom: u16 = 100;
    /// What a notification shows.
    notifications: NotificationContent = NotificationContent::Name;
    /// Enter sends; else it makes a new line.
    enter_sends: bool = true;
    /// Minutes without the person after which the app locks; 0 for never.
    lock_after_min: u32 = 15;
    /// Closing the window keeps the app running.
    close_to_tray: bool = true;
    /// The app starts without its window.
    start_minimised: bool = false;
    /// The app starts with the session.
    autostart: bool = false;
    /// Seconds for which a message can be taken back: 0, 5 or 10.
    undo_send_s: u8 = 0;
    /// Mark words that are spelt wrongly.
    spellcheck: bool = true;
    /// Always off: nothing is loaded from elsewhere.
    link_previews: bool = false;
}

impl Settings {
    fn check(&self) -> Result<()> {
        let wrong = |what: &str, hint: &str| {
            Err(Problem::usage(
                "bad_setting",
                format!("{what} cannot be so"),
                hint,
            ))
        };
        if !(80..=200).contains(&self.zoom) {
            return wrong("the size", "choose 80 to 200 per cent");
        }
        if ![0, 5, 10].contains(&self.undo_send_s) {
            return wrong("the time to take back", "choose 0, 5 or 10 seconds");
        }
        if self.lock_after_min > 24 * 60 {
            return wrong(
                "the time to the lock",
                "choose at most a day, or 0 for never",
            );
        }
        if self.link_previews {
            return wrong(
                "previews of links",
                "they are not offered: they load from elsewhere",
            );
        }
        let tag = |c: char| c.is_ascii_alphanumeric() || c == '-';
        let language = &self.language;
        if language.len() < 2 || language.len() > 35 || !language.chars().all(tag) {
            return wrong("the language", "choose `system` or a tag like `de`");
        }
        Ok(())
    }
}

/// The settings and the file that keeps them.
pub(crate) struct SettingsFile {
    path: PathBuf,
    /// The whole file: a newer version may have fields that this one does not know.
    raw: Map<String, Value>,
    now: Settings,
    /// What was found wrong at the start.
    pub(crate) problem: Option<Problem>,
}

impl SettingsFile {
    /// Reads the settings in the folder `home`. A file that is none is set aside.
    pub(crate) fn open(home: &Path) -> Result<Self> {
        let path = home.join(NAME);
        let mut file = Self {
            raw: Map::new(),
            now: Settings::default(),
            problem: None,
            path,
        };
        let Some(bytes) = disk::read(&file.path, LARGEST)? else {
            return Ok(file);
        };
        match serde_json::from_slice(&bytes) {
            Ok(Value::Object(raw)) => file.take(raw),
            _ => file.set_aside()?,
        }
        Ok(file)
    }

    /// Takes every field that is as it has to be.
    fn take(&mut self, raw: Map<String, Value>) {
        let mut known = match serde_json::to_value(&self.now) {
            Ok(Value::Object(known)) => known,
            _ => Map::new(),
        };
        let mut wrong = Vec::new();
        for name in known.keys().cloned().collect::<Vec<_>>() {
            let Some(value) = raw.get(&name) else {
                continue;
            };
            let before = known.insert(name.clone(), value.clone());
            match serde_json::from_value::<Settings>(Value::Object(known.clone())) {
                Ok(settings) if settings.check().is_ok() => self.now = settings,
                _ => {
                    known.insert(name.clone(), before.unwrap_or_default());
                    wrong.push(name);
                }
            }
        }
        self.raw = raw;
        if !wrong.is_empty() {
            self.problem = Some(Problem::usage(
                "settings_damaged",
                format!("these settings could not be read: {}", wrong.join(", ")),
                "they are as at the beginning; set them again",
            ));
        }
    }

    fn set_aside(&mut self) -> Result<()> {
        let aside = (0..1_000)
            .map(|number| self.path.with_extension(format!("json.damaged-{number}")))
            .find(|aside| !aside.exists())
            .ok_or_else(|| Problem::internal("too many damaged settings"))?;
        std::fs::rename(&self.path, &aside)
            .map_err(|error| Problem::disk("rename", &self.path, &error))?;
        self.problem = Some(Problem::new(
            ErrorKind::Io,
            "settings_damaged",
            format!(
                "the settings could not be read; the file is now {}",
                aside.display()
            ),
            "set what you want again; nothing else was lost",
        ));
        Ok(())
    }

    pub(crate) const fn now(&self) -> &Settings {
        &self.now
    }

    /// Changes some settings and keeps them.
    pub(crate) fn change(&mut self, change: SettingsChange) -> Result<Settings> {
        let next = self.now.clone().with(change);
        next.check()?;
        let Ok(Value::Object(fields)) = serde_json::to_value(&next) else {
            return Err(Problem::internal("settings are an object"));
        };
        let mut raw = self.raw.clone();
        raw.extend(fields);
        let text = serde_json::to_vec_pretty(&raw).map_err(Problem::internal)?;
        disk::write(&self.path, &text)?;
        self.raw = raw;
        self.now = next.clone();
        self.problem = None;
        Ok(next)
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::MetadataExt};

    use super::*;

    fn home() -> tempfile::TempDir {
        tempfile::tempdir().expect("a folder")
    }

    #[test]
    fn what_is_set_is_kept_with_what_is_not_known() {
        let home = home();
        let path = home.path().join(NAME);
        fs::write(&path, r#"{"theme":"dark","later":{"a":1},"zoom":7}"#).expect("written");
        let mut file = SettingsFile::open(home.path()).expect("read");
        assert_eq!(file.now().theme, Theme::Dark);
        assert_eq!(file.now().zoom, 100, "not of any size");
        assert_eq!(
            file.problem.as_ref().expect("told").code,
            "settings_damaged"
        );
        let change = SettingsChange {
            zoom: Some(150),
            ..SettingsChange::default()
        };
        file.change(change).expect("changed");
        let text = fs::read_to_string(&path).expect("there");
        assert!(text.contains("\"later\""), "{text}");
        assert_eq!(fs::metadata(&path).expect("there").mode() & 0o777, 0o600);
        let again = SettingsFile::open(home.path()).expect("read");
        assert_eq!((again.now().zoom, again.now().theme), (150, Theme::Dark));
    }

    #[test]
    fn a_damaged_file_is_set_aside() {
        let home = home();
        fs::write(home.path().join(NAME), b"{\"theme\":").expect("written");
        let file = SettingsFile::open(home.path()).expect("read");
        assert_eq!(file.now(), &Settings::default());
        assert!(file.problem.expect("told").message.contains("damaged-0"));
        let aside = fs::read(home.path().join("desktop.json.damaged-0"));
        assert_eq!(aside.expect("kept"), b"{\"theme\":");
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let home = home();
        let mut file = SettingsFile::open(home.path()).expect("none yet");
        for wrong in [
            r#"{"zoom":79}"#,
            r#"{"zoom":201}"#,
            r#"{"undo_send_s":7}"#,
            r#"{"link_previews":true}"#,
            r#"{"language":"<b>"}"#,
            r#"{"lock_after_min":1441}"#,
        ] {
            let change = serde_json::from_str(wrong).expect("its form is right");
            let problem = file.change(change).expect_err(wrong);
            assert_eq!(problem.code, "bad_setting");
        }
        assert!(serde_json::from_str::<SettingsChange>(r#"{"colour":1}"#).is_err());
    }
}
