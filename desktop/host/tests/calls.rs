//! Whatever is called, and with whatever: a clear problem or an answer, and never a secret.

mod common;

use std::collections::BTreeSet;

use common::{App, PASSPHRASE};
use proptest::{prelude::*, test_runner::TestRunner};
use sealwire_desktop_host::methods;
use sealwire_tests::Stage;
use serde_json::{Map, Value, json};

/// Calls that end what the others need.
const LAST: &[&str] = &[
    "erase_account",
    "erase_member",
    "remove_account",
    "lock",
    "quit",
    "change_lock",
];

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,20}".prop_map(Value::from),
        "[0-9a-f]{32}".prop_map(Value::from),
        Just(Value::from("alice")),
        Just(Value::from("\u{202e}\u{0}𝕏".repeat(1_000))),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((".{0,8}", inner), 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

fn names() -> Vec<&'static str> {
    let all: Vec<_> = methods().map(|(name, _)| name).collect();
    let once: BTreeSet<_> = all.iter().collect();
    assert_eq!(once.len(), all.len(), "no name is taken twice");
    all
}

/// Names of the parameters that occur, so that some of what is sent fits.
const FIELDS: &[&str] = &[
    "conversation",
    "message",
    "text",
    "handle",
    "link",
    "limit",
    "id",
    "attachment",
    "filter",
    "anchor",
    "before",
    "after",
    "offset_s",
    "number",
    "on",
    "staged",
    "passphrase",
    "zoom",
    "role",
];

#[tokio::test(flavor = "multi_thread")]
async fn no_parameters_bring_the_app_down() {
    let stage = Stage::set_in_memory().await;
    let alice = App::owner(&stage, "alice").await;
    let runtime = tokio::runtime::Handle::current();
    let host = alice.host.clone();
    let names = names();
    let tried = tokio::task::spawn_blocking(move || {
        let mut runner = TestRunner::new(ProptestConfig::with_cases(1_500));
        let calls: Vec<_> = names
            .iter()
            .filter(|name| !LAST.contains(name))
            .copied()
            .collect();
        let fields = prop::collection::vec((prop::sample::select(FIELDS), value()), 0..6);
        let given = (
            prop::sample::select(calls),
            fields,
            prop::option::of(value()),
        );
        runner.run(&given, |(method, fields, other)| {
            let fields: Map<_, _> = fields.into_iter().map(|(k, v)| (k.to_owned(), v)).collect();
            let params = other.unwrap_or(Value::Object(fields));
            let answer = runtime.block_on(host.call("main", method, params));
            if let Err(problem) = answer {
                prop_assert!(
                    !problem.code.is_empty() && !problem.message.is_empty(),
                    "{:?}",
                    problem
                );
                prop_assert!(problem.kind != "internal", "{}: {:?}", method, problem);
            }
            Ok(())
        })
    });
    tried.await.expect("no panic").expect("clear problems only");
    assert_eq!(alice.phase().await, "open");
    alice.host.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_call_refuses_what_it_does_not_know() {
    let stage = Stage::set_in_memory().await;
    let alice = App::owner(&stage, "alice").await;
    for name in names() {
        for params in [
            json!({ "nonsense": PASSPHRASE }),
            json!(7),
            json!([1]),
            json!("x"),
        ] {
            let problem = alice.asks(name, params).await.expect_err(name);
            assert_eq!(problem.code, "bad_params", "{name}: {problem:?}");
            assert!(!format!("{problem:?}").contains(PASSPHRASE), "{name}");
        }
    }
    assert_eq!(
        alice.fails("no\u{202e}thing", json!({})).await,
        "unknown_call"
    );
    for name in [
        "send",
        "unlock",
        "invite",
        "erase_account",
        "confirm_link",
        "quit",
    ] {
        let problem = alice
            .host
            .call("viewer", name, json!({}))
            .await
            .expect_err(name);
        assert_eq!(problem.code, "not_for_window", "{name}");
    }
    assert!(alice.host.call("other", "state", json!({})).await.is_err());
    alice.host.close().await;
}

fn fields(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Array(list) => list.iter().for_each(|item| fields(item, found)),
        Value::Object(map) => {
            for (name, inner) in map {
                found.insert(name.clone());
                fields(inner, found);
            }
        }
        _ => {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_answer_has_a_secret() {
    let stage = Stage::set_in_memory().await;
    let alice = App::owner(&stage, "alice").await;
    let bob = alice.guest(&stage, "bob").await;
    let chat = alice.founds("Plans", "bob").await;
    let file = alice
        .host
        .stage_bytes("a.txt", b"hello".to_vec())
        .await
        .expect("staged");
    let send = json!({ "conversation": chat, "text": "with a file", "staged": [file.id] });
    let mut said = vec![alice.does("send", send).await];
    let message = said[0]["id"].clone();
    bob.hears(&chat, "with a file").await;
    let tries = [
        json!({}),
        json!({ "conversation": chat }),
        json!({ "conversation": chat, "message": message }),
        json!({ "handle": "bob" }),
        json!({ "attachment": 1 }),
        json!({ "filter": "all" }),
        json!({ "text": "", "limit": 20 }),
        json!({ "conversation": chat, "anchor": { "at": "newest" }, "before": 50, "after": 0, "offset_s": 0 }),
    ];
    for name in names().into_iter().filter(|name| !LAST.contains(name)) {
        for params in &tries {
            if let Ok(answer) = alice.asks(name, params.clone()).await {
                said.push(answer);
            }
        }
    }
    assert!(said.len() > 40, "{}", said.len());
    let mut found = BTreeSet::new();
    said.iter().for_each(|answer| fields(answer, &mut found));
    let secrets = [
        "secret",
        "passphrase",
        "token",
        "seed",
        "private",
        "code",
        "psk",
        "sealed_hash",
    ];
    let leaks: Vec<_> = found
        .iter()
        .filter(|name| secrets.iter().any(|s| name.contains(s)))
        .collect();
    assert!(leaks.is_empty(), "{leaks:?}");
    assert!(!json!(said).to_string().contains(PASSPHRASE));
    alice.host.close().await;
    bob.host.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_are_opened_outside_by_their_scheme() {
    let stage = Stage::set_in_memory().await;
    let app = App::start(&stage.homes().join("alice")).await;
    for bad in [
        "javascript:alert(1)",
        "file:///etc/passwd",
        "data:text/html,x",
        "sealwire://x",
        "no",
    ] {
        assert_eq!(
            app.fails("open_external", json!({ "url": bad })).await,
            "bad_address",
            "{bad}"
        );
    }
    app.does("open_external", json!({ "url": "https://example.org/a b" }))
        .await;
    assert_eq!(
        *app.around.opened.lock().expect("opened"),
        ["https://example.org/a%20b"]
    );
    app.does("quit", json!({})).await;
    assert_eq!(
        app.around.quits.load(std::sync::atomic::Ordering::SeqCst),
        1
    );
    let text = app.does("diagnostics", json!({})).await;
    assert!(text.as_str().expect("text").contains("phase: Empty"));
}
