//! Whether a log that is served now goes on from the one that was known.

use std::collections::BTreeMap;
use std::path::Path;

use sealwire_audit::checkpoint::Checkpoint;
use sealwire_audit::merkle::{prove_consistency, verify_consistency};
use sealwire_audit::note::Note;
use sealwire_audit::policy::{Policy, Trusted};
use sealwire_audit::tile::{Kind, Tile, TileNodes, tiles_for};

use super::State;
use crate::failure::Failure;
use crate::pack::{LogName, Place, Source};

const HINT: &str =
    "do not rely on this log; ask its operator, and compare with others who watch it";

/// Looks at a relay once.
pub(super) struct Follower<'a> {
    pub(super) source: &'a mut dyn Source,
    pub(super) policy: &'a Policy,
    pub(super) state: &'a mut State,
    /// Seconds within which a quorum must have seen a head.
    pub(super) fresh: u64,
    /// Seconds since 1970.
    pub(super) now: u64,
}

/// A log that goes on from what was known.
pub(super) struct Seen {
    pub(super) origin: String,
    pub(super) size: u64,
    pub(super) witnessed_at: Option<u64>,
    /// Whether it is larger than before.
    pub(super) is_new: bool,
}

impl Follower<'_> {
    /// Looks at all logs of the relay that the policy names.
    pub(super) fn look(&mut self) -> Result<Vec<Seen>, Failure> {
        let audit = self.follow(LogName::Audit, None)?;
        let relay = LogName::Audit.relay(&audit.origin).map(str::to_owned);
        let directory = relay.map(|relay| format!("{relay}/{}", LogName::Directory));
        let mut seen = vec![audit];
        let mut named = self.policy.logs().iter().map(|log| log.key.name().as_str());
        if let Some(origin) = directory
            && named.any(|name| name == origin)
        {
            seen.push(self.follow(LogName::Directory, Some(&origin))?);
        }
        Ok(seen)
    }

    fn follow(&mut self, log: LogName, origin: Option<&str>) -> Result<Seen, Failure> {
        let place = Place::Checkpoint(log).to_string();
        let broken = |why: &dyn std::fmt::Display| Failure::broken(Path::new(&place), why, HINT);
        let note = Note::parse(&self.source.checkpoint(log)?).map_err(|why| broken(&why))?;
        let trusted = self.policy.check(&note).map_err(|why| broken(&why))?;
        let head = trusted.checkpoint.clone();
        if log.relay(head.origin()).is_none() || origin.is_some_and(|name| name != head.origin()) {
            return Err(broken(&format!("is of another log, {:?}", head.origin())));
        }
        let known = self.state.known(log).cloned();
        let is_new = known
            .as_ref()
            .is_none_or(|(_, old)| old.size() < head.size());
        if let Some((old_note, old)) = &known {
            self.goes_on(log, old, &head)?
                .map_err(|why| self.state.alarm(old_note, &note, &why))?;
        }
        // A newer cosignature of the same head need not be kept.
        if is_new {
            self.state.keep(log, (note, head.clone()))?;
        }
        self.is_fresh(&trusted).map_err(|why| broken(&why))?;
        Ok(Seen {
            origin: head.origin().to_owned(),
            size: head.size(),
            witnessed_at: trusted.witnessed_at,
            is_new,
        })
    }

    fn is_fresh(&self, trusted: &Trusted) -> Result<(), String> {
        match trusted.witnessed_at {
            Some(at) if self.now.saturating_sub(at) > self.fresh => Err(format!(
                "no quorum of witnesses has seen this head since {}",
                super::moment(at)
            )),
            _ => Ok(()),
        }
    }

    /// Whether the tree of `old` is the beginning of that of `head`. The proof is made of
    /// the tiles that are served; if it is wrong, they are, or the head is.
    fn goes_on(
        &mut self,
        log: LogName,
        old: &Checkpoint,
        head: &Checkpoint,
    ) -> Result<Result<(), String>, Failure> {
        if old.origin() != head.origin() {
            return Ok(Err("the log has another name than before".to_owned()));
        }
        if head.size() < old.size() {
            let (size, before) = (head.size(), old.size());
            return Ok(Err(format!(
                "the log has shrunk from {before} to {size} entries"
            )));
        }
        let proof = if head.size() == old.size() || old.size() == 0 {
            Vec::new()
        } else {
            match self.proof(log, old.size(), head.size())? {
                Ok(proof) => proof,
                Err(why) => return Ok(Err(why)),
            }
        };
        let proven = verify_consistency(old.size(), old.root(), head.size(), head.root(), &proof);
        Ok(proven.map_err(|_| {
            let what = if head.size() == old.size() {
                "the log has forked: two heads of"
            } else {
                "the tree served now does not begin with the one known, of"
            };
            format!("{what} {} entries", old.size())
        }))
    }

    fn proof(
        &mut self,
        log: LogName,
        old: u64,
        size: u64,
    ) -> Result<Result<Vec<sealwire_audit::merkle::Hash>, String>, Failure> {
        let wanted = tiles_for(size, |nodes| prove_consistency(&nodes, old, size));
        let wanted = match wanted {
            Ok(wanted) => wanted,
            Err(why) => return Ok(Err(why.to_string())),
        };
        let mut tiles = BTreeMap::new();
        for (one, bytes) in wanted.iter().zip(self.source.tiles(log, &wanted)?) {
            if let Kind::Hashes(level) = one.kind() {
                match Tile::parse(&bytes, one.width()) {
                    Ok(tile) => drop(tiles.insert((level, one.index()), tile)),
                    Err(why) => return Ok(Err(why.to_string())),
                }
            }
        }
        let nodes = TileNodes(|level, index| tiles.get(&(level, index)).cloned());
        Ok(prove_consistency(&nodes, old, size).map_err(|why| why.to_string()))
    }
}
