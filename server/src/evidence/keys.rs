//! The keys of the logs and of the relay's own attestations, each in a file of its own.

use std::io;
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use sealwire_audit::commitment::DirectoryKey;
use sealwire_audit::note::{KeyKind, KeyName, SignerKey};
use sealwire_crypto::{EvidenceKey, sha256};
use zeroize::Zeroizing;

use super::LogName;
use crate::data_dir::write_private;

/// The files of the keys, in the data directory.
pub(crate) const FILES: [&str; 3] = ["directory.key", "audit.key", "attestations.key"];

/// Those of the logs, among them.
pub(super) const LOG_FILES: [&str; 2] = ["directory.key", "audit.key"];

/// Name of the log whose key is in a file; `None` if there is no file.
pub(super) fn origin(path: &Path) -> Result<Option<String>, KeyError> {
    let key = read(path)?;
    Ok(key.map(|key| key.verifier().name().to_string()))
}

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyError {
    #[error("cannot use the key {0}: {1}")]
    Io(PathBuf, io::Error),
    #[error(
        "the key {0} is damaged; restore it from a backup. Without it the log cannot go on, since \
         nobody would believe a new key"
    )]
    Damaged(PathBuf),
}

/// The keys: one for each format, so that nothing signed in one means something in another.
pub(super) struct Keys {
    directory: SignerKey,
    audit: SignerKey,
    /// Signs what the relay says of itself.
    attestations: EvidenceKey,
}

impl Keys {
    /// Reads the keys, making those that are not there. The logs are named after the organisation and
    /// the directory key's hash: so everybody who trusts one log goes by one directory key, and a log
    /// after a new beginning is another log.
    pub(super) fn open(
        dir: &Path,
        organisation: &str,
        directory_key: &DirectoryKey,
    ) -> Result<Self, KeyError> {
        let hash = sha256(&[directory_key.secret().expose().as_slice()]);
        let prefix = format!("{organisation}/{}", HEXLOWER.encode(&hash));
        Self::with(|file| {
            let name = file.trim_end_matches(".key");
            open(&dir.join(file), &format!("{prefix}/{name}"))
        })
    }

    /// Reads the keys, which have to be there.
    pub(super) fn read(dir: &Path) -> Result<Self, KeyError> {
        Self::with(|file| {
            let path = dir.join(file);
            read(&path)?.ok_or_else(|| KeyError::Io(path, io::ErrorKind::NotFound.into()))
        })
    }

    fn with(key: impl Fn(&str) -> Result<SignerKey, KeyError>) -> Result<Self, KeyError> {
        let [directory, audit, attestations] = FILES;
        Ok(Self {
            directory: key(directory)?,
            audit: key(audit)?,
            attestations: key(attestations)?.into_key(),
        })
    }

    /// The key of a log; its name is the log's origin.
    pub(super) const fn log(&self, log: LogName) -> &SignerKey {
        match log {
            LogName::Directory => &self.directory,
            LogName::Audit => &self.audit,
        }
    }

    /// The key of the relay's attestations.
    pub(super) const fn attestations(&self) -> &EvidenceKey {
        &self.attestations
    }
}

/// The key in a file; `None` if it is not there.
fn read(path: &Path) -> Result<Option<SignerKey>, KeyError> {
    match std::fs::read_to_string(path).map(Zeroizing::new) {
        Ok(text) => SignerKey::parse(text.trim_end())
            .map(Some)
            .map_err(|_| KeyError::Damaged(path.into())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(KeyError::Io(path.into(), error)),
    }
}

fn open(path: &Path, name: &str) -> Result<SignerKey, KeyError> {
    if let Some(key) = read(path)? {
        return Ok(key);
    }
    let name = KeyName::new(name).map_err(|_| KeyError::Damaged(path.into()))?;
    let key = EvidenceKey::generate(&mut rand::rng());
    let key = SignerKey::new(name, KeyKind::Note, key);
    let text = Zeroizing::new(format!("{}\n", key.to_skey().as_str()));
    write_private(path, text.as_bytes()).map_err(|error| KeyError::Io(path.into(), error))?;
    Ok(key)
}
