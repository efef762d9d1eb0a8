//! Where profiles are kept.
//!
//! Everything follows the XDG Base Directory Specification, unless `SEALWIRE_HOME` or `--home`
//! names one directory for all of it.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use sealwire_core::{Client, CoreError, ErrorKind, Result};

use crate::exit::usage;

/// Longest name of a profile.
const MAX_NAME: usize = 128;

/// The directories of this user.
#[derive(Debug)]
pub(crate) struct Paths {
    data: PathBuf,
    config: PathBuf,
}

/// A profile on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Profile {
    /// Name of its directory, by default the handle.
    pub(crate) name: String,
    /// Its directory.
    pub(crate) dir: PathBuf,
}

impl Paths {
    /// The directories, all below `home` if that is given.
    pub(crate) fn new(home: Option<&Path>) -> Result<Self> {
        if let Some(home) = home {
            return Ok(Self {
                data: home.into(),
                config: home.into(),
            });
        }
        Ok(Self {
            data: xdg("XDG_DATA_HOME", ".local/share")?,
            config: xdg("XDG_CONFIG_HOME", ".config")?,
        })
    }

    fn profiles_dir(&self) -> PathBuf {
        self.data.join("profiles")
    }

    fn choice_file(&self) -> PathBuf {
        self.config.join("default-account")
    }

    /// All profiles in order of name.
    pub(crate) fn profiles(&self) -> Result<Vec<Profile>> {
        let dir = self.profiles_dir();
        let entries = match fs::read_dir(&dir) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(disk("read", &dir, &error)),
        };
        let mut found: Vec<Profile> = entries
            .filter_map(|entry| {
                let entry = entry.ok()?;
                let profile = Profile {
                    name: entry.file_name().into_string().ok()?,
                    dir: entry.path(),
                };
                Client::exists(&profile.dir).then_some(profile)
            })
            .collect();
        found.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(found)
    }

    /// Where a new profile goes.
    pub(crate) fn new_profile(&self, name: &str) -> Result<Profile> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "._-@".contains(c);
        if name.is_empty()
            || name.len() > MAX_NAME
            || name.starts_with('.')
            || !name.chars().all(allowed)
        {
            return Err(usage(
                "bad_account_name",
                format!("{name:?} cannot be the name of an account on this machine"),
                "use letters, digits, `.`, `_`, `-` and `@`, and begin with none of the dots",
            ));
        }
        Ok(Profile {
            name: name.into(),
            dir: self.profiles_dir().join(name),
        })
    }

    /// The profile to use: the one asked for, the one chosen, or the only one.
    pub(crate) fn select(&self, asked: Option<&str>) -> Result<Profile> {
        let all = self.profiles()?;
        if let Some(name) = asked {
            return find(&all, name);
        }
        if let Some(profile) = self.chosen().and_then(|name| find(&all, &name).ok()) {
            return Ok(profile);
        }
        match <[Profile; 1]>::try_from(all) {
            Ok([only]) => Ok(only),
            Err(all) if all.is_empty() => Err(no_account()),
            Err(all) => Err(usage(
                "which_account",
                format!(
                    "there are several accounts on this machine: {}",
                    names(&all)
                ),
                "name one with --account, or choose one for good with `sealwire account use`",
            )),
        }
    }

    /// Name of the profile that was chosen for good.
    pub(crate) fn chosen(&self) -> Option<String> {
        let text = fs::read_to_string(self.choice_file()).ok()?;
        Some(text.trim().to_owned())
    }

    /// Chooses a profile for good.
    pub(crate) fn choose(&self, profile: &Profile) -> Result<()> {
        let file = self.choice_file();
        fs::create_dir_all(&self.config)
            .and_then(|()| fs::write(&file, format!("{}\n", profile.name)))
            .map_err(|error| disk("write", &file, &error))
    }
}

/// By full name, or by the part before the `@` if only one has it.
fn find(all: &[Profile], name: &str) -> Result<Profile> {
    if let Some(exact) = all.iter().find(|profile| profile.name == name) {
        return Ok(exact.clone());
    }
    let short = |profile: &&Profile| profile.name.split('@').next() == Some(name);
    let matches: Vec<&Profile> = all.iter().filter(short).collect();
    match matches.as_slice() {
        [one] => Ok((*one).clone()),
        [] if all.is_empty() => Err(no_account()),
        [] => Err(CoreError::new(
            ErrorKind::Locked,
            "unknown_account",
            format!("there is no account {name:?} on this machine"),
            format!("there is: {}", names(all)),
        )),
        _ => Err(usage(
            "which_account",
            format!(
                "several accounts on this machine are called {name:?}: {}",
                names(all)
            ),
            "write the whole name",
        )),
    }
}

fn names(profiles: &[Profile]) -> String {
    let names: Vec<&str> = profiles
        .iter()
        .map(|profile| profile.name.as_str())
        .collect();
    names.join(", ")
}

fn no_account() -> CoreError {
    CoreError::new(
        ErrorKind::Locked,
        "no_profile",
        "there is no account on this device yet",
        "join with the invitation you were given: `sealwire account create --name YOU`",
    )
}

/// A directory of the specification; relative values are invalid by it and ignored.
fn xdg(variable: &str, default: &str) -> Result<PathBuf> {
    let set = env::var_os(variable)
        .map(PathBuf::from)
        .filter(|path| path.is_absolute());
    let home = || {
        env::home_dir()
            .filter(|home| home.is_absolute())
            .map(|home| home.join(default))
    };
    set.or_else(home)
        .map(|base| base.join("sealwire"))
        .ok_or_else(|| {
            usage(
                "no_home",
                "this user has no home directory",
                "name a directory with --home or SEALWIRE_HOME",
            )
        })
}

fn disk(what: &str, path: &Path, error: &std::io::Error) -> CoreError {
    CoreError::new(
        ErrorKind::Io,
        "profile_disk",
        format!("cannot {what} {}: {error}", path.display()),
        "check the disk and the permissions of the path, then repeat",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(names: &[&str]) -> (tempfile::TempDir, Paths) {
        let home = tempfile::tempdir().unwrap();
        for name in names {
            let dir = home.path().join("profiles").join(name);
            fs::create_dir_all(&dir).unwrap();
            fs::write(dir.join("profile.db"), "").unwrap();
        }
        let paths = Paths::new(Some(home.path())).unwrap();
        (home, paths)
    }

    #[test]
    fn the_only_profile_is_the_default() {
        let (_home, paths) = with(&["alice@acme"]);
        assert_eq!(paths.select(None).unwrap().name, "alice@acme");
    }

    #[test]
    fn of_several_one_must_be_named_or_chosen() {
        let (_home, paths) = with(&["alice@acme", "bob@acme"]);
        let error = paths.select(None).unwrap_err();
        assert_eq!(error.code, "which_account");
        assert!(error.message.contains("alice@acme, bob@acme"));
        let bob = paths.select(Some("bob")).unwrap();
        assert_eq!(bob.name, "bob@acme");
        paths.choose(&bob).unwrap();
        assert_eq!(paths.select(None).unwrap().name, "bob@acme");
    }

    #[test]
    fn no_profile_says_how_to_get_one() {
        let (_home, paths) = with(&[]);
        let error = paths.select(None).unwrap_err();
        assert_eq!((error.code, error.kind), ("no_profile", ErrorKind::Locked));
        assert_eq!(paths.select(Some("alice")).unwrap_err().code, "no_profile");
    }

    #[test]
    fn a_name_cannot_leave_the_directory() {
        let (_home, paths) = with(&[]);
        for name in ["", "..", "../x", "a/b", ".hidden", "a\u{202e}b"] {
            assert_eq!(
                paths.new_profile(name).unwrap_err().code,
                "bad_account_name",
                "{name:?}"
            );
        }
        assert!(paths.new_profile("alice@acme").is_ok());
    }
}
