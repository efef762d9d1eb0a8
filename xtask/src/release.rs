//! `cargo xtask release`: builds the programs of the newest commit, says of which parts they are, and has all
//! of it signed with the release key (docs/releases.md).

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;

use crate::args::Release;
use crate::build;
use crate::deb;
use crate::deps;
use crate::failure::Failure;
use crate::front::Front;
use crate::stop;

/// The programs, and the folder of each one's crate.
const PROGRAMS: [(&str, &str); 3] = [
    ("sealwire", "cli"),
    ("sealwire-relay", "server"),
    ("sealwire-audit", "audit"),
];
/// The desktop app, of which a release holds the package, and the folder of its crate.
const DESKTOP: (&str, &str) = (deb::NAME, "desktop/src-tauri");
/// The form of the bills of materials.
const CYCLONEDX: &str = "1.5";
/// What stands in a bill of materials in place of the folder that was built in.
const ANYWHERE: &str = "/sealwire";

/// What is built.
struct Source {
    /// A copy of the commit and of nothing else.
    dir: PathBuf,
    commit: String,
    /// When it was committed, seconds since 1970.
    at: String,
}

/// The compiler.
struct Toolchain {
    name: String,
    target: String,
}

/// Runs the command.
pub(crate) fn run(options: &Release) -> Result<(), Failure> {
    if options.dir.exists() {
        return Err(Failure::new(
            format!("{} is there already", options.dir.display()),
            "name a folder that is not there yet",
        ));
    }
    let key = absolute(&options.key)?;
    deps::packages(&[deps::TO_BUILD, deps::TO_OPEN, deps::FOR_NODE, deps::TO_PACK])?;
    let cyclonedx = deps::cyclonedx()?;
    let started = SystemTime::now().duration_since(UNIX_EPOCH);
    let started = started.map_or(0, |since| since.as_secs());
    let source = source()?;
    let toolchain = toolchain()?;
    let programs = programs(&source)?;
    let unfinished = unfinished(&absolute(&options.dir)?)?;
    let package = package(&source, &key)?;
    let all = PROGRAMS.map(|(name, folder)| (name.to_owned(), programs.join(name), name, folder));
    let (name, folder) = DESKTOP;
    let all = all
        .into_iter()
        .chain([(format!("{name}.deb"), package, name, folder)]);
    for (called, file, name, folder) in all {
        fs::copy(file, unfinished.join(&called))
            .map_err(|error| Failure::io("cannot copy a program", &error))?;
        let bom = bom(&cyclonedx, &source, &toolchain, name, folder)?;
        fs::write(unfinished.join(format!("{called}.cdx.json")), bom)
            .map_err(|error| Failure::io("cannot write a bill of materials", &error))?;
    }
    sign(
        options,
        &key,
        &source,
        &toolchain,
        (&unfinished, &programs),
        started,
    )?;
    fs::rename(&unfinished, &options.dir)
        .map_err(|error| Failure::io("cannot give the release its name", &error))?;
    println!(
        "The release of commit {} is in {}.",
        source.commit,
        options.dir.display()
    );
    Ok(())
}

/// Has all of it signed by the program of the release itself.
fn sign(
    options: &Release,
    key: &Path,
    source: &Source,
    toolchain: &Toolchain,
    (unfinished, programs): (&Path, &Path),
    started: u64,
) -> Result<(), Failure> {
    let mut sign = Command::new(programs.join("sealwire-audit"));
    sign.arg("release").arg(unfinished).arg("--key").arg(key);
    sign.args([
        "--release",
        env!("CARGO_PKG_VERSION"),
        "--commit",
        &source.commit,
    ]);
    if let Some(uri) = &options.source {
        sign.args(["--source", uri]);
    }
    sign.arg("--lock").arg(source.dir.join("Cargo.lock"));
    sign.args([
        "--target",
        &toolchain.target,
        "--toolchain",
        &toolchain.name,
    ]);
    sign.args([
        format!("--flags={}", build::flags()),
        format!("--started={started}"),
    ]);
    build::run(&mut sign)
}

fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    std::path::absolute(path).map_err(|error| Failure::io("cannot use a path", &error))
}

/// A new folder beside the one that is wanted, so that what has its name is whole.
fn unfinished(dir: &Path) -> Result<PathBuf, Failure> {
    let mut name = dir.as_os_str().to_owned();
    name.push(".unfinished");
    let dir = PathBuf::from(name);
    anew(&dir)?;
    Ok(dir)
}

fn anew(dir: &Path) -> Result<(), Failure> {
    if dir.exists() {
        fs::remove_dir_all(dir).map_err(|error| Failure::io("cannot remove a folder", &error))?;
    }
    fs::create_dir_all(dir).map_err(|error| Failure::io("cannot make a folder", &error))
}

/// Takes the newest commit out of git: what is not committed is in no release.
fn source() -> Result<Source, Failure> {
    let git = |words: &[&str]| said(Command::new("git").current_dir(build::root()?).args(words));
    if !git(&["status", "--porcelain"])?.is_empty() {
        println!("There is something that is not committed; it is not in the release.");
    }
    let commit = git(&["rev-parse", "HEAD"])?;
    let at = git(&["show", "--no-patch", "--format=%ct", "HEAD"])?;
    let target = build::target_dir()?;
    let (dir, archive) = (
        target.join("release-source"),
        target.join("release-source.tar"),
    );
    anew(&dir)?;
    let mut export = Command::new("git");
    export
        .current_dir(build::root()?)
        .args(["archive", "--output"]);
    build::run(export.arg(&archive).arg(&commit))?;
    let mut unpack = Command::new("tar");
    build::run(unpack.arg("-xf").arg(&archive).arg("-C").arg(&dir))?;
    fs::remove_file(&archive).map_err(|error| Failure::io("cannot remove a file", &error))?;
    Ok(Source { dir, commit, at })
}

fn toolchain() -> Result<Toolchain, Failure> {
    let rustc = said(Command::new("rustc").current_dir(build::root()?).arg("-vV"))?;
    let target = rustc.lines().find_map(|line| line.strip_prefix("host: "));
    let target = target.ok_or_else(|| {
        Failure::new(
            "rustc does not say for which machines it builds",
            "install Rust by rustup",
        )
    })?;
    Ok(Toolchain {
        target: target.to_owned(),
        name: rustc.lines().next().unwrap_or_default().to_owned(),
    })
}

/// The desktop app's package, with the public half of the release key in it.
fn package(source: &Source, key: &Path) -> Result<PathBuf, Failure> {
    let failed = |error| Failure::io("cannot prepare the package", &error);
    // The app takes it in while it is built.
    build::run(&mut Front::install_in(&source.dir)?.script("build")?)?;
    let folder = build::target_dir()?.join("release-package");
    anew(&folder)?;
    let public = folder.join("release.pub");
    let mut openssl = Command::new("openssl");
    openssl.args(["pkey", "-pubout", "-in"]).arg(key);
    fs::write(&public, said(&mut openssl)? + "\n").map_err(failed)?;
    let parts = deb::Parts {
        root: &source.dir,
        program: &deb::program(&source.dir)?,
        release_key: Some(&public),
    };
    deb::pack(&parts, &folder)
}

/// Builds the programs; gives their folder.
fn programs(source: &Source) -> Result<PathBuf, Failure> {
    println!("Building with optimisation (the first time takes some minutes)…");
    let mut cargo = build::cargo()?;
    cargo.current_dir(&source.dir);
    cargo.args(["build", "--release", "--locked", "--bins"]);
    cargo.args(PROGRAMS.iter().flat_map(|(name, _)| ["--package", name]));
    build::run(&mut cargo)?;
    Ok(build::target_dir()?.join("release"))
}

/// The bill of materials of a program, which says nothing of this machine.
fn bom(
    cyclonedx: &Path,
    source: &Source,
    toolchain: &Toolchain,
    name: &str,
    package: &str,
) -> Result<String, Failure> {
    let mut tool = Command::new(cyclonedx);
    tool.current_dir(&source.dir)
        .env("SOURCE_DATE_EPOCH", &source.at)
        .args([
            "cyclonedx",
            "--quiet",
            "--format",
            "json",
            "--describe",
            "binaries",
        ])
        .args(["--spec-version", CYCLONEDX, "--target", &toolchain.target])
        .arg("--manifest-path")
        .arg(source.dir.join(package).join("Cargo.toml"));
    build::run(&mut tool)?;
    let file = source
        .dir
        .join(package)
        .join(format!("{name}_bin.cdx.json"));
    let text = fs::read_to_string(&file)
        .map_err(|error| Failure::io("cannot read what cargo-cyclonedx wrote", &error))?;
    Ok(portable(&text, &source.dir))
}

/// The text with `dir` called by a name that is the same everywhere.
fn portable(text: &str, dir: &Path) -> String {
    let dir = Value::from(dir.display().to_string()).to_string();
    text.replace(dir.trim_matches('"'), ANYWHERE)
}

fn said(command: &mut Command) -> Result<String, Failure> {
    let output = stop::output(command)?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
    }
    Err(Failure::new(
        format!(
            "{:?} failed: {}",
            command.get_program(),
            String::from_utf8_lossy(&output.stderr).trim()
        ),
        "a release is made within a checkout of the repository, with git and Rust",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bill_of_materials_says_nothing_of_this_machine() {
        let text = r#"{"bom-ref":"path+file:///build/release-source/audit#0.1.0"}"#;
        let portable = portable(text, Path::new("/build/release-source"));
        assert_eq!(
            portable,
            r#"{"bom-ref":"path+file:///sealwire/audit#0.1.0"}"#
        );
    }

    #[test]
    fn every_program_is_that_of_its_package() {
        let root = build::root().unwrap();
        for (name, package) in PROGRAMS.into_iter().chain([DESKTOP]) {
            let manifest = fs::read_to_string(root.join(package).join("Cargo.toml")).unwrap();
            assert!(manifest.contains(&format!("name = \"{name}\"")), "{name}");
        }
    }

    #[test]
    fn what_is_there_is_not_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let refused = run(&Release {
            dir: dir.path().to_owned(),
            key: dir.path().join("key.pem"),
            source: None,
        });
        assert!(refused.unwrap_err().to_string().contains("there already"));
    }
}
