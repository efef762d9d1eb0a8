//! Two members commit at the same instant, a hundred times: all come to one epoch, and what both
//! wanted is so.

use sealwire_core::api::{ConversationId, Handle};
use sealwire_tests::Stage;
use sealwire_tests::person::{Person, one_epoch};

const TIMES: usize = 100;

async fn handles(person: &Person, chat: &ConversationId) -> Vec<(String, String)> {
    let members = person.members(chat).await.expect("members");
    let mut seen: Vec<_> = members
        .into_iter()
        .map(|member| (member.handle, member.role))
        .collect();
    seen.sort();
    seen
}

/// What Bob wants in this round: Carol in or out, or another role for Dora.
async fn bobs_wish(
    bob: &Person,
    chat: &ConversationId,
    round: usize,
    carol: &Handle,
    dora: &Handle,
) {
    let change = match round % 4 {
        0 => bob.add_members(chat, std::slice::from_ref(carol)).await,
        2 => bob.remove_member(chat, carol).await,
        1 => bob.set_role(chat, dora, "reader").await,
        _ => bob.set_role(chat, dora, "member").await,
    };
    bob.made(change.expect("a wish of Bob's")).await;
}

async fn alices_wish(alice: &Person, chat: &ConversationId, title: &str) {
    let change = alice.rename(chat, title).await.expect("a wish of Alice's");
    alice.made(change).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn both_wishes_come_true() {
    let stage = Stage::set_in_memory().await;
    let (alice, bob, carol) = stage.alice_bob_carol().await;
    let dora = stage.guest(&alice, "dora").await;
    let chat = alice.founds("round", &[&bob, &dora]).await;
    let change = alice
        .set_role(&chat, &bob.handle(), "admin")
        .await
        .expect("a wish");
    alice.made(change).await;
    one_epoch(&[&alice, &bob, &dora], &chat).await;

    let (carol_handle, dora_handle) = (carol.handle(), dora.handle());
    for round in 0..TIMES {
        let before = alice.epoch(&chat).await;
        let title = format!("round {round}");
        tokio::join!(
            alices_wish(&alice, &chat, &title),
            bobs_wish(&bob, &chat, round, &carol_handle, &dora_handle),
        );

        // Two wishes are two commits; everybody is past both and sees the same.
        let after = one_epoch(&[&alice, &bob, &dora], &chat).await;
        assert!(
            after >= before + 2,
            "round {round}: epoch {before} became {after}"
        );
        let seen = handles(&alice, &chat).await;
        for person in [&alice, &bob, &dora] {
            let info = person.conversation(&chat).await.expect("a conversation");
            assert_eq!(info.name, title, "{} in round {round}", person.name());
            assert_eq!(
                handles(person, &chat).await,
                seen,
                "{} in round {round}",
                person.name()
            );
        }
        let carol_is_in = seen
            .iter()
            .any(|(handle, _)| *handle == carol.handle().to_string());
        assert_eq!(carol_is_in, matches!(round % 4, 0 | 1), "round {round}");
        let dora_reads = seen.contains(&(dora.handle().to_string(), "reader".into()));
        assert_eq!(dora_reads, matches!(round % 4, 1 | 2), "round {round}");
    }

    // And the group still carries messages.
    bob.says(&chat, "after the storm").await;
    for person in [&alice, &dora] {
        person.hears(&chat, "after the storm").await;
        assert_eq!(person.warnings(), Vec::<String>::new(), "{}", person.name());
    }
}
