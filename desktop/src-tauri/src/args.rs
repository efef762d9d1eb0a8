//! The command line.

use std::{
    env,
    path::{Path, PathBuf},
};

use clap::Parser;
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

/// Sealwire, the messenger.
#[derive(Parser, Debug)]
#[command(version)]
pub(crate) struct Args {
    /// The folder of profile and settings.
    #[arg(long, env = "SEALWIRE_HOME", value_name = "DIR")]
    home: Option<PathBuf>,
    /// Start without showing the window.
    #[arg(long)]
    pub(crate) minimised: bool,
    /// A link to open. Nothing follows from it before you have confirmed it in the window.
    #[arg(value_name = "LINK")]
    pub(crate) link: Option<String>,
    /// Profiles that are made open fast, and are as easily guessed: for tests. Not in a release.
    #[cfg(debug_assertions)]
    #[arg(long, hide = true)]
    pub(crate) fast_kdf: bool,
}

impl Args {
    /// The folder of profile and settings, absolute: the one that was named, or the one of the
    /// terminal client.
    ///
    /// # Errors
    /// In words, with what to do.
    pub(crate) fn home(&self) -> Result<PathBuf, String> {
        if let Some(home) = &self.home {
            return std::path::absolute(home)
                .map_err(|error| format!("cannot use {}: {error}", home.display()));
        }
        let set = env::var_os("XDG_DATA_HOME").map(PathBuf::from);
        let home = || env::home_dir().map(|home| home.join(".local/share"));
        set.filter(|path| path.is_absolute())
            .or_else(home)
            .filter(|path| path.is_absolute())
            .map(|base| base.join("sealwire"))
            .ok_or_else(|| {
                "this user has no home directory; name one with --home or SEALWIRE_HOME".into()
            })
    }

    /// What starts the app at the beginning of a session.
    pub(crate) fn at_login(&self) -> Vec<String> {
        let mut words = Vec::new();
        if let (Some(_), Ok(home)) = (&self.home, self.home()) {
            words.extend(["--home".to_owned(), quoted(&home)]);
        }
        words
    }
}

/// As in the `Exec` line of a desktop entry (Desktop Entry Specification).
fn quoted(path: &Path) -> String {
    let mut word = String::from('"');
    for c in path.display().to_string().chars() {
        match c {
            '"' | '`' | '$' => word.extend(['\\', '\\', c]),
            '\\' => word.push_str("\\\\\\\\"),
            '%' => word.push_str("%%"),
            _ => word.push(c),
        }
    }
    word.push('"');
    word
}

/// The name on the session's bus under which the app of this folder is found.
pub(crate) fn bus_name(home: &Path) -> String {
    let digest = Sha256::digest(home.as_os_str().as_encoded_bytes());
    format!("org.sealwire.Desktop.h{}", HEXLOWER.encode(&digest[..8]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        use clap::CommandFactory;
        Args::command().debug_assert();
        let args = Args::parse_from(["sealwire-desktop", "--home", "/a b/c", "sealwire://x"]);
        assert_eq!(args.home().expect("absolute"), Path::new("/a b/c"));
        assert_eq!(args.link.as_deref(), Some("sealwire://x"));
        assert_eq!(args.at_login(), ["--home", "\"/a b/c\""]);
    }

    #[test]
    fn each_folder_has_a_name_of_its_own_on_the_bus() {
        let name = bus_name(Path::new("/one"));
        assert_ne!(name, bus_name(Path::new("/two")));
        assert_eq!(name, bus_name(Path::new("/one")));
        assert!(zbus::names::WellKnownName::try_from(name).is_ok());
    }

    #[test]
    fn a_word_of_a_desktop_entry_stays_one() {
        assert_eq!(quoted(Path::new("/a\"b%")), "\"/a\\\\\"b%%\"");
    }
}
