//! What people do with messages: answer, edit, delete, react, mention, confirm, let disappear.

use sealwire_core::{
    api::{ConversationId, MessageInfo, Post, Priority},
    search::{SearchRequest, Sort},
    timeline::{Anchor, TimelineRow},
};
use sealwire_tests::{
    Stage,
    person::{Person, quick},
    until,
};

/// The line with this text at `person`.
async fn line(person: &Person, chat: &ConversationId, text: &str) -> MessageInfo {
    let lines = person.newest_messages(chat, 50).await.expect("lines");
    lines
        .into_iter()
        .find(|line| line.text == text)
        .unwrap_or_else(|| panic!("no line {text:?}"))
}

/// Waits until the message `id` is as `wanted` at `person`.
async fn sees(
    person: &Person,
    chat: &ConversationId,
    id: &str,
    what: &str,
    wanted: impl Fn(&MessageInfo) -> bool,
) {
    until(what, async || {
        let message = person.message(chat, id).await.map_err(|e| e.to_string())?;
        if wanted(&message) {
            Ok(())
        } else {
            Err(format!("{message:?}"))
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bob_goes_from_one_unread_mention_to_the_next() {
    let stage = Stage::set_in_memory().await;
    let (alice, bob, carol) = stage.alice_bob_carol().await;
    let chat = alice.founds("Lunch", &[&bob, &carol]).await;
    alice.says(&chat, "@bob seen before").await;
    bob.hears(&chat, "@bob seen before").await;
    bob.mark_read(&chat).await.expect("read");
    let told = bob.unread_mentions(&chat).await.expect("an answer");
    assert!(told.is_empty(), "{told:?}");
    for text in ["@bob soup?", "@carol pizza?", "@all at noon", "done"] {
        alice.says(&chat, text).await;
    }
    bob.hears(&chat, "done").await;
    let mut wanted = Vec::new();
    for text in ["@bob soup?", "@all at noon"] {
        let line = line(&bob, &chat, text).await;
        wanted.push((line.id, line.position));
    }
    let told = bob.unread_mentions(&chat).await.expect("two");
    let told: Vec<_> = told.into_iter().map(|one| (one.id, one.position)).collect();
    assert_eq!(told, wanted);
    let told = alice.unread_mentions(&chat).await.expect("an answer");
    assert!(told.is_empty(), "her own: {told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_an_edit_a_reaction_and_a_deletion() {
    let stage = Stage::set_in_memory().await;
    let (alice, bob, carol) = stage.alice_bob_carol().await;
    let chat = alice.founds("Lunch", &[&bob, &carol]).await;
    alice.says(&chat, "pizza?").await;
    for person in [&bob, &carol] {
        person.hears(&chat, "pizza?").await;
    }
    let question = line(&bob, &chat, "pizza?").await;
    assert_eq!(question.id, line(&alice, &chat, "pizza?").await.id);

    // Bob answers Alice; Carol sees what he answers.
    let answer = Post {
        reply_to: Some(question.id.clone()),
        ..Post::text("@alice no, @carol wants soup")
    };
    bob.post(&chat, &answer).await.expect("stored");
    carol.hears(&chat, &answer.text).await;
    let seen = line(&carol, &chat, &answer.text).await;
    assert_eq!(seen.reply_to.expect("a quote").text, "pizza?");
    assert_eq!(seen.mentions.len(), 2);
    assert!(seen.mentions_me);

    // Alice changes her question: everybody sees the new text, and the old one as history.
    alice
        .edit(&chat, &question.id, "soup?")
        .await
        .expect("queued");
    for person in [&alice, &bob, &carol] {
        sees(person, &chat, &question.id, "the edit", |m| {
            m.text == "soup?"
        })
        .await;
    }
    let texts = bob.revisions(&chat, &question.id).await.expect("texts");
    let texts: Vec<_> = texts.iter().map(|revision| &revision.text).collect();
    assert_eq!(texts, ["pizza?", "soup?"]);

    // Bob and Carol like it, and Carol changes her mind.
    for person in [&bob, &carol] {
        person
            .react(&chat, &question.id, "👍", true)
            .await
            .expect("queued");
    }
    sees(&alice, &chat, &question.id, "two thumbs", |m| {
        m.reactions.first().is_some_and(|r| r.people.len() == 2)
    })
    .await;
    carol
        .react(&chat, &question.id, "👍", false)
        .await
        .expect("queued");
    sees(&alice, &chat, &question.id, "one thumb", |m| {
        m.reactions
            .first()
            .is_some_and(|r| r.people == ["bob@acme"])
    })
    .await;

    // Whoever clicks twice has reacted once, and whoever takes it back in the same breath has not.
    for on in [true, true, false] {
        carol
            .react(&chat, &question.id, "🍲", on)
            .await
            .expect("queued");
    }
    carol.says(&chat, "or not").await;
    alice.hears(&chat, "or not").await;
    for person in [&alice, &carol] {
        let message = person.message(&chat, &question.id).await.expect("there");
        let soups = message.reactions.iter().filter(|r| r.emoji == "🍲");
        assert_eq!(soups.count(), 0, "{message:?}");
    }

    // Carol may not edit or delete what Alice wrote; Alice may delete what Carol wrote.
    let refused = carol
        .edit(&chat, &question.id, "hers")
        .await
        .expect_err("not hers");
    assert_eq!(refused.code, "not_yours");
    let refused = carol
        .delete_message(&chat, &question.id)
        .await
        .expect_err("not hers");
    assert_eq!(refused.code, "not_yours");
    carol.says(&chat, "fish!").await;
    alice.hears(&chat, "fish!").await;
    let fish = line(&alice, &chat, "fish!").await;
    alice
        .delete_message(&chat, &fish.id)
        .await
        .expect("an owner");
    for person in [&alice, &bob, &carol] {
        sees(person, &chat, &fish.id, "a tombstone", |m| {
            m.text.is_empty() && m.deleted.as_ref().is_some_and(|d| d.by == "alice@acme")
        })
        .await;
    }
}

/// Alice asks for confirmation; Bob confirms with a signature that stands by itself.
#[tokio::test(flavor = "multi_thread")]
async fn a_confirmation_proves_itself() {
    let stage = Stage::set_in_memory().await;
    let (alice, bob, carol) = stage.alice_bob_carol().await;
    let chat = alice.founds("Audit", &[&bob, &carol]).await;
    let order = Post {
        acknowledge: true,
        priority: Priority::Urgent,
        ..Post::text("stop trading")
    };
    alice.post(&chat, &order).await.expect("stored");
    bob.hears(&chat, "stop trading").await;
    let seen = line(&bob, &chat, "stop trading").await;
    assert_eq!(seen.priority, Priority::Urgent);
    assert_eq!(seen.acknowledgements, Some(Vec::new()));

    bob.acknowledge(&chat, &seen.id).await.expect("queued");
    for person in [&alice, &bob, &carol] {
        sees(person, &chat, &seen.id, "Bob's confirmation", |m| {
            m.acknowledgements
                .as_ref()
                .is_some_and(|by| by.len() == 1 && by[0].by == "bob@acme")
        })
        .await;
    }
    let proofs = alice
        .acknowledgement_proofs(&chat, &seen.id)
        .await
        .expect("proofs");
    let [proof] = proofs.as_slice() else {
        panic!("{proofs:?}");
    };
    let bytes = |text: &str| {
        data_encoding::BASE64
            .decode(text.as_bytes())
            .expect("base64")
    };
    let key: [u8; 32] = bytes(&proof.device_key).try_into().expect("a key");
    let key = ed25519_dalek::VerifyingKey::from_bytes(&key).expect("a key");
    let signature: [u8; 64] = bytes(&proof.signature).try_into().expect("a signature");
    key.verify_strict(&bytes(&proof.signed), &signature.into())
        .expect("checks with Ed25519 alone");

    let refused = alice
        .acknowledge(&chat, &seen.id)
        .await
        .expect_err("her own");
    assert_eq!(refused.code, "not_asked");
}

/// A message that disappears is gone at both after it was read, and one that is held back can be
/// taken back.
#[tokio::test(flavor = "multi_thread")]
async fn messages_that_go() {
    let stage = Stage::set_in_memory().await;
    let (alice, bob, _carol) = stage.alice_bob_carol().await;
    let chat = alice.founds("Secrets", &[&bob]).await;
    let short = Post {
        expires_after_s: Some(1),
        ..Post::text("burn this")
    };
    let refused = alice.post(&chat, &short).await.expect_err("too short");
    assert_eq!(refused.code, "bad_expiry");

    let held = Post {
        hold_ms: 3_600_000,
        ..Post::text("regretted")
    };
    let stored = alice.post(&chat, &held).await.expect("stored");
    assert!(stored.held_until_ms.is_some());
    let text = alice.take_back(&chat, &stored.id).await.expect("in time");
    assert_eq!(text, "regretted");
    alice.says(&chat, "kept").await;
    bob.hears(&chat, "kept").await;
    assert!(
        bob.history(&chat)
            .await
            .iter()
            .all(|line| line.text != "regretted")
    );
    let kept = line(&alice, &chat, "kept").await;
    let late = alice.take_back(&chat, &kept.id).await.expect_err("sent");
    assert_eq!(late.code, "already_sent");
}

/// Receipts are told, batched, and clear what was read on another device; whoever switches them off
/// tells nothing.
#[tokio::test(flavor = "multi_thread")]
async fn who_has_read_what() {
    let stage = Stage::set_in_memory().await;
    let talkative = || sealwire_core::api::Options {
        receipt_interval_ms: 200,
        ..quick()
    };
    let (mut alice, mut bob, mut carol) = stage.alice_bob_carol().await;
    let chat = alice.founds("Receipts", &[&bob, &carol]).await;
    bob.is_in(&chat).await;
    carol.is_in(&chat).await;
    for person in [&mut alice, &mut bob, &mut carol] {
        person.close().await;
        person.reopen_with(talkative()).await;
    }
    carol.set_receipts(false).await.expect("off");
    alice.says(&chat, "read me").await;
    bob.hears(&chat, "read me").await;
    carol.hears(&chat, "read me").await;
    let position = line(&alice, &chat, "read me").await.position;
    let told = async |read: bool| {
        until("Bob's receipt", async || {
            let receipts = alice.receipts(&chat).await.map_err(|e| e.to_string())?;
            let bob = receipts.iter().find(|receipt| receipt.person == "bob@acme");
            match bob {
                Some(bob) if bob.delivered >= position && (bob.read >= position) == read => Ok(()),
                _ => Err(format!("{receipts:?}")),
            }
        })
        .await;
    };
    told(false).await;
    bob.mark_read(&chat).await.expect("marked");
    carol.mark_read(&chat).await.expect("marked");
    told(true).await;
    let receipts = alice.receipts(&chat).await.expect("receipts");
    assert!(
        receipts
            .iter()
            .all(|receipt| receipt.person != "carol@acme"),
        "{receipts:?}"
    );
}

/// The unread line, days and what stands together, from the one function for all fronts.
#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_opens_at_the_first_unread_line() {
    let stage = Stage::set_in_memory().await;
    let (alice, bob, _carol) = stage.alice_bob_carol().await;
    let chat = alice.founds("Lines", &[&bob]).await;
    for number in 0..5 {
        alice.says(&chat, &format!("old {number}")).await;
    }
    bob.hears(&chat, "old 4").await;
    bob.mark_read(&chat).await.expect("marked");
    for number in 0..5 {
        alice.says(&chat, &format!("new {number}")).await;
    }
    bob.hears(&chat, "new 4").await;
    let page = bob
        .timeline(&chat, &Anchor::Unread, (2, 10), 0)
        .await
        .expect("a page");
    let texts: Vec<&str> = page
        .rows
        .iter()
        .map(|row| match row {
            TimelineRow::Day { .. } => "day",
            TimelineRow::Unread => "unread",
            TimelineRow::Line { message, .. } => message.text.as_str(),
        })
        .collect();
    assert_eq!(
        texts,
        [
            "old 3", "old 4", "unread", "new 0", "new 1", "new 2", "new 3", "new 4"
        ]
    );
    assert!(page.more_before && !page.more_after);
    let first = Anchor::Position(0);
    let page = bob
        .timeline(&chat, &first, (2, 3), 0)
        .await
        .expect("a page");
    assert!(!page.more_before && page.more_after);
}

/// Bob sends the worst texts that fit: marks piled on one letter, a quotation ten thousand deep, text
/// that turns around. Fails if one is changed, lost, not found, or takes the conversation with it.
#[tokio::test(flavor = "multi_thread")]
async fn texts_that_are_traps() {
    let stage = Stage::set_in_memory().await;
    let (alice, bob, _carol) = stage.alice_bob_carol().await;
    let chat = alice.founds("Lunch", &[&bob]).await;
    let most = sealwire_protocol::limits::MAX_TEXT;
    let piled = format!("soup a{}", "\u{301}".repeat((most - 6) / 2));
    let traps = [
        piled.clone(),
        format!("{} deep soup", ">".repeat(10_000)),
        format!("{}soup{}", "[".repeat(10_000), "](x)".repeat(10_000)),
        "soup \u{202e}gnihton\u{202c} \u{2066}and\u{2069} \u{200b}\u{feff}".to_owned(),
        format!("soup {}", "\u{1f468}\u{200d}".repeat(2_000)),
    ];
    for trap in &traps {
        bob.says(&chat, trap).await;
        alice.hears(&chat, trap).await;
    }
    let everything = SearchRequest {
        query: "soup".into(),
        typing: false,
        filters: Vec::new(),
        sort: Sort::Newest,
        limit: 20,
        cursor: None,
    };
    let found = alice.search(&everything).await;
    assert_eq!(found.expect("an answer").hits.len(), traps.len());
    let view = alice.timeline(&chat, &Anchor::Newest, (50, 0), 0).await;
    assert!(view.expect("a timeline").rows.len() >= traps.len());

    // One character more is refused before anything is stored, and the conversation goes on.
    let refused = bob.send(&chat, &format!("{piled}xxx")).await;
    assert_eq!(refused.expect_err("too long").code, "message_too_long");
    bob.says(&chat, "enough").await;
    alice.hears(&chat, "enough").await;
}
