//! History from elsewhere: read, searched, exported again and removed here; answered by nobody.

use std::fs;

use sealwire_core::api::{ConversationState, Event};
use sealwire_core::export::ExportOptions;
use sealwire_core::import::ImportOptions;
use sealwire_core::search::{SearchRequest, Sort};
use sealwire_tests::person::handle;
use sealwire_tests::{Person, Scratch, Stage};

async fn found(person: &Person, query: &str) -> usize {
    let request = SearchRequest {
        query: query.into(),
        typing: false,
        filters: Vec::new(),
        sort: Sort::Newest,
        limit: 50,
        cursor: None,
    };
    person.search(&request).await.expect("an answer").hits.len()
}

fn utc() -> ImportOptions {
    ImportOptions {
        utc_offset_s: Some(0),
        ..ImportOptions::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chat_from_a_telephone() {
    let stage = Stage::set_in_memory().await;
    let alice = stage.owner("alice").await;
    let place = Scratch::in_memory();
    let file = place.join("Chat mit Jörg.txt");
    let text = "24.11.25, 09:03 - Nachrichten sind verschlüsselt.\n\
                24.11.25, 09:03 - Jörg\u{202e}: Fährst du nach Köln?\n\
                24.11.25, 09:04 - alice@acme: 我们明天见\n";
    fs::write(&file, text).expect("writable");
    let done = alice.import(&file, utc()).await.expect("imported");
    assert_eq!((done.messages, done.name.as_str()), (3, "Chat mit Jörg"));
    let chat = sealwire_core::parse_conversation(&done.conversation).expect("an id");

    // It is there, read already, and says what it is; nobody in it passes for a contact.
    let info = alice.conversation(&chat).await.expect("there");
    assert_eq!(info.state, ConversationState::Imported);
    assert_eq!((info.unread, info.member_count), (0, 0));
    let lines = alice.newest_messages(&chat, 10).await.expect("lines");
    let senders: Vec<_> = lines.iter().map(|line| line.sender.as_str()).collect();
    assert_eq!(senders, ["", "~Jörg", "~alice@acme"]);
    assert!(lines.iter().all(|line| !line.own));
    assert_eq!(lines[1].at_ms, 1_763_974_980_000);
    for query in [
        "Köln",
        "明天",
        "koln",
        "from:~Jörg nach",
        "after:2025-11-23 before:2025-11-25 见",
    ] {
        assert_eq!(found(&alice, query).await, 1, "{query}");
    }

    // Nothing can be said in it, and the same file is not taken twice.
    for refused in [
        alice.send(&chat, "hello?").await.expect_err("nobody").code,
        alice.rename(&chat, "Jörg").await.expect_err("nobody").code,
        alice
            .remove_member(&chat, &handle("bob"))
            .await
            .expect_err("nobody")
            .code,
    ] {
        assert_eq!(refused, "imported");
    }
    alice.mark_read(&chat).await.expect("read");
    let again = alice.import(&file, utc()).await;
    assert_eq!(again.expect_err("again").code, "imported_before");
    alice.settles().await;

    // Out of an export it comes back as it was.
    let out = place.join("out");
    alice
        .export(&chat, &out, ExportOptions::default())
        .await
        .expect("exported");
    let back = alice
        .import(&out.join("conversation.json"), utc())
        .await
        .expect("imported");
    let twin = sealwire_core::parse_conversation(&back.conversation).expect("an id");
    let told = |lines: Vec<sealwire_core::api::MessageInfo>| -> Vec<_> {
        lines
            .into_iter()
            .map(|line| (line.sender, line.text, line.at_ms))
            .collect()
    };
    let twins = alice.newest_messages(&twin, 10).await.expect("lines");
    assert_eq!(told(twins), told(lines));

    // Removed, it is found no more, and may come again.
    let mut events = alice.events();
    for gone in [&chat, &twin] {
        alice.forget_imported(gone).await.expect("removed");
        assert!(alice.conversation(gone).await.is_err());
    }
    assert!(matches!(events.try_recv(), Ok(Event::Forgotten { .. })));
    assert_eq!(found(&alice, "Köln").await, 0);
    alice.import(&file, utc()).await.expect("imported anew");
    fs::write(&file, "2199-01-01, 09:00 - Mallory: from the future").expect("writable");
    let done = alice.import(&file, utc()).await.expect("imported");
    let chat = sealwire_core::parse_conversation(&done.conversation).expect("an id");
    let info = alice.conversation(&chat).await.expect("there");
    assert!(
        info.newest_at.expect("a time") < 4_102_444_800_000,
        "it would never grow old"
    );
    let team = alice.founds("Team", &[]).await;
    let refused = alice.forget_imported(&team).await;
    assert_eq!(refused.expect_err("a real one").code, "not_imported");
}

/// A conversation with all that people do in it is exported by Bob and imported by Carol; a half of
/// it is refused and leaves nothing.
#[tokio::test(flavor = "multi_thread")]
async fn an_export_is_imported() {
    let stage = Stage::set_in_memory().await;
    let (alice, bob, carol) = stage.alice_bob_carol().await;
    let chat = alice.founds("Team", &[&bob]).await;
    let said = alice.says(&chat, "pizza?").await;
    bob.hears(&chat, "pizza?").await;
    bob.react(&chat, &said.id, "👍", true)
        .await
        .expect("queued");
    alice.edit(&chat, &said.id, "soup?").await.expect("queued");
    bob.says(&chat, "好的").await;
    alice.hears(&chat, "好的").await;
    alice.settles().await;
    bob.settles().await;

    let place = Scratch::in_memory();
    let out = place.join("out");
    bob.export(&chat, &out, ExportOptions::default())
        .await
        .expect("exported");
    let file = out.join("conversation.json");
    let whole = fs::read(&file).expect("readable");
    let half = place.join("half.json");
    fs::write(&half, &whole[..whole.len() - 10]).expect("writable");
    let before = carol.conversations().await.expect("a list").len();
    let refused = carol.import(&half, utc()).await;
    assert_eq!(refused.expect_err("a half").code, "import_unreadable");
    assert_eq!(carol.conversations().await.expect("a list").len(), before);
    assert_eq!(found(&carol, "soup").await, 0);

    let done = carol.import(&file, utc()).await.expect("imported");
    assert_eq!(
        (done.name.as_str(), done.source.as_str()),
        ("Team", "sealwire")
    );
    let copy = sealwire_core::parse_conversation(&done.conversation).expect("an id");
    let texts = |lines: Vec<sealwire_core::api::MessageInfo>| -> Vec<_> {
        lines
            .into_iter()
            .map(|line| (line.text, line.at_ms))
            .collect()
    };
    let original = bob.newest_messages(&chat, 50).await.expect("lines");
    let imported = carol.newest_messages(&copy, 50).await.expect("lines");
    assert_eq!(texts(imported), texts(original));
    assert!(done.left_out >= 2, "{done:?}");
}
