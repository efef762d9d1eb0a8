//! Our own export (`docs/export.schema.json`), one message a line as `chat export` writes it.

use jiff::Timestamp;
use serde::Deserialize;

use super::{Brought, lines::Lines, unreadable};
use crate::{error::Result, export::SCHEMA};

/// How the line above the messages ends.
const OPENS: &str = ",\"messages\":[";
const CLOSES: &str = "]}";

/// Reads an export.
pub(super) struct Sealwire {
    /// Name of the conversation.
    pub(super) name: String,
    at: Place,
}

/// What may come next.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// A message, or the end.
    Start,
    /// A message.
    AfterComma,
    /// The end.
    AfterLast,
    /// Nothing.
    Ended,
}

#[derive(Deserialize)]
struct Head {
    schema: String,
    name: String,
}

#[derive(Deserialize)]
struct Entry {
    id: String,
    sender: String,
    kind: String,
    at: String,
    text: String,
    edited: Option<Edited>,
    deleted: Option<Deleted>,
    reply_to: Option<Reply>,
    thread: Option<String>,
    reactions: Vec<serde::de::IgnoredAny>,
    attachments: Vec<Attached>,
}

#[derive(Deserialize)]
struct Edited {
    earlier: Vec<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct Deleted {
    by: String,
}

#[derive(Deserialize)]
struct Reply {
    id: Option<String>,
}

#[derive(Deserialize)]
struct Attached {
    name: String,
}

impl Sealwire {
    /// Reads the head if `first` is one; `None` if the file is of another form.
    ///
    /// # Errors
    /// `import_unreadable` if it is the head of another version.
    pub(super) fn begin(first: &str) -> Result<Option<Self>> {
        let Some(head) = first.strip_suffix(OPENS) else {
            return Ok(None);
        };
        let Ok(head) = serde_json::from_str::<Head>(&format!("{head}}}")) else {
            return Ok(None);
        };
        if head.schema != SCHEMA {
            let what = "the export is of a version that this program does not know";
            return Err(unreadable(1, what));
        }
        Ok(Some(Self {
            name: head.name,
            at: Place::Start,
        }))
    }

    /// The next message; `None` after the last.
    pub(super) fn next(&mut self, lines: &mut Lines) -> Result<Option<Brought>> {
        if self.at == Place::Ended {
            return Ok(None);
        }
        let Some(line) = lines.next()? else {
            return Err(unreadable(
                lines.number(),
                "the end of the export is missing",
            ));
        };
        if line == CLOSES && self.at != Place::AfterComma {
            self.at = Place::Ended;
            return match lines.next()? {
                None => Ok(None),
                Some(_) => Err(unreadable(
                    lines.number(),
                    "it follows the end of the export",
                )),
            };
        }
        if self.at == Place::AfterLast {
            return Err(unreadable(
                lines.number(),
                "the end of the export is missing",
            ));
        }
        self.at = match line.ends_with(',') {
            true => Place::AfterComma,
            false => Place::AfterLast,
        };
        let entry = line.strip_suffix(',').unwrap_or(&line);
        let entry = serde_json::from_str::<Entry>(entry)
            .map_err(|error| unreadable(lines.number(), &format!("it is no message: {error}")))?;
        let at = entry.at.parse::<Timestamp>();
        let at = at.map_err(|_| unreadable(lines.number(), "its time is none"))?;
        Ok(Some(brought(entry, at)))
    }
}

fn brought(entry: Entry, at: Timestamp) -> Brought {
    let earlier = entry.edited.map_or(0, |edited| edited.earlier.len());
    let left_out = entry.reactions.len() + earlier + entry.attachments.len();
    let mut text = entry.text;
    let mut sender = entry.sender;
    if let Some(deleted) = entry.deleted {
        text = format!("A message of {sender} was deleted by {}.", deleted.by);
        sender = String::new();
    } else if entry.kind != "text" {
        sender = String::new();
    }
    for file in entry.attachments {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&format!("[{}]", file.name));
    }
    Brought {
        name: entry.id,
        sender,
        at_ms: u64::try_from(at.as_millisecond()).unwrap_or(0),
        text,
        reply_to: entry.reply_to.and_then(|reply| reply.id),
        thread: entry.thread,
        left_out: left_out as u64,
    }
}
