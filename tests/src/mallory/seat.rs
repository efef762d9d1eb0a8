//! Mallory's place in one group: she follows the lane as everybody does, so that what she then
//! puts into it is wrong only where she wants it to be.

use std::collections::HashSet;

use openmls::prelude::{
    CommitBuilder, CommitMessageBundle, GroupId, Initial, LeafNodeIndex, MlsGroup,
    MlsMessageBodyIn, MlsMessageIn, MlsMessageOut, ProcessedMessageContent, RatchetTreeIn,
    StagedCommit, StagedWelcome, Welcome, tls_codec::DeserializeBytes as _,
};
use openmls_traits::OpenMlsProvider;
use sealwire_crypto::EphemeralKey;
use sealwire_protocol::{
    certificate::UnverifiedCertificate,
    content::{Content, GroupEvent, Position, fresh_salt},
    envelope::WelcomeBlob,
    ephemeral::{EPHEMERAL_LABEL, Typing},
    frame::Entry,
    ids::{ConversationId, EntryId, Lane, LogId, Pass},
    log::{EntryKind, RunningHash},
    policy::{EXTENSION_TYPE, GroupPolicy},
};

use super::{
    identity::Identity,
    kit::{Kit, Snapshot, join_config},
};

/// An entry that could be appended.
#[derive(Clone)]
pub struct Draft {
    /// What it says it is.
    pub kind: EntryKind,
    /// Its name.
    pub entry_id: EntryId,
    /// The child lane, for commits.
    pub next: Option<Lane>,
    /// Any bytes.
    pub payload: Vec<u8>,
}

impl Draft {
    /// A commit that opens `next`.
    pub fn commit(payload: Vec<u8>, next: Lane) -> Self {
        Self {
            kind: EntryKind::Commit,
            entry_id: EntryId::random(&mut rand::rng()),
            next: Some(next),
            payload,
        }
    }

    /// An application message.
    pub fn application(payload: Vec<u8>) -> Self {
        Self {
            kind: EntryKind::Application,
            entry_id: EntryId::random(&mut rand::rng()),
            next: None,
            payload,
        }
    }
}

/// Where Mallory stands in a group.
pub struct Seat {
    /// The group's log.
    pub log: LogId,
    /// The conversation that it carries.
    pub conversation: ConversationId,
    /// MLS state.
    pub group: MlsGroup,
    /// Opens the present lane.
    pub pass: Pass,
    /// Last entry processed.
    pub cursor: u64,
    /// Last commit processed.
    pub head: Option<EntryId>,
    /// Running hash of the lane.
    pub hash: RunningHash,
    /// Entries of the present lane as they came.
    pub seen: Vec<Entry>,
    /// Everything stored when the present epoch began: nobody's ratchet has moved in it.
    pub at_start: Snapshot,
    /// Her own entries that nobody is to accept, herself included.
    pub void: HashSet<EntryId>,
}

impl Seat {
    /// Joins by a Welcome.
    pub fn join(kit: &Kit, log: LogId, conversation: ConversationId, blob: &WelcomeBlob) -> Self {
        let message = MlsMessageIn::tls_deserialize_exact_bytes(&blob.welcome).expect("a message");
        let MlsMessageBodyIn::Welcome(welcome) = message.extract() else {
            panic!("not a Welcome");
        };
        let tree = RatchetTreeIn::tls_deserialize_exact_bytes(&blob.ratchet_tree).expect("a tree");
        let group = StagedWelcome::build_from_welcome(kit, &join_config(), welcome)
            .expect("a Welcome for this device")
            .with_ratchet_tree(tree)
            .replace_old_group()
            .build()
            .expect("a sound group")
            .into_group(kit)
            .expect("a group");
        Self::at_start(kit, log, conversation, group)
    }

    /// At the first entry of the lane that the group's present epoch opens.
    pub fn at_start(kit: &Kit, log: LogId, conversation: ConversationId, group: MlsGroup) -> Self {
        let pass = pass(&group, kit, &log);
        Self {
            hash: RunningHash::start(&log, &pass.lane()),
            log,
            conversation,
            group,
            pass,
            cursor: 0,
            head: None,
            seen: Vec::new(),
            at_start: kit.snapshot(),
            void: HashSet::new(),
        }
    }

    fn enter(&mut self, kit: &Kit) {
        self.pass = pass(&self.group, kit, &self.log);
        self.hash = RunningHash::start(&self.log, &self.pass.lane());
        self.cursor = 0;
        self.head = None;
        self.seen.clear();
        self.at_start = kit.snapshot();
    }

    /// Processes one entry; whether it opened another lane.
    pub fn take(&mut self, kit: &Kit, entry: &Entry) -> bool {
        let entry_id = EntryId::from_slice(&entry.entry_id).expect("an entry id");
        let kind = EntryKind::from_wire(entry.kind).expect("a kind");
        let next = Lane::from_slice(&entry.next).ok();
        self.cursor = entry.seq;
        self.hash = self
            .hash
            .append(entry.seq, &entry_id, kind, next.as_ref(), &entry.payload);
        self.seen.push(entry.clone());
        if kind == EntryKind::Commit {
            self.head = Some(entry_id);
        }
        if self.void.contains(&entry_id) {
            return false;
        }
        let message = MlsMessageIn::tls_deserialize_exact_bytes(&entry.payload).expect("a message");
        let message = message
            .try_into_protocol_message()
            .expect("a protocol message");
        let Ok(processed) = self.group.process_message(kit, message) else {
            return false;
        };
        let ProcessedMessageContent::StagedCommitMessage(staged) = processed.into_content() else {
            return false;
        };
        if staged_pass(&staged, kit, &self.log).map(|pass| pass.lane()) != next {
            return false;
        }
        self.group
            .merge_staged_commit(kit, *staged)
            .expect("a commit that merges");
        self.enter(kit);
        true
    }

    /// Merges her own commit, which was appended, and moves to its lane.
    pub fn merge_own(&mut self, kit: &Kit) {
        self.group
            .merge_pending_commit(kit)
            .expect("a pending commit");
        self.enter(kit);
    }

    /// Forgets the commit that she made last.
    pub fn forget_own(&mut self, kit: &Kit) {
        self.group
            .clear_pending_commit(kit.storage())
            .expect("memory");
    }

    /// Where she stands, for contents.
    pub fn position(&self) -> Position {
        Position {
            lane: self.pass.lane(),
            seq: self.cursor,
            hash: self.hash,
        }
    }

    /// An honest text.
    pub fn text(&self, text: &str) -> Vec<u8> {
        Content::text(fresh_salt(&mut rand::rng()), text, self.position())
            .expect("a short text")
            .encode()
    }

    /// An honest signal.
    pub fn signal(&self, event: GroupEvent) -> Vec<u8> {
        Content::event(fresh_salt(&mut rand::rng()), event, self.position()).encode()
    }

    /// Encrypts any bytes as an application message.
    pub fn encrypt(&mut self, kit: &Kit, who: &Identity, content: &[u8]) -> Vec<u8> {
        self.group
            .create_message(kit, &who.signer(), content)
            .expect("a message")
            .to_bytes()
            .expect("bytes")
    }

    /// Makes a commit; nothing is sent. The commit stays pending.
    pub fn commit(
        &mut self,
        kit: &Kit,
        who: &Identity,
        make: impl for<'a> FnOnce(CommitBuilder<'a, Initial>) -> CommitBuilder<'a, Initial>,
    ) -> Made {
        let bundle = make(self.group.commit_builder())
            .load_psks(kit.storage())
            .expect("no PSKs")
            .build(kit.rand(), kit.crypto(), &who.signer(), |_| true)
            .expect("a commit")
            .stage_commit(kit)
            .expect("a staged commit");
        self.made(kit, bundle)
    }

    /// What there is to send of a commit that was staged.
    pub fn made(&self, kit: &Kit, bundle: CommitMessageBundle) -> Made {
        let (commit, welcome, _) = bundle.into_contents();
        let staged = self.group.pending_commit().expect("a pending commit");
        let tree = staged
            .export_ratchet_tree(kit.crypto(), self.group.export_ratchet_tree())
            .expect("a tree");
        Made {
            draft: Draft::commit(
                commit.to_bytes().expect("bytes"),
                staged_pass(staged, kit, &self.log).expect("a pass").lane(),
            ),
            pass: staged_pass(staged, kit, &self.log).expect("a pass"),
            welcome: welcome.map(|welcome| WelcomeBlob {
                welcome: welcome_bytes(welcome),
                ratchet_tree: tree.map_or_else(Vec::new, |tree| {
                    use openmls::prelude::tls_codec::Serialize as _;
                    tree.tls_serialize_detached().expect("bytes")
                }),
                name: String::new(),
            }),
        }
    }

    /// The policy of the present epoch.
    pub fn policy(&self) -> GroupPolicy {
        let bytes = self
            .group
            .extensions()
            .unknown(EXTENSION_TYPE)
            .expect("a policy");
        GroupPolicy::parse(&bytes.0).expect("a known policy")
    }

    /// The leaf of somebody's device.
    pub fn leaf_of(&self, handle: &str) -> LeafNodeIndex {
        let member = self.group.members().find(|member| {
            let identity = member.credential.serialized_content();
            UnverifiedCertificate::parse(identity)
                .is_ok_and(|found| found.verified_before().handle().as_str() == handle)
        });
        member.expect("a member of that name").index
    }

    /// The HPKE key on somebody's leaf.
    pub fn encryption_key_of(&self, handle: &str) -> Vec<u8> {
        let leaf = self.leaf_of(handle);
        self.group.member_at(leaf).expect("a leaf").encryption_key
    }

    /// The group as the member `handle` would have it at the start of this epoch.
    pub fn in_the_name_of(&self, handle: &str) -> (Kit, MlsGroup) {
        let id = GroupId::from_slice(self.log.as_bytes());
        Kit::on_leaf(&self.at_start, &id, self.leaf_of(handle))
    }
}

/// A commit that was made.
pub struct Made {
    /// What to append.
    pub draft: Draft,
    /// Opens the lane that it would open.
    pub pass: Pass,
    /// For those whom it adds.
    pub welcome: Option<WelcomeBlob>,
}

fn welcome_bytes(welcome: Welcome) -> Vec<u8> {
    MlsMessageOut::from_welcome(welcome, openmls::prelude::ProtocolVersion::Mls10)
        .to_bytes()
        .expect("bytes")
}

/// A sealed signal that the member on `leaf` is typing.
pub fn typing(seat: &Seat, kit: &Kit, leaf: LeafNodeIndex) -> Vec<u8> {
    let secret = seat
        .group
        .export_secret(kit.crypto(), EPHEMERAL_LABEL, seat.log.as_bytes(), 32)
        .expect("a secret");
    let key = EphemeralKey::from_slice(&secret).expect("32 bytes");
    let typing = Typing {
        leaf: leaf.u32(),
        cursor: seat.cursor,
        on: true,
    };
    typing.seal(&key, &seat.log, &seat.pass.lane(), &mut rand::rng())
}

/// The pass of a group's present epoch.
pub fn pass(group: &MlsGroup, kit: &Kit, log: &LogId) -> Pass {
    let bytes = group
        .export_secret(kit.crypto(), Pass::LABEL, log.as_bytes(), 32)
        .expect("a secret");
    Pass::from_slice(&bytes).expect("32 bytes")
}

fn staged_pass(staged: &StagedCommit, kit: &Kit, log: &LogId) -> Option<Pass> {
    let bytes = staged
        .export_secret(kit.crypto(), Pass::LABEL, log.as_bytes(), 32)
        .ok()?;
    Pass::from_slice(&bytes).ok()
}
