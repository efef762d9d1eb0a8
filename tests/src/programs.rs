//! Where the programs under test are.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

/// The relay's program. Built once if it is not there.
///
/// # Panics
/// If it cannot be built.
pub fn relay() -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT
        .get_or_init(|| find_or_build("sealwire-relay", &["-p", "sealwire-relay"]))
        .clone()
}

/// The program that hosts many members.
///
/// # Panics
/// If it cannot be built.
pub fn swarm() -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT
        .get_or_init(|| {
            find_or_build(
                "sealwire-swarm",
                &["-p", "sealwire-tests", "--bin", "sealwire-swarm"],
            )
        })
        .clone()
}

/// The auditors' and witnesses' program.
///
/// # Panics
/// If it cannot be built.
pub fn audit() -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT
        .get_or_init(|| find_or_build("sealwire-audit", &["-p", "sealwire-audit"]))
        .clone()
}

/// The terminal client.
///
/// # Panics
/// If it cannot be built.
pub fn client() -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT
        .get_or_init(|| find_or_build("sealwire", &["-p", "sealwire"]))
        .clone()
}

/// Programs lie in the target directory, tests one below it.
fn find_or_build(name: &str, build: &[&str]) -> PathBuf {
    let test = std::env::current_exe().expect("the path of this test");
    let deps = test.parent().expect("the directory of this test");
    let target = if deps.ends_with("deps") {
        deps.parent().expect("the target directory")
    } else {
        deps
    };
    let program = target.join(name);
    if program.exists() {
        return program;
    }
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .arg("build")
        .args(build)
        .current_dir(env!("CARGO_MANIFEST_DIR"));
    if target.ends_with("release") {
        cargo.arg("--release");
    }
    let status = cargo.status().expect("cargo runs");
    assert!(
        status.success() && program.exists(),
        "{name} is not beside the tests and could not be built: `cargo build {}`",
        build.join(" ")
    );
    program
}
