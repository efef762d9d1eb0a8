//! Mallory writes to inboxes and invites into groups of her own making. What is refused is said,
//! costs no key package, and holds up nothing behind it.

use openmls::prelude::{GroupId, LeafNodeIndex, MlsGroup};
use sealwire_core::api::{ConversationId, Options};
use sealwire_crypto::{BlobKey, SecretBytes};
use sealwire_protocol::{
    certificate::DeviceCertificate,
    envelope::{BlobRef, Body, Rejoin, Welcome, WelcomeBlob, seal_envelope},
    ids::{BlobId, LogId},
    limits::ENVELOPE,
    policy::{GroupPolicy, GroupRole},
};
use sealwire_tests::{
    Person,
    mallory::{Identity, Kit, Mallory, Scene, Seat, forge, forged_certificate, kit, now_s},
    person::{handle, quick},
    until,
};

/// A group that Mallory founds alone, not known to the relay.
struct Trap {
    kit: Kit,
    who: Identity,
    seat: Seat,
}

impl Trap {
    /// Founded by `who` with any certificate, for any conversation.
    fn new(who: Identity, log: LogId, conversation: ConversationId, certificate: &[u8]) -> Self {
        let kit = Kit::default();
        let policy = GroupPolicy::new(conversation, "plans", who.account_public()).expect("a name");
        let group = MlsGroup::new_with_group_id(
            &kit,
            &who.signer(),
            &kit::create_config(kit::context(&policy.encode())),
            GroupId::from_slice(log.as_bytes()),
            who.credential_with(certificate),
        )
        .expect("a group");
        let seat = Seat::at_start(&kit, log, conversation, group);
        Self { kit, who, seat }
    }

    /// Founded by Mallory herself.
    fn of(mallory: &Mallory, log: LogId, conversation: ConversationId) -> Self {
        let who = Identity {
            account: sealwire_crypto::AccountKey::from_seed(&mallory.who.account.seed()),
            device: sealwire_crypto::DeviceKey::from_seed(&mallory.who.device.seed()),
            inbox: sealwire_crypto::InboxKey::from_seed(&mallory.who.inbox.seed()),
            certificate: mallory.who.certificate.clone(),
        };
        let certificate = who.certificate.as_bytes().to_vec();
        Self::new(who, log, conversation, &certificate)
    }

    /// Adds a device by a key package that the relay gave, and gives its Welcome.
    fn add(&mut self, packages: &[Vec<u8>], policy: &GroupPolicy) -> WelcomeBlob {
        use openmls::prelude::{
            KeyPackageIn, MlsMessageBodyIn, MlsMessageIn, ProtocolVersion,
            tls_codec::DeserializeBytes as _,
        };
        use openmls_traits::OpenMlsProvider as _;
        let packages: Vec<_> = packages
            .iter()
            .map(|bytes| {
                let message = MlsMessageIn::tls_deserialize_exact_bytes(bytes).expect("a message");
                let MlsMessageBodyIn::KeyPackage(package) = message.extract() else {
                    panic!("not a key package");
                };
                let package: KeyPackageIn = package;
                package
                    .validate(self.kit.crypto(), ProtocolVersion::Mls10)
                    .expect("a key package")
            })
            .collect();
        let extensions = kit::context(&policy.encode());
        let made = self.seat.commit(&self.kit, &self.who, move |builder| {
            builder
                .propose_adds(packages)
                .propose_group_context_extensions(extensions)
                .expect("extensions")
        });
        self.seat.merge_own(&self.kit);
        made.welcome.expect("a Welcome")
    }

    fn policy_with(&self, people: &[&DeviceCertificate]) -> GroupPolicy {
        let mut policy = self.seat.policy();
        for one in people {
            policy
                .set_role(*one.account(), GroupRole::Member)
                .expect("room");
        }
        policy
    }
}

/// A key package of somebody's device, as anybody may take it.
async fn package_of(scene: &Scene, whose: &DeviceCertificate) -> Vec<u8> {
    let taken = scene.mallory.plane.take_key_package(whose.device()).await;
    taken.expect("a key package")
}

/// `person` knows no conversation but these.
async fn knows_only(person: &Person, chats: &[&ConversationId]) {
    let mut known: Vec<_> = person
        .conversations()
        .await
        .expect("a list")
        .into_iter()
        .map(|chat| chat.id)
        .collect();
    let mut expected: Vec<_> = chats.iter().map(ToString::to_string).collect();
    known.sort();
    expected.sort();
    assert_eq!(known, expected, "{}", person.name());
}

/// Noise of the right size, an envelope for another device, one whose signature is broken, one
/// under somebody else's certificate. Each is told and let go, and the Welcome behind them is
/// taken. Fails if one of them stays at the head of the inbox.
#[tokio::test(flavor = "multi_thread")]
async fn garbage_and_foreign_envelopes() {
    let scene = Scene::open().await;
    let (bob, carol) = (
        scene.certificate_of("bob").await,
        scene.certificate_of("carol").await,
    );
    let mallory = &scene.mallory;
    let body = || {
        Body::Rejoin(Rejoin {
            log: LogId::random(&mut rand::rng()),
            key_package: vec![1; 300],
        })
    };
    let seal = |sender: &DeviceCertificate, to: &DeviceCertificate| {
        let to = (to.device(), to.inbox_key());
        let sealed = seal_envelope(
            &body(),
            Some(sender),
            &mallory.who.device,
            to,
            now_s(),
            &mut rand::rng(),
        );
        sealed.expect("an envelope")
    };
    let mut broken = seal(&mallory.who.certificate, &bob);
    broken[2_000] ^= 1;
    let envelopes = [
        forge::random(ENVELOPE),
        seal(&mallory.who.certificate, &carol),
        seal(&carol, &bob),
        broken,
        seal(&mallory.who.certificate, &bob),
    ];
    for envelope in envelopes {
        mallory
            .plane
            .post(bob.device(), envelope)
            .await
            .expect("a posted envelope");
    }
    scene
        .bob
        .is_told("cannot be opened with this device's key")
        .await;
    scene.bob.is_told("not signed by the device it names").await;
    scene
        .bob
        .is_told("asked for a conversation it is not in")
        .await;
    let second = scene
        .alice
        .founds("behind the garbage", &[&scene.bob])
        .await;
    knows_only(&scene.bob, &[&scene.chat, &second]).await;
}

/// A Welcome whose blob does not exist, is noise, or holds noise; one that says another log or
/// conversation than the group has. Fails if the inbox waits for what will never come.
#[tokio::test(flavor = "multi_thread")]
async fn welcomes_that_lead_nowhere() {
    let scene = Scene::open().await;
    let bob = scene.certificate_of("bob").await;
    let mut rng = rand::rng();
    let (log, conversation) = (LogId::random(&mut rng), ConversationId::random(&mut rng));
    let absent = Body::Welcome(Welcome {
        log,
        conversation,
        blob: BlobRef {
            blob: BlobId::random(&mut rng),
            read_token: SecretBytes::generate(&mut rng),
            key: BlobKey::generate(&mut rng),
        },
    });
    scene.mallory.write(&bob, &absent).await;
    let noise = WelcomeBlob {
        welcome: forge::random(500),
        ratchet_tree: forge::random(500),
        name: "x".into(),
    };
    scene.mallory.invite(&bob, log, conversation, &noise).await;

    let mut trap = Trap::of(&scene.mallory, log, conversation);
    let package = scene.mallory.plane.take_key_package(bob.device()).await;
    let policy = trap.policy_with(&[&bob]);
    let blob = trap.add(&[package.expect("a key package")], &policy);
    let others = [
        (LogId::random(&mut rng), conversation),
        (log, ConversationId::random(&mut rng)),
    ];
    for (log, conversation) in others {
        scene.mallory.invite(&bob, log, conversation, &blob).await;
    }
    scene.bob.is_told("Unknown blob").await;
    scene.bob.is_told("it is for another log").await;
    scene.bob.is_told("it is for another conversation").await;
    knows_only(&scene.bob, &[&scene.chat]).await;
    // The refusals used up nothing: the Welcome as it is meant is taken.
    scene.mallory.invite(&bob, log, conversation, &blob).await;
    until("the conversation", async || {
        scene
            .bob
            .conversation(&conversation)
            .await
            .map(drop)
            .map_err(|error| error.to_string())
    })
    .await;
}

/// A group whose tree holds a leaf with a certificate of Alice's account that Mallory signed; one
/// whose policy names people who are on no leaf; one that lacks the policy's words for Bob. Fails
/// if a joiner trusts the tree as it comes.
#[tokio::test(flavor = "multi_thread")]
async fn welcomes_into_groups_that_are_not_what_they_say() {
    let scene = Scene::open().await;
    let (alice, bob) = (
        scene.certificate_of("alice").await,
        scene.certificate_of("bob").await,
    );
    let mut rng = rand::rng();

    let impostor = Identity::new("impostor@acme");
    let forged = forged_certificate(&alice, &impostor);
    let (log, conversation) = (LogId::random(&mut rng), ConversationId::random(&mut rng));
    let mut trap = Trap::new(impostor, log, conversation, &forged);
    let package = package_of(&scene, &bob).await;
    let policy = trap.policy_with(&[&bob]);
    let blob = trap.add(&[package], &policy);
    scene.mallory.invite(&bob, log, conversation, &blob).await;
    scene
        .bob
        .is_told("not signed by the account it names")
        .await;

    let (log, conversation) = (LogId::random(&mut rng), ConversationId::random(&mut rng));
    let mut trap = Trap::of(&scene.mallory, log, conversation);
    let package = package_of(&scene, &bob).await;
    let policy = trap.policy_with(&[&bob, &alice]);
    let blob = trap.add(&[package], &policy);
    scene.mallory.invite(&bob, log, conversation, &blob).await;
    scene
        .bob
        .is_told("its members are not those on its leaves")
        .await;

    knows_only(&scene.bob, &[&scene.chat]).await;
}

/// A group in which somebody sits under Dora's name with a key of Mallory's making. Bob does not know
/// Dora, so he cannot tell at once; within hours the directory is asked for her. Fails if only whom
/// Bob adds himself is held against the directory.
#[tokio::test(flavor = "multi_thread")]
async fn somebody_under_the_name_of_one_whom_bob_does_not_know() {
    let mut scene = Scene::open().await;
    scene.stage.guest(&scene.alice, "dora").await;
    let soon = Options {
        look_up_within_ms: 0,
        ..quick()
    };
    scene.bob.reopen_with(soon).await;
    scene.bob.is_online().await;
    let bob = scene.certificate_of("bob").await;
    let mut rng = rand::rng();
    let mut traps = Vec::new();
    for (name, told) in [
        ("dora@acme", "another key for dora@acme"),
        ("nobody@acme", "the directory does not know them"),
    ] {
        let false_friend = Identity::new(name);
        let (log, conversation) = (LogId::random(&mut rng), ConversationId::random(&mut rng));
        let mut trap = Trap::of(&scene.mallory, log, conversation);
        let package = trap.kit.key_package(&false_friend, kit::lifetime());
        let packages = [
            package_of(&scene, &bob).await,
            kit::key_package_bytes(&package),
        ];
        let policy = trap.policy_with(&[&bob, &false_friend.certificate]);
        let blob = trap.add(&packages, &policy);
        scene.mallory.invite(&bob, log, conversation, &blob).await;
        // Not in the sense of the relay, which knows no such log; but Bob is shown who is in it.
        until("Bob having the conversation", || async {
            let known = scene.bob.conversation(&conversation).await;
            known.map(drop).map_err(|error| error.to_string())
        })
        .await;
        scene.bob.look_up_members().await.expect("asked");
        scene.bob.is_told(told).await;
        traps.push(conversation);
    }
    let line = "the key of dora@acme has changed".to_owned();
    assert!(scene.bob.happenings(&traps[0]).await.contains(&line));
    assert!(!scene.bob.happenings(&traps[1]).await.contains(&line));
    let dora = scene.bob.contact(&handle("dora")).await.expect("known");
    assert!(
        dora.key_changed,
        "nothing is sent to her before Bob has asked"
    );
}

/// A group that another device of Mallory's account made than the one that sealed the envelope.
/// Fails if the Welcome's sender is not compared with the envelope's.
#[tokio::test(flavor = "multi_thread")]
async fn a_welcome_sealed_by_another_device() {
    let scene = Scene::open().await;
    let bob = scene.certificate_of("bob").await;
    let mut rng = rand::rng();
    let second = scene.mallory.who.second_device();
    let certificate = second.certificate.as_bytes().to_vec();
    let (log, conversation) = (LogId::random(&mut rng), ConversationId::random(&mut rng));
    let mut trap = Trap::new(second, log, conversation, &certificate);
    let package = package_of(&scene, &bob).await;
    let policy = trap.policy_with(&[&bob]);
    let blob = trap.add(&[package], &policy);
    scene.mallory.invite(&bob, log, conversation, &blob).await;
    scene
        .bob
        .is_told("sent by somebody else than it says")
        .await;
    knows_only(&scene.bob, &[&scene.chat]).await;
}

/// An invitation by somebody whom the directory does not know. Fails if the envelope's own
/// certificate is enough.
#[tokio::test(flavor = "multi_thread")]
async fn a_welcome_from_nobody() {
    let scene = Scene::open().await;
    let bob = scene.certificate_of("bob").await;
    let mut rng = rand::rng();
    for name in ["nobody@acme", "alice@acme"] {
        let nobody = Identity::new(name);
        let body = Body::Welcome(Welcome {
            log: LogId::random(&mut rng),
            conversation: ConversationId::random(&mut rng),
            blob: BlobRef {
                blob: BlobId::random(&mut rng),
                read_token: SecretBytes::generate(&mut rng),
                key: BlobKey::generate(&mut rng),
            },
        });
        let to = (bob.device(), bob.inbox_key());
        let sealed = seal_envelope(
            &body,
            Some(&nobody.certificate),
            &nobody.device,
            to,
            now_s(),
            &mut rng,
        );
        let posted = scene
            .mallory
            .plane
            .post(bob.device(), sealed.expect("an envelope"))
            .await;
        posted.expect("a posted envelope");
    }
    scene
        .bob
        .is_told("nobody in the organisation is called nobody@acme")
        .await;
    scene
        .bob
        .is_told("alice@acme wrote from a device or key that the directory does not show")
        .await;
    knows_only(&scene.bob, &[&scene.chat]).await;
}

/// A group of Mallory's own that says it is the conversation which Bob has with Alice and Carol:
/// same conversation, another log, Alice and Carol on its leaves by their key packages but never
/// told. Had Bob followed it, what he writes to them would go to Mallory alone. Only an owner
/// moves a conversation. Fails if a Welcome may point a known conversation elsewhere.
#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_is_not_taken_elsewhere() {
    let mut scene = Scene::open().await;
    let mut people = Vec::new();
    let mut packages = Vec::new();
    for name in ["alice", "bob", "carol"] {
        let certificate = scene.certificate_of(name).await;
        let package = scene
            .mallory
            .plane
            .take_key_package(certificate.device())
            .await;
        packages.push(package.expect("a key package"));
        people.push(certificate);
    }
    let log = LogId::random(&mut rand::rng());
    let mut trap = Trap::of(&scene.mallory, log, scene.chat);
    let policy = trap.policy_with(&people.iter().collect::<Vec<_>>());
    let blob = trap.add(&packages, &policy);
    scene
        .mallory
        .invite(&people[1], log, scene.chat, &blob)
        .await;
    scene.bob.is_told("only an owner can move it").await;
    scene.all_is_well().await;
    let info = scene.bob.members(&scene.chat).await.expect("the members");
    let mallory = info
        .iter()
        .find(|member| member.handle == handle("mallory").to_string());
    assert_eq!(mallory.expect("a member").role, "member");
}

/// A Welcome into a group that Bob is in already. Fails if it replaces the group.
#[tokio::test(flavor = "multi_thread")]
async fn a_second_welcome_into_the_same_group() {
    let mut scene = Scene::open().await;
    let bob = scene.certificate_of("bob").await;
    let log = scene.mallory.seat().log;
    let mut trap = Trap::of(&scene.mallory, log, scene.chat);
    let package = package_of(&scene, &bob).await;
    let policy = trap.policy_with(&[&bob]);
    let blob = trap.add(&[package], &policy);
    scene.mallory.invite(&bob, log, scene.chat, &blob).await;
    let behind = scene.alice.founds("behind it", &[&scene.bob]).await;
    knows_only(&scene.bob, &[&scene.chat, &behind]).await;
    assert_eq!(trap.seat.leaf_of("bob@acme"), LeafNodeIndex::new(1));
    scene.all_is_well().await;
}
