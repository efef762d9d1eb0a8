//! Mallory, the modified member.
//!
//! She is a small client of her own on openmls with storage in memory, and speaks to the relay in
//! raw frames. She enrols with an invitation like anybody, is added to conversations by honest
//! people, follows the lane, and then puts into it whatever she likes: forged, replayed, held
//! back, half right. Nothing of the honest client's judgement is in her.
//!
//! What an attack may do and what members see of it stands in the tests, `mallory_*.rs`.

pub mod forge;
pub mod identity;
pub mod kit;
pub mod plane;
pub mod scene;
pub mod seat;
pub mod socket;

use bytes::Bytes;
use sealwire_crypto::{BlobKey, SecretBytes, open_blob, seal_blob, sha256};
use sealwire_protocol::{
    certificate::DeviceKind,
    envelope::{BlobRef, Body, WelcomeBlob, open_envelope, seal_envelope},
    frame::{Append, Appended, Broadcast, ClientBody, Entries, Fetch, ServerBody, WireProblem},
    ids::{BlobId, ConversationId, LogId, Pass},
    link::JoinLink,
    log::EntryKind,
};

pub use forge::PrivateMessage;
pub use identity::{Identity, forged_certificate, now_s};
pub use kit::Kit;
pub use plane::{Plane, SignedIn};
pub use scene::Scene;
pub use seat::{Draft, Made, Seat};
pub use socket::Socket;

/// Mallory with her account, her connections and her place in the group.
pub struct Mallory {
    /// Her account and device.
    pub who: Identity,
    /// Her openmls.
    pub kit: Kit,
    /// Plain requests.
    pub plane: Plane,
    /// Signed in.
    pub session: SignedIn,
    /// The group plane's connection.
    pub socket: Socket,
    seat: Option<Seat>,
    inbox_cursor: u64,
}

impl Mallory {
    /// Enrols with an invitation and uploads key packages, as anybody.
    pub async fn enrol(link: &JoinLink) -> Self {
        Self::enrol_as(link, "mallory").await
    }

    /// As [`Mallory::enrol`] under another name.
    pub async fn enrol_as(link: &JoinLink, name: &str) -> Self {
        Self::enrol_of_kind(link, name, DeviceKind::Person).await
    }

    /// As [`Mallory::enrol_as`], with an agent's or a custodian's device.
    pub async fn enrol_of_kind(link: &JoinLink, name: &str, kind: DeviceKind) -> Self {
        let who = Identity::of_kind(&format!("{name}@{}", link.organisation), kind);
        let plane = Plane::new(link.relay.clone());
        plane
            .enrol(link, &who)
            .await
            .expect("an invitation that is good");
        let session = plane.sign_in(&who).await.expect("a session");
        let kit = Kit::default();
        let packages: Vec<_> = (0..4)
            .map(|_| kit::key_package_bytes(&kit.key_package(&who, kit::lifetime())))
            .collect();
        session
            .put_key_packages(&packages)
            .await
            .expect("key packages");
        Self {
            socket: Socket::connect(&link.relay).await,
            who,
            kit,
            plane,
            session,
            seat: None,
            inbox_cursor: 0,
        }
    }

    /// Her place in the group.
    ///
    /// # Panics
    /// If she is in none.
    pub fn seat(&mut self) -> &mut Seat {
        self.seat.as_mut().expect("a place in a group")
    }

    /// Takes her place in a group, whether she joined it or made it.
    pub fn sit(&mut self, seat: Seat) {
        self.seat = Some(seat);
    }

    /// Waits for the Welcome into a group and joins.
    pub async fn join(&mut self) {
        loop {
            let inbox = self
                .session
                .inbox(self.inbox_cursor)
                .await
                .expect("the inbox");
            for item in inbox.items {
                self.inbox_cursor = item.id;
                let opened = open_envelope(&self.who.inbox, &self.who.id(), &item.envelope.0);
                self.session
                    .ack(vec![item.id])
                    .await
                    .expect("an acknowledgement");
                let Body::Welcome(welcome) = opened.expect("an envelope for her").body else {
                    continue;
                };
                let blob = welcome.blob;
                let sealed = self
                    .plane
                    .get_blob(blob.blob, blob.read_token.expose())
                    .await;
                let content = open_blob(&blob.key, &sealed.expect("the blob")).expect("a blob");
                let content = WelcomeBlob::parse(&content).expect("a Welcome blob");
                let seat = Seat::join(&self.kit, welcome.log, welcome.conversation, &content);
                self.seat = Some(seat);
                self.catch_up().await;
                return;
            }
        }
    }

    /// Reads a lane from the relay.
    ///
    /// # Errors
    /// The relay's refusal.
    pub async fn fetch(
        &mut self,
        log: &LogId,
        pass: &Pass,
        after: u64,
    ) -> Result<Entries, WireProblem> {
        let fetch = Fetch {
            log: Bytes::copy_from_slice(log.as_bytes()),
            pass: Bytes::copy_from_slice(pass.expose()),
            after,
            limit: 256,
        };
        match self.socket.request(ClientBody::Fetch(fetch)).await? {
            ServerBody::Entries(entries) => Ok(entries),
            other => panic!("not entries: {other:?}"),
        }
    }

    /// Follows the lane to its end, through all valid commits.
    pub async fn catch_up(&mut self) {
        loop {
            let seat = self.seat();
            let (log, after) = (seat.log, seat.cursor);
            let pass = copy(&seat.pass);
            let entries = self
                .fetch(&log, &pass, after)
                .await
                .expect("entries")
                .entries;
            if entries.is_empty() {
                return;
            }
            let seat = self.seat.as_mut().expect("a place");
            for entry in &entries {
                if seat.take(&self.kit, entry) {
                    break;
                }
            }
        }
    }

    /// The frame that would append `draft` at her place.
    pub fn append_frame(&mut self, draft: &Draft) -> Append {
        let seat = self.seat();
        Append {
            log: Bytes::copy_from_slice(seat.log.as_bytes()),
            pass: Bytes::copy_from_slice(seat.pass.expose()),
            kind: draft.kind as u32,
            entry_id: Bytes::copy_from_slice(draft.entry_id.as_bytes()),
            head: seat
                .head
                .map_or_else(Bytes::new, |head| Bytes::copy_from_slice(head.as_bytes())),
            cursor: seat.cursor,
            next: draft
                .next
                .map_or_else(Bytes::new, |next| Bytes::copy_from_slice(next.as_bytes())),
            payload: draft.payload.clone().into(),
        }
    }

    /// Appends at her place.
    ///
    /// # Errors
    /// The relay's refusal.
    ///
    /// # Panics
    /// If she has not caught up before.
    pub async fn append(&mut self, draft: &Draft) -> Result<Appended, WireProblem> {
        let append = self.append_frame(draft);
        self.append_raw(append).await
    }

    /// Appends what any frame says.
    ///
    /// # Errors
    /// The relay's refusal.
    ///
    /// # Panics
    /// If the relay answers that the head is stale.
    pub async fn append_raw(&mut self, append: Append) -> Result<Appended, WireProblem> {
        match self.socket.request(ClientBody::Append(append)).await? {
            ServerBody::Appended(appended) => Ok(appended),
            other => panic!("not appended: {other:?}"),
        }
    }

    /// Appends an entry that nobody shall accept, and goes on as if it were not there.
    pub async fn attack(&mut self, draft: &Draft) -> Appended {
        let appended = self.append(draft).await.expect("the relay cannot know");
        let seat = self.seat.as_mut().expect("a place");
        seat.void.insert(draft.entry_id);
        if draft.kind == EntryKind::Commit {
            seat.forget_own(&self.kit);
        }
        self.catch_up().await;
        appended
    }

    /// As [`Mallory::attack`] with a commit, unless another commit came first.
    ///
    /// # Errors
    /// If her head was stale: nothing was appended.
    #[allow(clippy::result_unit_err, reason = "there is one reason")]
    pub async fn try_attack(&mut self, draft: &Draft) -> Result<(), ()> {
        let append = self.append_frame(draft);
        let answer = self.socket.request(ClientBody::Append(append)).await;
        let seat = self.seat.as_mut().expect("a place");
        seat.forget_own(&self.kit);
        match answer.expect("a frame of the right form") {
            ServerBody::Appended(_) => {
                seat.void.insert(draft.entry_id);
                self.catch_up().await;
                Ok(())
            }
            _ => Err(()),
        }
    }

    /// Appends her commit and goes where it leads.
    pub async fn lead(&mut self, made: &Made) -> Appended {
        let appended = self.append(&made.draft).await.expect("the relay takes it");
        self.seat.as_mut().expect("a place").merge_own(&self.kit);
        appended
    }

    /// An application message with any bytes inside.
    pub fn message(&mut self, content: &[u8]) -> Draft {
        let seat = self.seat.as_mut().expect("a place");
        Draft::application(seat.encrypt(&self.kit, &self.who, content))
    }

    /// An honest text message.
    pub fn text(&mut self, text: &str) -> Draft {
        let content = self.seat().text(text);
        self.message(&content)
    }

    /// The frame that would say, with her key, that this member is typing.
    pub fn typing_as(&mut self, handle: &str) -> Broadcast {
        let (seat, kit, _) = self.parts();
        let leaf = seat.leaf_of(handle);
        Broadcast {
            log: Bytes::copy_from_slice(seat.log.as_bytes()),
            pass: Bytes::copy_from_slice(seat.pass.expose()),
            payload: seat::typing(seat, kit, leaf).into(),
        }
    }

    /// Makes a commit; nothing is sent.
    pub fn commit(
        &mut self,
        make: impl for<'a> FnOnce(
            openmls::prelude::CommitBuilder<'a, openmls::prelude::Initial>,
        )
            -> openmls::prelude::CommitBuilder<'a, openmls::prelude::Initial>,
    ) -> Made {
        let seat = self.seat.as_mut().expect("a place");
        seat.commit(&self.kit, &self.who, make)
    }

    /// Makes a commit that changes the policy to these bytes.
    pub fn commit_policy(&mut self, policy: &[u8]) -> Made {
        let extensions = kit::context(policy);
        self.commit(move |builder| {
            builder
                .propose_group_context_extensions(extensions)
                .expect("extensions")
        })
    }

    /// Lends her parts to a forgery that needs them at once.
    pub fn parts(&mut self) -> (&mut Seat, &Kit, &Identity) {
        (self.seat.as_mut().expect("a place"), &self.kit, &self.who)
    }

    /// Seals a Welcome to somebody's device and posts it, with its blob.
    pub async fn invite(
        &self,
        to: &sealwire_protocol::certificate::DeviceCertificate,
        log: LogId,
        conversation: ConversationId,
        blob: &WelcomeBlob,
    ) {
        let mut rng = rand::rng();
        let reference = BlobRef {
            blob: BlobId::random(&mut rng),
            read_token: SecretBytes::<32>::generate(&mut rng),
            key: BlobKey::generate(&mut rng),
        };
        let sealed = seal_blob(&reference.key, &blob.encode());
        let token = sha256(&[reference.read_token.expose()]);
        let stored = self.plane.put_blob(reference.blob, token, sealed).await;
        stored.expect("a stored blob");
        let body = Body::Welcome(sealwire_protocol::envelope::Welcome {
            log,
            conversation,
            blob: reference,
        });
        self.write(to, &body).await;
    }

    /// Seals anything to somebody's device under her own name and posts it.
    pub async fn write(&self, to: &sealwire_protocol::certificate::DeviceCertificate, body: &Body) {
        let envelope = seal_envelope(
            body,
            Some(&self.who.certificate),
            &self.who.device,
            (to.device(), to.inbox_key()),
            now_s(),
            &mut rand::rng(),
        );
        let posted = self
            .plane
            .post(to.device(), envelope.expect("an envelope"))
            .await;
        posted.expect("a posted envelope");
    }
}

/// A copy of a pass: Mallory keeps what honest clients let go.
pub fn copy(pass: &Pass) -> Pass {
    Pass::from_slice(pass.expose()).expect("32 bytes")
}
