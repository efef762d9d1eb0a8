//! Who is typing: seen by those who are there and want to, kept by nobody.

use std::time::Duration;

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
    for person in [&alice, &bob, &carol] {
        person.settles().await;
    }
    let stored = stage.relay.entries().await;
    bob.typing(&chat, false).await.expect("known");
    assert_eq!(next(&mut to_alice).await, ("bob@acme".into(), false));
    bob.typing(&chat, true).await.expect("known");
    assert_eq!(next(&mut to_alice).await, ("bob@acme".into(), true));
    assert_eq!(stage.relay.entries().await, stored, "the relay keeps it");
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

    let unknown = bob.typing(&ConversationId([9; 16]), true).await;
    assert_eq!(unknown.expect_err("unknown").code, "unknown_conversation");
}

/// Mallory's signals: into a lane that she does not listen to, of another length, twice the same, in
/// another's name, without a key, more than anybody types, and with the key of an old epoch after she
/// was removed.
#[tokio::test(flavor = "multi_thread")]
async fn signals_of_mallory() {
    let mut scene = Scene::open().await;
    for person in scene.honest() {
        person.set_typing(true).await.expect("switched");
    }
    let mut to_alice = scene.alice.events();
    let hers = scene.mallory.typing_as("mallory@acme");
    let of_length = |length: usize| {
        ClientBody::Broadcast(Broadcast {
            payload: vec![7; length].into(),
            ..hers.clone()
        })
    };
    let socket = &mut scene.mallory.socket;
    let refused = socket.request(of_length(EPHEMERAL)).await;
    assert_eq!(refused.expect_err("not subscribed").code, "lane_unknown");

    let subscribe = ClientBody::Subscribe(Subscribe {
        log: hers.log.clone(),
        pass: hers.pass.clone(),
        after: 0,
    });
    socket.request(subscribe).await.expect("her lane");
    for length in [0, EPHEMERAL - 1, EPHEMERAL + 1] {
        let refused = socket.request(of_length(length)).await;
        assert_eq!(refused.expect_err("of another length").code, "grammar");
    }
    // A member is shown as typing, once for each signal; in whose name, nobody can check.
    for _ in 0..2 {
        let said = socket.request(ClientBody::Broadcast(hers.clone())).await;
        said.expect("a member's signal");
    }
    for name in ["alice@acme", "bob@acme"] {
        let said = ClientBody::Broadcast(scene.mallory.typing_as(name));
        let said = scene.mallory.socket.request(said).await;
        said.expect("a member's signal");
    }
    for name in ["mallory@acme", "bob@acme"] {
        assert_eq!(next(&mut to_alice).await, (name.into(), true));
    }

    let mut limited = false;
    for _ in 0..20 {
        match scene.mallory.socket.request(of_length(EPHEMERAL)).await {
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

    // Removed, she speaks with the old key into a lane where nobody listens any more.
    let mallory = handle("mallory");
    let change = scene.alice.remove_member(&scene.chat, &mallory).await;
    scene.alice.made(change.expect("a removal")).await;
    one_epoch(&scene.honest(), &scene.chat).await;
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let late = ClientBody::Broadcast(scene.mallory.typing_as("bob@acme"));
    let late = scene.mallory.socket.request(late).await;
    late.expect("her own old lane");
    let people = scene.honest();
    hear_each_other(&people, &scene.chat, "without her").await;
    assert_eq!(told(&mut to_alice), []);
    for person in people {
        assert_eq!(person.warnings(), [""; 0]);
    }
}
