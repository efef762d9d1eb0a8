//! What others say they have seen of the log: it has to be what this device has seen.

use sealwire_audit::checkpoint::Checkpoint;
use sealwire_audit::merkle::Hash;
use sealwire_audit::note::{Note, VerifierKey};
use sealwire_protocol::content::LogHead;
use sqlx::SqliteConnection;

use super::conflict_error;
use crate::api::Event;
use crate::core::Core;
use crate::error::Result;
use crate::store::{self, DirectoryLog, SeenHead};

/// Compares a head that came with a message, in the transaction that takes the message. Gives what
/// people are to be told once that is committed.
pub(crate) async fn heard(
    core: &Core,
    conn: &mut SqliteConnection,
    head: LogHead,
    handle: &str,
) -> Result<Option<Event>> {
    if core.transparency.head() == Some(head) {
        return Ok(None);
    }
    let Some(log) = store::directory_log(conn).await? else {
        return Ok(None);
    };
    let Some(signed) = signed(&log.key, &head) else {
        not_of_this_log(core, conn, head, handle).await?;
        return Ok(None);
    };
    if !log.conflict.is_empty() {
        return Ok(None); // The evidence is complete.
    }
    let seen = SeenHead {
        size: head.size,
        root: head.root,
        source: handle.to_owned(),
    };
    if let Some(root) = root_at_hand(conn, &log, seen.size).await? {
        return compare(core, conn, &seen, &signed, &root).await;
    }
    // Compared once this device has got as far, or outside of the transaction that takes messages: whoever
    // names an old size must not hold up what others say.
    store::await_directory_head(conn, &seen, &signed, core.now_ms()).await?;
    let bell = if seen.size > log.edge.size() {
        &core.transparency.newer
    } else {
        &core.transparency.older
    };
    bell.notify_one();
    Ok(None)
}

/// The root of the first `size` entries, where nothing has to be computed for it.
async fn root_at_hand(
    conn: &mut SqliteConnection,
    log: &DirectoryLog,
    size: u64,
) -> Result<Option<Hash>> {
    if size == log.edge.size() {
        return Ok(Some(log.edge.root()));
    }
    if size > log.edge.size() {
        return Ok(None);
    }
    store::known_directory_root(conn, size).await
}

/// What it means when the log that this device follows has not signed a head: the sender does not know yet that
/// the organisation named another log, or this device does not, or something is wrong.
async fn not_of_this_log(
    core: &Core,
    conn: &mut SqliteConnection,
    head: LogHead,
    handle: &str,
) -> Result<()> {
    if core.transparency.was_told(handle) {
        return Ok(()); // Nobody can have the relay asked with every message.
    }
    let ended = store::directory_logs_ended(conn).await?;
    if ended.iter().all(|key| signed(key, &head).is_none()) {
        core.transparency.doubt(handle, head);
        core.transparency.newer.notify_one();
    }
    Ok(())
}

/// Tells whose heads are not of the log that this device now follows.
pub(super) async fn tell_doubts(core: &Core) -> Result<()> {
    let log = {
        let mut conn = core.db.readers.acquire().await?;
        store::directory_log(&mut conn).await?
    };
    for (handle, head) in core.transparency.take_doubts() {
        let is_of_this = log
            .as_ref()
            .is_some_and(|log| signed(&log.key, &head).is_some());
        if !is_of_this && core.transparency.is_new(&handle) {
            core.emit(doubt(&handle));
        }
    }
    Ok(())
}

/// The head as a signed note, if the log with this key has signed it.
fn signed(log: &str, head: &LogHead) -> Option<Vec<u8>> {
    let key = VerifierKey::parse(log).ok()?;
    let checkpoint = Checkpoint::new(key.name().as_str(), head.size, Hash(head.root)).ok()?;
    let line = key.signature_line(&head.signature);
    let note = Note::new(checkpoint.to_string(), vec![line]).ok()?;
    note.signed_by(&key).ok()??;
    Some(note.to_string().into_bytes())
}

/// Either the sender has made a head up, or the relay shows them a log of another key.
fn doubt(handle: &str) -> Event {
    Event::Warning {
        conversation: None,
        text: format!(
            "{handle} goes by another directory log than this device does; ask them in person what \
             `sealwire org log` says on theirs, and tell your administrator if it differs"
        ),
    }
}

/// Compares a head with the root that this device has at its size.
async fn compare(
    core: &Core,
    conn: &mut SqliteConnection,
    seen: &SeenHead,
    signed: &[u8],
    root: &Hash,
) -> Result<Option<Event>> {
    if root.0 == seen.root {
        store::forget_directory_head(conn, seen).await?;
        return Ok(None);
    }
    let why = format!("it showed {} other entries than it showed you", seen.source);
    store::keep_directory_head(conn, seen, signed, core.now_ms()).await?;
    let first = store::distrust_directory(conn, &why).await?;
    let error = conflict_error(&why);
    Ok(first.then(|| Event::Warning {
        conversation: None,
        text: format!("{}: {}", error.message, error.hint),
    }))
}

/// Compares what waits with what this device has already, without asking the relay.
pub(super) async fn settle_alone(core: &Core) -> Result<()> {
    let _one = core.transparency.following.lock().await;
    let log = {
        let mut conn = core.db.readers.acquire().await?;
        store::directory_log(&mut conn).await?
    };
    match log {
        Some(log) if log.conflict.is_empty() => settle(core, &log).await,
        _ => Ok(()),
    }
}

/// Compares what others had seen before this device came as far. Only one at a time may, since the log is
/// not to be begun anew meanwhile.
pub(super) async fn settle(core: &Core, log: &DirectoryLog) -> Result<()> {
    let waiting = {
        let mut conn = core.db.readers.acquire().await?;
        store::directory_heads_of_others(&mut conn).await?
    };
    let mut told = None;
    for seen in waiting.iter().filter(|seen| seen.size <= log.edge.size()) {
        let (root, edges) = {
            let mut conn = core.db.readers.acquire().await?;
            store::directory_root_at(&mut conn, seen.size).await?
        };
        let mut conn = core.db.writer.lock().await;
        let mut tx = core.db.begin(&mut conn).await?;
        store::keep_directory_root(&mut tx, seen.size, &root, &edges).await?;
        // The signed form is stored already.
        let warning = compare(core, &mut tx, seen, &[], &root).await?;
        tx.commit().await?;
        told = told.or(warning);
    }
    match told {
        None => Ok(()),
        Some(warning) => {
            core.emit(warning);
            Err(conflict_error("it showed others something else"))
        }
    }
}
