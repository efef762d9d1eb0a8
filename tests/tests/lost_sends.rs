//! Messages that were encrypted and never got through leave gaps in the sender's ratchet: what
//! follows is read nevertheless, and what cannot be read is said.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sealwire_core::api::{ConversationId, Delivery};
use sealwire_protocol::frame::ClientBody;
use sealwire_protocol::problem::Code;
use sealwire_tests::middle::{Act, Middle, Seen};
use sealwire_tests::person::{Person, quick};
use sealwire_tests::{Stage, until};

/// How far a receiver's ratchet goes forward.
const LIMIT: usize = 20_000;

/// A wire that refuses every append while it is shut.
async fn gate(stage: &Stage) -> (Middle, Arc<AtomicBool>) {
    let shut = Arc::new(AtomicBool::new(false));
    let is_shut = Arc::clone(&shut);
    let middle = Middle::before(&stage.relay, move |seen| match seen {
        Seen::Asked(frame)
            if is_shut.load(Ordering::SeqCst)
                && matches!(frame.body, Some(ClientBody::Append(_))) =>
        {
            Act::Refuse(Code::Grammar)
        }
        _ => Act::Pass,
    })
    .await;
    (middle, shut)
}

async fn failed(person: &Person, chat: &ConversationId) -> usize {
    let lines = person.newest_messages(chat, 1).await.expect("a history");
    lines
        .iter()
        .filter(|line| line.delivery == Delivery::Failed)
        .count()
}

/// `count` messages of `author` are encrypted and lost.
async fn lose(author: &Person, chat: &ConversationId, count: usize) {
    for number in 0..count {
        author
            .send(chat, &format!("lost {number}"))
            .await
            .expect("a message stored");
    }
    until("all lost sends being given up", || async {
        match failed(author, chat).await {
            found if found == count => Ok(()),
            found => Err(format!("{found} of {count}")),
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gap_of_eleven_hundred_is_bridged() {
    let stage = Stage::set_in_memory().await;
    let alice = stage.owner("alice").await;
    let (middle, shut) = gate(&stage).await;
    let bob = middle.turn(alice.invitation().await);
    let bob = Person::try_enrol(stage.homes(), "bob", &bob, quick()).await;
    let bob = bob.expect("Bob enrols");
    let chat = alice.founds("Lunch", &[&bob]).await;
    bob.says(&chat, "before the gap").await;

    // Eleven hundred of Bob's messages are refused on the way. He is told, and keeps the texts.
    shut.store(true, Ordering::SeqCst);
    lose(&bob, &chat, 1_100).await;
    bob.is_told("A message was not sent").await;
    shut.store(false, Ordering::SeqCst);

    // What he says next is read by Alice, who has noticed nothing.
    bob.says(&chat, "after the gap").await;
    alice.hears(&chat, "after the gap").await;
    let texts: Vec<_> = alice
        .history(&chat)
        .await
        .into_iter()
        .map(|line| line.text)
        .collect();
    assert_eq!(texts, ["before the gap", "after the gap"]);
    assert_eq!(alice.warnings(), Vec::<String>::new());
    assert_eq!(failed(&bob, &chat).await, 1_100);
}

#[tokio::test(flavor = "multi_thread")]
async fn beyond_the_ratchets_limit_the_loss_is_said() {
    let stage = Stage::set_in_memory().await;
    let alice = stage.owner("alice").await;
    let (middle, shut) = gate(&stage).await;
    let bob = middle.turn(alice.invitation().await);
    let bob = Person::try_enrol(stage.homes(), "bob", &bob, quick()).await;
    let bob = bob.expect("Bob enrols");
    let chat = alice.founds("Lunch", &[&bob]).await;
    shut.store(true, Ordering::SeqCst);
    lose(&bob, &chat, LIMIT + 10).await;
    shut.store(false, Ordering::SeqCst);

    // Alice cannot read what comes next, and is told so; the group goes on.
    bob.says(&chat, "too far").await;
    alice.is_told("was refused").await;
    alice.says(&chat, "I could not read that").await;
    bob.hears(&chat, "I could not read that").await;

    // With the next change of the group everything is well again.
    let change = alice.update_leaf(&chat).await.expect("a wish");
    alice.made(change).await;
    bob.says(&chat, "and now?").await;
    alice.hears(&chat, "and now?").await;
}
