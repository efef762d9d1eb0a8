//! Members whom others have added, held against the directory as those whom this account adds are.
//!
//! To ask for everybody of a group at once would show the relay who is in it. So each is asked for at
//! a random moment within hours, and few at a time.

use std::time::Duration;

use sealwire_protocol::certificate::DeviceCertificate;
use sqlx::SqliteConnection;

use super::check::look_again;
use crate::client::Client;
use crate::core::Core;
use crate::error::{ErrorKind, Result};
use crate::random;
use crate::store::{self, Kind, NotedContact};

/// Asked for within one look at the log, of which there is one in ten minutes at least.
const AT_ONCE: u32 = 4;
/// Between two of them, at most.
const PAUSE_MS: u64 = 20_000;

/// Notes who is in a group; the directory is asked later for those whom this device did not know.
pub(crate) async fn note_member(
    core: &Core,
    conn: &mut SqliteConnection,
    leaf: &DeviceCertificate,
    now_ms: u64,
) -> Result<NotedContact> {
    let own = leaf.handle() == &core.identity.handle;
    if !own && store::contact(conn, leaf.handle()).await?.is_none() {
        let due_ms = core.now_ms() + random::up_to(core.options.look_up_within_ms);
        store::look_up_later(conn, leaf.handle(), due_ms).await?;
    }
    let kind = Kind::Shown(leaf.kind());
    store::note_contact(conn, leaf.handle(), leaf.account(), kind, now_ms).await
}

/// Asks for those who are due; answers how many there were.
pub(super) async fn look_up_due(core: &Core) -> Result<usize> {
    let due = {
        let mut conn = core.db.readers.acquire().await?;
        store::due_to_look_up(&mut conn, core.now_ms(), AT_ONCE).await?
    };
    for (number, handle) in due.iter().enumerate() {
        if number > 0 {
            let pause = PAUSE_MS.min(core.options.look_up_within_ms);
            tokio::time::sleep(Duration::from_millis(random::up_to(pause))).await;
        }
        match look_again(core, handle, 0).await {
            Ok(()) => {}
            // Asked again the next time, as after anything that may pass; but those behind are not held up.
            Err(error) if error.kind == ErrorKind::Untrusted => {
                if core.transparency.is_new(error.code) {
                    core.warn(None, format!("{}: {}", error.message, error.hint));
                }
                put_off(core, handle).await?;
                continue;
            }
            Err(error) => return Err(error),
        }
        let mut conn = core.db.writer.lock().await;
        let mut tx = core.db.begin(&mut conn).await?;
        store::looked_up(&mut tx, handle).await?;
        tx.commit().await?;
    }
    Ok(due.len())
}

async fn put_off(core: &Core, handle: &sealwire_protocol::handle::Handle) -> Result<()> {
    let due_ms = core.now_ms() + random::up_to(core.options.look_up_within_ms);
    let mut conn = core.db.writer.lock().await;
    let mut tx = core.db.begin(&mut conn).await?;
    store::looked_up(&mut tx, handle).await?;
    store::look_up_later(&mut tx, handle, due_ms).await?;
    tx.commit().await?;
    Ok(())
}

impl Client {
    /// Asks the directory for members whom others have added and who are due to be looked up;
    /// [`Client::start`] does it by itself, within hours of each. Answers how many there were.
    ///
    /// # Errors
    /// As reading the directory's log; network errors.
    pub async fn look_up_members(&self) -> Result<usize> {
        look_up_due(&self.core).await
    }
}
