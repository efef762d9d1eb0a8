//! Seshat, the search of Element, as a peer of the benchmark `search`: encrypted, and with a copy
//! of all messages, as it always has. Mode `words` is its setting as it comes; `ngram` takes texts
//! apart into pieces of two to four characters, which it has for Chinese and Japanese.

#![forbid(unsafe_code)]
#![deny(missing_docs)]

use std::path::Path;
use std::process::ExitCode;

use sealwire_peer::{ALL, Engine, Message, PAGE, Result, STEP, quoted};
use serde_json::{Value, json};
use seshat::{Config, Database, Event, EventType, Profile, SearchConfig};

const PASSPHRASE: &str = "correct horse battery staple";

struct Seshat(Database);

impl Engine for Seshat {
    fn index(folder: &Path, mode: &str, messages: &[Message]) -> Result<Self> {
        let config = Config::new().set_passphrase(PASSPHRASE);
        let config = match mode {
            "words" => config,
            "ngram" => config.use_ngram_tokenizer(2, 4),
            _ => return Err(format!("there is no mode {mode}, only words and ngram").into()),
        };
        let database = Database::new_with_config(folder, &config)?;
        for step in messages.chunks(STEP) {
            let events = step.iter().map(event).collect();
            database.add_historic_events(events, None, None).recv()??;
        }
        database.force_commit()?;
        // It ends with the threads that merge what was written; only then is its size its size.
        database.shutdown().recv()??;
        Ok(Self(Database::new_with_config(folder, &config)?))
    }

    /// Its words have neither beginnings nor filters, but for the conversation.
    fn say(&self, kind: &str, text: &str) -> Option<String> {
        (kind != "prefix" && kind != "filter").then(|| quoted(text, "+"))
    }

    fn newest(&self, said: &str) -> Result<Vec<u64>> {
        self.ask(said, SearchConfig::new().limit(PAGE))
    }

    fn all(&self, said: &str, chat: u64) -> Result<Vec<u64>> {
        self.ask(said, SearchConfig::new().limit(ALL).for_room(&room(chat)))
    }
}

impl Seshat {
    fn ask(&self, said: &str, config: &mut SearchConfig) -> Result<Vec<u64>> {
        config.order_by_recency(true).with_key(EventType::Message);
        let batch = self.0.search(said, config)?;
        batch
            .results
            .iter()
            .map(|hit| id(&hit.event_source))
            .collect()
    }
}

fn room(chat: u64) -> String {
    format!("!{chat}:acme")
}

/// The number in an event's id.
fn id(source: &str) -> Result<u64> {
    let event: Value = serde_json::from_str(source)?;
    let id = event["event_id"]
        .as_str()
        .and_then(|id| id.strip_prefix('$'));
    Ok(id.ok_or("an event of another form")?.parse()?)
}

fn event(message: &Message) -> (Event, Profile) {
    let sender = format!("@{}", message.sender.replace('@', ":"));
    let (id, room) = (format!("${}", message.id), room(message.chat));
    let source = json!({
        "content": { "body": message.text, "msgtype": "m.text" },
        "event_id": id,
        "origin_server_ts": message.at_ms,
        "room_id": room,
        "sender": sender,
        "type": "m.room.message",
    });
    let event = Event::new(
        EventType::Message,
        &message.text,
        Some("m.text"),
        &id,
        &sender,
        message.at_ms,
        &room,
        &source.to_string(),
    );
    (event, Profile::new(&sender, ""))
}

fn main() -> ExitCode {
    sealwire_peer::run::<Seshat>()
}
