//! The relay's transparency logs: what it did, in a form that it cannot change unnoticed.
//!
//! Entries are added in the transaction of the event that they record. A publisher signs the
//! head of what was committed, has it cosigned by witnesses, and serves it. Both logs lie in
//! account.db; nothing of the group plane is logged but counts.

mod check;
mod events;
mod keys;
#[cfg(test)]
pub(crate) mod measure;
mod publish;
mod renew;
mod rows;
mod serve;
mod standing;
mod statements;
mod witness;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex};

use sealwire_audit::checkpoint::Checkpoint;
use sealwire_audit::commitment::DirectoryKey;
use sealwire_protocol::problem::Code;
use sqlx::SqliteConnection;
use tokio::sync::Notify;

pub(crate) use self::check::{LogHead, check};
pub(crate) use self::events::{Opened, canonical, opened};
use self::keys::Keys;
pub(crate) use self::keys::{FILES as KEY_FILES, KeyError};
pub(crate) use self::publish::{Published, run};
pub(crate) use self::renew::{Ended, Ending, end};
pub(crate) use self::serve::router;
use self::standing::Standing;
pub(crate) use self::statements::{Attested, Logged, time, unsayable};
use self::witness::{WitnessError, Witnesses};
use crate::clock;
use crate::config::Transparency;
use crate::database::SqliteFile;
use crate::refusal::{Answer, Refusal};

/// The tables.
pub(crate) const TABLES: &str = include_str!("tables.sql");

/// Who an entry is about that is about no account.
pub(crate) const ORGANISATION: i64 = 0;

/// How long a directory key is to count: a year and a day, seconds.
const DIRECTORY_KEY_S: u64 = 366 * 24 * 60 * 60;

/// One of the relay's logs. Both have one form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum LogName {
    /// What the directory says of each handle.
    Directory,
    /// What the relay did, and what others attest.
    Audit,
}

impl LogName {
    const ALL: [Self; 2] = [Self::Directory, Self::Audit];

    /// Its name in paths and origins.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Directory => "directory",
            Self::Audit => "audit",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|log| log.as_str() == text)
    }

    /// Its number in the tables.
    const fn number(self) -> i64 {
        match self {
            Self::Directory => 1,
            Self::Audit => 2,
        }
    }
}

/// Why the logs cannot be opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EvidenceError {
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error(transparent)]
    Witness(#[from] WitnessError),
    #[error("cannot read the transparency logs in account.db: {0}")]
    Database(#[from] sqlx::Error),
    #[error(
        "the transparency log {0:?} in account.db is of another key than this data directory \
         holds; account.db and the key files belong together: restore both from one backup"
    )]
    OtherKey(&'static str),
}

/// Both logs, their keys, and those who watch them.
pub(crate) struct Evidence {
    db: SqliteFile,
    keys: Keys,
    witnesses: Witnesses,
    directory_key: DirectoryKey,
    /// Since when it counts, seconds since the Unix epoch.
    directory_key_s: u64,
    /// Something may have been added.
    added: Notify,
    /// The witnesses, by name, that know more of a log than this relay, or something else: as long as
    /// there is one, nothing may be added.
    halted: Mutex<BTreeSet<(LogName, String)>>,
    standing: Standing,
}

impl Evidence {
    /// Opens the logs in `db`, making them with fresh keys in `dir` if they are not there.
    pub(crate) async fn open(
        db: &SqliteFile,
        dir: &Path,
        organisation: &str,
        settings: &Transparency,
    ) -> Result<Arc<Self>, EvidenceError> {
        let mut tx = db.write().await?;
        let (directory_key, directory_key_s) =
            events::directory_key(&mut tx, clock::now_s()).await?;
        let keys = Keys::open(dir, organisation, &directory_key)?;
        for log in LogName::ALL {
            let origin = keys.log(log).verifier().name().as_str();
            if rows::begin(&mut tx, log, origin).await? != origin {
                return Err(EvidenceError::OtherKey(log.as_str()));
            }
        }
        tx.commit().await?;
        Ok(Arc::new(Self {
            db: db.clone(),
            keys,
            witnesses: Witnesses::open(settings)?,
            directory_key,
            directory_key_s,
            added: Notify::new(),
            halted: Mutex::default(),
            standing: Standing::default(),
        }))
    }

    /// Under which the directory's log hides handles.
    pub(crate) const fn directory_key(&self) -> &DirectoryKey {
        &self.directory_key
    }

    /// Whether the directory key is to be changed: whoever has had it once, a former member, too, recognises
    /// by it what is logged about a handle for as long as it counts.
    pub(crate) fn directory_key_is_old(&self) -> bool {
        clock::now_s().saturating_sub(self.directory_key_s) > DIRECTORY_KEY_S
    }

    /// Name of a log.
    pub(crate) fn origin(&self, log: LogName) -> &str {
        self.keys.log(log).verifier().name().as_str()
    }

    /// The keys of both logs, a `vkey` each.
    pub(crate) fn log_keys(&self) -> Vec<String> {
        let key = |log| self.keys.log(log).verifier().to_string();
        LogName::ALL.map(key).to_vec()
    }

    /// The head of a log as it is in this transaction, not signed.
    pub(crate) async fn unsigned_head(
        &self,
        db: &mut SqliteConnection,
        log: LogName,
    ) -> Answer<Checkpoint> {
        let edge = rows::edge(db, log).await?;
        Checkpoint::new(self.origin(log), edge.size(), edge.root())
            .map_err(|_| Refusal::internal("the head of a transparency log cannot be made"))
    }

    /// Adds entries to a log in the transaction of what they record. Gives the number of the first.
    async fn append(
        &self,
        tx: &mut SqliteConnection,
        log: LogName,
        entries: &[Vec<u8>],
    ) -> Answer<u64> {
        if self.is_halted() {
            return Err(Refusal::new(
                Code::LogHalted,
                "This relay's transparency log cannot go on, so nothing is changed that has to be \
                 logged; its operator finds the reason in the relay's log.",
            ));
        }
        let first = rows::append(tx, log, entries).await?;
        self.added.notify_one();
        Ok(first)
    }
}
