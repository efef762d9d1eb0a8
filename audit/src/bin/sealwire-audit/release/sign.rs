//! `sealwire-audit release`: what the holder of the release key says of a folder of programs.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use sealwire_audit::canonical::to_canonical;
use sealwire_audit::dsse::secret_from_pem;
use sealwire_audit::predicate::{Hex, Time};
use sealwire_audit::release::{BOM, Build, check_bom};
use sealwire_audit::statement::{Statement, Subject};
use sealwire_crypto::{EvidenceKey, sha256};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::check;
use super::folder::{Place, ReleaseFolder};
use crate::failure::Failure;
use crate::files;
use crate::output::Output;

/// Longest PEM of a key and longest Cargo.lock, bytes.
const MAX_KEY: usize = 4096;
const MAX_LOCK: usize = 16 << 20;

/// Arguments of `release`.
#[derive(clap::Args)]
pub(crate) struct Release {
    /// The folder: each program NAME with its bill of materials NAME.cdx.json in CycloneDX,
    /// and nothing else.
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// The secret release key as PEM, as `openssl genpkey -algorithm ed25519` writes it.
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// Version of the programs.
    #[arg(long = "release", value_name = "VERSION")]
    version: String,
    /// Git's name of the commit that was built, in full.
    #[arg(long, value_name = "HASH")]
    commit: String,
    /// Where that commit is to be had.
    #[arg(long, value_name = "URI")]
    source: Option<String>,
    /// The Cargo.lock of the build.
    #[arg(long, value_name = "FILE")]
    lock: PathBuf,
    /// The kind of machine the programs are for, as Rust names it.
    #[arg(long, value_name = "TRIPLE")]
    target: String,
    /// The compiler, as it names itself.
    #[arg(long, value_name = "TEXT")]
    toolchain: String,
    /// Flags for the compiler that do not stand in the source.
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "",
        allow_hyphen_values = true
    )]
    flags: String,
    /// When the build began, seconds since 1970.
    #[arg(long, value_name = "SECONDS")]
    started: u64,
}

pub(crate) fn run(args: &Release, out: &Output) -> Result<(), Failure> {
    let key = read_key(&args.key)?;
    let folder = ReleaseFolder::open(&args.dir)?;
    let build = build(args)?;
    let mut programs = Vec::new();
    for place in folder.list()? {
        match place {
            Place::Program(name) => programs.push(sign_bom(&folder, &key, &build, &name)?),
            Place::Bom(_) => {}
            // Of an earlier attempt.
            Place::Provenance | Place::BomStatement(_) => {}
        }
    }
    let statement = build
        .to_statement(programs)
        .map_err(|why| Failure::usage(why.to_string(), "see `sealwire-audit release --help`"))?;
    write(&folder, &Place::Provenance, &statement, &key)?;
    let checked = check(&folder, &key.public())?;
    let names: Vec<&str> = checked
        .programs
        .iter()
        .map(|one| one.name.as_str())
        .collect();
    let lines = format!(
        "signed: {} {} in {}",
        names.join(", "),
        build.version,
        args.dir.display()
    );
    out.result(
        &lines,
        &json!({"programs": names, "version": build.version}),
    );
    Ok(())
}

fn read_key(path: &Path) -> Result<EvidenceKey, Failure> {
    let pem = Zeroizing::new(files::read(path, MAX_KEY)?);
    secret_from_pem(&pem).map_err(|why| {
        Failure::usage(
            format!("{}: {why}", path.display()),
            "make one with `openssl genpkey -algorithm ed25519 -out release.pem`",
        )
    })
}

fn build(args: &Release) -> Result<Build, Failure> {
    let time = |millis| {
        let hint = "give --started in seconds since 1970";
        Time::from_millis(millis).map_err(|why| Failure::usage(why.to_string(), hint))
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(0));
    let lock = files::read(&args.lock, MAX_LOCK)?;
    Ok(Build {
        version: args.version.clone(),
        target: args.target.clone(),
        source: args.source.clone(),
        commit: args.commit.clone(),
        lock: Hex(sha256(&[&lock])),
        toolchain: args.toolchain.clone(),
        flags: args.flags.clone(),
        started: time(args.started.saturating_mul(1000))?,
        finished: time(now)?,
    })
}

/// Signs a program's bill of materials, and spells the file beside it in the one way that is signed.
fn sign_bom(
    folder: &ReleaseFolder,
    key: &EvidenceKey,
    build: &Build,
    name: &str,
) -> Result<Subject, Failure> {
    let program = folder.read(&Place::Program(name.to_owned()))?;
    let subject = Subject::of(name, &program);
    let place = Place::Bom(name.to_owned());
    let wrong = |why: &dyn std::fmt::Display| {
        let message = format!("{}: {why}", folder.path(&place).display());
        Failure::usage(
            message,
            "make it anew, with cargo-cyclonedx for this program",
        )
    };
    let bom: Value = serde_json::from_slice(&folder.read(&place)?).map_err(|why| wrong(&why))?;
    check_bom(&bom, name, &build.version).map_err(|why| wrong(&why))?;
    let mut spelled = to_canonical(&bom).map_err(|why| wrong(&why))?;
    spelled.push(b'\n');
    let path = folder.path(&place);
    files::write(&path, &spelled).map_err(|error| Failure::file(&path, &error))?;
    let statement = Statement::new(vec![subject.clone()], BOM, bom).map_err(|why| wrong(&why))?;
    write(
        folder,
        &Place::BomStatement(name.to_owned()),
        &statement,
        key,
    )?;
    Ok(subject)
}

fn write(
    folder: &ReleaseFolder,
    place: &Place,
    statement: &Statement,
    key: &EvidenceKey,
) -> Result<(), Failure> {
    let path = folder.path(place);
    let envelope = statement.to_envelope().map_err(|why| {
        let hint = "a bill of materials may hold nothing that RFC 8785 cannot spell";
        Failure::usage(format!("{}: {why}", path.display()), hint)
    });
    let mut envelope = envelope?;
    envelope.sign(key);
    files::write(&path, envelope.to_json().as_bytes()).map_err(|error| Failure::file(&path, &error))
}
