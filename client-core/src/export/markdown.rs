//! An export as Markdown (CommonMark 0.31). Each message stands in a quotation below its head, so
//! that none can look like another's head.

use jiff::tz::TimeZone;

use super::{
    entry::{Attached, Entry, Head},
    form::Form,
    nodes::{self, escaped},
    times,
};
use crate::{
    api::{Delivery, MessageKind, Priority},
    error::Result,
};

/// The form for text editors.
pub(super) struct Markdown {
    zone: TimeZone,
    day: String,
}

impl Markdown {
    /// With days and hours of a zone.
    pub(super) const fn new(zone: TimeZone) -> Self {
        Self {
            zone,
            day: String::new(),
        }
    }
}

impl Form for Markdown {
    fn head(&mut self, head: &Head, out: &mut String) -> Result<()> {
        out.push_str(&format!("# {}\n\n", escaped(&head.name)));
        if !head.topic.is_empty() {
            out.push_str(&format!("* Topic: {}\n", escaped(&head.topic)));
        }
        out.push_str(&format!("* Conversation: {}\n", head.conversation));
        out.push_str(&format!("* Kind: {}\n", escaped(&head.kind)));
        let by = escaped(&head.exported_by);
        out.push_str(&format!("* Exported: {} by {by}\n", head.exported_at));
        for member in &head.members {
            let handle = escaped(&member.handle);
            out.push_str(&format!(
                "* Member: {handle} ({}, {})\n",
                member.role, member.kind
            ));
        }
        Ok(())
    }

    fn entry(&mut self, entry: &Entry, out: &mut String) -> Result<()> {
        let day = times::day(entry.at_ms, &self.zone);
        if day != self.day {
            out.push_str(&format!("\n## {day}\n"));
            self.day = day;
        }
        let minute = times::minute(entry.at_ms, &self.zone);
        if entry.kind == MessageKind::Info {
            out.push_str(&format!("\n{minute} {}\n", escaped(&entry.text)));
            return Ok(());
        }
        let sender = escaped(&entry.sender);
        out.push_str(&format!("\n**{sender}** {minute}{}\n\n", signs(entry)));
        let mut body = String::new();
        content(entry, &mut body);
        nodes::quoted(out, body.trim_end());
        Ok(())
    }

    fn end(&mut self, out: &mut String) -> Result<()> {
        out.push_str("\n---\n\nEnd of the conversation as it was on this device.\n");
        Ok(())
    }
}

/// What there is to say of a message, in its head.
fn signs(entry: &Entry) -> String {
    let mut signs = String::new();
    match entry.priority {
        Priority::Normal => {}
        Priority::Important => signs.push_str(" · important"),
        Priority::Urgent => signs.push_str(" · urgent"),
    }
    for (is, sign) in [
        (entry.edited.is_some(), " · edited"),
        (entry.thread.is_some(), " · in a thread"),
        (entry.delivery == Delivery::Pending, " · not sent yet"),
        (entry.delivery == Delivery::Failed, " · could not be sent"),
        (entry.blocked, " · you have blocked this person"),
    ] {
        signs.push_str(if is { sign } else { "" });
    }
    if let Some(at) = &entry.disappears_at {
        signs.push_str(&format!(" · set to disappear at {at}"));
    }
    signs
}

fn content(entry: &Entry, out: &mut String) {
    if let Some(deleted) = &entry.deleted {
        out.push_str(&format!("Deleted by {}", escaped(&deleted.by)));
        return;
    }
    if let Some(reply) = &entry.reply_to {
        let quote = match &reply.id {
            Some(_) => format!("{}: {}", escaped(&reply.sender), escaped(&reply.text)),
            None => "A message that is not here".to_owned(),
        };
        nodes::quoted(out, &quote);
        out.push('\n');
    }
    if entry.kind == MessageKind::Unknown {
        out.push_str("From a newer version.\n\n");
    }
    nodes::message(out, &entry.text);
    for file in &entry.attachments {
        out.push_str(&format!("\n* {}\n", attached(file)));
    }
    for reaction in &entry.reactions {
        let people = escaped(&reaction.people.join(", "));
        out.push_str(&format!("\n* {} {people}\n", escaped(&reaction.emoji)));
    }
    if let Some(confirmed) = &entry.acknowledgements {
        let by: Vec<&str> = confirmed.iter().map(|found| found.by.as_str()).collect();
        let by = if by.is_empty() {
            "nobody".to_owned()
        } else {
            escaped(&by.join(", "))
        };
        out.push_str(&format!("\n* To be confirmed; confirmed by {by}\n"));
    }
    let earlier = entry.edited.iter().flat_map(|edited| &edited.earlier);
    for earlier in earlier {
        out.push_str(&format!("\nEarlier text of {}:\n\n", earlier.at));
        let mut text = String::new();
        nodes::message(&mut text, &earlier.text);
        nodes::quoted(out, text.trim_end());
    }
}

fn attached(file: &Attached) -> String {
    let place = match (&file.path, file.on_device) {
        (Some(path), _) => format!("in {}", escaped(path)),
        (None, true) => "on this device".to_owned(),
        (None, false) => "not on this device".to_owned(),
    };
    format!(
        "File {} ({} bytes), {place}",
        escaped(&file.name),
        file.size
    )
}
