//! What a witness keeps: its key, and of each log the newest head cosigned.
//!
//! ```text
//! DIR/lock            held while a program uses the folder
//! DIR/key             the secret key, as skey
//! DIR/vkey            the public key
//! DIR/logs/HASH/keys  the log's public keys, one a line; HASH is SHA-256 of its name
//! DIR/logs/HASH/head  the newest head cosigned, with the log's signature; empty at first
//! DIR/logs/HASH/evidence/HASH.txt  what the log should not have signed
//! ```

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use sealwire_audit::Malformed;
use sealwire_audit::note::{MAX_NOTE, Note, SignerKey, VerifierKey};
use sealwire_audit::witness::{Accepted, Evidence, WitnessedLog};
use sealwire_crypto::sha256;

use crate::failure::Failure;
use crate::files;

/// Most requests kept as evidence for one log. A log that signs more than this many
/// conflicting heads has been convicted often enough.
const MOST_EVIDENCE: usize = 1_000;

/// The folder of a witness, locked.
pub(crate) struct Folder {
    dir: PathBuf,
    key: SignerKey,
    logs: Vec<KeptLog>,
    _lock: File,
}

/// A log and where its head is kept.
pub(crate) struct KeptLog {
    path: PathBuf,
    known: WitnessedLog,
    evidence: usize,
}

impl Folder {
    /// Makes a folder for `key`.
    pub(crate) fn create(dir: &Path, key: &SignerKey) -> Result<(), Failure> {
        let make = || {
            files::make_folder(dir)?;
            files::sync_parent(dir)?;
            files::make_folder(&dir.join("logs"))
        };
        make().map_err(|error| Failure::file(dir, &error))?;
        let _lock = lock(dir)?;
        let path = dir.join("key");
        if path.exists() {
            return Err(Failure::usage(
                format!("{} has a witness already", dir.display()),
                "choose another --dir; a witness keeps its key for life",
            ));
        }
        let vkey = format!("{}\n", key.verifier());
        let skey = zeroize::Zeroizing::new(format!("{}\n", *key.to_skey()));
        files::write(&dir.join("vkey"), vkey.as_bytes())
            .and_then(|()| files::write(&path, skey.as_bytes()))
            .map_err(|error| Failure::file(&path, &error))
    }

    /// Opens and locks a folder. All logs must be whole: a witness that has forgotten
    /// what it cosigned would cosign a fork.
    pub(crate) fn open(dir: &Path) -> Result<Self, Failure> {
        let path = dir.join("key");
        if !path.exists() {
            return Err(Failure::usage(
                format!("there is no witness in {}", dir.display()),
                "make one with: sealwire-audit witness init",
            ));
        }
        let lock = lock(dir)?;
        let skey = zeroize::Zeroizing::new(files::read(&path, 4_096)?);
        let key = str::from_utf8(&skey)
            .ok()
            .and_then(|skey| SignerKey::parse(skey.strip_suffix('\n')?).ok());
        let hint = "restore the key from where you keep it";
        let key = key.ok_or_else(|| Failure::broken(&path, "is not the key of a witness", hint))?;
        let mut logs = Vec::new();
        let folder = dir.join("logs");
        let failed = |error: io::Error| Failure::file(&folder, &error);
        for entry in fs::read_dir(&folder).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            // A folder that `add` did not finish.
            if path.extension().is_none() {
                logs.push(KeptLog::open(path)?);
            }
        }
        logs.sort_by(|a, b| a.known.origin().cmp(b.known.origin()));
        Ok(Self {
            dir: dir.to_owned(),
            key,
            logs,
            _lock: lock,
        })
    }

    pub(crate) const fn key(&self) -> &SignerKey {
        &self.key
    }

    pub(crate) fn logs(&self) -> &[KeptLog] {
        &self.logs
    }

    /// Takes out the logs, while the lock stays with the folder.
    pub(crate) fn take_logs(&mut self) -> Vec<KeptLog> {
        std::mem::take(&mut self.logs)
    }

    /// Adds a log, of which nothing has been seen, and gives its name.
    pub(crate) fn add(&self, keys: Vec<VerifierKey>) -> Result<String, Failure> {
        let hint = "give keys of type 1 with the log's name";
        let log =
            WitnessedLog::new(keys, None).map_err(|why| Failure::usage(why.to_string(), hint))?;
        let name = HEXLOWER.encode(&sha256(&[log.origin().as_bytes()]));
        let path = self.dir.join("logs").join(&name);
        if path.exists() {
            return Err(Failure::usage(
                format!("{} is cosigned already", log.origin()),
                "to change its keys, stop the witness and edit the file `keys` of this log",
            ));
        }
        let unfinished = path.with_extension("new");
        let keys: String = log.keys().iter().map(|key| format!("{key}\n")).collect();
        let make = || {
            files::make_folder(&unfinished)?;
            files::make_folder(&unfinished.join("evidence"))?;
            files::write(&unfinished.join("keys"), keys.as_bytes())?;
            files::write(&unfinished.join("head"), b"")?;
            fs::rename(&unfinished, &path)?;
            files::sync_parent(&path)
        };
        make().map_err(|error| Failure::file(&path, &error))?;
        Ok(log.origin().to_owned())
    }
}

impl KeptLog {
    fn open(path: PathBuf) -> Result<Self, Failure> {
        let hint = "the witness does not know any more what it cosigned; retire it and its key";
        let keys = path.join("keys");
        let broken = |path: &Path, why: &str| Failure::broken(path, why, hint);
        let text = String::from_utf8(files::read(&keys, 64 * 1024)?)
            .map_err(|_| broken(&keys, "is damaged"))?;
        let parsed: Result<Vec<_>, Malformed> = text.lines().map(VerifierKey::parse).collect();
        let parsed = parsed.map_err(|why| broken(&keys, &why.to_string()))?;
        let head = path.join("head");
        if !head.exists() {
            return Err(broken(&head, "is missing"));
        }
        let bytes = files::read(&head, MAX_NOTE)?;
        let newest = if bytes.is_empty() {
            None
        } else {
            Some(Note::parse(&bytes).map_err(|why| broken(&head, &why.to_string()))?)
        };
        let known =
            WitnessedLog::new(parsed, newest).map_err(|why| broken(&head, &why.to_string()))?;
        let folder = path.join("evidence");
        let evidence = fs::read_dir(&folder).map_err(|error| Failure::file(&folder, &error))?;
        Ok(Self {
            evidence: evidence.count(),
            path,
            known,
        })
    }

    pub(crate) const fn known(&self) -> &WitnessedLog {
        &self.known
    }

    /// How many requests are kept as evidence.
    pub(crate) const fn evidence(&self) -> usize {
        self.evidence
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Keeps the head of an accepted request durably; only then may it be cosigned.
    pub(crate) fn keep(&mut self, accepted: &Accepted<'_>) -> io::Result<()> {
        let head = accepted.head().to_string();
        files::write(&self.path.join("head"), head.as_bytes())?;
        self.known.advance(accepted);
        Ok(())
    }

    /// Keeps evidence in a file of its own: one for each checkpoint that the log has
    /// signed, so that nobody can fill the disk by sending the same one again.
    pub(crate) fn keep_evidence(&mut self, evidence: &Evidence) -> io::Result<()> {
        let kind = if evidence.fork { "fork" } else { "unproven" };
        let hash = sha256(&[evidence.request.head().text().as_bytes()]);
        let name = format!("{kind}-{}.txt", HEXLOWER.encode(&hash));
        let path = self.path.join("evidence").join(name);
        if self.evidence >= MOST_EVIDENCE || path.exists() {
            return Ok(());
        }
        files::write(&path, evidence.to_string().as_bytes())?;
        self.evidence += 1;
        Ok(())
    }
}

/// Holds the folder as long as the file is open.
fn lock(dir: &Path) -> Result<File, Failure> {
    let path = dir.join("lock");
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .map_err(|error| Failure::file(&path, &error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Failure::usage(
            format!("{} is in use", dir.display()),
            "stop the witness that runs there first",
        )),
        Err(TryLockError::Error(error)) => Err(Failure::file(&path, &error)),
    }
}
