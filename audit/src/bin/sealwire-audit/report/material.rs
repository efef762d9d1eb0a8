//! What a report is made of: the statements of a pack, sorted.

use std::collections::{BTreeMap, BTreeSet};

use sealwire_audit::predicate::{
    AccessExport, ConfigSnapshot, Erasure, HoldAction, Incident, Known, LegalHold, RestoreDrill,
    RetentionRun, Role, Ropa, StorageCensus, SubjectRequest, Time,
};

use crate::pack::{Said, What};

/// One statement of a type: when it speaks of, and who has signed.
pub(super) struct Mark {
    pub(super) at: Time,
    pub(super) roles: BTreeSet<Role>,
}

/// The statements of a pack.
#[derive(Default)]
pub(super) struct Material {
    /// By type.
    pub(super) marks: BTreeMap<&'static str, Vec<Mark>>,
    pub(super) runs: Vec<RetentionRun>,
    /// The newest about each.
    pub(super) erasures: Vec<Erasure>,
    pub(super) exports: Vec<AccessExport>,
    /// The newest about each, by its subject.
    pub(super) incidents: BTreeMap<String, Incident>,
    pub(super) requests: Vec<SubjectRequest>,
    pub(super) drills: Vec<RestoreDrill>,
    /// The newest, with its entry.
    pub(super) census: Option<(u64, StorageCensus)>,
    /// The newest.
    pub(super) config: Option<ConfigSnapshot>,
    /// The newest, with its entry.
    pub(super) ropa: Option<(u64, Ropa)>,
    holds: Vec<LegalHold>,
}

impl Material {
    /// Takes a statement, in the order of the log.
    pub(super) fn add(&mut self, said: Said) {
        let Said {
            index,
            what,
            subjects,
            roles,
        } = said;
        // Of programs, and not of what the relay does.
        let What::Known(what) = what else { return };
        let mark = Mark {
            at: moment(&what),
            roles,
        };
        self.marks.entry(what.name()).or_default().push(mark);
        match *what {
            Known::RetentionRun(one) => self.runs.push(one),
            Known::Erasure(one) => {
                self.erasures.retain(|old| old.subject != one.subject);
                self.erasures.push(one);
            }
            Known::AccessExport(one) => self.exports.push(one),
            Known::Incident(one) => {
                let about = subjects
                    .first()
                    .and_then(|about| about.digest.get("sha256"));
                // Without one it stands for itself.
                let about = about.cloned().unwrap_or_else(|| index.to_string());
                self.incidents.insert(about, one);
            }
            Known::SubjectRequest(one) => self.requests.push(one),
            Known::Ropa(one) => self.ropa = Some((index, one)),
            Known::RestoreDrill(one) => self.drills.push(one),
            Known::LegalHold(one) => self.holds.push(one),
            Known::StorageCensus(one) => {
                if self
                    .census
                    .as_ref()
                    .is_none_or(|(_, old)| old.taken <= one.taken)
                {
                    self.census = Some((index, one));
                }
            }
            Known::ConfigSnapshot(one) => {
                if self
                    .config
                    .as_ref()
                    .is_none_or(|old| old.taken <= one.taken)
                {
                    self.config = Some(one);
                }
            }
            Known::KeyDirectory(_) => {}
        }
    }

    /// How many holds were placed and not released.
    pub(super) fn open_holds(&self) -> usize {
        let mut open = BTreeSet::new();
        for hold in &self.holds {
            match hold.action {
                HoldAction::Placed => open.insert(hold.scope),
                HoldAction::Released => open.remove(&hold.scope),
            };
        }
        open.len()
    }
}

/// The moment that a statement speaks of; of a period its end.
fn moment(what: &Known) -> Time {
    match what {
        Known::AccessExport(one) => one.completed,
        Known::ConfigSnapshot(one) => one.taken,
        Known::Erasure(one) => one.completed,
        Known::Incident(one) => one.noticed,
        Known::KeyDirectory(one) => one.to,
        Known::LegalHold(one) => one.at,
        Known::RestoreDrill(one) => one.ended,
        Known::RetentionRun(one) => one.ended,
        Known::Ropa(one) => one.generated,
        Known::StorageCensus(one) => one.taken,
        Known::SubjectRequest(one) => one.answered,
    }
}
