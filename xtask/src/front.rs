//! The desktop's front end: its packages from the lock file, its checks, its build.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::build;
use crate::deps;
use crate::failure::Failure;
use crate::npm;

/// Tells the front end's end-to-end tests where the built programs are.
pub(crate) const PROGRAMS: &str = "SEALWIRE_PROGRAMS";

/// Tells the tests and the benchmark of the desktop app where it is installed.
pub(crate) const APP: &str = "SEALWIRE_APP";

/// The front end and what runs it.
pub(crate) struct Front {
    folder: PathBuf,
    /// Holds `node` and `npm`.
    node: PathBuf,
}

impl Front {
    /// Installs what its lock file names.
    pub(crate) fn install() -> Result<Self, Failure> {
        Self::install_in(&build::root()?)
    }

    /// As [`Front::install`], in a copy of the repository.
    pub(crate) fn install_in(root: &Path) -> Result<Self, Failure> {
        let front = Self {
            folder: root.join("desktop").join("ui"),
            node: deps::node()?,
        };
        npm::install(&mut front.npm()?)?;
        Ok(front)
    }

    /// One of the scripts of its `package.json`.
    pub(crate) fn script(&self, name: &str) -> Result<Command, Failure> {
        let mut npm = self.npm()?;
        npm.args(["run", "--silent", name]);
        Ok(npm)
    }

    fn npm(&self) -> Result<Command, Failure> {
        let mut command = npm::npm(&self.node, &self.folder)?;
        command.env(PROGRAMS, build::target_dir()?.join("debug"));
        Ok(command)
    }
}

/// Draws every screen, with the programs of this tree behind them.
pub(crate) fn screenshots() -> Result<(), Failure> {
    let front = Front::install()?;
    build::run(build::cargo()?.args([
        "build",
        "--package",
        "sealwire-relay",
        "--package",
        "sealwire-desktop-bridge",
    ]))?;
    build::run(&mut front.script("screenshots")?)
}
