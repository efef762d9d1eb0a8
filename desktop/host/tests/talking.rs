//! Alice and Bob, each with an app: messages, pictures, a relay that goes and comes, links.

mod common;

use std::fs;

use common::App;
use sealwire_desktop_host::{Form, HostEvent, NotificationContent};
use sealwire_tests::{PATIENCE, Stage, until};
use serde_json::{Value, json};
use tokio::sync::broadcast::Receiver;

async fn next(events: &mut Receiver<HostEvent>, name: &str) -> HostEvent {
    let wanted = async {
        loop {
            let event = events.recv().await.expect("events");
            if json!(event)["event"] == name {
                return event;
            }
        }
    };
    tokio::time::timeout(PATIENCE, wanted)
        .await
        .unwrap_or_else(|_| panic!("no event {name}"))
}

/// A photo that says where it was taken: a JPEG with an EXIF segment that holds `HERE`.
fn photo() -> Vec<u8> {
    let picture = image::DynamicImage::from(image::RgbImage::from_fn(64, 48, |x, y| {
        image::Rgb([x as u8 * 4, y as u8 * 5, 128])
    }));
    let mut jpeg = std::io::Cursor::new(Vec::new());
    picture
        .write_to(&mut jpeg, image::ImageFormat::Jpeg)
        .expect("a JPEG");
    let jpeg = jpeg.into_inner();
    let exif = b"Exif\0\0II*\0\x08\0\0\0\0\0HERE 52.5N 13.4E";
    let mut whole = jpeg[..2].to_vec();
    whole.extend([0xff, 0xe1]);
    whole.extend((exif.len() as u16 + 2).to_be_bytes());
    whole.extend(exif);
    whole.extend(&jpeg[2..]);
    whole
}

#[tokio::test(flavor = "multi_thread")]
async fn alice_and_bob_talk_and_are_told() {
    let stage = Stage::set_in_memory().await;
    let alice = App::owner(&stage, "alice").await;
    let bob = alice.guest(&stage, "bob").await;
    let chat = alice.founds("Plans", "bob").await;
    let mut events = bob.host.events();
    alice.says(&chat, "**Monday** it is").await;
    let told = loop {
        let event = next(&mut events, "message").await;
        if json!(event)["text"] == "**Monday** it is" {
            break event;
        }
    };
    assert!(json!(told)["blocks"].is_array(), "ready to draw");
    let notice = bob
        .host
        .notice(&told)
        .await
        .expect("deserves a notification");
    assert_eq!(
        (notice.title.as_str(), notice.body.as_str()),
        ("alice@acme · Plans", "")
    );
    assert!(notice.answerable);
    let change = json!({ "notifications": "none" });
    bob.does("change_settings", change).await;
    let notice = bob.host.notice(&told).await.expect("that there is one");
    assert!(!notice.answerable, "it does not say whom one would answer");
    let change = json!({ "notifications": "full" });
    bob.does("change_settings", change).await;
    assert_eq!(bob.host.settings().notifications, NotificationContent::Full);
    let notice = bob
        .host
        .notice(&told)
        .await
        .expect("deserves a notification");
    assert_eq!(notice.body, "Monday it is");
    assert!(bob.host.unread().await >= 1);
    for nothing in ["", " \n"] {
        let answered = bob.host.reply(&notice.target, nothing).await;
        answered.expect("no answer at all");
    }
    let answered = bob.host.reply(&notice.target, " Tuesday!\n").await;
    answered.expect("sent");
    alice.hears(&chat, "Tuesday!").await;

    let rows = bob
        .does("conversation_rows", json!({ "filter": "all" }))
        .await;
    assert_eq!(rows[0]["preview"]["text"], "Tuesday!", "{rows}");
    bob.does("mark_read", json!({ "conversation": chat })).await;
    assert!(bob.host.notice(&told).await.is_none(), "it was read");
    assert_eq!(bob.host.unread().await, 0);
    bob.says(&chat, "好").await;
    alice.hears(&chat, "好").await;
    alice.host.close().await;
    bob.host.close().await;
    let answered = bob.host.reply(&notice.target, "too late").await;
    assert_eq!(answered.expect_err("closed").code, "locked");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_goes_without_its_place_and_is_shown() {
    let stage = Stage::set_in_memory().await;
    let alice = App::owner(&stage, "alice").await;
    let bob = alice.guest(&stage, "bob").await;
    let chat = alice.founds("Plans", "bob").await;
    let path = alice.home.join("photo.jpg");
    fs::write(&path, photo()).expect("a photo");
    let mut events = alice.host.events();
    let missing = alice.host.stage_paths(vec![alice.home.join("none")]).await;
    assert_eq!(missing.expect_err("none there").code, "file_missing");
    let staged = alice
        .host
        .stage_paths(vec![path, alice.home.clone()])
        .await
        .expect("one of two");
    assert_eq!(staged.len(), 1);
    assert_eq!(
        (staged[0].width, staged[0].media_type.as_str()),
        (64, "image/jpeg")
    );
    assert!(
        staged[0]
            .preview
            .as_ref()
            .is_some_and(|data| data.starts_with("data:image/jpeg;base64,"))
    );
    next(&mut events, "staged").await;
    let pasted = alice
        .host
        .stage_bytes("../../evil\u{202e}gnp.exe", b"text".to_vec())
        .await;
    let pasted = pasted.expect("staged");
    assert!(!pasted.name.contains(['/', '\u{202e}']), "{}", pasted.name);
    alice.does("unstage", json!({ "id": pasted.id })).await;

    let params = json!({ "conversation": chat, "text": "look", "staged": [staged[0].id] });
    alice.does("send", params.clone()).await;
    assert_eq!(
        alice.fails("send", params).await,
        "unknown_file",
        "it is sent and gone"
    );
    let message = bob.hears(&chat, "look").await;
    let id = message["attachments"][0]["id"].as_i64().expect("a file");
    let small = bob
        .host
        .attachment(id, Form::Thumbnail)
        .await
        .expect("a thumbnail");
    assert!(image::load_from_memory(&small.bytes).is_ok());
    bob.does("download", json!({ "attachment": id })).await;
    let whole = until("the picture", || async {
        bob.host
            .attachment(id, Form::Whole)
            .await
            .map_err(|problem| problem.code)
    })
    .await;
    assert_eq!(whole.media_type, "image/jpeg");
    assert!(image::load_from_memory(&whole.bytes).is_ok());
    assert!(
        !whole.bytes.windows(4).any(|four| four == b"HERE"),
        "the place was taken out"
    );
    fs::create_dir(bob.home.join("saved")).expect("a folder");
    let saved = bob
        .host
        .call("viewer", "save_attachment", json!({ "id": id }))
        .await;
    assert_eq!(saved.expect("saved"), true);
    let copy = fs::read(bob.home.join("saved/photo.jpg")).expect("a copy");
    assert_eq!(copy, **whole.bytes);
    alice.host.close().await;
    bob.host.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_alice_did_not_look_at_is_not_sent() {
    let stage = Stage::set_in_memory().await;
    let alice = App::owner(&stage, "alice").await;
    let _bob = alice.guest(&stage, "bob").await;
    let chat = alice.founds("Plans", "bob").await;
    let path = alice.home.join("notes.txt");
    let stages = async || {
        let staged = alice.host.stage_paths(vec![path.clone()]).await;
        staged.expect("staged")[0].id
    };
    let params = |id: u64| json!({ "conversation": chat, "text": "look", "staged": [id] });
    fs::write(&path, "what Alice saw").expect("a file");
    let id = stages().await;
    fs::remove_file(&path).expect("removed");
    fs::write(alice.home.join("secret.txt"), "a secret").expect("a file");
    std::os::unix::fs::symlink(alice.home.join("secret.txt"), &path).expect("a link");
    assert_eq!(alice.fails("send", params(id)).await, "source_changed");
    let waits = alice.does("staged", json!({})).await;
    assert_eq!(waits[0]["id"], id, "it is shown still");
    alice.does("unstage", json!({ "id": id })).await;
    let id = stages().await;
    alice.does("send", params(id)).await;
    // Nobody writes into a pipe; looking at it does not wait for them.
    let pipe = alice.home.join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.expect("mkfifo").success());
    let refused = alice.host.stage_paths(vec![pipe]).await;
    assert_eq!(refused.expect_err("a pipe").code, "not_a_file");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_while_the_relay_is_gone_arrives() {
    let mut stage = Stage::set().await;
    let alice = App::owner(&stage, "alice").await;
    let bob = alice.guest(&stage, "bob").await;
    let chat = alice.founds("Plans", "bob").await;
    alice.says(&chat, "hello").await;
    bob.hears(&chat, "hello").await;
    stage.relay.kill().await;
    let offline = |app: &App| {
        let host = app.host.clone();
        async move {
            let state = host.state().await;
            let text = json!(state.connection).to_string();
            if text.contains("offline") {
                Ok(())
            } else {
                Err(text)
            }
        }
    };
    until("Alice being offline", || offline(&alice)).await;
    alice.says(&chat, "are you there?").await;
    assert_eq!(alice.phase().await, "open");
    let state = alice.does("lock", json!({})).await;
    assert_eq!(state["phase"], "locked");
    let unlock = json!({ "passphrase": common::PASSPHRASE });
    assert_eq!(
        alice.does("unlock", unlock).await["phase"],
        "open",
        "without a relay too"
    );
    stage.relay.restart().await;
    bob.hears(&chat, "are you there?").await;
    alice.host.close().await;
    bob.host.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_from_outside_waits_for_the_person() {
    let stage = Stage::set_in_memory().await;
    let alice = App::owner(&stage, "alice").await;
    let bob = alice.guest(&stage, "bob").await;
    let chat = alice.founds("Plans", "alice").await;
    let terms = json!({ "conversation": chat, "role": "member", "uses": 1, "expires_in_s": 3600 });
    let made = alice.does("make_chat_link", terms).await;
    let link = made["link"].as_str().expect("a link");
    let mut events = bob.host.events();
    assert_eq!(
        bob.host
            .offer_link("javascript:alert(1)")
            .expect_err("no link")
            .code,
        "bad_link"
    );
    bob.host.offer_link(link).expect("a good link");
    let told = json!(next(&mut events, "link").await);
    assert_eq!(
        (&told["link"]["kind"], &told["link"]["from"]),
        (&json!("chat"), &json!("alice@acme"))
    );
    // For a front end that was not there yet.
    assert_eq!(bob.does("waiting_link", json!({})).await, told["link"]);
    assert_eq!(
        bob.fails("confirm_link", json!({ "link": "another" }))
            .await,
        "unknown_link"
    );
    assert_eq!(
        alice.does("join_requests", json!({})).await,
        json!([]),
        "nothing by itself"
    );
    bob.does("confirm_link", json!({ "link": link })).await;
    assert_eq!(bob.does("waiting_link", json!({})).await, Value::Null);
    until("the request", || async {
        match alice.does("join_requests", json!({})).await {
            Value::Array(list) if list.len() == 1 => Ok(()),
            other => Err(other.to_string()),
        }
    })
    .await;
    alice.host.close().await;
    bob.host.close().await;
}
