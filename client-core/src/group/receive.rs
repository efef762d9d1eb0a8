//! Entries from the relay, in order, up to 64 in one step.

use sealwire_protocol::{
    frame::Entry,
    ids::{EntryId, Lane, LogId},
    log::EntryKind,
};
use sqlx::SqliteConnection;

use super::{
    effects,
    interpret::{Meaning, Parsed},
    state::{Loaded, Place},
};
use crate::{
    api::Event,
    core::Core,
    error::Result,
    mls::Refusal,
    store::{self, LogRow, LogState, PendingCommit},
};

/// Entries in one transaction.
const BATCH: usize = 64;
/// How far a batch came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Progress {
    /// All entries were taken.
    Done,
    /// A valid commit opened another lane; the rest is of no interest.
    NewLane,
    /// An entry is missing before one of these: fetch again.
    Gap,
    /// This device was removed or has to stop.
    Stopped,
}

/// Applies entries of `lane` and keeps the MLS state in `cache` as long as all goes well.
pub(crate) async fn apply(
    core: &Core,
    log: &LogId,
    lane: &Lane,
    cache: &mut Option<Loaded>,
    entries: &[Entry],
) -> Result<Progress> {
    for chunk in entries.chunks(BATCH) {
        let progress = match apply_chunk(core, log, lane, cache, chunk).await? {
            Chunk::Progress(progress) => progress,
            Chunk::Undecided { before, reason } => {
                // What came before is sound; this one must not leave a trace.
                if before > 0 {
                    apply_chunk(core, log, lane, cache, &chunk[..before]).await?;
                }
                halt(core, log, &reason).await?;
                Progress::Stopped
            }
        };
        if progress != Progress::Done {
            return Ok(progress);
        }
    }
    Ok(Progress::Done)
}

enum Chunk {
    Progress(Progress),
    Undecided { before: usize, reason: String },
}

async fn apply_chunk(
    core: &Core,
    log: &LogId,
    lane: &Lane,
    cache: &mut Option<Loaded>,
    entries: &[Entry],
) -> Result<Chunk> {
    let mut conn = core.db.writer.lock().await;
    let mut tx = core.db.begin(&mut conn).await?;
    let place = Place::load(core, &mut tx, log, cache.take()).await?;
    let mut step = Step {
        core,
        place,
        events: Vec::new(),
        wakes_poster: false,
    };
    if step.place.row.lane != *lane {
        *cache = step.place.into_loaded();
        return Ok(Chunk::Progress(Progress::NewLane));
    }
    let mut progress = Progress::Done;
    let mut changed = false;
    for (number, entry) in entries.iter().enumerate() {
        let cursor = step.place.row.cursor;
        if entry.seq <= cursor {
            continue;
        }
        if entry.seq != cursor + 1 {
            progress = Progress::Gap;
            break;
        }
        match step.receive(&mut tx, entry).await? {
            Taken::Yes => changed = true,
            Taken::NewLane => {
                changed = true;
                progress = Progress::NewLane;
            }
            Taken::Undecided(reason) => {
                return Ok(Chunk::Undecided {
                    before: number,
                    reason,
                });
            }
        }
        if step.place.row.state == LogState::Removed {
            progress = Progress::Stopped;
        }
        if progress != Progress::Done {
            break;
        }
    }
    if !changed {
        *cache = step.place.into_loaded();
        return Ok(Chunk::Progress(progress));
    }
    step.place.save(&mut tx).await?;
    tx.commit().await?;
    drop(conn);
    step.publish().await?;
    *cache = step.place.into_loaded();
    Ok(Chunk::Progress(progress))
}

/// Stops a group on this device and tells the person.
pub(crate) async fn halt(core: &Core, log: &LogId, reason: &str) -> Result<()> {
    let mut conn = core.db.writer.lock().await;
    let mut tx = core.db.begin(&mut conn).await?;
    let Some(mut row) = LogRow::load(&mut tx, log).await? else {
        return Ok(());
    };
    if row.state == LogState::Halted(reason.into()) {
        return Ok(());
    }
    row.state = LogState::Halted(reason.into());
    row.save(&mut tx, None).await?;
    tx.commit().await?;
    drop(conn);
    core.warn(
        Some(&row.conversation),
        format!("This conversation is stopped on this device: {reason}"),
    );
    core.emit_conversation(&row.conversation).await?;
    core.progressed();
    Ok(())
}

enum Taken {
    Yes,
    NewLane,
    Undecided(String),
}

/// One transaction's work on a batch of entries.
pub(super) struct Step<'a> {
    pub(super) core: &'a Core,
    pub(super) place: Place,
    pub(super) events: Vec<Event>,
    wakes_poster: bool,
}

impl Step<'_> {
    async fn receive(&mut self, conn: &mut SqliteConnection, entry: &Entry) -> Result<Taken> {
        let Some(parsed) = Parsed::of(&self.place.row.id, entry) else {
            self.refuse(
                conn,
                entry,
                &plain("the relay sent an entry that it should have refused"),
            )
            .await?;
            self.advance(conn, entry, None).await?;
            return Ok(Taken::Yes);
        };
        let own_message = store::find_entry(conn, &self.place.row.id, &parsed.entry_id).await?;
        if let Some(own) = own_message {
            if own.payload == entry.payload {
                self.advance(conn, entry, Some(&parsed)).await?;
                self.confirm(conn, &own, entry.received_at).await?;
                return Ok(Taken::Yes);
            }
            self.refuse(conn, entry, &plain("somebody used this device's entry id"))
                .await?;
            self.advance(conn, entry, Some(&parsed)).await?;
            return Ok(Taken::Yes);
        }
        let pending = match parsed.kind {
            EntryKind::Commit => PendingCommit::load(conn, &self.place.row.id).await?,
            EntryKind::Application => None,
        };
        let had_pending = pending.is_some();
        let meaning = self.interpret(conn, &parsed, entry, pending)?;
        match meaning {
            Meaning::Undecided(reason) => Ok(Taken::Undecided(reason)),
            Meaning::Refused(refusal) => {
                self.refuse(conn, entry, &refusal).await?;
                self.advance(conn, entry, Some(&parsed)).await?;
                Ok(Taken::Yes)
            }
            Meaning::Content { sender, bytes } => {
                self.take_content(conn, entry, sender, &bytes).await?;
                self.advance(conn, entry, Some(&parsed)).await?;
                Ok(Taken::Yes)
            }
            Meaning::Merged(effects, own) => {
                if own.as_ref().is_some_and(|own| !own.joiners.is_empty()) {
                    self.wakes_poster = true;
                }
                if own.is_none() && had_pending {
                    tracing::debug!("another commit won; the wish is planned anew");
                }
                let at = entry.received_at;
                effects::apply(
                    self.core,
                    conn,
                    &mut self.place,
                    *effects,
                    own,
                    at,
                    &mut self.events,
                )
                .await?;
                Ok(Taken::NewLane)
            }
        }
    }
    /// Moves cursor, head and running hash past `entry`.
    async fn advance(
        &mut self,
        conn: &mut SqliteConnection,
        entry: &Entry,
        parsed: Option<&Parsed>,
    ) -> Result<()> {
        let row = &mut self.place.row;
        row.cursor = entry.seq;
        if let Some(parsed) = parsed {
            row.running_hash = row.running_hash.append(
                entry.seq,
                &parsed.entry_id,
                parsed.kind,
                parsed.next.as_ref(),
                &entry.payload,
            );
        }
        if entry.kind == EntryKind::Commit as u32 {
            row.head = EntryId::from_slice(&entry.entry_id).ok();
        }
        store::remember_hash(conn, row).await
    }

    pub(super) async fn refuse(
        &mut self,
        conn: &mut SqliteConnection,
        entry: &Entry,
        refusal: &Refusal,
    ) -> Result<()> {
        tracing::warn!(reason = refusal.reason, "entry refused");
        store::quarantine(
            conn,
            &self.place.row,
            entry,
            &refusal.reason,
            refusal.may_split,
        )
        .await?;
        self.events.push(Event::Warning {
            conversation: Some(self.place.row.conversation.to_string()),
            text: format!(
                "An entry of this conversation was refused: {}. The conversation goes on.",
                refusal.reason
            ),
        });
        Ok(())
    }

    async fn confirm(
        &mut self,
        conn: &mut SqliteConnection,
        own: &store::OutboxRow,
        at_ms: u64,
    ) -> Result<()> {
        if own.message != 0 {
            let conversation = self.place.row.conversation;
            let info = store::confirm_message(conn, own.message, &conversation, at_ms).await?;
            self.events.extend(info.map(Event::Message));
        }
        store::remove(conn, own.id).await
    }
    async fn publish(&mut self) -> Result<()> {
        for event in self.events.drain(..) {
            self.core.emit(event);
        }
        self.core
            .emit_conversation(&self.place.row.conversation)
            .await?;
        if self.wakes_poster {
            self.core.postings.notify_one();
        }
        self.core.progressed();
        Ok(())
    }
}

/// A reason on which members cannot differ.
pub(super) fn plain(reason: impl Into<String>) -> Refusal {
    Refusal {
        reason: reason.into(),
        may_split: false,
    }
}
