//! Holding a checkpoint to a policy.

use std::collections::BTreeMap;

use super::{Member, Policy};
use crate::Malformed;
use crate::checkpoint::Checkpoint;
use crate::note::{FalseSignature, Note, Signed};

/// A checkpoint that satisfies a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trusted {
    /// The head of the log.
    pub checkpoint: Checkpoint,
    /// When each witness saw it, by its place in [`Policy::witnesses`], in seconds
    /// since 1970.
    pub seen: BTreeMap<usize, u64>,
    /// The newest moment from which on a quorum had seen it, in seconds since 1970;
    /// `None` if the policy needs no witness. Hold it to a clock to see whether the
    /// checkpoint is fresh.
    pub witnessed_at: Option<u64>,
}

/// Why a checkpoint does not satisfy a policy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Distrust {
    /// The text is not a checkpoint.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// A signature under the name of a trusted key is false.
    #[error(transparent)]
    FalseSignature(#[from] FalseSignature),
    /// No trusted log has signed it.
    #[error("no log of the policy has signed this checkpoint of {0:?}")]
    UnknownLog(String),
    /// Too few witnesses have cosigned it.
    #[error("the witnesses that have cosigned ({found}) are no quorum of the policy ({quorum})")]
    NoQuorum {
        /// How many witnesses of the policy have cosigned.
        found: usize,
        /// What the policy calls the quorum.
        quorum: String,
    },
}

impl Policy {
    /// Checks that a log of this policy has signed the checkpoint in `note` and that
    /// enough witnesses have cosigned it.
    ///
    /// # Errors
    /// [`Distrust`] says what is missing.
    pub fn check(&self, note: &Note) -> Result<Trusted, Distrust> {
        let checkpoint = Checkpoint::parse(note.text())?;
        let mut signed = false;
        for log in &self.logs {
            // A key speaks for the log of its name alone.
            if log.key.name().as_str() == checkpoint.origin() {
                signed |= note.signed_by(&log.key)?.is_some();
            }
        }
        if !signed {
            return Err(Distrust::UnknownLog(checkpoint.origin().to_owned()));
        }
        let mut seen = BTreeMap::new();
        for (place, witness) in self.witnesses.iter().enumerate() {
            if let Some(Signed::At(time)) = note.signed_by(&witness.key)? {
                seen.insert(place, time);
            }
        }
        let witnessed_at = match self.quorum {
            None => None,
            Some(quorum) => {
                let moment = self.moment(quorum, &seen);
                Some(moment.ok_or_else(|| Distrust::NoQuorum {
                    found: seen.len(),
                    quorum: String::from_utf8_lossy(self.name(quorum)).into_owned(),
                })?)
            }
        };
        Ok(Trusted {
            checkpoint,
            seen,
            witnessed_at,
        })
    }

    /// The newest moment such that those who cosigned then or later suffice for
    /// `quorum`; `None` if all together do not.
    fn moment(&self, quorum: Member, seen: &BTreeMap<usize, u64>) -> Option<u64> {
        let mut moments = Vec::with_capacity(self.groups.len());
        let of = |member: Member, moments: &[Option<u64>]| match member {
            Member::Witness(place) => seen.get(&place).copied(),
            Member::Group(place) => moments.get(place).copied().flatten(),
        };
        // A group's members stand before it.
        for group in &self.groups {
            let mut times: Vec<u64> = group
                .members
                .iter()
                .filter_map(|member| of(*member, &moments))
                .collect();
            times.sort_unstable_by(|a, b| b.cmp(a));
            moments.push(times.get(group.threshold - 1).copied());
        }
        of(quorum, &moments)
    }
}
