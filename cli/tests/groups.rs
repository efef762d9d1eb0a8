//! Rules, links, conversations of two and local settings, by the real programs.

mod cast;

use cast::Relay;
use serde_json::Value;

#[test]
fn alice_and_bob_agree_and_arrange() {
    let relay = Relay::start();
    let (alice, bob) = cast::two_in(&relay, "Team");
    bob.ok(&["sync"]);

    // Rules: Alice sets, Bob sees them and may not.
    let policy = alice.ok(&["chat", "policy", "set", "Team", "timer=1w", "agents=nobody"]);
    assert_eq!((&policy["timer_s"], &policy["agents"]), (&604_800.into(), &"nobody".into()));
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
    assert_eq!((&listed[0]["state"], &listed[0]["uses"]), (&"good".into(), &0.into()));
    alice.ok(&["chat", "invite", "withdraw", "1"]);
    let listed = alice.ok(&["chat", "invite", "list", "Team"]);
    assert_eq!(listed[0]["state"], "withdrawn");
    let (code, error) = alice.fails(&["chat", "admit", "7"]);
    assert_eq!((code, &error["code"]), (2, &Value::from("unknown_request")));

    // The one conversation of two has both names.
    let direct = alice.ok(&["chat", "direct", "bob"]);
    assert_eq!((&direct["kind"], &direct["name"]), (&"direct".into(), &"bob@acme".into()));
    alice.ok(&["contact", "nick", "bob", "Bobby"]);
    alice.ok(&["message", "send", "Bobby", "-m", "just us"]);
    let same = bob.ok(&["chat", "direct", "alice"]);
    assert_eq!(same["id"], direct["id"]);

    // What Alice keeps to herself.
    alice.ok(&["chat", "pin", "Team"]);
    alice.ok(&["chat", "folder", "Team", "Work"]);
    alice.ok(&["chat", "mute", "Team", "--for", "8h"]);
    alice.ok(&["chat", "mark-unread", "Team"]);
    alice.ok(&["chat", "archive", "Bobby"]);
    let list = alice.ok(&["chat", "list", "--unread", "--folder", "Work"]);
    assert_eq!((&list[0]["name"], &list[0]["pinned"]), (&"Team".into(), &1.into()));
    let archived = alice.ok(&["chat", "list", "--archived"]);
    assert_eq!(archived[0]["id"], direct["id"]);
    alice.ok(&["chat", "unarchive", "Bobby"]);
    alice.ok(&["contact", "block", "bob"]);
    let list = alice.ok(&["chat", "list"]);
    assert_eq!(list.as_array().map(Vec::len), Some(1), "{list}");
    alice.ok(&["contact", "unblock", "bob"]);
    assert_eq!(alice.ok(&["chat", "list"]).as_array().map(Vec::len), Some(2));
}
