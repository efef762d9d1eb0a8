//! `retention-run`.

use sealwire_audit::predicate::{Predicate as _, RemovedKind, RetentionRun, Rule};
use sealwire_audit::statement::{Statement, Subject};

use crate::config;
use crate::evidence::{time, unsayable};
use crate::refusal::Answer;
use crate::retention::Report;

/// What one run removed, by which rules.
pub(crate) fn retention_run(
    report: &Report,
    rules: &config::Retention,
    subject: Subject,
) -> Answer<Statement> {
    let removed = report.removed.iter().map(|removed| {
        let some = removed.count.removed > 0;
        let at = |s: u64| some.then(|| time(s.saturating_mul(1_000))).transpose();
        Ok(RemovedKind {
            kind: removed.kind.as_str().to_owned(),
            removed: removed.count.removed,
            bytes: removed.count.bytes,
            oldest: at(removed.count.oldest_s)?,
            newest: at(removed.count.newest_s)?,
        })
    });
    let rule = |kind: &str, days: u32| Rule {
        kind: kind.to_owned(),
        days: days.into(),
    };
    RetentionRun {
        started: time(report.started_at_ms)?,
        ended: time(report.ended_at_ms)?,
        failed_parts: report
            .failed
            .iter()
            .map(|part| (*part).to_owned())
            .collect(),
        removed: removed.collect::<Answer<_>>()?,
        rules: vec![
            rule("entry", rules.message_days),
            rule("envelope", rules.envelope_days),
            rule("blob", rules.blob_days),
            rule("invitation", rules.invitation_days),
        ],
    }
    .statement(vec![subject])
    .map_err(|_| unsayable())
}
