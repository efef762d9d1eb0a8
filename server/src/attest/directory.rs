//! `key-directory`.

use sealwire_audit::predicate::{KeyDirectory, Predicate as _, TreeRoot};
use sealwire_audit::statement::Subject;

use super::DAY_MS;
use crate::account::AccountPlane;
use crate::clock;
use crate::evidence::{LogName, time, unsayable};
use crate::refusal::Answer;

/// Attests once a day how many keys the directory holds, and how many of its entries are new since
/// the last time.
pub(super) async fn attest(account: &AccountPlane) -> Answer<()> {
    let evidence = account.evidence();
    let newest = evidence.newest_statement(KeyDirectory::TYPE).await?;
    // One about a log that ended says nothing of this one.
    let log = Some(evidence.origin(LogName::Directory));
    let newest = newest
        .filter(|newest| {
            newest
                .subjects()
                .iter()
                .any(|subject| subject.name.as_deref() == log)
        })
        .and_then(|newest| KeyDirectory::parse(&newest).ok());
    let now = clock::now_ms();
    let (from, known) = newest.map_or((now, 0), |newest| (newest.to.millis(), newest.tree_size));
    if known > 0 && now < from.saturating_add(DAY_MS) {
        return Ok(());
    }
    let mut tx = evidence.begin().await?;
    let head = evidence.unsigned_head(&mut tx, LogName::Directory).await?;
    let counts = account.directory_counts(&mut tx).await?;
    let statement = KeyDirectory {
        from: time(from)?,
        to: time(now)?,
        tree_size: head.size(),
        root: TreeRoot(*head.root()),
        accounts: counts.accounts,
        devices: counts.devices,
        revoked: counts.revoked,
        keys_changed: head.size().saturating_sub(known),
    };
    let subject = Subject::of(head.origin(), head.to_string().as_bytes());
    let statement = statement
        .statement(vec![subject])
        .map_err(|_| unsayable())?;
    evidence.attest(&mut tx, &statement).await?;
    tx.commit().await?;
    Ok(())
}
