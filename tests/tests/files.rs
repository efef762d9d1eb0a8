//! Files between Alice and Bob: sent with a message, fetched on request, saved where nothing is
//! replaced; forwarded, called back, and refused where the relay puts something else in their place.

use std::fs;
use std::path::{Path, PathBuf};

use sealwire_core::api::{AttachmentInfo, ConversationId, Delivery, NewFile, Post, Source};
use sealwire_tests::swarm::only;
use sealwire_tests::{PATIENCE, Person, Scratch, Stage, until};

fn noise(len: usize) -> Vec<u8> {
    let mut seed = 1u64;
    let mut next = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (seed >> 56) as u8
    };
    (0..len).map(|_| next()).collect()
}

fn named(name: &str, bytes: &[u8]) -> NewFile {
    NewFile::from(Source::Reader {
        name: name.into(),
        size: bytes.len() as u64,
        reader: Box::new(std::io::Cursor::new(bytes.to_vec())),
    })
}

/// Alice and Bob in a conversation.
async fn scene() -> (Stage, Person, Person, ConversationId) {
    let stage = Stage::set_in_memory().await;
    let alice = stage.owner("alice").await;
    let bob = stage.guest(&alice, "bob").await;
    let chat = alice.founds("Plans", &[&bob]).await;
    (stage, alice, bob, chat)
}

/// Bob's only file, as soon as he has heard of it.
async fn heard(bob: &Person, chat: &ConversationId) -> AttachmentInfo {
    until("Bob hearing of the file", || async {
        match bob.attachments(chat).await {
            Ok(files) if files.is_empty() => Err("no file".into()),
            Ok(files) => Ok(only(files)),
            Err(error) => Err(error.to_string()),
        }
    })
    .await
}

async fn fetched(person: &Person, file: i64) -> sealwire_core::Result<()> {
    person.download(file).await?;
    person.downloaded(file, PATIENCE).await
}

/// Where the relay has a blob of these sealed bytes.
fn at_the_relay(data: &Path, sealed: &[u8]) -> Option<(PathBuf, usize)> {
    let mut folders = vec![data.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let bytes = fs::read(&path).unwrap_or_default();
            if bytes.len() < sealed.len() {
                continue;
            }
            let last = bytes.len() - sealed.len();
            if let Some(at) = (0..=last.min(4096)).find(|at| bytes[*at..].starts_with(sealed)) {
                return Some((path, at));
            }
        }
    }
    None
}

/// The sealed bytes in a person's profile.
fn sealed(person: &Person) -> Vec<u8> {
    let mut files = fs::read_dir(person.dir().join("files")).expect("a folder of files");
    let file = files.next().expect("a sealed file").expect("readable");
    fs::read(file.path()).expect("readable")
}

#[tokio::test(flavor = "multi_thread")]
async fn bob_gets_what_alice_sent() {
    let (stage, alice, bob, chat) = scene().await;
    let plan = noise(9_000_000);
    let files = vec![named("../plan\u{202e}fdp.exe", &plan), named("empty", b"")];
    let sent = alice
        .attach_and_send(&chat, &Post::text("The plan:"), files)
        .await;
    let sent = sent.expect("stored");
    assert_eq!(sent.delivery, Delivery::Pending);
    bob.hears(&chat, "The plan:").await;
    alice.settles().await;
    assert!(alice.transfers().await.expect("readable").is_empty());

    let files = bob.attachments(&chat).await.expect("readable");
    assert_eq!(files.len(), 2);
    let [plan_file, empty] = &files[..] else {
        unreachable!()
    };
    assert_eq!(
        plan_file.name, "planfdp.exe",
        "a name that does not deceive"
    );
    assert_eq!((plan_file.size, empty.size), (9_000_000, 0));
    assert!(!plan_file.downloaded);
    let early = bob.save_as(plan_file.id, stage.homes()).await;
    assert_eq!(early.expect_err("not here").code, "not_downloaded");

    let place = Scratch::in_memory();
    for file in &files {
        fetched(&bob, file.id).await.expect("fetched");
        let path = bob.save_as(file.id, place.path()).await.expect("saved");
        let expected = if file.size == 0 { &[][..] } else { &plan };
        assert!(fs::read(path).expect("readable") == expected);
    }
    // Alice has her own copy, and in both profiles it is sealed.
    let own = alice.attachments(&chat).await.expect("readable");
    assert!(own.iter().all(|file| file.downloaded));
    for person in [&alice, &bob] {
        let folder = fs::read_dir(person.dir().join("files")).expect("a folder");
        for file in folder.flatten() {
            let bytes = fs::read(file.path()).expect("readable");
            assert!(
                !bytes
                    .windows(64)
                    .any(|window| window == &plan[4_000..4_064])
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_survives_a_restart_on_both_sides() {
    let (mut stage, mut alice, mut bob, chat) = scene().await;
    let plan = noise(9_000_000);
    stage.relay.kill().await;
    let files = vec![named("plan", &plan)];
    alice
        .attach_and_send(&chat, &Post::text("The plan:"), files)
        .await
        .expect("stored");
    alice.close().await;
    stage.relay.restart().await;
    alice.reopen().await;
    bob.hears(&chat, "The plan:").await;
    let file = heard(&bob, &chat).await;
    stage.relay.kill().await;
    bob.download(file.id).await.expect("stored");
    bob.close().await;
    stage.relay.restart().await;
    // What was asked for goes on by itself.
    bob.reopen().await;
    bob.downloaded(file.id, PATIENCE).await.expect("fetched");
    let content = bob
        .read_attachment(file.id, 10_000_000)
        .await
        .expect("readable");
    assert!(*content == plan);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_relay_changed_is_refused() {
    let (stage, alice, bob, chat) = scene().await;
    let plan = noise(600_000);
    let files = vec![named("plan", &plan)];
    alice
        .attach_and_send(&chat, &Post::text(""), files)
        .await
        .expect("stored");
    let file = heard(&bob, &chat).await;
    alice.settles().await;
    let sealed = sealed(&alice);
    let (path, at) = at_the_relay(stage.relay.data(), &sealed).expect("a blob");
    let good = fs::read(&path).expect("readable");
    let chunk = |number: usize| at + number * 65_552..at + (number + 1) * 65_552;

    let mut swapped = good.clone();
    swapped[chunk(1)].copy_from_slice(&good[chunk(2)]);
    let mut changed = good.clone();
    changed[at + 200_000] ^= 1;
    for bad in [swapped, changed] {
        fs::write(&path, bad).expect("writable");
        let refused = fetched(&bob, file.id).await.expect_err("refused");
        assert_eq!(refused.code, "attachment_damaged", "{refused}");
        assert!(!bob.attachment(file.id).await.expect("there").downloaded);
    }
    fs::write(&path, &good).expect("writable");
    fetched(&bob, file.id).await.expect("fetched");
    let content = bob
        .read_attachment(file.id, 1_000_000)
        .await
        .expect("readable");
    assert!(*content == plan);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_gone_is_said_to_be() {
    let (stage, alice, bob, chat) = scene().await;
    alice
        .attach_and_send(&chat, &Post::text(""), vec![named("plan", b"plan")])
        .await
        .expect("stored");
    let file = heard(&bob, &chat).await;
    alice.settles().await;
    let (path, _) = at_the_relay(stage.relay.data(), &sealed(&alice)).expect("a blob");
    fs::remove_file(path).expect("removable");
    let gone = fetched(&bob, file.id).await.expect_err("gone");
    assert_eq!(gone.code, "attachment_gone", "{gone}");
}

#[tokio::test(flavor = "multi_thread")]
async fn files_cannot_disappear_in_a_second_either() {
    let (_stage, alice, _bob, chat) = scene().await;
    let mut post = Post::text("");
    post.expires_after_s = Some(1);
    let files = vec![named("plan", b"plan")];
    let refused = alice.attach_and_send(&chat, &post, files).await;
    assert_eq!(refused.expect_err("too short").code, "bad_expiry");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_cancelled_is_not_sent_and_leaves_nothing() {
    let (mut stage, alice, bob, chat) = scene().await;
    stage.relay.kill().await;
    let files = vec![named("secret", &noise(300_000))];
    let sent = alice
        .attach_and_send(&chat, &Post::text("Oops"), files)
        .await
        .expect("stored");
    let sealed = sealed(&alice);
    let transfer = alice
        .transfers()
        .await
        .expect("readable")
        .pop()
        .expect("one");
    alice.cancel_transfer(transfer.id).await.expect("cancelled");
    stage.relay.restart().await;
    alice.settles().await;
    let newest = alice.newest_messages(&chat, 10).await.expect("readable");
    let message = newest.iter().find(|message| message.id == sent.id);
    assert_eq!(message.expect("kept").delivery, Delivery::Failed);
    assert!(at_the_relay(stage.relay.data(), &sealed).is_none());
    assert!(
        fs::read_dir(alice.dir().join("files"))
            .expect("a folder")
            .next()
            .is_none()
    );
    alice.says(&chat, "never mind").await;
    bob.hears(&chat, "never mind").await;
    assert!(bob.attachments(&chat).await.expect("readable").is_empty());
}

/// The sealed copy in the profile of the one file that has at least so many bytes.
fn sealed_copy(person: &Person, bytes: u64) -> PathBuf {
    let mut entries = fs::read_dir(person.dir().join("files")).expect("a folder");
    let holds = |path: &PathBuf| fs::metadata(path).is_ok_and(|found| found.len() >= bytes);
    entries
        .find_map(|entry| entry.ok().map(|entry| entry.path()).filter(holds))
        .expect("a copy")
}

async fn ends_as(person: &Person, chat: &ConversationId, id: &str, wanted: Delivery) {
    until("the message ending", || async {
        let newest = person.newest_messages(chat, 10).await.expect("readable");
        match newest.iter().find(|message| message.id == id) {
            Some(message) if message.delivery == wanted => Ok(()),
            found => Err(format!("{:?}", found.map(|message| message.delivery))),
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_failed_is_sent_again_with_its_files() {
    let (mut stage, alice, bob, chat) = scene().await;
    let first = alice.says(&chat, "a question").await;
    stage.relay.kill().await;
    let (plan, photo) = (noise(200_000), noise(300_000));
    let mut post = Post::text("both");
    post.reply_to = Some(first.id);
    let files = vec![named("plan", &plan), named("photo", &photo)];
    let sent = alice
        .attach_and_send(&chat, &post, files)
        .await
        .expect("stored");
    // The copy of the second is out of reach while the first is uploaded.
    let copy = sealed_copy(&alice, 300_000);
    let away = alice.dir().join("away");
    fs::rename(&copy, &away).expect("moved");
    stage.relay.restart().await;
    ends_as(&alice, &chat, &sent.id, Delivery::Failed).await;
    let early = alice.send_again(&chat, &sent.id).await;
    assert_eq!(early.expect_err("one file is missing").code, "file_lost");

    // What had arrived is withdrawn from the relay, and stays here.
    alice.settles().await;
    fs::rename(&away, &copy).expect("moved back");
    let again = alice.send_again(&chat, &sent.id).await.expect("stored");
    assert_eq!(
        (again.id.as_str(), again.delivery),
        (&*sent.id, Delivery::Pending)
    );
    ends_as(&alice, &chat, &sent.id, Delivery::Sent).await;
    let twice = alice.send_again(&chat, &sent.id).await;
    assert_eq!(twice.expect_err("it was sent").code, "already_sent");

    bob.hears(&chat, "both").await;
    let files = bob.attachments(&chat).await.expect("readable");
    let names: Vec<_> = files.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names, ["plan", "photo"]);
    for (file, content) in files.iter().zip([&plan, &photo]) {
        fetched(&bob, file.id).await.expect("fetched");
        let read = bob.read_attachment(file.id, 1 << 20).await.expect("read");
        assert_eq!(&*read, content.as_slice());
    }
    let newest = bob.newest_messages(&chat, 1).await.expect("readable");
    assert!(newest[0].reply_to.is_some(), "it is still an answer");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_cancelled_cannot_be_sent_again_but_discarded() {
    let (mut stage, alice, _bob, chat) = scene().await;
    stage.relay.kill().await;
    let files = vec![named("secret", &noise(300_000))];
    let sent = alice
        .attach_and_send(&chat, &Post::text("Oops"), files)
        .await
        .expect("stored");
    let transfer = alice.transfers().await.expect("readable").remove(0);
    alice.cancel_transfer(transfer.id).await.expect("cancelled");
    stage.relay.restart().await;
    alice.settles().await;
    let again = alice.send_again(&chat, &sent.id).await;
    assert_eq!(again.expect_err("the file is gone").code, "file_lost");
    assert_eq!(
        alice.take_back(&chat, &sent.id).await.expect("text"),
        "Oops"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn forwarding_uploads_anew_unless_asked_not_to() {
    let (stage, alice, bob, chat) = scene().await;
    let carol = stage.guest(&alice, "carol").await;
    let other = bob.founds("Others", &[&carol]).await;
    let plan = noise(300_000);
    alice
        .attach_and_send(&chat, &Post::text(""), vec![named("plan", &plan)])
        .await
        .expect("stored");
    let file = heard(&bob, &chat).await;
    let early = bob.forward(file.id, &other, "", false).await;
    assert_eq!(early.expect_err("not here").code, "not_downloaded");

    // Referring to the same blob needs no copy here.
    bob.forward(file.id, &other, "the same", true)
        .await
        .expect("stored");
    carol.hears(&other, "the same").await;
    fetched(&bob, file.id).await.expect("fetched");
    bob.forward(file.id, &other, "anew", false)
        .await
        .expect("stored");
    carol.hears(&other, "anew").await;
    bob.settles().await;
    for file in carol.attachments(&other).await.expect("readable") {
        fetched(&carol, file.id).await.expect("fetched");
        let content = carol
            .read_attachment(file.id, 1_000_000)
            .await
            .expect("readable");
        assert!(*content == plan);
    }
    // Bob's copy of Alice's, and the same content sealed anew: nothing in common.
    let copies = fs::read_dir(bob.dir().join("files"))
        .expect("a folder")
        .count();
    assert_eq!(copies, 2);
}

/// Alice regrets a file within the time that it is held back: nothing of it reaches the relay, and
/// nothing stays. What she had begun to write goes with what was sent, and not with what she sends on.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_can_be_taken_back_in_time() {
    let (stage, alice, bob, chat) = scene().await;
    let regretted = Post {
        hold_ms: 3_600_000,
        ..Post::text("the plan")
    };
    let files = vec![named("plan", &noise(300_000))];
    let stored = alice.attach_and_send(&chat, &regretted, files).await;
    let stored = stored.expect("stored");
    let sealed = sealed(&alice);
    alice.says(&chat, "meanwhile").await;
    bob.hears(&chat, "meanwhile").await;
    let text = alice.take_back(&chat, &stored.id).await;
    assert_eq!(text.expect("in time"), "the plan");
    assert!(alice.transfers().await.expect("readable").is_empty());
    assert!(at_the_relay(stage.relay.data(), &sealed).is_none());
    let left = fs::read_dir(alice.dir().join("files")).expect("a folder");
    assert_eq!(left.count(), 0);

    alice.set_draft(&chat, "a draft", None).await.expect("kept");
    let files = vec![named("plan", &noise(30_000))];
    let post = Post::text("a draft");
    let sent = alice.attach_and_send(&chat, &post, files).await;
    let sent = sent.expect("stored");
    assert!(alice.draft(&chat).await.expect("readable").is_none());
    let file = heard(&bob, &chat).await;
    assert_eq!(file.name, "plan");
    let late = alice.take_back(&chat, &sent.id).await;
    assert_eq!(late.expect_err("sent").code, "already_sent");
}
