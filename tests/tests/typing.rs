//! Who is typing: seen by those who are there and want to, kept by nobody.

use std::time::Duration;

use bytes::Bytes;
use sealwire_core::api::{ConversationId, Event};
use sealwire_protocol::{
    frame::{Broadcast, ClientBody, ServerBody, Subscribe},
    limits::EPHEMERAL,
};
use sealwire_tests::{
    Person, Stage,
    mallory::Scene,
    person::{handle, one_epoch},
};
use tokio::sync::broadcast::{Receiver, error::TryRecvError};

/// The typing that has been told so far.
fn told(events: &mut Receiver<Event>) -> Vec<(String, bool)> {
    let mut told = Vec::new();
    loop {
        match events.try_recv() {
            Ok(Event::Typing { handle, on, .. }) => told.push((handle, on)),
            Ok(_) | Err(TryRecvError::Lagged(_)) => {}
            Err(TryRecvError::Empty | TryRecvError::Closed) => return told,
        }
    }
}

/// Waits until typing is told.
async fn next(events: &mut Receiver<Event>) -> (String, bool) {
    let told = async {
        loop {
            if let Ok(Event::Typing { handle, on, .. }) = events.recv().await {
                return (handle, on);
            }
        }
    };
    let told = tokio::time::timeout(sealwire_tests::PATIENCE, told).await;
    told.expect("somebody typing")
}

/// What goes before it on the way has been read when this was.
async fn hear_each_other(people: &[&Person], chat: &ConversationId, text: &str) {
    people[0].says(chat, text).await;
    for person in people {
        person.hears(chat, text).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_those_who_want_it_see_it() {
    let stage = Stage::set_in_memory().await;
    let (alice, bob, carol) = stage.alice_bob_carol().await;
    let chat = alice.founds("Lunch", &[&bob, &carol]).await;
    let (mut to_alice, mut to_carol) = (alice.events(), carol.events());

    // Unless it was switched on, nothing is sent.
    alice.set_typing(true).await.expect("switched");
    assert!(!bob.shows_typing().await.expect("a setting"));
    bob.typing(&chat, true).await.expect("known");
    hear_each_other(&[&bob, &alice, &carol], &chat, "one").await;
    assert_eq!(told(&mut to_alice), []);

    // Alice sees Bob begin and cease; Carol does not want to, and he does not see himself.
    bob.set_typing(true).await.expect("switched");
    let mut to_bob = bob.events();
    bob.typing(&chat, false).await.expect("known");
    assert_eq!(next(&mut to_alice).await, ("bob@acme".into(), false));
    bob.typing(&chat, true).await.expect("known");
    assert_eq!(next(&mut to_alice).await, ("bob@acme".into(), true));
    hear_each_other(&[&bob, &alice, &carol], &chat, "two").await;
    assert_eq!(told(&mut to_carol), []);
    assert_eq!(told(&mut to_bob), []);

    // In the next epoch too, after a restart too; not from somebody blocked.
    let change = alice.rename(&chat, "Dinner").await.expect("a wish");
    alice.made(change).await;
    one_epoch(&[&alice, &bob, &carol], &chat).await;
    hear_each_other(&[&bob, &alice, &carol], &chat, "three").await;
    bob.typing(&chat, false).await.expect("known");
    assert_eq!(next(&mut to_alice).await, ("bob@acme".into(), false));
    alice
        .set_blocked(&handle("bob"), true)
        .await
        .expect("blocked");
    bob.typing(&chat, true).await.expect("known");
    hear_each_other(&[&bob, &alice], &chat, "four").await;
    assert_eq!(told(&mut to_alice), []);

    // The relay has what was said, and nothing of this.
    assert!(
        carol
            .history(&chat)
            .await
            .iter()
            .all(|line| line.text != "typing")
    );
    let unknown = bob.typing(&ConversationId([9; 16]), true).await;
    assert_eq!(unknown.expect_err("unknown").code, "unknown_conversation");
}

/// Mallory's signals: into a lane that she does not listen to, of another length, more than anybody
/// types, without a key, and with an old pass after she was removed.
#[tokio::test(flavor = "multi_thread")]
async fn signals_of_mallory() {
    let mut scene = Scene::open().await;
    for person in scene.honest() {
        person.set_typing(true).await.expect("switched");
    }
    let mut to_alice = scene.alice.events();
    let (log, pass) = (
        scene.mallory.seat().log,
        scene.mallory.seat().pass.expose().to_vec(),
    );
    let signal = |length: usize| {
        ClientBody::Broadcast(Broadcast {
            log: Bytes::copy_from_slice(log.as_bytes()),
            pass: pass.clone().into(),
            payload: vec![7; length].into(),
        })
    };
    let refused = scene.mallory.socket.request(signal(EPHEMERAL)).await;
    assert_eq!(refused.expect_err("not subscribed").code, "lane_unknown");

    let subscribe = ClientBody::Subscribe(Subscribe {
        log: Bytes::copy_from_slice(log.as_bytes()),
        pass: pass.clone().into(),
        after: scene.mallory.seat().cursor,
    });
    scene
        .mallory
        .socket
        .request(subscribe)
        .await
        .expect("her lane");
    for length in [0, EPHEMERAL - 1, EPHEMERAL + 1] {
        let refused = scene.mallory.socket.request(signal(length)).await;
        assert_eq!(refused.expect_err("of another length").code, "grammar");
    }
    let mut limited = false;
    for _ in 0..20 {
        match scene.mallory.socket.request(signal(EPHEMERAL)).await {
            Ok(ServerBody::Broadcasted(_)) => {}
            Ok(other) => panic!("{other:?}"),
            Err(problem) => {
                assert_eq!(problem.code, "rate_limited");
                limited = true;
            }
        }
    }
    assert!(limited, "twenty signals at once were taken");
    scene.all_is_well().await;
    assert_eq!(told(&mut to_alice), []);

    // Removed, she speaks into a lane where nobody listens any more.
    let change = scene
        .alice
        .remove_member(&scene.chat, &handle("mallory"))
        .await;
    scene.alice.made(change.expect("a removal")).await;
    one_epoch(&scene.honest(), &scene.chat).await;
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let _ = scene.mallory.socket.request(signal(EPHEMERAL)).await;
    let people = scene.honest();
    hear_each_other(&people, &scene.chat, "without her").await;
    assert_eq!(told(&mut to_alice), []);
    for person in people {
        assert_eq!(person.warnings(), [""; 0]);
    }
}
