//! Alice sends Bob files with the real programs.

mod cast;

use std::fs;

use cast::{Person, Relay};

#[test]
fn alice_sends_bob_files() {
    let relay = Relay::start();
    let alice = Person::new("alice");
    alice.join(&relay.owner_link);
    let link = alice.ok(&["org", "invite"])["link"].clone();
    let bob = Person::new("bob");
    bob.join(link.as_str().expect("a link"));
    alice.ok(&["chat", "create", "Plans", "bob"]);

    let place = tempfile::tempdir().expect("a folder");
    let (plan, notes) = (place.path().join("plan.bin"), place.path().join("notes.txt"));
    let content: Vec<u8> = (0..300_000u32).map(|i| (i % 251) as u8).collect();
    fs::write(&plan, &content).expect("written");
    fs::write(&notes, "three o'clock").expect("written");
    let path = |path: &std::path::Path| path.to_str().expect("UTF-8").to_owned();
    let (plan, notes) = (path(&plan), path(&notes));
    let files = ["--file", &plan, "--file", &notes];
    let sent = alice.ok(&[&["message", "send", "Plans", "-m", "Here:"], &files[..]].concat());
    assert_eq!((&sent["text"], &sent["delivery"]), (&"Here:".into(), &"sent".into()));

    bob.ok(&["sync"]);
    let files = bob.ok(&["file", "list", "Plans"]);
    assert_eq!(files[0]["name"], "plan.bin");
    assert_eq!(files[0]["size"], 300_000);
    assert_eq!(files[1]["media_type"], "text/plain;charset=utf-8");
    assert_eq!(files[1]["downloaded"], false);

    // Saving fetches; a name that is taken gets a number.
    let number = files[0]["id"].to_string();
    let saved = bob.ok(&["file", "save", &number, "--to", &path(place.path())]);
    let saved = saved["path"].as_str().expect("a path");
    assert!(saved.ends_with("plan (2).bin"), "{saved}");
    assert!(fs::read(saved).expect("readable") == content);
    let got = bob.ok(&["file", "get", &files[1]["id"].to_string()]);
    assert_eq!(got["downloaded"], true);

    let (code, error) = bob.fails(&["file", "get", "77"]);
    assert_eq!((code, &error["code"]), (2, &"unknown_attachment".into()));
    let (code, error) = bob.fails(&["file", "cancel", &number]);
    assert_eq!((code, &error["code"]), (2, &"unknown_transfer".into()));
    let missing = path(&place.path().join("missing"));
    let (code, error) = alice.fails(&["message", "send", "Plans", "--file", &missing]);
    assert_eq!((code, &error["code"]), (2, &"file_missing".into()));
}
