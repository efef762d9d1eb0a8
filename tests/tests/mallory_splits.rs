//! Mallory tries to part the members from each other: commits that some can accept and others
//! cannot, now or later.

use openmls::prelude::Lifetime;
use sealwire_core::api::ConversationState;
use sealwire_protocol::policy::{Action, GroupRole, LeastRole};
use sealwire_tests::{
    PATIENCE,
    mallory::{Identity, Plane, Scene, kit, now_s, scene},
    person::handle,
    until,
};

const DAY_S: u64 = 86_400;

/// Waits until the second `time_s` is over.
async fn is_past(time_s: u64) {
    until("the end of a lifetime", async || {
        if now_s() > time_s {
            Ok(())
        } else {
            Err("not yet".into())
        }
    })
    .await;
}

/// Key packages at the relay that are another device's, have run out, soon will, or never do. The
/// relay checks their form; whoever adds checks the rest. Fails for each that is used.
#[tokio::test(flavor = "multi_thread")]
async fn key_packages_that_an_adder_refuses() {
    let mut scene = Scene::open().await;
    let now = now_s();
    let honest = kit::lifetime();
    let cases = [
        ("another", honest, "another device's"),
        (
            "old",
            Lifetime::init(now - 80 * DAY_S, now - DAY_S),
            "bad key package",
        ),
        (
            "short",
            Lifetime::init(now - DAY_S, now + 36 * DAY_S),
            "has expired or soon will",
        ),
        (
            "early",
            Lifetime::init(now + DAY_S, now + 80 * DAY_S),
            "bad key package",
        ),
        (
            "endless",
            Lifetime::init(now - DAY_S, now + 4_000 * DAY_S),
            "lifetime is not acceptable",
        ),
    ];
    for (name, lifetime, reason) in cases {
        let who = Identity::new(&format!("{name}@acme"));
        let plane = Plane::new(scene.mallory.plane.relay.clone());
        let link = scene.alice.invitation().await;
        plane.enrol(&link, &who).await.expect("an invitation");
        let session = plane.sign_in(&who).await.expect("a session");
        let second = who.second_device();
        let of = if name == "another" { &second } else { &who };
        let package = kit::key_package_bytes(&scene.mallory.kit.key_package(of, lifetime));
        session
            .put_key_packages(&[package])
            .await
            .expect("the relay checks the form");

        let change = scene.alice.add_members(&scene.chat, &[handle(name)]).await;
        let error = scene.alice.done(change.expect("a wish"), PATIENCE).await;
        let error = error.expect_err("a key package to refuse");
        assert_eq!(error.code, "bad_key_package", "{name}: {error}");
        if reason != "bad key package" {
            assert!(error.message.contains(reason), "{name}: {error}");
        }
    }
    scene.all_is_well().await;
}

/// An admin adds somebody by a key package that runs out between making and sending: nobody can
/// accept it any more. Fails if it stops anybody.
#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_adds_an_expired_key_package() {
    let mut scene = Scene::open().await;
    scene.make_mallory("admin").await;
    let friend = Identity::new("friend@acme");
    let end = now_s() + 2;
    let package = kit::Kit::default().key_package(&friend, Lifetime::init(end - DAY_S, end));
    let mut policy = scene.mallory.seat().policy();
    policy
        .set_role(friend.account_public(), GroupRole::Member)
        .expect("room");
    let (adding, extensions) = (
        package.key_package().clone(),
        kit::context(&policy.encode()),
    );
    let made = scene.mallory.commit(move |builder| {
        builder
            .propose_adds([adding])
            .propose_group_context_extensions(extensions)
            .expect("extensions")
    });
    is_past(end).await;
    scene.mallory.attack(&made.draft).await;
    scene.all_are_told("key package").await;
    scene.all_is_well().await;
}

/// A plain member adds a device of her own, as she may, by a key package that runs out in a
/// moment. Who is online accepts it; Bob, who comes later, cannot, and openmls offers no way to
/// judge it by another clock. He refuses, sees at once that the others went on, stops and says
/// so. Fails if he goes on by himself without a word.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_package_that_expires_while_bob_is_away() {
    let mut scene = Scene::open().await;
    scene.bob.close().await;
    let second = scene.mallory.who.second_device();
    let end = now_s() + 20;
    let package = kit::Kit::default().key_package(&second, Lifetime::init(end - DAY_S, end));
    let adding = package.key_package().clone();
    let made = scene
        .mallory
        .commit(move |builder| builder.propose_adds([adding]));
    scene.mallory.lead(&made).await;
    let mut number = 100;
    scene::all_is_well(&[&scene.alice, &scene.carol], &scene.chat, &mut number).await;
    is_past(end).await;
    scene.bob.reopen().await;
    scene
        .bob
        .is_told("key package that is outside its lifetime")
        .await;
    scene.bob.is_told("the conversation may be split").await;
    scene::all_is_well(&[&scene.alice, &scene.carol], &scene.chat, &mut number).await;
}

/// A lifetime that never ends is refused by everybody: it stands in the commit's bytes. Fails if
/// only the adder looks at it.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_package_that_never_expires() {
    let mut scene = Scene::open().await;
    let second = scene.mallory.who.second_device();
    let lifetime = Lifetime::init(now_s() - DAY_S, now_s() + 4_000 * DAY_S);
    let package = kit::Kit::default().key_package(&second, lifetime);
    let adding = package.key_package().clone();
    let made = scene
        .mallory
        .commit(move |builder| builder.propose_adds([adding]));
    scene.mallory.attack(&made.draft).await;
    scene.all_are_told("key package is too long").await;
    scene.all_is_well().await;
}

/// A commit whose update path Carol cannot open and everybody else can. By design she alone
/// cannot tell it from a commit that is wrong for all: she refuses it. When the relay tells her
/// that its lane is in use, she stops, says so, and sends nothing more; the side with the owner
/// goes on, and a new seat brings her back. What she wrote in between reached nobody. Fails if she
/// goes on in a lane of her own.
#[tokio::test(flavor = "multi_thread")]
async fn an_update_path_that_fails_for_one() {
    let mut scene = Scene::open().await;
    let key = scene.mallory.seat().encryption_key_of("carol@acme");
    scene.mallory.kit.crypto.spoil(Some(key));
    let made = scene
        .mallory
        .commit(|builder| builder.force_self_update(true));
    scene.mallory.kit.crypto.spoil(None);
    scene.mallory.lead(&made).await;

    scene
        .carol
        .is_told("entry of this conversation was refused")
        .await;
    let mut number = 100;
    let side = [&scene.alice, &scene.bob];
    scene::all_is_well(&side, &scene.chat, &mut number).await;

    // Her next words show her that the others are elsewhere.
    let _ = scene.carol.send(&scene.chat, "is anybody there?").await;
    scene.carol.is_told("the conversation may be split").await;
    let info = scene
        .carol
        .conversation(&scene.chat)
        .await
        .expect("the conversation");
    assert!(
        matches!(info.state, ConversationState::Halted(_)),
        "{:?}",
        info.state
    );
    let refused = scene
        .carol
        .send(&scene.chat, "anybody?")
        .await
        .expect_err("she has stopped");
    assert_eq!(refused.code, "halted");
    scene::all_is_well(&side, &scene.chat, &mut number).await;
    for person in side {
        let history = person.history(&scene.chat).await;
        assert!(history.iter().all(|line| !line.text.contains("anybody")));
    }

    scene
        .carol
        .rejoin(&scene.chat, None)
        .await
        .expect("a request");
    scene.carol.is_in(&scene.chat).await;
    scene.mallory.catch_up().await;
    let people = scene.honest();
    scene::they_talk(&people, &scene.chat, &mut number).await;
}

/// The same, and Carol is an owner. Everybody else goes on, she stops and says so. Having asked, she
/// stays where she is; Alice and Bob ask her for a seat and are with her again, though they stood
/// in another group of the same epoch. Fails if they cannot come over.
#[tokio::test(flavor = "multi_thread")]
async fn an_update_path_that_fails_for_an_owner() {
    let mut scene = Scene::open().await;
    let early = scene.carol.stay(&scene.chat).await.expect_err("no split");
    assert_eq!(early.code, "not_split");
    let promoted = scene
        .alice
        .set_role(&scene.chat, &handle("carol"), "owner")
        .await;
    scene.alice.made(promoted.expect("a wish")).await;
    scene.mallory.catch_up().await;
    let key = scene.mallory.seat().encryption_key_of("carol@acme");
    scene.mallory.kit.crypto.spoil(Some(key));
    let made = scene
        .mallory
        .commit(|builder| builder.force_self_update(true));
    scene.mallory.kit.crypto.spoil(None);
    scene.mallory.lead(&made).await;
    let mut number = 100;
    let side = [&scene.alice, &scene.bob];
    scene::all_is_well(&side, &scene.chat, &mut number).await;
    let _ = scene.carol.send(&scene.chat, "is anybody there?").await;
    scene.carol.is_told("the conversation may be split").await;

    scene.carol.stay(&scene.chat).await.expect("her side");
    scene.carol.says(&scene.chat, "I stay here").await;
    for person in side {
        person
            .rejoin(&scene.chat, Some(&handle("carol")))
            .await
            .expect("a request");
        person.is_in(&scene.chat).await;
    }
    scene::they_talk(&scene.honest(), &scene.chat, &mut number).await;
}

/// An owner brings in a policy of a version that nobody here knows: nobody can say what it
/// allows, so everybody stops and says that an update is needed. Fails if somebody guesses.
#[tokio::test(flavor = "multi_thread")]
async fn an_owner_brings_a_policy_from_the_future() {
    let mut scene = Scene::open().await;
    scene.make_mallory("owner").await;
    let made = {
        let policy = future(&scene.mallory_policy());
        scene.mallory.commit_policy(&policy)
    };
    scene.mallory.lead(&made).await;
    scene.all_are_told("update this program").await;
    for person in scene.honest() {
        let info = person
            .conversation(&scene.chat)
            .await
            .expect("the conversation");
        assert!(
            matches!(info.state, ConversationState::Halted(_)),
            "{:?}",
            info.state
        );
    }
}

/// The same by a plain member, who may not change the policy in any version: refused, and the
/// group goes on. Fails if anybody can stop everybody with two bytes.
#[tokio::test(flavor = "multi_thread")]
async fn a_plain_member_brings_a_policy_from_the_future() {
    let mut scene = Scene::open().await;
    for role in ["member", "admin"] {
        scene.make_mallory(role).await;
        let made = {
            let policy = future(&scene.mallory_policy());
            scene.mallory.commit_policy(&policy)
        };
        scene.mallory.attack(&made.draft).await;
        scene
            .all_are_told("only an owner may bring in a newer policy")
            .await;
        scene.all_is_well().await;
    }
}

/// The policy's bytes with a version that nobody knows yet.
fn future(policy: &[u8]) -> Vec<u8> {
    assert_eq!(policy[..2], [0x08, 0x02], "the version stands first");
    let mut bytes = policy.to_vec();
    bytes[1] = 3;
    bytes
}

/// Members race with Mallory's worthless commits: each honest change is made all the same, with
/// the bytes that were made first. Fails if an invalid commit takes an honest one's place.
#[tokio::test(flavor = "multi_thread")]
async fn honest_changes_between_worthless_commits() {
    let mut scene = Scene::open().await;
    for number in 0..10 {
        let mut policy = scene.mallory.seat().policy();
        policy.set_least(Action::Post, LeastRole::Owner);
        let made = scene.mallory.commit_policy(&policy.encode());
        let change = scene
            .alice
            .rename(&scene.chat, &format!("name {number}"))
            .await;
        let change = change.expect("a wish");
        match scene.mallory.try_attack(&made.draft).await {
            Ok(()) => {}
            Err(()) => scene.mallory.catch_up().await,
        }
        scene.alice.made(change).await;
        scene.mallory.catch_up().await;
    }
    scene.all_is_well().await;
    for person in scene.honest() {
        let info = person
            .conversation(&scene.chat)
            .await
            .expect("the conversation");
        assert_eq!(info.name, "name 9");
    }
}
