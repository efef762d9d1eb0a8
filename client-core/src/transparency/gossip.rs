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
    let Some(signed) = signed(&log, &head) else {
        return Ok(core.transparency.is_new(handle).then(|| doubt(handle)));
    };
    let seen = SeenHead {
        size: head.size,
        root: head.root,
        source: handle.to_owned(),
    };
    if seen.size > log.edge.size() {
        // Compared once this device has got as far.
        store::keep_directory_head(conn, &seen, &signed, core.now_ms()).await?;
        core.transparency.newer.notify_one();
        return Ok(None);
    }
    compare(core, conn, &seen, &signed).await
}

/// The head as a signed note, if the log that this device follows has signed it.
fn signed(log: &DirectoryLog, head: &LogHead) -> Option<Vec<u8>> {
    let key = VerifierKey::parse(&log.key).ok()?;
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

/// Compares a head that is not beyond what this device has.
async fn compare(
    core: &Core,
    conn: &mut SqliteConnection,
    seen: &SeenHead,
    signed: &[u8],
) -> Result<Option<Event>> {
    if store::directory_root_at(conn, seen.size).await?.0 == seen.root {
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

/// Compares what others had seen before this device came as far.
pub(super) async fn settle(core: &Core, log: &DirectoryLog) -> Result<()> {
    let waiting = {
        let mut conn = core.db.readers.acquire().await?;
        store::directory_heads_of_others(&mut conn).await?
    };
    let mut told = None;
    for seen in waiting.iter().filter(|seen| seen.size <= log.edge.size()) {
        let mut conn = core.db.writer.lock().await;
        let mut tx = core.db.begin(&mut conn).await?;
        // The signed form is stored already.
        let warning = compare(core, &mut tx, seen, &[]).await?;
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
