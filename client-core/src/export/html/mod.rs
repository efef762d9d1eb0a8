//! An export as one page: no script, nothing from elsewhere, and a policy that forbids both.

mod escape;
mod nodes;
mod plot;

use data_encoding::BASE64;
use jiff::tz::TimeZone;

use super::{
    entry::{Attached, Entry, Head},
    form::Form,
    times,
};
use crate::{
    api::{Delivery, MessageKind, Priority},
    error::Result,
};
use escape::{name, path, text};

const STYLE: &str = include_str!("style.css");
/// Endings of files that a browser shows without running what is in them. Others have no link: a
/// page that somebody sent would run here as if it were one's own.
const SHOWN: [&str; 14] = [
    "txt", "pdf", "png", "jpg", "jpeg", "gif", "webp", "avif", "mp3", "ogg", "opus", "m4a", "mp4",
    "webm",
];

/// The form for reading and printing.
pub(super) struct Html {
    zone: TimeZone,
    day: String,
}

impl Html {
    /// With days and hours of a zone.
    pub(super) const fn new(zone: TimeZone) -> Self {
        Self {
            zone,
            day: String::new(),
        }
    }
}

impl Form for Html {
    fn head(&mut self, head: &Head, out: &mut String) -> Result<()> {
        let style = BASE64.encode(&sealwire_crypto::sha256(&[STYLE.as_bytes()]));
        out.push_str("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
        out.push_str(&format!(
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
             style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'\">\n"
        ));
        out.push_str("<meta name=\"referrer\" content=\"no-referrer\">\n");
        out.push_str("<meta name=\"viewport\" content=\"width=device-width\">\n<title>");
        text(out, &head.name);
        out.push_str("</title>\n<style>");
        out.push_str(STYLE);
        out.push_str("</style>\n</head>\n<body>\n<h1 dir=\"auto\">");
        text(out, &head.name);
        out.push_str("</h1>\n<dl>");
        if !head.topic.is_empty() {
            field(out, "Topic", |out| name(out, &head.topic));
        }
        field(out, "Conversation", |out| text(out, &head.conversation));
        field(out, "Kind", |out| text(out, &head.kind));
        field(out, "Exported", |out| {
            text(out, &head.exported_at);
            out.push_str(" by ");
            name(out, &head.exported_by);
        });
        field(out, "Members", |out| {
            for (number, member) in head.members.iter().enumerate() {
                out.push_str(if number > 0 { ", " } else { "" });
                name(out, &member.handle);
                text(out, &format!(" ({}, {})", member.role, member.kind));
            }
        });
        out.push_str("</dl>\n");
        if let Some(found) = &head.insight {
            plot::insight(out, found);
        }
        Ok(())
    }

    fn entry(&mut self, entry: &Entry, out: &mut String) -> Result<()> {
        let day = times::day(entry.at_ms, &self.zone);
        if day != self.day {
            out.push_str(&format!("<h2>{day}</h2>\n"));
            self.day = day;
        }
        out.push_str("<article id=\"m");
        text(out, &entry.id);
        out.push_str("\">");
        if entry.kind == MessageKind::Info {
            out.push_str("<p class=\"note\" dir=\"auto\">");
            text(out, &times::minute(entry.at_ms, &self.zone));
            out.push(' ');
            text(out, &entry.text);
            out.push_str("</p></article>\n");
            return Ok(());
        }
        self.above(entry, out);
        if entry.blocked {
            out.push_str("<details><summary>You have blocked this person</summary>");
        }
        content(entry, out);
        if entry.blocked {
            out.push_str("</details>");
        }
        out.push_str("</article>\n");
        Ok(())
    }

    fn end(&mut self, out: &mut String) -> Result<()> {
        out.push_str("<footer>End of the conversation as it was on this device.</footer>\n");
        out.push_str("</body>\n</html>\n");
        Ok(())
    }
}

impl Html {
    /// Who, when, and what there is to say of the message.
    fn above(&self, entry: &Entry, out: &mut String) {
        out.push_str("<header><b>");
        name(out, &entry.sender);
        out.push_str("</b> <time datetime=\"");
        text(out, &entry.at);
        out.push_str("\">");
        text(out, &times::minute(entry.at_ms, &self.zone));
        out.push_str("</time>");
        match entry.priority {
            Priority::Normal => {}
            Priority::Important => out.push_str(" <span class=\"urgent\">important</span>"),
            Priority::Urgent => out.push_str(" <span class=\"urgent\">urgent</span>"),
        }
        if entry.edited.is_some() {
            out.push_str(" · edited");
        }
        if entry.thread.is_some() {
            out.push_str(" · in a thread");
        }
        match entry.delivery {
            Delivery::Pending => out.push_str(" · not sent yet"),
            Delivery::Failed => out.push_str(" · could not be sent"),
            Delivery::Sent | Delivery::Received => {}
        }
        if let Some(at) = &entry.disappears_at {
            out.push_str(&format!(" · set to disappear at {at}"));
        }
        out.push_str("</header>");
    }
}

fn field(out: &mut String, label: &str, value: impl FnOnce(&mut String)) {
    out.push_str(&format!("<dt>{label}</dt><dd>"));
    value(out);
    out.push_str("</dd>");
}

fn content(entry: &Entry, out: &mut String) {
    if let Some(deleted) = &entry.deleted {
        out.push_str("<p class=\"note\">Deleted by ");
        name(out, &deleted.by);
        out.push_str("</p>");
        return;
    }
    if let Some(reply) = &entry.reply_to {
        out.push_str("<blockquote><p dir=\"auto\">");
        match &reply.id {
            Some(id) => {
                out.push_str("<a href=\"#m");
                text(out, id);
                out.push_str("\">");
                name(out, &reply.sender);
                out.push_str("</a> ");
            }
            None => out.push_str("A message that is not here"),
        }
        text(out, &reply.text);
        out.push_str("</p></blockquote>");
    }
    if entry.kind == MessageKind::Unknown {
        out.push_str("<p class=\"note\">From a newer version.</p>");
    }
    nodes::message(out, &entry.text);
    if !entry.attachments.is_empty() {
        out.push_str("<ul class=\"files\">");
        entry
            .attachments
            .iter()
            .for_each(|file| attached(file, out));
        out.push_str("</ul>");
    }
    below(entry, out);
}

/// What others did with a message.
fn below(entry: &Entry, out: &mut String) {
    if !entry.reactions.is_empty() {
        out.push_str("<ul class=\"reactions\">");
        for reaction in &entry.reactions {
            out.push_str("<li>");
            name(out, &reaction.emoji);
            out.push(' ');
            people(out, reaction.people.iter());
            out.push_str("</li>");
        }
        out.push_str("</ul>");
    }
    if let Some(confirmed) = &entry.acknowledgements {
        out.push_str("<p class=\"note\">To be confirmed; confirmed by ");
        match confirmed.as_slice() {
            [] => out.push_str("nobody"),
            list => people(out, list.iter().map(|found| &found.by)),
        }
        out.push_str("</p>");
    }
    let earlier = entry.edited.iter().flat_map(|edited| &edited.earlier);
    for earlier in earlier {
        out.push_str("<details><summary>Earlier text</summary>");
        nodes::message(out, &earlier.text);
        out.push_str("</details>");
    }
}

fn people<'a>(out: &mut String, list: impl Iterator<Item = &'a String>) {
    for (number, person) in list.enumerate() {
        out.push_str(if number > 0 { ", " } else { "" });
        name(out, person);
    }
}

fn attached(file: &Attached, out: &mut String) {
    out.push_str("<li>📎 ");
    let ending = file.name.rsplit_once('.').map(|(_, ending)| ending);
    let ending = ending.unwrap_or_default().to_ascii_lowercase();
    match &file.path {
        Some(place) if SHOWN.contains(&ending.as_str()) => {
            out.push_str("<a href=\"");
            path(out, place);
            out.push_str("\">");
            name(out, &file.name);
            out.push_str("</a>");
        }
        Some(place) => {
            name(out, &file.name);
            out.push_str(" in ");
            name(out, place);
        }
        None => name(out, &file.name),
    }
    text(out, &format!(" ({} bytes)", file.size));
    if !file.on_device {
        out.push_str(" <span class=\"note\">not on this device</span>");
    }
    out.push_str("</li>");
}
