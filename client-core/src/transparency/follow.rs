//! Reading the log: each newer head is signed, witnessed as the organisation asks, and continues
//! what this device has.

use std::sync::Arc;

use sealwire_audit::checkpoint::Checkpoint;
use sealwire_audit::leaf::Leaf;
use sealwire_audit::merkle::Edge;
use sealwire_audit::note::{MAX_NOTE, Note, VerifierKey};
use sealwire_audit::policy::{Distrust, Trusted};
use sealwire_audit::tile::{Kind, Resource, WIDTH, parse_bundle};
use sealwire_protocol::content::LogHead;
use tokio::time::{Instant, sleep_until};

use super::named::{directory_key, directory_log_of, is_named, log_policy, names, trusted_logs};
use super::{EVERY, FRESH_S, bad_log, conflict_error, gossip, not_yet};
use crate::core::Core;
use crate::error::{CoreError, ErrorKind, Result};
use crate::organisation;
use crate::store::{self, DirectoryLog, SeenHead};

/// Longest bundle of 256 entries of the directory's log, 50 bytes each.
const MAX_BUNDLE: usize = WIDTH as usize * 50;
/// Longest list of the log's keys.
const MAX_KEYS: usize = 8 * 1024;
/// Longest log that is read: 200 MB. An organisation of 100,000 accounts with ten changes each has a
/// quarter of it.
const LONGEST: u64 = 4_000_000;

/// What others have seen has to be here by then.
const PATIENCE_MS: u64 = 5 * 60_000;

/// Reads the log until the client is dropped.
pub(crate) async fn run(core: Arc<Core>) {
    loop {
        compare_waiting(&core).await;
        // What cannot be mended by waiting was told when it was found.
        if follow_where_named(&core).await.is_ok() {
            super::check::watch(&core).await;
        }
        let next = Instant::now() + EVERY;
        loop {
            tokio::select! {
                () = core.transparency.older.notified() => compare_waiting(&core).await,
                () = core.transparency.newer.notified() => break,
                () = sleep_until(next) => break,
            }
        }
    }
}

/// Follows the log. If it is not the one that this device knows, or somebody goes by another, the organisation
/// may have named another meanwhile, so its policy is asked for.
///
/// # Errors
/// As [`follow`].
pub(super) async fn follow_where_named(core: &Core) -> Result<DirectoryLog> {
    let before = named_log(core);
    let mut followed = follow(core).await;
    let is_another = matches!(&followed, Err(error) if error.code == "directory_log");
    if is_another || core.transparency.has_doubts() {
        // What cannot be believed of a policy is told where it is fetched daily.
        drop(organisation::fetch(core).await);
        if named_log(core) != before {
            followed = follow(core).await;
        }
    }
    gossip::tell_doubts(core).await?;
    followed
}

/// The logs and witnesses that the organisation names, as far as this device knows.
fn named_log(core: &Core) -> Option<String> {
    core.organisation_policy()?.log_policy.clone()
}

/// Needs no relay, which might like to be out of reach now. What goes wrong here [`follow`] meets again.
async fn compare_waiting(core: &Core) {
    drop(gossip::settle_alone(core).await);
}

/// Takes up where the last process stopped.
pub(crate) async fn load(core: &Core) -> Result<()> {
    let mut conn = core.db.readers.acquire().await?;
    if let Some(log) = store::directory_log(&mut conn).await?
        && let Some(head) = head_of(&log)
    {
        core.transparency.set_head(head);
    }
    Ok(())
}

/// The newest head, as others are told of it.
fn head_of(log: &DirectoryLog) -> Option<LogHead> {
    let key = VerifierKey::parse(&log.key).ok()?;
    let note = Note::parse(&log.head).ok()?;
    let line = note.signatures().iter().find(|line| line.is_of(&key))?;
    Some(LogHead {
        size: log.edge.size(),
        root: log.edge.root().0,
        signature: line.signature().try_into().ok()?,
    })
}

/// Reads what is new. Gives the log as it now is.
///
/// # Errors
/// `directory_conflict`, `directory_log`; `directory_behind`, `directory_stale` and network errors may
/// pass.
pub(super) async fn follow(core: &Core) -> Result<DirectoryLog> {
    let _one = core.transparency.following.lock().await;
    let mut log = begun(core).await?;
    let policy = trusted_logs(core, &log)?;
    let shown = core
        .account
        .log_file("directory/checkpoint", MAX_NOTE)
        .await?;
    let shown = shown.ok_or_else(|| not_yet("its log is not yet published"))?;
    let note = Note::parse(&shown).map_err(bad_log)?;
    let trusted = policy.check(&note).map_err(|why| match why {
        Distrust::NoQuorum { .. } => not_yet(why),
        why => bad_log(why),
    })?;
    is_plain(&trusted.checkpoint, &log)?;
    continue_to(core, &mut log, &trusted.checkpoint, &note).await?;
    gossip::settle(core, &log).await?;
    not_behind(core, &log).await?;
    fresh(core, &trusted)?;
    Ok(log)
}

/// A head of this log and nothing more: others rebuild its text from size and root.
fn is_plain(head: &Checkpoint, log: &DirectoryLog) -> Result<()> {
    let key = VerifierKey::parse(&log.key).map_err(bad_log)?;
    let plain = Checkpoint::new(key.name().as_str(), head.size(), *head.root());
    match plain {
        Ok(plain) if plain == *head => Ok(()),
        _ => Err(bad_log(
            "its head is of another log, or says more than a head",
        )),
    }
}

/// The log has signed a larger head, which somebody has seen, and does not show it here.
async fn not_behind(core: &Core, log: &DirectoryLog) -> Result<()> {
    let since = {
        let mut conn = core.db.readers.acquire().await?;
        store::newer_head_since(&mut conn, log.edge.size()).await?
    };
    match since {
        Some(at_ms) if at_ms.saturating_add(PATIENCE_MS) < core.now_ms() => Err(not_yet(
            "others have seen a newer one than it shows this device",
        )),
        _ => Ok(()),
    }
}

/// Cosignatures have to be of the last day, if the organisation asks for any.
fn fresh(core: &Core, trusted: &Trusted) -> Result<()> {
    match trusted.witnessed_at {
        Some(at) if at.saturating_add(FRESH_S) < core.now_s() => Err(CoreError::new(
            ErrorKind::Io,
            "directory_stale",
            "no witness has confirmed the relay's directory within the last day",
            "try again later, check this device's clock, and tell your administrator if it stays",
        )),
        _ => Ok(()),
    }
}

/// The log as it is stored, or pinned now.
async fn begun(core: &Core) -> Result<DirectoryLog> {
    let policy = core.organisation_policy();
    let named = policy.as_deref().and_then(log_policy).transpose()?;
    let stored = {
        let mut conn = core.db.readers.acquire().await?;
        store::directory_log(&mut conn).await?
    };
    if let Some(log) = stored {
        // The organisation may begin anew with another log; the relay may not.
        if named.as_ref().is_none_or(|named| names(named, &log.key))
            && is_named(policy.as_deref(), &log.directory_key)
        {
            return if log.conflict.is_empty() {
                Ok(log)
            } else {
                Err(conflict_error(&log.conflict))
            };
        }
    }
    let key = match &named {
        Some(named) => directory_log_of(named.logs().iter().map(|log| &log.key)),
        None => {
            let keys = core.account.log_file("keys", MAX_KEYS).await?;
            let keys = keys.ok_or_else(|| not_yet("the keys of its logs are not there"))?;
            let keys = String::from_utf8(keys).unwrap_or_default();
            let keys: Vec<VerifierKey> = keys
                .lines()
                .map(VerifierKey::parse)
                .collect::<Result<_, _>>()
                .map_err(bad_log)?;
            directory_log_of(keys.iter())
        }
    };
    let key = key.ok_or_else(|| bad_log("it shows no key"))?;
    let log = DirectoryLog {
        directory_key: directory_key(core, policy.as_deref(), &key).await?,
        key,
        edge: Edge::new(),
        head: Vec::new(),
        conflict: String::new(),
    };
    let mut conn = core.db.writer.lock().await;
    let mut tx = core.db.begin(&mut conn).await?;
    store::forget_directory_log(&mut tx).await?;
    store::save_directory_log(&mut tx, &log).await?;
    tx.commit().await?;
    Ok(log)
}

/// Reads entries up to `head` and adopts it if the tree over them has its root.
async fn continue_to(
    core: &Core,
    log: &mut DirectoryLog,
    head: &Checkpoint,
    note: &Note,
) -> Result<()> {
    let have = log.edge.size();
    if head.size() < have {
        let why = format!("it shows {} entries where it had shown {have}", head.size());
        return Err(distrust(core, head, note, &why).await?);
    }
    if head.size() == have {
        if head.root() == &log.edge.root() {
            return save(core, log, note, Vec::new(), &[]).await;
        }
        return Err(distrust(core, head, note, "it shows other entries than before").await?);
    }
    if head.size() > LONGEST {
        return Err(bad_log("it is longer than any organisation's"));
    }
    let mut edge = log.edge.clone();
    let mut leaves = Vec::new();
    let mut passed = Vec::new();
    while edge.size() < head.size() {
        read_bundle(core, &mut edge, head.size(), &mut leaves).await?;
        if edge.size().is_multiple_of(store::EDGE_EVERY) {
            passed.push(edge.clone());
        }
    }
    if &edge.root() != head.root() {
        let why = "its entries do not continue those that it had shown";
        return Err(distrust(core, head, note, why).await?);
    }
    log.edge = edge;
    save(core, log, note, leaves, &passed).await
}

/// An entry of the directory's log that is to be stored.
type NewLeaf = (u64, Leaf);

/// Reads the next bundle of a log of `size` entries.
async fn read_bundle(
    core: &Core,
    edge: &mut Edge,
    size: u64,
    leaves: &mut Vec<NewLeaf>,
) -> Result<()> {
    let wide = u64::from(WIDTH);
    let number = edge.size() / wide;
    let width = (size - number * wide).min(wide);
    let width = u16::try_from(width).map_err(CoreError::internal)?;
    let resource = Resource::new(Kind::Entries, number, width).map_err(bad_log)?;
    let path = format!("directory/{resource}");
    let bytes = core.account.log_file(&path, MAX_BUNDLE).await?;
    let bytes = bytes.ok_or_else(|| not_yet(format!("{path} is missing")))?;
    let entries = parse_bundle(&bytes, width).map_err(bad_log)?;
    let known = usize::try_from(edge.size() % wide).map_err(CoreError::internal)?;
    for entry in entries.into_iter().skip(known) {
        let leaf = Leaf::parse(entry).map_err(bad_log)?;
        leaves.push((edge.size(), leaf));
        edge.push(entry, |_| {}).map_err(bad_log)?;
    }
    Ok(())
}

async fn save(
    core: &Core,
    log: &mut DirectoryLog,
    note: &Note,
    leaves: Vec<NewLeaf>,
    edges: &[Edge],
) -> Result<()> {
    log.head = note.to_string().into_bytes();
    let head = head_of(log).ok_or_else(|| bad_log("its head is not signed by the pinned key"))?;
    let mut conn = core.db.writer.lock().await;
    let mut tx = core.db.begin(&mut conn).await?;
    for (number, leaf) in &leaves {
        match leaf {
            Leaf::Directory { index, commitment } => {
                store::add_directory_leaf(&mut tx, *number, index, commitment).await?;
            }
            _ => return Err(bad_log("an entry is not of the directory")),
        }
    }
    store::save_directory_log(&mut tx, log).await?;
    store::keep_directory_edges(&mut tx, edges).await?;
    let seen = SeenHead {
        size: head.size,
        root: head.root,
        source: store::CHECKED.to_owned(),
    };
    store::keep_directory_head(&mut tx, &seen, &log.head, core.now_ms()).await?;
    tx.commit().await?;
    core.transparency.set_head(head);
    if !leaves.is_empty() {
        core.transparency.newer.notify_one();
    }
    Ok(())
}

/// Keeps a signed head that contradicts what this device knows; gives the error to tell.
async fn distrust(core: &Core, head: &Checkpoint, note: &Note, why: &str) -> Result<CoreError> {
    let mut conn = core.db.writer.lock().await;
    let mut tx = core.db.begin(&mut conn).await?;
    let seen = SeenHead {
        size: head.size(),
        root: head.root().0,
        source: store::OF_RELAY.to_owned(),
    };
    let signed = note.to_string().into_bytes();
    store::keep_directory_head(&mut tx, &seen, &signed, core.now_ms()).await?;
    let first = store::distrust_directory(&mut tx, why).await?;
    tx.commit().await?;
    let error = conflict_error(why);
    if first {
        core.warn(None, format!("{}: {}", error.message, error.hint));
    }
    Ok(error)
}
