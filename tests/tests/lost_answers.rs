//! A wire that loses answers, requests and pushes, repeats frames and brings them late: every
//! message arrives once, in order, and every change is made once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use sealwire_protocol::frame::{ClientBody, ServerBody};
use sealwire_tests::Stage;
use sealwire_tests::middle::{Act, Middle, Seen};
use sealwire_tests::person::{Line, Person, one_epoch, quick};

const MESSAGES: usize = 40;

fn is_append(seen: Seen<'_>) -> bool {
    matches!(seen, Seen::Asked(frame) if matches!(frame.body, Some(ClientBody::Append(_))))
}

fn is_appended(seen: Seen<'_>) -> bool {
    matches!(seen, Seen::Told(frame) if matches!(frame.body, Some(ServerBody::Appended(_))))
}

fn is_push(seen: Seen<'_>) -> bool {
    matches!(seen, Seen::Told(frame) if frame.request == 0)
}

/// Calls `act` every `n`th time that `which` is seen, as long as the wire is bad.
fn every(
    n: u64,
    which: fn(Seen<'_>) -> bool,
    act: Act,
) -> (
    Arc<AtomicBool>,
    Arc<AtomicU64>,
    impl Fn(Seen<'_>) -> Act + Send + Sync,
) {
    let (bad, hits) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicU64::new(0)));
    let count = AtomicU64::new(0);
    let (is_bad, hit) = (Arc::clone(&bad), Arc::clone(&hits));
    let rule = move |seen: Seen<'_>| {
        if !which(seen) || !is_bad.load(Ordering::SeqCst) {
            return Act::Pass;
        }
        if count.fetch_add(1, Ordering::SeqCst) % n != n - 1 {
            return Act::Pass;
        }
        hit.fetch_add(1, Ordering::SeqCst);
        act
    };
    (bad, hits, rule)
}

/// Alice and Bob talk, both through a wire on which every `n`th of `which` suffers `act`.
async fn talk_over_a_bad_wire(n: u64, which: fn(Seen<'_>) -> bool, act: Act) {
    let stage = Stage::set_in_memory().await;
    let (bad, hits, rule) = every(n, which, act);
    let middle = Middle::before(&stage.relay, rule).await;
    let through = |link| middle.turn(link);
    let alice = through(stage.relay.owner_link());
    let alice = Person::try_enrol(stage.homes(), "alice", &alice, quick()).await;
    let alice = alice.expect("Alice enrols");
    let bob = through(alice.invitation().await);
    let bob = Person::try_enrol(stage.homes(), "bob", &bob, quick()).await;
    let bob = bob.expect("Bob enrols");
    let chat = alice.founds("Lunch", &[&bob]).await;

    // Both write, and Alice changes things in between.
    let mut written = Vec::new();
    for number in 0..MESSAGES {
        let (author, text) = ([&alice, &bob][number % 2], format!("number {number}"));
        author.says(&chat, &text).await;
        written.push(Line::of(author.name(), &text));
        if number % 10 == 0 {
            let change = alice.rename(&chat, &format!("name {number}")).await;
            alice.made(change.expect("a wish")).await;
        }
    }

    // The wire gets well; one more message shows whatever is still missing.
    bad.store(false, Ordering::SeqCst);
    let met = hits.load(Ordering::SeqCst);
    assert!(met >= 5, "the wire did its worst only {met} times");
    alice.says(&chat, "the end").await;
    written.push(Line::of("alice", "the end"));
    one_epoch(&[&alice, &bob], &chat).await;
    for person in [&alice, &bob] {
        person.hears(&chat, "the end").await;
        assert_eq!(person.history(&chat).await, written, "{}", person.name());
        assert_eq!(person.warnings(), Vec::<String>::new(), "{}", person.name());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_to_accepted_appends_are_lost() {
    talk_over_a_bad_wire(4, is_appended, Act::Cut).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn appends_are_lost_before_they_reach_the_relay() {
    talk_over_a_bad_wire(4, is_append, Act::Cut).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn appends_arrive_twice() {
    talk_over_a_bad_wire(1, is_append, Act::Twice).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_arrive_twice() {
    talk_over_a_bad_wire(1, is_appended, Act::Twice).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pushes_arrive_twice() {
    talk_over_a_bad_wire(1, is_push, Act::Twice).await;
}

/// The sender confirms by what is pushed to it, so its own pushes must come in the end: here the
/// one that follows brings the late one.
#[tokio::test(flavor = "multi_thread")]
async fn pushes_arrive_in_another_order() {
    let stage = Stage::set_in_memory().await;
    let (alice, bob, _carol) = stage.alice_bob_carol().await;
    let (bad, hits, rule) = every(2, is_push, Act::Late);
    let middle = Middle::before(&stage.relay, rule).await;
    let dora = middle.turn(alice.invitation().await);
    let dora = Person::try_enrol(stage.homes(), "dora", &dora, quick()).await;
    let dora = dora.expect("Dora enrols");
    let chat = alice.founds("Lunch", &[&bob, &dora]).await;

    // Alice and Bob write; only Dora's wire mixes things up.
    let mut written = Vec::new();
    for number in 0..MESSAGES {
        let (author, text) = ([&alice, &bob][number % 2], format!("number {number}"));
        author.says(&chat, &text).await;
        written.push(Line::of(author.name(), &text));
    }
    bad.store(false, Ordering::SeqCst);
    alice.says(&chat, "the end").await;
    written.push(Line::of("alice", "the end"));
    dora.hears(&chat, "the end").await;
    assert!(
        hits.load(Ordering::SeqCst) >= 3,
        "hardly anything came late"
    );
    assert_eq!(dora.history(&chat).await, written);
    assert_eq!(dora.warnings(), Vec::<String>::new());
}
