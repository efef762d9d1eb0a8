//! What one entry is: the MLS part of a step, without `.await`.

use openmls::{
    group::ProcessMessageError,
    prelude::{
        LeafNodeIndex, MlsMessageBodyIn, MlsMessageIn, ProcessedMessageContent, ProtocolMessage,
        Sender, StagedCommit, tls_codec::DeserializeBytes as _,
    },
};
use sealwire_protocol::{
    frame::Entry,
    ids::{EntryId, Lane, LogId},
    log::EntryKind,
    mls_form::check_entry,
};
use sqlx::SqliteConnection;

use super::receive::{Step, plain};
use crate::{
    error::{CoreError, Result},
    mls::{DeferredProvider, Effects, Provider, Refusal, Verdict, judge, verdict_of_error},
    store::PendingCommit,
};

/// What one entry turned out to be.
pub(super) enum Meaning {
    Content {
        sender: LeafNodeIndex,
        bytes: Vec<u8>,
    },
    Merged(Box<Effects>, Option<PendingCommit>),
    Refused(Refusal),
    Undecided(String),
}

const FORGED: &str = "it claims to come from this device, which did not send it";
const NOT_ALLOWED: &str = "a kind of message that is not allowed";

fn of_error<E: std::fmt::Display>(error: &ProcessMessageError<E>) -> Meaning {
    match verdict_of_error(error) {
        Verdict::Invalid(refusal) => Meaning::Refused(refusal),
        Verdict::Undecided(reason) => Meaning::Undecided(reason),
        Verdict::Valid(_) => Meaning::Undecided("an error without a verdict".into()),
    }
}

impl Step<'_> {
    /// The MLS part: no `.await` in here.
    /// Decrypts an application message; its ratchets are written at the end of the step.
    pub(super) fn interpret_message(&mut self, entry: &Entry) -> Meaning {
        let message = match protocol_message(&entry.payload) {
            Ok(message) => message,
            Err(reason) => return Meaning::Refused(plain(reason)),
        };
        let provider = DeferredProvider::new(&self.core.crypto);
        let processed = match self.place.group.process_message(&provider, message) {
            Ok(processed) => processed,
            Err(ProcessMessageError::StorageError(error)) => {
                return Meaning::Refused(plain(error.to_string()));
            }
            Err(error) => return of_error(&error),
        };
        self.ratchets_moved = true;
        let sender = processed.sender().clone();
        match (processed.into_content(), sender) {
            (ProcessedMessageContent::ApplicationMessage(message), Sender::Member(index)) => {
                Meaning::Content {
                    sender: index,
                    bytes: message.into_bytes(),
                }
            }
            (ProcessedMessageContent::OwnPrivateMessage, _) => Meaning::Refused(plain(FORGED)),
            _ => Meaning::Refused(plain(NOT_ALLOWED)),
        }
    }

    /// Judges a commit, and merges it if it is valid.
    pub(super) fn interpret_commit(
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
        let Some(next) = &parsed.next else {
            return Ok(Meaning::Refused(plain("a commit without `next`")));
        };
        let message = match protocol_message(&entry.payload) {
            Ok(message) => message,
            Err(reason) => return Ok(Meaning::Refused(plain(reason))),
        };
        let processed = match self.place.group.process_message(&provider, message) {
            Ok(processed) => processed,
            Err(ProcessMessageError::StorageError(error)) => return Err(error.into()),
            Err(error) => return Ok(of_error(&error)),
        };
        let sender = processed.sender().clone();
        let staged = match processed.into_content() {
            ProcessedMessageContent::StagedCommitMessage(staged) => staged,
            ProcessedMessageContent::OwnPrivateMessage => {
                return Ok(Meaning::Refused(plain(FORGED)));
            }
            _ => return Ok(Meaning::Refused(plain(NOT_ALLOWED))),
        };
        match self.judge(&sender, &staged, next) {
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

    fn judge(&self, sender: &Sender, staged: &StagedCommit, next: &Lane) -> Verdict {
        judge(
            &self.place.group,
            &self.place.roster,
            &self.core.crypto,
            &self.place.row.id,
            sender,
            staged,
            next,
        )
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
            return Ok(Meaning::Refused(plain(
                "it belongs to an epoch that this device has left",
            )));
        };
        let sender = Sender::Member(self.place.group.own_leaf_index());
        match self.judge(&sender, staged, &pending.next) {
            Verdict::Valid(effects) => {
                self.place
                    .group
                    .merge_pending_commit(provider)
                    .map_err(CoreError::internal)?;
                Ok(Meaning::Merged(effects, Some(pending)))
            }
            Verdict::Invalid(refusal) => Ok(Meaning::Refused(refusal)),
            Verdict::Undecided(reason) => Ok(Meaning::Undecided(reason)),
        }
    }
}

/// An entry whose fields have the right form.
pub(super) struct Parsed {
    pub(super) entry_id: EntryId,
    pub(super) kind: EntryKind,
    pub(super) next: Option<Lane>,
}

impl Parsed {
    pub(super) fn of(log: &LogId, entry: &Entry) -> Option<Self> {
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
