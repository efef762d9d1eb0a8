//! The newest head of each log that was believed, in one file:
//! `{"audit":"<checkpoint>","directory":"<checkpoint>"}`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use sealwire_audit::checkpoint::Checkpoint;
use sealwire_audit::note::{MAX_NOTE, Note};
use sealwire_crypto::sha256;

use crate::failure::Failure;
use crate::files;
use crate::pack::LogName;

/// The heads and where they are kept.
pub(super) struct State {
    path: PathBuf,
    heads: BTreeMap<LogName, (Note, Checkpoint)>,
}

impl State {
    /// Reads the file; without one, nothing is known yet.
    pub(super) fn open(path: &Path) -> Result<Self, Failure> {
        let mut state = Self {
            path: path.to_owned(),
            heads: BTreeMap::new(),
        };
        if !path.exists() {
            return Ok(state);
        }
        let hint = "restore the file; without it an older fork would go unnoticed";
        let broken = || Failure::broken(path, "is damaged", hint);
        let bytes = files::read(path, 4 * MAX_NOTE)?;
        let heads: BTreeMap<String, String> =
            serde_json::from_slice(&bytes).map_err(|_| broken())?;
        for (name, head) in heads {
            let name = LogName::parse(&name).ok_or_else(broken)?;
            let note = Note::parse(head.as_bytes()).map_err(|_| broken())?;
            let checkpoint = Checkpoint::parse(note.text()).map_err(|_| broken())?;
            state.heads.insert(name, (note, checkpoint));
        }
        Ok(state)
    }

    /// The newest head of a log.
    pub(super) fn known(&self, log: LogName) -> Option<&(Note, Checkpoint)> {
        self.heads.get(&log)
    }

    /// Keeps a head durably, before anybody relies on it.
    pub(super) fn keep(&mut self, log: LogName, head: (Note, Checkpoint)) -> Result<(), Failure> {
        self.heads.insert(log, head);
        let text =
            |(log, (note, _)): (&LogName, &(Note, Checkpoint))| (log.as_str(), note.to_string());
        let heads: BTreeMap<&str, String> = self.heads.iter().map(text).collect();
        let json = serde_json::to_vec(&heads).unwrap_or_default();
        files::write(&self.path, &json).map_err(|error| Failure::file(&self.path, &error))
    }

    /// Keeps both heads in a file beside the state, and names it in the alarm.
    pub(super) fn alarm(&self, known: &Note, seen: &Note, why: &str) -> Failure {
        let hash = HEXLOWER.encode(&sha256(&[seen.text().as_bytes()])[..8]);
        let mut path = self.path.clone().into_os_string();
        path.push(format!(".evidence-{hash}.txt"));
        let path = PathBuf::from(path);
        let text =
            format!("sealwire-audit watch: {why}\n\n--- known\n{known}\n--- served now\n{seen}");
        if let Err(error) = files::write(&path, text.as_bytes()) {
            return Failure::file(&path, &error);
        }
        let hint = "both heads are in this file: keep it, and show it to those who rely on the log";
        Failure::broken(&path, why, hint)
    }
}
