//! Entries from the relay, in order, up to 64 in one step.

use openmls::prelude::{
    MlsMessageBodyIn, MlsMessageIn, ProcessedMessageContent, ProtocolMessage, Sender,
    tls_codec::DeserializeBytes as _,
};
use sealwire_protocol::{
    content::{Content, Decoded, GroupEvent, Position},
    frame::Entry,
    ids::{EntryId, Lane, LogId},
    log::EntryKind,
    mls_form::check_entry,
    policy::{Action, GroupPolicy},
};
use sqlx::SqliteConnection;

use super::{
    effects,
    state::{Loaded, Place},
};
use crate::{
    api::{Delivery, Event, MessageKind},
    core::Core,
    error::{CoreError, Result},
    mls::{Effects, Provider, Refusal, Verdict, judge, verdict_of_error},
    store::{self, LogRow, LogState, NewMessage, PendingCommit, Wish},
};

/// Entries in one transaction.
const BATCH: usize = 64;
/// The first member in line answers a request to leave at once, each further one this much later.
const LEAVE_STEP_MS: u64 = 20_000;

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

/// What one entry turned out to be.
enum Meaning {
    Content { sender: usize, bytes: Vec<u8> },
    Merged(Box<Effects>, Option<PendingCommit>),
    Refused(Refusal),
    Undecided(String),
}

struct Step<'a> {
    core: &'a Core,
    place: Place,
    events: Vec<Event>,
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

    /// The MLS part: no `.await` in here.
    fn interpret(
        &mut self,
        conn: &mut SqliteConnection,
        parsed: &Parsed,
        entry: &Entry,
        pending: Option<PendingCommit>,
    ) -> Result<Meaning> {
        let provider = Provider::new(&self.core.crypto, conn);
        if let Some(pending) = pending.filter(|pending| pending.entry_id == parsed.entry_id) {
            return self.own_commit(&provider, parsed, entry, pending);
        }
        let message = match protocol_message(&entry.payload) {
            Ok(message) => message,
            Err(reason) => return Ok(Meaning::Refused(plain(reason))),
        };
        let processed = match self.place.group.process_message(&provider, message) {
            Ok(processed) => processed,
            Err(openmls::group::ProcessMessageError::StorageError(error)) => {
                return Err(error.into());
            }
            Err(error) => {
                return Ok(match verdict_of_error(&error) {
                    Verdict::Undecided(reason) => Meaning::Undecided(reason),
                    Verdict::Invalid(refusal) => Meaning::Refused(refusal),
                    Verdict::Valid(_) => Meaning::Undecided("no verdict".into()),
                });
            }
        };
        let sender = processed.sender().clone();
        match (processed.into_content(), parsed.kind) {
            (ProcessedMessageContent::ApplicationMessage(message), EntryKind::Application) => {
                let Sender::Member(index) = sender else {
                    return Ok(Meaning::Refused(plain("the sender is not a member")));
                };
                Ok(Meaning::Content {
                    sender: index.usize(),
                    bytes: message.into_bytes(),
                })
            }
            (ProcessedMessageContent::StagedCommitMessage(staged), EntryKind::Commit) => {
                let Some(next) = &parsed.next else {
                    return Ok(Meaning::Refused(plain("a commit without `next`")));
                };
                let verdict = judge(
                    &self.place.group,
                    &self.place.roster,
                    &self.core.crypto,
                    &self.place.row.id,
                    &sender,
                    &staged,
                    next,
                );
                match verdict {
                    Verdict::Undecided(reason) => Ok(Meaning::Undecided(reason)),
                    Verdict::Invalid(refusal) => Ok(Meaning::Refused(refusal)),
                    Verdict::Valid(effects) => {
                        self.place
                            .group
                            .merge_staged_commit(&provider, *staged)
                            .map_err(CoreError::internal)?;
                        Ok(Meaning::Merged(effects, None))
                    }
                }
            }
            (ProcessedMessageContent::OwnPrivateMessage, _) => Ok(Meaning::Refused(plain(
                "it claims to come from this device, which did not send it",
            ))),
            _ => Ok(Meaning::Refused(plain(
                "a kind of message that is not allowed",
            ))),
        }
    }

    fn own_commit(
        &mut self,
        provider: &Provider<'_>,
        parsed: &Parsed,
        entry: &Entry,
        pending: PendingCommit,
    ) -> Result<Meaning> {
        if pending.payload != entry.payload || parsed.next != Some(pending.next) {
            return Ok(Meaning::Refused(plain(
                "somebody used this device's entry id",
            )));
        }
        let Some(staged) = self.place.group.pending_commit() else {
            return Err(CoreError::internal("the pending commit is gone"));
        };
        let sender = Sender::Member(self.place.group.own_leaf_index());
        let verdict = judge(
            &self.place.group,
            &self.place.roster,
            &self.core.crypto,
            &self.place.row.id,
            &sender,
            staged,
            &pending.next,
        );
        match verdict {
            Verdict::Valid(effects) => {
                self.place
                    .group
                    .merge_pending_commit(provider)
                    .map_err(CoreError::internal)?;
                Ok(Meaning::Merged(effects, Some(pending)))
            }
            Verdict::Invalid(refusal) => Err(CoreError::internal(refusal.reason)),
            Verdict::Undecided(reason) => Ok(Meaning::Undecided(reason)),
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

    async fn refuse(
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

    async fn take_content(
        &mut self,
        conn: &mut SqliteConnection,
        entry: &Entry,
        sender: usize,
        bytes: &[u8],
    ) -> Result<()> {
        let index = u32::try_from(sender).map_err(CoreError::internal)?;
        let Some(leaf) = self
            .place
            .roster
            .get(openmls::prelude::LeafNodeIndex::new(index))
        else {
            return self
                .refuse(conn, entry, &plain("the sender has no leaf"))
                .await;
        };
        let leaf = leaf.clone();
        let decoded = match Content::decode(bytes) {
            Ok(decoded) => decoded,
            Err(error) => {
                return self.refuse(conn, entry, &plain(error.to_string())).await;
            }
        };
        let content = match &decoded {
            Decoded::Known(content) => Some(content),
            Decoded::Unknown(_) => None,
        };
        if let Some(position) = content.and_then(|content| content.position) {
            self.compare_position(conn, &position, leaf.handle().to_string(), entry)
                .await?;
        }
        if let Some(event) = content.and_then(|content| content.event.clone()) {
            return self.take_signal(conn, &event, &leaf).await;
        }
        let policy = GroupPolicy::parse(&self.place.row.policy).map_err(CoreError::internal)?;
        let role = policy.role_of(leaf.account());
        if !role.is_some_and(|role| policy.may(role, Action::Post)) {
            return self
                .refuse(
                    conn,
                    entry,
                    &plain("the sender's role does not allow posting"),
                )
                .await;
        }
        let text = content.and_then(Content::as_text);
        let salt = content.map_or_else(|| short_hash(bytes), |content| content.salt);
        let own = *leaf.account() == self.core.identity.account;
        let message = NewMessage {
            conversation: self.place.row.conversation,
            salt,
            sender: Some(leaf.account()),
            sender_handle: leaf.handle().to_string(),
            own,
            kind: if text.is_some() {
                MessageKind::Text
            } else {
                MessageKind::Unknown
            },
            text: text.unwrap_or("This message is of a kind that a newer version can show."),
            content: if text.is_some() { &[] } else { bytes },
            at_ms: entry.received_at,
            delivery: if own {
                Delivery::Sent
            } else {
                Delivery::Received
            },
        };
        match store::insert_message(conn, &message).await? {
            Some((_, info)) => self.events.push(Event::Message(info)),
            None => {
                self.refuse(conn, entry, &plain("it repeats a message of its sender"))
                    .await?;
            }
        }
        Ok(())
    }

    async fn take_signal(
        &mut self,
        conn: &mut SqliteConnection,
        event: &GroupEvent,
        leaf: &sealwire_protocol::certificate::DeviceCertificate,
    ) -> Result<()> {
        if !matches!(event, GroupEvent::LeaveRequest) {
            return Ok(());
        }
        let policy = GroupPolicy::parse(&self.place.row.policy).map_err(CoreError::internal)?;
        let own = self.core.identity.account;
        let may = |account: &sealwire_crypto::AccountPublic| {
            account != leaf.account()
                && policy
                    .role_of(account)
                    .is_some_and(|role| policy.may(role, Action::Remove))
        };
        if !may(&own) {
            return Ok(());
        }
        // Everybody comes to the same order; the later ones act only if the earlier did not.
        let mut line: Vec<_> = policy
            .members()
            .filter(|(account, _)| may(account))
            .map(|(account, _)| {
                let epoch = self.place.row.mark.epoch.to_be_bytes();
                let parts: [&[u8]; 3] = [self.place.row.id.as_bytes(), &epoch, account.as_bytes()];
                (sealwire_crypto::sha256(&parts), *account)
            })
            .collect();
        line.sort();
        let turn = line
            .iter()
            .position(|(_, account)| *account == own)
            .unwrap_or(0);
        let wish = Wish::Remove {
            handle: leaf.handle().to_string(),
        };
        let wait = LEAVE_STEP_MS * u64::try_from(turn).unwrap_or(0);
        store::add_intent(conn, &self.place.row.id, &wish, self.core.now_ms() + wait).await?;
        Ok(())
    }

    async fn compare_position(
        &mut self,
        conn: &mut SqliteConnection,
        theirs: &Position,
        handle: String,
        entry: &Entry,
    ) -> Result<()> {
        let row = &self.place.row;
        let ours = if theirs.lane == row.lane && theirs.seq < entry.seq {
            store::hash_at(conn, row, theirs.seq).await?
        } else {
            None
        };
        let pruned = theirs.lane == row.lane && ours.is_none() && theirs.seq < entry.seq;
        if pruned || ours.is_some_and(|ours| ours == theirs.hash) {
            return Ok(());
        }
        store::keep_evidence(
            conn,
            row,
            theirs.seq,
            &theirs.hash,
            &handle,
            entry.received_at,
        )
        .await?;
        self.events.push(Event::Warning {
            conversation: Some(row.conversation.to_string()),
            text: format!(
                "The relay showed {handle} another history of this conversation than it showed \
                 you. The evidence is kept; compare the conversation in person and tell your \
                 administrator."
            ),
        });
        Ok(())
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

/// An entry whose fields have the right form.
struct Parsed {
    entry_id: EntryId,
    kind: EntryKind,
    next: Option<Lane>,
}

impl Parsed {
    fn of(log: &LogId, entry: &Entry) -> Option<Self> {
        let kind = EntryKind::from_wire(entry.kind)?;
        let next = match kind {
            EntryKind::Commit => Some(Lane::from_slice(&entry.next).ok()?),
            EntryKind::Application if entry.next.is_empty() => None,
            EntryKind::Application => return None,
        };
        check_entry(log, kind, &entry.payload).ok()?;
        Some(Self {
            entry_id: EntryId::from_slice(&entry.entry_id).ok()?,
            kind,
            next,
        })
    }
}

/// Exactly one PrivateMessage: openmls would take a PublicMessage external commit too.
fn protocol_message(payload: &[u8]) -> Result<ProtocolMessage, &'static str> {
    let message = MlsMessageIn::tls_deserialize_exact_bytes(payload)
        .map_err(|_| "it is not an MLS message")?;
    match message.extract() {
        MlsMessageBodyIn::PrivateMessage(message) => Ok(message.into()),
        _ => Err("it is not an MLS PrivateMessage"),
    }
}

fn plain(reason: impl Into<String>) -> Refusal {
    Refusal {
        reason: reason.into(),
        may_split: false,
    }
}

fn short_hash(bytes: &[u8]) -> [u8; 16] {
    let mut short = [0; 16];
    short.copy_from_slice(&sealwire_crypto::sha256(&[bytes])[..16]);
    short
}
