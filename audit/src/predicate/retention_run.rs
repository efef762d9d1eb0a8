//! `retention-run`: what one run of retention removed.

use serde::{Deserialize, Serialize};

use super::spelled::{given, in_order};
use super::{Predicate, Role, Time};
use crate::Malformed;

/// What one run of retention removed, by which rules, and what it could not do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RetentionRun {
    /// When it began; everything's age is judged by this moment.
    pub started: Time,
    /// When it ended.
    pub ended: Time,
    /// Parts that failed and are tried again; empty if all went well.
    pub failed_parts: Vec<String>,
    /// What was removed, one member for each kind; nothing is named.
    pub removed: Vec<RemovedKind>,
    /// The rules by which it was judged.
    pub rules: Vec<Rule>,
}

/// What was removed of one kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RemovedKind {
    /// Of what kind, for example `entry`.
    pub kind: String,
    /// How many.
    pub removed: u64,
    /// Their bytes.
    pub bytes: u64,
    /// The earliest of their times; nothing if none was removed.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    pub oldest: Option<Time>,
    /// The latest of their times; nothing if none was removed.
    #[serde(
        default,
        deserialize_with = "given",
        skip_serializing_if = "Option::is_none"
    )]
    pub newest: Option<Time>,
}

/// How long things of one kind are kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rule {
    /// Of what kind.
    pub kind: String,
    /// Days.
    pub days: u64,
}

impl Predicate for RetentionRun {
    const NAME: &'static str = "retention-run";
    const TYPE: &'static str = base!("retention-run");
    const SIGNER: Role = Role::Relay;

    fn check(&self) -> Result<(), Malformed> {
        let wrong = |why| Err(Malformed::new(Self::NAME, why));
        if !in_order(&[self.started, self.ended]) {
            return wrong("ends before it begins");
        }
        for one in &self.removed {
            match (one.removed, one.oldest, one.newest) {
                (0, None, None) => {}
                (1.., Some(oldest), Some(newest)) if oldest <= newest => {}
                _ => return wrong("the times of what was removed do not fit its number"),
            }
        }
        Ok(())
    }
}
