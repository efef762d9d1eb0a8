//! Mallory writes in other people's names, repeats what was said, and skips what she should say.
//! Every member knows the keys that all members encrypt with; only signatures tell them apart.

use sealwire_protocol::{
    content::{Content, GroupEvent, Position, fresh_salt},
    ids::EntryId,
    log::{EntryKind, RunningHash},
};
use sealwire_tests::mallory::{Draft, PrivateMessage, Scene};

/// A message on Alice's leaf, rightly encrypted, signed by Mallory. Alice sees a sender that is
/// herself and did not send; Bob and Carol see a wrong signature, and the generation that the
/// forgery used up must stay good for what Alice sends next: `all_is_well` would lose her message
/// otherwise. Fails if a refused message moves the ratchet.
#[tokio::test(flavor = "multi_thread")]
async fn a_message_in_alices_name() {
    let mut scene = Scene::open().await;
    scene.fresh_epoch().await;
    let (seat, _, who) = scene.mallory.parts();
    let (kit, mut group) = seat.in_the_name_of("alice@acme");
    let content = seat.text("a forged word");
    let mut drafts = Vec::new();
    for _ in 0..20 {
        let forged = group
            .create_message(&kit, &who.signer(), &content)
            .expect("a message")
            .to_bytes()
            .expect("bytes");
        drafts.push(Draft::application(forged));
    }
    // The first generation, and one far ahead.
    scene.mallory.attack(&drafts[0]).await;
    scene.mallory.attack(&drafts[19]).await;
    scene.alice.is_told("claims to come from this device").await;
    scene.bob.is_told("Verifying the signature failed").await;
    scene.carol.is_told("Verifying the signature failed").await;
    scene.nobody_saw("a forged word").await;
    // A window tells both, with the reason and without the words.
    let asked = serde_json::json!({ "conversation": scene.chat.to_string() });
    let told = sealwire_core::call::call(&scene.bob, "refused", &asked).await;
    let told = told.expect("a readable database");
    let told = told.as_array().expect("a list");
    assert_eq!(told.len(), 2, "{told:?}");
    for one in told {
        let reason = one["reason"].as_str().expect("words");
        assert!(
            reason.contains("Verifying the signature failed"),
            "{reason}"
        );
        assert!(one["at_ms"].as_u64().is_some_and(|at_ms| at_ms > 0));
    }
    // Where it would stand is one line for both.
    let gaps = scene.bob.happenings(&scene.chat).await;
    let gaps = gaps
        .iter()
        .filter(|text| text.contains("could not be read"));
    assert_eq!(gaps.count(), 1);
    scene.all_is_well().await;
}

/// A commit on Alice's leaf, rightly encrypted, signed by Mallory. Alice's own next commit uses
/// the same generation and must still be good: else she would go on alone. Fails if a refused
/// commit moves the ratchet.
#[tokio::test(flavor = "multi_thread")]
async fn a_commit_in_alices_name() {
    use openmls_traits::OpenMlsProvider as _;
    let mut scene = Scene::open().await;
    scene.fresh_epoch().await;
    let (seat, _, who) = scene.mallory.parts();
    let (kit, mut group) = seat.in_the_name_of("alice@acme");
    let (commit, _, _) = group
        .commit_builder()
        .propose_removals([seat.leaf_of("carol@acme")])
        .load_psks(kit.storage())
        .expect("no PSKs")
        .build(kit.rand(), kit.crypto(), &who.signer(), |_| true)
        .expect("a commit")
        .stage_commit(&kit)
        .expect("a staged commit")
        .into_contents();
    let next = sealwire_protocol::ids::Lane::random(&mut rand::rng());
    let draft = Draft::commit(commit.to_bytes().expect("bytes"), next);
    scene.mallory.attack(&draft).await;
    scene.alice.is_told("claims to come from this device").await;
    scene.bob.is_told("Verifying the signature failed").await;
    scene.carol.is_told("Verifying the signature failed").await;
    scene.fresh_epoch().await;
    scene.all_is_well().await;
}

/// The echo of Alice's entry with other bytes: the relay has the name already and refuses. The
/// same bytes under another name: everybody has used the generation, Alice did not send it so.
/// Fails if entries were told apart by name or bytes alone.
#[tokio::test(flavor = "multi_thread")]
async fn a_forged_echo_and_a_replay() {
    let mut scene = Scene::open().await;
    scene.alice.says(&scene.chat, "said once").await;
    scene.mallory.catch_up().await;
    let theirs = scene.mallory.seat().seen.last().expect("an entry").clone();

    let mut draft = scene.mallory.text("other bytes");
    draft.entry_id = EntryId::from_slice(&theirs.entry_id).expect("an id");
    let refused = scene
        .mallory
        .append(&draft)
        .await
        .expect_err("a name in use");
    assert_eq!(refused.code, "entry_conflict");

    let replay = Draft::application(theirs.payload.to_vec());
    scene.mallory.attack(&replay).await;
    scene.alice.is_told("claims to come from this device").await;
    scene.bob.is_told("refused").await;
    scene.carol.is_told("refused").await;
    scene.all_is_well().await;
    for person in scene.honest() {
        let history = person.history(&scene.chat).await;
        let times = history
            .iter()
            .filter(|line| line.text == "said once")
            .count();
        assert_eq!(times, 1, "{} shows it {times} times", person.name());
    }
}

/// The same content twice under fresh encryption: the second is refused by its salt. Fails if a
/// repeat is shown as a new message.
#[tokio::test(flavor = "multi_thread")]
async fn a_content_said_twice() {
    let mut scene = Scene::open().await;
    let content = scene.mallory.seat().text("an echo of myself");
    for _ in 0..2 {
        let draft = scene.mallory.message(&content);
        scene.mallory.attack(&draft).await;
    }
    scene.all_hear("an echo of myself").await;
    scene
        .all_are_told("it repeats a message of its sender")
        .await;
    scene.all_is_well().await;
    for person in scene.honest() {
        let history = person.history(&scene.chat).await;
        assert_eq!(
            history
                .iter()
                .filter(|line| line.text == "an echo of myself")
                .count(),
            1
        );
    }
}

/// Garbage as an application message, and well-encrypted bytes that are no content. Fails if one
/// bad entry stops the log.
#[tokio::test(flavor = "multi_thread")]
async fn messages_that_are_none() {
    let mut scene = Scene::open().await;
    let seat = scene.mallory.seat();
    let (log, epoch) = (seat.log, seat.group.epoch().as_u64());
    let garbage = PrivateMessage::garbage(&log, epoch, EntryKind::Application).encode();
    scene.mallory.attack(&Draft::application(garbage)).await;
    scene.all_are_told("refused").await;

    for content in [&b"not CBOR at all"[..], &[], &[0xff; 40], &[0x9f; 3_000]] {
        let draft = scene.mallory.message(content);
        scene.mallory.attack(&draft).await;
    }
    scene.all_are_told("content is not CBOR").await;
    scene.all_is_well().await;
}

/// A message from a reader. Fails if only the sender's own client minds her role.
#[tokio::test(flavor = "multi_thread")]
async fn a_reader_writes() {
    let mut scene = Scene::open().await;
    scene.make_mallory("reader").await;
    let draft = scene.mallory.text("a word of a reader");
    scene.mallory.attack(&draft).await;
    scene.all_are_told("role does not allow posting").await;
    scene.nobody_saw("a word of a reader").await;
    scene.all_is_well().await;
}

/// 1,100 messages that were encrypted and never sent leave a gap that everybody crosses. Fails
/// with the ratchet's default limit of 1,000.
#[tokio::test(flavor = "multi_thread")]
async fn a_gap_of_1100_lost_sends() {
    let mut scene = Scene::open().await;
    for _ in 0..1_100 {
        let _unsent = scene.mallory.message(b"lost");
    }
    let draft = scene.mallory.text("after the gap");
    scene.mallory.attack(&draft).await;
    scene.all_hear("after the gap").await;
    scene.all_is_well().await;
}

/// One message more than 20,000 generations ahead is refused; the next commit makes the sender
/// readable again. Fails if the limit is not there: a member could have everybody compute four
/// thousand million keys.
#[tokio::test(flavor = "multi_thread")]
async fn a_message_above_the_ratchets_limit() {
    let mut scene = Scene::open().await;
    scene.fresh_epoch().await;
    for _ in 0..20_001 {
        let _unsent = scene.mallory.message(b"held back");
    }
    let draft = scene.mallory.text("far too far ahead");
    scene.mallory.attack(&draft).await;
    scene.all_are_told("refused").await;
    scene.nobody_saw("far too far ahead").await;
    scene.all_is_well().await;

    scene.fresh_epoch().await;
    let draft = scene.mallory.text("heard again");
    scene.mallory.attack(&draft).await;
    scene.all_hear("heard again").await;
    scene.all_is_well().await;
}

/// Messages held back and sent in reverse order: within 64 generations all arrive. Fails with the
/// ratchet's default of 5.
#[tokio::test(flavor = "multi_thread")]
async fn messages_in_reverse_order() {
    let mut scene = Scene::open().await;
    let mut drafts: Vec<_> = (0..40)
        .map(|number| scene.mallory.text(&format!("no. {number}")))
        .collect();
    drafts.reverse();
    for draft in &drafts {
        scene.mallory.attack(draft).await;
    }
    scene.all_hear("no. 0").await;
    scene.all_hear("no. 39").await;
    scene.all_is_well().await;
}

/// A request to leave on Carol's leaf, signed by Mallory: nobody removes Carol. `joined` and
/// `leave-request` name nobody, they speak for whoever signed them. Fails if signals were taken
/// before the signature is checked.
#[tokio::test(flavor = "multi_thread")]
async fn a_leave_request_in_carols_name() {
    let mut scene = Scene::open().await;
    scene.fresh_epoch().await;
    let (seat, _, who) = scene.mallory.parts();
    let (kit, mut group) = seat.in_the_name_of("carol@acme");
    let drafts = [GroupEvent::Joined, GroupEvent::LeaveRequest].map(|event| {
        let content = seat.signal(event);
        let forged = group.create_message(&kit, &who.signer(), &content);
        Draft::application(forged.expect("a message").to_bytes().expect("bytes"))
    });
    for draft in &drafts {
        scene.mallory.attack(draft).await;
    }
    scene.carol.is_told("claims to come from this device").await;
    scene.alice.is_told("Verifying the signature failed").await;
    scene.bob.is_told("Verifying the signature failed").await;
    scene.all_is_well().await;
    let members = scene.alice.members(&scene.chat).await.expect("the members");
    assert!(members.iter().any(|member| member.handle == "carol@acme"));
}

/// A sender who says that she saw another history: everybody keeps the evidence and says so. Who
/// of the two lies, the relay or the sender, nobody can tell from it: a member can raise this
/// alarm at will, and it is answered by comparing in person, not by a program. Fails if positions
/// were not compared.
#[tokio::test(flavor = "multi_thread")]
async fn a_history_that_differs() {
    let mut scene = Scene::open().await;
    let right = scene.mallory.seat().position();
    let wrong = [
        Position {
            hash: RunningHash([7; 32]),
            ..right
        },
        Position {
            seq: u64::MAX,
            ..right
        },
        Position {
            lane: sealwire_protocol::ids::Lane([9; 32]),
            ..right
        },
    ];
    for (number, position) in wrong.into_iter().enumerate() {
        let text = format!("seen otherwise {number}");
        let content = Content::text(fresh_salt(&mut rand::rng()), &text, position);
        let draft = scene
            .mallory
            .message(&content.expect("a short text").encode());
        scene.mallory.attack(&draft).await;
        scene.all_hear(&text).await;
        for person in scene.honest() {
            let expected = number + 1;
            person.is_told("another history").await;
            sealwire_tests::until("a warning for each", async || {
                let told = person.warnings();
                let count = told
                    .iter()
                    .filter(|text| text.contains("mallory@acme another history"))
                    .count();
                if count == expected {
                    Ok(())
                } else {
                    Err(format!("{count} of {expected}"))
                }
            })
            .await;
        }
    }
    scene.all_is_well().await;
}
