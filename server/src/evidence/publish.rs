//! Publishing: the head of what was committed is signed, cosigned, and only then served.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use sealwire_audit::merkle::prove_consistency;
use sealwire_audit::note::{Note, SignatureLine};
use sealwire_audit::tile::{Kind, Resource, Tile, TileNodes, tiles_for};
use sealwire_audit::witness::Request;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::witness::{Said, Witness};
use super::{Evidence, LogName, rows};
use crate::refusal::{Answer, Refusal};

/// What comes within this time shares one head.
const GATHER: Duration = Duration::from_millis(100);
/// Clients want cosignatures of the last day, whether something was added or not.
const RENEW: Duration = Duration::from_secs(60 * 60);
/// After something that may pass.
const RETRY: Duration = Duration::from_secs(2);

/// While a witness knows more than this relay: it may have been wrong, or somebody in its name.
const RECHECK: Duration = Duration::from_secs(30);

/// What this process has published of each log.
#[derive(Default)]
pub(crate) struct Published {
    /// How many entries each witness has seen, by its place in the settings.
    seen: HashMap<(LogName, usize), u64>,
    /// When each log's head was last published.
    at: HashMap<LogName, Instant>,
}

/// How a head fared with a witness.
enum Cosigned {
    By(Vec<SignatureLine>),
    /// Not this time.
    NotNow,
    /// It will never cosign what this relay has.
    Never,
}

/// Publishes until the relay ends. `published` is what [`Evidence::publish_all`] gave before.
pub(crate) async fn run(
    evidence: Arc<Evidence>,
    mut published: Published,
    drain: CancellationToken,
) {
    let mut wait = Duration::ZERO;
    loop {
        tokio::select! {
            () = drain.cancelled() => return,
            () = evidence.added.notified() => sleep(GATHER).await,
            () = sleep(wait) => {}
        }
        wait = if evidence.publish_all(&mut published).await {
            RENEW
        } else if evidence.is_halted() {
            RECHECK
        } else {
            RETRY
        };
    }
}

impl Evidence {
    /// Publishes what is new. Whether it is all done.
    pub(crate) async fn publish_all(&self, published: &mut Published) -> bool {
        let mut done = true;
        for log in LogName::ALL {
            // What failed has been logged.
            done &= self.publish(log, published).await.unwrap_or(false);
        }
        done
    }

    async fn publish(&self, log: LogName, published: &mut Published) -> Answer<bool> {
        let halted = self.is_halted();
        // The one writing connection: behind whatever is being committed.
        let mut tx = self.db.write().await?;
        let checkpoint = self.unsigned_head(&mut tx, log).await?;
        let size = checkpoint.size();
        let served = rows::head(&mut tx, log).await?;
        tx.commit().await?;
        let same = served
            .as_ref()
            .is_some_and(|head| head.text() == checkpoint.to_string());
        let fresh = |at: &Instant| self.witnesses.all().is_empty() || at.elapsed() < RENEW;
        if !halted && same && published.at.get(&log).is_some_and(fresh) {
            return Ok(true);
        }
        let mut head = checkpoint.sign(self.keys.log(log)).map_err(|_| broken())?;
        let mut cosigned = 0;
        for (place, witness) in self.witnesses.all().iter().enumerate() {
            let seen = published.seen.entry((log, place)).or_insert(size);
            match self.cosign(log, witness, seen, &head, size).await? {
                Cosigned::By(lines) => {
                    for line in lines {
                        head.add(line).map_err(|_| broken())?;
                    }
                    cosigned += 1;
                    self.agree(log, witness);
                }
                // All of them are asked, so that no objection is missed.
                Cosigned::NotNow | Cosigned::Never => {}
            }
        }
        if self.is_halted() {
            return Ok(false);
        }
        if cosigned < self.witnesses.quorum() {
            tracing::warn!(
                log = log.as_str(),
                cosigned,
                "too few witnesses have cosigned; the older head is served"
            );
            return Ok(false);
        }
        let mut tx = self.db.write().await?;
        rows::set_head(&mut tx, log, &head).await?;
        tx.commit().await?;
        published.at.insert(log, Instant::now());
        self.standing.published(log, cosigned);
        Ok(true)
    }

    /// Has a head of `size` entries cosigned by one witness, which has seen `seen`, as far as is known.
    async fn cosign(
        &self,
        log: LogName,
        witness: &Witness,
        seen: &mut u64,
        head: &Note,
        size: u64,
    ) -> Answer<Cosigned> {
        // The second time with what the witness says that it has seen.
        for _ in 0..2 {
            let proof = self.consistency(log, *seen, size).await?;
            let request = Request::new(*seen, proof, head.clone()).map_err(|_| broken())?;
            match self.witnesses.ask(witness, &request).await {
                Said::Cosigned(lines) => {
                    *seen = size;
                    return Ok(Cosigned::By(lines));
                }
                Said::AtSize(known) if known <= size => *seen = known,
                Said::AtSize(known) => {
                    let why = format!(
                        "the witness {} has seen {known} entries of the log {}, and this relay has \
                         {size}: it was restored from an older state",
                        witness.name(),
                        log.as_str()
                    );
                    self.halt(log, witness, &why);
                    return Ok(Cosigned::Never);
                }
                Said::Conflict => {
                    let why = format!(
                        "the witness {} has seen other entries of the log {} than this relay has",
                        witness.name(),
                        log.as_str()
                    );
                    self.halt(log, witness, &why);
                    return Ok(Cosigned::Never);
                }
                Said::Nothing(why) => {
                    tracing::warn!(witness = witness.name(), why, "a witness has not cosigned");
                    return Ok(Cosigned::NotNow);
                }
            }
        }
        Ok(Cosigned::NotNow)
    }

    async fn consistency(
        &self,
        log: LogName,
        old: u64,
        size: u64,
    ) -> Answer<Vec<sealwire_audit::merkle::Hash>> {
        if old == 0 || old == size {
            return Ok(Vec::new());
        }
        let wanted = tiles_for(size, |nodes| prove_consistency(&nodes, old, size));
        let mut tiles: BTreeMap<(u8, u64), Tile> = BTreeMap::new();
        let mut db = self.db.readers.acquire().await?;
        for resource in wanted.map_err(|_| broken())? {
            let Kind::Hashes(level) = Resource::kind(&resource) else {
                continue;
            };
            let index = resource.index();
            let tile = rows::tile(&mut db, log, level, index).await?;
            tiles.insert((level, index), tile.ok_or_else(broken)?);
        }
        let nodes = TileNodes(|level, index| tiles.get(&(level, index)).cloned());
        prove_consistency(&nodes, old, size).map_err(|_| broken())
    }

    /// Lets nothing more be added: whatever came after would be a second history.
    fn halt(&self, log: LogName, witness: &Witness, why: &str) {
        let mut halted = self.halted.lock().unwrap_or_else(PoisonError::into_inner);
        if halted.insert((log, witness.name().to_owned())) {
            tracing::error!(why, "the transparency log is halted");
        }
    }

    /// A witness has cosigned what this relay has. If it had seen more before, that was not so: what it
    /// cosigned now it could not cosign otherwise.
    fn agree(&self, log: LogName, witness: &Witness) {
        let mut halted = self.halted.lock().unwrap_or_else(PoisonError::into_inner);
        if halted.remove(&(log, witness.name().to_owned())) {
            tracing::warn!(
                witness = witness.name(),
                log = log.as_str(),
                "the witness has cosigned after all"
            );
        }
    }

    /// Whether the logs cannot go on.
    pub(crate) fn is_halted(&self) -> bool {
        let halted = self.halted.lock().unwrap_or_else(PoisonError::into_inner);
        !halted.is_empty()
    }
}

fn broken() -> Refusal {
    Refusal::internal("the head of a transparency log cannot be made")
}
