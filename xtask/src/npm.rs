//! npm, and what it installs beside the front end: Sigstore's own check of evidence.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::build;
use crate::deps;
use crate::failure::Failure;

/// What others wrote to check evidence, and the JavaScript that runs it.
pub(crate) struct Sigstore {
    /// The folder with `node_modules`.
    pub(crate) modules: PathBuf,
    /// The program `node`.
    pub(crate) node: PathBuf,
}

/// npm in a folder, with the Node.js in `node`.
pub(crate) fn npm(node: &Path, folder: &Path) -> Result<Command, Failure> {
    let path = env::var_os("PATH").unwrap_or_default();
    let all = std::iter::once(node.to_path_buf()).chain(env::split_paths(&path));
    let path = env::join_paths(all)
        .map_err(|error| Failure::new(format!("PATH cannot be used: {error}"), "mend it"))?;
    let mut command = Command::new(node.join("npm"));
    command.current_dir(folder).env("PATH", path);
    Ok(command)
}

/// Installs what the lock file in the folder names, nothing else, and without running what packages
/// bring along to be run.
pub(crate) fn install(npm: &mut Command) -> Result<(), Failure> {
    build::run(npm.args([
        "ci",
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        "--loglevel=error",
    ]))
}

/// Sigstore's verifier of bundles, installed beside the build output if it is not there.
pub(crate) fn sigstore() -> Result<Sigstore, Failure> {
    const LISTS: [&str; 2] = ["package.json", "package-lock.json"];
    let node = deps::node()?;
    let from = build::root()?.join("tests/outsiders");
    let modules = build::cache_dir()?.join("tools/sigstore");
    // Written last, so that what broke off is begun anew.
    let mark = modules.join("installed");
    let failed = |error| Failure::io("cannot install Sigstore's check of evidence", &error);
    let wanted = std::fs::read(from.join(LISTS[1])).map_err(failed)?;
    if !std::fs::read(&mark).is_ok_and(|there| there == wanted) {
        println!("Installing with npm: @sigstore/verify, to check bundles (some seconds, once)");
        std::fs::create_dir_all(&modules).map_err(failed)?;
        for list in LISTS {
            std::fs::copy(from.join(list), modules.join(list)).map_err(failed)?;
        }
        install(&mut npm(&node, &modules)?)?;
        std::fs::write(&mark, wanted).map_err(failed)?;
    }
    Ok(Sigstore {
        modules,
        node: node.join("node"),
    })
}
