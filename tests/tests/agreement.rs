//! What members agree on: topic, picture, timer, retention, announcements, custodians.

use sealwire_core::api::{MAX_AVATAR, Setting};
use sealwire_core::search::SearchRequest;
use sealwire_protocol::certificate::DeviceKind;
use sealwire_tests::mallory::Mallory;
use sealwire_tests::person::{Person, handle, one_epoch, quick};
use sealwire_tests::{Stage, until};

async fn sets(person: &Person, chat: &sealwire_core::api::ConversationId, setting: Setting) {
    let change = person.set(chat, setting).await.expect("a wish");
    person.made(change).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_is_told_that_who_comes_is_an_agent() {
    let stage = Stage::set_in_memory().await;
    let (alice, bob, carol) = stage.alice_bob_carol().await;
    let link = alice.invitation_of(DeviceKind::Agent).await;
    let robot = Person::try_enrol(stage.homes(), "robot", &link, quick()).await;
    let robot = robot.expect("an agent");
    let chat = alice.founds("Lunch", &[&bob]).await;
    let both = [carol.handle(), robot.handle()];
    let change = alice.add_members(&chat, &both).await.expect("a wish");
    alice.made(change).await;
    robot.is_in(&chat).await;
    one_epoch(&[&alice, &bob, &carol, &robot], &chat).await;
    for person in [&alice, &bob] {
        let told = person.happenings(&chat).await;
        for line in [
            "alice@acme added carol@acme",
            "alice@acme added the agent robot@acme",
        ] {
            assert!(told.iter().any(|one| one == line), "{line}: {told:?}");
        }
    }

    // Bob has never asked the directory for it.
    let known = bob.contact(&robot.handle()).await.expect("known");
    assert_eq!(known.kind, DeviceKind::Agent);
    robot.says(&chat, "the minutes follow").await;
    bob.hears(&chat, "the minutes follow").await;
    let asked = SearchRequest {
        query: "minutes".into(),
        limit: 5,
        ..SearchRequest::default()
    };
    for person in [&bob, &robot] {
        let found = person.search(&asked).await.expect("found");
        assert_eq!(found.hits[0].sender_kind, DeviceKind::Agent);
    }
    let (pair, founded) = alice.direct(&robot.handle()).await.expect("a conversation");
    alice.made(founded.expect("a new one")).await;
    let listed = alice.conversation(&pair).await.expect("it");
    assert_eq!(listed.peer_kind, Some(DeviceKind::Agent));
    assert_eq!(alice.conversation(&chat).await.expect("it").peer_kind, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_sees_what_was_agreed_on() {
    let stage = Stage::set_in_memory().await;
    let (alice, bob, _carol) = stage.alice_bob_carol().await;
    let chat = alice.founds("Lunch", &[&bob]).await;
    let picture = [b"\x89PNG\r\n\x1a\n".as_slice(), &[7; 9_000]].concat();
    for setting in [
        Setting::Topic("Where we eat\n午饭".into()),
        Setting::Avatar(picture.clone()),
        Setting::Timer(3_600),
        Setting::Retention(30 * 86_400),
        Setting::Agents("nobody".into()),
        Setting::Receipts(false),
    ] {
        sets(&alice, &chat, setting).await;
    }
    one_epoch(&[&alice, &bob], &chat).await;
    let policy = bob.policy(&chat).await.expect("the rules");
    assert_eq!(policy.topic, "Where we eat\n午饭");
    assert_eq!((policy.timer_s, policy.retention_s), (3_600, 2_592_000));
    assert_eq!((policy.agents.as_str(), policy.receipts), ("nobody", false));
    assert_eq!(bob.avatar(&chat).await.expect("a picture"), picture);
    assert_eq!(
        bob.conversation(&chat).await.expect("it").topic,
        policy.topic
    );

    // What is set already is met; what may not be is said at once.
    sets(&alice, &chat, Setting::Timer(3_600)).await;
    for setting in [Setting::Timer(60), Setting::Topic("Bob's".into())] {
        let refused = bob.set(&chat, setting).await.expect_err("a member");
        assert_eq!(refused.code, "not_allowed");
    }
    let too_large = Setting::Avatar([picture, vec![0; MAX_AVATAR]].concat());
    for setting in [too_large, Setting::Timer(5), Setting::Retention(60)] {
        let refused = alice.set(&chat, setting).await.expect_err("out of bounds");
        assert_eq!(refused.code, "bad_setting");
    }
    // What is written without a time of its own lives as long as was agreed on.
    let sent = bob.says(&chat, "soon gone").await;
    let lines = bob.newest_messages(&chat, 5).await.expect("history");
    let line = lines.iter().find(|line| line.id == sent.id).expect("it");
    assert!(
        line.expires_at_ms.is_some_and(|at| at > line.at_ms),
        "{line:?}"
    );
    let told = bob.happenings(&chat).await;
    for part in [
        "disappear 1 hour after",
        "set the topic",
        "changed the picture",
        "changed who may do what",
    ] {
        assert!(
            told.iter().any(|line| line.contains(part)),
            "{part}: {told:?}"
        );
    }
    // With the right, Bob may.
    let change = alice.set_permission(&chat, "set-timer", "member").await;
    alice.made(change.expect("a wish")).await;
    one_epoch(&[&alice, &bob], &chat).await;
    sets(&bob, &chat, Setting::Timer(60)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_an_announcement_group_only_owners_and_admins_write() {
    let stage = Stage::set_in_memory().await;
    let (alice, bob, carol) = stage.alice_bob_carol().await;
    let handles = [bob.handle(), carol.handle()];
    let (news, change) = alice
        .create_announcement("News", &handles)
        .await
        .expect("a conversation");
    alice.made(change.expect("members to add")).await;
    bob.is_in(&news).await;
    carol.is_in(&news).await;
    alice.says(&news, "the first news").await;
    bob.hears(&news, "the first news").await;
    let refused = bob.send(&news, "a comment").await.expect_err("a member");
    assert_eq!(refused.code, "not_allowed");
    // They react all the same, and do not delete what others wrote.
    let lines = bob.newest_messages(&news, 5).await.expect("history");
    let first = lines.iter().find(|line| line.text == "the first news");
    let first = first.expect("the news").id.clone();
    bob.react(&news, &first, "👍", true)
        .await
        .expect("a reaction");
    let refused = bob.delete_message(&news, &first).await;
    assert_eq!(refused.expect_err("Alice's").code, "not_yours");
    until("Alice seeing the reaction", || async {
        let lines = alice.newest_messages(&news, 5).await.expect("history");
        match lines.iter().any(|line| !line.reactions.is_empty()) {
            true => Ok(()),
            false => Err(format!("{lines:?}")),
        }
    })
    .await;
    let change = alice.set_role(&news, &bob.handle(), "admin").await;
    alice.made(change.expect("a wish")).await;
    one_epoch(&[&alice, &bob, &carol], &news).await;
    bob.says(&news, "news by an admin").await;
    carol.hears(&news, "news by an admin").await;
    // As a group again, everybody writes.
    sets(&alice, &news, Setting::Announcement(false)).await;
    one_epoch(&[&alice, &bob, &carol], &news).await;
    carol.says(&news, "at last").await;
    alice.hears(&news, "at last").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sent_before_the_custodian_is_there() {
    let stage = Stage::set_in_memory().await;
    let (alice, bob, _carol) = stage.alice_bob_carol().await;
    let records = alice.invitation_of(DeviceKind::Custodian).await;
    let mut records = Mallory::enrol_of_kind(&records, "records", DeviceKind::Custodian).await;
    let chat = alice.founds("Trades", &[&bob]).await;
    sets(&alice, &chat, Setting::CustodianRequired(true)).await;
    one_epoch(&[&alice, &bob], &chat).await;
    for person in [&alice, &bob] {
        let held = person
            .send(&chat, "too early")
            .await
            .expect_err("no custodian");
        assert_eq!(held.code, "no_custodian");
        assert!(held.hint.contains("chat member add"), "{}", held.hint);
    }
    let change = alice.add_members(&chat, &[handle("records")]).await;
    alice.made(change.expect("a wish")).await;
    records.join().await;
    one_epoch(&[&alice, &bob], &chat).await;
    bob.says(&chat, "on the record").await;
    alice.hears(&chat, "on the record").await;
    until("Alice seeing the custodian", || async {
        let policy = alice.policy(&chat).await.expect("the rules");
        let members = alice.members(&chat).await.expect("members");
        let kind = members.iter().find(|m| m.handle == "records@acme");
        match (policy.custodian_present, kind) {
            (true, Some(member)) if member.kind == "custodian" => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
    let removed = alice.remove_member(&chat, &handle("records")).await;
    let refused = alice
        .done(removed.expect("a wish"), sealwire_tests::PATIENCE)
        .await;
    assert_eq!(refused.expect_err("the last custodian").code, "not_allowed");
}
