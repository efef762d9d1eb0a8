//! Names, roles and permissions: who may do what, and that everybody sees the same.

use sealwire_tests::person::{Person, one_epoch};
use sealwire_tests::{Stage, until};

async fn sees_title(person: &Person, chat: &sealwire_core::api::ConversationId, title: &str) {
    let what = format!("{} seeing the name {title:?}", person.name());
    until(&what, || async {
        let info = person.conversation(chat).await.expect("a conversation");
        if info.name == title {
            Ok(())
        } else {
            Err(info.name)
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_name_reaches_everybody() {
    let stage = Stage::set_in_memory().await;
    let (alice, bob, carol) = stage.alice_bob_carol().await;
    let chat = alice.founds("Lunch", &[&bob, &carol]).await;
    let change = alice
        .rename(&chat, "Mittagessen 午饭")
        .await
        .expect("a wish");
    alice.made(change).await;
    for person in [&alice, &bob, &carol] {
        sees_title(person, &chat, "Mittagessen 午饭").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_decide_who_may_do_what() {
    let stage = Stage::set_in_memory().await;
    let (alice, bob, carol) = stage.alice_bob_carol().await;
    let chat = alice.founds("Lunch", &[&bob, &carol]).await;

    // Bob, a plain member, may not remove Carol, nor make himself owner.
    let refused = bob
        .remove_member(&chat, &carol.handle())
        .await
        .expect_err("a member");
    assert_eq!(refused.code, "not_allowed");
    assert!(refused.hint.contains("owner or admin"), "{}", refused.hint);
    assert!(bob.set_role(&chat, &bob.handle(), "owner").await.is_err());

    // As admin he may.
    let change = alice
        .set_role(&chat, &bob.handle(), "admin")
        .await
        .expect("a wish");
    alice.made(change).await;
    until("Bob being admin", || async {
        let role = bob.conversation(&chat).await.expect("a conversation").role;
        if role.as_deref() == Some("admin") {
            Ok(())
        } else {
            Err(format!("{role:?}"))
        }
    })
    .await;
    let change = bob
        .remove_member(&chat, &carol.handle())
        .await
        .expect("a wish");
    bob.made(change).await;
    carol.is_out_of(&chat).await;

    // Only owners may post from now on; Bob is told so before anything is sent.
    let change = alice
        .set_permission(&chat, "post", "owner")
        .await
        .expect("a wish");
    alice.made(change).await;
    one_epoch(&[&alice, &bob], &chat).await;
    let refused = bob.send(&chat, "may I?").await.expect_err("owners only");
    assert_eq!(refused.code, "not_allowed");
    alice.says(&chat, "I may").await;
    bob.hears(&chat, "I may").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_reads_and_does_not_write() {
    let stage = Stage::set_in_memory().await;
    let (alice, bob, _carol) = stage.alice_bob_carol().await;
    let chat = alice.founds("News", &[&bob]).await;
    let change = alice
        .set_role(&chat, &bob.handle(), "reader")
        .await
        .expect("a wish");
    alice.made(change).await;
    one_epoch(&[&alice, &bob], &chat).await;
    let refused = bob
        .send(&chat, "a reader's letter")
        .await
        .expect_err("a reader");
    assert_eq!(refused.code, "not_allowed");
    alice.says(&chat, "today's news").await;
    bob.hears(&chat, "today's news").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_removed_can_be_added_again() {
    let stage = Stage::set_in_memory().await;
    let (alice, bob, carol) = stage.alice_bob_carol().await;
    let chat = alice.founds("Lunch", &[&bob, &carol]).await;
    alice.says(&chat, "one").await;
    carol.hears(&chat, "one").await;
    let change = alice
        .remove_member(&chat, &carol.handle())
        .await
        .expect("a wish");
    alice.made(change).await;
    carol.is_out_of(&chat).await;
    alice.says(&chat, "without Carol").await;
    let change = alice
        .add_members(&chat, &[carol.handle()])
        .await
        .expect("a wish");
    alice.made(change).await;
    carol.is_in(&chat).await;
    alice.says(&chat, "two").await;
    carol.hears(&chat, "two").await;
    let texts: Vec<_> = carol
        .history(&chat)
        .await
        .into_iter()
        .map(|line| line.text)
        .collect();
    assert_eq!(texts, ["one", "two"]);
}
