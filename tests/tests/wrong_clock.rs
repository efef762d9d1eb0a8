//! Devices whose clocks are wrong by two days: they work, and their people are told.

use sealwire_core::api::Options;
use sealwire_tests::Stage;
use sealwire_tests::person::{one_epoch, quick};

const TWO_DAYS_S: i64 = 2 * 86_400;

fn off_by(seconds: i64) -> Options {
    Options {
        clock_offset_s: seconds,
        ..quick()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_clocks_work_and_are_named() {
    let stage = Stage::set_in_memory().await;
    let alice = stage.owner("alice").await;
    let early = stage.guest_with(&alice, "early", off_by(-TWO_DAYS_S)).await;
    let late = stage.guest_with(&alice, "late", off_by(TWO_DAYS_S)).await;

    // Each of them is told, Alice is not.
    early
        .is_told("clock differs from the relay's by 2880 minutes")
        .await;
    late.is_told("clock differs from the relay's by 2880 minutes")
        .await;

    // Both can be added, talk, and found a conversation of their own.
    let chat = alice.founds("Lunch", &[&early, &late]).await;
    early.says(&chat, "the day before yesterday").await;
    late.says(&chat, "the day after tomorrow").await;
    for person in [&alice, &early, &late] {
        person.hears(&chat, "the day before yesterday").await;
        person.hears(&chat, "the day after tomorrow").await;
    }
    let theirs = early.founds("Theirs", &[&late, &alice]).await;
    late.says(&theirs, "from the future").await;
    early.hears(&theirs, "from the future").await;
    alice.hears(&theirs, "from the future").await;

    // Commits of each are taken by the others.
    for person in [&early, &late] {
        let change = person.update_leaf(&chat).await.expect("a wish");
        person.made(change).await;
    }
    one_epoch(&[&alice, &early, &late], &chat).await;
    assert_eq!(alice.warnings(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_was_set_between_two_starts() {
    let stage = Stage::set_in_memory().await;
    let alice = stage.owner("alice").await;
    let mut bob = stage.guest(&alice, "bob").await;
    let chat = alice.founds("Lunch", &[&bob]).await;
    alice.says(&chat, "on time").await;
    bob.hears(&chat, "on time").await;
    for offset in [TWO_DAYS_S, -TWO_DAYS_S, 0] {
        bob.reopen_with(off_by(offset)).await;
        let text = format!("at {offset}");
        bob.says(&chat, &text).await;
        alice.hears(&chat, &text).await;
    }
    // In the order in which they were sent, whatever the clocks said.
    let texts: Vec<_> = bob
        .history(&chat)
        .await
        .into_iter()
        .map(|line| line.text)
        .collect();
    assert_eq!(texts, ["on time", "at 172800", "at -172800", "at 0"]);
}
