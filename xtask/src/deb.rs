//! `cargo xtask deb`: the desktop app as a Debian package, by Debian's own tools.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::args::Deb;
use crate::build;
use crate::deps;
use crate::failure::Failure;
use crate::front::Front;
use crate::stop;

/// Name of package and program.
pub(crate) const NAME: &str = "sealwire-desktop";
/// How cargo builds it (Cargo.toml).
const PROFILE: &str = "desktop";
/// Functions that came out alike are linked once, by the one linker that can.
const FOLD: &str = "-Clink-arg=-Wl,--icf=all";
/// What the program opens while it runs, so that no list of its libraries names it.
const OPENED: &str = "libayatana-appindicator3-1";
/// Where a package holds the public release key, in PEM: whose updates the app takes.
const RELEASE_KEY: &str = "usr/share/sealwire-desktop/release.pub";
/// Files of the repository and where they go.
const FILES: &[(&str, &str)] = &[
    (
        "desktop/src-tauri/package/sealwire-desktop.desktop",
        "usr/share/applications/sealwire-desktop.desktop",
    ),
    (
        "desktop/src-tauri/package/copyright",
        "usr/share/doc/sealwire-desktop/copyright",
    ),
    ("LICENSE-MIT", "usr/share/doc/sealwire-desktop/LICENSE-MIT"),
    (
        "LICENSE-APACHE",
        "usr/share/doc/sealwire-desktop/LICENSE-APACHE",
    ),
    (
        "desktop/src-tauri/icons/32x32.png",
        "usr/share/icons/hicolor/32x32/apps/sealwire-desktop.png",
    ),
    (
        "desktop/src-tauri/icons/128x128.png",
        "usr/share/icons/hicolor/128x128/apps/sealwire-desktop.png",
    ),
    (
        "desktop/src-tauri/icons/icon.png",
        "usr/share/icons/hicolor/256x256/apps/sealwire-desktop.png",
    ),
    (
        "desktop/src-tauri/icons/icon.svg",
        "usr/share/icons/hicolor/scalable/apps/sealwire-desktop.svg",
    ),
];

/// What a package is made of.
pub(crate) struct Parts<'a> {
    /// The repository, or a copy of it.
    pub(crate) root: &'a Path,
    /// The built program.
    pub(crate) program: &'a Path,
    /// The public release key, PEM; without one the app takes no updates.
    pub(crate) release_key: Option<&'a Path>,
}

/// Runs the command.
pub(crate) fn run(options: &Deb) -> Result<(), Failure> {
    deps::packages(&[deps::TO_BUILD, deps::TO_OPEN, deps::FOR_NODE, deps::TO_PACK])?;
    build::run(&mut Front::install()?.script("build")?)?;
    let root = build::root()?;
    let parts = Parts {
        root: &root,
        program: &program(&root)?,
        release_key: options.release_key.as_deref(),
    };
    let package = pack(&parts, &build::target_dir()?.join("debian"))?;
    println!("{}\nInstall it: apt install {0}", package.display());
    Ok(())
}

/// Builds the program of the checkout in `root`, whose front end is built, as people get it: by a profile of its
/// own, since it is to be small. Gives its path.
pub(crate) fn program(root: &Path) -> Result<PathBuf, Failure> {
    println!("Building the app with optimisation (the first time takes some minutes)…");
    let mut cargo = build::cargo()?;
    cargo.current_dir(root).args(["rustc", "--locked"]);
    cargo.args(["--profile", PROFILE, "--package", NAME, "--bin", NAME]);
    if build::links_by_mold() {
        cargo.args(["--", FOLD]);
    }
    build::run(&mut cargo)?;
    Ok(build::target_dir()?.join(PROFILE).join(NAME))
}

/// Makes a package in `folder`; gives its path.
pub(crate) fn pack(parts: &Parts, folder: &Path) -> Result<PathBuf, Failure> {
    let failed = |error| Failure::io("cannot make the package", &error);
    let tree = tempfile::tempdir().map_err(failed)?;
    let tree = tree.path();
    let bin = tree.join("usr/bin").join(NAME);
    put(parts.program, &bin, 0o755).map_err(failed)?;
    // Names of functions and lines are of use to developers alone, and are larger than the rest.
    build::run(Command::new("strip").arg("--strip-unneeded").arg(&bin))?;
    for (from, to) in FILES {
        put(&parts.root.join(from), &tree.join(to), 0o644).map_err(failed)?;
    }
    if let Some(key) = parts.release_key {
        check_public(key)?;
        put(key, &tree.join(RELEASE_KEY), 0o644).map_err(failed)?;
    }
    let libraries = libraries(&bin)?;
    let architecture = said(Command::new("dpkg").arg("--print-architecture"))?;
    let control = tree.join("DEBIAN/control");
    fs::create_dir_all(tree.join("DEBIAN")).map_err(failed)?;
    let text = text(
        &architecture,
        &libraries,
        kibibytes(&tree.join("usr")).map_err(failed)?,
    );
    fs::write(control, text).map_err(failed)?;
    open_folders(tree).map_err(failed)?;
    fs::create_dir_all(folder).map_err(failed)?;
    let version = version(env!("CARGO_PKG_VERSION"));
    let package = folder.join(format!("{NAME}_{version}_{architecture}.deb"));
    build::run(
        Command::new("dpkg-deb")
            .args(["--root-owner-group", "--build"])
            .args([tree, &package]),
    )?;
    Ok(package)
}

/// Installs a package below `root`, with a list of packages of its own: as root by dpkg itself, else
/// by unpacking. Gives the program.
pub(crate) fn install(package: &Path, root: &Path) -> Result<PathBuf, Failure> {
    let mut command = Command::new("dpkg");
    if rustix::process::geteuid().is_root() {
        let lists = root.join("var/lib/dpkg");
        fs::create_dir_all(lists.join("updates"))
            .and_then(|()| fs::create_dir_all(lists.join("info")))
            .and_then(|()| fs::write(lists.join("status"), ""))
            .map_err(|error| Failure::io("cannot prepare a place to install to", &error))?;
        command
            .arg(format!("--root={}", root.display()))
            // What it needs is installed elsewhere.
            .args(["--force-depends", "--force-script-chrootless", "--install"]);
        command.arg(package);
    } else {
        command.arg("--extract").args([package, root]);
    }
    build::run(&mut command)?;
    Ok(root.join("usr/bin").join(NAME))
}

/// A package is given to everybody, so the secret half must not get into it.
fn check_public(key: &Path) -> Result<(), Failure> {
    let text = fs::read_to_string(key)
        .map_err(|error| Failure::io("cannot read the release key", &error))?;
    if text.trim_start().starts_with("-----BEGIN PUBLIC KEY-----") {
        return Ok(());
    }
    Err(Failure::new(
        format!("{} is no public key in PEM", key.display()),
        "give what `openssl pkey -in release.pem -pubout` writes",
    ))
}

fn put(from: &Path, to: &Path, mode: u32) -> std::io::Result<()> {
    fs::create_dir_all(to.parent().unwrap_or(to))?;
    fs::copy(from, to)?;
    fs::set_permissions(to, Permissions::from_mode(mode))
}

/// Folders that everybody may enter, whatever the umask is here.
fn open_folders(folder: &Path) -> std::io::Result<()> {
    fs::set_permissions(folder, Permissions::from_mode(0o755))?;
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            open_folders(&path)?;
        }
    }
    Ok(())
}

fn kibibytes(folder: &Path) -> std::io::Result<u64> {
    let mut sum = 0;
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        sum += match path.is_dir() {
            true => kibibytes(&path)?,
            false => fs::metadata(&path)?.len().div_ceil(1024),
        };
    }
    Ok(sum)
}

/// The packages with the libraries that a program is linked to, as `Depends:` wants them.
fn libraries(program: &Path) -> Result<String, Failure> {
    let failed = |error| Failure::io("cannot look for libraries", &error);
    let folder = tempfile::tempdir().map_err(failed)?;
    fs::create_dir(folder.path().join("debian")).map_err(failed)?;
    let empty = format!("Source: {NAME}\n\nPackage: {NAME}\nArchitecture: any\n");
    fs::write(folder.path().join("debian/control"), empty).map_err(failed)?;
    let mut command = Command::new("dpkg-shlibdeps");
    let said = said(command.current_dir(folder.path()).arg("-O").arg(program))?;
    said.lines()
        .find_map(|line| line.strip_prefix("shlibs:Depends="))
        .map(str::to_owned)
        .ok_or_else(|| Failure::new("dpkg-shlibdeps names no packages", "run it by hand"))
}

fn said(command: &mut Command) -> Result<String, Failure> {
    let output = stop::output(command)?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
    }
    Err(Failure::new(
        format!(
            "{} failed: {}",
            command.get_program().to_string_lossy(),
            String::from_utf8_lossy(&output.stderr).trim()
        ),
        "the reason stands above",
    ))
}

fn text(architecture: &str, libraries: &str, kibibytes: u64) -> String {
    format!(
        "Package: {NAME}\nVersion: {}\nArchitecture: {architecture}\nMaintainer: Sealwire <sealwire@localhost>\n\
         Installed-Size: {kibibytes}\nDepends: {libraries}, {OPENED}\nRecommends: gnome-keyring | kwalletmanager\n\
         Section: net\nPriority: optional\nDescription: end-to-end encrypted messenger for teams\n \
         Talks in groups encrypted by MLS (RFC 9420) through a relay that can read nothing.\n",
        version(env!("CARGO_PKG_VERSION")),
    )
}

/// A version (<https://semver.org>) as Debian orders it: what follows `~` comes before the release, and what follows
/// the last `-` would be the packaging's own number.
fn version(semver: &str) -> String {
    semver.replacen('-', "~", 1).replace('-', ".")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PUBLIC: &str = "-----BEGIN PUBLIC KEY-----\nAA==\n-----END PUBLIC KEY-----\n";

    /// Any program does: what is tested is the package around it.
    fn parts(release_key: Option<&Path>) -> Parts<'_> {
        Parts {
            root: Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/..")),
            program: Path::new("/bin/true"),
            release_key,
        }
    }

    #[test]
    fn a_package_holds_no_secret_key_and_none_if_none_was_given() {
        let folder = tempfile::tempdir().unwrap();
        let key = folder.path().join("release.pem");
        fs::write(&key, PUBLIC.replace("PUBLIC", "PRIVATE")).unwrap();
        let refused = pack(&parts(Some(&key)), folder.path()).unwrap_err();
        assert!(refused.to_string().contains("no public key"), "{refused}");
        let package = pack(&parts(None), folder.path()).unwrap();
        let root = tempfile::tempdir().unwrap();
        install(&package, root.path()).unwrap();
        assert!(!root.path().join(RELEASE_KEY).exists());
    }

    #[test]
    fn a_package_holds_what_it_should_and_can_be_installed() {
        let folder = tempfile::tempdir().unwrap();
        let key = folder.path().join("release.pub");
        fs::write(&key, PUBLIC).unwrap();
        let package = pack(&parts(Some(&key)), folder.path()).unwrap();
        let root = tempfile::tempdir().unwrap();
        let program = install(&package, root.path()).unwrap();
        assert!(Command::new(program).status().unwrap().success());
        for (_, to) in FILES {
            assert!(root.path().join(to).is_file(), "{to}");
        }
        let packed = fs::read_to_string(root.path().join(RELEASE_KEY));
        assert_eq!(packed.unwrap(), PUBLIC);
        let control = said(Command::new("dpkg-deb").arg("--field").arg(&package)).unwrap();
        assert!(control.contains("libc6"), "{control}");
        assert!(control.contains(OPENED), "{control}");
        assert!(control.contains("Installed-Size: "), "{control}");
    }

    #[test]
    fn debian_orders_versions_as_they_came() {
        let ordered = [
            "0.2.0-alpha",
            "0.2.0-alpha.1",
            "0.2.0-rc.2",
            "0.2.0-rc.10",
            "0.2.0",
        ];
        for pair in ordered.windows(2) {
            let [earlier, later] = [pair[0], pair[1]].map(version);
            let mut compare = Command::new("dpkg");
            compare.args(["--compare-versions", &earlier, "lt", &later]);
            assert!(compare.status().unwrap().success(), "{earlier} {later}");
        }
        assert_eq!(version("0.2.0-rc-1.2"), "0.2.0~rc.1.2");
    }

    #[test]
    fn links_are_handed_to_the_program() {
        let entry = build::root().unwrap().join(FILES[0].0);
        let entry = fs::read_to_string(entry).unwrap();
        assert!(entry.contains("\nMimeType=x-scheme-handler/sealwire;\n"));
        assert!(entry.contains(&format!("\nExec={NAME} %u\n")));
    }
}
