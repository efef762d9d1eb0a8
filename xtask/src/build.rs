//! Calling cargo: always from the repository's root, always with the same settings, so that
//! nothing is built twice.

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::deps;
use crate::failure::Failure;
use crate::stop;

/// Exactly this: other flags, even equal ones in another spelling, make cargo build all anew.
const LINK_BY_MOLD: &str = "-Clink-arg=-fuse-ld=mold";

/// Where the repository is.
pub(crate) fn root() -> Result<PathBuf, Failure> {
    let own = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    own.as_deref()
        .and_then(Path::parent)
        .filter(|root| root.join("Cargo.lock").exists())
        .map(Path::to_path_buf)
        .ok_or_else(|| {
            Failure::new(
                "cannot tell where the repository is",
                "run this as `cargo xtask …` inside the repository",
            )
        })
}

/// Where cargo builds: `CARGO_TARGET_DIR`, or a folder of the user's cache that all clones share.
pub(crate) fn target_dir() -> Result<PathBuf, Failure> {
    if let Some(dir) = env::var_os("CARGO_TARGET_DIR").filter(|dir| !dir.is_empty()) {
        return std::path::absolute(dir)
            .map_err(|error| Failure::io("cannot use CARGO_TARGET_DIR", &error));
    }
    Ok(cache_dir()?.join("target"))
}

/// The project's folder in the user's cache.
pub(crate) fn cache_dir() -> Result<PathBuf, Failure> {
    xdg("XDG_CACHE_HOME", ".cache")
}

/// The project's folder for the user's data.
pub(crate) fn data_dir() -> Result<PathBuf, Failure> {
    xdg("XDG_DATA_HOME", ".local/share")
}

/// By the XDG Base Directory Specification, relative values are to be ignored.
fn xdg(variable: &str, default: &str) -> Result<PathBuf, Failure> {
    let absolute = |path: &PathBuf| path.is_absolute();
    env::var_os(variable)
        .map(PathBuf::from)
        .filter(absolute)
        .or_else(|| {
            env::home_dir()
                .filter(absolute)
                .map(|home| home.join(default))
        })
        .map(|base| base.join("sealwire"))
        .ok_or_else(|| {
            Failure::new(
                "this user has no home directory",
                format!("set HOME or {variable} to an absolute path"),
            )
        })
}

/// Cargo with the project's settings.
///
/// Without what `cargo run` told this program about its own package: build scripts that look at
/// such variables, as ring's does, would run again each time, and all that depends on them.
pub(crate) fn cargo() -> Result<Command, Failure> {
    let program = env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut command = Command::new(program);
    command
        .current_dir(root()?)
        .env("CARGO_TARGET_DIR", target_dir()?);
    for (name, _) in env::vars_os().filter(|(name, _)| is_about_this_package(name)) {
        command.env_remove(name);
    }
    command.env("RUSTFLAGS", flags());
    Ok(command)
}

/// Flags for the compiler; empty if there are none.
pub(crate) fn flags() -> String {
    if links_by_mold() {
        return LINK_BY_MOLD.to_owned();
    }
    env::var("RUSTFLAGS").unwrap_or_default()
}

/// Whether the linker mold is there, which is used if it is.
pub(crate) fn links_by_mold() -> bool {
    deps::program("mold").is_some()
}

fn is_about_this_package(variable: &OsStr) -> bool {
    variable.to_str().is_some_and(|name| {
        ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_"]
            .iter()
            .any(|prefix| name.starts_with(prefix))
            || ["CARGO_CRATE_NAME", "CARGO_PRIMARY_PACKAGE", "OUT_DIR"].contains(&name)
    })
}

/// Builds the two programs as `cargo build` does; gives the folder that holds them.
pub(crate) fn programs() -> Result<PathBuf, Failure> {
    run(cargo()?.args([
        "build",
        "--package",
        "sealwire",
        "--package",
        "sealwire-relay",
    ]))?;
    Ok(target_dir()?.join("debug"))
}

/// Writes the types of all calls for the desktop app's front end.
pub(crate) fn types() -> Result<(), Failure> {
    run(cargo()?.args([
        "run",
        "--package",
        "sealwire-desktop-host",
        "--features",
        "types",
        "--example",
        "types",
        "desktop/ui/src/lib/api/generated",
    ]))
}

/// Runs cargo and fails as it does.
pub(crate) fn run(command: &mut Command) -> Result<(), Failure> {
    if stop::status(command)?.success() {
        return Ok(());
    }
    let program = Path::new(command.get_program())
        .file_name()
        .unwrap_or_default();
    let words: Vec<_> = std::iter::once(program)
        .chain(command.get_args())
        .map(|word| word.to_string_lossy())
        .collect();
    Err(Failure::new(
        format!("`{}` failed", words.join(" ")),
        "the reason stands above",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_holds_the_workspace() {
        assert!(root().unwrap().join("xtask/Cargo.toml").exists());
    }

    /// Tests run with the same variables as `cargo run` sets.
    #[test]
    fn cargo_is_not_told_about_this_package() {
        let command = cargo().unwrap();
        let removed = |wanted: &str| {
            command
                .get_envs()
                .any(|(name, value)| name == wanted && value.is_none())
        };
        assert!(removed("CARGO_MANIFEST_DIR") && removed("CARGO_PKG_NAME"));
    }

    #[test]
    fn cargo_builds_in_one_place() {
        let command = cargo().unwrap();
        let target = command
            .get_envs()
            .find_map(|(name, value)| (name == "CARGO_TARGET_DIR").then_some(value?));
        assert!(Path::new(target.unwrap()).is_absolute());
    }
}
