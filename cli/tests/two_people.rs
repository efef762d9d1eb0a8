//! Alice and Bob meet: the real programs, a real relay, nothing in between.

mod cast;
mod export;

use std::{fs, time::Duration};

use cast::{Person, Relay};
use serde_json::Value;

const ENGLISH: &str = "Hello Bob, this is Alice.";
const GERMAN: &str = "Grüß dich, Alice! Schön, dass es läuft.\nBis später.";
const CHINESE: &str = "你好，鲍勃！我们下午三点见面。";

/// Step by step, as two new users would go.
#[test]
fn alice_and_bob_talk() {
    let relay = Relay::start();

    // Step 1: Alice joins by the link that the relay printed for its owner.
    let alice = Person::new("alice");
    let account = alice.join(&relay.owner_link);
    assert_eq!(account["handle"], "alice@acme");
    assert_eq!(account["holds_organisation_key"], true);

    // Step 2: she invites Bob, who joins; nobody else can use his link.
    let invitation = alice.ok(&["org", "invite", "--expires", "1h"]);
    let link = invitation["link"].as_str().expect("a link");
    let bob = Person::new("bob");
    assert_eq!(bob.join(link)["handle"], "bob@acme");
    let mallory = Person::new("mallory");
    let (code, error) = mallory.try_join(link);
    assert_eq!(
        (code, &error["code"]),
        (2, &Value::from("invitation_used")),
        "{error}"
    );
    assert_eq!(
        mallory.ok(&["account", "list"]),
        serde_json::json!([]),
        "nothing is left over"
    );
    let invitations = alice.ok(&["org", "invitations"]);
    assert_eq!(invitations[0]["used_by"], "bob@acme");
    assert_eq!(invitations[0]["genuine"], true);

    // Step 3: they compare their safety numbers.
    alice.ok(&["contact", "add", "bob"]);
    bob.ok(&["contact", "add", "alice@acme"]);
    let hers = alice.ok(&["contact", "verify", "bob", "--mark"]);
    let his = bob.ok(&["contact", "verify", "alice"]);
    assert_eq!(hers["safety_number"], his["safety_number"]);
    assert_eq!(
        (&hers["verified"], &his["verified"]),
        (&true.into(), &false.into())
    );

    // Step 4: Alice begins a conversation and writes; Bob finds it.
    let chat = alice.ok(&["chat", "create", "午餐 Lunch", "bob"]);
    alice.ok(&["message", "send", "午餐 Lunch", "-m", ENGLISH]);
    alice.ok_with_input(&["message", "send", "午餐 Lunch", "-"], CHINESE);
    bob.ok(&["sync"]);
    let chats = bob.ok(&["chat", "list", "--unread"]);
    assert_eq!(
        (&chats[0]["id"], &chats[0]["unread"]),
        (&chat["id"], &2.into())
    );
    assert_eq!(
        bob.texts("午餐 lunch"),
        [("alice@acme", ENGLISH), ("alice@acme", CHINESE)].map(owned)
    );
    assert_eq!(bob.ok(&["chat", "list", "--unread"]), serde_json::json!([]));

    // Step 5: Bob answers from standard input, naming the conversation by the beginning of its id.
    let id = chat["id"].as_str().expect("an id");
    bob.ok_with_input(&["message", "send", &id[..6], "-"], &format!("{GERMAN}\n"));
    alice.ok(&["sync"]);
    assert_eq!(alice.texts(id)[2], owned(("bob@acme", GERMAN)));

    // Bob finds what was said again, from a beginning, two characters, or who said it.
    let found = |query: &[&str]| -> Vec<String> {
        let page = bob.ok(&[&["search"], query].concat());
        let hits = page["hits"].as_array().expect("hits").clone();
        let text = |hit: &Value| hit["snippet"]["text"].as_str().expect("a text").to_owned();
        hits.iter().map(text).collect()
    };
    assert_eq!(found(&["hel*"]), [ENGLISH]);
    assert_eq!(found(&["三点"]), [CHINESE]);
    assert_eq!(found(&["from:me", "gruss"]), [GERMAN.replace('\n', " ")]);
    assert_eq!(
        found(&["--from", "alice", "--in", "午餐 Lunch"]),
        [CHINESE, ENGLISH]
    );
    assert_eq!(found(&["hello -bob"]), [""; 0]);
    assert_eq!(
        bob.fails_in_silence(&["search", "nowhere", "--exit-empty"]),
        1
    );
    let (code, error) = bob.fails(&["search", "has:cheese"]);
    assert_eq!((code, &error["code"]), (2, &Value::from("bad_query")));

    // Step 6: Bob cannot rename it, and is told why.
    let (code, error) = bob.fails(&["chat", "rename", id, "Mine"]);
    assert_eq!((code, &error["code"]), (7, &Value::from("not_allowed")));

    // Step 7: with a wrong passphrase nothing opens.
    let (code, error) = alice
        .with_passphrase("not the passphrase")
        .fails(&["chat", "list"]);
    assert_eq!(
        (code, &error["code"]),
        (4, &Value::from("wrong_passphrase"))
    );
}

/// Rules, links, the conversation of two, and what one keeps to oneself.
#[test]
fn alice_and_bob_agree_and_arrange() {
    let relay = Relay::start();
    let (alice, bob) = cast::two_in(&relay, "Team");
    bob.ok(&["sync"]);

    // Rules: Alice sets, Bob sees them and may not.
    let policy = alice.ok(&["chat", "policy", "set", "Team", "timer=1w", "agents=nobody"]);
    assert_eq!(
        (&policy["timer_s"], &policy["agents"]),
        (&604_800.into(), &"nobody".into())
    );
    alice.ok(&["chat", "topic", "Team", "What we do"]);
    alice.ok(&["chat", "retention", "Team", "90d"]);
    bob.ok(&["sync"]);
    let policy = bob.ok(&["chat", "policy", "show", "Team"]);
    assert_eq!(policy["topic"], "What we do");
    assert_eq!(policy["permissions"]["set-timer"], "admin");
    let (code, error) = bob.fails(&["chat", "timer", "Team", "off"]);
    assert_eq!((code, &error["code"]), (7, &Value::from("not_allowed")));

    // A link is made, listed and withdrawn; who is in needs none.
    let made = alice.ok(&["chat", "invite", "link", "Team", "--role", "reader"]);
    let link = made["link"].as_str().expect("a link");
    let (code, error) = bob.fails_with_input(&["chat", "join", "--link-file", "-"], link);
    assert_eq!((code, &error["code"]), (2, &Value::from("already_member")));
    assert_eq!(alice.ok(&["chat", "requests"]), serde_json::json!([]));
    let listed = alice.ok(&["chat", "invite", "list", "Team"]);
    assert_eq!(
        (&listed[0]["state"], &listed[0]["uses"]),
        (&"good".into(), &0.into())
    );
    alice.ok(&["chat", "invite", "withdraw", "1"]);
    let listed = alice.ok(&["chat", "invite", "list", "Team"]);
    assert_eq!(listed[0]["state"], "withdrawn");
    let (code, error) = alice.fails(&["chat", "admit", "7"]);
    assert_eq!((code, &error["code"]), (2, &Value::from("unknown_request")));

    // The one conversation of two has both names.
    let direct = alice.ok(&["chat", "direct", "bob"]);
    assert_eq!(
        (&direct["kind"], &direct["name"]),
        (&"direct".into(), &"bob@acme".into())
    );
    alice.ok(&["contact", "nick", "bob", "Bobby"]);
    alice.ok(&["message", "send", "Bobby", "-m", "just us"]);
    let same = bob.ok(&["chat", "direct", "alice"]);
    assert_eq!(same["id"], direct["id"]);

    // What Alice keeps to herself.
    assert_eq!(alice.ok(&["account", "receipts"])["receipts"], true);
    alice.ok(&["account", "receipts", "off"]);
    assert_eq!(alice.ok(&["account", "receipts"])["receipts"], false);
    alice.ok(&["chat", "pin", "Team"]);
    alice.ok(&["chat", "folder", "Team", "Work"]);
    alice.ok(&["chat", "mute", "Team", "--for", "8h"]);
    alice.ok(&["chat", "mark-unread", "Team"]);
    alice.ok(&["chat", "archive", "Bobby"]);
    let list = alice.ok(&["chat", "list", "--unread", "--folder", "Work"]);
    assert_eq!(
        (&list[0]["name"], &list[0]["pinned"]),
        (&"Team".into(), &1.into())
    );
    let archived = alice.ok(&["chat", "list", "--archived"]);
    assert_eq!(archived[0]["id"], direct["id"]);
    alice.ok(&["chat", "unarchive", "Bobby"]);
    alice.ok(&["contact", "block", "bob"]);
    let list = alice.ok(&["chat", "list"]);
    assert_eq!(list.as_array().map(Vec::len), Some(1), "{list}");
    alice.ok(&["contact", "unblock", "bob"]);
    assert_eq!(
        alice.ok(&["chat", "list"]).as_array().map(Vec::len),
        Some(2)
    );
}

#[test]
fn what_is_watched_is_printed_once() {
    let relay = Relay::start();
    let (alice, bob) = cast::two_in(&relay, "Team");
    bob.ok(&["sync"]);
    alice.ok(&["message", "send", "Team", "-m", "before"]);

    // People read lines.
    let watch = bob.start(&["message", "watch", "--chat", "Team", "--since", "0"]);
    watch.wait_for("before", Duration::from_secs(20));
    alice.ok(&["message", "send", "Team", "-m", CHINESE]);
    watch.wait_for(CHINESE, Duration::from_secs(20));

    // Only one program at a time uses a profile; the second is told who does.
    let (code, error) = bob.fails(&["chat", "list"]);
    assert_eq!((code, &error["code"]), (4, &Value::from("profile_in_use")));

    let (code, text) = watch.interrupt();
    assert_eq!(code, 130);
    assert_eq!(text.matches("before").count(), 1, "{text}");
    assert_eq!(text.matches(CHINESE).count(), 1, "{text}");

    // Programs read one object per line.
    alice.ok(&["message", "send", "Team", "-m", "for programs"]);
    let lines = bob.lines(&["message", "watch", "--for", "3"]);
    let texts: Vec<&str> = lines
        .iter()
        .filter(|line| line["event"] == "message")
        .filter_map(|line| line["text"].as_str())
        .collect();
    assert_eq!(texts, ["for programs"]);
}

#[test]
fn nothing_is_lost_while_the_relay_is_away() {
    let mut relay = Relay::start();
    let (alice, bob) = cast::two_in(&relay, "Team");
    relay.stop();
    let (code, error) = alice.fails(&["--timeout", "2", "message", "send", "Team", "-m", "later"]);
    assert_eq!(
        (code, &error["code"]),
        (3, &Value::from("stored_not_sent")),
        "{error}"
    );
    let waiting = alice.ok(&["message", "list", "Team"]);
    assert_eq!(
        waiting
            .as_array()
            .and_then(|all| all.last())
            .map(|last| &last["delivery"]),
        Some(&"pending".into())
    );
    relay.restart();
    alice.ok(&["sync"]);
    bob.ok(&["sync"]);
    assert_eq!(bob.texts("Team"), [owned(("alice@acme", "later"))]);
}

#[test]
fn a_second_device_takes_its_place() {
    let relay = Relay::start();
    let (alice, bob) = cast::two_in(&relay, "Team");
    let laptop = Person::new("alice");
    let waiting = alice.start(&["--json", "device", "link"]);
    let link = waiting.first_line(Duration::from_secs(20));
    let link: Value = serde_json::from_str(&link).expect("JSON");
    let account = laptop.ok_with_input(
        &["account", "link", "--link-file", "-"],
        link["result"]["link"].as_str().expect("a link"),
    );
    assert_eq!(account["handle"], "alice@acme");
    assert_eq!(waiting.finish(Duration::from_secs(60)), 0);
    assert_eq!(
        alice.ok(&["device", "list"]).as_array().map(Vec::len),
        Some(2)
    );
    bob.ok(&["message", "send", "Team", "-m", "to both"]);
    for device in [&alice, &laptop] {
        device.ok(&["sync"]);
        assert!(
            device
                .texts("Team")
                .contains(&owned(("bob@acme", "to both")))
        );
    }
    // The lost laptop is withdrawn.
    let id = account["device"].as_str().expect("an id").to_owned();
    alice.ok(&["--yes", "device", "revoke", &id[..8]]);
    assert_eq!(
        alice.ok(&["device", "list"]).as_array().map(Vec::len),
        Some(1)
    );
    let (code, error) = laptop.fails(&["sync"]);
    assert_ne!(code, 0);
    assert_eq!(error["code"], "device_unknown");
}

fn owned((sender, text): (&str, &str)) -> (String, String) {
    (sender.into(), text.into())
}

/// Alice sends Bob files.
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
    let (plan, notes) = (
        place.path().join("plan.bin"),
        place.path().join("notes.txt"),
    );
    let content: Vec<u8> = (0..300_000u32).map(|i| (i % 251) as u8).collect();
    fs::write(&plan, &content).expect("written");
    fs::write(&notes, "three o'clock").expect("written");
    let path = |path: &std::path::Path| path.to_str().expect("UTF-8").to_owned();
    let (plan, notes) = (path(&plan), path(&notes));
    let files = ["--file", &plan, "--file", &notes];
    let sent = alice.ok(&[&["message", "send", "Plans", "-m", "Here:"], &files[..]].concat());
    assert_eq!(
        (&sent["text"], &sent["delivery"]),
        (&"Here:".into(), &"sent".into())
    );

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

/// The organisation's policy: published once it is confirmed, kept to by the next `sync`, signed
/// for.
#[test]
fn what_the_organisation_keeps_no_longer_goes() {
    let relay = Relay::start();
    let (alice, bob) = cast::two_in(&relay, "Team");
    alice.ok(&["message", "send", "Team", "-m", ENGLISH]);
    bob.ok(&["sync"]);
    assert_eq!(bob.ok(&["org", "policy", "show"]), Value::Null);
    let publish = ["org", "policy", "publish", "--messages", "30d"];
    let (code, error) = alice.fails(&publish);
    assert_eq!((code, &error["code"]), (2, &Value::from("not_confirmed")));
    let confirmed = [publish.as_slice(), &["--yes"]].concat();
    let (code, error) = bob.fails(&confirmed);
    assert_eq!(
        (code, &error["code"]),
        (4, &Value::from("organisation_key_elsewhere"))
    );
    let policy = alice.ok(&confirmed);
    assert_eq!(
        (&policy["serial"], &policy["max_message_days"]),
        (&1.into(), &30.into())
    );
    assert_eq!(bob.ok(&["org", "policy", "show"]), policy);

    bob.days_later(29).ok(&["sync"]);
    assert_eq!(bob.texts("Team"), [owned(("alice@acme", ENGLISH))]);
    assert_eq!(bob.ok(&["org", "receipts"]), serde_json::json!([]));
    bob.days_later(31).ok(&["sync"]);
    assert_eq!(bob.texts("Team"), []);
    let receipts = bob.ok(&["org", "receipts"]);
    let receipt = &receipts[0];
    assert_eq!(
        (&receipt["number"], &receipt["policy_serial"]),
        (&1.into(), &1.into())
    );
    assert!(receipt["messages"].as_u64() >= Some(1), "{receipt}");
    let chat = receipt["conversation"].as_str().expect("an id");
    assert_eq!(bob.ok(&["org", "receipts", "--chat", &chat[..6]]), receipts);
    let (code, error) = bob.fails(&["org", "receipts", "--chat", "zz"]);
    assert_eq!((code, &error["code"]), (2, &Value::from("no_receipts")));
}

/// A custodian's single run finds by itself where it was added since the last.
#[test]
fn a_custodian_that_runs_once_reads_its_inbox_first() {
    let relay = Relay::start();
    let (alice, records) = (Person::new("alice"), Person::new("records"));
    alice.join(&relay.owner_link);
    let invitation = alice.ok(&["org", "invite", "--custodian"]);
    records.join(invitation["link"].as_str().expect("a link"));
    let room = tempfile::tempdir().expect("a temporary folder");
    let archive = room.path().join("archive");
    let archive = archive.to_str().expect("a plain path");
    let once = ["custodian", "run", "--once", "--archive", archive];
    assert_eq!(records.ok(&once)["written"], 0);
    alice.ok(&["chat", "create", "Deals", "records"]);
    alice.ok(&["message", "send", "Deals", "-m", ENGLISH]);
    let kept = records.ok(&once);
    assert!(kept["written"].as_u64() >= Some(1), "{kept}");
    assert_eq!(records.ok(&once)["written"], 0);
}
