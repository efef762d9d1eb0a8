//! The desktop's front end: its packages from the lock file, its checks, its build.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use crate::build;
use crate::deps;
use crate::failure::Failure;

/// Tells the front end's end-to-end tests where the built programs are.
pub(crate) const PROGRAMS: &str = "SEALWIRE_PROGRAMS";

/// The front end and what runs it.
pub(crate) struct Front {
    folder: PathBuf,
    /// Holds `node` and `npm`, if those on `PATH` do not do.
    node: Option<PathBuf>,
}

impl Front {
    /// Installs what its lock file names, nothing else, and without running what packages bring
    /// along to be run.
    pub(crate) fn install() -> Result<Self, Failure> {
        let front = Self {
            folder: build::root()?.join("desktop").join("ui"),
            node: deps::node()?,
        };
        build::run(front.npm()?.args([
            "ci",
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
            "--loglevel=error",
        ]))?;
        Ok(front)
    }

    /// One of the scripts of its `package.json`.
    pub(crate) fn script(&self, name: &str) -> Result<Command, Failure> {
        let mut npm = self.npm()?;
        npm.args(["run", "--silent", name]);
        Ok(npm)
    }

    fn npm(&self) -> Result<Command, Failure> {
        let program = self
            .node
            .as_ref()
            .map_or_else(|| PathBuf::from("npm"), |folder| folder.join("npm"));
        let mut command = Command::new(program);
        command
            .current_dir(&self.folder)
            .env(PROGRAMS, build::target_dir()?.join("debug"));
        if let Some(folder) = &self.node {
            let path = env::var_os("PATH").unwrap_or_default();
            let all = std::iter::once(folder.clone()).chain(env::split_paths(&path));
            let path = env::join_paths(all).map_err(|error| {
                Failure::new(format!("PATH cannot be used: {error}"), "mend it")
            })?;
            command.env("PATH", path);
        }
        Ok(command)
    }
}
