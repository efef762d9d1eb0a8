//! Mallory shows the relay passes that are not hers, or no longer, and fills its mailroom with what
//! is no mail. Whatever it takes from her opens nothing and reaches nobody.

use bytes::Bytes;
use prost::Message as _;
use sealwire_protocol::{
    frame::{Append, ClientBody, Fetch, InboxPost},
    ids::{EntryId, Pass},
    limits::ENVELOPE,
    log::EntryKind,
};
use sealwire_tests::{
    mallory::{Mallory, Scene, copy, forge, identity::Identity, scene::all_is_well},
    person::handle,
};

/// The pass of another group, a pass drawn at random, and the lane's hash in place of its pass:
/// none opens this log, to read or to write. Fails if the relay takes a pass for any log.
#[tokio::test(flavor = "multi_thread")]
async fn somebody_elses_pass() {
    let mut scene = Scene::open().await;
    let elsewhere = [handle("mallory")];
    let other = scene.bob.create_conversation("elsewhere", &elsewhere).await;
    let (_, change) = other.expect("a conversation");
    scene.bob.made(change.expect("a member to add")).await;
    let here = std::mem::replace(&mut scene.mallory, {
        let link = scene.alice.invitation().await;
        Mallory::enrol_as(&link, "mallory-b").await
    });
    let mut mallory = here;
    let (log, lane) = (mallory.seat().log, mallory.seat().pass.lane());
    let text = mallory.text("with a wrong pass");
    let right = mallory.append_frame(&text);
    mallory.join().await;
    let foreign = copy(&mallory.seat().pass);

    for pass in [foreign.expose(), &[3; 32], lane.as_bytes()] {
        let pass = Bytes::copy_from_slice(pass);
        let append = Append {
            pass: pass.clone(),
            ..right.clone()
        };
        let refused = mallory
            .append_raw(append)
            .await
            .expect_err("a foreign pass");
        assert_eq!(refused.code, "lane_unknown");
        let fetch = Fetch {
            log: right.log.clone(),
            pass,
            after: 0,
            limit: 10,
        };
        let refused = mallory.socket.request(ClientBody::Fetch(fetch)).await;
        assert_eq!(refused.expect_err("a foreign pass").code, "lane_unknown");
    }
    // With the right one the same frame is taken.
    mallory.append_raw(right).await.expect("her own pass");
    let pass = Pass::from_slice(foreign.expose()).expect("32 bytes");
    assert!(mallory.fetch(&log, &pass, 0).await.is_err());
    scene.alice.hears(&scene.chat, "with a wrong pass").await;
}

/// After Mallory was removed, her old pass opens the old lane and nothing else: she can read
/// there what she had, write where nobody reads, and not follow. Fails if a pass outlives its
/// lane, or anybody reads an abandoned lane.
#[tokio::test(flavor = "multi_thread")]
async fn an_old_pass_opens_only_its_own_lane() {
    let mut scene = Scene::open().await;
    let old = copy(&scene.mallory.seat().pass);
    let log = scene.mallory.seat().log;
    let change = scene
        .alice
        .remove_member(&scene.chat, &handle("mallory"))
        .await;
    scene.alice.made(change.expect("a removal")).await;
    let people = [&scene.alice, &scene.bob, &scene.carol];
    let mut number = 100;
    all_is_well(&people, &scene.chat, &mut number).await;

    let entries = scene
        .mallory
        .fetch(&log, &old, 0)
        .await
        .expect("the old lane")
        .entries;
    let last = entries.last().expect("entries").clone();
    assert_eq!(
        last.kind,
        EntryKind::Commit as u32,
        "it ends with her removal"
    );
    let seat = scene.mallory.seat();
    (seat.cursor, seat.head) = (last.seq, EntryId::from_slice(&last.entry_id).ok());
    let draft = scene.mallory.text("from the grave");
    scene
        .mallory
        .append(&draft)
        .await
        .expect("the old lane is hers");
    let made = scene
        .mallory
        .commit(|builder| builder.force_self_update(true));
    scene
        .mallory
        .append(&made.draft)
        .await
        .expect("the old lane is hers");
    let next = Pass::from_slice(&last.next).expect("32 bytes");
    assert!(
        scene.mallory.fetch(&log, &next, 0).await.is_err(),
        "a lane is not its pass"
    );

    all_is_well(&people, &scene.chat, &mut number).await;
    scene.nobody_saw("from the grave").await;
}

/// Envelopes of other sizes, key packages that are none, devices of other accounts, and a session of
/// nobody. Fails for each that the relay stores.
#[tokio::test(flavor = "multi_thread")]
async fn the_mailroom_takes_only_mail() {
    let mut scene = Scene::open().await;
    let alice = scene.certificate_of("alice").await;
    for size in [0, ENVELOPE - 1, ENVELOPE + 1] {
        let refused = scene
            .mallory
            .plane
            .post(alice.device(), vec![1; size])
            .await;
        assert_eq!(refused.expect_err("not 4 KiB").status, 422);
    }
    let request = InboxPost {
        device: alice.device().0.to_vec().into(),
        envelope: vec![1; ENVELOPE].into(),
    };
    let trailing = [request.encode_to_vec(), vec![0x78, 1]].concat();
    let refused = scene.mallory.plane.one_shot("inbox", trailing).await;
    assert_eq!(refused.expect_err("not canonical").status, 400);

    let stranger = Identity::new("stranger@acme");
    for bytes in [Vec::new(), forge::random(600), vec![0; 9_000]] {
        let refused = scene.mallory.session.put_key_packages(&[bytes]).await;
        refused.expect_err("no key package");
    }
    let bob = scene.certificate_of("bob").await;
    for certificate in [bob.as_bytes(), stranger.certificate.as_bytes()] {
        let refused = scene.mallory.session.add_device(certificate).await;
        refused.expect_err("a device of another account");
    }
    assert!(scene.mallory.plane.sign_in(&stranger).await.is_err());
    scene.all_is_well().await;
}
