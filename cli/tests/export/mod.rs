//! A conversation leaves Sealwire as ordinary files.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use serde_json::Value;

use crate::cast::{Relay, two_in};

#[test]
fn alice_exports_what_she_sees() {
    let relay = Relay::start();
    let (alice, bob) = two_in(&relay, "午餐 Lunch");
    let dir = tempfile::tempdir().expect("a temporary directory");
    let plan = dir.path().join("plan.txt");
    fs::write(&plan, "noodles").expect("written");
    let plan = plan.to_str().expect("UTF-8");
    bob.ok(&[
        "message",
        "send",
        "午餐 Lunch",
        "-m",
        "<script>alert(1)</script> 见面",
    ]);
    bob.ok(&[
        "message",
        "send",
        "午餐 Lunch",
        "-m",
        "Menu",
        "--file",
        plan,
    ]);
    bob.ok(&["message", "send", "午餐 Lunch", "-m", "I take this back"]);
    let sent = bob.ok(&["message", "list", "午餐 Lunch"]);
    let id = |text: &str| -> String {
        let found = sent.as_array().expect("a list").iter();
        let found = found.clone().find(|message| message["text"] == text);
        found.expect("sent")["id"]
            .as_str()
            .expect("an id")
            .to_owned()
    };
    bob.ok(&[
        "message",
        "edit",
        "午餐 Lunch",
        &id("Menu"),
        "-m",
        "The menu",
    ]);
    bob.ok(&[
        "--yes",
        "message",
        "delete",
        "午餐 Lunch",
        &id("I take this back"),
    ]);
    alice.ok(&["sync"]);
    alice.ok(&["message", "react", "午餐 Lunch", &id("Menu"), "👍"]);

    // As one document, without the file, which is not on her device.
    let to = dir.path().join("json");
    let to = to.to_str().expect("UTF-8");
    let done = alice.ok(&["chat", "export", "午餐 Lunch", "--to", to, "--files"]);
    assert_eq!(
        (&done["files"], &done["files_missing"]),
        (&0.into(), &1.into())
    );
    let export = read_json(Path::new(to));
    let message = |text: &str| -> &Value {
        let mut found = export["messages"].as_array().expect("a list").iter();
        found.find(|message| message["text"] == text).expect(text)
    };
    assert_eq!(export["members"].as_array().map(Vec::len), Some(2));
    assert_eq!(message("The menu")["edited"]["earlier"][0]["text"], "Menu");
    assert_eq!(message("The menu")["reactions"][0]["emoji"], "👍");
    assert_eq!(message("The menu")["attachments"][0]["on_device"], false);
    assert_eq!(message("")["deleted"]["by"], "bob@acme");
    message("<script>alert(1)</script> 见面");

    // Nothing is written over; then the file is fetched and goes along.
    let again = ["chat", "export", "午餐 Lunch", "--to", to];
    let (code, error) = alice.fails(&again);
    assert_eq!((code, &error["code"]), (2, &"export_exists".into()));
    alice.ok(&["file", "get", "1"]);
    let page = dir.path().join("page");
    let to = page.to_str().expect("UTF-8");
    let args = [
        "chat",
        "export",
        "午餐 Lunch",
        "--to",
        to,
        "--files",
        "--format",
        "html",
    ];
    assert_eq!(alice.ok(&args)["files"], 1);
    let html = fs::read_to_string(page.join("conversation.html")).expect("a page");
    assert!(!html.contains("<script") && html.contains("&lt;script&gt;"));
    let file = page.join("files/1-plan.txt");
    assert_eq!(fs::read_to_string(&file).expect("the file"), "noodles");
    for (path, mode) in [(page.as_path(), 0o700), (&file, 0o600)] {
        let found = fs::metadata(path).expect("there").permissions().mode();
        assert_eq!(found & 0o777, mode);
    }
    // Counted here: what was taken back does not count.
    let insight = alice.ok(&["chat", "insight", "午餐 Lunch"]);
    assert_eq!(insight["messages"], 2);
    assert_eq!(insight["people"][0]["handle"], "bob@acme");
    assert!(html.contains("<svg"), "the page has it as plots");

    let names = fs::read_dir(dir.path()).expect("a folder").count();
    assert_eq!(names, 3, "nothing unfinished is left");
}

fn read_json(folder: &Path) -> Value {
    let text = fs::read_to_string(folder.join("conversation.json")).expect("a document");
    serde_json::from_str(&text).expect("JSON")
}
