//! Who was removed can neither read nor even fetch what comes later, whatever program they use.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use sealwire_protocol::frame::{ClientBody, Entries, Fetch, ServerBody, Subscribe};
use sealwire_protocol::log::EntryKind;
use sealwire_tests::Stage;
use sealwire_tests::middle::{Act, Middle, Seen};
use sealwire_tests::person::{Person, quick};
use sealwire_tests::raw::Raw;

/// The passes that a client has shown, in order, each with its log.
type Shown = Arc<Mutex<Vec<(Bytes, Bytes)>>>;

/// Watches what passes go by.
fn watch(shown: &Shown) -> impl Fn(Seen<'_>) -> Act + Send + Sync + use<> {
    let shown = Arc::clone(shown);
    move |seen| {
        if let Seen::Asked(frame) = seen {
            let pass = match &frame.body {
                Some(ClientBody::Fetch(fetch)) => Some((&fetch.log, &fetch.pass)),
                Some(ClientBody::Subscribe(wish)) => Some((&wish.log, &wish.pass)),
                Some(ClientBody::Append(append)) => Some((&append.log, &append.pass)),
                _ => None,
            };
            if let Some((log, pass)) = pass {
                let mut list = shown.lock().expect("the list of passes");
                list.push((log.clone(), pass.clone()));
            }
        }
        Act::Pass
    }
}

async fn fetch(raw: &mut Raw, log: &Bytes, pass: &Bytes) -> Result<Entries, String> {
    let body = ClientBody::Fetch(Fetch {
        log: log.clone(),
        pass: pass.clone(),
        after: 0,
        limit: 256,
    });
    match raw.ask(body).await {
        ServerBody::Entries(entries) => Ok(entries),
        ServerBody::Problem(problem) => Err(problem.code),
        other => panic!("an answer that does not fit: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_later_can_be_fetched() {
    let stage = Stage::set_in_memory().await;
    let alice = stage.owner("alice").await;
    let carol = stage.guest(&alice, "carol").await;

    // Bob's wire is watched, so that all passes he ever had are known.
    let shown = Shown::default();
    let middle = Middle::before(&stage.relay, watch(&shown)).await;
    let bob = middle.turn(alice.invitation().await);
    let bob = Person::try_enrol(stage.homes(), "bob", &bob, quick()).await;
    let bob = bob.expect("Bob enrols");
    let chat = alice.founds("Lunch", &[&bob, &carol]).await;
    alice.says(&chat, "while Bob is here").await;
    bob.hears(&chat, "while Bob is here").await;

    // Bob is removed; the others go on, and change the group once more.
    let change = alice
        .remove_member(&chat, &bob.handle())
        .await
        .expect("a wish");
    alice.made(change).await;
    bob.is_out_of(&chat).await;
    alice.says(&chat, "after Bob").await;
    let change = alice.update_leaf(&chat).await.expect("a wish");
    alice.made(change).await;
    carol.says(&chat, "long after Bob").await;

    // With every pass he ever had, his own program gets what he could read anyway: each lane ends
    // with the commit that led on, the last with the one that removed him.
    let passes = shown.lock().expect("the list of passes").clone();
    assert!(!passes.is_empty(), "no pass was seen");
    let mut raw = Raw::connect(stage.relay.address()).await;
    let mut doors = Vec::new();
    for (log, pass) in &passes {
        let entries = fetch(&mut raw, log, pass)
            .await
            .expect("his own lanes")
            .entries;
        let last = entries.last().expect("an entry");
        assert_eq!(EntryKind::from_wire(last.kind), Some(EntryKind::Commit));
        doors.extend(
            entries
                .iter()
                .map(|entry| entry.next.clone())
                .filter(|next| !next.is_empty()),
        );
    }
    let (log, last_pass) = passes.last().expect("a pass");

    // What the entries show of later lanes is a hash and opens nothing, nor does a guess.
    for wrong in doors.iter().cloned().chain([Bytes::from(vec![0; 32])]) {
        let refused = fetch(&mut raw, log, &wrong)
            .await
            .expect_err("a wrong pass");
        assert_eq!(refused, "lane-unknown".replace('-', "_"));
        let wish = ClientBody::Subscribe(Subscribe {
            log: log.clone(),
            pass: wrong,
            after: 0,
        });
        assert!(matches!(raw.ask(wish).await, ServerBody::Problem(_)));
    }

    // And time does not help: what is said now does not appear in his lane.
    let before = fetch(&mut raw, log, last_pass)
        .await
        .expect("his lane")
        .entries
        .len();
    alice.says(&chat, "still without Bob").await;
    carol.hears(&chat, "still without Bob").await;
    let after = fetch(&mut raw, log, last_pass)
        .await
        .expect("his lane")
        .entries
        .len();
    assert_eq!(before, after);

    // His client has nothing of it, and says that he is out.
    let texts: Vec<_> = bob
        .history(&chat)
        .await
        .into_iter()
        .map(|line| line.text)
        .collect();
    assert_eq!(texts, ["while Bob is here"]);
    let refused = bob.send(&chat, "let me in").await.expect_err("he is out");
    assert_eq!(refused.code, "not_a_member");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_put_into_an_old_lane_reaches_nobody() {
    let stage = Stage::set_in_memory().await;
    let (alice, bob, carol) = stage.alice_bob_carol().await;
    let appends = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&appends);
    let middle = Middle::before(&stage.relay, move |seen| {
        if let Seen::Asked(frame) = seen
            && let Some(ClientBody::Append(append)) = &frame.body
        {
            kept.lock()
                .expect("the list of appends")
                .push(append.clone());
        }
        Act::Pass
    })
    .await;
    let dora = middle.turn(alice.invitation().await);
    let dora = Person::try_enrol(stage.homes(), "dora", &dora, quick()).await;
    let dora = dora.expect("Dora enrols");
    let chat = alice.founds("Lunch", &[&bob, &carol, &dora]).await;
    dora.says(&chat, "hello").await;
    let change = alice
        .remove_member(&chat, &dora.handle())
        .await
        .expect("a wish");
    alice.made(change).await;
    dora.is_out_of(&chat).await;

    // Dora's program sends her last entry again under a new id, as if she had kept up.
    let mut append = appends.lock().expect("the list of appends").last().cloned();
    let append = append.as_mut().expect("an append of Dora's");
    let mut raw = Raw::connect(stage.relay.address()).await;
    let lane = fetch(&mut raw, &append.log, &append.pass)
        .await
        .expect("her lane");
    let removal = lane.entries.last().expect("the commit that removed her");
    append.entry_id = Bytes::from(vec![9; 16]);
    append.head = removal.entry_id.clone();
    append.cursor = removal.seq;
    let answer = raw.ask(ClientBody::Append(append.clone())).await;
    println!("the relay's answer to a removed member: {answer:?}");

    // Whatever the relay says: nobody sees it, nobody is disturbed.
    alice.says(&chat, "all quiet").await;
    for person in [&alice, &bob, &carol] {
        person.hears(&chat, "all quiet").await;
        let texts: Vec<_> = person
            .history(&chat)
            .await
            .into_iter()
            .map(|line| line.text)
            .collect();
        assert_eq!(texts, ["hello", "all quiet"], "{}", person.name());
        assert_eq!(person.warnings(), Vec::<String>::new(), "{}", person.name());
    }
}
