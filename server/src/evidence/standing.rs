//! How the logs stand, for those who look after the organisation.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use sealwire_audit::checkpoint::Checkpoint;
use sealwire_protocol::oversight::LogHealth;

use super::{Evidence, LogName, rows};
use crate::clock;
use crate::refusal::{Answer, Refusal};

/// When each log's head was last published and cosigned, as far as this process knows.
#[derive(Default)]
pub(super) struct Standing(Mutex<BTreeMap<LogName, Times>>);

/// Milliseconds since the Unix epoch.
#[derive(Clone, Copy, Default)]
struct Times {
    published_ms: Option<u64>,
    cosigned_ms: Option<u64>,
}

impl Standing {
    /// A head was published just now, with so many cosignatures.
    pub(super) fn published(&self, log: LogName, cosigned: usize) {
        let now_ms = Some(clock::now_ms());
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let times = all.entry(log).or_default();
        times.published_ms = now_ms;
        if cosigned > 0 {
            times.cosigned_ms = now_ms;
        }
    }

    fn of(&self, log: LogName) -> Times {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(&log).copied().unwrap_or_default()
    }
}

impl Evidence {
    /// How each log stands.
    pub(crate) async fn standing(&self) -> Answer<Vec<LogHealth>> {
        let mut db = self.db.readers.acquire().await?;
        let mut all = Vec::with_capacity(LogName::ALL.len());
        for log in LogName::ALL {
            let entries = match rows::head(&mut db, log).await? {
                Some(head) => Checkpoint::parse(head.text())
                    .map_err(|_| Refusal::internal("a transparency log is damaged"))?
                    .size(),
                None => 0,
            };
            let Times {
                published_ms,
                cosigned_ms,
            } = self.standing.of(log);
            all.push(LogHealth {
                log: log.as_str().to_owned(),
                entries,
                published_ms,
                cosigned_ms,
                witnesses: self.witnesses.all().len() as u64,
                quorum: self.witnesses.quorum() as u64,
            });
        }
        Ok(all)
    }
}
