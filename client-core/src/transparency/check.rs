//! Answers of the directory, held to its log.

use std::collections::BTreeMap;
use std::time::Duration;

use sealwire_audit::commitment::{Commitment, DirectoryIndex, DirectoryKey, Salt};
use sealwire_audit::directory::{Account, AccountKind, DirectoryEvent, Standing};
use sealwire_crypto::{SecretBytes, sha256};
use sealwire_protocol::account::{DirectoryEntry, OpenedEntry};
use sealwire_protocol::certificate::{DeviceKind, UnverifiedCertificate};
use sealwire_protocol::handle::Handle;
use tokio::time::sleep;

use super::follow::follow_where_named;
use crate::core::Core;
use crate::error::{CoreError, ErrorKind, Result};
use crate::group;
use crate::store;
use crate::withdraw;

/// A head is published within a second of what it covers, as a rule.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(250);

/// How an answer fares.
enum Verdict {
    Holds,
    /// The log has got further meanwhile, or not yet as far.
    Again,
    Lies,
}

/// Asks the directory for a handle. What it answers is what its log says, as far as this device
/// and everybody who follows it can see. `None` if nobody has the handle.
///
/// # Errors
/// `bad_directory`, `directory_behind`; as reading the log; network errors.
pub(crate) async fn directory_entry(
    core: &Core,
    handle: &Handle,
) -> Result<Option<DirectoryEntry>> {
    for _ in 0..TRIES {
        let entry = core.account.directory(handle).await?;
        match verdict(core, handle, entry.as_ref()).await? {
            Verdict::Holds => return Ok(entry.filter(|entry| !entry.account_key.0.is_empty())),
            Verdict::Again => sleep(PAUSE).await,
            Verdict::Lies => return Err(group::lying(handle)),
        }
    }
    Err(CoreError::new(
        ErrorKind::Io,
        "directory_behind",
        format!("the relay has not yet logged what its directory says of {handle}"),
        "try again in a minute; tell your administrator if it stays, a witness may be out of reach",
    ))
}

async fn verdict(core: &Core, handle: &Handle, entry: Option<&DirectoryEntry>) -> Result<Verdict> {
    let log = follow_where_named(core).await?;
    let index = DirectoryKey::new(log.directory_key).index(handle.as_str());
    let leaves = {
        let mut conn = core.db.readers.acquire().await?;
        store::directory_leaves(&mut conn, &index).await?
    };
    Ok(judge(&leaves, log.edge.size(), handle, entry))
}

/// Whether an answer is what the entries under the handle's index, of a log of `size`, say.
fn judge(
    leaves: &[(u64, Commitment)],
    size: u64,
    handle: &Handle,
    entry: Option<&DirectoryEntry>,
) -> Verdict {
    let Some(entry) = entry else {
        // A handle that the log knows has an answer, and be it that the account was erased.
        return if leaves.is_empty() {
            Verdict::Holds
        } else {
            Verdict::Again
        };
    };
    if entry.opened.iter().any(|opened| opened.number >= size) {
        return Verdict::Again;
    }
    let newest = entry.opened.last().map_or(0, |opened| opened.number);
    if leaves.iter().any(|(number, _)| *number > newest) {
        return Verdict::Again;
    }
    match standing(leaves, entry) {
        Some(Standing::Account(account)) if agrees(&account, handle, entry) => Verdict::Holds,
        Some(Standing::Erased) if entry.account_key.0.is_empty() => Verdict::Holds,
        _ => Verdict::Lies,
    }
}

/// What follows from the entries, if the answer opens each of them, or all from an erasure on: what
/// came before it nobody can open.
fn standing(leaves: &[(u64, Commitment)], entry: &DirectoryEntry) -> Option<Standing> {
    let unopened = leaves.len().checked_sub(entry.opened.len())?;
    let mut standing = Standing::default();
    for ((number, commitment), opened) in leaves.iter().skip(unopened).zip(&entry.opened) {
        if *number != opened.number {
            return None;
        }
        let salt = Salt::new(SecretBytes::from_slice(&opened.salt.0).ok()?);
        let event = salt.open(commitment, opened.event.as_bytes()).ok()?;
        let event = DirectoryEvent::from_value(&event).ok()?;
        let first = standing == Standing::Nobody;
        if first && unopened > 0 && event != DirectoryEvent::Erased {
            return None;
        }
        standing = standing.then(event).ok()?;
    }
    Some(standing)
}

/// Whether the answer is that of the account.
fn agrees(account: &Account, handle: &Handle, entry: &DirectoryEntry) -> bool {
    let devices: Option<BTreeMap<_, _>> = entry
        .certificates
        .iter()
        .map(|bytes| {
            let certificate = UnverifiedCertificate::parse(&bytes.0).ok()?.verify().ok()?;
            Some((*certificate.device().as_bytes(), sha256(&[&bytes.0])))
        })
        .collect();
    let revoked: Option<BTreeMap<[u8; 16], u64>> = entry
        .revocations
        .iter()
        .map(|revocation| {
            let device = revocation.device.0.as_slice().try_into().ok()?;
            Some((device, revocation.at_s))
        })
        .collect();
    account.handle == handle.as_str()
        && account.devices.len() == entry.certificates.len()
        && account.key.as_slice() == entry.account_key.0
        && kind_of(account.kind) == entry.kind
        && Some(&account.devices) == devices.as_ref()
        && Some(&account.revoked) == revoked.as_ref()
        && account.suspended == entry.suspended
}

const fn kind_of(kind: AccountKind) -> DeviceKind {
    match kind {
        AccountKind::Person => DeviceKind::Person,
        AccountKind::Agent => DeviceKind::Agent,
        AccountKind::Custodian => DeviceKind::Custodian,
    }
}

/// Asks anew for whom the log has something new: this account and those it knows. What could not be
/// looked at is looked at the next time.
pub(super) async fn watch(core: &Core) {
    let watched = match watch_changed(core).await {
        Ok(()) => super::members::look_up_due(core).await.map(drop),
        failed => failed,
    };
    if let Err(error) = watched
        && error.kind == ErrorKind::Untrusted
        && core.transparency.is_new(error.code)
    {
        core.warn(None, format!("{}: {}", error.message, error.hint));
    }
}

async fn watch_changed(core: &Core) -> Result<()> {
    let (log, seen, contacts) = {
        let mut conn = core.db.readers.acquire().await?;
        let Some(log) = store::directory_log(&mut conn).await? else {
            return Ok(());
        };
        let seen = store::directory_watched(&mut conn).await?;
        (log, seen, store::contacts(&mut conn).await?)
    };
    let size = log.edge.size();
    if seen >= size {
        return Ok(());
    }
    let key = DirectoryKey::new(log.directory_key);
    let own = core.identity.handle.clone();
    let handles = contacts.into_iter().map(|contact| contact.handle);
    let mut failed = None;
    // The own account first: nothing matters more.
    for handle in [own].into_iter().chain(handles) {
        if has_new(core, &key.index(handle.as_str()), seen).await?
            && let Err(error) = look_again(core, &handle, seen).await
        {
            failed = failed.or(Some(error));
        }
    }
    if let Some(error) = failed {
        return Err(error);
    }
    let mut conn = core.db.writer.lock().await;
    let mut tx = core.db.begin(&mut conn).await?;
    store::set_directory_watched(&mut tx, size).await?;
    tx.commit().await?;
    Ok(())
}

/// Looks up somebody of whom the log has something new since `seen` entries: warns if the account key
/// is another than before, and takes out of the conversations who is suspended or erased. With 0, of
/// somebody whom others have added.
pub(super) async fn look_again(core: &Core, handle: &Handle, seen: u64) -> Result<()> {
    let own = *handle == core.identity.handle;
    if own {
        let entry = directory_entry(core, handle).await?;
        let erased = entry.as_ref().is_none_or(|entry| erased_since(entry, seen));
        let key = core.identity.account.as_bytes().as_slice();
        if erased || entry.is_some_and(|entry| entry.account_key.0 != key) {
            core.warn(
                None,
                "the relay's directory says that your account was erased or has another key; if that \
                 was not you, tell your administrator at once",
            );
        }
        return Ok(());
    }
    let looked = match group::lookup(core, handle).await {
        Err(error) if error.code == "unknown_handle" => {
            if seen == 0 {
                core.warn(
                    None,
                    format!(
                        "{handle} is in a conversation of yours, and the directory does not know \
                         them; ask whoever added them"
                    ),
                );
            }
            return withdraw::take_out_gone(core, handle).await;
        }
        looked => looked?,
    };
    if looked.contact.key_changed() {
        core.warn(
            None,
            format!(
                "the directory now shows another key for {handle}; ask them in person why before \
                 you trust it"
            ),
        );
        // A handle gets another key only after its first account was erased.
        return withdraw::take_out_gone(core, handle).await;
    }
    if looked.suspended {
        withdraw::take_out_gone(core, handle).await?;
    }
    Ok(())
}

/// Whether the newest erasure that an answer opens came after the first `seen` entries.
fn erased_since(entry: &DirectoryEntry, seen: u64) -> bool {
    let erased = |opened: &&OpenedEntry| opened.event.contains("\"erased\"");
    let newest = entry.opened.iter().rev().find(erased);
    seen > 0 && newest.is_some_and(|newest| newest.number >= seen)
}

async fn has_new(core: &Core, index: &DirectoryIndex, since: u64) -> Result<bool> {
    let mut conn = core.db.readers.acquire().await?;
    let leaves = store::directory_leaves(&mut conn, index).await?;
    Ok(leaves.last().is_some_and(|(number, _)| *number >= since))
}
