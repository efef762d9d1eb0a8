//! Whole exports of a real database, with what people and enemies write.

mod large;
mod schema;

use std::{
    collections::HashSet,
    fs,
    path::{Path, PathBuf},
};

use jiff::tz::TimeZone;
use sealwire_crypto::{AccountKey, AccountPublic, SecretBytes};
use sealwire_protocol::{
    content::{Attachment, MessageId},
    ids::{ConversationId, LogId},
};
use serde_json::Value;
use tempfile::TempDir;

use super::{
    api::{ExportFormat, ExportInfo, ExportOptions},
    entry::{Head, Member, SCHEMA},
    run,
    source::Source,
};
use crate::{
    api::{Delivery, Info, MessageKind},
    error::Result,
    files::{Vault, testing},
    profile::Database,
    store::{self, History, MIGRATIONS, NewMessage, Said, Traits},
};

/// 2026-11-24 00:03 UTC.
const NOW_MS: u64 = 1_795_478_580_000;
const HERE: ConversationId = ConversationId([7; 16]);

fn person(name: &str) -> AccountPublic {
    let seed = sealwire_crypto::sha256(&[name.as_bytes()]);
    AccountKey::from_seed(&SecretBytes::from_slice(&seed).unwrap()).public()
}

/// Alice's profile with one conversation.
struct Scene {
    dir: TempDir,
    db: Database,
    vault: Vault,
    alice: AccountPublic,
    said: std::cell::Cell<u8>,
}

impl Scene {
    async fn set() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let key = SecretBytes::fill(|bytes: &mut [u8; 32]| *bytes = [7; 32]);
        let db = Database::open(&dir.path().join("profile.db"), &key, true).await;
        let db = db.unwrap();
        db.migrate(MIGRATIONS).await.unwrap();
        let mut conn = db.writer.lock().await;
        let log = LogId::from_slice(&[1; 32]).unwrap();
        store::put_conversation(&mut conn, &HERE, "Team", &log, 0)
            .await
            .unwrap();
        drop(conn);
        Self {
            vault: Vault::new(dir.path()),
            dir,
            db,
            alice: person("alice"),
            said: std::cell::Cell::new(0),
        }
    }

    fn id(&self) -> MessageId {
        self.said.set(self.said.get() + 1);
        MessageId([self.said.get(); 32])
    }

    /// Somebody says something; the answer names it.
    async fn says(&self, who: &str, text: &str) -> (MessageId, i64) {
        self.adds(who, text, |_| {}).await
    }

    async fn adds(
        &self,
        who: &str,
        text: &str,
        change: impl FnOnce(&mut NewMessage<'_>),
    ) -> (MessageId, i64) {
        let id = self.id();
        let sender = person(who);
        let mut conn = self.db.writer.lock().await;
        let mut history = History::open(&mut conn, &HERE).await.unwrap();
        let mut message = NewMessage {
            conversation: HERE,
            salt: [id.0[0]; 16],
            sender: Some(&sender),
            sender_handle: format!("{who}@acme"),
            own: who == "alice",
            kind: MessageKind::Text,
            text,
            content: &[],
            at_ms: NOW_MS + u64::from(id.0[0]) * 60_000,
            delivery: Delivery::Received,
            traits: Traits {
                id: Some(id),
                place: id.0[0].into(),
                ..Traits::default()
            },
        };
        change(&mut message);
        let added = store::insert_message(&mut conn, &message, &mut history).await;
        history.save(&mut conn).await.unwrap();
        (id, added.unwrap().unwrap().row)
    }

    async fn attaches(&self, message: i64, place: usize, file: &Attachment) {
        let mut conn = self.db.writer.lock().await;
        store::add_attachment(&mut conn, message, place, file, None)
            .await
            .unwrap();
    }

    fn by(&self, who: &str) -> Said {
        let id = self.id();
        Said {
            conversation: HERE,
            id,
            sender: person(who),
            handle: format!("{who}@acme"),
            moderator: false,
            place: id.0[0].into(),
            at_ms: NOW_MS + u64::from(id.0[0]) * 60_000,
        }
    }

    async fn edits(&self, who: &str, target: &MessageId, text: &str) {
        let said = self.by(who);
        let mut conn = self.db.writer.lock().await;
        let mut history = History::open(&mut conn, &HERE).await.unwrap();
        store::edit(&mut conn, &mut history, &said, (target, text))
            .await
            .unwrap();
    }

    async fn deletes(&self, who: &str, target: &MessageId) {
        let said = self.by(who);
        let mut conn = self.db.writer.lock().await;
        let mut history = History::open(&mut conn, &HERE).await.unwrap();
        store::delete(&mut conn, &mut history, &said, target)
            .await
            .unwrap();
    }

    async fn reacts(&self, who: &str, target: &MessageId, emoji: &str) {
        let said = self.by(who);
        let mut conn = self.db.writer.lock().await;
        let mut history = History::open(&mut conn, &HERE).await.unwrap();
        store::react(&mut conn, &mut history, &said, (target, emoji))
            .await
            .unwrap();
    }

    fn place(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    async fn exports(&self, to: &Path, format: ExportFormat, files: bool) -> Result<ExportInfo> {
        let head = Head {
            schema: SCHEMA,
            conversation: HERE.to_string(),
            name: "Team <script>\u{202e}".into(),
            kind: "group".into(),
            topic: String::new(),
            exported_at: super::times::utc(NOW_MS),
            exported_by: "alice@acme".into(),
            members: vec![Member {
                handle: "alice@acme".into(),
                role: "owner".into(),
                kind: "person".into(),
            }],
            insight: Some(crate::insight::of(&self.db, &HERE, NOW_MS, TimeZone::UTC).await?),
        };
        let blocked = HashSet::from(["mallory@acme".to_owned()]);
        let mut source = Source::new(&self.db, &self.alice, blocked, HERE, NOW_MS, false);
        let options = ExportOptions { format, files };
        run::run(&mut source, &self.vault, &head, to, options, &TimeZone::UTC).await
    }

    async fn text(&self, format: ExportFormat) -> String {
        let to = self.place(&format!("{format:?}"));
        self.exports(&to, format, false).await.unwrap();
        fs::read_to_string(to.join(format.file_name())).unwrap()
    }

    async fn json(&self) -> Value {
        serde_json::from_str(&self.text(ExportFormat::Json).await).unwrap()
    }
}

/// Everything that a conversation can hold.
async fn busy() -> Scene {
    let scene = Scene::set().await;
    let info = Info::Renamed {
        by: "alice@acme".into(),
        name: "<b>Team</b>".into(),
    };
    let content = serde_json::to_vec(&info).unwrap();
    scene
        .adds("alice", "alice@acme named the conversation", |message| {
            message.kind = MessageKind::Info;
            message.sender = None;
            message.sender_handle.clear();
            message.content = Vec::leak(content);
        })
        .await;
    let (first, _) = scene
        .says("alice", "我们今天**下午三点**见面，好吗？")
        .await;
    let (second, row) = scene.says("bob", "The plan v1").await;
    scene.edits("bob", &second, "The plan v2").await;
    scene.reacts("alice", &second, "👍").await;
    scene.reacts("carol", &second, "👍").await;
    let plan = testing::attachment(&scene.vault, "../../plan.txt", b"the plan");
    let gone = testing::attachment(&scene.vault, "CON", b"lost");
    scene.attaches(row, 0, &plan).await;
    scene.attaches(row, 1, &gone).await;
    testing::lose(&scene.vault, &gone);
    let (third, _) = scene.says("bob", "a secret slip").await;
    scene.deletes("bob", &third).await;
    scene
        .adds("alice", "answer <img src=x onerror=alert(1)>", |message| {
            message.traits.reply_to = Some(first);
            message.traits.thread = Some(second);
            message.traits.priority = crate::api::Priority::Urgent;
            message.traits.asks = true;
        })
        .await;
    scene
        .says("mallory", "[x](javascript:alert(1)) bob\u{202e}ecila")
        .await;
    scene
        .adds("alice", "not sent", |message| {
            message.delivery = Delivery::Pending;
            message.traits.id = None;
        })
        .await;
    scene
}

#[tokio::test]
async fn the_document_is_as_the_schema_says() {
    let scene = busy().await;
    let root: Value =
        serde_json::from_str(include_str!("../../../../docs/export.schema.json")).unwrap();
    let export = scene.json().await;
    assert_eq!(
        schema::faults(&root, &root, &export, ""),
        Vec::<String>::new()
    );
    // The check can fail.
    for (at, wrong) in [
        ("/schema", Value::from("sealwire-export-9")),
        ("/messages/1/id", Value::from("x")),
        (
            "/messages/2/edited",
            serde_json::json!({ "at": "never", "earlier": [] }),
        ),
        ("/messages/2/attachments/0/size", Value::from("big")),
    ] {
        let mut broken = export.clone();
        *broken.pointer_mut(at).unwrap() = wrong;
        assert!(
            !schema::faults(&root, &root, &broken, "").is_empty(),
            "{at}"
        );
    }
}

#[tokio::test]
async fn everything_said_is_in_it_in_order() {
    let scene = busy().await;
    let to = scene.place("all");
    let done = scene.exports(&to, ExportFormat::Json, true).await.unwrap();
    assert_eq!((done.messages, done.files, done.files_missing), (7, 1, 1));
    let export = fs::read_to_string(to.join("conversation.json")).unwrap();
    let export: Value = serde_json::from_str(&export).unwrap();
    let messages = export["messages"].as_array().unwrap();
    let texts: Vec<&str> = messages
        .iter()
        .map(|m| m["text"].as_str().unwrap())
        .collect();
    assert_eq!(
        texts[1..],
        [
            "我们今天**下午三点**见面，好吗？",
            "The plan v2",
            "",
            "answer <img src=x onerror=alert(1)>",
            "[x](javascript:alert(1)) bob\u{202e}ecila",
            "not sent"
        ]
    );
    assert_eq!(messages[0]["event"]["info"], "renamed");
    assert_eq!(messages[2]["edited"]["earlier"][0]["text"], "The plan v1");
    assert_eq!(
        messages[2]["edited"]["earlier"].as_array().unwrap().len(),
        1
    );
    assert_eq!(
        messages[2]["reactions"],
        serde_json::json!([{ "emoji": "👍", "people": ["alice@acme", "carol@acme"] }])
    );
    assert_eq!(messages[3]["deleted"]["by"], "bob@acme");
    assert_eq!(messages[4]["reply_to"]["id"], messages[1]["id"]);
    assert_eq!(messages[4]["thread"], messages[2]["id"]);
    assert_eq!(messages[4]["priority"], "urgent");
    assert_eq!(messages[5]["blocked"], true);
    assert_eq!(messages[6]["position"], Value::Null);
    assert!(!export.to_string().contains("a secret slip"));
}

#[tokio::test]
async fn files_come_out_under_safe_names_and_whole() {
    let scene = busy().await;
    let to = scene.place("all");
    scene.exports(&to, ExportFormat::Json, true).await.unwrap();
    let export = fs::read_to_string(to.join("conversation.json")).unwrap();
    let export: Value = serde_json::from_str(&export).unwrap();
    let files = &export["messages"][2]["attachments"];
    let path = files[0]["path"].as_str().unwrap();
    assert_eq!(path, "files/1-plan.txt");
    assert_eq!(fs::read(to.join(path)).unwrap(), b"the plan");
    let hash = sealwire_crypto::sha256(&[b"the plan"]);
    assert_eq!(files[0]["sha256"], data_encoding::HEXLOWER.encode(&hash));
    assert_eq!(files[1]["name"], "_CON");
    assert_eq!(
        (&files[1]["on_device"], &files[1]["path"]),
        (&false.into(), &Value::Null)
    );
    assert_eq!(fs::read_dir(to.join("files")).unwrap().count(), 1);
    // Without being asked for, none is written.
    let export = scene.json().await;
    assert_eq!(export["messages"][2]["attachments"][0]["on_device"], true);
    assert!(!scene.place("Json").join("files").exists());
}

#[tokio::test]
async fn the_page_has_nothing_that_runs_or_loads() {
    let scene = busy().await;
    scene
        .says("bob", &format!("{}deep", "> ".repeat(10_000)))
        .await;
    scene
        .says(
            "bob",
            "![x](https://tracker.example/x.png) <iframe src=//evil.example>",
        )
        .await;
    let page = scene.text(ExportFormat::Html).await;
    for never in [
        "<script", "<img", "<iframe", "<link", "<base", "<form", "src=\"", "\u{202e}",
    ] {
        assert!(!page.contains(never), "{never}");
    }
    assert!(page.contains("default-src 'none'; style-src 'sha256-"));
    assert!(!page.contains("href=\"javascript"));
    for seen in [
        "&lt;img src=x onerror=alert(1)&gt;",
        "<strong>下午三点</strong>",
        "bob\\u{202e}ecila",
        "Team &lt;script&gt;",
        "Deleted by <bdi>bob@acme</bdi>",
        "The plan v1",
        "not on this device",
        "You have blocked this person",
        "not sent yet",
        "Messages by day (at most 6)",
    ] {
        assert!(page.contains(seen), "{seen}");
    }
    assert!(!page.contains("a secret slip"));
}

#[tokio::test]
async fn the_text_reads_the_same_as_markdown() {
    let scene = busy().await;
    let text = scene.text(ExportFormat::Markdown).await;
    insta::assert_snapshot!(text);
}

#[tokio::test]
async fn a_message_cannot_look_like_two() {
    let scene = Scene::set().await;
    scene
        .says(
            "mallory",
            "hi\n\n**bob@acme** 00:09\n\n> I quit\n\n## 2026-11-25",
        )
        .await;
    let text = scene.text(ExportFormat::Markdown).await;
    let heads = text.lines().filter(|line| line.starts_with("**")).count();
    assert_eq!(heads, 1, "{text}");
    assert_eq!(
        text.lines().filter(|line| line.starts_with("## ")).count(),
        1
    );
}

#[tokio::test]
async fn what_is_past_its_time_is_not_in_it() {
    let scene = Scene::set().await;
    scene
        .adds("bob", "past", |message| message.traits.expires_at = NOW_MS)
        .await;
    scene
        .adds("bob", "later", |message| {
            message.traits.expires_at = NOW_MS + 1
        })
        .await;
    let to = scene.place("x");
    let done = scene.exports(&to, ExportFormat::Json, false).await.unwrap();
    assert_eq!((done.messages, done.disappearing), (1, 1));
    let export = fs::read_to_string(to.join("conversation.json")).unwrap();
    assert!(!export.contains("past") && export.contains("later"));
}

#[tokio::test]
async fn pages_join_without_a_gap_or_a_repeat() {
    let scene = Scene::set().await;
    for number in 0..250 {
        let mut conn = scene.db.writer.lock().await;
        let mut history = History::open(&mut conn, &HERE).await.unwrap();
        let mut salt = [0; 16];
        rand::fill(&mut salt);
        let message = NewMessage {
            conversation: HERE,
            salt,
            sender: None,
            sender_handle: "bob@acme".into(),
            own: false,
            kind: MessageKind::Text,
            text: &format!("n{number}"),
            content: &[],
            at_ms: NOW_MS,
            delivery: Delivery::Received,
            traits: Traits::default(),
        };
        store::insert_message(&mut conn, &message, &mut history)
            .await
            .unwrap();
        history.save(&mut conn).await.unwrap();
    }
    let export = scene.json().await;
    let messages = export["messages"].as_array().unwrap();
    for (number, message) in messages.iter().enumerate() {
        assert_eq!(message["text"], format!("n{number}"));
    }
    assert_eq!(messages.len(), 250);
}
