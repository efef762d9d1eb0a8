//! Entries from the relay, in order, up to 64 in one step.

use std::collections::{BTreeMap, HashMap};

use sealwire_protocol::{
    content::MessageId,
    frame::Entry,
    ids::{EntryId, Lane, LogId},
    log::{EntryKind, RunningHash},
    policy::Action,
};
use sqlx::SqliteConnection;

use super::{
    content::meaning_of,
    effects,
    interpret::{Meaning, Parsed},
    state::{Loaded, Place},
};
use crate::{
    api::{Event, Info},
    core::Core,
    error::Result,
    mls::{Provider, Refusal, write_ratchets},
    store::{self, History, LogRow, LogState, OutboxRow, Outgoing, PendingCommit, Said},
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
    let outbox = store::encrypted_entries(&mut tx, log).await?;
    let history = History::open(&mut tx, &place.row.conversation).await?;
    let mut step = Step {
        core,
        place,
        events: Vec::new(),
        outbox,
        history,
        hashes: BTreeMap::new(),
        ratchets_moved: false,
        left_lane: false,
        wakes_poster: false,
        receipts: false,
        expires: false,
        too_old_ms: None,
        came_too_late: 0,
    };
    let row = &step.place.row;
    let bounds = core
        .bounds_by(&mut tx, &row.conversation, Some(row))
        .await?;
    step.too_old_ms = core
        .retention_now_ms()
        .and_then(|now| bounds.messages_up_to_ms(now));
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
        if step.place.row.state != LogState::Active {
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
    step.finish(&mut tx).await?;
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
    /// What this device has sent and not read back.
    outbox: HashMap<EntryId, OutboxRow>,
    pub(super) history: History,
    /// Running hashes of this batch.
    pub(super) hashes: BTreeMap<u64, RunningHash>,
    /// Messages were decrypted and the ratchets not written yet.
    pub(super) ratchets_moved: bool,
    left_lane: bool,
    wakes_poster: bool,
    /// Others have come further.
    pub(super) receipts: bool,
    /// Something will disappear.
    pub(super) expires: bool,
    /// What the relay received up to then came too late to be kept, milliseconds since the Unix
    /// epoch; and how much came so.
    pub(super) too_old_ms: Option<u64>,
    pub(super) came_too_late: u64,
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
            self.advance(entry, None);
            return Ok(Taken::Yes);
        };
        if let Some(own) = self.outbox.remove(&parsed.entry_id) {
            if own.payload == entry.payload {
                self.advance(entry, Some(&parsed));
                self.confirm(conn, &own, entry).await?;
                return Ok(Taken::Yes);
            }
            self.refuse(conn, entry, &plain("somebody used this device's entry id"))
                .await?;
            self.outbox.insert(parsed.entry_id, own);
            self.advance(entry, Some(&parsed));
            return Ok(Taken::Yes);
        }
        let meaning = match parsed.kind {
            EntryKind::Application => self.interpret_message(entry),
            EntryKind::Commit => {
                let pending = PendingCommit::load(conn, &self.place.row.id).await?;
                self.interpret_commit(conn, &parsed, entry, pending)?
            }
        };
        match meaning {
            Meaning::Undecided(reason) => Ok(Taken::Undecided(reason)),
            Meaning::Refused(refusal) => {
                self.refuse(conn, entry, &refusal).await?;
                self.advance(entry, Some(&parsed));
                Ok(Taken::Yes)
            }
            Meaning::Content { sender, bytes } => {
                self.take_content(conn, entry, sender, &bytes).await?;
                self.advance(entry, Some(&parsed));
                Ok(Taken::Yes)
            }
            Meaning::Merged(effects, own) => {
                if own.as_ref().is_some_and(|own| !own.joiners.is_empty()) {
                    self.wakes_poster = true;
                }
                let merged = effects::Merged {
                    effects: *effects,
                    own,
                    at_ms: entry.received_at,
                };
                effects::apply(
                    self.core,
                    conn,
                    &mut self.place,
                    merged,
                    &mut self.history,
                    &mut self.events,
                )
                .await?;
                self.left_lane = true;
                Ok(Taken::NewLane)
            }
        }
    }
    /// Moves cursor, head and running hash past `entry`.
    fn advance(&mut self, entry: &Entry, parsed: Option<&Parsed>) {
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
        self.hashes.insert(row.cursor, row.running_hash);
    }

    /// Writes what was gathered over the batch.
    async fn finish(&mut self, conn: &mut SqliteConnection) -> Result<()> {
        if self.ratchets_moved && self.place.group.is_active() {
            let provider = Provider::new(&self.core.crypto, conn);
            write_ratchets(&mut self.place.group, &provider)?;
        }
        if !self.left_lane {
            store::remember_hashes(conn, &self.place.row, &self.hashes).await?;
        }
        self.history.save(conn).await?;
        self.place.save(conn).await
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
        if entry.kind == EntryKind::Application as u32 {
            self.leave_gap(conn, entry, &refusal.reason).await?;
        }
        Ok(())
    }

    /// A line where a message could not be read: one for many in a row, since whoever sends
    /// nonsense could fill the history with them.
    async fn leave_gap(
        &mut self,
        conn: &mut SqliteConnection,
        entry: &Entry,
        reason: &str,
    ) -> Result<()> {
        let conversation = self.history.conversation();
        let newest = store::messages_before(conn, &conversation, u64::MAX, 1).await?;
        let newest = newest.first().and_then(|line| line.info.info.as_ref());
        if matches!(newest, Some(Info::Unreadable { .. })) {
            return Ok(());
        }
        let info = Info::Unreadable {
            reason: reason.to_owned(),
        };
        effects::add_info(
            conn,
            &info,
            entry.received_at,
            &mut self.history,
            &mut self.events,
        )
        .await
    }

    /// An own entry was read back: it takes effect.
    async fn confirm(
        &mut self,
        conn: &mut SqliteConnection,
        own: &OutboxRow,
        entry: &Entry,
    ) -> Result<()> {
        let identity = &self.core.identity;
        let policy = self.core.policy(&self.place.row)?;
        let role = policy.role_of(&identity.account);
        let said = Said {
            conversation: self.place.row.conversation,
            id: own.message_id.unwrap_or(MessageId([0; 32])),
            sender: identity.account,
            handle: identity.handle.to_string(),
            moderator: role.is_some_and(|role| policy.may(role, Action::Delete)),
            place: self.order(entry),
            at_ms: entry.received_at,
        };
        if own.message != 0 {
            let place = (own.message_id, said.place, &identity.device);
            let history = &mut self.history;
            let line =
                store::confirm_message(conn, own.message, history, place, said.at_ms).await?;
            if let Some(line) = line {
                self.placed(conn, line, &said).await?;
            }
        } else if let Outgoing::Acknowledge { target, at_s } = &own.outgoing {
            let confirmation =
                self.core
                    .confirmation(&said.conversation, &store::id_of(target)?, *at_s);
            self.take_confirmation(conn, &confirmation).await?;
        } else if let Some(reason) = self
            .take_said(conn, &said, &meaning_of(&own.outgoing)?)
            .await?
        {
            self.refuse(conn, entry, &plain(reason)).await?;
        }
        store::remove(conn, own.id).await
    }

    async fn publish(&mut self) -> Result<()> {
        self.tell_too_late();
        for event in self.events.drain(..) {
            self.core.emit(event);
        }
        self.core
            .emit_conversation(&self.place.row.conversation)
            .await?;
        if self.receipts {
            self.core.emit(Event::Receipts {
                conversation: self.place.row.conversation.to_string(),
            });
        }
        if self.wakes_poster {
            self.core.postings.notify_one();
        }
        if self.expires {
            self.core.expiry.notify_one();
        }
        if self.left_lane {
            // The setting may be another.
            self.core.retention.notify_one();
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
