//! `sealwire-audit pack`: collects all evidence of a relay into one folder.

mod relay;
mod source;
mod tree;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sealwire_audit::checkpoint::Checkpoint;
use sealwire_audit::dsse::{key_id, to_pem};
use sealwire_audit::leaf::Leaf;
use sealwire_audit::note::Note;
use sealwire_audit::policy::Policy;
use sealwire_audit::proof::LogProof;
use serde_json::json;

use super::folder::{HINT, PackFolder};
use super::layout::{LogName, Place, README};
use super::{Signers, check};
use crate::failure::{Failure, Kind};
use crate::output::Output;
use crate::verify::read_policy;
use source::Folder;

pub(crate) use relay::Relay;
pub(crate) use source::Source;
use tree::{PackedTree, resources};

/// Arguments of `pack`.
#[derive(clap::Args)]
pub(crate) struct Pack {
    /// The folder to make; its parent must be there.
    #[arg(long, value_name = "PACK")]
    dir: PathBuf,
    /// Which logs and witnesses count, as a tlog-policy file.
    #[arg(long, value_name = "FILE")]
    policy: PathBuf,
    #[command(flatten)]
    from: From,
    /// The relay's token for evidence, in a file.
    #[arg(long, value_name = "FILE", requires = "relay")]
    token_file: Option<PathBuf>,
    /// Certificates as PEM that the relay's must lead to, instead of the system's.
    #[arg(long, value_name = "FILE", requires = "relay")]
    ca: Option<PathBuf>,
    /// Folder of disclosed events to add: audit/INDEX.json, directory/INDEX.json.
    #[arg(long, value_name = "DIR")]
    disclosed: Option<PathBuf>,
}

/// Where the evidence comes from.
#[derive(clap::Args)]
#[group(required = true, multiple = false)]
struct From {
    /// Address of the relay: https://relay.example.
    #[arg(long, value_name = "URL")]
    relay: Option<String>,
    /// A folder that has logs/ and statements/ as a pack has them.
    #[arg(long, value_name = "DIR")]
    from: Option<PathBuf>,
}

pub(crate) fn run(args: &Pack, out: &Output) -> Result<(), Failure> {
    let policy = read_policy(&args.policy)?;
    if fs::symlink_metadata(&args.dir).is_ok() {
        return Err(Failure::usage(
            format!("{} exists already", args.dir.display()),
            "choose another --dir; a pack is never changed",
        ));
    }
    let mut source: Box<dyn Source> = match (&args.from.relay, &args.from.from) {
        (Some(url), _) => {
            let (token, ca) = (args.token_file.as_deref(), args.ca.as_deref());
            Box::new(Relay::new(url, token, ca)?)
        }
        (None, Some(dir)) => Box::new(Folder::new(dir)),
        (None, None) => {
            return Err(Failure::usage(
                "no source",
                "name one with --relay or --from",
            ));
        }
    };
    let failed = |error: io::Error| Failure::file(&args.dir, &error);
    let parent = match args.dir.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let temporary = tempfile::Builder::new()
        .prefix(".pack-")
        .tempdir_in(parent)
        .map_err(failed)?;
    let maker = Maker {
        root: temporary.path(),
        policy: &policy,
    };
    let done = maker.make(source.as_mut(), args.disclosed.as_deref());
    let (statements, logs) = match done {
        Ok(done) => done,
        Err(failure) => {
            if failure.kind == Kind::Broken {
                // It may be evidence.
                drop(temporary.keep());
            }
            return Err(failure);
        }
    };
    fs::rename(temporary.keep(), &args.dir).map_err(failed)?;
    let line = format!(
        "{}: {statements} statements, checked; logs: {}",
        args.dir.display(),
        logs.join(", ")
    );
    let value = json!({"pack": args.dir, "statements": statements, "logs": logs});
    out.result(&line, &value);
    Ok(())
}

/// Fills a folder.
struct Maker<'a> {
    root: &'a Path,
    policy: &'a Policy,
}

impl Maker<'_> {
    /// Fills the folder, checks it, and tells how many statements there are and of which
    /// logs.
    fn make(
        &self,
        source: &mut dyn Source,
        disclosed: Option<&Path>,
    ) -> Result<(usize, Vec<String>), Failure> {
        self.write(&Place::Readme, README.as_bytes())?;
        self.write(&Place::Policy, &self.policy.to_bytes())?;
        let (head, audit) = self.log(source, LogName::Audit)?;
        let relay = LogName::Audit.relay(audit.origin());
        let directory = relay.map(|relay| format!("{relay}/{}", LogName::Directory));
        let mut logs = self.policy.logs().iter();
        if logs.any(|log| Some(log.key.name().as_str()) == directory.as_deref()) {
            self.log(source, LogName::Directory)?;
        }
        self.statements(source, &head, audit.size())?;
        if let Some(dir) = disclosed {
            self.disclosed(dir)?;
        }
        let folder = PackFolder::open(self.root)?;
        let checked = check(&folder, self.policy, &Signers::default(), &mut drop)?;
        let origin = |log: &super::CheckedLog| log.trusted.checkpoint.origin().to_owned();
        Ok((
            checked.statements,
            checked.logs.iter().map(origin).collect(),
        ))
    }

    fn write(&self, place: &Place, content: &[u8]) -> Result<(), Failure> {
        let path = self.root.join(place.to_string());
        let write = || {
            path.parent().map_or(Ok(()), fs::create_dir_all)?;
            fs::write(&path, content)
        };
        write().map_err(|error| Failure::file(&path, &error))
    }

    /// Fetches head, tiles and entries of a log.
    fn log(&self, source: &mut dyn Source, log: LogName) -> Result<(Note, Checkpoint), Failure> {
        let place = Place::Checkpoint(log);
        let bytes = source.checkpoint(log)?;
        self.write(&place, &bytes)?;
        let broken = |why: &dyn std::fmt::Display| {
            Failure::broken(&self.root.join(place.to_string()), why, HINT)
        };
        let head = Note::parse(&bytes).map_err(|why| broken(&why))?;
        // Before a tree of any size is fetched on anybody's word.
        let trusted = self.policy.check(&head).map_err(|why| broken(&why))?;
        let size = trusted.checkpoint.size();
        let mut wanted = resources(size).peekable();
        while wanted.peek().is_some() {
            let some: Vec<_> = wanted.by_ref().take(source.at_once()).collect();
            for (resource, bytes) in some.iter().zip(source.tiles(log, &some)?) {
                self.write(&Place::Tile(log, *resource), &bytes)?;
            }
        }
        Ok((head, trusted.checkpoint))
    }

    /// Fetches the statements of which a log of `size` entries tells, and proves them.
    fn statements(&self, source: &mut dyn Source, head: &Note, size: u64) -> Result<(), Failure> {
        let mut tree = PackedTree::new(self.root, size);
        let mut after = None;
        loop {
            let page = source.statements(after)?;
            for (index, envelope) in &page {
                if after.is_some_and(|after| *index <= after) {
                    let why = "the statements do not come in the order of the log";
                    return Err(Failure::broken(self.root, why, HINT));
                }
                after = Some(*index);
                // Younger than the head.
                if *index >= size {
                    return Ok(());
                }
                let (entry, path) = tree.prove(*index)?;
                if let Ok(Leaf::Attestation(logged)) = Leaf::parse(&entry) {
                    for signer in logged.signers() {
                        self.key(signer)?;
                    }
                }
                let proof = LogProof {
                    extra: Some(entry),
                    index: *index,
                    path,
                    head: head.clone(),
                };
                self.write(&Place::Proof(*index), proof.to_string().as_bytes())?;
                self.write(&Place::Statement(*index), envelope.to_json().as_bytes())?;
            }
            if page.is_empty() {
                return Ok(());
            }
        }
    }

    fn key(&self, key: &sealwire_crypto::EvidencePublic) -> Result<(), Failure> {
        let path = format!("keys/{}.pem", key_id(key));
        match Place::parse(&path) {
            Some(place) => self.write(&place, to_pem(key).as_bytes()),
            None => Err(Failure::broken(self.root, "a key has no id", HINT)),
        }
    }

    /// Copies what somebody has disclosed; the check that follows opens it.
    fn disclosed(&self, dir: &Path) -> Result<(), Failure> {
        for log in LogName::ALL {
            let folder = dir.join(log.as_str());
            if !folder.exists() {
                continue;
            }
            let failed = |error: io::Error| Failure::file(&folder, &error);
            for entry in fs::read_dir(&folder).map_err(failed)? {
                let path = entry.map_err(failed)?.path();
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                let Some(place) = Place::parse(&format!("disclosed/{log}/{name}")) else {
                    return Err(Failure::usage(
                        format!("{} is no disclosed event", path.display()),
                        "a file's name is the index of its entry: 17.json",
                    ));
                };
                self.write(&place, &crate::files::read(&path, place.most())?)?;
            }
        }
        Ok(())
    }
}
